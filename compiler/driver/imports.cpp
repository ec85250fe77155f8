// Spec files and their imports. Door: imports.h.
#include "compiler/driver/imports.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "compiler/driver/write_file.h"
#include "stdlib/stdlib.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

std::string canonical(const std::string& path) {
  std::error_code problem;
  const fs::path whole = fs::weakly_canonical(path, problem);
  return problem ? path : whole.string();
}

/// finance/revenue.metric
std::string file_words(const ast::Path& path) {
  std::string words;
  for (const ast::Ident& part : path.parts) words += (words.empty() ? "" : "/") + std::string(part.name.text());
  return words + ".metric";
}

const LibraryModule* library_module(const std::string& path) {
  const std::vector<LibraryModule>& all = library_modules();
  auto at = std::find_if(all.begin(), all.end(), [&](const LibraryModule& one) { return one.path == path; });
  return at == all.end() ? nullptr : &*at;
}

constexpr const char* kNoRoom = "the specs have more than 4 GB with this file";

/// "std/engagement.metric" → "engagement"
std::string last_word(std::string_view path) { return fs::path(path).stem().string(); }

}  // namespace

Result<LoadedSpec> SpecLoader::load(const std::string& path) {
  const Target target{path, canonical(path), false};
  auto known = by_key_.find(target.key);
  if (known == by_key_.end()) {
    Result<std::string> text = read_file(path);
    if (!text) return text.error();
    if (!has_room(*text)) return Error{static_cast<int>(Code::file_unreadable), kNoRoom, {}};
    read_imports(add(target, std::move(*text)));
    known = by_key_.find(target.key);
  }
  LoadedSpec spec;
  std::map<int, int> local;
  collect(known->second, local, spec);
  return spec;
}

int SpecLoader::add(const Target& target, std::string text) {
  const int index = static_cast<int>(files_.size());
  File file;
  file.key = target.key;
  auto syntax = std::make_shared<Syntax>(parse(target.path, std::move(text), sink_, next_start_));
  next_start_ = syntax->source->end() + 1;
  file.syntax = std::move(syntax);
  files_.push_back(std::move(file));
  by_key_[target.key] = index;
  return index;
}

void SpecLoader::read_imports(int index) {
  files_[static_cast<size_t>(index)].active = true;
  active_.push_back(index);
  const std::shared_ptr<const Syntax> syntax = files_[static_cast<size_t>(index)].syntax;
  std::vector<int> imports;
  for (const ast::Decl& decl : syntax->file.decls) {
    if (decl.kind == ast::DeclKind::kImport) imports.push_back(imported(index, decl));
  }
  active_.pop_back();
  files_[static_cast<size_t>(index)].imports = std::move(imports);
  files_[static_cast<size_t>(index)].active = false;
}

SpecLoader::Target SpecLoader::target_of(const File& importer, const ast::Decl& import) const {
  Target target;
  const std::string words = file_words(import.path);
  const fs::path folder = fs::path(importer.syntax->source->path()).parent_path();
  target.library = import.path.parts.front().name.text() == "std" || importer.key.starts_with("std/");
  target.path = target.library && words.starts_with("std/") ? words : (folder / words).lexically_normal().string();
  target.key = target.library ? target.path : canonical(target.path);
  return target;
}

int SpecLoader::imported(int importer, const ast::Decl& import) {
  const File& from = files_[static_cast<size_t>(importer)];
  const Target target = target_of(from, import);
  auto known = by_key_.find(target.key);
  if (known != by_key_.end()) {
    if (!files_[static_cast<size_t>(known->second)].active) return known->second;
    report_cycle(importer, import, known->second);
    return -1;
  }
  std::string text;
  if (target.library) {
    const LibraryModule* found = library_module(target.key);
    if (found == nullptr) return report_missing(from, import, target), -1;
    text = found->text;
  } else {
    Result<std::string> read = read_file(target.path);
    if (!read) return report_missing(from, import, target), -1;
    text = std::move(*read);
  }
  if (!has_room(text)) {
    sink_.report(Code::file_too_large, *from.syntax->source, import.path.span, kNoRoom);
    return -1;
  }
  const int index = add(target, std::move(text));
  read_imports(index);
  return index;
}

void SpecLoader::report_missing(const File& importer, const ast::Decl& import, const Target& target) {
  std::vector<std::string> there;
  if (target.library) {
    for (const LibraryModule& module : library_modules()) there.push_back(last_word(module.path));
  } else {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(
             fs::path(target.path).parent_path().empty() ? fs::path(".") : fs::path(target.path).parent_path(),
             ignored)) {
      if (entry.path().extension() == ".metric") there.push_back(entry.path().stem().string());
    }
  }
  std::sort(there.begin(), there.end());
  const ast::Ident& word = import.path.parts.back();
  const std::string near = did_you_mean(word.name.text(), {there.begin(), there.end()});
  Diagnostic& report =
      sink_.report(Code::import_missing, *importer.syntax->source, import.path.span,
                   target.library ? fmt::format("the library has no module `std.{}`", last_word(target.path))
                                  : fmt::format("there is no file {} to read", target.path));
  if (!near.empty()) {
    report.help = fmt::format("did you mean `{}`?", near);
    report.fixes.push_back({word.span, near, false});
  } else if (target.library) {
    report.help = fmt::format("it has {}", fmt::join(there, ", "));
  }
}

void SpecLoader::report_cycle(int importer, const ast::Decl& import, int target) {
  std::string chain;
  for (auto at = std::find(active_.begin(), active_.end(), target); at != active_.end(); ++at) {
    chain += files_[static_cast<size_t>(*at)].syntax->source->path() + " → ";
  }
  const std::string& path = files_[static_cast<size_t>(target)].syntax->source->path();
  sink_
      .report(Code::import_cycle, *files_[static_cast<size_t>(importer)].syntax->source, import.path.span,
              fmt::format("files import each other: {}{}", chain, path))
      .help = "put what both need into a file of its own, and import that";
}

/// The file first, then what it imports, in the order written.
void SpecLoader::collect(int index, std::map<int, int>& local, LoadedSpec& spec) const {
  const File& file = files_[static_cast<size_t>(index)];
  const int place = static_cast<int>(spec.syntaxes.size());
  local[index] = place;
  spec.syntaxes.push_back(file.syntax);
  spec.files.files.push_back(file.syntax.get());
  spec.files.imports.emplace_back();
  for (int import : file.imports) {
    if (import >= 0 && !local.contains(import)) collect(import, local, spec);
    spec.files.imports[static_cast<size_t>(place)].push_back(import < 0 ? -1 : local[import]);
  }
}

}  // namespace alidade
