// The data of a run: which fields of which streams and tables a plan reads, and the files they come from. Door of
// compiler/driver/sources; tested in tests/command and tests/unit/driver_test.cpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/evaluator.h"
#include "runtime/readers/readers.h"

namespace alidade {

/// A stream or table that the plan reads, and its fields, ascending. Time, id and arrived are always among a stream's
/// fields: they decide coverage, duplicates and lateness for every metric; a table's key always.
struct SourceUse {
  const SourceSchema* schema = nullptr;
  std::vector<int> fields;
};
std::vector<SourceUse> sources_read(const Plan& plan);

/// "STREAM=PATH" into `sources`, over what stands there. An error is a message for the user of the command line.
std::string add_data(const std::string& argument, std::map<std::string, SourceOptions>* sources);

/// Loads the readers' library, which takes milliseconds: to be called on a thread of its own before sources are opened.
void load_readers();

/// Opened sources; `named` borrows from `opened`.
struct OpenSources {
  std::vector<std::unique_ptr<BatchSource>> opened;
  std::vector<NamedSource> named;
};
/// Errors: AL7103 (nothing names a source for a stream), those of open_source.
Result<OpenSources> open_sources(const Plan& plan, const std::map<std::string, SourceOptions>& sources,
                                 bool skip_bad_rows);

}  // namespace alidade
