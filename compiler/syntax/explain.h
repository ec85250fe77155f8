// Why a declaration does not parse, in the analyst's words. Internal to compiler/syntax; knows no ANTLR.
// Tested in tests/unit/syntax_test.cpp: each message, and that each code's example provokes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/syntax/layout.h"

namespace alidade {

/// A declaration that does not parse: its tokens, the one that does not fit, and the rules it stands in, innermost
/// first.
struct Failure {
  const SourceFile* file = nullptr;
  const std::vector<Lexeme>* lexemes = nullptr;
  std::vector<const LaidToken*> tokens;
  size_t at = 0;
  std::vector<std::string> rules;
};

/// What the token's line begins with, where that is in the first column and not the declaration's first word: it may be
/// a declaration of its own that was taken for a part of the one above it.
std::string_view margin_word(const Failure& failure);

/// Whether the token is a single `=` where two values are compared.
bool is_sql_equals(const Failure& failure);
void report_sql_equals(const Failure& failure, DiagnosticSink& sink);

/// The one error of a declaration or an item.
void explain_failure(const Failure& failure, DiagnosticSink& sink);

/// A declaration that starts with no declaration word.
void explain_unknown_start(const Failure& failure, DiagnosticSink& sink);

}  // namespace alidade
