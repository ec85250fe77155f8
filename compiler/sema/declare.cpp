// Declarations: who has which name, in which order names are resolved, cycles, and what is not available yet.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

std::optional<SymbolKind> symbol_kind(ast::DeclKind kind) {
  switch (kind) {
    case ast::DeclKind::kStream:
      return SymbolKind::kStream;
    case ast::DeclKind::kTable:
      return SymbolKind::kTable;
    case ast::DeclKind::kEvent:
      return SymbolKind::kEvent;
    case ast::DeclKind::kSegment:
      return SymbolKind::kSegment;
    case ast::DeclKind::kMetric:
      return SymbolKind::kMetric;
    case ast::DeclKind::kSession:
    case ast::DeclKind::kFunnel:
    case ast::DeclKind::kRetention:
    case ast::DeclKind::kLifecycle:
    case ast::DeclKind::kTree:
      return SymbolKind::kLater;
    case ast::DeclKind::kDef:
      return SymbolKind::kDef;
    case ast::DeclKind::kUnit:
      return SymbolKind::kUnit;
    case ast::DeclKind::kImport:
      return SymbolKind::kModule;
    case ast::DeclKind::kModule:
    case ast::DeclKind::kCalendar:
    case ast::DeclKind::kThreshold:
    case ast::DeclKind::kTarget:
    case ast::DeclKind::kObjective:
    case ast::DeclKind::kBenchmark:
    case ast::DeclKind::kTest:
      return std::nullopt;
  }
  return std::nullopt;
}

const char* later_word(ast::DeclKind kind) {
  switch (kind) {
    case ast::DeclKind::kSession:
      return "a session";
    case ast::DeclKind::kFunnel:
      return "a funnel";
    case ast::DeclKind::kRetention:
      return "a retention";
    case ast::DeclKind::kLifecycle:
      return "a lifecycle";
    case ast::DeclKind::kTree:
      return "a tree";
    case ast::DeclKind::kThreshold:
      return "a threshold";
    case ast::DeclKind::kTarget:
      return "a target";
    case ast::DeclKind::kObjective:
      return "an objective";
    case ast::DeclKind::kBenchmark:
      return "a benchmark";
    case ast::DeclKind::kModule:
    case ast::DeclKind::kCalendar:
    case ast::DeclKind::kStream:
    case ast::DeclKind::kTable:
    case ast::DeclKind::kEvent:
    case ast::DeclKind::kSegment:
    case ast::DeclKind::kMetric:
    case ast::DeclKind::kDef:
    case ast::DeclKind::kUnit:
    case ast::DeclKind::kImport:
    case ast::DeclKind::kTest:
      return nullptr;
  }
  return nullptr;
}

/// Whether a text can stand for something in a formula.
bool is_name(std::string_view text) {
  constexpr std::string_view kReserved[] = {"and",  "or",   "not",   "in",   "is",  "null", "true", "false", "if",
                                            "then", "else", "where", "with", "per", "over", "by",   "of"};
  auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  };
  auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), part) &&
         std::find(std::begin(kReserved), std::end(kReserved), text) == std::end(kReserved);
}

constexpr const char* kWeekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
constexpr const char* kMonths[] = {"january", "february", "march",     "april",   "may",      "june",
                                   "july",    "august",   "september", "october", "november", "december"};

template <size_t n>
int word_index(const char* const (&words)[n], std::string_view word) {
  for (size_t i = 0; i < n; ++i) {
    if (word == words[i]) return static_cast<int>(i) + 1;
  }
  return 0;
}

template <size_t n>
std::vector<std::string_view> views(const char* const (&words)[n]) {
  return {std::begin(words), std::end(words)};
}

}  // namespace

