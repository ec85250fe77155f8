// Laid-out tokens to ANTLR's parse tree, a declaration at a time. Internal to compiler/syntax: included by
// parse_tree.cpp, build_tree.h and parse.cpp only, since it brings ANTLR with it. One thread.
#pragma once

#include <string>
#include <vector>

#include "compiler/syntax/antlr_cage.h"
#include "compiler/syntax/layout.h"

namespace alidade {

/// A laid-out token as the parser sees it: its type and place, no text of its own.
class SpecToken final : public antlr4::Token {
 public:
  SpecToken(const LaidToken* laid, size_t type, size_t index) : laid_(laid), type_(type), index_(index) {}
  const LaidToken& laid() const { return *laid_; }
  Span span() const { return laid_->span; }

  std::string getText() const override { return {}; }
  size_t getType() const override { return type_; }
  size_t getLine() const override { return 0; }
  size_t getCharPositionInLine() const override { return 0; }
  size_t getChannel() const override { return DEFAULT_CHANNEL; }
  size_t getTokenIndex() const override { return index_; }
  size_t getStartIndex() const override { return laid_->span.begin; }
  size_t getStopIndex() const override { return laid_->span.end; }
  antlr4::TokenSource* getTokenSource() const override { return nullptr; }
  antlr4::CharStream* getInputStream() const override { return nullptr; }
  std::string toString() const override { return {}; }

 private:
  const LaidToken* laid_;
  size_t type_;
  size_t index_;
};

inline Span span_of(const antlr4::Token* token) { return static_cast<const SpecToken*>(token)->span(); }

/// The tokens of a declaration (or of its head with some of its items), the last of which is its end.
using ChunkTokens = std::vector<SpecToken>;
ChunkTokens chunk_tokens(const Layout& layout, const std::vector<uint32_t>& part);

/// Where a parse stopped, in the parser's terms.
struct ParseFailure {
  size_t token = 0;                ///< index of the token that does not fit
  std::vector<std::string> rules;  ///< the rules it was in, innermost first
};

class DeclarationParser {
 public:
  DeclarationParser();
  ~DeclarationParser();
  DeclarationParser(const DeclarationParser&) = delete;
  DeclarationParser& operator=(const DeclarationParser&) = delete;

  /// The tree of a declaration, or null with `failure` filled. Tree and tokens are good until the next call.
  /// SLL prediction first; exact LL only where that fails.
  antlr::AlidadeParser::DeclContext* parse(ChunkTokens& tokens, ParseFailure* failure);

  /// Parses with exact ambiguity detection and names the rules where two readings were found.
  std::vector<std::string> find_ambiguities(ChunkTokens& tokens);

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace alidade
