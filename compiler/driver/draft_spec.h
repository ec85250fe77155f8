// Drafts a stream or a table, a few metrics and a test from what a file's columns hold. Door of
// compiler/driver/draft_spec; tested in tests/command/init_from_test.py. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/driver/draft_profile.h"

namespace alidade {

/// One field of the draft.
struct DraftField {
  std::string role;  ///< "time", "entity", "id", ""
  std::string name;
  std::string type;  ///< without `?`
  bool optional = false;
  const ColumnProfile* column = nullptr;
  std::string reason;  ///< a comment
};

struct Draft {
  std::string name;
  std::vector<DraftField> fields;  ///< time first, then entity and id
  bool is_table = false;           ///< a key, but no time: `entity` is it
  DataForm form;                   ///< as the file is written
  bool commas = false;             ///< its decimals are commas
  std::vector<std::string> notes;  ///< comments on the whole
};

/// nullopt where no column can be a time or a key. `name` is a word; `profile` outlives the draft.
std::optional<Draft> draft_of(const std::string& name, const SourceProfile& profile);

/// Files of one row for each entity of another draft's stream become tables, whatever times they have.
void turn_into_tables(std::vector<Draft>* drafts);

/// Module `name` with all drafts, in the formatter's layout or near it.
std::string spec_text(const std::string& name, const std::vector<Draft>& drafts,
                      const std::vector<SourceProfile>& profiles);

}  // namespace alidade
