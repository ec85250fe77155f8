// Offsets to lines and columns. Door: source.h.
#include "compiler/support/source.h"

#include <algorithm>

namespace alidade {

SourceFile::SourceFile(std::string path, std::string text, uint32_t start)
    : path_(std::move(path)), text_(std::move(text)), start_(start) {
  line_starts_.push_back(0);
  for (uint32_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

LineColumn SourceFile::position(uint32_t offset) const {
  offset -= start_;
  auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  LineColumn place;
  place.line = static_cast<uint32_t>(next - line_starts_.begin());
  for (uint32_t i = *(next - 1); i < offset && i < text_.size(); ++i) {
    if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++place.column;
  }
  return place;
}

std::string_view SourceFile::line(uint32_t line) const {
  if (line == 0 || line > line_starts_.size()) return {};
  uint32_t begin = line_starts_[line - 1];
  uint32_t end = line < line_starts_.size() ? line_starts_[line] - 1 : static_cast<uint32_t>(text_.size());
  while (end > begin && (text_[end - 1] == '\r' || text_[end - 1] == '\n')) --end;
  return text().substr(begin, end - begin);
}

}  // namespace alidade
