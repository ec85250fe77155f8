// Rows as the bytes of a Parquet or Arrow file. Door: readers.h.
#include <arrow/c/bridge.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include <exception>

#include "runtime/readers/readers.h"

namespace alidade {
namespace {

arrow::Result<std::shared_ptr<arrow::Buffer>> written(Batch* rows, const std::string& about, RowFormat format) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch,
                        arrow::ImportRecordBatch(&rows->array, &rows->schema));
  batch = batch->ReplaceSchemaMetadata(arrow::key_value_metadata({"alidade"}, {about}));
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  if (format == RowFormat::kParquet) {
    ARROW_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches({batch}));
    const auto packed = parquet::WriterProperties::Builder().compression(parquet::Compression::SNAPPY)->build();
    const auto typed = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_RETURN_NOT_OK(
        parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, int64_t{1} << 20, packed, typed));
    return sink->Finish();
  }
  ARROW_ASSIGN_OR_RAISE(const auto writer, format == RowFormat::kArrowFile
                                               ? arrow::ipc::MakeFileWriter(sink, batch->schema())
                                               : arrow::ipc::MakeStreamWriter(sink, batch->schema()));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  return sink->Finish();
}

}  // namespace

Result<std::string> row_bytes(Batch rows, const std::string& about, RowFormat format) {
  const auto failed = [](const std::string& why) {
    return Error{8201, fmt::format("the result cannot be written: {}", why), {}};
  };
  try {
    const auto bytes = written(&rows, about, format);
    if (!bytes.ok()) return failed(bytes.status().message());
    return (*bytes)->ToString();
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}

}  // namespace alidade
