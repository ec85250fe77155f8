// The files that a source's path stands for. Internal to the readers' room (door: readers.h); knows no Arrow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/readers/readers.h"

namespace alidade {

enum class FileFormat : uint8_t { kCsv, kParquet };

struct FoundFile {
  std::string path;
  FileFormat format = FileFormat::kCsv;
  bool gzipped = false;
  int64_t bytes = 0;
};

/// The files in the order they are read (by name). Errors: AL7102 nothing there, AL7106 a file of no bytes, AL7107 a
/// file that may not be opened, AL7108 a format that is not read.
Result<std::vector<FoundFile>> find_source_files(const SourceOptions& options);

}  // namespace alidade
