// What people write who know SQL, and what it is called here. See failure_view.h.
#include <array>
#include <optional>
#include <vector>

#include "compiler/syntax/failure_view.h"

namespace alidade {
namespace {

struct QueryWord {
  std::string_view word;
  std::string_view help;
};
constexpr std::array kQueryWords = {
    QueryWord{"select", "a metric is a formula over a stream: `metric visits = count(app)`"},
    QueryWord{"from", "an aggregate names the stream or event whose rows it takes: `count(app)`"},
    QueryWord{"group", "write `by plan`, or ask for it in the report: `--by plan`"},
    QueryWord{"partition",
              "write `by plan`, or `per user` for a value of each; `over` takes a window: `over last 7 days`"},
    QueryWord{"order", "a report stands in the order of its groups and times; `by plan top 5` shows the largest"},
    QueryWord{"limit", "write `by plan top 5`, or ask for it in the report: `--by plan --top 5`"},
    QueryWord{"having", "a choice between values is `if CONDITION then VALUE else VALUE`"},
    QueryWord{"filter", "the condition stands inside: `count(app where plan == \"pro\")`"},
    QueryWord{"join", "an entity's attributes are reached through it: `app where user.channel == \"ads\"`"},
    QueryWord{"union", "events are joined by `or`: `event any = signup or visit`"},
    QueryWord{"as", "a name stands before the `=`: `metric visits = count(app)`"},
};

/// Each method reports and returns true, or leaves it to the next.
class HabitExplainer : public FailureView {
 public:
  using FailureView::FailureView;

  bool explain() {
    return distinct() || star() || between() || case_when() || null_comparison() || equality() || like() ||
           query_word();
  }

 private:
  std::string lower(size_t i) const { return lower_case(text(i)); }
  std::string source(size_t first, size_t last) const {
    return std::string(failure_.file->text(join(span(first), span(last))));
  }
  bool is_null(size_t i) const { return lower(i) == "null"; }

  bool distinct() {
    const bool after = at() > 0 && lower(at() - 1) == "distinct";
    if (!after && lower(at()) != "distinct") return false;
    const size_t word = after ? at() - 1 : at();
    Diagnostic& d = report(Code::count_distinct, span(word), "`count distinct` is written `unique(…)` here");
    d.help = "write `unique(app.user)`";
    size_t last = word + 1;
    while (is_word(last) && text(last + 1) == "." && is_word(last + 2)) last += 2;
    const bool counted = word >= 2 && text(word - 1) == "(" && lower(word - 2) == "count";
    if (!counted || !is_word(last) || text(last + 1) != ")") return true;
    const std::string unique = "unique(" + source(word + 1, last) + ")";
    d.help = "write `" + unique + "`";
    d.fixes.push_back({join(span(word - 2), span(last + 1)), unique, true});
    return true;
  }

  bool star() {
    if (current() != "*" || previous() != "(") return false;
    const std::string function = at() >= 2 ? std::string(text(at() - 2)) : "count";
    report(Code::count_star, span(at()), "`" + function + "(*)` does not say which rows").help =
        "name the stream or event whose rows are counted: `" + function + "(purchase)`";
    return true;
  }

  /// The last token of a plain amount, text or name; nothing where something else stands there.
  std::optional<size_t> plain_operand(size_t first) const {
    size_t i = first + (text(first) == "-" ? 1 : 0);
    if (is_kind(i, LexemeClass::kNumber)) return is_word(i + 1) ? i + 1 : i;
    if (is_kind(i, LexemeClass::kText) || is_kind(i, LexemeClass::kSqlText) || is_kind(i, LexemeClass::kDate)) return i;
    if (!is_word(i)) return std::nullopt;
    while (text(i + 1) == "." && is_word(i + 2)) i += 2;
    return i;
  }

  bool between() {
    const bool negated = previous() == "not";
    const size_t subject_end = negated ? at() - 2 : at() - 1;
    if (at() < 2 || lower(at()) != "between" || !(operand_ended_before() || negated)) return false;
    Diagnostic& d = report(Code::sql_between, span(at()), "`between` is written with two comparisons here");
    d.help = "write `x >= LOW and x <= HIGH`";
    if (!is_word(subject_end)) return true;
    size_t subject = subject_end;
    while (subject >= 2 && text(subject - 1) == "." && is_word(subject - 2)) subject -= 2;
    const std::optional<size_t> low = plain_operand(at() + 1);
    if (!low || lower(*low + 1) != "and") return true;
    const std::optional<size_t> high = plain_operand(*low + 2);
    const std::string after = high ? std::string(text(*high + 1)) : "+";
    if (!after.empty() && after != ")" && after != "]" && after != "," && after != "and" && after != "or") return true;
    const std::string x = source(subject, subject_end);
    std::string both = x + " >= " + source(at() + 1, *low) + " and " + x + " <= " + source(*low + 2, *high);
    const bool binds = negated || (subject > 0 && text(subject - 1) == "not");
    if (binds) both = (negated ? "not (" : "(") + both + ")";
    d.help = "write `" + both + "`";
    d.fixes.push_back({join(span(subject), span(*high)), both, true});
    return true;
  }

