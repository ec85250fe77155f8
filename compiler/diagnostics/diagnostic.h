// Diagnostics as plain data, and the sink that phases report to. Door of compiler/diagnostics.
// Codes live in the .def files beside this one, one per phase (files, syntax, names, types, rules, limits, data, run):
//   AL_DIAGNOSTIC(2003, unclosed_brace, error, "this brace is never closed", "explanation…", "wrong example", "right
//   example")
// Rendering: render.h. Tested in tests/diagnostics and tests/unit/diagnostics_test.cpp. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/source.h"

namespace alidade {

enum class Severity : uint8_t { kError, kWarning, kNote };

/// Every code by name; the value is the number.
enum class Code : uint16_t {
#define AL_DIAGNOSTIC(number, name, severity, title, explanation, wrong, right) name = number,
#include "compiler/diagnostics/all_codes.def"
#undef AL_DIAGNOSTIC
};

struct CodeInfo {
  Code code;
  const char* name;
  Severity severity;
  const char* title;        ///< one line for the list of codes
  const char* explanation;  ///< what it means and what to do, for `alidade explain AL4012`
  const char* wrong;        ///< a spec that provokes it ("" for codes that need data or files)
  const char* right;        ///< the same, mended; checks without a message
};
const std::vector<CodeInfo>& all_codes();  ///< ascending by number
const CodeInfo* find_code(int number);     ///< nullptr if unknown

struct Label {
  Span span;
  std::string text;
  const SourceFile* file = nullptr;  ///< null: the diagnostic's
};

/// A replacement that certainly mends the error (`check --fix` applies it) or one to consider.
struct Fix {
  Span span;
  std::string replacement;
  bool certain = true;
};

/// One cause, one diagnostic. `message` says what was found; `help` what to do. Lower case, no final period.
struct Diagnostic {
  Code code;
  Severity severity = Severity::kError;
  const SourceFile* file = nullptr;
  Span span;  ///< the narrowest wrong part
  std::string message;
  std::string help;           ///< "" where the message says all
  std::vector<Label> labels;  ///< other places involved
  std::vector<Fix> fixes;
};

class DiagnosticSink {
 public:
  /// The returned reference is valid until the next report; add labels, help and fixes to it.
  Diagnostic& report(Code code, const SourceFile& file, Span span, std::string message);
  const std::vector<Diagnostic>& all() const { return all_; }
  /// For what only the reporting phase can add to what it has reported.
  std::vector<Diagnostic>& reported() { return all_; }
  bool has_errors() const;
  /// Orders by file, then place; the order everything is printed in. What was found twice, because a file was read for
  /// several others, is kept once.
  void sort();
  /// Takes over a file that diagnostics point into and that nobody else will own.
  void keep(std::unique_ptr<const SourceFile> file) { kept_.push_back(std::move(file)); }

 private:
  std::vector<Diagnostic> all_;
  std::vector<std::shared_ptr<const SourceFile>> kept_;
};

/// The candidate closest to `word` when close enough to be a likely typo; "" otherwise. It is certain where the word
/// has four letters or more, one keystroke that is no digit tells the two apart, and no other candidate is close.
struct LikelyWord {
  std::string word;
  bool certain = false;
};
LikelyWord likely_word(std::string_view word, const std::vector<std::string_view>& candidates);
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace alidade
