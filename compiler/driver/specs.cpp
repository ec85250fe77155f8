// Spec files. Door: specs.h.
#include "compiler/driver/specs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "compiler/diagnostics/render.h"
#include "compiler/driver/imports.h"
#include "compiler/driver/verbs.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

bool is_spec_file(const std::string& name) { return name.size() > 7 && name.ends_with(".metric"); }

/// Below the working folder paths are shown as a person there would write them.
std::string shown_path(const std::string& path) {
  std::error_code ignored;
  const fs::path relative = fs::path(path).lexically_proximate(fs::current_path(ignored));
  return relative.empty() || *relative.begin() == ".." ? path : relative.string();
}

}  // namespace

Result<std::vector<std::string>> spec_paths(const std::vector<std::string>& named, const Project& project) {
  if (!named.empty()) return named;
  Result<std::vector<std::string>> paths = project_specs(project);
  if (!paths) return paths.error();
  for (std::string& path : *paths) path = shown_path(path);
  return paths;
}

Result<std::vector<Spec>> load_specs(const std::vector<std::string>& paths, DiagnosticSink& sink) {
  std::vector<Spec> specs;
  SpecLoader loader(sink);
  for (const std::string& path : paths) {
    Result<LoadedSpec> loaded = loader.load(path);
    if (!loaded) return loaded.error();
    Spec spec;
    spec.model = analyse(loaded->files, sink);
    spec.files = std::move(loaded->syntaxes);
    specs.push_back(std::move(spec));
  }
  return specs;
}

const Syntax& file_of(const Spec& spec, Span place) {
  auto holds = [&](const auto& syntax) {
    return syntax->source->start() <= place.begin && place.begin <= syntax->source->end();
  };
  return **std::find_if(spec.files.begin(), spec.files.end(), holds);
}

const ModelMetric* find_metric(const Model& model, std::string_view name) {
  auto at =
      std::find_if(model.metrics.begin(), model.metrics.end(), [&](const ModelMetric& m) { return m.name == name; });
  return at == model.metrics.end() ? nullptr : &*at;
}

size_t own_metrics(const Model& model) {
  return static_cast<size_t>(
      std::count_if(model.metrics.begin(), model.metrics.end(), [](const ModelMetric& m) { return !m.imported; }));
}

Result<Project> current_project(const std::string& profile) {
  std::error_code problem;
  const fs::path folder = fs::current_path(problem);
  if (problem) return Error{static_cast<int>(Code::file_unreadable), "the working folder is gone", {}};
  return load_project(folder, profile);
}

std::vector<std::string> take_spec_files(std::vector<std::string>* names) {
  const auto first_file =
      std::stable_partition(names->begin(), names->end(), [](const std::string& name) { return !is_spec_file(name); });
  std::vector<std::string> files(first_file, names->end());
  names->erase(first_file, names->end());
  return files;
}

int report_error(const Error& error, const Terminal& terminal) {
  const char* colour = terminal.colour_err ? "\x1b[1;31m" : "";
  const char* plain = terminal.colour_err ? "\x1b[0m" : "";
  std::string text = fmt::format("{}error[AL{:04}]{}: {}\n", colour, error.code, plain, error.message);
  for (const std::string& note : error.notes) text += "  " + note + "\n";
  std::fputs(text.c_str(), stderr);
  return kCouldNot;
}

int report_diagnostics(DiagnosticSink& sink, const Terminal& terminal) {
  sink.sort();
  std::fputs(render_text(sink, terminal.colour_err).c_str(), stderr);
  return sink.has_errors() ? kFindings : kClean;
}

}  // namespace alidade
