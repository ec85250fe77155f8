// Text with carets and labels, and JSON Lines. Door: render.h.
#include "compiler/diagnostics/render.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace alidade {
namespace {

constexpr const char* kReset = "\033[0m";
constexpr const char* kBold = "\033[1m";
constexpr const char* kBlue = "\033[34m";

const char* severity_colour(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "\033[1;31m";
    case Severity::kWarning:
      return "\033[1;33m";
    case Severity::kNote:
      return "\033[1;36m";
  }
  return "";
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  utf8proc_int32_t code = 0;
  for (size_t at = 0; at < text.size();) {
    utf8proc_ssize_t length = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (length <= 0) return false;
    at += static_cast<size_t>(length);
  }
  return true;
}

/// A place to mark, on the line where it begins.
struct Mark {
  const SourceFile* file = nullptr;
  uint32_t line = 0;
  uint32_t column = 0;  ///< from 1
  uint32_t width = 1;   ///< code points on that line, at least 1
  bool primary = false;
  std::string text;
};

Mark mark_of(const SourceFile& file, Span span, bool primary, std::string text) {
  LineColumn begin = file.position(span.begin);
  LineColumn end = file.position(span.end);
  Mark mark{&file, begin.line, begin.column, 1, primary, std::move(text)};
  if (end.line == begin.line) {
    mark.width = std::max(1u, end.column - begin.column);
  } else {
    std::string_view line = file.line(begin.line);
    uint32_t length = 0;
    for (char c : line) length += !continues(c);
    mark.width = length + 1 > begin.column ? length + 1 - begin.column : 1;
  }
  return mark;
}

const SourceFile& file_of(const Diagnostic& d, const Label& label) {
  return label.file == nullptr ? *d.file : *label.file;
}

/// By file, the diagnostic's own first, then by line.
std::vector<Mark> marks_of(const Diagnostic& d) {
  std::vector<Mark> marks;
  if (d.file == nullptr) return marks;
  marks.push_back(mark_of(*d.file, d.span, true, ""));
  for (const Label& label : d.labels) marks.push_back(mark_of(file_of(d, label), label.span, false, label.text));
  std::stable_sort(marks.begin(), marks.end(), [&](const Mark& a, const Mark& b) {
    if (a.file == b.file) return a.line < b.line;
    if (a.file == d.file || b.file == d.file) return a.file == d.file;
    return a.file->start() < b.file->start();
  });
  return marks;
}

/// Control characters would move the carets or the terminal: each is shown as a space. Of a line that is not UTF-8 each
/// byte that counts as a column and is not ASCII is shown as a question mark.
std::string shown(std::string_view line) {
  const bool valid = is_utf8(line);
  std::string out;
  for (char c : line) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (!valid && continues(c)) continue;
    out += byte < 0x20 || byte == 0x7F ? ' ' : !valid && byte >= 0x80 ? '?' : c;
  }
  return out;
}

/// A line of a long file of data would fill the screen: only the part around the mark is shown.
struct Excerpt {
  std::string text;
  uint32_t shift = 0;  ///< code points left out at the front, less those put in
};
Excerpt excerpt(std::string_view line, uint32_t column) {
  constexpr uint32_t kWidest = 160;
  std::vector<size_t> starts;
  for (size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0) != 0x80) starts.push_back(i);
  }
  if (starts.size() <= kWidest) return {shown(line), 0};
  uint32_t first = column > kWidest / 2 ? column - kWidest / 2 : 0;
  first = std::min(first, static_cast<uint32_t>(starts.size()) - 1);
  size_t last = std::min(static_cast<size_t>(first) + kWidest, starts.size());
  size_t end = last < starts.size() ? starts[last] : line.size();
  std::string text = (first > 0 ? "…" : "") + shown(line.substr(starts[first], end - starts[first]));
  if (last < starts.size()) text += "…";
  return {text, first > 0 ? first - 1 : 0};
}

/// The lines that a fix makes of those it stands in.
std::string fixed_lines(const SourceFile& file, const Fix& fix, size_t gutter) {
  const LineColumn begin = file.position(fix.span.begin), end = file.position(fix.span.end);
  const std::string_view first = file.line(begin.line), last = file.line(end.line);
  const auto place_in = [&](std::string_view line, uint32_t place) {
    const auto line_begin = static_cast<size_t>(line.data() - file.text().data());
    return std::min(place - file.start() - line_begin, line.size());
  };
  const std::string lines = std::string(first.substr(0, place_in(first, fix.span.begin))) + fix.replacement +
                            std::string(last.substr(place_in(last, fix.span.end)));
  std::string out;
  uint32_t number = begin.line;
  for (size_t at = 0; at <= lines.size(); ++number) {
    const size_t stop = std::min(lines.find('\n', at), lines.size());
    out += fmt::format(" {:>{}} + {}\n", number, gutter,
                       excerpt(std::string_view(lines).substr(at, stop - at), begin.column).text);
    at = stop + 1;
  }
  return out;
}

