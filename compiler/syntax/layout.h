// Lexemes to laid-out tokens: the file split into declarations, declaration words told from names, brackets made to
// match, and separators kept only where they end an item. Internal to compiler/syntax. Tested in
// tests/unit/syntax_test.cpp.
//
// Outside braces a declaration starts at a declaration word in column 0, or first on its line where the text before it
// is complete; any other word in column 0 ends the one before as well. Inside { } a newline or ';' ends an item, unless
// an operator, a comma or a clause word adjoins, or a table row follows. Inside ( ) and [ ] newlines mean nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/syntax/lexeme.h"
#include "compiler/syntax/parse.h"

namespace alidade {

/// Longest chain of operators and calls one expression may have: every later phase recurses over the tree.
constexpr int kMaxOperators = 1000;

enum class LaidKind : uint8_t {
  kLexeme,  ///< the lexeme as it is
  kName,    ///< a declaration word where none can start
  kText,
  kNotEqual,
  kEqual,
  kAnd,
  kOr,
  kNot,        ///< a habit of another language, reported and mended
  kSeparator,  ///< the end of an item inside braces
  kCloseBrace,
  kCloseParen,
  kCloseBracket,  ///< put in for one that is missing
  kEnd,           ///< of the declaration
};

struct LaidToken {
  LaidKind kind = LaidKind::kLexeme;
  uint32_t lexeme = 0;  ///< index; for the kinds put in, that of the lexeme before
  Span span;
  int32_t doc = -1;  ///< index into Layout::docs, on the first token after doc comments
};

/// Tokens [begin, end) of one declaration; the last is kEnd.
struct Chunk {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool damaged = false;  ///< an error in it was reported: what the parser finds is not
  bool skip = false;     ///< not to be parsed
};

struct Layout {
  std::vector<Lexeme> lexemes;
  std::vector<LaidToken> tokens;
  std::vector<Chunk> chunks;
  std::vector<std::vector<Span>> docs;  ///< the lines of each doc comment, with their marks
  bool cut_short = false;               ///< kMaxErrors were reported: what follows is not laid out
};

Layout lay_out(const SourceFile& file, DiagnosticSink& sink);

/// Whether a newline after `before` or before `after` means nothing, whatever stands on its other side.
bool joins_next_line(const SourceFile& file, const std::vector<Lexeme>& lexemes, size_t before);
bool joins_previous_line(const SourceFile& file, const std::vector<Lexeme>& lexemes, size_t after);

}  // namespace alidade