void Analyser::collect_symbols(int in) {
  const ast::Decl* calendar = nullptr;
  const ast::Decl* module = nullptr;
  ModuleUse& use = modules_[static_cast<size_t>(in)];
  for (const ast::Decl& decl : file_in(in).decls) {
    const ast::Decl** once = decl.kind == ast::DeclKind::kCalendar ? &calendar
                             : decl.kind == ast::DeclKind::kModule ? &module
                                                                   : nullptr;
    if (once != nullptr) {
      if (*once != nullptr) {
        error(Code::declared_twice, decl.keyword, "this is declared a second time", "keep one of the two")
            .labels.push_back({(*once)->keyword, "first here"});
        continue;
      }
      *once = &decl;
    }
    std::optional<SymbolKind> kind = symbol_kind(decl.kind);
    if (!kind || decl.name.name.empty()) continue;
    add_symbol(*kind, decl, in);
    if (decl.kind == ast::DeclKind::kStream) collect_events(decl, in);
    const bool declares_others = decl.kind == ast::DeclKind::kStream || decl.kind == ast::DeclKind::kTable ||
                                 decl.kind == ast::DeclKind::kImport || decl.kind == ast::DeclKind::kModule;
    names_missing_ = names_missing_ || (decl.broken && declares_others);
  }
  collect_unread(file_in(in), in);
  use.header = module;
  if (module != nullptr && in == 0) {
    model_.name = path_words(module->path);
    check_properties(module->properties, nullptr);
  }
  if (calendar != nullptr) check_calendar(*calendar, in);
}

/// Declarations that could not be read keep their names, and nothing is said of what uses them.
void Analyser::collect_unread(const ast::File& file, int in) {
  constexpr std::string_view kNameNothingElse[] = {
      "calendar",  "event",     "segment",   "session", "metric", "funnel",    "def",       "unit",
      "retention", "lifecycle", "threshold", "tree",    "target", "objective", "benchmark", "test"};
  constexpr std::string_view kNameless[] = {"calendar", "threshold", "target", "objective", "benchmark", "test"};
  const auto is_among = [](const auto& words, std::string_view word) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
  };
  for (const ast::UnreadDecl& unread : file.unread) {
    const bool nameless = is_among(kNameless, unread.word);
    const bool named = nameless || !unread.name.name.empty();
    names_missing_ = names_missing_ || !named || !is_among(kNameNothingElse, unread.word);
    sources_broken_ = sources_broken_ || names_missing_;
    if (nameless || unread.name.name.empty() || find(name_in(in, unread.name)) != nullptr) continue;
    ast::Decl decl;
    decl.name = unread.name;
    decl.broken = true;
    add_symbol(unread.word == "import" ? SymbolKind::kModule : SymbolKind::kLater, *arena_.make(decl), in);
    if (unread.word == "unit") units_.try_emplace(unread.name.name.text(), static_cast<int>(symbols_.size()) - 1);
  }
}

void Analyser::open_calendar() {
  Result<Calendar> opened = Calendar::open(model_.calendar);
  const ast::Literal* zone = calendar_decl_ == nullptr ? nullptr : calendar_decl_->calendar->zone;
  if (!opened.ok() && zone != nullptr) {
    error(Code::no_such_zone, zone->span, fmt::format("there is no time zone \"{}\"", model_.calendar.zone),
          "write a name of the IANA database, as in \"Europe/Berlin\" or \"UTC\"");
    model_.calendar.zone = "UTC";
    opened = Calendar::open(model_.calendar);
  }
  if (opened.ok()) calendar_ = opened.value();
}

void Analyser::add_symbol(SymbolKind kind, const ast::Decl& decl, int in) {
  const Name name = name_in(in, decl.name);
  auto [at, inserted] = by_name_.try_emplace(name, static_cast<int>(symbols_.size()));
  if (!inserted) {
    error(Code::duplicate_name, decl.name.span, fmt::format("`{}` is declared twice", decl.name.name.text()),
          "rename one of the two")
        .labels.push_back({symbols_[static_cast<size_t>(at->second)].decl->name.span, "first declared here"});
    return;
  }
  const SymbolState state = decl.broken ? SymbolState::kBroken : SymbolState::kNew;
  symbols_.push_back({.kind = kind, .state = state, .decl = &decl, .module = in, .name = name});
  if (kind == SymbolKind::kUnit) units_.try_emplace(name.text(), at->second);
  expands_ = expands_ || kind == SymbolKind::kDef || kind == SymbolKind::kModule;
}

