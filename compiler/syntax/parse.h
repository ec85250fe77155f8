// Text to syntax tree. Door of compiler/syntax; ANTLR stays behind it. Tested in tests/unit/syntax_test.cpp,
// tests/diagnostics/syntax_*.metric.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/syntax/ast.h"

namespace alidade {

/// Limits, each a diagnostic when passed, never a crash.
constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;
constexpr int kMaxNesting = 200;
constexpr size_t kMaxNumberDigits = 38;  ///< what 128 bits hold
/// After so many errors the rest of a file is not read; of what analysis finds no more are said.
constexpr size_t kMaxErrors = 200;

/// A parsed file. Owns source, names and nodes; nothing of it outlives it. Movable.
struct Syntax {
  std::unique_ptr<SourceFile> source;
  std::unique_ptr<NameTable> names;
  std::unique_ptr<Arena> arena;
  ast::File file;
};

/// Never fails: what cannot be read is reported, one error per broken item, and left out of the tree. Spans count from
/// `start`: files that are analysed together have different ones.
Syntax parse(std::string path, std::string text, DiagnosticSink& sink, uint32_t start = 0);

/// The grammar's rules that can read a text in two ways: none, or the grammar is wrong.
std::vector<std::string> find_ambiguities(const std::string& text);

/// The tree as indented text, one node a line, stable: `--dump=ast`.
std::string dump_ast(const Syntax& syntax);

/// The one layout: idempotent, comments kept, meaning unchanged. The text comes back as it was when it has syntax
/// errors, which are reported.
std::string format(const std::string& path, const std::string& text, DiagnosticSink& sink);

}  // namespace alidade
