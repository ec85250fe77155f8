// Which rows come first. Door: first_rows.h.
#include "compiler/reference/first_rows.h"

#include <algorithm>
#include <limits>

namespace alidade::reference {
namespace {

bool is_choice(const Row& row) { return row.kind == RowKind::kIsFirst || row.kind == RowKind::kIsLast; }

RowValue order_of(const ModelSource& stream, const TypedRow& row) {
  return stream.order < 0 ? RowValue() : row.fields[static_cast<size_t>(stream.order)];
}

/// Missing before any number; a missing order is the smallest integer.
bool comes_before(const RowValue& a, const RowValue& b) {
  const bool a_is_least = is_missing(a) || a == RowValue(int128{std::numeric_limits<int64_t>::min()});
  const bool b_is_least = is_missing(b) || b == RowValue(int128{std::numeric_limits<int64_t>::min()});
  return a_is_least || b_is_least ? a_is_least && !b_is_least : a < b;
}

/// The conditions that all must hold.
void add_tests(const Model& model, RowId id, std::vector<RowId>* tests) {
  if (!id.valid()) return;
  const Row& row = model.row(id);
  if (row.kind != RowKind::kAnd) return tests->push_back(id);
  add_tests(model, row.a, tests);
  add_tests(model, row.b, tests);
}

/// Fields of the stream that an expression reads, attributes by the entity that leads to them; not what an event in it
/// was chosen by.
void add_fields(const Model& model, RowId id, std::set<int>* fields) {
  if (!id.valid() || is_choice(model.row(id))) return;
  const Row& row = model.row(id);
  if (row.field >= 0) fields->insert(row.field);
  for (RowId part : {row.a, row.b, row.c}) add_fields(model, part, fields);
}

/// Which fields are read of the rows of each event: by the aggregates over them, and by the events chosen among them.
class EventReads {
 public:
  explicit EventReads(const Model& model) : model_(model) {}

  void add(const Request& request) {
    for (const RequestOutput& output : request.outputs) {
      std::vector<const std::vector<RowId>*> keys;
      for (const ResolvedDimension& dimension : output.dimensions) keys.push_back(&dimension.rows);
      add_values(output.value, keys);
    }
  }
  const std::map<RowId, std::set<int>>& fields() const { return fields_; }

 private:
  /// `keys` are those of the dimensions and collapses around a value.
  void add_values(ValueId id, std::vector<const std::vector<RowId>*> keys) {
    if (!id.valid() || !seen_.insert({id, keys}).second) return;
    const Value& value = model_.value(id);
    if (value.kind == ValueKindTag::kCollapse) keys.push_back(&value.key.rows);
    for (ValueId part : {value.a, value.b, value.c}) add_values(part, keys);
    if (value.kind != ValueKindTag::kAggregate) return;
    std::set<int> fields;
    add_fields(model_, value.input, &fields);
    for (const std::vector<RowId>* key : keys) {
      const auto stream = static_cast<size_t>(value.stream);
      if (stream < key->size()) add_fields(model_, (*key)[stream], &fields);
    }
    const bool by_order = value.aggregate == Aggregate::kFirst || value.aggregate == Aggregate::kLast;
    if (by_order) add_order(value.stream, &fields);
    add_reader(value.condition, std::move(fields));
  }

  void add_order(int stream, std::set<int>* fields) const {
    const int order = model_.streams[static_cast<size_t>(stream)].order;
    if (order >= 0) fields->insert(order);
  }

  /// What reads the rows of a condition reads `fields` of them, and what it tests beside the event.
  void add_reader(RowId condition, std::set<int> fields) {
    const RowId event = event_in(model_, condition);
    if (!event.valid()) return;
    const Row& chosen = model_.row(event);
    std::vector<RowId> tests, known;
    add_tests(model_, condition, &tests);
    add_tests(model_, chosen.a, &known);
    for (RowId test : tests) {
      if (std::find(known.begin(), known.end(), test) == known.end()) add_fields(model_, test, &fields);
    }
    fields_[event].insert(fields.begin(), fields.end());
    std::set<int> passed_on = fields;
    add_fields(model_, chosen.b, &passed_on);
    add_order(chosen.stream, &passed_on);
    add_reader(chosen.a, std::move(passed_on));
  }