/// `event name : one_of("signup", …)` declares `event signup = app where name == "signup"` and so on, here as if it had
/// been written. A value that is no name declares none.
void Analyser::collect_events(const ast::Decl& stream, int in) {
  NameTable& names = *files_.files[static_cast<size_t>(modules_[static_cast<size_t>(in)].file)]->names;
  for (const ast::Field& field : stream.stream->fields) {
    if (field.role != ast::FieldRole::kEvent) continue;
    if (field.type.name.name.text() != "one_of") {
      names_missing_ = true;  // the events that it would declare
      continue;
    }
    std::set<std::string_view> declared;
    for (const ast::TypeArg& value : field.type.args) {
      bool text = value.literal != nullptr && value.literal->kind == ast::LiteralKind::kText;
      if (!text || !declared.insert(value.literal->text).second) continue;  // reported with the field's type
      if (!is_name(value.literal->text)) {
        unnamed_events_.push_back({stream.name.name, field.name.name, value.literal->text});
        continue;
      }
      auto node = [&](ast::ExprKind kind) {
        ast::Expr expr;
        expr.kind = kind;
        expr.span = expr.op = value.span;
        return expr;
      };
      ast::Expr rows = node(ast::ExprKind::kName), tested = rows, literal = node(ast::ExprKind::kLiteral);
      rows.name = {stream.name.name, value.span};
      tested.name = {field.name.name, value.span};
      literal.literal = value.literal;
      ast::Expr equal = node(ast::ExprKind::kEqual), where = node(ast::ExprKind::kWhere);
      equal.a = arena_.make(tested);
      equal.b = arena_.make(literal);
      where.a = arena_.make(rows);
      where.b = arena_.make(equal);
      ast::Decl event;
      event.kind = ast::DeclKind::kEvent;
      event.name = {names.intern(value.literal->text), value.span};
      event.span = event.keyword = value.span;
      event.value = arena_.make(where);
      add_symbol(SymbolKind::kEvent, *arena_.make(event), in);
    }
  }
}

/// How to name an event whose value is no name, where `name` looks like it: order_paid for "Order paid".
std::string Analyser::event_to_declare(std::string_view name) const {
  auto plain = [](std::string_view text) {
    std::string result;
    for (char c : text) {
      bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
      result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : letter ? c : '_';
    }
    return result;
  };
  for (const UnnamedEvent& event : unnamed_events_) {
    if (plain(event.value) != plain(name)) continue;
    return fmt::format("\"{}\" is no name, so name it: `event {} = {} where {} == \"{}\"`", event.value, name,
                       event.stream.text(), event.field.text(), event.value);
  }
  return "";
}

void Analyser::declare_calendar(const ast::Decl& decl) {
  model_.calendar_declared = true;
  const ast::CalendarDecl& calendar = *decl.calendar;
  if (calendar.zone != nullptr) model_.calendar.zone = std::string(calendar.zone->text);
  if (!calendar.week_start.name.empty()) {
    int day = word_index(kWeekdays, calendar.week_start.name.text());
    if (day == 0) {
      unknown(Code::unknown_calendar_word, calendar.week_start,
              fmt::format("`{}` is no day of the week", calendar.week_start.name.text()), views(kWeekdays),
              "write a day, as in `week starts monday`");
    } else {
      model_.calendar.week_start = day;
    }
  }
  if (!calendar.year_start.name.empty()) {
    int month = word_index(kMonths, calendar.year_start.name.text());
    if (month == 0) {
      unknown(Code::unknown_calendar_word, calendar.year_start,
              fmt::format("`{}` is no month", calendar.year_start.name.text()), views(kMonths),
              "write a month, as in `year starts february`");
    } else {
      model_.calendar.year_start = month;
    }
  }
}

Symbol* Analyser::find(Name name) {
  auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : &symbols_[static_cast<size_t>(at->second)];
}

