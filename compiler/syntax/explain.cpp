// The words for syntax errors. Door: explain.h.
#include "compiler/syntax/explain.h"

#include <algorithm>
#include <array>

#include "compiler/syntax/failure_view.h"

namespace alidade {
namespace {

/// What a declaration is called, and how one looks.
struct DeclShape {
  std::string_view word;
  std::string_view called;
  std::string_view shape;
  bool formula;  ///< NAME = …, else a body in braces or neither
  bool body;
};
constexpr std::array kDecls = {
    DeclShape{"module", "a module", "module streaming", false, false},
    DeclShape{"import", "an import", "import std.aarrr with (signup = signup) as pirate", false, false},
    DeclShape{"calendar", "a calendar", "calendar { zone \"Europe/Berlin\"; week starts monday }", false, true},
    DeclShape{"stream", "a stream", "stream app { … }", false, true},
    DeclShape{"table", "a table", "table users key user { … }", false, true},
    DeclShape{"event", "an event", "event purchase = app where name == \"purchase\"", true, false},
    DeclShape{"segment", "a segment", "segment paying = app where plan != \"free\"", true, false},
    DeclShape{"session", "a session", "session visit = app by user gap 30 min { … }", true, true},
    DeclShape{"metric", "a metric", "metric revenue = sum(purchase.amount)", true, false},
    DeclShape{"funnel", "a funnel", "funnel checkout = by user within 7 days { … }", true, true},
    DeclShape{"retention", "a retention",
              "retention kept = by user from first(signup) per week returning watched on day 7", true, false},
    DeclShape{"lifecycle", "a lifecycle", "lifecycle movement = by user of watched per week", true, false},
    DeclShape{"tree", "a tree", "tree growth { … }", false, true},
    DeclShape{"threshold", "a threshold", "threshold error_rate { warn above 1% }", false, true},
    DeclShape{"target", "a target", "target was { reach 1.2 M by 2026-12-31 }", false, true},
    DeclShape{"objective", "an objective", "objective \"Viewers come back\" by 2026-06-30 { … }", false, true},
    DeclShape{"benchmark", "a benchmark", "benchmark d7 for stage growth { healthy from 30% }", false, true},
    DeclShape{"def", "a definition", "def per_user(x) = x / unique(app.user)", true, false},
    DeclShape{"unit", "a unit", "unit h = 60 min", false, false},
    DeclShape{"test", "a test", "test \"what it shows\" { … }", false, true},
};

/// How the items inside a declaration look, by the rule that reads them.
struct ItemShape {
  std::string_view rule;
  std::string_view help;
};
constexpr std::array kItems = {
    ItemShape{"typeArg", "a type is written like `text`, `money(USD)`, `duration(min)` or `one_of(\"a\", \"b\")`"},
    ItemShape{"type", "a type is written like `text`, `money(USD)`, `duration(min)` or `one_of(\"a\", \"b\")`"},
    ItemShape{"window", "a window is `over last 7 days`, `over month to date` or `over all time`"},
    ItemShape{"offset", "another time is `at 1 month ago` or `at same week last year`"},
    ItemShape{"params", "parameters are written `(name, name : type, name = value)`"},
    ItemShape{"calendarItem",
              "a calendar holds `zone \"Europe/Berlin\"`, `week starts monday` and `year starts february`"},
    ItemShape{"field", "a field is written `name : type`"},
    ItemShape{"streamItem", "a stream holds fields (`name : type`) and `late up to 2 days`"},
    ItemShape{"tableItem", "a table holds fields (`name : type`) and `valid from since to until`"},
    ItemShape{"sessionClause", "a session may have `gap 30 min`, `max length 4 hours` and `break on field`"},
    ItemShape{"sessionItem", "a session's field is written `pages = count(page_view)`"},
    ItemShape{"funnelItem", "a funnel holds steps (`cart : add_to_cart`) and `without refund in cart -> pay`"},
    ItemShape{"criterion", "a retention counts `on day 1, 7, 30`, `within day 1 to 7` or `streak 3`"},
    ItemShape{"treeItem", "a tree holds metrics, each with `{ … }` for what stands below it"},
    ItemShape{"thresholdItem", "a threshold holds lines like `warn above 1%` and `critical below 5 for 3 days`"},
    ItemShape{"targetItem", "a target holds `from 0.9 M on 2026-01-01` and `reach 1.2 M by 2026-12-31`"},
    ItemShape{"objectiveItem", "an objective holds lines like `d7 from 25% to 40%`"},
    ItemShape{"benchmarkItem", "a benchmark holds lines like `failing below 20%` and `healthy from 30%`"},
    ItemShape{"testItem", "a test holds `given STREAM` with a table of rows, and `expect FORMULA == VALUE`"},
    ItemShape{"breakdown", "a breakdown is written `by country, plan top 20`"},
};
constexpr std::array<std::string_view, 10> kProperties = {"title", "owner", "unit", "format", "better",
                                                          "stage", "tags",  "tier", "review", "deprecated"};
constexpr std::string_view kPropertyHelp =
    "the properties are title, owner, unit, format, better, stage, tags, tier, review and deprecated";

constexpr std::string_view kTypeHelp =
    "types are text, integer, number, decimal(2), money(USD), duration(min), timestamp, bool, uuid and one_of(\"a\")";
constexpr std::array<std::string_view, 16> kClauseWords = {"and",  "or",    "not",  "in",  "is",   "null", "if", "then",
                                                           "else", "where", "with", "per", "over", "by",   "of", "at"};

constexpr std::array<std::string_view, 16> kBinary = {
    "+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "=", "->", "and", "or", "where", "with"};

const DeclShape* find_decl(std::string_view word) {
  for (const DeclShape& shape : kDecls) {
    if (shape.word == word) return &shape;
  }
  return nullptr;
}

/// One failure, looked at from all sides: each method reports and returns true, or leaves it to the next.
class Explainer : public FailureView {
 public:
  using FailureView::FailureView;

  bool in_rule(std::string_view rule) const {
    return std::find(failure_.rules.begin(), failure_.rules.end(), rule) != failure_.rules.end();
  }
  std::string_view innermost() const { return failure_.rules.empty() ? std::string_view() : failure_.rules.front(); }

  /// Where something is missing: right after the token before.
  Span gap() const {
    if (at() == 0) return span(0);
    uint32_t end = span(at() - 1).end;
    return current().empty() || is_closer() ? Span{end, end} : span(at());
  }
  bool is_closer() const { return current() == ")" || current() == "]" || current() == "}" || current() == ","; }

  void explain() {
    if (second_declaration()) return;
    if (explain_habit(failure_, sink_)) return;
    if (upper_case_word()) return;
    if (misplaced_row()) return;
    if (name_missing()) return;
    if (reserved_name()) return;
    if (number_form()) return;
    if (name_form()) return;
    if (property_unknown()) return;
    if (colon_missing()) return;
    if (type_missing()) return;
    if (head_missing()) return;
    if (table_missing()) return;
    if (value_missing()) return;
    if (else_missing()) return;
    unexpected();
  }

 private:
  /// `metric a = 1 metric b = 2`: the second is no declaration, for it is not first on its line.
  bool second_declaration() {
    size_t word = current() == "=" && at() > 2 ? at() - 2 : at();
    std::string_view after = text(word + 2);
    bool shaped = is_word(word + 1) && (after == "=" || after == "{" || after == ":");
    if (word == 0 || !shaped || !is_kind(word, LexemeClass::kDeclaration)) return false;
    Diagnostic& d = report(Code::declaration_in_line, span(word), "a declaration starts on a line of its own");
    d.fixes.push_back({{span(word).begin, span(word).begin}, "\n", true});
    return true;
  }

  bool upper_case_word() {
    const size_t word = current() == "is" ? at() + 1 : at();  // `is NOT`: the `is` alone is what does not fit
    std::string lower = lower_case(text(word));
    bool clause = std::find(kClauseWords.begin(), kClauseWords.end(), lower) != kClauseWords.end();
    if (!is_kind(word, LexemeClass::kName) || lower == text(word) || !clause) return false;
    Diagnostic& d = report(Code::upper_case_word, span(word), "the words of the language are written in lower case");
    d.help = "write `" + lower + "`";
    d.fixes.push_back({span(word), lower, true});
    return true;
  }

  bool misplaced_row() {
    if (at() > 0 && is_kind(at() - 1, LexemeClass::kRow) && !current().empty() && !lexeme(at()).line_start) {
      report(Code::unclosed_row, span(at()), "this table row does not end with `|`").help =
          "every cell has a `|` on both sides: `| ann | 12 |`";
      return true;
    }
    if (!is_kind(at(), LexemeClass::kRow)) return false;
    report(Code::unexpected, span(at()), "a table row does not fit here").help =
        "rows stand below `given STREAM` or `expect per GRAIN: …` in a test";
    return true;
  }

  bool name_missing() {
    if (previous() == "." && !is_word(at())) {
      report(Code::name_missing, gap(), "a name is missing after the dot");
      return true;
    }
    const DeclShape* decl = at() == 1 ? find_decl(text(0)) : nullptr;
    if (decl == nullptr || decl->word == "calendar") return false;
    if (is_kind(1, LexemeClass::kReserved)) return false;
    bool titled = decl->word == "test" || decl->word == "objective";
    bool referring = decl->word == "threshold" || decl->word == "target" || decl->word == "benchmark";
    std::string needs = titled      ? " needs a title in double quotes here"
                        : referring ? " needs a metric here"
                                    : " needs a name here";
    report(Code::name_missing, gap(), std::string(decl->called) + needs).help = "for example " + quoted(decl->shape);
    return true;
  }

  bool reserved_name() {
    if (!is_kind(at(), LexemeClass::kReserved)) return false;
    bool named =
        at() == 1 || text(at() + 1) == ":" || text(at() + 1) == "=" || previous() == "as" || previous() == "key";
    if (!named) return false;
    report(Code::reserved_word, span(at()), quoted(current()) + " is a word of the language and cannot be a name")
        .help = "another name is needed; after a dot and in `from \"…\"` any word may stand";
    return true;
  }

  bool number_form() {
    if (current() == "." && is_kind(at() + 1, LexemeClass::kNumber) && !operand_ended_before()) {
      Span place = join(span(at()), span(at() + 1));
      Diagnostic& d = report(Code::number_form, place, "a number starts with a digit");
      d.fixes.push_back({place, "0." + std::string(text(at() + 1)), true});
      d.help = "write 0." + std::string(text(at() + 1));
      return true;
    }
    bool grouped = current() == "," && at() > 0 && is_kind(at() - 1, LexemeClass::kNumber) &&
                   text(at() + 1).size() == 3 && is_kind(at() + 1, LexemeClass::kNumber) &&
                   span(at() + 1).begin == span(at() - 1).end + 1;
    if (grouped) {
      Span place = join(span(at() - 1), span(at() + 1));
      std::string number = std::string(previous()) + "_" + std::string(text(at() + 1));
      Diagnostic& d = report(Code::number_form, place, "thousands are not parted by a comma");
      d.help = "write " + number;
      d.fixes.push_back({place, number, false});
      return true;
    }
    bool month = is_kind(at(), LexemeClass::kDate) && current().size() == 7;
    if (!month || !in_formula()) return false;
    std::string parts = std::string(current().substr(0, 4)) + " - " + std::string(current().substr(5));
    report(Code::number_form, span(at()), quoted(current()) + " reads as a month").help =
        "a difference is written with spaces: `" + parts + "`; a month stands after `on` in a test";
    return true;
  }

  /// `event my-event = …`, `event 2nd = …`
  bool name_form() {
    bool dashed = at() == 2 && current() == "-" && find_decl(text(0)) != nullptr && is_word(1) && is_word(3);
    if (!dashed) return false;
    Span place = join(span(1), span(3));
    std::string name = std::string(text(1)) + "_" + std::string(text(3));
    Diagnostic& d = report(Code::name_form, place, "a name has no `-` in it");
    d.help = "write `" + name + "`";
    d.fixes.push_back({place, name, false});
    return true;
  }

  bool property_unknown() {
    bool starts_item = previous() == "{" || (at() > 0 && text(at() - 1).empty());
    if (!in_rule("props") || !starts_item || !is_word(at())) return false;
    Diagnostic& d = report(Code::unknown_property, span(at()), quoted(current()) + " is no property");
    d.help = kPropertyHelp;
    std::string close = did_you_mean(current(), {kProperties.begin(), kProperties.end()});
    if (close.empty()) return true;
    d.help = "did you mean `" + close + "`?";
    d.fixes.push_back({span(at()), close, false});
    return true;
  }

  bool in_fields() const { return in_rule("streamItem") || in_rule("tableItem") || in_rule("field"); }

  bool colon_missing() {
    if (at() == 0 || !in_fields() || !is_word(at() - 1) || in_rule("type") || in_rule("property")) return false;
    if (previous() == "late" || previous() == "valid") return false;
    bool equals = current() == "=";
    bool ends = current().empty() || current() == "}";
    if (!equals && !ends && !is_word(at())) return false;
    if (previous() == "from" || current() == "from") return false;
    Diagnostic& d = report(Code::colon_missing, ends ? gap() : span(at()),
                           ends ? "a field needs `:` and a type here" : "a field needs `:` before its type");
    d.help = "a field is written `name : type`";
    if (equals) d.fixes.push_back({span(at()), ":", true});
    return true;
  }

  bool type_missing() {
    bool next_line = current() == ":" && at() >= 2 && text(at() - 2) == ":" && lexeme(at() - 1).line_start;
    if (next_line && (text(0) == "stream" || text(0) == "table")) {
      report(Code::type_missing, span(at() - 2), "a field needs a type after its `:`").help = kTypeHelp;
      return true;
    }
    if (previous() != ":" || !(in_fields() || in_rule("statedType") || in_rule("param"))) return false;
    report(Code::type_missing, gap(), in_fields() ? "a field needs a type here" : "a type is missing here").help =
        kTypeHelp;
    return true;
  }

  /// The `=` or `{` after a declaration's head.
  bool head_missing() {
    const DeclShape* decl = find_decl(text(0));
    if (decl == nullptr || innermost() != "decl") return false;
    bool opened = false;
    for (size_t i = 1; i < at(); ++i) opened = opened || text(i) == (decl->formula ? "=" : "{");
    if (opened || (!decl->formula && !decl->body)) return false;
    if (decl->word == "table" && current() == "{") {
      report(Code::key_missing, span(at()), "a table needs `key` and its entity before the brace").help =
          "for example " + quoted(decl->shape);
      return true;
    }
    std::string what = decl->formula ? " needs `=` and what it is here" : " needs `{` here";
    Code code = decl->formula ? Code::equals_missing : Code::body_missing;
    Diagnostic& d = report(code, gap(), std::string(decl->called) + what);
    d.help = "for example " + quoted(decl->shape);
    if (decl->formula && current() == "==") d.fixes.push_back({span(at()), "=", true});
    return true;
  }

  bool table_missing() {
    bool given = in_rule("testItem") && at() >= 2 && text(at() - 2) == "given";
    bool ends = current().empty() || current() == "}";
    if (!given || !ends) return false;
    report(Code::table_missing, join(span(at() - 2), span(at() - 1)),
           "`given " + std::string(previous()) + "` needs a table of rows below it")
        .help = "the first row names the fields: `| user | amount |`";
    return true;
  }

  bool value_missing() {
    bool after_sign = std::find(kBinary.begin(), kBinary.end(), previous()) != kBinary.end();
    bool after_word = previous() == "not" || previous() == "if" || previous() == "then" || previous() == "else" ||
                      previous() == "of" || previous() == "expect";
    bool opens = (previous() == "(" || previous() == "[" || previous() == ",") && in_rule("expr");
    if (!after_sign && !after_word && !opens) return false;
    report(Code::value_missing, gap(), "a value is missing here");
    return true;
  }

  bool else_missing() {
    if (!current().empty() && !is_closer()) return false;
    std::vector<size_t> open;
    for (size_t i = 0; i < at(); ++i) {
      if (text(i).empty()) open.clear();
      if (text(i) == "if" && (i == 0 || text(i - 1) != ".")) open.push_back(i);
      if (text(i) == "else" && !open.empty()) open.pop_back();
    }
    if (open.empty()) return false;
    report(Code::else_missing, span(open.back()), "this `if` has no `else`").help =
        "every choice says both: `if CONDITION then VALUE else VALUE`";
    return true;
  }

  void unexpected() {
    const DeclShape* decl = find_decl(text(0));
    std::string help;
    for (const std::string& rule : failure_.rules) {
      auto item =
          std::find_if(kItems.begin(), kItems.end(), [&](const ItemShape& shape) { return shape.rule == rule; });
      if (item != kItems.end() && help.empty()) help = item->help;
      if (rule == "props" && help.empty()) help = kPropertyHelp;
    }
    bool formula = in_formula() && !current().empty();
    if (help.empty() && decl != nullptr && !formula) help = body_help(*decl);
    bool ends = current().empty() || (current() == "}" && previous() != "{");
    std::string what = decl == nullptr || at() + 1 < failure_.tokens.size() ? "this line" : decl_ends(*decl);
    report(Code::unexpected, gap(), ends ? what + " ends too early" : quoted(current()) + " does not fit here").help =
        help;
  }

  static std::string decl_ends(const DeclShape& decl) {
    size_t space = decl.called.find(' ');
    return "this" + std::string(decl.called.substr(space));
  }

  /// Inside a body the item's form, else the declaration's.
  std::string body_help(const DeclShape& decl) const {
    bool inside = false;
    for (size_t i = 1; i < at(); ++i) inside = inside || text(i) == "{";
    if (inside) {
      std::string rule = std::string(decl.word) + "Item";
      auto item =
          std::find_if(kItems.begin(), kItems.end(), [&](const ItemShape& shape) { return shape.rule == rule; });
      return item != kItems.end() ? std::string(item->help) : std::string(kPropertyHelp);
    }
    return std::string(decl.called) + " is written like " + quoted(decl.shape);
  }
};

}  // namespace

std::string lower_case(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

bool FailureView::in_formula() const {
  const DeclShape* decl = find_decl(text(0));
  if (decl == nullptr) return false;
  int braces = 0;
  bool opened = false;
  for (size_t i = 1; i < at(); ++i) {
    std::string_view word = text(i);
    if (word == "{") ++braces;
    if (word == "{" || failure_.tokens[i]->kind == LaidKind::kSeparator) opened = false;
    if (word == "}") --braces;
    if (word == "=" || word == "expect" || (word == ":" && decl->word == "funnel")) opened = true;
  }
  bool holds_formulas = decl->formula || decl->word == "test";
  return holds_formulas && opened && (braces == 0 || decl->body);
}

std::string_view margin_word(const Failure& failure) {
  for (size_t i = failure.at; i > 0; --i) {
    const Lexeme& lexeme = (*failure.lexemes)[failure.tokens[i]->lexeme];
    if (lexeme.line_start) return lexeme.column_zero ? failure.file->text(lexeme.span) : std::string_view();
  }
  return {};
}

bool is_sql_equals(const Failure& failure) {
  DiagnosticSink none;
  Explainer view(failure, none);
  const std::string_view margin = margin_word(failure);
  const bool own = !margin.empty() && margin != "where" && margin != "and" && margin != "or";
  const bool second = failure.at >= 2 && view.is_kind(failure.at - 2, LexemeClass::kDeclaration);
  return view.current() == "=" && view.operand_ended_before() && view.in_formula() && !second && !own &&
         lower_case(view.text(failure.at + 1)) != "null";
}

void report_sql_equals(const Failure& failure, DiagnosticSink& sink) {
  Span place = failure.tokens[failure.at]->span;
  Diagnostic& d = sink.report(Code::equals_sign, *failure.file, place, "a comparison is written `==`");
  d.fixes.push_back({place, "==", true});
}

void explain_failure(const Failure& failure, DiagnosticSink& sink) { Explainer(failure, sink).explain(); }

void explain_unknown_start(const Failure& failure, DiagnosticSink& sink) {
  DiagnosticSink none;
  Explainer view(failure, none);
  std::string_view word = view.text(0);
  Diagnostic& d = sink.report(Code::unknown_declaration, *failure.file, view.span(0),
                              "`" + std::string(word) + "` starts no declaration");
  if (word == "given" || word == "expect") {
    d.help = "`given` and `expect` stand inside `test \"…\" { … }`";
    return;
  }
  std::vector<std::string_view> words;
  for (const DeclShape& shape : kDecls) words.push_back(shape.word);
  std::string lower = lower_case(word);
  bool upper = lower != word && find_decl(lower) != nullptr;
  std::string close = upper ? lower : view.is_word(0) ? did_you_mean(lower, words) : "";
  if (close.empty()) {
    d.help = "a declaration starts with a word like metric, event, stream, segment or test";
    return;
  }
  d.help = "did you mean `" + close + "`?";
  d.fixes.push_back({view.span(0), close, false});
}

}  // namespace alidade
