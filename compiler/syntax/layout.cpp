// The layout rule. Door: layout.h.
#include "compiler/syntax/layout.h"

#include <algorithm>
#include <array>

namespace alidade {
namespace {

bool is_comment(const Lexeme& lexeme) {
  return lexeme.kind == LexemeClass::kComment || lexeme.kind == LexemeClass::kDoc;
}

bool is_word(const Lexeme& lexeme) {
  return lexeme.kind == LexemeClass::kName || lexeme.kind == LexemeClass::kDeclaration;
}

/// A reserved word that stands between operands or before one; the values null, true and false do neither.
bool is_clause_word(std::string_view text) { return text != "null" && text != "true" && text != "false"; }

/// The next or previous lexeme that is no comment; lexemes.size() where there is none.
size_t next_lexeme(const std::vector<Lexeme>& lexemes, size_t i) {
  for (++i; i < lexemes.size() && is_comment(lexemes[i]);) ++i;
  return i;
}
size_t previous_lexeme(const std::vector<Lexeme>& lexemes, size_t i) {
  while (i > 0) {
    --i;
    if (!is_comment(lexemes[i])) return i;
  }
  return lexemes.size();
}

class LayoutBuilder {
 public:
  LayoutBuilder(const SourceFile& file, DiagnosticSink& sink) : file_(file), sink_(sink) {}

  Layout build() {
    out_.lexemes = lex(file_);
    out_.tokens.reserve(out_.lexemes.size() + out_.lexemes.size() / 4);
    for (size_t i = 0; i < out_.lexemes.size() && errors_ < kMaxErrors; ++i) add(i);
    out_.cut_short = errors_ >= kMaxErrors;
    end_chunk(file_.text().size());
    return std::move(out_);
  }

 private:
  /// An open bracket, and an upper bound on the depth of the expression so far inside it.
  struct Open {
    char sign;
    uint32_t lexeme;
    int operators = 0;  ///< of the part since the last comma or separator
    int inner = 0;      ///< the deepest bracketed one among that part's operands
    int parts = 0;      ///< the deepest part before it
    int depth() const { return std::max(parts, operators + inner); }
  };

  std::string_view text(size_t i) const { return file_.text(out_.lexemes[i].span); }
  const Lexeme& lexeme(size_t i) const { return out_.lexemes[i]; }
  Chunk& chunk() { return out_.chunks.back(); }
  bool in_braces() const { return !open_.empty() && open_.back().sign == '{'; }

  Diagnostic& report(Code code, Span span, std::string message) {
    ++errors_;
    return sink_.report(code, file_, span, std::move(message));
  }

  /// One error per declaration for damage that the layout finds.
  bool damage() {
    bool first = !chunk().damaged && errors_ < kMaxErrors;
    chunk().damaged = true;
    return first;
  }

  void add(size_t i) {
    in_foreign_comment_ = in_foreign_comment_ && !lexeme(i).line_start;
    if (in_foreign_comment_ || starts_foreign_comment(i)) return;
    if (is_comment(lexeme(i))) return collect_doc(i);
    if (starts_declaration(i)) {
      close_all(lexeme(i).span);
      end_chunk(lexeme(i).span.begin);
    }
    if (!has_chunk_) {
      out_.chunks.push_back({static_cast<uint32_t>(out_.tokens.size()), 0});
      has_chunk_ = true;
      top_ = {};
      if (text(i) == ";") return;
    }
    if (lexeme(i).line_start && in_braces() && separates(i)) separate(i);
    if (chunk().skip) return track_brackets_only(i);
    add_token(i);
  }

  /// `// text`, to the end of the line.
  bool starts_foreign_comment(size_t i) {
    const bool slashes = text(i) == "/" && i + 1 < out_.lexemes.size() && text(i + 1) == "/" &&
                         lexeme(i).span.end == lexeme(i + 1).span.begin;
    if (!slashes) return false;
    in_foreign_comment_ = true;
    report_comment(join(lexeme(i).span, lexeme(i + 1).span), true);
    return true;
  }

