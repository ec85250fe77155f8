// Drafts as text. Door: draft_spec.h.
#include "compiler/driver/draft_spec.h"

#include <fmt/format.h>

#include <set>

#include "compiler/driver/draft_names.h"

namespace alidade {
namespace {

bool is_number(const DraftField& field) {
  return field.type == "integer" || field.type == "number" || field.type.starts_with("decimal") ||
         field.type.starts_with("money");
}

/// Writes declarations; every metric name is used once.
class Writer {
 public:
  std::string text;

  void write_source(const Draft& draft) {
    for (const std::string& note : draft.notes) text += "# " + note + "\n";
    const std::string key = draft.is_table ? fmt::format(" key {}", entity_of(draft)->name) : "";
    text += fmt::format("{} {}{} {{\n", draft.is_table ? "table" : "stream", draft.name, key);
    for (const DraftField& field : draft.fields) write_field(draft, field);
    text += "}\n\n";
    names_.insert(draft.name);
  }

  void write_events(const Draft& draft) {
    const DraftField* name = event_field(draft);
    if (name == nullptr) return;
    for (const std::string& value : name->column->values) {
      const std::string event = unused(word_of(value));
      events_.push_back({event, draft.name});
      text += fmt::format("event {} = {} where {} == {}\n", event, draft.name, name->name, in_quotes(value));
    }
    text += "\n";
  }

  void write_metrics(const Draft& draft) {
    if (draft.is_table) return;
    const std::string& stream = draft.name;
    const std::string rows = unused(stream + "_rows");
    text += fmt::format("## Rows of {}.\nmetric {} = count({})\n", stream, rows, stream);
    for (const auto& [event, of] : events_) {
      if (of == stream) text += fmt::format("metric {} = count({})\n", unused(event + "_count"), event);
    }
    const DraftField* who = entity_of(draft);
    std::string people;
    // "user" of "user_id"
    const std::string one = who == nullptr               ? ""
                            : who->name.ends_with("_id") ? who->name.substr(0, who->name.size() - 3)
                                                         : who->name;
    if (who != nullptr) {
      people = unused(fmt::format("{}_{}s", stream, one));
      text += fmt::format("## Each {} once, however many rows.\nmetric {} = unique({}.{})\n", one, people, stream,
                          who->name);
      text += fmt::format(
          "## The same over the seven days before each bucket's end.\nmetric {} = unique({}.{}) over last 7 days\n",
          unused(people + "_7_days"), stream, who->name);
    }
    int measures = 0;
    for (const DraftField& field : draft.fields) {
      const bool name_only = names_key(field.column->path);
      if (!field.role.empty() || !is_number(field) || name_only || measures == 4) continue;
      const bool mean = names_mean(field.column->path);
      const std::string metric = unused(fmt::format("{}_{}",
                                                    mean                              ? "mean"
                                                    : has_part(field.name, {"total"}) ? stream
                                                                                      : "total",
                                                    field.name));
      text += fmt::format("metric {} = {}({}.{})\n", metric, mean ? "mean" : "sum", stream, field.name);
      if (!mean && who != nullptr && measures == 0) {
        text += fmt::format("metric {} = {} / {}\n", unused(fmt::format("{}_per_{}", field.name, one)), metric, people);
        text +=
            fmt::format("## Added up for each {} first, then the middle one.\nmetric {} = median(sum({}.{}) per {})\n",
                        one, unused("typical_" + field.name), stream, field.name, who->name);
      }
      ++measures;
    }
    text += "\n";
    tested_.push_back({rows, people});
  }

