// JSON Lines as batches of text columns, one object a line. Door: data_file.h. A row's number is its line's.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "runtime/column_buffers.h"
#include "runtime/readers/data_file.h"
#include "runtime/readers/json_fields.h"
#include "runtime/readers/text_blocks.h"

namespace alidade {
namespace {

constexpr int kSampled = 2000;  // lines that are looked at to know what there is

// Lines of a file, numbered from 1.
class JsonLines {
 public:
  static Result<JsonLines> open(const FoundFile& file) {
    auto blocks = TextBlocks::open(file);
    if (!blocks.ok()) return blocks.error();
    JsonLines lines(std::move(*blocks));
    const std::string_view text(lines.at_, static_cast<size_t>(lines.blocks_.end() - lines.at_));
    const size_t mark = text.find_first_not_of(" \t\r\n");
    if (mark != std::string_view::npos && text[mark] == '[') {
      return Error{7107,
                   fmt::format("{} is one JSON list, not an object a line", file.shown),
                   {"turn it into lines, for example with: jq -c '.[]'"}};
    }
    return lines;
  }

  /// The next line within the block, without its end; nullopt at the block's end.
  std::optional<std::string_view> next() {
    if (at_ == blocks_.end()) return std::nullopt;
    const auto left = static_cast<size_t>(blocks_.end() - at_);
    const char* end = static_cast<const char*>(std::memchr(at_, '\n', left));
    if (end == nullptr && !blocks_.last()) return std::nullopt;
    const std::string_view line(at_, end == nullptr ? left : static_cast<size_t>(end - at_));
    at_ = end == nullptr ? blocks_.end() : end + 1;
    ++number_;
    return line;
  }
  Result<bool> refill() {
    auto more = blocks_.refill(at_, number_ + 1);
    if (more.ok() && *more) at_ = blocks_.begin();
    return more;
  }
  int64_t number() const { return number_; }  ///< of the line read last
  int64_t packed_bytes_done() const { return blocks_.packed_bytes_done(); }

  /// Back to the first line, within the first block.
  void rewind() {
    at_ = blocks_.begin();
    number_ = 0;
  }

 private:
  explicit JsonLines(TextBlocks blocks) : blocks_(std::move(blocks)), at_(blocks_.begin()) {}

  TextBlocks blocks_;
  const char* at_;
  int64_t number_ = 0;
};

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

// The columns of the first lines.
std::vector<FileColumn> sampled_columns(JsonLines* lines) {
  JsonFields fields({});
  std::vector<FileColumn> columns;
  for (int i = 0; i < kSampled; ++i) {
    const auto line = lines->next();
    if (!line) break;
    if (!is_blank(*line)) fields.describe(*line, &columns);  // a broken line is told when it is read
  }
  lines->rewind();
  return columns;
}

// Fields with one source share its column.
std::vector<std::string> paths_of(const FileRequest& request) {
  std::vector<std::string> paths;
  for (const FieldSchema* field : request.fields) {
    if (std::find(paths.begin(), paths.end(), field->source) == paths.end()) paths.push_back(field->source);
  }
  return paths;
}

class JsonFile : public DataFile {
 public:
  JsonFile(const FoundFile& file, const FileRequest& request, JsonLines lines)
      : shown_(file.shown), request_(request), lines_(std::move(lines)), paths_(paths_of(request)), fields_(paths_) {
    for (const FieldSchema* field : request.fields) {
      const auto path = std::find(paths_.begin(), paths_.end(), field->source);
      names_.push_back({field->source, static_cast<size_t>(path - paths_.begin())});
    }
    cells_.resize(paths_.size());
  }
  Status find_columns();
  Result<bool> next(Batch* batch) override;
  BadRows take_bad_rows() override { return std::exchange(bad_, {}); }
  int64_t bytes_done() const override { return lines_.packed_bytes_done(); }

 private:
  Status append_row();
  bool emit(int64_t first_row, Batch* batch);