  /// Whether a declaration (or a broken attempt at one) starts here.
  bool starts_declaration(size_t i) const {
    if (!has_chunk_) return false;
    if (open_.empty() && last_separator_) return true;
    if (!lexeme(i).line_start || !is_word(lexeme(i))) return false;
    bool keyword = lexeme(i).kind == LexemeClass::kDeclaration;
    if (!open_.empty()) return keyword && lexeme(i).column_zero && looks_like_declaration(i);
    size_t before = previous_lexeme(out_.lexemes, i);
    if (keyword && lexeme(i).column_zero && looks_like_declaration(i)) return true;
    if (joins_next_line(file_, out_.lexemes, before) || joins_previous_line(file_, out_.lexemes, i)) return false;
    return lexeme(i).column_zero || (keyword && looks_like_declaration(i));
  }

  /// Inside brackets a field or an item may be called `event`: only what follows tells.
  bool looks_like_declaration(size_t i) const {
    size_t after = next_lexeme(out_.lexemes, i);
    if (after >= out_.lexemes.size() || lexeme(after).line_start) return open_.empty();
    std::string_view word = text(i);
    if (word == "calendar") return text(after) == "{";
    if (word == "test" || word == "objective") return lexeme(after).kind == LexemeClass::kText;
    if (word == "unit" && !open_.empty()) return false;
    return is_word(lexeme(after));
  }

  bool separates(size_t i) const {
    size_t before = previous_lexeme(out_.lexemes, i);
    return !joins_next_line(file_, out_.lexemes, before) && !joins_previous_line(file_, out_.lexemes, i);
  }

  void separate(size_t i) {
    open_.back().operators = open_.back().inner = open_.back().parts = 0;
    LaidKind last = out_.tokens.back().kind;
    if (chunk().skip || last == LaidKind::kSeparator) return;
    push(LaidKind::kSeparator, i == 0 ? 0 : i - 1, {out_.tokens.back().span.end, lexeme(i).span.begin});
  }

  void push(LaidKind kind, size_t i, Span span) {
    LaidToken token{kind, static_cast<uint32_t>(i), span};
    if (kind != LaidKind::kSeparator && !doc_.empty()) {
      if (!lexeme(i).blank_before) {
        token.doc = static_cast<int32_t>(out_.docs.size());
        out_.docs.push_back(doc_);
      }
      doc_.clear();
    }
    out_.tokens.push_back(token);
    last_separator_ = false;
  }

  /// Lines of ## directly above what they describe; an empty line parts them from it.
  void collect_doc(size_t i) {
    if (lexeme(i).blank_before) doc_.clear();
    if (lexeme(i).kind == LexemeClass::kDoc && lexeme(i).line_start) doc_.push_back(lexeme(i).span);
  }

  void add_token(size_t i) {
    const Span span = lexeme(i).span;
    switch (lexeme(i).kind) {
      case LexemeClass::kName:
      case LexemeClass::kNumber:
      case LexemeClass::kDate:
      case LexemeClass::kText:
        return push(LaidKind::kLexeme, i, span);
      case LexemeClass::kDeclaration:
        return push(declaration_word(i), i, span);
      case LexemeClass::kReserved:
        return add_reserved(i);
      case LexemeClass::kRow:
        return add_row(i);
      case LexemeClass::kSign:
        return add_sign(i);
      case LexemeClass::kOpenText:
        return add_open_text(i);
      case LexemeClass::kSqlText:
        return add_sql_text(i);
      case LexemeClass::kSqlNotEqual:
        return add_sql_not_equal(i);
      case LexemeClass::kSqlComment:
        return add_sql_comment(i);
      case LexemeClass::kSymbolWord:
        return add_symbol_word(i);
      case LexemeClass::kUnknown:
        return add_unknown(i);
      case LexemeClass::kComment:
      case LexemeClass::kDoc:
        return;
    }
  }

  LaidKind declaration_word(size_t i) const {
    bool first = chunk_is_empty();
    bool property = text(i) == "unit" && !open_.empty();
    return first || property || is_event_role(i) ? LaidKind::kLexeme : LaidKind::kName;
  }
  /// `event name : one_of(…)` is a field with a role, `event : text` a field called event.
  bool is_event_role(size_t i) const {
    if (text(i) != "event" || !in_braces()) return false;
    const LaidToken& before = out_.tokens.back();
    bool begins_item = before.kind == LaidKind::kSeparator || file_.text(before.span) == "{";
    size_t after = next_lexeme(out_.lexemes, i);
    return begins_item && after < out_.lexemes.size() && !lexeme(after).line_start && is_word(lexeme(after));
  }
  bool chunk_is_empty() const { return out_.chunks.back().begin == out_.tokens.size(); }

