// Source text to lexemes, with the generated lexer. Door: lexeme.h.
#include "compiler/syntax/lexeme.h"

#include <utf8proc.h>

#include "compiler/syntax/antlr_cage.h"

namespace alidade {
namespace {

using antlr::AlidadeLexer;

LexemeClass class_of(size_t type) {
  if (type >= AlidadeLexer::MODULE && type <= AlidadeLexer::TEST) return LexemeClass::kDeclaration;
  if (type >= AlidadeLexer::AND && type <= AlidadeLexer::WITH) return LexemeClass::kReserved;
  if (type >= AlidadeLexer::ABOVE && type <= AlidadeLexer::TIME_UNIT) return LexemeClass::kName;
  if (type >= AlidadeLexer::LBRACE && type <= AlidadeLexer::SEMICOLON) return LexemeClass::kSign;
  switch (type) {
    case AlidadeLexer::IDENT:
      return LexemeClass::kName;
    case AlidadeLexer::NUMBER:
    case AlidadeLexer::PERCENT:
      return LexemeClass::kNumber;
    case AlidadeLexer::DATE:
    case AlidadeLexer::TIMESTAMP:
    case AlidadeLexer::MONTH:
      return LexemeClass::kDate;
    case AlidadeLexer::STRING:
      return LexemeClass::kText;
    case AlidadeLexer::ROW:
      return LexemeClass::kRow;
    case AlidadeLexer::DOC:
      return LexemeClass::kDoc;
    case AlidadeLexer::COMMENT:
      return LexemeClass::kComment;
    case AlidadeLexer::OPEN_STRING:
      return LexemeClass::kOpenText;
    case AlidadeLexer::SQL_STRING:
      return LexemeClass::kSqlText;
    case AlidadeLexer::SQL_NE:
      return LexemeClass::kSqlNotEqual;
    case AlidadeLexer::SQL_COMMENT:
      return LexemeClass::kSqlComment;
    case AlidadeLexer::SYMBOL_WORD:
      return LexemeClass::kSymbolWord;
    default:
      return LexemeClass::kUnknown;
  }
}

/// The lexer counts code points, spans count bytes: the byte offset of each code point, empty for plain ASCII.
std::vector<uint32_t> code_point_offsets(std::string_view text) {
  bool ascii = true;
  for (char c : text) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  std::vector<uint32_t> offsets;
  if (ascii) return offsets;
  for (uint32_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) offsets.push_back(i);
  }
  offsets.push_back(static_cast<uint32_t>(text.size()));
  return offsets;
}

/// The text as the lexer sees it: code points beyond ASCII by what they may be in a name. A letter is shown as U+00AA,
/// a mark or a digit as U+0300, all else as U+FFFD. The grammar with all letters of Unicode in it would take every
/// process milliseconds to unpack.
std::string shown_to_lexer(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    if (bytes[i] < 0x80) {
      shown += text[i++];
      continue;
    }
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &code);
    i += length > 0 ? static_cast<size_t>(length) : 1;
    const utf8proc_category_t category = length > 0 ? utf8proc_category(code) : UTF8PROC_CATEGORY_CN;
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) {
      shown += "\u00AA";
    } else if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ND) {
      shown += "\u0300";
    } else {
      shown += "\uFFFD";
    }
  }
  return shown;
}

}  // namespace

std::vector<Lexeme> lex(const SourceFile& file) {
  std::string_view text = file.text();
  std::vector<uint32_t> offsets = code_point_offsets(text);
  auto byte = [&](size_t index) {
    return file.start() + (offsets.empty() ? static_cast<uint32_t>(index) : offsets[index]);
  };

  antlr4::ANTLRInputStream input(offsets.empty() ? std::string(text) : shown_to_lexer(text));
  AlidadeLexer lexer(&input);
  lexer.removeErrorListeners();
  std::vector<Lexeme> lexemes;
  lexemes.reserve(text.size() / 5);
  int newlines = 1;  // the file's start is a line's start
  uint32_t line_begin = file.start();
  for (std::unique_ptr<antlr4::Token> token = lexer.nextToken(); token->getType() != antlr4::Token::EOF;
       token = lexer.nextToken()) {
    Span span{byte(token->getStartIndex()), byte(token->getStopIndex() + 1)};
    if (token->getType() == AlidadeLexer::NL) {
      ++newlines;
      line_begin = span.end;
      continue;
    }
    Lexeme lexeme{static_cast<uint16_t>(token->getType()), class_of(token->getType())};
    lexeme.span = span;
    lexeme.line_start = newlines > 0;
    lexeme.column_zero = newlines > 0 && span.begin == line_begin;
    lexeme.blank_before = newlines > 1 && !lexemes.empty();
    newlines = 0;
    lexemes.push_back(lexeme);
  }
  return lexemes;
}

}  // namespace alidade