/// What to do, and the lines that the first fix makes where the words do not hold them.
struct Advice {
  std::string help;
  std::string lines;
};
Advice advice_of(const Diagnostic& d, size_t gutter) {
  if (d.fixes.empty() || d.file == nullptr) return {d.help, ""};
  const Fix& fix = d.fixes.front();
  const bool spelled_out = !fix.replacement.empty() && d.help.find(fix.replacement) != std::string::npos;
  const std::string help = !d.help.empty() ? d.help : fix.certain ? "write" : "perhaps this is meant";
  return {help, spelled_out ? "" : fixed_lines(*d.file, fix, gutter)};
}

nlohmann::ordered_json span_json(const SourceFile& file, Span span) {
  LineColumn begin = file.position(span.begin);
  LineColumn end = file.position(span.end);
  return {{"line", begin.line},
          {"column", begin.column},
          {"end_line", end.line},
          {"end_column", end.column},
          {"begin", span.begin - file.start()},
          {"end", span.end - file.start()}};
}

}  // namespace

std::string code_text(Code code) { return fmt::format("AL{:04}", static_cast<int>(code)); }

const char* severity_text(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "";
}

std::string render_text(const Diagnostic& d, bool colour) {
  auto paint = [&](const char* style, const std::string& text) { return colour ? style + text + kReset : text; };
  std::string place;
  if (d.file != nullptr) {
    LineColumn at = d.file->position(d.span.begin);
    place = fmt::format("{}:{}:{}: ", d.file->path(), at.line, at.column);
  }
  std::string head = fmt::format("{}[{}]", severity_text(d.severity), code_text(d.code));
  std::string out =
      paint(kBold, place) + paint(severity_colour(d.severity), head) + ": " + paint(kBold, d.message) + "\n";
  const std::vector<Mark> marks = marks_of(d);
  size_t gutter = 0;
  for (const Mark& mark : marks) gutter = std::max(gutter, std::to_string(mark.line).size());
  std::string blank = std::string(gutter + 2, ' ');
  const SourceFile* last_file = d.file;
  uint32_t last_line = 0;
  Excerpt line;
  for (const Mark& mark : marks) {
    if (mark.file != last_file) {
      out += paint(kBlue, fmt::format("{}{}:{}:{}", blank, mark.file->path(), mark.line, mark.column)) + "\n";
      last_line = 0;
    }
    last_file = mark.file;
    if (mark.line != last_line) {
      line = excerpt(mark.file->line(mark.line), mark.column);
      out += paint(kBlue, fmt::format(" {:>{}} | ", mark.line, gutter)) + line.text + "\n";
    }
    last_line = mark.line;
    uint32_t column = mark.column > line.shift ? mark.column - line.shift : 1;
    uint32_t width = std::min(mark.width, 160u);
    std::string carets = std::string(width, mark.primary ? '^' : '-') + (mark.text.empty() ? "" : " " + mark.text);
    const char* style = mark.primary ? severity_colour(d.severity) : kBlue;
    out += paint(kBlue, blank + "| ") + std::string(column - 1, ' ') + paint(style, carets) + "\n";
  }
  const Advice advice = advice_of(d, gutter);
  if (!advice.help.empty()) out += paint(kBlue, blank + "= ") + paint(kBold, "help") + ": " + advice.help + "\n";
  out += advice.lines;
  return out;
}

std::string render_text(const DiagnosticSink& sink, bool colour) {
  std::string out;
  for (const Diagnostic& d : sink.all()) out += render_text(d, colour);
  return out;
}

std::string render_json(const Diagnostic& d) {
  nlohmann::ordered_json json = {{"code", code_text(d.code)}, {"severity", severity_text(d.severity)}};
  if (d.file != nullptr) {
    json["file"] = d.file->path();
    json.update(span_json(*d.file, d.span));
  }
  json["message"] = d.message;
  if (!d.help.empty()) json["help"] = d.help;
  json["labels"] = nlohmann::ordered_json::array();
  json["fixes"] = nlohmann::ordered_json::array();
  for (const Label& label : d.labels) {
    nlohmann::ordered_json item = {{"text", label.text}};
    if (label.file != nullptr) item["file"] = label.file->path();
    if (d.file != nullptr) item.update(span_json(file_of(d, label), label.span));
    json["labels"].push_back(item);
  }
  for (const Fix& fix : d.fixes) {
    nlohmann::ordered_json item = {{"replacement", fix.replacement}, {"certain", fix.certain}};
    if (d.file != nullptr) item.update(span_json(*d.file, fix.span));
    json["fixes"].push_back(item);
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string render_json(const DiagnosticSink& sink) {
  std::string out;
  for (const Diagnostic& d : sink.all()) out += render_json(d);
  return out;
}

}  // namespace alidade
