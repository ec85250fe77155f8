// Where lines begin, how far they are indented, and what stands between two words. Door: format_lines.h.
#include "compiler/syntax/format_lines.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "compiler/syntax/literals.h"

namespace alidade {
namespace {

constexpr size_t kWidest = 120;
constexpr std::array<std::string_view, 7> kClauseBeforeParen = {"without",   "every",  "among", "after",
                                                                "returning", "expect", "from"};
constexpr std::array<std::string_view, 8> kBeforeAmount = {"above", "below",  "from",  "to",
                                                           "reach", "expect", "after", "returning"};
constexpr std::array<std::string_view, 6> kRoles = {"time", "entity", "id", "arrived", "order", "event"};

template <typename List>
bool contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

class LineMaker {
 public:
  LineMaker(const SourceFile& file, const Layout& layout) : file_(file), lexemes_(layout.lexemes) {
    places_.resize(lexemes_.size());
    note_separators(layout);
    match_braces();
  }

  std::vector<FormatLine> make() {
    std::vector<FormatLine> lines = assemble();
    while (widen(lines)) lines = assemble();
    return lines;
  }

 private:
  /// What the layout says of a lexeme.
  struct Place {
    bool starts_declaration = false;
    bool separator_before = false;
    bool dropped = false;    ///< a ';' that a line's end, or nothing, stands for
    bool expanded = false;   ///< an opening brace whose items stand on lines of their own
    size_t partner = 0;      ///< of a brace
    size_t declaration = 0;  ///< the first lexeme of the declaration it is in
  };

  /// Tokens of one output line and how the line came to be.
  struct Draft {
    std::vector<size_t> tokens;
    size_t indent = 0;
    bool blank_before = false;
    bool starts_item = false;
    size_t item = 0;  ///< the first token of the item it belongs to
  };

  std::string_view text(size_t i) const {
    return i < lexemes_.size() ? file_.text(lexemes_[i].span) : std::string_view();
  }
  bool is_comment(size_t i) const {
    return lexemes_[i].kind == LexemeClass::kComment || lexemes_[i].kind == LexemeClass::kDoc;
  }
  bool is_row(size_t i) const { return lexemes_[i].kind == LexemeClass::kRow; }

  void note_separators(const Layout& layout) {
    bool separator = false;
    for (const LaidToken& token : layout.tokens) {
      if (token.kind == LaidKind::kSeparator) separator = true;
      if (token.kind != LaidKind::kLexeme && token.kind != LaidKind::kName) continue;
      places_[token.lexeme].separator_before = separator;
      separator = false;
    }
    for (const Chunk& chunk : layout.chunks) places_[layout.tokens[chunk.begin].lexeme].starts_declaration = true;
    size_t declaration = 0;
    for (size_t i = 0; i < lexemes_.size(); ++i) {
      places_[i].dropped = text(i) == ";";
      if (places_[i].starts_declaration) declaration = i;
      places_[i].declaration = declaration;
    }
  }

  void match_braces() {
    std::vector<size_t> open;
    for (size_t i = 0; i < lexemes_.size(); ++i) {
      if (text(i) == "{") open.push_back(i);
      if (text(i) != "}" || open.empty()) continue;
      size_t begin = open.back();
      open.pop_back();
      places_[begin].partner = i;
      places_[i].partner = begin;
      bool empty = begin + 1 == i;
      for (size_t k = begin + 1; k <= i && !empty; ++k) {
        if (lexemes_[k].line_start || is_comment(k) || is_row(k)) places_[begin].expanded = true;
      }
    }
  }

  /// A line that is too long gives up its outermost braces.
  bool widen(const std::vector<FormatLine>& lines) {
    bool any = false;
    for (size_t i = 0; i < lines.size(); ++i) {
      size_t width = lines[i].indent;
      for (const std::string& cell : lines[i].cells) width += display_width(cell) + 1;
      if (width <= kWidest + 1 || lines[i].kind == LineKind::kRow) continue;
      for (size_t token : drafts_[i].tokens) {
        size_t close = places_[token].partner;
        if (text(token) != "{" || places_[token].expanded || close == token + 1) continue;
        places_[token].expanded = any = true;
        break;
      }
    }
    return any;
  }