  void add_reserved(size_t i) {
    bool after_dot =
        !chunk_is_empty() && out_.tokens.back().kind == LaidKind::kLexeme && file_.text(out_.tokens.back().span) == ".";
    if (!after_dot && is_clause_word(text(i))) count_operator(i);
    push(LaidKind::kLexeme, i, lexeme(i).span);
  }

  void add_row(size_t i) {
    bool is_or = text(i) == "||" && !lexeme(i).line_start;
    if (!is_or) return push(LaidKind::kLexeme, i, lexeme(i).span);
    Diagnostic& d = report(Code::symbol_word, lexeme(i).span, "`||` is written `or` here");
    d.fixes.push_back({lexeme(i).span, "or", true});
    push(LaidKind::kOr, i, lexeme(i).span);
  }

  void add_sign(size_t i) {
    std::string_view sign = text(i);
    if (sign == "(" || sign == "[" || sign == "{") return add_opener(i);
    if (sign == ")" || sign == "]" || sign == "}") return add_closer(i);
    if (sign == ";") return add_semicolon(i);
    if (sign == ",") {
      Open& part = open_.empty() ? top_ : open_.back();
      part.parts = part.depth();
      part.operators = part.inner = 0;
    } else {
      count_operator(i);
    }
    push(LaidKind::kLexeme, i, lexeme(i).span);
  }

  void add_semicolon(size_t i) {
    if (in_braces()) {
      open_.back().operators = open_.back().inner = open_.back().parts = 0;
      return push(LaidKind::kSeparator, i, lexeme(i).span);
    }
    if (open_.empty()) {
      last_separator_ = true;
      return;
    }
    push(LaidKind::kLexeme, i, lexeme(i).span);
  }

  void add_opener(size_t i) {
    count_operator(i);
    if (static_cast<int>(open_.size()) >= kMaxNesting) {
      if (damage()) report(Code::nesting_too_deep, lexeme(i).span, "brackets are nested more than 200 deep");
      chunk().skip = true;
    }
    open_.push_back({text(i)[0], static_cast<uint32_t>(i)});
    if (!chunk().skip) push(LaidKind::kLexeme, i, lexeme(i).span);
  }

  /// Past a limit only the brackets are followed, to find the declaration's end.
  void track_brackets_only(size_t i) {
    if (lexeme(i).kind != LexemeClass::kSign) return;
    char sign = text(i)[0];
    if (sign == '(' || sign == '[' || sign == '{') open_.push_back({sign, static_cast<uint32_t>(i)});
    if ((sign == ')' || sign == ']' || sign == '}') && !open_.empty()) open_.pop_back();
    last_separator_ = sign == ';' && open_.empty();
  }

  void count_operator(size_t i) {
    Open& part = open_.empty() ? top_ : open_.back();
    ++part.operators;
    if (part.operators + part.inner <= kMaxOperators) return;
    if (damage()) {
      report(Code::expression_too_long, lexeme(i).span, "this expression has more than 1000 operators in a row").help =
          "split it into named metrics or events";
    }
    chunk().skip = true;
  }

  static char closer_of(char opener) { return opener == '(' ? ')' : opener == '[' ? ']' : '}'; }
  static LaidKind missing_closer(char opener) {
    return opener == '(' ? LaidKind::kCloseParen : opener == '[' ? LaidKind::kCloseBracket : LaidKind::kCloseBrace;
  }
  static std::string_view bracket_name(char sign) {
    if (sign == '{' || sign == '}') return "brace";
    return sign == '(' || sign == ')' ? "parenthesis" : "bracket";
  }

  void add_closer(size_t i) {
    char sign = text(i)[0];
    auto matches = [&](const Open& open) { return closer_of(open.sign) == sign; };
    auto match = std::find_if(open_.rbegin(), open_.rend(), matches);
    if (match == open_.rend()) {
      if (damage()) {
        report(Code::closes_nothing, lexeme(i).span, "this " + std::string(bracket_name(sign)) + " closes nothing");
      }
      return;
    }
    while (!matches(open_.back())) close_missing(lexeme(i).span, "it would have to close before this");
    pop_open();
    push(LaidKind::kLexeme, i, lexeme(i).span);
  }

