// A source is its files, one after another. Door: readers.h.
#include "runtime/readers/readers.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "runtime/readers/data_file.h"

namespace alidade {
namespace {

// What the libraries below throw ends here.
template <typename Call>
auto guarded(const std::string& path, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    return Error{7107, fmt::format("{} cannot be read: {}", path, error.what()), {}};
  }
}

class FileSetSource : public BatchSource {
 public:
  FileSetSource(std::vector<FoundFile> files, std::vector<FieldSchema> fields, bool skip_bad_rows)
      : files_(std::move(files)), fields_(std::move(fields)), skip_bad_rows_(skip_bad_rows) {
    for (const FieldSchema& field : fields_) wanted_.push_back(&field);
    for (const FoundFile& file : files_) bytes_all_ += file.bytes;
  }

  // Opens the first file, so that a source that cannot be read says so before the run begins.
  Status start() { return open_next(); }

  Result<bool> next(Batch* batch) override {
    while (open_ != nullptr) {
      const FoundFile& file = files_[at_];
      auto more = guarded(file.path, [&] { return open_->next(batch); });
      bad_.append(open_->take_bad_rows());
      if (!more.ok() || *more) return more;
      bytes_before_ += file.bytes;
      ++at_;
      if (auto opened = open_next(); !opened.ok()) return opened.error();
    }
    return false;
  }

  BadRows take_bad_rows() override { return std::exchange(bad_, {}); }

  void progress(int64_t* done, int64_t* all) const override {
    *done = bytes_before_ + (open_ == nullptr ? 0 : open_->bytes_done());
    *all = bytes_all_;
  }

 private:
  Status open_next() {
    open_.reset();
    if (at_ == files_.size()) return Done{};
    const FoundFile& file = files_[at_];
    auto opened = guarded(file.path, [&] {
      return file.format == FileFormat::kCsv ? open_csv(file, wanted_, skip_bad_rows_) : open_parquet(file, wanted_);
    });
    if (!opened.ok()) return opened.error();
    open_ = std::move(*opened);
    return Done{};
  }

  std::vector<FoundFile> files_;
  std::vector<FieldSchema> fields_;
  WantedFields wanted_;
  bool skip_bad_rows_;
  size_t at_ = 0;
  std::unique_ptr<DataFile> open_;
  BadRows bad_;
  int64_t bytes_before_ = 0, bytes_all_ = 0;
};

}  // namespace

Result<std::unique_ptr<BatchSource>> open_source(const SourceOptions& options, const SourceSchema& schema,
                                                 const std::vector<int>& fields, bool skip_bad_rows) {
  auto files = find_source_files(options);
  if (!files.ok()) return files.error();
  std::vector<FieldSchema> wanted;
  for (const int field : fields) wanted.push_back(schema.fields[field]);
  auto source = std::make_unique<FileSetSource>(std::move(*files), std::move(wanted), skip_bad_rows);
  if (auto started = source->start(); !started.ok()) return started.error();
  return std::unique_ptr<BatchSource>(std::move(source));
}

Result<std::vector<FileColumn>> describe_source(const SourceOptions& options) {
  auto files = find_source_files(options);
  if (!files.ok()) return files.error();
  const FoundFile& first = files->front();
  return guarded(first.path,
                 [&] { return first.format == FileFormat::kCsv ? describe_csv(first) : describe_parquet(first); });
}

}  // namespace alidade