  // ------------------------------------------------------------------------------------------------------- lines
  std::vector<FormatLine> assemble() {
    drafts_.clear();
    braces_.clear();
    parens_ = 0;
    for (size_t i = 0; i < lexemes_.size(); ++i) {
      if (places_[i].dropped) continue;
      place(i);
      follow_brackets(i);
    }
    std::vector<FormatLine> lines;
    for (const Draft& draft : drafts_) lines.push_back(finish(draft));
    return lines;
  }

  size_t previous(size_t i) const {
    while (i > 0) {
      if (!places_[--i].dropped) return i;
    }
    return lexemes_.size();
  }
  size_t next_token(size_t i) const {
    for (++i; i < lexemes_.size() && (is_comment(i) || places_[i].dropped);) ++i;
    return i;
  }

  /// Items in braces that are not expanded stand on one line.
  bool on_one_line() const { return !braces_.empty() && !places_[braces_.back()].expanded; }
  size_t base() const {
    size_t depth = 0;
    for (size_t brace : braces_) depth += places_[brace].expanded ? 1 : 0;
    return 2 * depth;
  }

  bool starts_item(size_t i) const {
    if (text(i) == "}") return false;
    if (places_[i].starts_declaration || places_[i].separator_before) return true;
    size_t before = i;
    do before = previous(before);
    while (before < lexemes_.size() && is_comment(before));
    return before < lexemes_.size() && text(before) == "{";
  }

  void place(size_t i) {
    size_t before = previous(i);
    bool after_comment = before < lexemes_.size() && is_comment(before);
    bool own_line = is_comment(i) && lexemes_[i].line_start;
    bool item = !is_comment(i) && starts_item(i) && !on_one_line();
    bool closes = text(i) == "}" && places_[places_[i].partner].expanded;
    bool after_row = before < lexemes_.size() && is_row(before);
    bool goes_on = lexemes_[i].line_start && text(i) != "{" && !is_comment(i);
    bool breaks = drafts_.empty() || own_line || item || closes || is_row(i) || after_comment || goes_on ||
                  (after_row && !is_comment(i));
    if (!breaks) {
      drafts_.back().tokens.push_back(i);
      return;
    }
    if (item) item_ = i;
    Draft draft{{i}};
    draft.item = item_;
    draft.starts_item = item;
    draft.indent = indent_of(i, item, closes);
    bool first_inside = before < lexemes_.size() && text(before) == "{";
    bool between_items = item || (own_line && comment_is_between_items(i));
    draft.blank_before = lexemes_[i].blank_before && between_items && !first_inside;
    drafts_.push_back(draft);
  }

  bool comment_is_between_items(size_t i) const {
    size_t next = next_token(i);
    return next >= lexemes_.size() || text(next) == "}" || starts_item(next);
  }

  size_t indent_of(size_t i, bool item, bool closes) const {
    if (is_comment(i)) {
      size_t next = next_token(i);
      bool outside = next >= lexemes_.size() || places_[next].starts_declaration;
      if (outside) return 0;
      if (comment_is_between_items(i)) return base();
      return is_row(next) ? base() + 2 : base() + continuation(next);
    }
    if (item) return places_[i].starts_declaration ? 0 : base();
    if (closes) return base() - 2;
    if (is_row(i)) return base() + 2;
    return text(i) == "{" ? base() : base() + continuation(i);
  }

  /// Lines that go on are indented by 4, and by 4 for each parenthesis that is open; one that closes stands further
  /// out.
  size_t continuation(size_t i) const {
    size_t closing = 0;
    for (size_t k = i; k < lexemes_.size() && (text(k) == ")" || text(k) == "]"); ++k) ++closing;
    size_t open = parens_ > closing ? parens_ - closing : 0;
    return closing > 0 ? 4 * open : 4 * std::max<size_t>(open, 1);
  }

