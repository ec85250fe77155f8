// init --from: a project drafted from data files. Door: verbs.h.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/driver/draft_names.h"
#include "compiler/driver/draft_spec.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"
#include "compiler/syntax/parse.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

struct Drafted {
  std::vector<Draft> drafts;
  std::vector<SourceProfile> profiles;
  std::vector<SourceOptions> options;
};

/// "orders" of "data/orders.2026.csv.gz" and of the folder "data/orders/".
std::string name_of(const std::string& path) {
  fs::path file(path);
  if (!file.has_filename()) file = file.parent_path();
  std::string name = file.filename().string();
  if (name.find_first_of("*?[") != std::string::npos) name = file.parent_path().filename().string();
  const size_t dot = name.find('.', 1);
  const std::string word = word_of(name.substr(0, dot));
  return word.empty() ? "events" : word;
}

bool is_csv(const std::string& path) { return path.find(".csv") != std::string::npos; }

Status draft_file(const std::string& path, Drafted* drafted) {
  SourceOptions options;
  options.path = path;
  if (is_csv(path)) {
    const Result<char> delimiter = detect_delimiter(options);
    if (!delimiter) return delimiter.error();
    if (delimiter.value() != ',') options.delimiter = delimiter.value();
  }
  Result<SourceProfile> profile = profile_source(options);
  if (!profile) return profile.error();
  drafted->profiles.push_back(std::move(*profile));
  drafted->options.push_back(options);
  return Done{};
}

/// Drafts point into the profiles, which must not move any more.
Status draft_all(const std::vector<std::string>& paths, Drafted* drafted) {
  for (const std::string& path : paths) {
    if (Status read = draft_file(path, drafted); !read.ok()) return read;
  }
  for (size_t i = 0; i < paths.size(); ++i) {
    std::string name = name_of(paths[i]);
    const auto taken = [&](const Draft& draft) { return draft.name == name; };
    while (std::any_of(drafted->drafts.begin(), drafted->drafts.end(), taken)) name += "_2";
    std::optional<Draft> draft = draft_of(name, drafted->profiles[i]);
    if (!draft) {
      return Error{
          static_cast<int>(Code::nothing_to_draft),
          fmt::format("{} has no column that is a time in every row, and none that tells its rows apart", paths[i]),
          {"a stream needs a time, a table a key; if the times are written in an unusual way, write the spec by hand "
           "and say times = \"…\" in alidade.toml"}};
    }
    drafted->options[i].form = draft->form;
    drafted->drafts.push_back(std::move(*draft));
  }
  turn_into_tables(&drafted->drafts);
  return Done{};
}

/// A path as alidade.toml in `folder` writes it.
std::string path_from(const fs::path& folder, const std::string& path) {
  std::error_code ignored;
  const fs::path relative =
      fs::absolute(path, ignored).lexically_proximate(fs::absolute(folder, ignored).lexically_normal());
  return relative.empty() || *relative.begin() == ".." ? fs::absolute(path, ignored).lexically_normal().string()
                                                       : relative.string();
}

/// A text in TOML's quotes.
std::string in_toml(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\t')
      result += "\\t";
    else
      result += c;
  }
  return result + "\"";
}

std::string project_text(const fs::path& folder, const Drafted& drafted) {
  std::string text =
      "# Where this project's data is and how it is written. Paths are relative to this file.\nspecs = "
      "[\"*.metric\"]\n";
  for (size_t i = 0; i < drafted.drafts.size(); ++i) {
    const SourceOptions& options = drafted.options[i];
    text +=
        fmt::format("\n[sources.{}]\npath = {}\n", drafted.drafts[i].name, in_toml(path_from(folder, options.path)));
    if (options.delimiter != 0) text += fmt::format("delimiter = {}\n", in_toml(std::string(1, options.delimiter)));
    if (options.form.decimal == ',') text += "decimal = \",\"\n";
    if (options.form.thousands != 0) text += fmt::format("thousands = \"{}\"\n", options.form.thousands);
    if (options.form.times.empty()) continue;
    std::string patterns;
    for (const std::string& pattern : options.form.times) patterns += (patterns.empty() ? "" : ", ") + in_toml(pattern);
    text += fmt::format("times = [{}]\n", patterns);
  }
  return text;
}

Error in_the_way(const fs::path& path) {
  return {static_cast<int>(Code::file_in_the_way), path.string() + " is there already; nothing was written", {}};
}

}  // namespace

int draft_project(const InitArguments& arguments, const Terminal& terminal) {
  const fs::path folder = arguments.folder;
  std::error_code problem;
  Drafted drafted;
  drafted.profiles.reserve(arguments.from.size());
  if (const Status read = draft_all(arguments.from, &drafted); !read.ok()) return report_error(read.error(), terminal);

  const std::string name = drafted.drafts.front().name;
  const fs::path spec = folder / (name + ".metric"), toml = folder / "alidade.toml";
  for (const fs::path& file : {spec, toml}) {
    if (fs::exists(file, problem)) return report_error(in_the_way(file), terminal);
  }
  const std::string text = spec_text(name, drafted.drafts, drafted.profiles);
  DiagnosticSink sink;
  const std::string laid_out = format(spec.string(), text, sink);
  if (sink.has_errors()) return report_diagnostics(sink, terminal);
  fs::create_directories(folder, problem);
  for (const auto& [file, content] : {std::pair{toml, project_text(folder, drafted)}, std::pair{spec, laid_out}}) {
    if (const Status written = write_file(file.string(), content); !written.ok())
      return report_error(written.error(), terminal);
  }
  const std::string enter = arguments.folder == "." ? "" : fmt::format("  cd {}\n", arguments.folder);
  std::fputs(
      fmt::format("made alidade.toml and {}.metric; look through the spec, each choice has its reason in it; then:\n{}"
                  "  alidade test\n  alidade run --per week\n",
                  name, enter)
          .c_str(),
      stderr);
  return kClean;
}

}  // namespace alidade
