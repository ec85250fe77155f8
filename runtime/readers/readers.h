// Files become batches. Arrow lives in this room and nowhere else; what leaves is Arrow C Data. The room is a library
// of its own, loaded when a file is first opened: the driver calls these functions through it. Door of runtime/readers;
// tested in tests/unit/readers_test.cpp. A source is used from one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/batch.h"
#include "runtime/cage.h"

namespace alidade {

/// Where a stream's rows are: a file, a folder (every file in it of a known ending, by name) or a glob. CSV and
/// Parquet, plain or .gz; the ending decides unless `format` is "csv" or "parquet".
struct SourceOptions {
  std::string path;
  std::string format;
};

/// Columns are FieldSchema::source paths: a column name, a nested path "device.os", or a key of a key-value list
/// "event_params['page']" (a list of structs {key, value}; of a struct value the member whose type fits the field's
/// kind is taken). Every batch has exactly these columns, flat, in this order, named by the path. Errors: AL7101…
/// missing (AL7102) or empty (AL7106) source, missing column (AL7104), damaged file (AL7107).
Result<std::unique_ptr<BatchSource>> open_source(const SourceOptions& options, const SourceSchema& schema,
                                                 const std::vector<int>& fields, bool skip_bad_rows);

/// Column names and Arrow types of the first file, for messages and `init --from`.
struct FileColumn {
  std::string name;
  std::string type;
};
Result<std::vector<FileColumn>> describe_source(const SourceOptions& options);

/// What the room's library shows: alidade_readers_door.
struct ReadersDoor : CageDoor {
  decltype(&open_source) open;
  decltype(&describe_source) describe;
};

}  // namespace alidade