  std::string shown_;
  const FileRequest& request_;
  JsonLines lines_;
  std::vector<std::string> paths_;
  JsonFields fields_;
  std::vector<NamedColumn> names_;
  std::vector<ColumnBuffers> columns_;
  std::vector<JsonCell> cells_;
  BadRows bad_;
};

// A required field that none of the first lines has is a misspelt one; an optional one may only be rare.
Status JsonFile::find_columns() {
  std::vector<bool> seen(paths_.size(), true);
  int64_t sampled = 0;
  for (auto line = lines_.next(); line && sampled < kSampled; line = lines_.next()) {
    if (!fields_.read(*line, &cells_).empty()) continue;
    if (sampled++ == 0) seen.assign(paths_.size(), false);
    for (size_t i = 0; i < cells_.size(); ++i) seen[i] = seen[i] || cells_[i].kind != JsonCell::Kind::kAbsent;
  }
  lines_.rewind();
  for (size_t i = 0; i < names_.size(); ++i) {
    if (seen[names_[i].column] || request_.fields[i]->optional) continue;
    std::vector<std::string> there;
    for (const FileColumn& column : sampled_columns(&lines_)) there.push_back(column.name);
    return missing_column_error(shown_, *request_.fields[i], there);
  }
  return Done{};
}

Status JsonFile::append_row() {
  for (size_t i = 0; i < cells_.size(); ++i) {
    switch (cells_[i].kind) {
      case JsonCell::Kind::kAbsent:
      case JsonCell::Kind::kNull:
        columns_[i].append_null(0);
        break;
      case JsonCell::Kind::kText:
        columns_[i].append_text(cells_[i].text);
        break;
      case JsonCell::Kind::kObject:
        return Error{7105,
                     fmt::format("{} row {}: \"{}\" is an object or a list", shown_, lines_.number(), paths_[i]),
                     {fmt::format("a field has one value in a row: name a member, {}.NAME, or a key, {}['KEY']",
                                  paths_[i], paths_[i])}};
    }
  }
  return Done{};
}

bool JsonFile::emit(int64_t first_row, Batch* batch) {
  *batch = make_batch(std::exchange(columns_, {}), names_);
  batch->file = shown_;
  batch->first_row = first_row;
  return true;
}

// Rows of a batch are neighbours in the file: a blank or a broken line ends it.
Result<bool> JsonFile::next(Batch* batch) {
  constexpr int64_t kMostRows = int64_t{1} << 16;
  columns_.assign(cells_.size(), ColumnBuffers("z"));
  int64_t rows = 0, first_row = lines_.number() + 1;
  while (rows < kMostRows) {
    const auto line = lines_.next();
    if (!line) {
      if (rows > 0) return emit(first_row, batch);
      auto more = lines_.refill();
      if (!more.ok() || !*more) return more;
      continue;
    }
    std::string problem;
    const bool blank = is_blank(*line);
    if (!blank) problem = fields_.read(*line, &cells_);
    if (!blank && problem.empty()) {
      if (auto appended = append_row(); !appended.ok()) return appended.error();
      ++rows;
      continue;
    }
    if (!blank) {
      BadRows wrong;
      wrong.add({BadRow::kNotARecord, shown_, lines_.number(), "", "", problem});
      if (!request_.skip_bad_rows) return bad_rows_error(wrong);
      bad_.append(wrong);
    }
    if (rows > 0) return emit(first_row, batch);
    first_row = lines_.number() + 1;
  }
  return emit(first_row, batch);
}

}  // namespace

Result<std::unique_ptr<DataFile>> open_json_lines(const FoundFile& file, const FileRequest& request) {
  auto lines = JsonLines::open(file);
  if (!lines.ok()) return lines.error();
  auto json = std::make_unique<JsonFile>(file, request, std::move(*lines));
  if (auto found = json->find_columns(); !found.ok()) return found.error();
  return std::unique_ptr<DataFile>(std::move(json));
}

Result<std::vector<FileColumn>> describe_json_lines(const FoundFile& file) {
  auto lines = JsonLines::open(file);
  if (!lines.ok()) return lines.error();
  return sampled_columns(&*lines);
}

}  // namespace alidade
