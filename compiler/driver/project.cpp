// alidade.toml. Door: project.h. toml++ throws on text that is no TOML; that stops here.
#include "compiler/driver/project.h"

#include <fmt/format.h>
#include <glob.h>

#include <toml++/toml.h>
#include <algorithm>
#include <system_error>

#include "compiler/diagnostics/diagnostic.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

Error error(Code code, std::string message) { return {static_cast<int>(code), std::move(message), {}}; }

std::optional<fs::path> find_upward(fs::path folder) {
  std::error_code ignored;
  for (;;) {
    const fs::path candidate = folder / "alidade.toml";
    if (fs::is_regular_file(candidate, ignored)) return candidate;
    if (!folder.has_relative_path()) return std::nullopt;
    folder = folder.parent_path();
  }
}

/// Reads one file's tables; the first thing wrong is kept.
class Reader {
 public:
  Reader(const fs::path& file, Project* project) : file_(file), project_(project) {}

  Status read(const std::string& profile) {
    try {
      return read_root(toml::parse_file(file_.string()), profile);
    } catch (const toml::parse_error& problem) {
      return syntax_error(problem);
    }
  }

 private:
  Status read_root(const toml::table& root, const std::string& profile) {
    expect_keys(root, {"sources", "profiles", "specs"});
    if (const toml::node* specs = root.get("specs")) read_specs(*specs);
    if (const toml::node* sources = root.get("sources")) read_sources(*sources);
    if (const toml::node* profiles = root.get("profiles")) read_profiles(*profiles, profile);
    if (!profile.empty() && !profile_found_) fail_profile(root, profile);
    if (error_) return *error_;
    return Done{};
  }

  Error syntax_error(const toml::parse_error& problem) const {
    return error(Code::project_file_invalid, fmt::format("{}:{}:{}: {}", file_.string(), problem.source().begin.line,
                                                         problem.source().begin.column, problem.description()));
  }

  void fail(Code code, const toml::node& place, const std::string& message) {
    if (error_) return;
    const toml::source_position at = place.source().begin;
    error_ = error(code, fmt::format("{}:{}:{}: {}", file_.string(), at.line, at.column, message));
  }

  void fail_profile(const toml::table& root, const std::string& profile) {
    std::vector<std::string_view> names;
    if (const toml::table* profiles = root["profiles"].as_table()) {
      for (const auto& [name, value] : *profiles) names.push_back(name.str());
    }
    const std::string meant = did_you_mean(profile, names);
    const std::string has = names.empty() ? "it has none" : fmt::format("it has {}", fmt::join(names, ", "));
    fail(Code::unknown_profile, root,
         fmt::format("there is no profile \"{}\": {}", profile,
                     meant.empty() ? has : fmt::format("did you mean \"{}\"?", meant)));
  }

  void expect_keys(const toml::table& table, const std::vector<std::string_view>& known) {
    for (const auto& [key, value] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      const std::string meant = did_you_mean(key.str(), known);
      fail(Code::unknown_setting, value,
           fmt::format("there is no setting \"{}\"{}", key.str(),
                       meant.empty() ? fmt::format(": here can stand {}", fmt::join(known, ", "))
                                     : fmt::format("; did you mean \"{}\"?", meant)));
    }
  }

  void read_specs(const toml::node& node) {
    const toml::array* patterns = node.as_array();
    if (patterns == nullptr || !patterns->is_homogeneous(toml::node_type::string)) {
      return fail(Code::project_file_invalid, node, "specs is a list of file patterns: specs = [\"*.metric\"]");
    }
    project_->specs.clear();
    for (const toml::node& pattern : *patterns) project_->specs.push_back(*pattern.value<std::string>());
  }

  void read_sources(const toml::node& node) {
    const toml::table* sources = node.as_table();
    if (sources == nullptr) {
      return fail(Code::project_file_invalid, node, "sources are tables: [sources.NAME] path = \"data/*.parquet\"");
    }
    for (const auto& [name, value] : *sources) read_source(std::string(name.str()), value);
  }

  void read_source(const std::string& name, const toml::node& node) {
    const toml::table* table = node.as_table();
    const toml::node* path = table == nullptr ? nullptr : table->get("path");
    if (path == nullptr || !path->is_string()) {
      return fail(Code::project_file_invalid, node,
                  fmt::format("the source needs a path: [sources.{}] path = \"data/{}.csv\"", name, name));
    }
    expect_keys(*table, {"path", "format", "delimiter", "quote", "decimal", "thousands", "missing", "times", "epoch",
                         "fields"});
    ProjectSource source;
    SourceOptions& options = source.options;
    const std::string written = *path->value<std::string>();
    options.path = written == "-" ? written : (project_->root / written).string();
    options.format = one_of(*table, "format", {"csv", "jsonl", "parquet", "arrow"});
    options.delimiter = character(*table, "delimiter", options.delimiter);
    options.quote = character(*table, "quote", options.quote);
    options.form.thousands = character(*table, "thousands", '\0');
    if (one_of(*table, "decimal", {".", ","}) == ",") options.form.decimal = ',';
    if (options.form.thousands == options.form.decimal) {
      fail(Code::project_file_invalid, *table,
           fmt::format("decimal and thousands are both \"{}\"", options.form.decimal));
    }
    read_missing(*table, &options);
    read_times(*table, &options.form);
    options.form.epoch_micros = epoch_unit(one_of(*table, "epoch", {"s", "ms", "us", "ns"}));
    read_fields(*table, &source.fields);
    project_->sources[name] = std::move(source);
  }

