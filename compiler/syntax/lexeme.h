// Words, numbers and signs of a source text, before any structure. Internal to compiler/syntax.
// Comments are lexemes too: the layout skips them, the formatter prints them. Tested through
// tests/unit/syntax_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/support/source.h"

namespace alidade {

/// What the layout and the formatter need to know of a lexeme; the parser goes by `type`.
enum class LexemeClass : uint8_t {
  kName,         ///< a word that may be a name, soft words included
  kDeclaration,  ///< a word that starts a declaration where one can start
  kReserved,     ///< a word that is never a name: and, where, per …
  kNumber,       ///< 1_000, 5%
  kDate,         ///< a date, a time or a month
  kText,         ///< "text"
  kRow,          ///< one line of a test table
  kSign,         ///< operators, brackets, separators
  kComment,
  kDoc,
  kOpenText,     ///< "text without its end
  kSqlText,      ///< 'text'
  kSqlNotEqual,  ///< <>
  kSqlComment,   ///< -- text
  kSymbolWord,   ///< && !
  kUnknown,      ///< a character of no use
};

struct Lexeme {
  uint16_t type = 0;  ///< of the generated lexer
  LexemeClass kind = LexemeClass::kUnknown;
  bool line_start = false;    ///< first on its line
  bool column_zero = false;   ///< first on its line, not indented
  bool blank_before = false;  ///< an empty line stands before it
  Span span;
};

/// The text must be valid UTF-8. Never fails: what is no lexeme comes back as kUnknown, a character each.
std::vector<Lexeme> lex(const SourceFile& file);

}  // namespace alidade
