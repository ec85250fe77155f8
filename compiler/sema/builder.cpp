// Hash-consing and trivial simplification. Door: builder.h.
#include "compiler/sema/builder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace alidade {
namespace {

/// The bytes of a node, so that equal nodes have equal keys.
class Key {
 public:
  template <typename T>
  Key& raw(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    text_.append(bytes, sizeof(T));
    return *this;
  }
  Key& text(const std::string& text) { return raw(text.size()).append(text); }
  Key& type(const Type& type) {
    raw(type.kind).raw(type.exact).raw(type.scale).raw(type.bits).raw(type.optional).raw(type.unit.index);
    return raw(type.one_of);
  }
  std::string take() { return std::move(text_); }

 private:
  Key& append(const std::string& text) {
    text_ += text;
    return *this;
  }
  std::string text_;
};

std::string key_of(const Row& row) {
  Key key;
  key.raw(row.kind).type(row.type).raw(row.stream).raw(row.a.index).raw(row.b.index).raw(row.c.index);
  for (RowId item : row.items) key.raw(item.index);
  key.raw(row.field).raw(row.table).raw(row.attribute).raw(row.exact).raw(row.number).raw(row.truth);
  key.text(row.text).raw(row.one_of).raw(row.digits).raw(row.rate);
  return key.take();
}

std::string key_of(const Value& value) {
  Key key;
  key.raw(value.kind).type(value.type).raw(value.a.index).raw(value.b.index).raw(value.c.index);
  key.raw(value.exact).raw(value.number).raw(value.truth).raw(value.aggregate);
  key.raw(value.percentage.numerator).raw(value.percentage.digits).raw(value.stream);
  key.raw(value.condition.index).raw(value.input.index);
  key.raw(value.key.kind).raw(value.key.grain).text(value.key.name).type(value.key.type).raw(value.key.rows.size());
  for (RowId row : value.key.rows) key.raw(row.index);
  key.raw(value.window.kind).raw(value.window.period.count).raw(value.window.period.unit).raw(value.window.unit);
  key.raw(value.offset.kind).raw(value.offset.period.count).raw(value.offset.period.unit).raw(value.elapsed);
  key.raw(value.digits).raw(value.plain_sums).raw(value.rate);
  return key.take();
}

}  // namespace

Type boolean_type() {
  Type type;
  type.kind = ValueKind::kBoolean;
  return type;
}

std::string decimal_text(int128 value, int scale) {
  bool negative = value < 0;
  uint128 rest = negative ? -static_cast<uint128>(value) : static_cast<uint128>(value);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (scale > 0) {
    if (digits.size() <= static_cast<size_t>(scale))
      digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
    digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  }
  return negative ? "-" + digits : digits;
}

double nearest_double(int128 value, int scale) { return std::strtod(decimal_text(value, scale).c_str(), nullptr); }

RowId Builder::row(Row row) {
  auto [at, inserted] = rows_.try_emplace(key_of(row), static_cast<int>(model_.rows.size()));
  if (!inserted) return {at->second};
  int below = 0;
  for (RowId child : {row.a, row.b, row.c}) below = child.valid() ? std::max(below, depth(child)) : below;
  row_depths_.push_back(below + 1);
  model_.rows.push_back(std::move(row));
  return {at->second};
}

ValueFacts Builder::facts_of(const Value& value) const {
  ValueFacts result;
  result.constant = value.kind != ValueKindTag::kAggregate;
  result.window = value.kind == ValueKindTag::kOver;
  result.offset = value.kind == ValueKindTag::kAt;
  result.per_entity = value.kind == ValueKindTag::kCollapse && value.key.kind == PerKind::kEntity;
  result.state = value.kind == ValueKindTag::kAggregate && model_.streams[static_cast<size_t>(value.stream)].table >= 0;
  bool own_buckets = value.kind == ValueKindTag::kCollapse && value.key.kind == PerKind::kTime;
  for (ValueId child : {value.a, value.b, value.c}) {
    if (!child.valid()) continue;
    const ValueFacts& part = facts(child);
    result.constant = result.constant && part.constant;
    result.window = result.window || (part.window && !own_buckets);
    result.offset = result.offset || (part.offset && !own_buckets);
    result.per_entity = result.per_entity || part.per_entity;
    result.state = result.state || (part.state && !own_buckets);
    result.depth = std::max(result.depth, part.depth + 1);
  }
  return result;
}

ValueId Builder::value(Value value) {
  for (ValueId part : {value.a, value.b, value.c}) {
    if (part.valid()) value.plain_sums = value.plain_sums || model_.value(part).plain_sums;
  }
  auto [at, inserted] = values_.try_emplace(key_of(value), static_cast<int>(model_.values.size()));
  if (!inserted) return {at->second};
  facts_.push_back(facts_of(value));
  model_.values.push_back(std::move(value));
  return {at->second};
}

