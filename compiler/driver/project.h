// alidade.toml: where a project's specs and data are. Door of compiler/driver/project; tested in
// tests/unit/driver_test.cpp and tests/command. The file is described in README.md.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base.h"
#include "runtime/readers/readers.h"

namespace alidade {

/// [sources.NAME]: where a stream's or table's rows are and how they are written.
struct ProjectSource {
  SourceOptions options;
  std::map<std::string, std::string> fields;  ///< field → the column that it is read from, over the spec's `from`
};
using ProjectSources = std::map<std::string, ProjectSource>;

struct Project {
  std::filesystem::path root;                  ///< the folder of alidade.toml, else the one searched from
  std::optional<std::filesystem::path> file;   ///< alidade.toml; none is fine
  ProjectSources sources;                      ///< by stream or table; paths are made relative to `root`
  std::vector<std::string> specs{"*.metric"};  ///< patterns, relative to `root`
};

/// Reads the alidade.toml in `folder` or the nearest one above it. `profile` "" takes the plain sources only.
/// Errors: AL1102 (not TOML), AL1103 (a setting that does not exist), AL1104 (no such profile).
Result<Project> load_project(const std::filesystem::path& folder, const std::string& profile);

/// The files that the project's patterns name, sorted. AL1105 where there are none.
Result<std::vector<std::string>> project_specs(const Project& project);

}  // namespace alidade
