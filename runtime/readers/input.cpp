// Files through Arrow's streams. Door: input.h.
#include "runtime/readers/input.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>

namespace alidade {
namespace {

// The codec must live as long as the stream.
arrow::Result<std::shared_ptr<arrow::io::InputStream>> unpacked(std::shared_ptr<arrow::io::InputStream> raw,
                                                                std::shared_ptr<arrow::util::Codec>* codec) {
  ARROW_ASSIGN_OR_RAISE(*codec, arrow::util::Codec::Create(arrow::Compression::GZIP));
  ARROW_ASSIGN_OR_RAISE(auto stream, arrow::io::CompressedInputStream::Make(codec->get(), raw));
  return std::shared_ptr<arrow::io::InputStream>(std::move(stream));
}

arrow::Result<std::shared_ptr<arrow::Buffer>> read_all(arrow::io::InputStream* stream) {
  constexpr int64_t kStep = int64_t{1} << 22;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> all, arrow::AllocateResizableBuffer(0));
  for (int64_t size = 0;;) {
    if (all->capacity() < size + kStep) ARROW_RETURN_NOT_OK(all->Reserve(std::max(size + kStep, 2 * all->capacity())));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, stream->Read(kStep, all->mutable_data() + size));
    size += got;
    ARROW_RETURN_NOT_OK(all->Resize(size, false));
    if (got == 0) return std::shared_ptr<arrow::Buffer>(std::move(all));
  }
}

}  // namespace

Error damaged_file(const std::string& path, const arrow::Status& status) {
  const std::string& message = status.message();
  Error error{7107, fmt::format("{} cannot be read: {}", path, message.substr(0, message.find('\n'))), {}};
  error.notes.push_back("the file may have been cut short or damaged; write it again, or leave it out");
  return error;
}

Result<std::unique_ptr<Input>> Input::open(const FoundFile& file) {
  auto raw = arrow::io::ReadableFile::Open(file.path);
  if (!raw.ok()) return damaged_file(file.path, raw.status());
  auto input = std::make_unique<Input>();
  input->path_ = file.path;
  input->raw_ = input->stream_ = *raw;
  if (file.gzipped) {
    auto stream = unpacked(*raw, &input->codec_);
    if (!stream.ok()) return damaged_file(file.path, stream.status());
    input->stream_ = *stream;
  }
  return input;
}

Result<int64_t> Input::read(int64_t bytes, char* out) {
  int64_t done = 0;
  while (done < bytes) {
    auto got = stream_->Read(bytes - done, out + done);
    if (!got.ok()) return damaged_file(path_, got.status());
    if (*got == 0) break;
    done += *got;
  }
  return done;
}

int64_t Input::packed_bytes_done() const {
  const auto at = raw_->Tell();
  return at.ok() ? *at : 0;
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_random_access(const FoundFile& file) {
  auto raw = arrow::io::ReadableFile::Open(file.path);
  if (!raw.ok()) return damaged_file(file.path, raw.status());
  if (!file.gzipped) return std::shared_ptr<arrow::io::RandomAccessFile>(*raw);
  std::shared_ptr<arrow::util::Codec> codec;
  auto stream = unpacked(*raw, &codec);
  if (!stream.ok()) return damaged_file(file.path, stream.status());
  auto all = read_all(stream->get());
  if (!all.ok()) return damaged_file(file.path, all.status());
  return std::shared_ptr<arrow::io::RandomAccessFile>(std::make_shared<arrow::io::BufferReader>(*all));
}

}  // namespace alidade
