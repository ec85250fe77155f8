// Row expressions written once. See ops.h.
#include "compiler/plan/ops.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace alidade {
namespace {

auto content(const Op& op) {
  return std::make_tuple(op.kind, op.type, op.column, op.a, op.b, op.c, op.amount, op.bits, op.nullable, op.exact,
                         std::bit_cast<uint64_t>(op.number), op.truth);
}

/// Bits of a two's complement integer that holds `value`.
uint8_t width(int128 value) {
  uint128 magnitude = value < 0 ? ~static_cast<uint128>(value) : static_cast<uint128>(value);
  uint8_t bits = 1;
  while (magnitude != 0) {
    magnitude >>= 1;
    ++bits;
  }
  return bits;
}

uint8_t at_most_128(int bits) { return static_cast<uint8_t>(std::min(bits, 128)); }

Op make(OpKind kind, OpType type, int a = -1, int b = -1, int c = -1) {
  Op op;
  op.kind = kind;
  op.type = type;
  op.a = a;
  op.b = b;
  op.c = c;
  return op;
}

}  // namespace

bool OpLess::operator()(const Op& a, const Op& b) const {
  const auto left = content(a);
  const auto right = content(b);
  if (left != right) return left < right;
  return a.codes < b.codes;
}

OpTable::OpTable(std::vector<Op>& ops) : ops_(ops) {
  for (size_t i = 0; i < ops.size(); ++i) index_.emplace(ops[i], static_cast<int>(i));
}

int OpTable::add(Op op) {
  const auto [place, fresh] = index_.emplace(op, static_cast<int>(ops_.size()));
  if (fresh) ops_.push_back(std::move(op));
  return place->second;
}

int OpTable::column(int column, OpType type, bool nullable) {
  Op op = make(OpKind::kColumn, type);
  op.column = column;
  op.nullable = nullable;
  return add(op);
}

int OpTable::exact(int128 value) {
  Op op = make(OpKind::kConst, OpType::kExact);
  op.exact = value;
  op.bits = width(value);
  return add(op);
}

int OpTable::number(double value) {
  Op op = make(OpKind::kConst, OpType::kFloat);
  op.number = value;
  return add(op);
}

int OpTable::truth(bool value) {
  Op op = make(OpKind::kConst, OpType::kBool);
  op.truth = value;
  return add(op);
}

int OpTable::negate(int a) {
  if (at(a).kind == OpKind::kConst) {
    return at(a).type == OpType::kExact ? exact(-at(a).exact) : number(at(a).number == 0 ? 0.0 : -at(a).number);
  }
  Op op = make(OpKind::kNegate, at(a).type, a);
  op.nullable = at(a).nullable;
  op.bits = op.type == OpType::kExact ? at_most_128(at(a).bits + 1) : 64;
  return add(op);
}

int OpTable::arithmetic(OpKind kind, int a, int b) {
  ALIDADE_CHECK(at(a).type == at(b).type);
  Op op = make(kind, at(a).type, a, b);
  if (op.type == OpType::kFloat) {
    op.nullable = true;
    return add(op);
  }
  op.nullable = at(a).nullable || at(b).nullable;
  const int widest = std::max(at(a).bits, at(b).bits);
  op.bits = at_most_128(kind == OpKind::kMultiply ? at(a).bits + at(b).bits : widest + 1);
  return add(op);
}

int OpTable::scale_up(int a, int digits) {
  if (digits == 0) return a;
  // 10^3 < 2^10, so ten bits for three digits are enough and the bound is exact integer arithmetic.
  const int bits = at(a).bits + (digits * 10 + 2) / 3;
  if (at(a).kind == OpKind::kConst && bits <= 128) {
    int128 value = at(a).exact;
    for (int i = 0; i < digits; ++i) value *= 10;
    return exact(value);
  }
  Op op = make(OpKind::kScaleUp, OpType::kExact, a);
  op.amount = digits;
  op.nullable = at(a).nullable;
  op.bits = at_most_128(bits);
  return add(op);
}

int OpTable::to_float(int a, int scale) {
  if (at(a).type == OpType::kFloat) return a;
  Op op = make(OpKind::kToFloat, OpType::kFloat, a);
  op.amount = scale;
  op.nullable = at(a).nullable;
  return add(op);
}