  const Model& model_;
  std::set<std::pair<ValueId, std::vector<const std::vector<RowId>*>>> seen_;  ///< formulas share parts
  std::map<RowId, std::set<int>> fields_;
};

class RowChoice {
 public:
  RowChoice(const Model& model, Data* data, TieLog* ties) : model_(model), data_(*data), ties_(ties) {}

  /// How many events it is chosen among, one inside the other.
  int depth(RowId event) const {
    const RowId inner = event_in(model_, model_.row(event).a);
    return inner.valid() ? depth(inner) + 1 : 0;
  }

  /// Of an event whose rows tie in none of `fields`; those that it is chosen among are chosen before.
  void choose(RowId event, const std::set<int>& fields) {
    const Row& row = model_.row(event);
    RowColumns columns(model_, data_);
    const std::vector<bool>& accepted = columns.accepted(row.stream, row.a);
    const std::vector<RowValue>& keys = columns.values(row.stream, row.b);
    std::map<RowValue, RowNumbers> rows_of;
    for (uint32_t i = 0; i < keys.size(); ++i) {
      if (accepted[i] && !is_missing(keys[i])) rows_of[keys[i]].push_back(i);
    }
    std::vector<bool> chosen(keys.size(), false);
    for (const auto& [key, rows] : rows_of) {
      const RowNumbers best = first_of(model_, data_, row.stream, rows, row.kind == RowKind::kIsLast);
      chosen[best.front()] = true;
      if (differ(row.stream, best, fields)) {
        const ModelSource& stream = model_.streams[static_cast<size_t>(row.stream)];
        const std::string& entity = stream.fields[static_cast<size_t>(model_.row(row.b).field)].name;
        ties_->add({stream.name, columns.rows(row.stream)[best.front()].time, entity, entity_text(key)});
      }
    }
    data_.chosen.emplace(event, std::move(chosen));
  }

 private:
  bool differ(int stream, const RowNumbers& rows, const std::set<int>& fields) const {
    const std::vector<TypedRow>& all = data_.streams[static_cast<size_t>(stream)].rows;
    return std::any_of(rows.begin(), rows.end(), [&](uint32_t row) {
      return std::any_of(fields.begin(), fields.end(), [&](int field) {
        const auto index = static_cast<size_t>(field);
        return all[row].fields[index] != all[rows.front()].fields[index];
      });
    });
  }

  const Model& model_;
  Data& data_;
  TieLog* ties_;
};

}  // namespace

RowNumbers first_of(const Model& model, const Data& data, int stream, const RowNumbers& rows, bool last) {
  const ModelSource& source = model.streams[static_cast<size_t>(stream)];
  const std::vector<TypedRow>& all = data.streams[static_cast<size_t>(stream)].rows;
  const auto before = [&](uint32_t a, uint32_t b) {
    if (all[a].time != all[b].time) return all[a].time < all[b].time;
    return comes_before(order_of(source, all[a]), order_of(source, all[b]));
  };
  const uint32_t best =
      last ? *std::max_element(rows.begin(), rows.end(), before) : *std::min_element(rows.begin(), rows.end(), before);
  RowNumbers result;
  for (uint32_t row : rows) {
    if (!before(row, best) && !before(best, row)) result.push_back(row);
  }
  return result;
}

RowId event_in(const Model& model, RowId condition) {
  std::vector<RowId> tests;
  add_tests(model, condition, &tests);
  RowId event;
  for (RowId test : tests) {
    if (is_choice(model.row(test))) event = test;
  }
  return event;
}

void choose_rows(const Model& model, const Request& request, Data* data, TieLog* ties) {
  EventReads reads(model);
  reads.add(request);
  RowChoice choice(model, data, ties);
  std::map<int, std::vector<RowId>> by_depth;
  for (const auto& [event, fields] : reads.fields()) by_depth[choice.depth(event)].push_back(event);
  for (const auto& [depth, events] : by_depth) {
    for (RowId event : events) choice.choose(event, reads.fields().at(event));
    if (!ties->status().ok()) return;  // which rows come next is not decided
  }
}

std::string entity_text(const RowValue& key) {
  if (const std::string* text = std::get_if<std::string>(&key)) return *text;
  const int128* number = std::get_if<int128>(&key);
  return number == nullptr ? "" : std::to_string(static_cast<int64_t>(*number));
}

}  // namespace alidade::reference
