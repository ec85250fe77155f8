// Bytes of a file or of the standard input, unpacked, and the wall at which Arrow's errors become ours. Internal to the
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
  static Result<std::shared_ptr<Input>> open(const FoundFile& file);
  /// Reads up to `bytes`; fewer only at the end of the file, where it returns 0.
  Result<int64_t> read(int64_t bytes, char* out);
  /// The first bytes, fewer if there are no more, which stay to be read. Before any read.
  Result<std::string> look(int64_t bytes);
  int64_t packed_bytes_done() const;
  /// For Arrow's own readers.
  const std::shared_ptr<arrow::io::InputStream>& stream() const { return stream_; }

 private:
  arrow::Status open_streams(const FoundFile& file);

  std::string shown_;
  std::shared_ptr<arrow::util::Codec> codec_;  // outlives stream_
  std::shared_ptr<arrow::io::InputStream> raw_;
  std::shared_ptr<arrow::io::InputStream> stream_;
};

/// A file to be read from any place; a packed one and the standard input are read into memory.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_random_access(const FoundFile& file);

}  // namespace alidade
