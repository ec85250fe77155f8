// Text to syntax tree, a declaration at a time; what does not parse is reported item by item. Door: parse.h.
#include "compiler/syntax/parse.h"

#include <utf8proc.h>

#include <algorithm>

#include "compiler/syntax/build_tree.h"
#include "compiler/syntax/explain.h"
#include "compiler/syntax/layout.h"
#include "compiler/syntax/parse_tree.h"

namespace alidade {
namespace {

/// A byte-order mark is no part of the text.
std::string without_mark(std::string text) {
  while (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

/// The first byte that is no UTF-8; text.size() if all is well.
size_t first_bad_byte(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    if (bytes[at] < 0x80) {
      ++at;
      continue;
    }
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t length = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (length <= 0) return at;
    at += static_cast<size_t>(length);
  }
  return text.size();
}

/// Whether the text can be read at all; if not, the one error says why.
bool is_readable(const SourceFile& file, DiagnosticSink& sink) {
  std::string_view text = file.text();
  if (text.size() > kMaxFileBytes) {
    sink.report(Code::file_too_large, file, {file.start(), file.start()},
                "the file has " + std::to_string(text.size()) + " bytes; a spec may have 4 MB");
    return false;
  }
  if (size_t nul = text.find('\0'); nul != std::string_view::npos) {
    uint32_t at = file.start() + static_cast<uint32_t>(nul);
    sink.report(Code::nul_byte, file, {at, at + 1}, "the file is not text: it holds a zero byte");
    return false;
  }
  if (size_t bad = first_bad_byte(text); bad < text.size()) {
    uint32_t at = file.start() + static_cast<uint32_t>(bad);
    sink.report(Code::not_utf8, file, {at, at + 1}, "the file is not UTF-8 text").help = "save it again as UTF-8";
    return false;
  }
  return true;
}

class FileParser {
 public:
  FileParser(Syntax& syntax, DiagnosticSink& sink)
      : syntax_(syntax), sink_(sink), first_error_(sink.all().size()), layout_(lay_out(*syntax.source, sink)) {}

  void parse() {
    size_t done = 0;
    while (done < layout_.chunks.size() && !full()) parse_chunk(layout_.chunks[done++]);
    if (done < layout_.chunks.size() || layout_.cut_short) report_cut(done);
    syntax_.file.decls = syntax_.arena->copy(decls_);
    syntax_.file.unread = syntax_.arena->copy(unread_);
  }

 private:
  /// Indexes of laid-out tokens that are parsed together: a declaration, or its head with some of its items.
  using Part = std::vector<uint32_t>;

  bool full() const { return sink_.all().size() - first_error_ >= kMaxErrors; }

  void report_cut(size_t done) {
    const uint32_t end = syntax_.source->end();
    bool inside = done < layout_.chunks.size();
    Span place = inside ? layout_.tokens[layout_.chunks[done].begin].span : Span{end, end};
    sink_.report(Code::too_many_errors, *syntax_.source, place, "the file has more than 200 errors and is not read on");
    unread_.push_back({});
  }

  LexemeClass class_of(uint32_t token) const { return layout_.lexemes[layout_.tokens[token].lexeme].kind; }
  std::string_view text(uint32_t token) const {
    bool plain = layout_.tokens[token].kind == LaidKind::kLexeme;
    return plain ? syntax_.source->text(layout_.tokens[token].span) : std::string_view();
  }

  void parse_chunk(const Chunk& chunk) {
    Part whole;
    for (uint32_t i = chunk.begin; i < chunk.end; ++i) whole.push_back(i);
    if (class_of(chunk.begin) != LexemeClass::kDeclaration) {
      if (!chunk.damaged) explain_unknown_start(failure_of(whole, {}), sink_);
      return leave_out(chunk);
    }
    if (chunk.skip) return leave_out(chunk);
    ParseFailure failure;
    if (antlr::AlidadeParser::DeclContext* tree = parse_part(whole, &failure)) return build(tree, chunk, chunk.damaged);
    parse_items(chunk, whole, failure);
  }

  /// The tokens stay in `tokens_` while the tree is in use.
  antlr::AlidadeParser::DeclContext* parse_part(const Part& part, ParseFailure* failure) {
    constexpr int kMaxRepairs = 20;
    for (int repairs = 0;; ++repairs) {
      tokens_ = chunk_tokens(layout_, part);
      antlr::AlidadeParser::DeclContext* tree = parser_.parse(tokens_, failure);
      if (tree != nullptr || repairs == kMaxRepairs) return tree;
      Failure seen = failure_of(part, *failure);
      if (!is_sql_equals(seen)) return nullptr;
      report_sql_equals(seen, sink_);
      if (!margin_word(seen).empty()) unread_.push_back({});
      layout_.tokens[part[failure->token]].kind = LaidKind::kEqual;
    }
  }

  Failure failure_of(const Part& part, const ParseFailure& failure) const {
    Failure out{syntax_.source.get(), &layout_.lexemes, {}, failure.token, failure.rules};
    for (uint32_t token : part) out.tokens.push_back(&layout_.tokens[token]);
    return out;
  }

  void build(antlr::AlidadeParser::DeclContext* tree, const Chunk& chunk, bool broken) {
    const size_t before = sink_.all().size();
    DeclBuilder builder(syntax_, layout_, sink_);
    decls_.push_back(builder.build(tree));
    decls_.back().broken = broken || sink_.all().size() > before;
    if (broken) look_for_heads(chunk);
  }

  /// The declaration is not in the tree; its name, where it has one, is remembered: the second word, and of
  /// `event event paid = …` the one before the sign.
  void leave_out(const Chunk& chunk) {
    const uint32_t name = name_token(chunk), last = last_of_head(chunk);
    remember(chunk, name);
    if (last != name && last != chunk.end) remember(chunk, last);
    look_for_heads(chunk);
  }

  void remember(const Chunk& chunk, uint32_t name) {
    ast::UnreadDecl unread;
    unread.word = text(chunk.begin);
    if (name < chunk.end) {
      const Span span = layout_.tokens[name].span;
      unread.name = {syntax_.names->intern(syntax_.source->text(span)), span};
    }
    unread_.push_back(unread);
  }

  bool is_word(uint32_t token) const {
    const bool put_in =
        layout_.tokens[token].kind != LaidKind::kLexeme && layout_.tokens[token].kind != LaidKind::kName;
    return !put_in && (class_of(token) == LexemeClass::kName || class_of(token) == LexemeClass::kDeclaration);
  }
  bool opens_value(uint32_t token) const { return text(token) == "=" || text(token) == "{"; }

  /// The word before the first `=` or `{`; the chunk's end where there is none.
  uint32_t last_of_head(const Chunk& chunk) const {
    for (uint32_t i = chunk.begin + 1; i < chunk.end; ++i) {
      if (opens_value(i)) return is_word(i - 1) ? i - 1 : chunk.end;
    }
    return chunk.end;
  }

  /// A line that looks like a declaration without its first word, or that stands in the first column inside brackets,
  /// is taken for a part of the declaration before: what it would declare, and of which kind, cannot be told.
  void look_for_heads(const Chunk& chunk) {
    int depth = depth_change(chunk.begin);
    for (uint32_t i = chunk.begin + 1; i + 2 < chunk.end; ++i) {
      const Lexeme& lexeme = layout_.lexemes[layout_.tokens[i].lexeme];
      const bool opens = opens_value(i + 1) || text(i + 1) == "(" || (is_word(i + 1) && opens_value(i + 2));
      const bool head = depth == 0 && lexeme.line_start && opens;
      if (head || (lexeme.column_zero && is_word(i))) return unread_.push_back({});
      depth += depth_change(i);
    }
  }

  /// What the declaration would be called by: the second word, of an import its alias or the last of its path; its end
  /// where there is none.
  uint32_t name_token(const Chunk& chunk) const {
    uint32_t name = chunk.begin + 1;
    if (name >= chunk.end || !is_word(name)) return chunk.end;
    if (text(chunk.begin) != "import") return name;
    while (name + 2 < chunk.end && text(name + 1) == "." && is_word(name + 2)) name += 2;
    for (uint32_t i = name + 1; i + 1 < chunk.end; ++i) {
      if (text(i) == "as" && is_word(i + 1)) return i + 1;
    }
    return name;
  }

  /// The outermost braces of a declaration: [open, close] as places in `whole`; close is 0 where there are none.
  struct Body {
    size_t open = 0;
    size_t close = 0;
  };
  Body find_body(const Part& whole) const {
    Body body;
    int depth = 0;
    for (size_t i = 0; i < whole.size(); ++i) {
      if (text(whole[i]) == "{" && depth == 0 && body.open == 0) body.open = i;
      int change = depth_change(whole[i]);
      depth += change;
      if (change < 0 && depth == 0 && body.open != 0 && body.close == 0) body.close = i;
    }
    return body;
  }

  int depth_change(uint32_t token) const {
    std::string_view sign = text(token);
    if (sign == "{" || sign == "(" || sign == "[") return 1;
    LaidKind kind = layout_.tokens[token].kind;
    bool put_in = kind == LaidKind::kCloseBrace || kind == LaidKind::kCloseParen || kind == LaidKind::kCloseBracket;
    return put_in || sign == "}" || sign == ")" || sign == "]" ? -1 : 0;
  }

  /// The items of a body as places [begin, end) in `whole`.
  struct Item {
    size_t begin = 0;
    size_t end = 0;
  };
  std::vector<Item> items_of(const Part& whole, Body body) const {
    std::vector<Item> items;
    size_t begin = body.open + 1;
    int depth = 0;
    for (size_t i = begin; i <= body.close; ++i) {
      depth += depth_change(whole[i]);
      bool ends = i == body.close || (depth == 0 && layout_.tokens[whole[i]].kind == LaidKind::kSeparator);
      if (!ends) continue;
      if (i > begin) items.push_back({begin, i});
      begin = i + 1;
    }
    return items;
  }

  /// A declaration that does not parse as a whole: an error in its head leaves it out, an error in an item only the
  /// item.
  void parse_items(const Chunk& chunk, const Part& whole, const ParseFailure& failure) {
    Body body = find_body(whole);
    bool in_body = body.close != 0 && failure.token > body.open && failure.token <= body.close;
    if (!in_body) {
      if (!chunk.damaged) explain_failure(failure_of(whole, failure), sink_);
      return leave_out(chunk);
    }
    const Part head(whole.begin(), place(whole, body.open + 1));
    const Part tail(place(whole, body.close), whole.end());
    Part good = head;
    for (const Item& item : items_of(whole, body)) {
      if (full()) break;
      Part alone = head;
      alone.insert(alone.end(), place(whole, item.begin), place(whole, item.end));
      alone.insert(alone.end(), tail.begin(), tail.end());
      ParseFailure item_failure;
      if (parse_part(alone, &item_failure) != nullptr) {
        size_t begin = good.size() > head.size() ? item.begin - 1 : item.begin;  // with the separator before it
        good.insert(good.end(), place(whole, begin), place(whole, item.end));
      } else if (!chunk.damaged) {
        explain_failure(failure_of(alone, item_failure), sink_);
      }
    }
    good.insert(good.end(), tail.begin(), tail.end());
    ParseFailure rest;
    antlr::AlidadeParser::DeclContext* tree = parse_part(good, &rest);
    if (tree == nullptr) return leave_out(chunk);
    build(tree, chunk, true);
  }

  static Part::const_iterator place(const Part& whole, size_t at) { return whole.begin() + static_cast<ptrdiff_t>(at); }

  Syntax& syntax_;
  DiagnosticSink& sink_;
  const size_t first_error_;
  Layout layout_;
  DeclarationParser parser_;
  ChunkTokens tokens_;
  std::vector<ast::Decl> decls_;
  std::vector<ast::UnreadDecl> unread_;
};

}  // namespace

Syntax parse(std::string path, std::string text, DiagnosticSink& sink, uint32_t start) {
  Syntax syntax;
  syntax.source = std::make_unique<SourceFile>(std::move(path), without_mark(std::move(text)), start);
  syntax.names = std::make_unique<NameTable>();
  syntax.arena = std::make_unique<Arena>();
  if (is_readable(*syntax.source, sink)) {
    FileParser(syntax, sink).parse();
  } else {
    syntax.file.unread = syntax.arena->copy(std::vector<ast::UnreadDecl>(1));
  }
  return syntax;
}

std::vector<std::string> find_ambiguities(const std::string& text) {
  DiagnosticSink sink;
  SourceFile file("", text);
  const Layout layout = lay_out(file, sink);
  DeclarationParser parser;
  std::vector<std::string> found;
  for (const Chunk& chunk : layout.chunks) {
    std::vector<uint32_t> part;
    for (uint32_t i = chunk.begin; i < chunk.end; ++i) part.push_back(i);
    ChunkTokens tokens = chunk_tokens(layout, part);
    for (const std::string& rule : parser.find_ambiguities(tokens)) found.push_back(rule);
  }
  return found;
}

}  // namespace alidade
