// Files through Arrow's streams. Door: input.h.
#include "runtime/readers/input.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace alidade {
namespace {

// Bytes that were read already, then the rest of a stream.
class PrefixedStream : public arrow::io::InputStream {
 public:
  PrefixedStream(std::string prefix, std::shared_ptr<arrow::io::InputStream> rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}
  // Fewer bytes than asked for only at the end, as Arrow's readers take it.
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    char* to = static_cast<char*>(out);
    int64_t done = std::min(bytes, static_cast<int64_t>(prefix_.size()) - at_);
    std::memcpy(to, prefix_.data() + at_, static_cast<size_t>(done));
    at_ += done;
    while (done < bytes) {
      ARROW_ASSIGN_OR_RAISE(const int64_t got, rest_->Read(bytes - done, to + done));
      if (got == 0) break;
      done += got;
    }
    return done;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes));
    ARROW_ASSIGN_OR_RAISE(const int64_t done, Read(bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(done));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Status Close() override { return rest_->Close(); }
  bool closed() const override { return rest_->closed(); }
  arrow::Result<int64_t> Tell() const override { return rest_->Tell(); }

 private:
  std::string prefix_;
  int64_t at_ = 0;
  std::shared_ptr<arrow::io::InputStream> rest_;
};

class StandardInput : public arrow::io::InputStream {
 public:
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    ssize_t got = 0;
    do got = ::read(STDIN_FILENO, out, static_cast<size_t>(bytes));
    while (got < 0 && errno == EINTR);
    if (got < 0) return arrow::Status::IOError(std::strerror(errno));
    at_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t) override {
    return arrow::Status::NotImplemented("read through a PrefixedStream");
  }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return at_; }

 private:
  int64_t at_ = 0;
};

// Takes the first bytes of a stream and puts them back.
arrow::Result<std::string> looked_at(int64_t bytes, std::shared_ptr<arrow::io::InputStream>* stream) {
  std::string first(static_cast<size_t>(bytes), '\0');
  int64_t done = 0;
  while (done < bytes) {
    ARROW_ASSIGN_OR_RAISE(const int64_t got, (*stream)->Read(bytes - done, first.data() + done));
    if (got == 0) break;
    done += got;
  }
  first.resize(static_cast<size_t>(done));
  *stream = std::make_shared<PrefixedStream>(first, *stream);
  return first;
}

Packing packing_of(std::string_view bytes) {
  if (bytes.starts_with("\x1F\x8B")) return Packing::kGzip;
  if (bytes.starts_with("\x28\xB5\x2F\xFD")) return Packing::kZstd;
  if (bytes.starts_with("\x04\x22\x4D\x18")) return Packing::kLz4;
  return bytes.starts_with("BZh") ? Packing::kBzip : Packing::kNone;  // Brotli has no first bytes of its own
}

arrow::Compression::type codec_of(Packing packing) {
  switch (packing) {
    case Packing::kNone:
    case Packing::kTold:
      return arrow::Compression::UNCOMPRESSED;
    case Packing::kGzip:
      return arrow::Compression::GZIP;
    case Packing::kZstd:
      return arrow::Compression::ZSTD;
    case Packing::kLz4:
      return arrow::Compression::LZ4_FRAME;
    case Packing::kBzip:
      return arrow::Compression::BZ2;
    case Packing::kBrotli:
      return arrow::Compression::BROTLI;
  }
  return arrow::Compression::UNCOMPRESSED;
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

arrow::Status Input::open_streams(const FoundFile& file) {
  Packing packing = file.packing;
  if (file.path == "-") {
    raw_ = std::make_shared<StandardInput>();
  } else {
    ARROW_ASSIGN_OR_RAISE(raw_, arrow::io::ReadableFile::Open(file.path));
  }
  if (packing == Packing::kTold) {
    ARROW_ASSIGN_OR_RAISE(const std::string first, looked_at(4, &raw_));
    packing = packing_of(first);
  }
  stream_ = raw_;
  if (packing == Packing::kNone) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(codec_, arrow::util::Codec::Create(codec_of(packing)));
  ARROW_ASSIGN_OR_RAISE(stream_, arrow::io::CompressedInputStream::Make(codec_.get(), raw_));
  return arrow::Status::OK();
}

Result<std::shared_ptr<Input>> Input::open(const FoundFile& file) {
  if (file.opened != nullptr) return file.opened;
  auto input = std::make_shared<Input>();
  input->shown_ = file.shown;
  if (const auto status = input->open_streams(file); !status.ok()) return damaged_file(file.shown, status);
  return input;
}

Result<int64_t> Input::read(int64_t bytes, char* out) {
  int64_t done = 0;
  while (done < bytes) {
    auto got = stream_->Read(bytes - done, out + done);
    if (!got.ok()) return damaged_file(shown_, got.status());
    if (*got == 0) break;
    done += *got;
  }
  return done;
}

Result<std::string> Input::look(int64_t bytes) {
  auto first = looked_at(bytes, &stream_);
  if (!first.ok()) return damaged_file(shown_, first.status());
  return *first;
}

int64_t Input::packed_bytes_done() const {
  const auto at = raw_->Tell();
  return at.ok() ? *at : 0;
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_random_access(const FoundFile& file) {
  if (file.packing == Packing::kNone) {
    auto raw = arrow::io::ReadableFile::Open(file.path);
    if (!raw.ok()) return damaged_file(file.shown, raw.status());
    return std::shared_ptr<arrow::io::RandomAccessFile>(*raw);
  }
  auto input = Input::open(file);
  if (!input.ok()) return input.error();
  auto all = read_all((*input)->stream().get());
  if (!all.ok()) return damaged_file(file.shown, all.status());
  return std::shared_ptr<arrow::io::RandomAccessFile>(std::make_shared<arrow::io::BufferReader>(*all));
}

}  // namespace alidade
