// Source text and places in it. Door of compiler/support (with arena.h, name.h).
// A SourceFile outlives every span and name taken from it. Immutable, safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alidade {

/// Bytes [begin, end). Files that are read together lie one behind the other, each from its `start`, so a span names
/// its file as well as the place in it.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};
inline Span join(Span a, Span b) { return {a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end}; }

/// Line and column count from 1; the column counts code points.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};

class SourceFile {
 public:
  SourceFile(std::string path, std::string text, uint32_t start = 0);
  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }
  std::string_view text(Span span) const { return text().substr(span.begin - start_, span.end - span.begin); }
  uint32_t start() const { return start_; }
  uint32_t end() const { return start_ + static_cast<uint32_t>(text_.size()); }
  LineColumn position(uint32_t offset) const;
  std::string_view line(uint32_t line) const;  ///< without its line end

 private:
  std::string path_;
  std::string text_;
  uint32_t start_;
  std::vector<uint32_t> line_starts_;
};

}  // namespace alidade
