// Expressions over rows. Door: row_evaluator.h.
#include "compiler/reference/row_evaluator.h"

#include <numeric>

#include "compiler/reference/scalar.h"

namespace alidade::reference {
namespace {

class Evaluation {
 public:
  Evaluation(const Model& model, const Data& data, const TypedRow& row) : model_(model), data_(data), row_(row) {}

  RowValue of(RowId id) {
    if (!data_.repeats[static_cast<size_t>(id.index)]) return compute(id);
    if (auto known = known_.find(id); known != known_.end()) return known->second;
    return known_[id] = compute(id);
  }

 private:
  RowValue compute(RowId id) {
    const Row& row = model_.row(id);
    switch (row.kind) {
      case RowKind::kConst:
        return constant(row);
      case RowKind::kField:
        return row_.fields[static_cast<size_t>(row.field)];
      case RowKind::kAttribute: {
        const TypedRow* found = table_row(row);
        return found == nullptr ? RowValue() : found->fields[static_cast<size_t>(row.attribute)];
      }
      case RowKind::kMember:
        return table_row(row) != nullptr;
      case RowKind::kRate:
        return rate(row);
      case RowKind::kNegate:
      case RowKind::kAdd:
      case RowKind::kSubtract:
      case RowKind::kMultiply:
      case RowKind::kDivide:
        return arithmetic(row);
      case RowKind::kEqual:
      case RowKind::kNotEqual:
      case RowKind::kLess:
      case RowKind::kLessEqual:
      case RowKind::kGreater:
      case RowKind::kGreaterEqual:
        return comparison(row);
      case RowKind::kAnd:
        return holds(row.a) && holds(row.b);
      case RowKind::kOr:
        return holds(row.a) || holds(row.b);
      case RowKind::kNot:
        return !holds(row.a);
      case RowKind::kIn:
        return is_among(row);
      case RowKind::kIsNull:
        return is_missing(of(row.a));
      case RowKind::kIf:
        return branch(row);
      case RowKind::kIsFirst:
      case RowKind::kIsLast:
        return data_.chosen.at(id)[row_number(row.stream)];
      case RowKind::kGreatest:
      case RowKind::kLeast:
        return extreme(row);
      case RowKind::kRound: {
        const RowValue a = of(row.a);
        return is_missing(a) ? a : value_of(round_to(number_of(a, model_.row(row.a).type), row.digits));
      }
      case RowKind::kCoalesce:
        return taken(is_missing(of(row.a)) ? row.b : row.a, row.type);
    }
    return {};
  }

  size_t row_number(int stream) const {
    return static_cast<size_t>(&row_ - data_.streams[static_cast<size_t>(stream)].rows.data());
  }

  /// A condition; a bool that is missing does not hold.
  bool holds(RowId id) {
    const RowValue value = of(id);
    const bool* truth = std::get_if<bool>(&value);
    return truth != nullptr && *truth;
  }

  RowValue constant(const Row& row) const {
    switch (representation(row.type)) {
      case Representation::kExact:
        return row.exact;
      case Representation::kFloat:
        return row.number == 0 ? 0.0 : row.number;
      case Representation::kText:
        return row.text;
      case Representation::kOneOf:
        return model_.lists[static_cast<size_t>(row.type.one_of)][row.one_of];
      case Representation::kBoolean:
        return row.truth;
    }
    return {};
  }

  /// The row of the table that the row's entity leads to, as of the row's time; none where the entity is missing, or
  /// the table does not know it then.
  const TypedRow* table_row(const Row& row) const {
    const TableRows& table = data_.tables[static_cast<size_t>(row.table)];
    const RowValue& key = row_.fields[static_cast<size_t>(row.field)];
    const auto found = is_missing(key) ? table.end() : table.find(key);
    if (found == table.end()) return nullptr;
    for (const TableRow& version : found->second) {
      if (version.valid.start <= row_.time && row_.time < version.valid.end) return &version.row;
    }
    return nullptr;
  }

  RowValue rate(const Row& row) const {
    Rate asked = model_.rates[static_cast<size_t>(row.rate)];
    if (row.field >= 0) {
      const std::string* currency = std::get_if<std::string>(&row_.fields[static_cast<size_t>(row.field)]);
      if (currency == nullptr) return {};
      asked.currency = *currency;
    }
    return rate_at(data_, asked, row_.time);
  }

  static Number number_of(const RowValue& value, const Type& type) {
    if (const int128* exact = std::get_if<int128>(&value)) return exact_number(*exact, type.scale);
    const double* number = std::get_if<double>(&value);
    ALIDADE_CHECK(number != nullptr);
    return float_number(*number);
  }

  static RowValue value_of(const Outcome& outcome) {
    if (outcome.reason != Reason::kNone) return {};
    if (outcome.number.exact) return outcome.number.value;
    return outcome.number.number;
  }

