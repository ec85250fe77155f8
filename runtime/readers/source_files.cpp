// Files, folders and globs. Door: source_files.h.
#include "runtime/readers/source_files.h"

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

#include "runtime/near_name.h"
#include "runtime/readers/input.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

bool take_ending(std::string_view* name, std::string_view ending) {
  if (!name->ends_with(ending)) return false;
  name->remove_suffix(ending.size());
  return true;
}

struct KnownEnding {
  std::string_view ending;
  FileFormat format;
};
constexpr KnownEnding kEndings[] = {
    {".csv", FileFormat::kCsv},          {".tsv", FileFormat::kCsv},        {".jsonl", FileFormat::kJsonLines},
    {".ndjson", FileFormat::kJsonLines}, {".json", FileFormat::kJsonLines}, {".parquet", FileFormat::kParquet},
    {".arrow", FileFormat::kArrow},      {".arrows", FileFormat::kArrow},   {".feather", FileFormat::kArrow},
};
struct KnownPacking {
  std::string_view ending;
  Packing packing;
};
constexpr KnownPacking kPackings[] = {{".gz", Packing::kGzip},
                                      {".zst", Packing::kZstd},
                                      {".lz4", Packing::kLz4},
                                      {".bz2", Packing::kBzip},
                                      {".br", Packing::kBrotli}};
constexpr const char* kEndingWords = ".csv, .tsv, .jsonl, .ndjson, .json, .parquet, .arrow, .arrows and .feather";

struct StatedFormat {
  const char* word;
  FileFormat format;
};
constexpr StatedFormat kFormats[] = {{"csv", FileFormat::kCsv},
                                     {"jsonl", FileFormat::kJsonLines},
                                     {"parquet", FileFormat::kParquet},
                                     {"arrow", FileFormat::kArrow}};

// What a file's name and the stated format make of it; nullopt where the ending is not known.
std::optional<FoundFile> known_file(const std::string& path, std::optional<FileFormat> stated) {
  FoundFile file;
  file.path = file.shown = path;
  std::string_view name = path;
  for (const KnownPacking& known : kPackings) {
    if (!take_ending(&name, known.ending)) continue;
    file.packing = known.packing;
    break;
  }
  const auto* known = std::find_if(std::begin(kEndings), std::end(kEndings),
                                   [&](const KnownEnding& ending) { return name.ends_with(ending.ending); });
  if (!stated && known == std::end(kEndings)) return std::nullopt;
  file.format = stated ? *stated : known->format;
  file.tabs = name.ends_with(".tsv");
  return file;
}

bool is_glob(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return paths;
}

// Names that begin with a dot or an underscore are what writers leave beside the data.
std::vector<std::string> entries(const fs::path& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name[0] != '.' && name[0] != '_') paths.push_back(it->path().string());
  }
  return paths;
}

Error nothing_there(const std::string& path) {
  const fs::path wanted(path);
  const fs::path folder = wanted.has_parent_path() ? wanted.parent_path() : fs::path(".");
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return {7102,
            fmt::format("there is no file or folder {}", path),
            {fmt::format("there is no folder {} either", folder.string())}};
  }
  std::vector<std::string> names;
  for (const std::string& entry : entries(folder)) names.push_back(fs::path(entry).filename().string());
  return {7102,
          fmt::format("there is no file or folder {}{}", path, did_you_mean_ending(wanted.filename().string(), names)),
          {}};
}

Result<std::optional<FileFormat>> stated_format(const SourceOptions& options) {
  if (options.format.empty()) return std::optional<FileFormat>();
  for (const StatedFormat& known : kFormats) {
    if (options.format == known.word) return std::optional(known.format);
  }
  return Error{
      7108,
      fmt::format("there is no format \"{}\"; it is \"csv\", \"jsonl\", \"parquet\" or \"arrow\"", options.format),
      {}};
}

// An Arrow stream begins with a mark and the length of its schema's message.
FileFormat format_of(std::string_view first) {
  if (first.starts_with("PAR1")) return FileFormat::kParquet;
  if (first.starts_with("ARROW1") || first.starts_with("\xFF\xFF\xFF\xFF")) return FileFormat::kArrow;
  const size_t mark = first.find_first_not_of(" \t\r\n");
  const bool object = mark != std::string_view::npos && first[mark] == '{';
  return object ? FileFormat::kJsonLines : FileFormat::kCsv;
}

Status check_file(FoundFile* file) {
  std::error_code error;
  file->bytes = static_cast<int64_t>(fs::file_size(file->path, error));
  if (error || access(file->path.c_str(), R_OK) != 0) {
    const std::string reason = error ? error.message() : std::strerror(errno);
    return Error{7107, fmt::format("{} cannot be opened: {}", file->shown, reason), {}};
  }
  if (file->bytes == 0) return Error{7106, fmt::format("{} is empty: it has no header and no rows", file->shown), {}};
  return Done{};
}

Result<std::vector<FoundFile>> told_by_bytes(const SourceOptions& options, std::optional<FileFormat> stated) {
  FoundFile file;
  file.path = options.path;
  file.shown = options.shown.empty() ? "the standard input" : options.shown;
  file.packing = Packing::kTold;
  auto input = Input::open(file);
  if (!input.ok()) return input.error();
  auto first = (*input)->look(8);
  if (!first.ok()) return first.error();
  if (first->empty()) return Error{7106, fmt::format("{} is empty: it has no header and no rows", file.shown), {}};
  file.opened = *input;
  file.format = stated ? *stated : format_of(*first);
  return std::vector{file};
}

}  // namespace

Result<std::vector<FoundFile>> find_source_files(const SourceOptions& options) {
  const auto stated = stated_format(options);
  if (!stated.ok()) return stated.error();
  if (options.path == "-" || !options.shown.empty()) return told_by_bytes(options, stated.value());
  std::error_code error;
  const fs::file_status status = fs::status(options.path, error);
  const bool folder = fs::is_directory(status), single = fs::exists(status) && !folder;
  if (!folder && !single && !is_glob(options.path)) return nothing_there(options.path);

  std::vector<std::string> paths = single   ? std::vector{options.path}
                                   : folder ? entries(options.path)
                                            : matches(options.path);
  std::sort(paths.begin(), paths.end());
  std::vector<FoundFile> files;
  for (const std::string& path : paths) {
    if (fs::is_directory(path, error)) continue;
    if (auto file = known_file(path, stated.value())) files.push_back(*std::move(file));
  }
  if (files.empty() && single) {
    return Error{7108,
                 fmt::format("{} has an ending that tells no format", options.path),
                 {fmt::format("endings are {}, also packed as in .csv.gz or .jsonl.zst", kEndingWords),
                  "or state format = \"csv\", \"jsonl\", \"parquet\" or \"arrow\""}};
  }
  if (files.empty()) {
    Error none{7102, fmt::format("{} {} no data file", options.path, folder ? "holds" : "matches"), {}};
    none.notes.push_back(paths.empty() ? "nothing is there"
                                       : fmt::format("files end in {}, or a format is stated", kEndingWords));
    return none;
  }
  for (FoundFile& file : files) {
    if (auto fine = check_file(&file); !fine.ok()) return fine.error();
  }
  return files;
}

}  // namespace alidade
