// The order of the analysis, and how its rules report. Door: analyse.h.
#include <fmt/format.h>
#include <xxhash.h>

#include "compiler/sema/analyser.h"

namespace alidade {

Model analyse(const Syntax& syntax, DiagnosticSink& sink) { return Analyser(syntax, sink).run(); }

namespace {

/// The text without comments, blank lines and the layout inside lines, so that those leave the hash as it is.
std::string meaning_of(std::string_view text) {
  std::string result;
  bool in_text = false, in_comment = false, space = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\n') {
      in_text = in_comment = space = false;
      if (!result.empty() && result.back() != '\n') result += '\n';
      continue;
    }
    if (in_comment) continue;
    if (!in_text && c == '#') {
      in_comment = true;
      continue;
    }
    if (!in_text && (c == ' ' || c == '\t' || c == '\r')) {
      space = true;
      continue;
    }
    if (space && !result.empty() && result.back() != '\n') result += ' ';
    space = false;
    result += c;
    if (in_text && c == '\\' && i + 1 < text.size() && text[i + 1] != '\n') {
      result += text[++i];
    } else if (c == '"') {
      in_text = !in_text;
    }
  }
  return result;
}

}  // namespace

Analyser::Analyser(const Syntax& syntax, DiagnosticSink& sink) : syntax_(syntax), sink_(sink), build_(model_) {}

Model Analyser::run() {
  std::string meaning = meaning_of(syntax_.source->text());
  model_.spec_hash = XXH3_64bits(meaning.data(), meaning.size());
  collect_symbols();
  declare_streams_and_tables();
  for (Symbol& symbol : symbols_) resolve(symbol);
  for (const ast::Decl& decl : syntax_.file.decls) {
    later_reported_ = false;
    if (decl.kind == ast::DeclKind::kTest) {
      declare_test(decl);
    } else {
      declare_later(decl);
    }
  }
  add_dimension_rows();
  return std::move(model_);
}

/// A report may break down by any field or attribute, and it cannot add rows to the model: they are all here.
void Analyser::add_dimension_rows() {
  for (size_t s = 0; s < model_.streams.size(); ++s) {
    int stream = static_cast<int>(s);
    const size_t fields = model_.streams[s].fields.size();
    for (size_t f = 0; f < fields; ++f) field_row({.stream = stream, .table = -1, .base = {}}, static_cast<int>(f));
    for (size_t t = 0; t < model_.tables.size(); ++t) {
      if (entity_for_table(model_, stream, static_cast<int>(t)) < 0) continue;
      for (const ModelField& field : model_.tables[t].fields) {
        StreamDimension found = dimension_in(model_, stream, field.name);
        if (found.found) build_.row(found.row);
        const ModelField& key = model_.tables[t].fields[static_cast<size_t>(model_.tables[t].key)];
        found = dimension_in(model_, stream, key.name + "." + field.name);
        if (found.found) build_.row(found.row);
      }
    }
  }
}

Analyser::Nesting::Nesting(Analyser& analyser, Span span) : analyser_(analyser) {
  too_deep = !analyser.sound_depth(++analyser.nesting_, span);
}

bool Analyser::sound_depth(int depth, Span span) {
  if (depth <= kMaxDepth) return true;
  if (!depth_reported_) {
    depth_reported_ = true;
    error(Code::formula_too_deep, span,
          fmt::format("this rests on other definitions more than {} steps deep", kMaxDepth), "define it more directly");
  }
  return false;
}

Diagnostic& Analyser::error(Code code, Span span, std::string message, std::string help) {
  Diagnostic& diagnostic = sink_.report(code, *syntax_.source, span, std::move(message));
  diagnostic.help = std::move(help);
  return diagnostic;
}

void Analyser::problem(const TypeProblem& problem, Span span) {
  error(problem.code, span, problem.message, problem.help);
}

void Analyser::label_types(Diagnostic& diagnostic, const ast::Expr& a, const Type& left, const ast::Expr& b,
                           const Type& right) {
  diagnostic.labels.push_back({a.span, show(left)});
  diagnostic.labels.push_back({b.span, show(right)});
}

void Analyser::unknown(Code code, const ast::Ident& name, std::string message,
                       const std::vector<std::string_view>& candidates, std::string help) {
  std::string near = did_you_mean(name.name.text(), candidates);
  Diagnostic& diagnostic = error(code, name.span, std::move(message), std::move(help));
  if (near.empty()) return;
  diagnostic.help = "did you mean `" + near + "`?";
  diagnostic.fixes.push_back({name.span, near, false});
}

void Analyser::later(Span span, std::string_view what) {
  if (later_reported_) return;
  later_reported_ = true;
  error(Code::not_available_yet, span, std::string(what) + " is not available yet");
}

std::string Analyser::words(const ast::Expr& expr) const {
  std::string result;
  for (char c : syntax_.source->text(expr.span)) {
    bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) {
      result += c;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  return result;
}

}  // namespace alidade