  RowValue arithmetic(const Row& row) {
    const RowValue a = of(row.a);
    if (is_missing(a)) return {};
    const Number x = number_of(a, model_.row(row.a).type);
    if (row.kind == RowKind::kNegate) return value_of(negate(x));
    const RowValue b = of(row.b);
    if (is_missing(b)) return {};
    const Number y = number_of(b, model_.row(row.b).type);
    if (row.kind == RowKind::kAdd) return value_of(add(x, y, row.type));
    if (row.kind == RowKind::kSubtract) return value_of(subtract(x, y, row.type));
    if (row.kind == RowKind::kMultiply) return value_of(multiply(x, y, row.type));
    return value_of(divide(x, y));
  }

  /// Negative, zero or positive; numbers by value, text by bytes.
  static int order(const RowValue& a, const Type& a_type, const RowValue& b, const Type& b_type) {
    const bool are_numbers = std::holds_alternative<int128>(a) || std::holds_alternative<double>(a);
    if (are_numbers) return compare(number_of(a, a_type), number_of(b, b_type));
    return a < b ? -1 : b < a ? 1 : 0;
  }

  RowValue comparison(const Row& row) {
    const RowValue a = of(row.a), b = of(row.b);
    if (is_missing(a) || is_missing(b)) return false;
    const int sign = order(a, model_.row(row.a).type, b, model_.row(row.b).type);
    if (row.kind == RowKind::kEqual) return sign == 0;
    if (row.kind == RowKind::kNotEqual) return sign != 0;
    if (row.kind == RowKind::kLess) return sign < 0;
    if (row.kind == RowKind::kLessEqual) return sign <= 0;
    if (row.kind == RowKind::kGreater) return sign > 0;
    return sign >= 0;
  }

  bool is_among(const Row& row) {
    const RowValue a = of(row.a);
    if (is_missing(a)) return false;
    for (RowId item : row.items) {
      if (order(a, model_.row(row.a).type, of(item), model_.row(item).type) == 0) return true;
    }
    return false;
  }

  RowValue branch(const Row& row) { return taken(holds(row.a) ? row.b : row.c, row.type); }

  RowValue extreme(const Row& row) {
    const RowValue a = of(row.a), b = of(row.b);
    if (is_missing(a) || is_missing(b)) return {};
    const int sign = order(a, model_.row(row.a).type, b, model_.row(row.b).type);
    return taken((row.kind == RowKind::kGreatest ? sign > 0 : sign < 0) ? row.a : row.b, row.type);
  }

  /// One of several expressions, as the type of them all.
  RowValue taken(RowId chosen, const Type& type) {
    const RowValue value = of(chosen);
    const bool is_number = std::holds_alternative<int128>(value) || std::holds_alternative<double>(value);
    return is_number ? value_of(convert(number_of(value, model_.row(chosen).type), type)) : value;
  }

  const Model& model_;
  const Data& data_;
  const TypedRow& row_;
  std::map<RowId, RowValue> known_;  ///< of expressions that repeat
};

}  // namespace

RowValue evaluate_row(const Model& model, const Data& data, RowId id, const TypedRow& row) {
  return Evaluation(model, data, row).of(id);
}

const std::vector<RowValue>& RowColumns::values(int stream, RowId id) {
  const auto [place, is_new] = values_.try_emplace({stream, id});
  if (is_new) {
    for (const TypedRow& row : rows(stream)) place->second.push_back(evaluate_row(model_, data_, id, row));
  }
  return place->second;
}

const std::vector<bool>& RowColumns::accepted(int stream, RowId condition) {
  const auto [place, is_new] = accepted_.try_emplace({stream, condition});
  if (is_new) {
    for (const TypedRow& row : rows(stream)) {
      const RowValue value = condition.valid() ? evaluate_row(model_, data_, condition, row) : RowValue(true);
      place->second.push_back(value == RowValue(true));
    }
  }
  return place->second;
}

const RowNumbers& RowColumns::all(int stream) {
  const auto [place, is_new] = all_.try_emplace(stream);
  if (is_new) {
    place->second.resize(rows(stream).size());
    std::iota(place->second.begin(), place->second.end(), 0u);
  }
  return place->second;
}

const RowNumbers& RowColumns::with_key(int stream, RowId key, const RowValue& value) {
  const auto [place, is_new] = by_key_.try_emplace({stream, key});
  if (is_new) {
    const std::vector<RowValue>& keys = values(stream, key);
    for (uint32_t i = 0; i < keys.size(); ++i) place->second[keys[i]].push_back(i);
  }
  const auto found = place->second.find(value);
  return found == place->second.end() ? none_ : found->second;
}

}  // namespace alidade::reference
