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

Result<std::unique_ptr<DataFile>> open_file(const FoundFile& file, const FileRequest& request) {
  switch (file.format) {
    case FileFormat::kCsv:
      return open_csv(file, request);
    case FileFormat::kJsonLines:
      return open_json_lines(file, request);
    case FileFormat::kParquet:
      return open_parquet(file, request);
    case FileFormat::kArrow:
      return open_arrow(file, request);
  }
  return open_csv(file, request);
}

class FileSetSource : public BatchSource {
 public:
  FileSetSource(std::vector<FoundFile> files, const SourceOptions& options, std::vector<FieldSchema> fields,
                bool skip_bad_rows)
      : files_(std::move(files)),
        fields_(std::move(fields)),
        form_(std::make_shared<const DataForm>(options.form)),
        request_{{}, options, skip_bad_rows} {
    for (const FieldSchema& field : fields_) request_.fields.push_back(&field);
    for (const FoundFile& file : files_) bytes_all_ += file.bytes;
  }

  // Opens the first file, so that a source that cannot be read says so before the run begins.
  Status start() { return open_next(); }

  Result<bool> next(Batch* batch) override {
    while (open_ != nullptr) {
      const FoundFile& file = files_[at_];
      auto more = guarded(file.shown, [&] { return open_->next(batch); });
      bad_.append(open_->take_bad_rows());
      batch->form = form_;
      if (!more.ok() || *more) return more;
      bytes_before_ += file.bytes;
      ++at_;
      if (auto opened = open_next(); !opened.ok()) return opened.error();
    }
    return false;
  }

  BadRows take_bad_rows() override { return std::exchange(bad_, {}); }
  void set_filter(PartFilter* filter) override { request_.filter = filter; }

  void progress(int64_t* done, int64_t* all) const override {
    *done = bytes_before_ + (open_ == nullptr ? 0 : open_->bytes_done());
    *all = bytes_all_;
  }

 private:
  Status open_next() {
    open_.reset();
    if (at_ == files_.size()) return Done{};
    const FoundFile& file = files_[at_];
    auto opened = guarded(file.shown, [&] { return open_file(file, request_); });
    if (!opened.ok()) return opened.error();
    open_ = std::move(*opened);
    return Done{};
  }

  std::vector<FoundFile> files_;
  std::vector<FieldSchema> fields_;
  std::shared_ptr<const DataForm> form_;
  FileRequest request_;
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
  auto source = std::make_unique<FileSetSource>(std::move(*files), options, std::move(wanted), skip_bad_rows);
  if (auto started = source->start(); !started.ok()) return started.error();
  return std::unique_ptr<BatchSource>(std::move(source));
}

Result<std::vector<FileColumn>> describe_source(const SourceOptions& options) {
  auto files = find_source_files(options);
  if (!files.ok()) return files.error();
  const FoundFile& first = files->front();
  return guarded(first.shown, [&] {
    switch (first.format) {
      case FileFormat::kCsv:
        return describe_csv(first, options);
      case FileFormat::kJsonLines:
        return describe_json_lines(first);
      case FileFormat::kParquet:
        return describe_parquet(first);
      case FileFormat::kArrow:
        return describe_arrow(first);
    }
    return describe_csv(first, options);
  });
}

Result<char> detect_delimiter(const SourceOptions& options) {
  auto files = find_source_files(options);
  if (!files.ok()) return files.error();
  const FoundFile& first = files->front();
  return guarded(first.shown, [&] { return detect_csv_delimiter(first, options); });
}

}  // namespace alidade