  /// The first rows of the file, and what can be counted by looking at them.
  void write_test(const Draft& draft, const SourceProfile& profile, size_t which) {
    const DraftField* who = entity_of(draft);
    if (profile.first.empty()) return;
    std::string header, cells;
    std::set<std::string> people;
    for (const DraftField& field : draft.fields) {
      if (!field.role.empty()) header += fmt::format(" {} |", field.name);
    }
    for (const std::vector<std::string>& row : profile.first) {
      cells += "    |";
      for (const DraftField& field : draft.fields) {
        if (field.role.empty()) continue;
        const auto column = static_cast<size_t>(field.column - profile.columns.data());
        const std::string cell = field.role == "time" ? iso(draft, field, row[column]) : row[column];
        // A cell that a table of the language cannot hold as it stands.
        if (cell.find_first_of("|\"\\\n\r#") != std::string::npos) return;
        if (field.role == "entity" && !cell.empty()) people.insert(cell);
        cells += fmt::format(" {} |", cell);
      }
      cells += "\n";
    }
    text +=
        fmt::format("test \"the first rows of {}\" {{\n  given {}\n    |{}\n{}", draft.name, draft.name, header, cells);
    text += fmt::format("  expect {} == {}\n", tested_[which].rows, profile.first.size());
    if (who != nullptr) text += fmt::format("  expect {} == {}\n", tested_[which].people, people.size());
    text += "}\n\n";
  }

 private:
  struct Event {
    std::string name, stream;
  };
  struct Tested {
    std::string rows, people;
  };

  static const DraftField* entity_of(const Draft& draft) {
    for (const DraftField& field : draft.fields) {
      if (field.role == "entity") return &field;
    }
    return nullptr;
  }

  static const DraftField* event_field(const Draft& draft) {
    constexpr size_t kMostEvents = 10;
    for (const DraftField& field : draft.fields) {
      const bool list = field.type.starts_with("one_of") && field.column->values.size() <= kMostEvents;
      if (list && !draft.is_table && names_events(field.column->path)) return &field;
    }
    return nullptr;
  }

  /// A test's rows are written in the language's own way, whatever the file's.
  static std::string iso(const Draft& draft, const DraftField& field, const std::string& cell) {
    if (field.column->kind != CellKind::kText) return cell;
    for (const std::string& pattern : draft.form.times) {
      const auto time = parse_time_as(cell, pattern);
      if (!time) continue;
      const int64_t day = time->local_micros / 86'400'000'000 - (time->local_micros % 86'400'000'000 < 0 ? 1 : 0);
      const int64_t second = (time->local_micros - day * 86'400'000'000) / 1'000'000;
      Calendar utc = *Calendar::open({});
      const std::string date = utc.label(Grain::kDay, day * 86'400'000'000);
      if (!time->has_time_of_day) return date;
      return fmt::format("{} {:02}:{:02}:{:02}", date, second / 3600, second / 60 % 60, second % 60);
    }
    return cell;
  }

  void write_field(const Draft& draft, const DraftField& field) {
    const bool is_key = draft.is_table && field.role == "entity";
    const std::string role = field.role.empty() || is_key ? "" : field.role + " ";
    const std::string from = field.name == field.column->path ? "" : " from " + in_quotes(field.column->path);
    const std::string reason = field.reason.empty() ? "" : "  # " + field.reason;
    text += fmt::format("  {}{} : {}{}{}{}\n", role, field.name, field.type, field.optional ? "?" : "", from, reason);
  }

  std::string unused(const std::string& wanted) {
    std::string name = wanted;
    for (int number = 2; names_.count(name) > 0; ++number) name = fmt::format("{}_{}", wanted, number);
    names_.insert(name);
    return name;
  }

  std::set<std::string> names_;
  std::vector<Event> events_;
  std::vector<Tested> tested_;
};

}  // namespace

std::string spec_text(const std::string& name, const std::vector<Draft>& drafts,
                      const std::vector<SourceProfile>& profiles) {
  Writer writer;
  writer.text = fmt::format(
      "## A first draft. Every choice has its reason beside it: change what the data does not tell.\nmodule {}\n\n"
      "# Times without an offset are read in this zone, and days begin in it.\n"
      "calendar {{ zone \"UTC\"; week starts monday }}\n\n",
      name);
  for (const Draft& draft : drafts) writer.write_source(draft);
  for (const Draft& draft : drafts) writer.write_events(draft);
  size_t streams = 0;
  for (const Draft& draft : drafts) writer.write_metrics(draft);
  for (size_t i = 0; i < drafts.size(); ++i) {
    if (!drafts[i].is_table) writer.write_test(drafts[i], profiles[i], streams++);
  }
  return writer.text;
}

}  // namespace alidade
