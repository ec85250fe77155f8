// One cause, one error: a mistake in one declaration never makes an error in another. Good specs are broken in one
// place, in all the ways in which hands slip; where the declaration has an error, no other may have one that does not
// point back to it. A change that leaves its declaration right is no mistake but another meaning, and is left out.
// rooms: alidade_sema alidade_stdlib
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "compiler/sema/analyse.h"
#include "stdlib/stdlib.h"

namespace alidade {
namespace {

/// Of each spec and kind of slip.
size_t mutations() {
  const char* asked = std::getenv("ALIDADE_MUTATIONS");
  return asked == nullptr ? 4 : static_cast<size_t>(std::atoi(asked));
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A spec and the modules of the library that it imports.
struct Checked {
  DiagnosticSink sink;
  std::vector<std::unique_ptr<Syntax>> syntaxes;

  explicit Checked(const std::string& text) {
    SpecFiles files;
    std::map<std::string, int> known;
    add("spec.metric", text, known, files);
    for (const auto& syntax : syntaxes) files.files.push_back(syntax.get());
    analyse(files, sink);
  }

  int add(const std::string& path, const std::string& text, std::map<std::string, int>& known, SpecFiles& files) {
    const int index = static_cast<int>(syntaxes.size());
    known[path] = index;
    const uint32_t start = syntaxes.empty() ? 0 : syntaxes.back()->source->end() + 1;
    syntaxes.push_back(std::make_unique<Syntax>(parse(path, text, sink, start)));
    files.imports.emplace_back();
    const Syntax& syntax = *syntaxes.back();
    std::vector<int> imports;
    for (const ast::Decl& decl : syntax.file.decls) {
      if (decl.kind != ast::DeclKind::kImport) continue;
      const std::string name = "std/" + std::string(decl.path.parts.back().name.text()) + ".metric";
      const auto found = std::find_if(library_modules().begin(), library_modules().end(),
                                      [&](const LibraryModule& module) { return module.path == name; });
      if (found == library_modules().end()) {
        imports.push_back(-1);
        continue;
      }
      imports.push_back(known.contains(name) ? known[name] : add(name, std::string(found->text), known, files));
    }
    files.imports[static_cast<size_t>(index)] = imports;
    return index;
  }
};

/// Words, numbers, texts and signs of a declaration, without its comments and the rows of its tests.
std::vector<Span> tokens_of(const std::string& text, Span declaration) {
  std::vector<Span> tokens;
  const auto is_word = [&](uint32_t i) {
    return std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_' || (text[i] & 0x80) != 0;
  };
  for (uint32_t i = declaration.begin; i < declaration.end;) {
    const uint32_t begin = i;
    const bool line = text[i] == '#' || text[i] == '|';
    if (line) {
      while (i < declaration.end && text[i] != '\n') ++i;
      continue;
    }
    if (std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      ++i;
      continue;
    }
    if (text[i] == '"') {
      for (++i; i < declaration.end && text[i] != '"' && text[i] != '\n'; ++i) i += text[i] == '\\';
      ++i;
    } else if (is_word(i)) {
      while (i < declaration.end && is_word(i)) ++i;
    } else {
      ++i;
    }
    tokens.push_back({begin, std::min(i, declaration.end)});
  }
  return tokens;
}

enum class Slip { kDelete, kInsert, kReplace, kDouble, kMisspell, kLoseBracket };

/// One spec with one slip of the hand in it.
struct Mutation {
  std::string text;
  Span declaration;  ///< in the new text, up to where the next begins
  std::string what;
};

class Mutator {
 public:
  Mutator(std::string text, uint64_t seed) : text_(std::move(text)), random_(seed) {
    const Checked good(text_);
    REQUIRE_MESSAGE(!good.sink.has_errors(), text_, good.sink.all().front().message);
    for (const ast::Decl& decl : good.syntaxes.front()->file.decls) {
      declarations_.push_back(decl.span);
      for (const Span token : tokens_of(text_, decl.span)) {
        tokens_.push_back({token, declarations_.size() - 1, decl.name.span.begin == token.begin});
      }
    }
  }

  Mutation mutate(Slip slip) {
    for (;;) {
      const Token& token = tokens_[random_() % tokens_.size()];
      const std::string old = text_.substr(token.span.begin, token.span.end - token.span.begin);
      // Under another name it would be another declaration, and whoever means the old one has a mistake of their own.
      if (token.name && slip != Slip::kInsert) continue;
      const bool bracket = old.size() == 1 && std::string("(){}[]").find(old) != std::string::npos;
      const bool word = old.size() >= 4 && std::isalpha(static_cast<unsigned char>(old[0])) != 0;
      if (slip == Slip::kLoseBracket && !bracket) continue;
      if (slip == Slip::kMisspell && !word) continue;
      std::string changed = made_of(slip, old);
      if (changed == old) continue;
      Mutation mutation;
      mutation.text = text_.substr(0, token.span.begin) + changed + text_.substr(token.span.end);
      const Span declaration = declarations_[token.declaration];
      const bool last = token.declaration + 1 == declarations_.size();
      const size_t grown = changed.size() - old.size();
      const uint32_t end = last ? static_cast<uint32_t>(text_.size()) : declarations_[token.declaration + 1].begin;
      mutation.declaration = {declaration.begin, static_cast<uint32_t>(end + grown)};
      mutation.what = "`" + old + "` became `" + changed + "` in:\n" +
                      mutation.text.substr(declaration.begin, mutation.declaration.end - declaration.begin);
      return mutation;
    }
  }

 private:
  struct Token {
    Span span;
    size_t declaration;
    bool name;  ///< of the declaration
  };

  std::string made_of(Slip slip, const std::string& old) {
    static const std::vector<std::string> kInserted = {"(",  ")", "{",  "}",     "[",  "]",   ",",  "=",
                                                       "==", "+", "of", "where", "by", "per", "5",  "\"",
                                                       "x",  "|", "'",  ".",     ":",  "not", "if", "@"};
    const std::string some = kInserted[random_() % kInserted.size()];
    switch (slip) {
      case Slip::kDelete:
      case Slip::kLoseBracket:
        return "";
      case Slip::kInsert:
        return old + " " + some;
      case Slip::kReplace:
        return some;
      case Slip::kDouble:
        return old + " " + old;
      case Slip::kMisspell: {
        std::string word = old;
        std::swap(word[1], word[2]);
        return word == old ? old + "q" : word;
      }
    }
    return old;
  }

  std::string text_;
  std::mt19937_64 random_;
  std::vector<Span> declarations_;
  std::vector<Token> tokens_;
};

/// The errors elsewhere, where the declaration has one.
std::string violations(const Mutation& mutation) {
  const Checked checked(mutation.text);
  const auto inside = [&](Span span) {
    return mutation.declaration.begin <= span.begin && span.begin <= mutation.declaration.end;
  };
  bool own = false;
  std::string found;
  for (const Diagnostic& d : checked.sink.all()) {
    if (d.severity != Severity::kError) continue;
    const bool here = inside(d.span), says_so = std::any_of(d.labels.begin(), d.labels.end(),
                                                            [&](const Label& label) { return inside(label.span); });
    own = own || here;
    if (here || says_so) continue;
    const LineColumn at = checked.syntaxes.front()->source->position(d.span.begin);
    found += "  line " + std::to_string(at.line) + ": AL" + std::to_string(static_cast<int>(d.code)) + " " + d.message +
             "\n";
  }
  return own ? found : "";
}

TEST_CASE("a slip in one declaration is no error in another") {
  std::vector<std::filesystem::path> specs;
  for (const char* folder : {"/examples", "/stdlib", "/tests/stdlib", "/tests/conformance"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(ALIDADE_SOURCE_DIR) + folder)) {
      if (entry.path().extension() == ".metric" && entry.file_size() < 8000) specs.push_back(entry.path());
    }
  }
  std::sort(specs.begin(), specs.end());
  size_t wrong = 0, tried = 0;
  for (const auto& path : specs) {
    const std::string text = read(path);
    if (Checked(text).sink.has_errors()) continue;  // imports files of its own
    Mutator mutator(text, 7);
    for (Slip slip :
         {Slip::kDelete, Slip::kInsert, Slip::kReplace, Slip::kDouble, Slip::kMisspell, Slip::kLoseBracket}) {
      for (size_t i = 0; i < mutations(); ++i) {
        const Mutation mutation = mutator.mutate(slip);
        const std::string found = violations(mutation);
        ++tried;
        if (found.empty()) continue;
        if (++wrong <= 12) FAIL_CHECK(path.filename().string(), ": ", mutation.what, "\n", found);
      }
    }
  }
  CHECK(tried > 2000);
  CHECK(wrong == 0);
}

TEST_CASE("past 200 errors the rest is counted, and a good metric among them stays silent") {
  std::string text = "stream app { time ts : timestamp }\n";
  for (int i = 0; i < 1000; ++i)
    text += "metric m" + std::to_string(i) + " = count(app) + missing_" + std::to_string(i) + "\n";
  const Checked checked(text + "metric good = count(app)\n");
  REQUIRE(checked.sink.all().size() == 201);
  CHECK(checked.sink.all().back().code == Code::too_many_errors);
  CHECK(checked.sink.all().back().message == "800 more errors are not shown");
}

}  // namespace
}  // namespace alidade
