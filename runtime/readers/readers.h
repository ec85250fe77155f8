// Files become batches, and results files. Arrow lives in this room and nowhere else; what leaves is Arrow C Data. The
// room is a library of its own, loaded when a file is first opened: the driver calls these functions through it. Door
// of runtime/readers; tested in tests/unit/readers_test.cpp. A source is used from one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/batch.h"
#include "runtime/cage.h"

namespace alidade {

/// Where a stream's rows are and how they are written: a file, a folder (every file in it of a known ending, by name),
/// a glob, or "-", the standard input. CSV, JSON Lines, Parquet and Arrow IPC, plain or packed; the ending decides
/// unless `format` is "csv", "jsonl", "parquet" or "arrow". Of a standard input the first bytes decide.
struct SourceOptions {
  std::string path;
  std::string format;
  std::string
      shown;  ///< "": `path`; else `path` is a file that stands for the standard input, and its name in messages
  char delimiter = 0;  ///< CSV; 0: a tab in .tsv files, else a comma
  char quote = '"';    ///< CSV; 0: cells are never quoted
  DataForm form;
  bool empty_is_missing = true;  ///< CSV: of an optional field
};

/// Columns are FieldSchema::source paths: a column name, a nested path "device.os", or a key of a key-value list
/// "event_params['page']" (a list of structs {key, value}; of a struct value the member whose type fits the field's
/// kind is taken). Every batch has exactly these columns, flat, in this order, named by the path. Errors: AL7101…
/// missing (AL7102) or empty (AL7106) source, missing column (AL7104), damaged file (AL7107).
Result<std::unique_ptr<BatchSource>> open_source(const SourceOptions& options, const SourceSchema& schema,
                                                 const std::vector<int>& fields, bool skip_bad_rows);

/// The paths of the first file's columns, and their Arrow types; of JSON Lines what its first lines have, of CSV all
/// are "text". For messages and `init --from`.
struct FileColumn {
  std::string name;
  std::string type;
};
Result<std::vector<FileColumn>> describe_source(const SourceOptions& options);

/// What most likely separates the cells of a CSV source: a comma, a semicolon, a tab or a bar.
Result<char> detect_delimiter(const SourceOptions& options);

/// Rows as the bytes of a file; `about` goes along as the metadata "alidade". Error AL8201.
enum class RowFormat : uint8_t { kParquet, kArrowFile, kArrowStream };
Result<std::string> row_bytes(Batch rows, const std::string& about, RowFormat format);

/// What the room's library shows: alidade_readers_door.
struct ReadersDoor : CageDoor {
  decltype(&open_source) open;
  decltype(&describe_source) describe;
  decltype(&detect_delimiter) delimiter;
  decltype(&row_bytes) bytes;
};

}  // namespace alidade