  bool case_when() {
    const bool after_case = at() > 0 && lower(at() - 1) == "case";
    if (lower(at()) != "when" && !(after_case && operand_ended_before())) return false;
    Diagnostic& d = report(Code::case_when, after_case ? join(span(at() - 1), span(at())) : span(at()),
                           "`case when` is written `if … then … else` here");
    d.help = "write `if CONDITION then VALUE else VALUE`";
    size_t end = 0;
    const std::string choice = after_case && lower(at()) == "when" ? chosen(at(), &end) : "";
    if (choice.empty()) return true;
    d.help = "write `" + choice + "`";
    d.fixes.push_back({join(span(at() - 1), span(end)), choice, true});
    return true;
  }

  /// `when C then V … else W end` from `first` on as a chain of ifs; "" where it has another form, or no `else`.
  std::string chosen(size_t first, size_t* end) const {
    std::string out;
    size_t begin = first;
    int inner = 0;
    for (size_t i = first; i < failure_.tokens.size() && !(text(i).empty() && i > first && inner == 0); ++i) {
      const std::string word = lower(i);
      if (word == "case") ++inner;
      if (word == "end" && inner-- > 0) continue;
      const bool parts = inner <= 0 && (word == "when" || word == "then" || word == "else" || word == "end");
      if (!parts) continue;
      if (i > first) {
        if (begin >= i) return "";
        out += " " + source(begin, i - 1);
      }
      begin = i + 1;
      if (word == "when") out += out.empty() ? "if" : " else if";
      if (word == "then") out += " then";
      if (word == "else") out += " else";
      if (word != "end") continue;
      *end = i;
      const size_t last_else = out.rfind(" else "), last_then = out.rfind(" then ");
      const bool whole = last_else != std::string::npos && last_then != std::string::npos && last_else > last_then;
      return whole ? out : "";
    }
    return "";
  }

  bool null_comparison() {
    const bool word = lower(at()) == "isnull" || lower(at()) == "notnull";
    size_t sign = at();
    if (word && !operand_ended_before()) return false;
    if (!word && is_null(at()) && at() > 0) sign = at() - 1;
    const std::string_view op = text(sign);
    const bool equal = op == "==" || op == "=" || lower_case(op) == "isnull", differs = op == "!=" || op == "<>";
    if (!word && (!(equal || differs) || !is_null(sign + 1))) return false;
    const std::string asked = equal ? "is null" : "is not null";
    const Span place = word ? span(at()) : join(span(sign), span(sign + 1));
    Diagnostic& d = report(Code::null_comparison, place, "whether a value is missing is asked with `" + asked + "`");
    d.fixes.push_back({place, asked, true});
    return true;
  }

  /// `===`, and `is` or `is not` before anything but null.
  bool equality() {
    const bool tripled = current() == "=" && previous() == "==" && span(at() - 1).end == span(at()).begin;
    if (tripled) return written_as("==", at() - 1, at());
    size_t is = at();
    if (previous() == "is") is = at() - 1;
    if (previous() == "not" && at() >= 2 && text(at() - 2) == "is") is = at() - 2;
    if (text(is) != "is" || (is == at() && !operand_ended_before())) return false;
    const bool negated = text(is + 1) == "not";
    const size_t last = is + (negated ? 1 : 0);
    const bool other = text(last + 1).empty() || is_null(last + 1) || lower(last + 1) == "not";
    return !other && written_as(negated ? "!=" : "==", is, last);
  }

  bool written_as(const std::string& sign, size_t first, size_t last) {
    const Span place = join(span(first), span(last));
    Diagnostic& d = report(Code::equals_sign, place, "a comparison is written `" + sign + "`");
    d.fixes.push_back({place, sign, true});
    return true;
  }

  bool like() {
    const std::string word = lower(at());
    const bool negated = previous() == "not";
    if (word != "like" && word != "ilike" && word != "rlike" && word != "regexp") return false;
    if (!operand_ended_before() && !negated) return false;
    Diagnostic& d = report(Code::sql_like, span(at()), "there is no `" + word + "`: a condition compares whole texts");
    d.help = "list them, as in `plan in (\"pro monthly\", \"pro annual\")`";
    const bool text_follows = is_kind(at() + 1, LexemeClass::kText) || is_kind(at() + 1, LexemeClass::kSqlText);
    if (word != "like" || negated || !text_follows) return true;
    if (text(at() + 1).find_first_of("%_") != std::string_view::npos) return true;
    d.help.clear();
    d.fixes.push_back({span(at()), "==", true});
    return true;
  }

  bool query_word() {
    size_t word = at();
    if (at() > 0 && lower(at() - 1) == "select") word = at() - 1;
    if (previous() == "over" && current() == "(") word = at() + 1;
    const std::string lower_word = lower(word);
    const auto* found = std::find_if(kQueryWords.begin(), kQueryWords.end(),
                                     [&](const QueryWord& one) { return one.word == lower_word; });
    if (found == kQueryWords.end() || !in_formula() || !is_word(word)) return false;
    Diagnostic& d = report(Code::query_word, span(word), quoted(text(word)) + " is a word of queries, not of metrics");
    d.help = found->help;
    const bool groups = lower_word == "group" && lower(word + 1) == "by" && is_word(word + 2);
    if (!groups) return true;
    d.help.clear();
    d.fixes.push_back({join(span(word), span(word + 1)), "by", true});
    return true;
  }
};

}  // namespace

bool explain_habit(const Failure& failure, DiagnosticSink& sink) { return HabitExplainer(failure, sink).explain(); }

}  // namespace alidade