  void follow_brackets(size_t i) {
    if (lexemes_[i].kind != LexemeClass::kSign) return;
    std::string_view sign = text(i);
    if (sign == "(" || sign == "[") ++parens_;
    if ((sign == ")" || sign == "]") && parens_ > 0) --parens_;
    if (sign == "{") braces_.push_back(i);
    if (sign == "}" && !braces_.empty()) braces_.pop_back();
    if (sign == "{" || sign == "}") parens_ = 0;
  }

  // ------------------------------------------------------------------------------------------------ words in a line
  bool is_word(size_t i) const {
    return i < lexemes_.size() &&
           (lexemes_[i].kind == LexemeClass::kName || lexemes_[i].kind == LexemeClass::kDeclaration ||
            lexemes_[i].kind == LexemeClass::kReserved);
  }

  bool is_prefix_minus(size_t i) const {
    if (text(i) != "-") return false;
    size_t before = i;
    do before = previous(before);
    while (before < lexemes_.size() && is_comment(before));
    if (before >= lexemes_.size()) return true;
    std::string_view word = text(before);
    size_t dot = previous(before);
    bool member = dot < lexemes_.size() && text(dot) == ".";
    switch (lexemes_[before].kind) {
      case LexemeClass::kReserved:
        return !member && word != "true" && word != "false" && word != "null";
      case LexemeClass::kName:
        return !member && contains(kBeforeAmount, word);
      case LexemeClass::kSign:
        return word != ")" && word != "]";
      case LexemeClass::kDeclaration:
      case LexemeClass::kNumber:
      case LexemeClass::kDate:
      case LexemeClass::kText:
      case LexemeClass::kRow:
      case LexemeClass::kComment:
      case LexemeClass::kDoc:
      case LexemeClass::kOpenText:
      case LexemeClass::kSqlText:
      case LexemeClass::kSqlNotEqual:
      case LexemeClass::kSqlComment:
      case LexemeClass::kSymbolWord:
      case LexemeClass::kUnknown:
        return false;
    }
    return false;
  }

  bool opens_call(size_t before) const {
    if (text(before) == ")" || text(before) == "]") return true;
    if (!is_word(before)) return false;
    size_t dot = previous(before);
    if (dot < lexemes_.size() && text(dot) == ".") return true;
    return lexemes_[before].kind != LexemeClass::kReserved && !contains(kClauseBeforeParen, text(before));
  }

  /// Whether a space stands between two neighbours of one line; `item` is the first token of what they belong to.
  bool space_between(size_t a, size_t b, size_t item) const {
    std::string_view left = text(a), right = text(b);
    bool left_sign = lexemes_[a].kind == LexemeClass::kSign, right_sign = lexemes_[b].kind == LexemeClass::kSign;
    if (left_sign && left == "{" && right == "}") return true;
    if (left_sign && (left == "(" || left == "[" || left == ".")) return false;
    if (left_sign && is_prefix_minus(a)) return right == "-";
    if (!right_sign) return true;
    if (right == ")" || right == "]" || right == "." || right == "," || right == "?") return false;
    if (right == ":") return !(text(item) == "expect");
    if (right == "(") return !opens_call(a);
    if (right == "[") return !(is_word(a) || left == ")" || left == "]");
    return true;
  }

  std::string piece(size_t i) const {
    std::string out(text(i));
    while (is_comment(i) && !out.empty() && (out.back() == ' ' || out.back() == '\t' || out.back() == '\r'))
      out.pop_back();
    return out;
  }

  /// Tokens [from, to) of a line as text.
  std::string words(const Draft& draft, size_t from, size_t to) const {
    std::string out;
    for (size_t k = from; k < to; ++k) {
      size_t i = draft.tokens[k];
      bool first = k == from;
      bool in_one_line = !first && (places_[i].separator_before && text(i) != "}");
      if (in_one_line && text(draft.tokens[k - 1]) != "{") out += ";";
      if (!first && space_between(draft.tokens[k - 1], i, draft.item)) out += ' ';
      out += piece(i);
    }
    return out;
  }

