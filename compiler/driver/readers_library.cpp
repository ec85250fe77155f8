// The readers' functions, through their library; see readers.h of the room. Arrow is loaded by the first call.
#include "runtime/readers/readers.h"

#include <cstdlib>

#include "compiler/driver/sources.h"

namespace alidade {
namespace {

// Arrow's own allocator starts by clearing megabytes, and reads no faster than the C library's.
Result<const CageDoor*> open_readers() {
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 0);
  return open_cage("readers");
}

const Result<const CageDoor*>& library() {
  static const Result<const CageDoor*> opened = open_readers();
  return opened;
}

const ReadersDoor& door() { return *static_cast<const ReadersDoor*>(library().value()); }

}  // namespace

void load_readers() { static_cast<void>(library().ok()); }

Result<std::unique_ptr<BatchSource>> open_source(const SourceOptions& options, const SourceSchema& schema,
                                                 const std::vector<int>& fields, bool skip_bad_rows) {
  if (!library()) return library().error();
  return door().open(options, schema, fields, skip_bad_rows);
}

Result<std::vector<FileColumn>> describe_source(const SourceOptions& options) {
  if (!library()) return library().error();
  return door().describe(options);
}

Result<std::string> row_bytes(Batch rows, const std::string& about, RowFormat format) {
  if (!library()) return library().error();
  return door().bytes(std::move(rows), about, format);
}

Result<char> detect_delimiter(const SourceOptions& options) {
  if (!library()) return library().error();
  return door().delimiter(options);
}

}  // namespace alidade
