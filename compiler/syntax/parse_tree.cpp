// The generated parser, run on one declaration. Door: parse_tree.h. ANTLR's exceptions end here.
#include "compiler/syntax/parse_tree.h"

namespace alidade {
namespace {

using antlr::AlidadeParser;

size_t token_type(const Layout& layout, const LaidToken& token) {
  switch (token.kind) {
    case LaidKind::kLexeme:
      return layout.lexemes[token.lexeme].type;
    case LaidKind::kName:
      return AlidadeParser::IDENT;
    case LaidKind::kText:
      return AlidadeParser::STRING;
    case LaidKind::kNotEqual:
      return AlidadeParser::NE;
    case LaidKind::kEqual:
      return AlidadeParser::EQ;
    case LaidKind::kAnd:
      return AlidadeParser::AND;
    case LaidKind::kOr:
      return AlidadeParser::OR;
    case LaidKind::kNot:
      return AlidadeParser::NOT;
    case LaidKind::kSeparator:
      return AlidadeParser::NL;
    case LaidKind::kCloseBrace:
      return AlidadeParser::RBRACE;
    case LaidKind::kCloseParen:
      return AlidadeParser::RPAREN;
    case LaidKind::kCloseBracket:
      return AlidadeParser::RBRACKET;
    case LaidKind::kEnd:
      return antlr4::Token::EOF;
  }
  return antlr4::Token::EOF;
}

/// Reads one declaration's tokens; past the last it stays on the end.
class ChunkStream final : public antlr4::TokenStream {
 public:
  void read(ChunkTokens* tokens) {
    tokens_ = tokens;
    at_ = 0;
  }

  antlr4::Token* LT(ssize_t k) override {
    if (k < 0) return at_ < static_cast<size_t>(-k) ? nullptr : &(*tokens_)[at_ - static_cast<size_t>(-k)];
    return &(*tokens_)[place(k)];
  }
  size_t LA(ssize_t k) override {
    if (k < 0) return at_ < static_cast<size_t>(-k) ? 0 : (*tokens_)[at_ - static_cast<size_t>(-k)].getType();
    return (*tokens_)[place(k)].getType();
  }
  void consume() override { at_ = std::min(at_ + 1, tokens_->size() - 1); }
  antlr4::Token* get(size_t index) const override { return &(*tokens_)[index]; }
  ssize_t mark() override { return 0; }
  void release(ssize_t) override {}
  size_t index() override { return at_; }
  void seek(size_t index) override { at_ = std::min(index, tokens_->size() - 1); }
  size_t size() override { return tokens_->size(); }
  std::string getSourceName() const override { return {}; }
  antlr4::TokenSource* getTokenSource() const override { return nullptr; }
  std::string getText(const antlr4::misc::Interval&) override { return {}; }
  std::string getText() override { return {}; }
  std::string getText(antlr4::RuleContext*) override { return {}; }
  std::string getText(antlr4::Token*, antlr4::Token*) override { return {}; }

 private:
  size_t place(ssize_t k) const { return std::min(at_ + static_cast<size_t>(k) - 1, tokens_->size() - 1); }
  ChunkTokens* tokens_ = nullptr;
  size_t at_ = 0;
};

/// Notes where the first error is and leaves the parser.
class StopAtFirstError final : public antlr4::DefaultErrorStrategy {
 public:
  ParseFailure failure;

  void reportError(antlr4::Parser* parser, const antlr4::RecognitionException& error) override {
    failure = {};
    if (error.getOffendingToken() != nullptr) failure.token = error.getOffendingToken()->getTokenIndex();
    for (antlr4::tree::ParseTree* node = parser->getContext(); node != nullptr; node = node->parent) {
      auto* rule = static_cast<antlr4::ParserRuleContext*>(node);
      failure.rules.push_back(parser->getRuleNames()[rule->getRuleIndex()]);
    }
  }
  void recover(antlr4::Parser*, std::exception_ptr) override { throw antlr4::ParseCancellationException(); }
  antlr4::Token* recoverInline(antlr4::Parser* parser) override { throw antlr4::InputMismatchException(parser); }
  void sync(antlr4::Parser*) override {}
};

class AmbiguityListener final : public antlr4::BaseErrorListener {
 public:
  std::vector<std::string> found;
  void reportAmbiguity(antlr4::Parser* parser, const antlr4::dfa::DFA& dfa, size_t, size_t, bool,
                       const antlrcpp::BitSet&, antlr4::atn::ATNConfigSet*) override {
    found.push_back(parser->getRuleNames()[dfa.atnStartState->ruleIndex]);
  }
};

}  // namespace

ChunkTokens chunk_tokens(const Layout& layout, const std::vector<uint32_t>& part) {
  ChunkTokens tokens;
  tokens.reserve(part.size());
  for (uint32_t i : part) {
    tokens.emplace_back(&layout.tokens[i], token_type(layout, layout.tokens[i]), tokens.size());
  }
  return tokens;
}

struct DeclarationParser::Machine {
  Machine() : parser(&stream), strategy(std::make_shared<StopAtFirstError>()) {
    parser.removeErrorListeners();
    parser.setErrorHandler(strategy);
  }

  AlidadeParser::DeclContext* run(ChunkTokens& tokens, antlr4::atn::PredictionMode mode) {
    stream.read(&tokens);
    parser.setTokenStream(&stream);
    parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(mode);
    try {
      return parser.declaration()->decl();
    } catch (const antlr4::ParseCancellationException&) {
      return nullptr;
    }
  }

  ChunkTokens nothing;
  ChunkStream stream;
  AlidadeParser parser;
  std::shared_ptr<StopAtFirstError> strategy;
};

DeclarationParser::DeclarationParser() : machine_(std::make_unique<Machine>()) {}
DeclarationParser::~DeclarationParser() = default;

AlidadeParser::DeclContext* DeclarationParser::parse(ChunkTokens& tokens, ParseFailure* failure) {
  AlidadeParser::DeclContext* tree = machine_->run(tokens, antlr4::atn::PredictionMode::SLL);
  if (tree == nullptr) tree = machine_->run(tokens, antlr4::atn::PredictionMode::LL);
  if (tree == nullptr) *failure = machine_->strategy->failure;
  return tree;
}

std::vector<std::string> DeclarationParser::find_ambiguities(ChunkTokens& tokens) {
  AmbiguityListener listener;
  machine_->parser.addErrorListener(&listener);
  machine_->run(tokens, antlr4::atn::PredictionMode::LL_EXACT_AMBIG_DETECTION);
  machine_->parser.removeErrorListeners();
  return listener.found;
}

}  // namespace alidade