RowId Builder::truth(bool truth) {
  Row row;
  row.type = boolean_type();
  row.truth = truth;
  return this->row(std::move(row));
}

bool Builder::is_truth(RowId id, bool truth) const {
  const Row& row = model_.row(id);
  return row.kind == RowKind::kConst && row.type.kind == ValueKind::kBoolean && row.truth == truth;
}

std::vector<RowId> Builder::conjuncts(RowId id) const {
  const Row& row = model_.row(id);
  if (is_truth(id, true)) return {};
  if (row.kind != RowKind::kAnd) return {id};
  std::vector<RowId> all = conjuncts(row.a);
  std::vector<RowId> right = conjuncts(row.b);
  all.insert(all.end(), right.begin(), right.end());
  return all;
}

std::vector<RowId> Builder::disjuncts(RowId id) const {
  const Row& row = model_.row(id);
  if (row.kind != RowKind::kOr) return {id};
  std::vector<RowId> all = disjuncts(row.a);
  std::vector<RowId> right = disjuncts(row.b);
  all.insert(all.end(), right.begin(), right.end());
  return all;
}

RowId Builder::both(RowId a, RowId b) {
  if (is_truth(a, false) || is_truth(b, false)) return truth(false);
  RowId result = a;
  std::vector<RowId> present = conjuncts(a);
  for (RowId part : conjuncts(b)) {
    if (std::find(present.begin(), present.end(), part) != present.end()) continue;
    present.push_back(part);
    result = is_truth(result, true) ? part : binary(RowKind::kAnd, boolean_type(), result, part);
  }
  return result;
}

RowId Builder::either(RowId a, RowId b) {
  if (is_truth(a, true) || is_truth(b, true)) return truth(true);
  if (is_truth(b, false)) return a;
  RowId result = a;
  std::vector<RowId> present = disjuncts(a);
  for (RowId part : disjuncts(b)) {
    if (std::find(present.begin(), present.end(), part) != present.end()) continue;
    present.push_back(part);
    result = is_truth(result, false) ? part : binary(RowKind::kOr, boolean_type(), result, part);
  }
  return result;
}

RowId Builder::negation(RowId a) {
  if (is_truth(a, true)) return truth(false);
  if (is_truth(a, false)) return truth(true);
  const Row& row = model_.row(a);
  if (row.kind == RowKind::kNot && !model_.row(row.a).type.optional) return row.a;
  return unary(RowKind::kNot, boolean_type(), a);
}

RowId Builder::unary(RowKind kind, Type type, RowId a) {
  Row operand = model_.row(a);
  if (kind == RowKind::kNegate && operand.kind == RowKind::kConst) {
    operand.exact = -operand.exact;
    operand.number = operand.number == 0 ? 0 : -operand.number;
    return row(std::move(operand));
  }
  Row row;
  row.kind = kind;
  row.type = type;
  row.stream = operand.stream;
  row.a = a;
  return this->row(std::move(row));
}

RowId Builder::binary(RowKind kind, Type type, RowId a, RowId b) {
  Row row;
  row.kind = kind;
  row.type = type;
  row.stream = std::max(model_.row(a).stream, model_.row(b).stream);
  row.a = a;
  row.b = b;
  return this->row(std::move(row));
}

ValueId Builder::unary(ValueKindTag kind, Type type, ValueId a) {
  Value operand = model_.value(a);
  if (kind == ValueKindTag::kNegate && operand.kind == ValueKindTag::kConst) {
    operand.exact = -operand.exact;
    operand.number = operand.number == 0 ? 0 : -operand.number;
    return value(std::move(operand));
  }
  Value result;
  result.kind = kind;
  result.type = type;
  result.a = a;
  return value(std::move(result));
}

ValueId Builder::binary(ValueKindTag kind, Type type, ValueId a, ValueId b) {
  Value result;
  result.kind = kind;
  result.type = type;
  result.a = a;
  result.b = b;
  return value(std::move(result));
}

namespace {

template <typename Node>
void make_float(Node& node) {
  node.number = nearest_double(node.exact, node.type.scale);
  node.exact = 0;
  node.type.exact = false;
  node.type.scale = 0;
  node.type.bits = 0;
  if (node.type.kind == ValueKind::kInteger || node.type.kind == ValueKind::kDecimal)
    node.type.kind = ValueKind::kNumber;
}

}  // namespace

RowId Builder::as_float(RowId constant) {
  Row row = model_.row(constant);
  make_float(row);
  return this->row(std::move(row));
}

ValueId Builder::as_float(ValueId constant) {
  Value value = model_.value(constant);
  make_float(value);
  return this->value(std::move(value));
}

}  // namespace alidade