  /// Reports the innermost open bracket as unclosed (the first of a declaration) and closes it.
  void close_missing(Span place, std::string_view label) {
    const Open& open = open_.back();
    if (damage()) {
      Code code = open.sign == '{' ? Code::unclosed_brace : Code::unclosed_bracket;
      Diagnostic& d =
          report(code, lexeme(open.lexeme).span, "this " + std::string(bracket_name(open.sign)) + " is never closed");
      d.labels.push_back({place, std::string(label)});
    }
    LaidKind kind = missing_closer(open.sign);
    pop_open();
    uint32_t end = out_.tokens.back().span.end;
    if (!chunk().skip) push(kind, out_.tokens.back().lexeme, {end, end});
  }

  void pop_open() {
    Open closed = open_.back();
    open_.pop_back();
    Open& part = open_.empty() ? top_ : open_.back();
    part.inner = std::max(part.inner, closed.depth());
  }

  void close_all(Span place) {
    while (!open_.empty()) close_missing(place, "the next declaration starts here");
  }

  void end_chunk(size_t end) {
    if (!has_chunk_) return;
    uint32_t last = chunk_is_empty() ? static_cast<uint32_t>(end) : out_.tokens.back().span.end;
    while (!open_.empty()) close_missing({last, last}, "the file ends here");
    has_chunk_ = false;
    last_separator_ = false;
    if (chunk_is_empty()) {
      out_.chunks.pop_back();
      return;
    }
    out_.tokens.push_back({LaidKind::kEnd, out_.tokens.back().lexeme, {last, last}});
    chunk().end = static_cast<uint32_t>(out_.tokens.size());
  }

  void add_open_text(size_t i) {
    if (damage()) {
      report(Code::unclosed_text, lexeme(i).span, "this text is never closed").help =
          "close it with `\"` on the same line; `\\n` in it starts a new line";
    }
    push(LaidKind::kText, i, lexeme(i).span);
  }

  void add_sql_text(size_t i) {
    std::string inner(text(i).substr(1, text(i).size() - 2));
    Diagnostic& d = report(Code::single_quotes, lexeme(i).span, "text stands in double quotes");
    std::string quoted = "\"";
    for (char c : inner) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    quoted += '"';
    d.help = "write " + quoted;
    d.fixes.push_back({lexeme(i).span, quoted, true});
    push(LaidKind::kText, i, lexeme(i).span);
  }

  void add_sql_not_equal(size_t i) {
    const size_t after = next_lexeme(out_.lexemes, i);
    const bool about_null = after < out_.lexemes.size() && text(after) == "null";  // which is an error of its own
    if (!about_null) {
      Diagnostic& d = report(Code::sql_not_equal, lexeme(i).span, "`<>` is written `!=` here");
      d.fixes.push_back({lexeme(i).span, "!=", true});
    }
    count_operator(i);
    push(LaidKind::kNotEqual, i, lexeme(i).span);
  }

  void add_sql_comment(size_t i) {
    Span marks{lexeme(i).span.begin, lexeme(i).span.begin + 2};
    report_comment(marks, lexeme(i).line_start || text(i).substr(2, 1) == " ");
  }

  void report_comment(Span marks, bool certain) {
    Diagnostic& d = report(Code::sql_comment, marks, "a comment starts with `#`");
    d.fixes.push_back({marks, "#", certain});
  }

  void add_symbol_word(size_t i) {
    bool is_and = text(i) == "&&";
    std::string word = is_and ? "and" : "not ";
    Diagnostic& d =
        report(Code::symbol_word, lexeme(i).span, is_and ? "`&&` is written `and` here" : "`!` is written `not` here");
    const size_t after = next_lexeme(out_.lexemes, i);
    const bool whole = is_and || (after < out_.lexemes.size() && text(after) == "(");
    d.fixes.push_back({lexeme(i).span, word, whole});
    count_operator(i);
    push(is_and ? LaidKind::kAnd : LaidKind::kNot, i, lexeme(i).span);
  }

