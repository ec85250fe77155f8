// Arrow IPC as batches: the file format and the stream format, told apart by their first bytes. Door: data_file.h.
// Nested columns are laid flat.
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/readers/data_file.h"
#include "runtime/readers/input.h"
#include "runtime/readers/nested_columns.h"

namespace alidade {
namespace {

constexpr int64_t kBatchRows = int64_t{1} << 17;

class ArrowFile : public DataFile {
 public:
  static Result<std::unique_ptr<ArrowFile>> open(const FoundFile& file);
  Status find_columns(const FileRequest& request);
  const arrow::Schema& schema() const { return file_ != nullptr ? *file_->schema() : *stream_->schema(); }

  Result<bool> next(Batch* batch) override;
  int64_t bytes_done() const override;

 private:
  /// The next record batch of the file, null at its end.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> read();

  std::string shown_;
  int64_t bytes_ = 0;
  std::shared_ptr<Input> input_;                                 // of a stream
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> stream_;  // or
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  NestedColumns columns_;
  std::shared_ptr<arrow::RecordBatch> read_;  // what is left of it has not been handed out
  int64_t offset_ = 0;
  int batch_ = 0;
  int64_t row_ = 0;
};

Result<std::unique_ptr<ArrowFile>> ArrowFile::open(const FoundFile& file) {
  auto input = Input::open(file);
  if (!input.ok()) return input.error();
  auto first = (*input)->look(6);
  if (!first.ok()) return first.error();
  auto opened = std::make_unique<ArrowFile>();
  opened->shown_ = file.shown;
  opened->bytes_ = file.bytes;
  if (*first == "ARROW1") {
    auto whole = open_random_access(file);
    if (!whole.ok()) return whole.error();
    auto reader = arrow::ipc::RecordBatchFileReader::Open(*whole);
    if (!reader.ok()) return damaged_file(file.shown, reader.status());
    opened->file_ = *reader;
  } else {
    opened->input_ = *input;
    auto reader = arrow::ipc::RecordBatchStreamReader::Open((*input)->stream());
    if (!reader.ok()) return damaged_file(file.shown, reader.status());
    opened->stream_ = *reader;
  }
  return opened;
}

Status ArrowFile::find_columns(const FileRequest& request) {
  auto columns = NestedColumns::resolve(shown_, schema(), request);
  if (!columns.ok()) return columns.error();
  columns_ = std::move(*columns);
  return Done{};
}

int64_t ArrowFile::bytes_done() const {
  if (input_ != nullptr) return input_->packed_bytes_done();
  const int all = file_->num_record_batches();
  return all == 0 ? bytes_ : bytes_ * batch_ / all;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ArrowFile::read() {
  std::shared_ptr<arrow::RecordBatch> next;
  if (stream_ != nullptr) {
    ARROW_RETURN_NOT_OK(stream_->ReadNext(&next));
  } else if (batch_ < file_->num_record_batches()) {
    ARROW_ASSIGN_OR_RAISE(next, file_->ReadRecordBatch(batch_++));
  }
  if (next == nullptr) return next;
  // What a damaged file says about lengths and offsets is looked at before anything follows it.
  std::vector<int> wanted;
  for (const NestedColumn& column : columns_.columns())
    wanted.push_back(next->schema()->GetFieldIndex(column.names[0]));
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  ARROW_ASSIGN_OR_RAISE(next, next->SelectColumns(wanted));
  ARROW_RETURN_NOT_OK(next->ValidateFull());
  return next;
}

Result<bool> ArrowFile::next(Batch* batch) {
  while (read_ == nullptr || offset_ == read_->num_rows()) {
    auto more = read();
    if (!more.ok()) return damaged_file(shown_, more.status());
    if (*more == nullptr) return false;
    read_ = *more;
    offset_ = 0;
  }
  const auto rows = read_->Slice(offset_, kBatchRows);
  offset_ += rows->num_rows();
  *batch = Batch();
  if (const auto status = columns_.flatten(*rows, batch); !status.ok()) return damaged_file(shown_, status);
  batch->file = shown_;
  batch->first_row = row_ + 1;
  row_ += rows->num_rows();
  return true;
}

}  // namespace

Result<std::unique_ptr<DataFile>> open_arrow(const FoundFile& file, const FileRequest& request) {
  auto opened = ArrowFile::open(file);
  if (!opened.ok()) return opened.error();
  if (auto done = (*opened)->find_columns(request); !done.ok()) return done.error();
  return std::unique_ptr<DataFile>(std::move(*opened));
}

Result<std::vector<FileColumn>> describe_arrow(const FoundFile& file) {
  auto opened = ArrowFile::open(file);
  if (!opened.ok()) return opened.error();
  return column_paths((*opened)->schema());
}

}  // namespace alidade
