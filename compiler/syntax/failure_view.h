// A declaration that does not parse, looked at token by token. Internal to compiler/syntax: the base of what explains
// failures. Tested through tests/unit/syntax_test.cpp.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "compiler/syntax/explain.h"

namespace alidade {

std::string lower_case(std::string_view word);

class FailureView {
 public:
  FailureView(const Failure& failure, DiagnosticSink& sink) : failure_(failure), sink_(sink) {}

  /// "" for what stands for no text, and past the end.
  std::string_view text(size_t i) const {
    if (i >= failure_.tokens.size()) return {};
    LaidKind kind = failure_.tokens[i]->kind;
    if (kind == LaidKind::kEnd || kind == LaidKind::kSeparator) return {};
    return failure_.file->text(failure_.tokens[i]->span);
  }
  Span span(size_t i) const { return failure_.tokens[std::min(i, failure_.tokens.size() - 1)]->span; }
  bool is_kind(size_t i, LexemeClass kind) const {
    return i < failure_.tokens.size() && !text(i).empty() && lexeme(i).kind == kind;
  }
  bool is_word(size_t i) const { return is_kind(i, LexemeClass::kName) || is_kind(i, LexemeClass::kDeclaration); }

  size_t at() const { return failure_.at; }
  std::string_view current() const { return text(at()); }
  std::string_view previous() const { return at() == 0 ? std::string_view() : text(at() - 1); }

  bool operand_ended_before() const {
    if (at() == 0) return false;
    size_t before = at() - 1;
    return is_word(before) || is_kind(before, LexemeClass::kNumber) || is_kind(before, LexemeClass::kText) ||
           is_kind(before, LexemeClass::kSqlText) || is_kind(before, LexemeClass::kDate) || previous() == ")" ||
           previous() == "]";
  }

  /// Whether the token stands in a formula: after the `=` or `:` that opens one, or in an expectation.
  bool in_formula() const;

 protected:
  const Lexeme& lexeme(size_t i) const { return (*failure_.lexemes)[failure_.tokens[i]->lexeme]; }
  Diagnostic& report(Code code, Span place, std::string message) {
    return sink_.report(code, *failure_.file, place, std::move(message));
  }
  static std::string quoted(std::string_view word) { return "`" + std::string(word) + "`"; }

  const Failure& failure_;
  DiagnosticSink& sink_;
};

/// A habit of SQL or of another language, where the failure is one; false leaves it to others.
bool explain_habit(const Failure& failure, DiagnosticSink& sink);

}  // namespace alidade
