// A source text as the lines of the one layout, before columns are aligned. Internal to compiler/syntax.
// Tested in tests/unit/format_test.cpp.
#pragma once

#include <string>
#include <vector>

#include "compiler/syntax/layout.h"

namespace alidade {

/// What a line's columns are aligned with: the lines of the same kind next to it.
enum class LineKind : uint8_t {
  kOther,
  kHead,     ///< a declaration's first line: `metric name` | `= …`
  kField,    ///< `role` | `name` | `: type` | `from …`
  kPair,     ///< `name` | `: …` or `= …` or `from …`
  kRow,      ///< the cells of a table row
  kComment,  ///< nothing but a comment
  kCloser,   ///< starts with a closing bracket
};

struct FormatLine {
  LineKind kind = LineKind::kOther;
  size_t indent = 0;
  bool blank_before = false;
  std::vector<std::string> cells;  ///< one, but for the kinds above
  std::string comment;             ///< at the line's end
  std::string group;               ///< kHead: its declaration word; only lines of one group are aligned
};

/// The layout must come from a text without errors.
std::vector<FormatLine> format_lines(const SourceFile& file, const Layout& layout);

/// Columns that a text takes on a terminal.
size_t display_width(std::string_view text);

}  // namespace alidade