int OpTable::divide(int a, int b) {
  Op op = make(OpKind::kDivide, OpType::kFloat, a, b);
  op.nullable = true;
  return add(op);
}

int OpTable::quotient(int a, int b) {
  Op op = make(OpKind::kQuotient, OpType::kFloat, a, b);
  op.nullable = true;
  return add(op);
}

int OpTable::compare(OpKind kind, int a, int b) {
  ALIDADE_CHECK(at(a).type == at(b).type);
  return add(make(kind, OpType::kBool, a, b));
}

int OpTable::code_in(int a, std::vector<uint32_t> codes) {
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  if (codes.empty()) return truth(false);
  Op op = make(OpKind::kCodeIn, OpType::kBool, a);
  op.codes = std::move(codes);
  return add(op);
}

int OpTable::both(int a, int b) {
  if (a == b) return a;
  if (at(a).kind == OpKind::kConst) return at(a).truth ? b : a;
  if (at(b).kind == OpKind::kConst) return at(b).truth ? a : b;
  return add(make(OpKind::kAnd, OpType::kBool, a, b));
}

int OpTable::either(int a, int b) {
  if (a == b) return a;
  if (at(a).kind == OpKind::kConst) return at(a).truth ? a : b;
  if (at(b).kind == OpKind::kConst) return at(b).truth ? b : a;
  if (at(a).kind == OpKind::kCodeIn && at(b).kind == OpKind::kCodeIn && at(a).a == at(b).a) {
    std::vector<uint32_t> codes = at(a).codes;
    codes.insert(codes.end(), at(b).codes.begin(), at(b).codes.end());
    return code_in(at(a).a, std::move(codes));
  }
  return add(make(OpKind::kOr, OpType::kBool, a, b));
}

int OpTable::opposite(int a) {
  if (at(a).kind == OpKind::kConst) return truth(!at(a).truth);
  if (at(a).kind == OpKind::kNot) return at(a).a;
  return add(make(OpKind::kNot, OpType::kBool, a));
}

int OpTable::valid(int a) {
  if (!at(a).nullable) return truth(true);
  return add(make(OpKind::kIsValid, OpType::kBool, a));
}

int OpTable::select(int condition, int yes, int no) {
  if (yes == no) return yes;
  if (at(condition).kind == OpKind::kConst) return at(condition).truth ? yes : no;
  ALIDADE_CHECK(at(yes).type == at(no).type);
  Op op = make(OpKind::kSelect, at(yes).type, condition, yes, no);
  op.nullable = at(yes).nullable || at(no).nullable;
  if (op.type == OpType::kExact) op.bits = std::max(at(yes).bits, at(no).bits);
  return add(op);
}

int OpTable::extreme(OpKind kind, int a, int b) {
  if (a == b) return a;
  ALIDADE_CHECK(at(a).type == at(b).type);
  Op op = make(kind, at(a).type, a, b);
  op.nullable = at(a).nullable || at(b).nullable;
  if (op.type == OpType::kExact) op.bits = std::max(at(a).bits, at(b).bits);
  return add(op);
}

int OpTable::round_exact(int a, int digits) {
  ALIDADE_CHECK(digits > 0);
  Op op = make(OpKind::kRoundExact, OpType::kExact, a);
  op.amount = digits;
  op.nullable = at(a).nullable;
  // 10 > 2^3, so three bits go with every digit; one is left for rounding up.
  op.bits = static_cast<uint8_t>(std::max(2, at(a).bits - 3 * digits + 1));
  return add(op);
}

int OpTable::round_float(int a, int digits) {
  Op op = make(OpKind::kRoundFloat, OpType::kFloat, a);
  op.amount = digits;
  op.nullable = at(a).nullable;
  return add(op);
}

int OpTable::coalesce(int a, int b) {
  if (!at(a).nullable || a == b) return a;
  ALIDADE_CHECK(at(a).type == at(b).type);
  Op op = make(OpKind::kCoalesce, at(a).type, a, b);
  op.nullable = at(b).nullable;
  if (op.type == OpType::kExact) op.bits = std::max(at(a).bits, at(b).bits);
  return add(op);
}

