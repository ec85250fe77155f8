// From a file's profile to a stream or a table. Door: draft_spec.h.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/driver/draft_names.h"
#include "compiler/driver/draft_spec.h"

namespace alidade {
namespace {

using Words = std::vector<std::string_view>;

const Words kTimeWords = {"time",      "timestamp", "ts",       "at",   "date",    "day",   "datetime", "datum", "zeit",
                          "zeitpunkt", "created",   "occurred", "when", "started", "epoch", "micros",   "millis"};
const Words kWhoWords = {"user",       "customer", "client",  "account",  "member", "visitor", "person",
                         "subscriber", "buyer",    "player",  "device",   "kunde",  "nutzer",  "konto",
                         "email",      "patient",  "student", "employee", "pseudo"};
const Words kMoneyWords = {"amount", "price", "revenue", "total", "cost",  "fee",    "payment", "spend",  "value",
                           "mrr",    "arr",   "tax",     "net",   "gross", "betrag", "preis",   "umsatz", "summe"};
constexpr const char* kCurrencies[] = {"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "SEK",
                                       "NOK", "DKK", "PLN", "CZK", "INR", "CNY", "BRL"};

/// "os" of "device.os".
std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

bool is_time(const DraftField& field) { return field.type.starts_with("timestamp"); }
/// Chooses each field's type, then the roles.
class Drafter {
 public:
  Drafter(const std::string& name, const SourceProfile& profile) : profile_(profile) { draft_.name = name; }

  std::optional<Draft> draft() {
    find_form();
    for (const ColumnProfile& column : profile_.columns) {
      if (column.kind != CellKind::kOther) draft_.fields.push_back(field_of(column));
    }
    name_fields();
    settle_patterns();
    const bool has_time = choose_time();
    choose_entity(has_time);
    if (!has_time && !draft_.is_table) return std::nullopt;
    choose_id();
    std::stable_sort(draft_.fields.begin(), draft_.fields.end(),
                     [](const DraftField& a, const DraftField& b) { return rank(a) < rank(b); });
    note_what_is_left_out();
    return std::move(draft_);
  }

 private:
  static int rank(const DraftField& field) {
    return field.role == "time" ? 0 : field.role == "entity" ? 1 : field.role == "id" ? 2 : 3;
  }

  /// Commas are decimal where some column is a number that way and no other.
  void find_form() {
    for (const ColumnProfile& column : profile_.columns) {
      const TextForms& forms = column.forms;
      const bool commas = column.kind == CellKind::kText && !column.quoted && column.present() > 0 && forms.comma &&
                          forms.any_comma && !forms.point;
      if (!commas) continue;
      draft_.commas = true;
      draft_.form.decimal = ',';
      if (forms.any_grouped) draft_.form.thousands = '.';
    }
  }

  DraftField field_of(const ColumnProfile& column) {
    DraftField field;
    field.column = &column;
    field.optional = column.missing > 0 || !profile_.whole;
    switch (column.kind) {
      case CellKind::kText:
        choose_text_type(column, &field);
        break;
      case CellKind::kInteger:
        field.type = epoch_type(column, &field.reason);
        if (field.type.empty()) field.type = "integer";
        break;
      case CellKind::kFloat:
        field.type = "number";
        break;
      case CellKind::kDecimal:
        set_exact(column, column.scale, &field);
        break;
      case CellKind::kBoolean:
        field.type = "bool";
        break;
      case CellKind::kDate:
        field.type = "timestamp(day)";
        break;
      case CellKind::kTimestamp:
        field.type = "timestamp";
        break;
      case CellKind::kDuration:
        field.type = "duration(us)";
        break;
      case CellKind::kOther:
        break;
    }
    return field;
  }

  void choose_text_type(const ColumnProfile& column, DraftField* field) {
    const TextForms& forms = column.forms;
    if (column.present() == 0) {
      field->type = "text";
      field->optional = true;
      field->reason = "no row has it";
    } else if (const bool number = !column.quoted && !forms.named; number && forms.integer) {
      field->type = epoch_type(column, &field->reason);
      if (field->type.empty()) field->type = "integer";
    } else if (number && (draft_.commas ? forms.comma : forms.point)) {
      const bool inexact = forms.exponent || forms.too_wide || forms.fraction > 6;
      if (inexact)
        field->type = "number";
      else
        set_exact(column, forms.fraction, field);
    } else if (forms.boolean) {
      field->type = "bool";
    } else if (!forms.patterns.empty() && !forms.integer) {
      const std::string& pattern = time_patterns()[forms.patterns.front()];
      const bool day = std::all_of(column.values.begin(), column.values.end(), [&](const std::string& value) {
        const auto time = pattern.empty() ? parse_time(value) : parse_time_as(value, pattern);
        return time && !time->has_time_of_day;
      });
      field->type = day && !column.many ? "timestamp(day)" : "timestamp";
    } else {
      choose_words(column, field);
      if (forms.named && forms.integer) field->reason = "digits with leading zeros: names, not numbers";
    }
  }

