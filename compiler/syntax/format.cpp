// The one layout: lines with their columns aligned. Door: parse.h (format). Line breaks inside a formula stay where
// they are; braces that stand on one line stay there if they fit; all other space is laid out anew.
#include <algorithm>

#include "compiler/syntax/format_lines.h"
#include "compiler/syntax/parse.h"

namespace alidade {
namespace {

constexpr size_t kWidestForComments = 100;

void pad(std::string* cell, size_t width) {
  size_t now = display_width(*cell);
  if (now < width) cell->append(width - now, ' ');
}

/// Lines that are aligned together: indexes, ascending.
using Run = std::vector<size_t>;

/// Whether a line between two of a run parts them.
bool parts(const FormatLine& line, const FormatLine& last) {
  if (line.blank_before) return true;
  if (line.indent > last.indent || line.kind == LineKind::kComment) return false;
  return line.kind != LineKind::kCloser || line.indent < last.indent;
}

/// The runs of one kind of line.
std::vector<Run> runs_of(const std::vector<FormatLine>& lines, LineKind kind) {
  std::vector<Run> runs;
  Run run;
  auto end_run = [&] {
    if (!run.empty()) runs.push_back(run);
    run.clear();
  };
  for (size_t i = 0; i < lines.size(); ++i) {
    const FormatLine& line = lines[i];
    const FormatLine* last = run.empty() ? nullptr : &lines[run.back()];
    bool member = line.kind == kind;
    bool joins =
        member && last != nullptr && !line.blank_before && line.indent == last->indent && line.group == last->group;
    bool nested = last != nullptr && !parts(line, *last);
    if (!joins && !(nested && (!member || line.indent > last->indent))) end_run();
    if (member && (joins || run.empty())) run.push_back(i);
  }
  end_run();
  return runs;
}

/// Makes one column of a run equally wide, where something follows it.
void align_column(std::vector<FormatLine>* lines, const Run& run, size_t column) {
  auto followed = [&](const FormatLine& line) {
    for (size_t k = column + 1; k < line.cells.size(); ++k) {
      if (!line.cells[k].empty()) return true;
    }
    return false;
  };
  size_t width = 0;
  for (size_t i : run) {
    const FormatLine& line = (*lines)[i];
    if (followed(line)) width = std::max(width, display_width(line.cells[column]));
  }
  for (size_t i : run) {
    if (followed((*lines)[i])) pad(&(*lines)[i].cells[column], width);
  }
}

/// `role name : type from`: a field without a role begins where the roles do.
void align_fields(std::vector<FormatLine>* lines, const Run& run) {
  size_t width = 0;
  for (size_t i : run) width = std::max(width, display_width((*lines)[i].cells[0]));
  for (size_t i : run) {
    std::vector<std::string>& cells = (*lines)[i].cells;
    std::string left = cells[0];
    if (!left.empty()) {
      pad(&left, width);
      left += " ";
    }
    left += cells[1];
    cells = {left, cells[2], cells[3]};
  }
  align_column(lines, run, 0);
  align_column(lines, run, 1);
}

void align_rows(std::vector<FormatLine>* lines, const Run& run) {
  std::vector<size_t> widths((*lines)[run.front()].cells.size(), 0);
  for (size_t i : run) {
    std::vector<std::string>& cells = (*lines)[i].cells;
    for (size_t k = 0; k < cells.size() && k < widths.size(); ++k)
      widths[k] = std::max(widths[k], display_width(cells[k]));
  }
  for (size_t i : run) {
    std::string text = "|";
    std::vector<std::string>& cells = (*lines)[i].cells;
    for (size_t k = 0; k < cells.size(); ++k) {
      pad(&cells[k], k < widths.size() ? widths[k] : 0);
      text += " " + cells[k] + " |";
    }
    cells = {text};
  }
}

void align(std::vector<FormatLine>* lines) {
  for (const Run& run : runs_of(*lines, LineKind::kField)) align_fields(lines, run);
  for (const Run& run : runs_of(*lines, LineKind::kHead)) align_column(lines, run, 0);
  for (const Run& run : runs_of(*lines, LineKind::kPair)) align_column(lines, run, 0);
  for (const Run& run : runs_of(*lines, LineKind::kRow)) align_rows(lines, run);
}

std::string line_text(const FormatLine& line) {
  std::string text(line.indent, ' ');
  bool first = true;
  for (const std::string& cell : line.cells) {
    if (cell.empty()) continue;
    if (!first) text += ' ';
    text += cell;
    first = false;
  }
  return text;
}

/// Comments at the ends of neighbouring lines begin in one column.
std::string join_lines(const std::vector<FormatLine>& lines) {
  std::vector<std::string> texts;
  for (const FormatLine& line : lines) texts.push_back(line_text(line));
  std::string out;
  for (size_t i = 0; i < lines.size();) {
    size_t end = i + 1;
    while (end < lines.size() && !lines[i].comment.empty() && !lines[end].comment.empty() && !lines[end].blank_before)
      ++end;
    size_t width = 0;
    for (size_t k = i; k < end; ++k) width = std::max(width, display_width(texts[k]));
    for (; i < end; ++i) {
      if (lines[i].blank_before) out += '\n';
      if (!lines[i].comment.empty() && width <= kWidestForComments) pad(&texts[i], width);
      out += texts[i];
      if (!lines[i].comment.empty()) out += "  " + lines[i].comment;
      out += '\n';
    }
  }
  return out;
}

}  // namespace

std::string format(const std::string& path, const std::string& text, DiagnosticSink& sink) {
  const size_t before = sink.all().size();
  Syntax syntax = parse(path, text, sink);
  if (sink.all().size() > before) {
    sink.keep(std::move(syntax.source));
    return text;
  }
  DiagnosticSink none;
  std::vector<FormatLine> lines = format_lines(*syntax.source, lay_out(*syntax.source, none));
  align(&lines);
  return join_lines(lines);
}

}  // namespace alidade
