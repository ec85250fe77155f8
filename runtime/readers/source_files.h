// The files that a source's path stands for. Internal to the readers' room (door: readers.h); knows no Arrow.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/readers/readers.h"

namespace alidade {

enum class FileFormat : uint8_t { kCsv, kJsonLines, kParquet, kArrow };
enum class Packing : uint8_t { kNone, kGzip, kZstd, kLz4, kBzip, kBrotli, kTold /* by the first bytes */ };

class Input;

struct FoundFile {
  std::string path;   ///< "-": the standard input
  std::string shown;  ///< its name in messages
  FileFormat format = FileFormat::kCsv;
  bool tabs = false;  ///< the ending says that tabs separate the cells
  Packing packing = Packing::kNone;
  int64_t bytes = 0;              ///< 0 for the standard input
  std::shared_ptr<Input> opened;  ///< the standard input, at its beginning
};

/// The files in the order they are read (by name). Errors: AL7102 nothing there, AL7106 a file of no bytes, AL7107 a
/// file that may not be opened, AL7108 a format that is not read. The standard input, and
/// a file that stands for it (SourceOptions::shown), is opened to see its first bytes: they tell its packing and, where
/// it is not stated, its format.
Result<std::vector<FoundFile>> find_source_files(const SourceOptions& options);

}  // namespace alidade
