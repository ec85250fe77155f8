// The data of a run: which fields of which streams and tables a plan reads, and the files they come from. Door of
// compiler/driver/sources; tested in tests/command and tests/unit/driver_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/driver/project.h"
#include "compiler/plan/plan.h"
#include "compiler/sema/model.h"
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

/// "STREAM=PATH" into `sources`: another path for what stands there, written the same way; "-" is the standard input.
/// An error is a message for the user of the command line.
std::string add_data(const std::string& argument, ProjectSources* sources);

/// Lets the model's fields be read from the columns that the project names. Error AL1103: a field that does not exist.
Status map_fields(const ProjectSources& sources, Model* model);

/// Loads the readers' library, which takes milliseconds: to be called on a thread of its own before sources are opened.
void load_readers();

/// Opened sources; `named` borrows from `opened`.
struct OpenSources {
  std::vector<std::unique_ptr<BatchSource>> opened;
  std::vector<NamedSource> named;
};
/// Errors: AL7103 (nothing names a source for a stream), those of open_source.
Result<OpenSources> open_sources(const Plan& plan, const ProjectSources& sources, bool skip_bad_rows);

}  // namespace alidade