  /// Few values in a file that was read whole are a list.
  void choose_words(const ColumnProfile& column, DraftField* field) {
    constexpr size_t kMost = 12, kLongest = 30;
    field->type = "text";
    const bool key = names_key(column.path) || has_part(last_name(column.path), kWhoWords);
    const bool few = !key && !column.many && column.values.size() <= kMost && column.values.size() > 1 &&
                     column.present() >= static_cast<int64_t>(4 * column.values.size()) &&
                     std::all_of(column.values.begin(), column.values.end(),
                                 [](const std::string& value) { return value.size() <= kLongest; });
    if (!few) return;
    std::string list;
    for (const std::string& value : column.values)
      list += fmt::format("{}{}", list.empty() ? "" : ", ", in_quotes(value));
    if (profile_.whole) {
      field->type = fmt::format("one_of({})", list);
      field->reason = "few values: any other will be a bad row; text takes all";
    } else {
      field->reason = fmt::format("seen so far: {}; one_of(…) would refuse others", list);
    }
  }

  /// A count since 1970, by its size and its name.
  static std::string epoch_type(const ColumnProfile& column, std::string* reason) {
    struct Unit {
      const char* type;
      const char* words;
      int64_t second;
    };
    static constexpr Unit kUnits[] = {{"timestamp(s)", "seconds", 1},
                                      {"timestamp(ms)", "milliseconds", 1'000},
                                      {"timestamp(us)", "microseconds", 1'000'000},
                                      {"timestamp(ns)", "nanoseconds", 1'000'000'000}};
    constexpr int64_t kYear1990 = 631'152'000, kYear2070 = 3'155'760'000;
    if (column.present() == 0 || !has_part(column.path, kTimeWords)) return "";
    for (const Unit& unit : kUnits) {
      const bool second = column.smallest / unit.second >= kYear1990 && column.largest / unit.second < kYear2070;
      if (!second) continue;
      *reason = fmt::format("numbers of this size are {} since 1970", unit.words);
      return unit.type;
    }
    return "";
  }

  void set_exact(const ColumnProfile& column, int digits, DraftField* field) {
    const std::string currency = has_part(column.path, kMoneyWords) ? currency_of(column) : "";
    if (!currency.empty()) {
      field->type = digits <= 6 ? fmt::format("money({})", currency) : fmt::format("money({}, {})", currency, digits);
      field->reason = currency_reason_;
    } else {
      field->type = digits == 0 ? "integer" : fmt::format("decimal({})", digits);
      if (has_part(column.path, kMoneyWords)) field->reason = "if it is money: money(EUR), with your currency";
    }
  }

  /// The currency that the column's name or a column `currency` with one value tells.
  std::string currency_of(const ColumnProfile& column) {
    for (const char* currency : kCurrencies) {
      std::string lower = currency;
      for (char& c : lower) c = static_cast<char>(c - 'A' + 'a');
      if (!has_part(column.path, {lower})) continue;
      currency_reason_ = "the currency is in its name";
      return currency;
    }
    for (const ColumnProfile& other : profile_.columns) {
      if (!last_part_is(other.path, {"currency", "waehrung"}) || other.values.size() != 1 || !profile_.whole) continue;
      const std::string& value = *other.values.begin();
      if (std::find(std::begin(kCurrencies), std::end(kCurrencies), value) == std::end(kCurrencies)) continue;
      currency_reason_ = fmt::format("every {} is {}", other.path, value);
      return value;
    }
    return "";
  }

  void name_fields() {
    std::set<std::string> taken;
    for (DraftField& field : draft_.fields) {
      const std::string& path = field.column->path;
      const size_t key = path.find("['");
      const size_t dot = key == std::string::npos ? path.rfind('.') : std::string::npos;
      const std::string last = key != std::string::npos   ? path.substr(key + 2, path.size() - key - 4)
                               : dot != std::string::npos ? path.substr(dot + 1)
                                                          : path;
      field.name = word_of(last);
      if (taken.count(field.name) > 0) field.name = word_of(path);
      const std::string base = field.name;
      for (int number = 2; taken.count(field.name) > 0; ++number) field.name = fmt::format("{}_{}", base, number);
      taken.insert(field.name);
    }
  }

  /// ISO times need no pattern, unless another column has one: then each column's is said.
  void settle_patterns() {
    const auto of_text = [](const DraftField& field) {
      return field.column->kind == CellKind::kText && !field.column->forms.patterns.empty();
    };
    const auto is_iso = [](const DraftField& field) { return field.column->forms.patterns.front() == 0; };
    const bool all_iso = std::all_of(draft_.fields.begin(), draft_.fields.end(), [&](const DraftField& field) {
      return !is_time(field) || !of_text(field) || is_iso(field);
    });
    if (all_iso) return;
    for (DraftField& field : draft_.fields) {
      if (!is_time(field) || !of_text(field)) continue;
      const std::vector<size_t>& fits = field.column->forms.patterns;
      const size_t chosen = is_iso(field) && fits.size() > 1 ? fits[1] : fits.front();
      const std::string& pattern = time_patterns()[chosen];
      if (pattern.empty()) {
        field.type = "text";
        field.reason = "its times are of several forms: list them under times in alidade.toml";
        continue;
      }
      std::vector<std::string>& times = draft_.form.times;
      if (std::find(times.begin(), times.end(), pattern) == times.end()) times.push_back(pattern);
      field.reason = fmt::format("written {}", pattern);
      const bool turned =
          std::any_of(fits.begin(), fits.end(), [](size_t p) { return time_patterns()[p].starts_with("%m/"); });
      if (pattern.starts_with("%d/") && turned)
        field.reason += "; nothing tells whether the day or the month is first: see times in alidade.toml";
    }
  }

  bool choose_time() {
    DraftField* best = nullptr;
    int best_score = -1;
    for (DraftField& field : draft_.fields) {
      if (!is_time(field) || field.column->missing > 0) continue;
      int score = field.type == "timestamp(day)" ? 0 : 1;
      if (has_part(field.column->path, {"event", "occurred", "timestamp", "ts", "time", "at"}))
        score += 4;
      else if (has_part(field.column->path, kTimeWords))
        score += 2;
      if (has_part(field.column->path, {"updated", "received", "ended", "end", "modified", "deleted", "birth"}))
        score -= 5;
      if (score <= best_score) continue;
      best = &field;
      best_score = score;
    }
    if (best == nullptr) return false;
    best->role = "time";
    best->optional = false;
    return true;
  }

  /// Who: a column with such a name, of which several rows have the same value. Of a table, the column that tells rows
  /// apart.
  void choose_entity(bool has_time) {
    DraftField* best = nullptr;
    int best_score = 0;
    for (DraftField& field : draft_.fields) {
      const bool can = field.role.empty() && (field.type == "text" || field.type == "integer");
      if (!can || field.column->present() == 0) continue;
      const bool id = names_key(field.column->path);
      int score = has_part(last_name(field.column->path), kWhoWords) ? 4 : 0;
      if (has_time) {
        if (field.column->unique() && field.column->cells > 20) continue;
        if (score > 0 && id) score += 2;
        if (score == 0 && id && field.column->values.size() > 1) score = 1;
        if (has_part(field.column->path, {"name", "agent", "type"}) && !id) score -= 3;
      } else {
        score = field.column->unique() ? score + (id ? 2 : 0) + 1 : 0;
      }
      if (score <= best_score) continue;
      best = &field;
      best_score = score;
    }
    if (best == nullptr) return;
    draft_.is_table = !has_time;
    best->role = "entity";
    best->reason = has_time ? "who: its name says so" : "tells the rows apart";
    if (has_time && best_score < 3) best->reason = "who, perhaps: an id that several rows share";
    if (draft_.is_table) best->optional = false;
  }

  void choose_id() {
    for (DraftField& field : draft_.fields) {
      const bool can = !draft_.is_table && field.role.empty() && (field.type == "text" || field.type == "integer");
      const bool named = names_key(field.column->path);
      if (!can || !named || !profile_.whole || !field.column->unique() || field.column->cells < 3) continue;
      field.role = "id";
      field.reason = "no two rows have the same: copies of a row will count once";
      return;
    }
  }

  void note_what_is_left_out() {
    if (!profile_.whole) {
      draft_.notes.push_back(fmt::format(
          "Drafted from the first {} rows, so fields are optional: take the ? away where a value is always there.",
          profile_.rows));
    }
    for (const std::string& path : profile_.left_out) {
      draft_.notes.push_back(path.ends_with("['key']")
                                 ? fmt::format("{} is a list of keys and values: name a key to read it.", path)
                                 : fmt::format("{} is left out: a field has one value in a row.", path));
    }
  }

  const SourceProfile& profile_;
  Draft draft_;
  std::string currency_reason_;
};

}  // namespace

std::optional<Draft> draft_of(const std::string& name, const SourceProfile& profile) {
  return Drafter(name, profile).draft();
}

}  // namespace alidade
