// One open data file, whatever its format. Internal to the readers' room (door: readers.h); knows no Arrow.
#pragma once

#include <memory>
#include <vector>

#include "runtime/readers/source_files.h"

namespace alidade {

class DataFile {
 public:
  virtual ~DataFile() = default;
  /// As BatchSource::next. The columns are those of the fields it was opened for.
  virtual Result<bool> next(Batch* batch) = 0;
  virtual BadRows take_bad_rows() { return {}; }
  /// Bytes of the file read so far.
  virtual int64_t bytes_done() const = 0;
};

/// What is read of a file, and how. Borrowed by what is opened with it.
struct FileRequest {
  std::vector<const FieldSchema*> fields;
  SourceOptions options;
  bool skip_bad_rows = false;
  PartFilter* filter = nullptr;  ///< as BatchSource::set_filter; asked whenever a part is about to be read
};

Result<std::unique_ptr<DataFile>> open_csv(const FoundFile& file, const FileRequest& request);
Result<std::vector<FileColumn>> describe_csv(const FoundFile& file, const SourceOptions& options);
Result<char> detect_csv_delimiter(const FoundFile& file, const SourceOptions& options);

Result<std::unique_ptr<DataFile>> open_json_lines(const FoundFile& file, const FileRequest& request);
Result<std::vector<FileColumn>> describe_json_lines(const FoundFile& file);

Result<std::unique_ptr<DataFile>> open_parquet(const FoundFile& file, const FileRequest& request);
Result<std::vector<FileColumn>> describe_parquet(const FoundFile& file);

Result<std::unique_ptr<DataFile>> open_arrow(const FoundFile& file, const FileRequest& request);
Result<std::vector<FileColumn>> describe_arrow(const FoundFile& file);

}  // namespace alidade
