// Bytes of a file, unpacked if it is gzipped, and the wall at which Arrow's errors become ours. Internal to the
// readers' room: included by its .cpp files only, since it shows Arrow.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/status.h>
#include <arrow/util/type_fwd.h>

#include <memory>

#include "runtime/readers/source_files.h"

namespace alidade {

Error damaged_file(const std::string& path, const arrow::Status& status);

/// A file read from its beginning to its end.
class Input {
 public:
  static Result<std::unique_ptr<Input>> open(const FoundFile& file);
  /// Reads up to `bytes`; fewer only at the end of the file, where it returns 0.
  Result<int64_t> read(int64_t bytes, char* out);
  int64_t packed_bytes_done() const;

 private:
  std::string path_;
  std::shared_ptr<arrow::util::Codec> codec_;  // outlives stream_
  std::shared_ptr<arrow::io::InputStream> raw_;
  std::shared_ptr<arrow::io::InputStream> stream_;
};

/// A file to be read from any place; a gzipped one is unpacked into memory.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_random_access(const FoundFile& file);

}  // namespace alidade