  /// From one curly quote to the next on its line; nothing where there is none, or where the text has other quotes in
  /// it.
  Span curly_text(Span open) const {
    const std::string_view rest = file_.text({open.end, file_.end()});
    const std::string_view line = rest.substr(0, rest.find('\n'));
    size_t close = std::string_view::npos;
    for (const char* quote : {"“", "”", "„", "‘", "’"}) close = std::min(close, line.find(quote));
    if (close == std::string_view::npos || line.substr(0, close).find_first_of("\"\\") != std::string_view::npos)
      return {};
    return {open.begin, open.end + static_cast<uint32_t>(close) + 3};
  }

  void add_unknown(size_t i) {
    if (!damage()) return;
    std::string_view sign = text(i);
    if (sign == "|") {
      report(Code::unclosed_row, lexeme(i).span, "this table row does not end with `|`").help =
          "every cell has a `|` on both sides: `| ann | 12 |`";
      return;
    }
    if (sign == "'") {
      report(Code::unclosed_text, lexeme(i).span, "this text is never closed").help = "text stands in double quotes";
      return;
    }
    const bool curly = sign == "“" || sign == "”" || sign == "„" || sign == "‘" || sign == "’";
    const bool visible = static_cast<unsigned char>(sign[0]) > 0x20 && sign[0] != 0x7F && sign != "\u00A0";
    Diagnostic& d = report(
        Code::unknown_character, lexeme(i).span,
        visible ? "`" + std::string(sign) + "` means nothing here" : "this invisible character means nothing here");
    if (curly) d.help = "text stands in straight double quotes: `\"text\"`";
    if (const Span all = curly ? curly_text(lexeme(i).span) : Span{}; all.end != 0) {
      const Span inside{all.begin + 3, all.end - 3};  // each of these quotes has three bytes
      d.span = all;
      d.fixes.push_back({all, "\"" + std::string(file_.text(inside)) + "\"", true});
    }
    if (sign == "%") d.help = "a percentage is written without a space: `5%`";
    if (!visible) d.fixes.push_back({lexeme(i).span, " ", true});
  }

  const SourceFile& file_;
  DiagnosticSink& sink_;
  Layout out_;
  std::vector<Open> open_;
  Open top_{};
  std::vector<Span> doc_;
  bool has_chunk_ = false;
  bool in_foreign_comment_ = false;
  bool last_separator_ = false;  ///< a ';' outside brackets has just ended a declaration
  size_t errors_ = 0;
};

constexpr std::array kJoinsNext = {"+",  "-", "*", "/", "==", "!=", "<", "<=", ">",
                                   ">=", "=", ",", ":", ".",  "->", "(", "["};
constexpr std::array kJoinsPrevious = {"+", "-", "*", "/",  "==", "!=", "<", "<=", ">", ">=", "=",
                                       ",", ":", ".", "->", ")",  "]",  "?", "{",  "}", ";"};

}  // namespace

bool joins_next_line(const SourceFile& file, const std::vector<Lexeme>& lexemes, size_t before) {
  if (before >= lexemes.size()) return false;
  std::string_view word = file.text(lexemes[before].span);
  if (lexemes[before].kind == LexemeClass::kSign) {
    return std::find(kJoinsNext.begin(), kJoinsNext.end(), word) != kJoinsNext.end();
  }
  bool clause = (lexemes[before].kind == LexemeClass::kReserved && is_clause_word(word)) || word == "at";
  if (!clause) return false;
  size_t dot = previous_lexeme(lexemes, before);
  return dot >= lexemes.size() || file.text(lexemes[dot].span) != ".";
}

bool joins_previous_line(const SourceFile& file, const std::vector<Lexeme>& lexemes, size_t after) {
  const Lexeme& lexeme = lexemes[after];
  std::string_view word = file.text(lexeme.span);
  if (lexeme.kind == LexemeClass::kRow) return true;
  if (lexeme.kind == LexemeClass::kSign) {
    return std::find(kJoinsPrevious.begin(), kJoinsPrevious.end(), word) != kJoinsPrevious.end();
  }
  size_t next = next_lexeme(lexemes, after);
  std::string_view following = next < lexemes.size() ? file.text(lexemes[next].span) : std::string_view();
  if (word == "at") return following != ":" && following != "=";
  if (word == "not") return following == "in";
  return lexeme.kind == LexemeClass::kReserved && is_clause_word(word) && word != "if";
}

Layout lay_out(const SourceFile& file, DiagnosticSink& sink) { return LayoutBuilder(file, sink).build(); }

}  // namespace alidade
