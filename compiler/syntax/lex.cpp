// Source text to lexemes, with the generated lexer. Door: lexeme.h.
#include "compiler/syntax/lexeme.h"

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

}  // namespace

std::vector<Lexeme> lex(const SourceFile& file) {
  std::string_view text = file.text();
  std::vector<uint32_t> offsets = code_point_offsets(text);
  auto byte = [&](size_t index) {
    return file.start() + (offsets.empty() ? static_cast<uint32_t>(index) : offsets[index]);
  };

  antlr4::ANTLRInputStream input{std::string(text)};
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
