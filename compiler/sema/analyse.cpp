// The order of the analysis, and how its rules report. Door: analyse.h.
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "compiler/sema/analyser.h"

namespace alidade {

Model analyse(const SpecFiles& files, DiagnosticSink& sink) { return Analyser(files, sink).run(); }

Model analyse(const Syntax& syntax, DiagnosticSink& sink) { return analyse(SpecFiles{{&syntax}, {{}}}, sink); }

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

/// NULL → null; "" for what is no value of the language in capitals.
std::string reserved_in_capitals(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> kValues[] = {
      {"NULL", "null"}, {"TRUE", "true"}, {"FALSE", "false"}, {"Null", "null"}, {"True", "true"}, {"False", "false"}};
  for (const auto& [capitals, lower] : kValues) {
    if (word == capitals) return std::string(lower);
  }
  return "";
}

}  // namespace

Analyser::Analyser(const SpecFiles& files, DiagnosticSink& sink)
    : files_(files), sink_(sink), build_(model_), meanings_(model_) {
  for (const Syntax* syntax : files.files) sources_.push_back(syntax->source.get());
  std::sort(sources_.begin(), sources_.end(), [](const auto* a, const auto* b) { return a->start() < b->start(); });
  next_expansion_ = sources_.back()->end() + 1;
}

Model Analyser::run() {
  const size_t first = sink_.all().size();
  std::string meaning;
  for (const Syntax* syntax : files_.files) meaning += meaning_of(syntax->source->text()) + '\n';
  model_.spec_hash = XXH3_64bits(meaning.data(), meaning.size());
  use_modules();
  open_calendar();
  declare_streams_and_tables();
  check_modules();
  bind_modules();
  for (Symbol& symbol : symbols_) resolve(symbol);
  for (size_t m = 0; m < modules_.size(); ++m) {
    module_ = static_cast<int>(m);
    for (const ast::Decl& decl : file_in(module_).decls) {
      later_reported_ = false;
      if (decl.broken) continue;
      if (decl.kind != ast::DeclKind::kTest) {
        declare_later(decl);
      } else if (const ast::Decl* test = m == 0 && !modules_[m].open ? expanded(decl) : nullptr) {
        in_test_ = true;
        declare_test(*test);
        in_test_ = false;
      }
    }
  }
  warn_same_metrics();
  warn_unused_imports();
  add_dimension_rows();
  settle_places(first);
  if (errors_ > kMaxErrors) {
    const SourceFile& file = *files_.files.front()->source;
    sink_.report(Code::too_many_errors, file, {file.end(), file.end()},
                 fmt::format("{} more errors are not shown", errors_ - kMaxErrors));
  }
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

/// Whether one more error is worth saying: not where its cause may be a declaration that could not be read, and not the
/// thousandth.
bool Analyser::is_said(Code code) {
  const bool names_something = code == Code::unknown_name || code == Code::unknown_function ||
                               code == Code::unknown_unit || code == Code::unknown_grain ||
                               code == Code::unknown_attribute || code == Code::no_such_entity ||
                               code == Code::segment_not_in_stream;
  if (names_missing_ && names_something) return false;
  const CodeInfo* info = find_code(static_cast<int>(code));
  const bool counts = info != nullptr && info->severity == Severity::kError;
  return !counts || ++errors_ <= kMaxErrors;
}

/// What is wrong inside a def's body is wrong with its use, so it is shown there; a label shows where in the def.
Diagnostic& Analyser::error(Code code, Span span, std::string message, std::string help) {
  if (!is_said(code)) return unsaid_ = {};
  std::vector<Label> labels;
  while (const Expansion* inside = expansion_at(span)) {
    labels.push_back({real(span), fmt::format("in `{}`", inside->name)});
    span = inside->use;
  }
  const SourceFile& file = file_of(span);
  const ModuleUse& module = modules_[static_cast<size_t>(module_)];
  if (module.import != nullptr && &file == files_.files[static_cast<size_t>(module.file)]->source.get()) {
    labels.push_back({module.import->path.span, "with what is given here"});
  }
  Diagnostic& diagnostic = sink_.report(code, file, span, std::move(message));
  diagnostic.help = std::move(help);
  diagnostic.labels = std::move(labels);
  return diagnostic;
}

const SourceFile& Analyser::file_of(Span span) const {
  const uint32_t place = real(span).begin;
  auto next = std::upper_bound(sources_.begin(), sources_.end(), place,
                               [](uint32_t at, const SourceFile* file) { return at < file->start(); });
  return next == sources_.begin() ? *sources_.front() : **(next - 1);
}

Span Analyser::real(Span span) const {
  const Expansion* inside = expansion_at(span);
  if (inside == nullptr) return span;
  const uint32_t moved = inside->begin - inside->body.begin;
  return {span.begin - moved, span.end - moved};
}

/// Labels and fixes get their own file's places, now that all are there. A fix in another file is none of this error.
void Analyser::settle_places(size_t first) {
  for (size_t i = first; i < sink_.reported().size(); ++i) {
    Diagnostic& diagnostic = sink_.reported()[i];
    for (Label& label : diagnostic.labels) {
      const SourceFile& file = file_of(label.span);
      label.span = real(label.span);
      if (&file != diagnostic.file) label.file = &file;
    }
    std::erase_if(diagnostic.fixes, [&](const Fix& fix) {
      return expansion_at(fix.span) != nullptr || &file_of(fix.span) != diagnostic.file;
    });
  }
}

std::string_view Analyser::written(Span span) const { return file_of(span).text(real(span)); }

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
  std::string lower = reserved_in_capitals(name.name.text());
  if (!lower.empty()) {
    Diagnostic& diagnostic = error(Code::upper_case_word, name.span, "the words of the language are in lower case");
    diagnostic.fixes.push_back({name.span, std::move(lower), true});
    return;
  }
  Diagnostic& diagnostic = error(code, name.span, std::move(message), std::move(help));
  if (&diagnostic == &unsaid_) return;
  const LikelyWord near = likely_word(name.name.text(), candidates);
  if (near.word.empty()) return;
  diagnostic.help = "did you mean `" + near.word + "`?";
  diagnostic.fixes.push_back({name.span, near.word, near.certain});
}

void Analyser::later(Span span, std::string_view what) {
  if (later_reported_) return;
  later_reported_ = true;
  error(Code::not_available_yet, span, std::string(what) + " is not available yet");
}

std::string Analyser::words(const ast::Expr& expr) const {
  std::string result;
  for (char c : written(expr.span)) {
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
