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

namespace alidade {
namespace {

namespace fs = std::filesystem;

bool take_ending(std::string_view* name, std::string_view ending) {
  if (!name->ends_with(ending)) return false;
  name->remove_suffix(ending.size());
  return true;
}

// What a file's name and the stated format make of it; nullopt where the ending is not known.
std::optional<FoundFile> known_file(const std::string& path, std::optional<FileFormat> stated) {
  FoundFile file{path, FileFormat::kCsv, false, 0};
  std::string_view name = path;
  file.gzipped = take_ending(&name, ".gz");
  const bool csv = name.ends_with(".csv"), parquet = name.ends_with(".parquet");
  if (!stated && !csv && !parquet) return std::nullopt;
  file.format = stated ? *stated : parquet ? FileFormat::kParquet : FileFormat::kCsv;
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
  if (options.format == "csv") return std::optional(FileFormat::kCsv);
  if (options.format == "parquet") return std::optional(FileFormat::kParquet);
  return Error{7108, fmt::format("there is no format \"{}\"; it is \"csv\" or \"parquet\"", options.format), {}};
}

Status check_file(FoundFile* file) {
  std::error_code error;
  file->bytes = static_cast<int64_t>(fs::file_size(file->path, error));
  if (error || access(file->path.c_str(), R_OK) != 0) {
    const std::string reason = error ? error.message() : std::strerror(errno);
    return Error{7107, fmt::format("{} cannot be opened: {}", file->path, reason), {}};
  }
  if (file->bytes == 0) return Error{7106, fmt::format("{} is empty: it has no header and no rows", file->path), {}};
  return Done{};
}

}  // namespace

Result<std::vector<FoundFile>> find_source_files(const SourceOptions& options) {
  const auto stated = stated_format(options);
  if (!stated.ok()) return stated.error();
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
                 {"endings are .csv, .csv.gz and .parquet; or state format = \"csv\" or \"parquet\""}};
  }
  if (files.empty()) {
    Error none{7102, fmt::format("{} {} no data file", options.path, folder ? "holds" : "matches"), {}};
    none.notes.push_back(paths.empty() ? "nothing is there"
                                       : "files end in .csv, .csv.gz or .parquet, or a format is stated");
    return none;
  }
  for (FoundFile& file : files) {
    if (auto fine = check_file(&file); !fine.ok()) return fine.error();
  }
  return files;
}

}  // namespace alidade
