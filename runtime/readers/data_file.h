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

using WantedFields = std::vector<const FieldSchema*>;

Result<std::unique_ptr<DataFile>> open_csv(const FoundFile& file, const WantedFields& fields, bool skip_bad_rows);
Result<std::vector<FileColumn>> describe_csv(const FoundFile& file);

Result<std::unique_ptr<DataFile>> open_parquet(const FoundFile& file, const WantedFields& fields);
Result<std::vector<FileColumn>> describe_parquet(const FoundFile& file);

}  // namespace alidade
