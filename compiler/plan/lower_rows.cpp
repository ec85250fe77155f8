// Row expressions of one stream to ops. See lower_rows.h.
#include "compiler/plan/lower_rows.h"

#include <algorithm>

namespace alidade {
namespace {

bool is_code(const Type& type) {
  const Representation held = representation(type);
  return held == Representation::kText || held == Representation::kOneOf;
}

bool is_exact(const Type& type) { return representation(type) == Representation::kExact; }

bool is_text_test(const Model& model, const Row& row) {
  if (!row.a.valid() || representation(model.row(row.a).type) != Representation::kText) return false;
  return row.kind == RowKind::kEqual || row.kind == RowKind::kNotEqual || row.kind == RowKind::kIn;
}

/// The constants a text test tests against, and the row tested; empty where two expressions are compared.
std::pair<RowId, std::vector<RowId>> tested_constants(const Model& model, const Row& row) {
  if (row.kind == RowKind::kIn) return {row.a, row.items};
  if (model.row(row.b).kind == RowKind::kConst) return {row.a, {row.b}};
  if (model.row(row.a).kind == RowKind::kConst) return {row.b, {row.a}};
  return {row.a, {}};
}

}  // namespace

void collect_classes(const Model& model, RowId id, std::set<RowId>& seen, TextClasses& classes) {
  if (!id.valid() || !seen.insert(id).second) return;
  const Row& row = model.row(id);
  if (row.kind == RowKind::kIsNull && representation(model.row(row.a).type) == Representation::kText) {
    classes[row.a];
    return;
  }
  if (is_text_test(model, row)) {
    const auto [tested, constants] = tested_constants(model, row);
    if (constants.empty()) return;
    for (const RowId constant : constants) classes[tested].push_back(model.row(constant).text);
    return;
  }
  for (const RowId part : {row.a, row.b, row.c}) collect_classes(model, part, seen, classes);
}

void settle_classes(TextClasses& classes) {
  for (auto& [row, texts] : classes) {
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  }
}

int plan_rate(std::vector<Rate>& rates, const Rate& rate) {
  const auto found = std::find(rates.begin(), rates.end(), rate);
  if (found != rates.end()) return static_cast<int>(found - rates.begin());
  rates.push_back(rate);
  return static_cast<int>(rates.size()) - 1;
}

RowLowering::RowLowering(const Model& model, const TextClasses& classes, std::vector<Rate>& rates, Pipeline& pipeline)
    : model_(model), classes_(classes), rates_(rates), pipeline_(pipeline), ops_(pipeline.ops) {}

int RowLowering::column(RowId id, ColumnForm form) {
  const Row& row = model_.row(id);
  ColumnUse use;
  use.form = form;
  if (row.kind == RowKind::kField) {
    use.field = row.field;
    use.nullable = row.type.optional;
  } else if (row.kind == RowKind::kRate) {
    const Rate& rate = model_.rates[static_cast<size_t>(row.rate)];
    use.kind = row.field < 0 ? ColumnKind::kRate : ColumnKind::kAttribute;
    if (row.field < 0) {
      use.rate = plan_rate(rates_, rate);
    } else {
      use.table = rate.table;
      use.field = rate.field;
      use.entity_field = row.field;
    }
    use.nullable = true;
  } else {
    ALIDADE_CHECK(row.kind == RowKind::kAttribute || row.kind == RowKind::kMember);
    use.kind = row.kind == RowKind::kMember ? ColumnKind::kMember : ColumnKind::kAttribute;
    use.table = row.table;
    use.entity_field = row.field;
    if (row.kind == RowKind::kAttribute) {
      use.field = row.attribute;
      use.nullable = true;
    }
  }
  if (form == ColumnForm::kClass) use.classes = classes_.at(id);
  return add_column(std::move(use));
}

int RowLowering::add_column(ColumnUse use) {
  auto& columns = pipeline_.columns;
  const auto found = std::find(columns.begin(), columns.end(), use);
  if (found != columns.end()) return static_cast<int>(found - columns.begin());
  columns.push_back(std::move(use));
  return static_cast<int>(columns.size()) - 1;
}

int RowLowering::column_op(RowId id, ColumnForm form) {
  const Row& row = model_.row(id);
  const OpType type = row.kind == RowKind::kMember ? OpType::kBool : op_type(field_kind(row.type.kind));
  const int at = column(id, form);
  return ops_.column(at, type, pipeline_.columns[static_cast<size_t>(at)].nullable);
}

int RowLowering::field_op(const ColumnUse& use) {
  const ModelSource& stream = model_.streams[static_cast<size_t>(pipeline_.stream)];
  const OpType type = op_type(field_kind(stream.fields[static_cast<size_t>(use.field)].type.kind));
  return ops_.column(add_column(use), type, use.nullable);
}

int RowLowering::field_op(int field) {
  ColumnUse use;
  use.field = field;
  use.nullable = model_.streams[static_cast<size_t>(pipeline_.stream)].fields[static_cast<size_t>(field)].type.optional;
  return field_op(use);
}

int RowLowering::value(RowId id) {
  const auto known = values_.find(id.index);
  if (known != values_.end()) return known->second;
  const int op = compute_value(model_.row(id), id);
  values_.emplace(id.index, op);
  return op;
}

int RowLowering::condition(RowId id) {
  const int op = value(id);
  return ops_.at(op).nullable ? ops_.compare(OpKind::kEqual, op, ops_.truth(true)) : op;
}

int RowLowering::compute_value(const Row& row, RowId id) {
  switch (row.kind) {
    case RowKind::kConst:
      return constant(row);
    case RowKind::kField:
    case RowKind::kAttribute:
    case RowKind::kMember:
    case RowKind::kRate:
      return column_op(id, ColumnForm::kValue);
    case RowKind::kNegate:
      return ops_.negate(value(row.a));
    case RowKind::kAdd:
      return arithmetic(row, OpKind::kAdd);
    case RowKind::kSubtract:
      return arithmetic(row, OpKind::kSubtract);
    case RowKind::kMultiply:
      return arithmetic(row, OpKind::kMultiply);
    case RowKind::kDivide:
      return divide(row);
    case RowKind::kEqual:
      return compare(row, OpKind::kEqual);
    case RowKind::kNotEqual:
      return compare(row, OpKind::kNotEqual);
    case RowKind::kLess:
      return compare(row, OpKind::kLess);
    case RowKind::kLessEqual:
      return compare(row, OpKind::kLessEqual);
    case RowKind::kGreater:
      return compare(row, OpKind::kGreater);
    case RowKind::kGreaterEqual:
      return compare(row, OpKind::kGreaterEqual);
    case RowKind::kAnd:
      return ops_.both(condition(row.a), condition(row.b));
    case RowKind::kOr:
      return ops_.either(condition(row.a), condition(row.b));
    case RowKind::kNot:
      return ops_.opposite(condition(row.a));
    case RowKind::kIn:
      return in(row);
    case RowKind::kIsNull:
      return ops_.opposite(is_there(row.a));
    case RowKind::kIf:
      return choose(row);
    case RowKind::kGreatest:
      return extreme(row, OpKind::kGreatest);
    case RowKind::kLeast:
      return extreme(row, OpKind::kLeast);
    case RowKind::kRound:
      return round(row);
    case RowKind::kCoalesce:
      return coalesce(row);
    case RowKind::kIsFirst:
    case RowKind::kIsLast:
      ALIDADE_CHECK(false);  // a derived pipeline reads those rows; see Lowering::source_of
  }
  return -1;
}

int RowLowering::constant(const Row& row) {
  switch (representation(row.type)) {
    case Representation::kExact:
      return ops_.exact(row.exact);
    case Representation::kFloat:
      return ops_.number(row.number == 0 ? 0.0 : row.number);
    case Representation::kBoolean:
      return ops_.truth(row.truth);
    case Representation::kText:
    case Representation::kOneOf:
      break;
  }
  // A code is known only when text is bound: sema lets text constants stand in tests alone.
  ALIDADE_CHECK(!is_code(row.type));
  return -1;
}

int RowLowering::exact_at(RowId id, int scale) {
  const int from = model_.row(id).type.scale;
  ALIDADE_CHECK(from <= scale);
  return ops_.scale_up(value(id), scale - from);
}

int RowLowering::as_float(RowId id) { return ops_.to_float(value(id), model_.row(id).type.scale); }

int RowLowering::arithmetic(const Row& row, OpKind kind) {
  if (!is_exact(row.type)) return ops_.arithmetic(kind, as_float(row.a), as_float(row.b));
  if (kind == OpKind::kMultiply) return ops_.arithmetic(kind, value(row.a), value(row.b));
  return ops_.arithmetic(kind, exact_at(row.a, row.type.scale), exact_at(row.b, row.type.scale));
}

int RowLowering::divide(const Row& row) {
  const Type& a = model_.row(row.a).type;
  const Type& b = model_.row(row.b).type;
  if (!is_exact(a) || !is_exact(b)) return ops_.divide(as_float(row.a), as_float(row.b));
  const int scale = std::max(a.scale, b.scale);
  return ops_.quotient(exact_at(row.a, scale), exact_at(row.b, scale));
}

/// Asking whether text is there needs no codes of the text, so the form of classes will do, with no class if need be.
int RowLowering::is_there(RowId id) {
  const bool text = representation(model_.row(id).type) == Representation::kText;
  return ops_.valid(text ? column_op(id, ColumnForm::kClass) : value(id));
}

int RowLowering::choose(const Row& row) {
  const int test = condition(row.a);
  switch (representation(row.type)) {
    case Representation::kExact:
      return ops_.select(test, exact_at(row.b, row.type.scale), exact_at(row.c, row.type.scale));
    case Representation::kFloat:
      return ops_.select(test, as_float(row.b), as_float(row.c));
    case Representation::kBoolean:
    case Representation::kText:
    case Representation::kOneOf:
      break;
  }
  return ops_.select(test, value(row.b), value(row.c));
}

int RowLowering::extreme(const Row& row, OpKind kind) {
  if (!is_exact(row.type)) return ops_.extreme(kind, as_float(row.a), as_float(row.b));
  return ops_.extreme(kind, exact_at(row.a, row.type.scale), exact_at(row.b, row.type.scale));
}

int RowLowering::round(const Row& row) {
  const Type& type = model_.row(row.a).type;
  return is_exact(type) ? ops_.round_exact(value(row.a), type.scale - row.digits)
                        : ops_.round_float(value(row.a), row.digits);
}

int RowLowering::coalesce(const Row& row) {
  switch (representation(row.type)) {
    case Representation::kExact:
      return ops_.coalesce(exact_at(row.a, row.type.scale), exact_at(row.b, row.type.scale));
    case Representation::kFloat:
      return ops_.coalesce(as_float(row.a), as_float(row.b));
    case Representation::kBoolean:
    case Representation::kText:
    case Representation::kOneOf:
      break;
  }
  return ops_.coalesce(value(row.a), value(row.b));
}

int RowLowering::compare(const Row& row, OpKind kind) {
  const Type& a = model_.row(row.a).type;
  const Type& b = model_.row(row.b).type;
  if (is_code(a)) {
    const auto [tested, constants] = tested_constants(model_, row);
    if (constants.empty()) return ops_.compare(kind, value(row.a), value(row.b));
    if (model_.row(tested).kind == RowKind::kConst) return constants_equal(row, kind);
    const int test = code_test(row, tested, constants);
    if (kind == OpKind::kEqual) return test;
    ALIDADE_CHECK(kind == OpKind::kNotEqual);
    // `plan != "free"` is false where plan is missing, so it is not just the opposite of the test.
    const ColumnForm form = representation(a) == Representation::kText ? ColumnForm::kClass : ColumnForm::kValue;
    return ops_.both(ops_.valid(column_op(tested, form)), ops_.opposite(test));
  }
  if (representation(a) == Representation::kBoolean) return ops_.compare(kind, value(row.a), value(row.b));
  if (!is_exact(a) || !is_exact(b)) return ops_.compare(kind, as_float(row.a), as_float(row.b));
  const int scale = std::max(a.scale, b.scale);
  return ops_.compare(kind, exact_at(row.a, scale), exact_at(row.b, scale));
}

int RowLowering::constants_equal(const Row& row, OpKind kind) {
  const Row& a = model_.row(row.a);
  const Row& b = model_.row(row.b);
  const bool equal = a.text == b.text && a.one_of == b.one_of;
  return ops_.truth(equal == (kind == OpKind::kEqual));
}

int RowLowering::code_test(const Row& row, RowId tested, const std::vector<RowId>& constants) {
  std::vector<uint32_t> codes;
  if (representation(model_.row(row.a).type) == Representation::kOneOf) {
    for (const RowId constant : constants) codes.push_back(model_.row(constant).one_of);
    return ops_.code_in(value(tested), std::move(codes));
  }
  const std::vector<std::string>& classes = classes_.at(tested);
  for (const RowId constant : constants) {
    const auto place = std::lower_bound(classes.begin(), classes.end(), model_.row(constant).text);
    codes.push_back(static_cast<uint32_t>(place - classes.begin()));
  }
  return ops_.code_in(column_op(tested, ColumnForm::kClass), std::move(codes));
}

int RowLowering::in(const Row& row) {
  if (is_code(model_.row(row.a).type)) return code_test(row, row.a, row.items);
  int any = ops_.truth(false);
  for (const RowId item : row.items) {
    Row equal;
    equal.kind = RowKind::kEqual;
    equal.a = row.a;
    equal.b = item;
    any = ops_.either(any, compare(equal, OpKind::kEqual));
  }
  return any;
}

}  // namespace alidade