bool Analyser::resolve(Symbol& symbol) {
  if (symbol.state == SymbolState::kDone) return true;
  if (symbol.state == SymbolState::kBroken) return false;
  if (symbol.state == SymbolState::kActive) {
    auto first = std::find(active_.begin(), active_.end(), &symbol);
    std::string chain;
    for (auto at = first; at != active_.end(); ++at) chain += fmt::format("`{}` → ", (*at)->decl->name.name.text());
    Diagnostic& report = error(Code::cyclic_definition, symbol.decl->name.span,
                               fmt::format("`{}` is defined by itself: {}`{}`", symbol.decl->name.name.text(), chain,
                                           symbol.decl->name.name.text()),
                               "one of these must be defined without the others");
    for (auto at = first + 1; at != active_.end(); ++at) report.labels.push_back({(*at)->decl->name.span, "and this"});
    return false;
  }
  symbol.state = SymbolState::kActive;
  active_.push_back(&symbol);
  const int outer_module = std::exchange(module_, symbol.module);
  bool outer_later = later_reported_;
  later_reported_ = false;
  bool sound = declare(symbol);
  later_reported_ = outer_later;
  module_ = outer_module;
  active_.pop_back();
  symbol.state = sound ? SymbolState::kDone : SymbolState::kBroken;
  return sound;
}

bool Analyser::declare(Symbol& symbol) {
  bool formula =
      symbol.kind == SymbolKind::kEvent || symbol.kind == SymbolKind::kSegment || symbol.kind == SymbolKind::kMetric;
  if (formula) {
    bool open = modules_[static_cast<size_t>(symbol.module)].open;
    const ast::Decl* whole = open ? nullptr : expanded(*symbol.decl);
    if (whole == nullptr) return false;
    symbol.decl = whole;
  }
  switch (symbol.kind) {
    case SymbolKind::kStream:
    case SymbolKind::kTable:
      return false;  // declared before anything is resolved: new means broken
    case SymbolKind::kLater:
      return false;
    case SymbolKind::kModule:
      return symbol.index >= 0;
    case SymbolKind::kDef:
      return check_definition(symbol);
    case SymbolKind::kUnit:
      return declare_unit(symbol);
    case SymbolKind::kEvent: {
      std::optional<RowSet> rows = event(*symbol.decl->value);
      check_properties(symbol.decl->properties, nullptr);
      bool sound = rows && sound_depth(build_.depth(rows->condition), symbol.decl->name.span);
      if (sound) symbol.rows = *rows;
      return sound;
    }
    case SymbolKind::kSegment: {
      std::optional<int> node = segment(*symbol.decl->value);
      check_properties(symbol.decl->properties, nullptr);
      bool sound = node && sound_depth(segment_depth(*node), symbol.decl->name.span);
      if (sound) symbol.index = *node;
      return sound;
    }
    case SymbolKind::kMetric:
      return declare_metric(symbol);
  }
  return false;
}

std::vector<std::string_view> Analyser::names_of(std::initializer_list<SymbolKind> kinds) const {
  std::vector<std::string_view> names;
  if (errors_ >= kMaxErrors) return names;  // nobody will read what they are like
  for (const Symbol& symbol : symbols_) {
    bool here = symbol.module == module_ && std::find(kinds.begin(), kinds.end(), symbol.kind) != kinds.end();
    if (here) names.push_back(symbol.decl->name.name.text());
  }
  return names;
}

void Analyser::declare_later(const ast::Decl& decl) {
  const char* what = later_word(decl.kind);
  if (what == nullptr) return;
  size_t before = sink_.all().size();
  check_reference(decl);
  if (sink_.all().size() == before) later(decl.keyword, what);
}

void Analyser::check_reference(const ast::Decl& decl) {
  bool refers = decl.kind == ast::DeclKind::kThreshold || decl.kind == ast::DeclKind::kTarget ||
                decl.kind == ast::DeclKind::kBenchmark;
  if (!refers || decl.path.parts.empty() || find(decl.path.parts.front().name) != nullptr) return;
  const ast::Ident& name = decl.path.parts.front();
  unknown(Code::unknown_name, name, fmt::format("there is no metric `{}`", name.name.text()),
          names_of({SymbolKind::kMetric, SymbolKind::kLater}), "");
}

}  // namespace alidade
