// Escapes, dates and table cells. Door: literals.h.
#include "compiler/syntax/literals.h"

#include <array>
#include <charconv>

namespace alidade {
namespace {

void append_utf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
  } else if (code < 0x800) {
    *out += static_cast<char>(0xC0 | (code >> 6));
    *out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out += static_cast<char>(0xE0 | (code >> 12));
    *out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    *out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    *out += static_cast<char>(0xF0 | (code >> 18));
    *out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    *out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    *out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// Reads `u{1F600}` at `at`; the length read, 0 if it is none. NUL and surrogates are no characters of a text.
size_t read_code_point(std::string_view inside, size_t at, std::string* out) {
  if (inside.substr(at, 2) != "u{") return 0;
  size_t close = inside.find('}', at);
  if (close == std::string_view::npos || close == at + 2 || close > at + 8) return 0;
  uint32_t code = 0;
  const char* end = inside.data() + close;
  auto read = std::from_chars(inside.data() + at + 2, end, code, 16);
  bool is_character = code != 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  if (read.ec != std::errc() || read.ptr != end || !is_character) return 0;
  append_utf8(code, out);
  return close + 1 - at;
}

int read_digits(std::string_view text, size_t at, size_t count) {
  int value = 0;
  for (size_t i = at; i < at + count && i < text.size(); ++i) value = value * 10 + (text[i] - '0');
  return value;
}

}  // namespace

Unescaped unescape(std::string_view inside) {
  Unescaped out;
  for (size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] != '\\') {
      out.text += inside[i];
      continue;
    }
    size_t start = i++;
    char c = i < inside.size() ? inside[i] : '\0';
    if (c == '"' || c == '\\') {
      out.text += c;
    } else if (c == 'n') {
      out.text += '\n';
    } else if (c == 'r') {
      out.text += '\r';
    } else if (c == 't') {
      out.text += '\t';
    } else if (size_t length = read_code_point(inside, i, &out.text); length > 0) {
      i += length - 1;
    } else {
      size_t end = i + 1;
      while (end < inside.size() && (static_cast<unsigned char>(inside[end]) & 0xC0) == 0x80) ++end;
      out.good = false;
      out.wrong = {static_cast<uint32_t>(start), static_cast<uint32_t>(std::min(end, inside.size()))};
      return out;
    }
  }
  return out;
}

bool is_real_date(std::string_view written) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = read_digits(written, 0, 4);
  int month = read_digits(written, 5, 2);
  if (month < 1 || month > 12) return false;
  if (written.size() < 10) return true;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  int day = read_digits(written, 8, 2);
  int last = kDays[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
  if (day < 1 || day > last) return false;
  if (written.size() < 16) return true;
  if (read_digits(written, 11, 2) > 23 || read_digits(written, 14, 2) > 59) return false;
  size_t at = 16;
  if (at < written.size() && written[at] == ':') {
    if (read_digits(written, 17, 2) > 59) return false;
    at = written.find_first_of("Z+-", 19);
  }
  if (at >= written.size() || written[at] == 'Z') return true;
  return read_digits(written, at + 1, 2) <= 23 && read_digits(written, at + 4, 2) <= 59;
}

std::vector<Span> split_row(std::string_view row) {
  std::vector<Span> cells;
  auto blank = [&](size_t i) { return row[i] == ' ' || row[i] == '\t'; };
  size_t begin = 1;
  for (size_t i = 1; i < row.size(); ++i) {
    if (row[i] == '\\') {
      ++i;
    } else if (row[i] == '|') {
      size_t from = begin;
      size_t to = i;
      while (from < to && blank(from)) ++from;
      while (to > from && blank(to - 1)) --to;
      cells.push_back({static_cast<uint32_t>(from), static_cast<uint32_t>(to)});
      begin = i + 1;
    }
  }
  return cells;
}

std::string unescape_cell(std::string_view cell) {
  std::string text;
  for (size_t i = 0; i < cell.size(); ++i) {
    if (cell[i] == '\\' && i + 1 < cell.size() && (cell[i + 1] == '|' || cell[i + 1] == '\\')) ++i;
    text += cell[i];
  }
  return text;
}

}  // namespace alidade