  /// A text that is one of a few; "" where it is not written.
  std::string one_of(const toml::table& table, const char* key, const std::vector<std::string_view>& words) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return "";
    const std::string found = node->value<std::string>().value_or("");
    if (node->is_string() && std::find(words.begin(), words.end(), found) != words.end()) return found;
    fail(Code::project_file_invalid, *node, fmt::format("{} is \"{}\"", key, fmt::join(words, "\", \"")));
    return "";
  }

  /// One character of ASCII; '\0' for "", which turns quotes and separators off.
  char character(const toml::table& table, const char* key, char otherwise) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return otherwise;
    const std::string text = node->value<std::string>().value_or("??");
    const bool none = text.empty() && std::string_view(key) != "delimiter";
    const bool one =
        text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80 && text[0] != '\n' && text[0] != '\r';
    if (none) return '\0';
    if (one) return text[0];
    fail(Code::project_file_invalid, *node, fmt::format("{} is one character, such as \";\" or \"\\t\"", key));
    return otherwise;
  }

  /// A text or a list of texts; empty where it is not written.
  std::vector<std::string> texts(const toml::node& node, const char* key) {
    if (node.is_string()) return {*node.value<std::string>()};
    std::vector<std::string> found;
    const toml::array* list = node.as_array();
    if (list == nullptr || !(list->empty() || list->is_homogeneous(toml::node_type::string))) {
      fail(Code::project_file_invalid, node, fmt::format("{} is a text or a list of texts", key));
      return found;
    }
    for (const toml::node& text : *list) found.push_back(*text.value<std::string>());
    return found;
  }

  void read_missing(const toml::table& table, SourceOptions* options) {
    const toml::node* node = table.get("missing");
    if (node == nullptr) return;
    options->form.missing = texts(*node, "missing");
    const auto empty = std::remove(options->form.missing.begin(), options->form.missing.end(), "");
    options->empty_is_missing = empty != options->form.missing.end();
    options->form.missing.erase(empty, options->form.missing.end());
  }

  void read_times(const toml::table& table, DataForm* form) {
    const toml::node* node = table.get("times");
    if (node == nullptr) return;
    form->times = texts(*node, "times");
    for (const std::string& pattern : form->times) {
      const std::string problem = pattern_problem(pattern);
      if (!problem.empty())
        fail(Code::project_file_invalid, *node, fmt::format("times = \"{}\": {}", pattern, problem));
    }
  }

  static int64_t epoch_unit(const std::string& word) {
    if (word == "ns") return kEpochNanos;
    return word == "s" ? 1'000'000 : word == "ms" ? 1'000 : word == "us" ? 1 : 0;
  }

  void read_fields(const toml::table& table, std::map<std::string, std::string>* fields) {
    const toml::node* node = table.get("fields");
    if (node == nullptr) return;
    const toml::table* mapping = node->as_table();
    if (mapping == nullptr) {
      return fail(Code::project_file_invalid, *node, "fields is a table of columns: fields = { at = \"occurred_at\" }");
    }
    for (const auto& [field, column] : *mapping) {
      if (column.is_string())
        (*fields)[std::string(field.str())] = *column.value<std::string>();
      else
        fail(Code::project_file_invalid, column, fmt::format("{} is a column's name, in quotes", field.str()));
    }
  }

  void read_profiles(const toml::node& node, const std::string& wanted) {
    const toml::table* profiles = node.as_table();
    if (profiles == nullptr) {
      return fail(Code::project_file_invalid, node, "profiles are tables: [profiles.NAME.sources.STREAM]");
    }
    for (const auto& [name, value] : *profiles) {
      const toml::table* profile = value.as_table();
      if (profile == nullptr) {
        fail(Code::project_file_invalid, value, "a profile is a table: [profiles.NAME.sources.STREAM]");
        continue;
      }
      expect_keys(*profile, {"sources"});
      if (name.str() != wanted) continue;
      profile_found_ = true;
      if (const toml::node* sources = profile->get("sources")) read_sources(*sources);
    }
  }

  const fs::path& file_;
  Project* project_;
  bool profile_found_ = false;
  std::optional<Error> error_;
};

}  // namespace

Result<Project> load_project(const fs::path& folder, const std::string& profile) {
  Project project;
  project.file = find_upward(folder);
  project.root = project.file ? project.file->parent_path() : folder;
  if (!project.file) {
    if (profile.empty()) return project;
    return error(Code::unknown_profile,
                 fmt::format("there is no profile \"{}\": no alidade.toml in this folder or above", profile));
  }
  const Status status = Reader(*project.file, &project).read(profile);
  if (!status) return status.error();
  return project;
}

Result<std::vector<std::string>> project_specs(const Project& project) {
  std::vector<std::string> files;
  for (const std::string& pattern : project.specs) {
    glob_t found{};
    if (glob((project.root / pattern).c_str(), 0, nullptr, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
    }
    globfree(&found);
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  if (files.empty()) {
    return error(Code::no_specs,
                 fmt::format("no spec files: {} has no {}", project.root.string(), fmt::join(project.specs, ", ")));
  }
  return files;
}

}  // namespace alidade
