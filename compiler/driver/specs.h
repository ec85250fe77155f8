// The spec files that a verb works on: found, read, parsed and analysed. Door of compiler/driver/specs; tested in
// tests/command.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/driver/project.h"
#include "compiler/driver/terminal.h"
#include "compiler/sema/analyse.h"

namespace alidade {

/// One module and what it imports, the module's own file first. `model` is complete only if the sink that it was loaded
/// with has no errors.
struct Spec {
  std::vector<std::shared_ptr<const Syntax>> files;
  Model model;
};

/// The file that a place is in.
const Syntax& file_of(const Spec& spec, Span place);

/// A metric by its name, qualified where it is imported; null where there is none.
const ModelMetric* find_metric(const Model& model, std::string_view name);

/// Metrics that the module declares itself.
size_t own_metrics(const Model& model);

/// What `named` names, else the project's, as paths relative to the working folder where that is shorter.
Result<std::vector<std::string>> spec_paths(const std::vector<std::string>& named, const Project& project);

/// Reads and analyses files; what is wrong with a spec goes to the sink, what is wrong with a file is the error.
Result<std::vector<Spec>> load_specs(const std::vector<std::string>& paths, DiagnosticSink& sink);

/// The project around the working folder.
Result<Project> current_project(const std::string& profile);

/// Takes what ends in .metric out of `names`.
std::vector<std::string> take_spec_files(std::vector<std::string>* names);

/// "error[AL7102]: message" and its notes, to stderr. Returns kCouldNot, so that a verb can return it.
int report_error(const Error& error, const Terminal& terminal);

/// The diagnostics to stderr, in order. Returns kFindings if there is an error among them, else kClean.
int report_diagnostics(DiagnosticSink& sink, const Terminal& terminal);

}  // namespace alidade