  // ----------------------------------------------------------------------------------------------------- columns
  FormatLine finish(const Draft& draft) const {
    FormatLine line;
    line.indent = draft.indent;
    line.blank_before = draft.blank_before;
    size_t count = draft.tokens.size();
    size_t first = draft.tokens.front();
    if (count > 1 && is_comment(draft.tokens.back())) {
      line.comment = piece(draft.tokens.back());
      --count;
    }
    if (is_comment(first)) {
      line.kind = LineKind::kComment;
    } else if (is_row(first)) {
      line.kind = LineKind::kRow;
      for (Span cell : split_row(text(first)))
        line.cells.emplace_back(text(first).substr(cell.begin, cell.end - cell.begin));
      return line;
    } else if (text(first) == "}" || text(first) == ")" || text(first) == "]") {
      line.kind = LineKind::kCloser;
    } else if (draft.starts_item && columns(draft, count, &line)) {
      return line;
    }
    line.cells = {words(draft, 0, count)};
    return line;
  }

  /// The columns of declarations and items that stand in runs; false for any other line.
  bool columns(const Draft& draft, size_t count, FormatLine* line) const {
    size_t first = draft.tokens.front();
    std::string_view keyword = text(places_[first].declaration);
    if (places_[first].starts_declaration) {
      if (count < 3 || text(draft.tokens[2]) != "=" || display_width(text(draft.tokens[1])) > 24) return false;
      line->kind = LineKind::kHead;
      line->group = text(first);
      line->cells = {words(draft, 0, 2), words(draft, 2, count)};
      return true;
    }
    if (draft.indent != 2) return false;
    if (keyword == "stream" || keyword == "table") return field_columns(draft, count, line);
    if (keyword == "funnel" || keyword == "session")
      return pair_columns(draft, count, keyword == "funnel" ? ":" : "=", line);
    return keyword == "objective" && pair_columns(draft, count, "from", line);
  }

  bool pair_columns(const Draft& draft, size_t count, std::string_view divider, FormatLine* line) const {
    for (size_t k = 1; k < count; ++k) {
      std::string_view word = text(draft.tokens[k]);
      if (word == "(" || word == "{") return false;
      if (word != divider) continue;
      line->kind = LineKind::kPair;
      line->cells = {words(draft, 0, k), words(draft, k, count)};
      return true;
    }
    return false;
  }

  bool field_columns(const Draft& draft, size_t count, FormatLine* line) const {
    size_t colon = count > 1 && text(draft.tokens[1]) == ":" ? 1 : count > 2 && text(draft.tokens[2]) == ":" ? 2 : 0;
    if (colon == 0 || (colon == 2 && !contains(kRoles, text(draft.tokens[0])))) return false;
    size_t tail = colon + 1;
    for (int parens = 0; tail < count; ++tail) {
      std::string_view word = text(draft.tokens[tail]);
      if (word == "(") ++parens;
      if (word == ")") --parens;
      if (parens == 0 && tail > colon + 1 && (word == "from" || word == "{")) break;
    }
    line->kind = LineKind::kField;
    line->cells = {colon == 2 ? words(draft, 0, 1) : "", words(draft, colon - 1, colon), words(draft, colon, tail),
                   words(draft, tail, count)};
    return true;
  }

  const SourceFile& file_;
  const std::vector<Lexeme>& lexemes_;
  std::vector<Place> places_;
  std::vector<Draft> drafts_;
  std::vector<size_t> braces_;  ///< that are open
  size_t parens_ = 0;           ///< that are open inside the innermost braces
  size_t item_ = 0;             ///< the first token of the current item
};

}  // namespace

std::vector<FormatLine> format_lines(const SourceFile& file, const Layout& layout) {
  return LineMaker(file, layout).make();
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t length = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (length <= 0) return width + (text.size() - at);
    width += static_cast<size_t>(std::max(utf8proc_charwidth(code), 0));
    at += static_cast<size_t>(length);
  }
  return width;
}

}  // namespace alidade