std::vector<int> ops_below(const std::vector<Op>& ops, int op) {
  std::vector<int> found;
  std::vector<bool> seen(ops.size());
  const auto add = [&](int part) {
    if (part < 0 || seen[static_cast<size_t>(part)]) return;
    seen[static_cast<size_t>(part)] = true;
    found.push_back(part);
  };
  add(op);
  for (size_t i = 0; i < found.size(); ++i) {
    const Op& next = ops[static_cast<size_t>(found[i])];
    for (const int operand : {next.a, next.b, next.c}) add(operand);
  }
  return found;
}

std::vector<int> conjuncts(const std::vector<Op>& ops, int guard) {
  std::vector<int> found;
  std::vector<int> open;
  if (guard >= 0) open.push_back(guard);
  while (!open.empty()) {
    const int op = open.back();
    open.pop_back();
    const Op& condition = ops[static_cast<size_t>(op)];
    if (condition.kind != OpKind::kAnd) {
      found.push_back(op);
      continue;
    }
    open.push_back(condition.b);
    open.push_back(condition.a);
  }
  return found;
}

int conjunction(OpTable& table, const std::vector<int>& conditions) {
  int guard = -1;
  for (const int condition : conditions) guard = guard < 0 ? condition : table.both(guard, condition);
  return guard;
}

OpType op_type(FieldKind kind) {
  switch (kind) {
    case FieldKind::kInteger:
    case FieldKind::kDecimal:
    case FieldKind::kDuration:
    case FieldKind::kTimestamp:
      return OpType::kExact;
    case FieldKind::kNumber:
      return OpType::kFloat;
    case FieldKind::kText:
    case FieldKind::kOneOf:
      return OpType::kCode;
    case FieldKind::kBoolean:
      return OpType::kBool;
  }
  return OpType::kExact;
}

const FieldSchema& column_field(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column) {
  if (column.kind == ColumnKind::kRate) {
    const Rate& rate = plan.rates[static_cast<size_t>(column.rate)];
    return plan.tables[static_cast<size_t>(rate.table)].fields[static_cast<size_t>(rate.field)];
  }
  const auto& sources = column.kind == ColumnKind::kAttribute ? plan.tables : plan.streams;
  const int source = column.kind == ColumnKind::kAttribute ? column.table : pipeline.stream;
  return sources[static_cast<size_t>(source)].fields[static_cast<size_t>(column.field)];
}

FieldKind column_kind(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column) {
  if (column.kind == ColumnKind::kMember) return FieldKind::kBoolean;
  return column_field(plan, pipeline, column).kind;
}

OpType column_type(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column) {
  return op_type(column_kind(plan, pipeline, column));
}

uint32_t code_count(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column) {
  if (column.form == ColumnForm::kClass) return static_cast<uint32_t>(column.classes.size()) + 1;
  if (column.kind == ColumnKind::kMember) return 0;
  return static_cast<uint32_t>(column_field(plan, pipeline, column).values.size());
}

bool keeps_row(al_accumulator_kind kind) { return kind == AL_FIRST_ROW || kind == AL_LAST_ROW; }

bool has_moment(al_accumulator_kind kind) {
  return keeps_row(kind) || kind == AL_FIRST_EXACT || kind == AL_LAST_EXACT || kind == AL_FIRST_FLOAT ||
         kind == AL_LAST_FLOAT;
}

std::vector<ColumnUse> carried_columns(const Plan& plan, const Pipeline& derived) {
  const auto& fields = plan.streams[static_cast<size_t>(derived.stream)].fields;
  std::vector<ColumnUse> needed;
  const auto add = [&](ColumnUse use) {
    if (std::find(needed.begin(), needed.end(), use) == needed.end()) needed.push_back(std::move(use));
  };
  const auto add_value = [&](int field) {
    ColumnUse use;
    use.field = field;
    use.nullable = fields[static_cast<size_t>(field)].optional;
    add(std::move(use));
  };
  for (const ColumnUse& column : derived.columns) {
    if (column.kind == ColumnKind::kRate) continue;
    if (column.kind != ColumnKind::kField) {
      add_value(column.entity_field);
      continue;
    }
    add(column);
    if (column.form == ColumnForm::kClass) add_value(column.field);
  }
  std::sort(needed.begin(), needed.end(), [](const ColumnUse& a, const ColumnUse& b) {
    return std::tie(a.field, a.form, a.classes) < std::tie(b.field, b.form, b.classes);
  });
  return needed;
}

}  // namespace alidade
