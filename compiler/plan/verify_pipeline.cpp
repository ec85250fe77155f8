// One pipeline's promises: columns, row expressions, cells, machines, dispatch. See verify.h.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/plan/ops.h"
#include "compiler/plan/verify.h"

namespace alidade {
namespace {

template <typename T>
bool strictly_ascending(const std::vector<T>& items) {
  return std::adjacent_find(items.begin(), items.end(), [](const T& a, const T& b) { return !(a < b); }) == items.end();
}

class PipelineVerifier {
 public:
  PipelineVerifier(const Plan& plan, size_t index, std::vector<std::string>& messages)
      : plan_(plan), pipeline_(plan.pipelines[index]), index_(index), messages_(messages) {}

  void run() {
    if (!in_range(pipeline_.stream, plan_.streams)) return complain("its stream does not exist");
    const size_t before = messages_.size();
    for (size_t i = 0; i < pipeline_.columns.size(); ++i) check_column(i);
    if (messages_.size() != before) return;
    for (size_t i = 0; i < pipeline_.ops.size(); ++i) {
      check_op(i);
      if (messages_.size() != before) return;
    }
    for (size_t i = 0; i < pipeline_.key_spaces.size(); ++i) check_use(i);
    for (size_t i = 0; i < pipeline_.accumulators.size(); ++i) check_accumulator(i);
    for (size_t i = 0; i < pipeline_.machines.size(); ++i) check_machine(i);
    if (messages_.size() == before) check_dispatch();
    if (messages_.size() == before) check_source();
  }

 private:
  template <typename... Args>
  void complain(fmt::format_string<Args...> format, Args&&... args) {
    messages_.push_back(fmt::format("pipeline p{}: ", index_) + fmt::format(format, std::forward<Args>(args)...));
  }

  const Op& op(int index) const { return pipeline_.ops[static_cast<size_t>(index)]; }
  bool is_condition(int index) const {
    return in_range(index, pipeline_.ops) && op(index).type == OpType::kBool && !op(index).nullable;
  }

  void check_column(size_t index);
  bool column_in_range(const ColumnUse& column) const;
  void check_op(size_t index);
  bool operands_before(const Op& op, size_t index) const;
  const char* wrong_operands(const Op& op) const;
  const char* wrong_result(const Op& op) const;
  const char* wrong_code_test(const Op& op) const;
  void check_use(size_t index);
  void check_source();
  void check_input(const std::string& place, al_accumulator_kind kind, int input);
  void check_moment(const std::string& place, al_accumulator_kind kind, const Moment& moment);
  void check_carried(const std::string& place, const Machine::Fold& fold);
  void check_accumulator(size_t index);
  void check_machine(size_t index);
  void check_dispatch();
  void check_case_codes();
  void check_updates();
  void check_split(size_t accumulator, const std::vector<std::pair<uint32_t, int>>& updates);

  const Plan& plan_;
  const Pipeline& pipeline_;
  size_t index_;
  std::vector<std::string>& messages_;
  std::set<Op, OpLess> written_;
};

// ------------------------------------------------------------------------------------------------ columns, ops
bool PipelineVerifier::column_in_range(const ColumnUse& column) const {
  const auto& fields = plan_.streams[static_cast<size_t>(pipeline_.stream)].fields;
  if (column.kind == ColumnKind::kField) return in_range(column.field, fields);
  if (column.kind == ColumnKind::kRate) return in_range(column.rate, plan_.rates);
  if (!in_range(column.table, plan_.tables) || !in_range(column.entity_field, fields)) return false;
  return column.kind == ColumnKind::kMember ||
         in_range(column.field, plan_.tables[static_cast<size_t>(column.table)].fields);
}

void PipelineVerifier::check_column(size_t index) {
  const ColumnUse& column = pipeline_.columns[index];
  if (!column_in_range(column)) return complain("column c{} names no field", index);
  const auto first = std::find(pipeline_.columns.begin(), pipeline_.columns.end(), column);
  if (first != pipeline_.columns.begin() + static_cast<std::ptrdiff_t>(index)) {
    complain("column c{} is there twice", index);
  }
  const bool may_miss = column.kind == ColumnKind::kAttribute || column.kind == ColumnKind::kRate ||
                        (column.kind == ColumnKind::kField && column_field(plan_, pipeline_, column).optional);
  if (column.nullable != may_miss) complain("column c{} disagrees with its field on being optional", index);
  if (column.form == ColumnForm::kValue) {
    if (!column.classes.empty()) complain("column c{} has classes in value form", index);
    return;
  }
  if (column_kind(plan_, pipeline_, column) != FieldKind::kText) complain("column c{} has classes of no text", index);
  if (!strictly_ascending(column.classes)) complain("classes of column c{} are not ascending", index);
}

bool PipelineVerifier::operands_before(const Op& op, size_t index) const {
  int wanted = 0;
  switch (op.kind) {
    case OpKind::kColumn:
    case OpKind::kConst:
      break;
    case OpKind::kNegate:
    case OpKind::kScaleUp:
    case OpKind::kToFloat:
    case OpKind::kCodeIn:
    case OpKind::kNot:
    case OpKind::kIsValid:
    case OpKind::kRoundExact:
    case OpKind::kRoundFloat:
      wanted = 1;
      break;
    case OpKind::kAdd:
    case OpKind::kSubtract:
    case OpKind::kMultiply:
    case OpKind::kDivide:
    case OpKind::kQuotient:
    case OpKind::kEqual:
    case OpKind::kNotEqual:
    case OpKind::kLess:
    case OpKind::kLessEqual:
    case OpKind::kGreater:
    case OpKind::kGreaterEqual:
    case OpKind::kAnd:
    case OpKind::kOr:
    case OpKind::kGreatest:
    case OpKind::kLeast:
    case OpKind::kCoalesce:
      wanted = 2;
      break;
    case OpKind::kSelect:
      wanted = 3;
      break;
  }
  int place = 0;
  for (const int operand : {op.a, op.b, op.c}) {
    const bool there = operand >= 0 && static_cast<size_t>(operand) < index;
    if (place++ < wanted ? !there : operand != -1) return false;
  }
  return true;
}

const char* PipelineVerifier::wrong_code_test(const Op& test) const {
  const Op& tested = op(test.a);
  if (tested.kind != OpKind::kColumn || tested.type != OpType::kCode) return "tests codes of no code column";
  if (test.codes.empty() || !strictly_ascending(test.codes)) return "has codes that are not ascending";
  const ColumnUse& column = pipeline_.columns[static_cast<size_t>(tested.column)];
  if (test.codes.back() >= code_count(plan_, pipeline_, column)) return "has a code that its column lacks";
  return nullptr;
}

/// What is wrong with the types of the operands, or nullptr.
const char* PipelineVerifier::wrong_operands(const Op& node) const {
  const auto is = [&](int operand, OpType type) { return op(operand).type == type; };
  const auto both = [&](OpType type) { return is(node.a, type) && is(node.b, type); };
  switch (node.kind) {
    case OpKind::kColumn:
      if (!in_range(node.column, pipeline_.columns)) return "names no column";
      return nullptr;
    case OpKind::kConst:
      return node.type == OpType::kCode ? "is a constant code" : nullptr;
    case OpKind::kNegate:
      return is(node.a, OpType::kExact) || is(node.a, OpType::kFloat) ? nullptr : "negates no number";
    case OpKind::kAdd:
    case OpKind::kSubtract:
    case OpKind::kMultiply:
    case OpKind::kLess:
    case OpKind::kLessEqual:
    case OpKind::kGreater:
    case OpKind::kGreaterEqual:
    case OpKind::kGreatest:
    case OpKind::kLeast:
      return both(OpType::kExact) || both(OpType::kFloat) ? nullptr : "has operands that are not numbers of one kind";
    case OpKind::kScaleUp:
      return is(node.a, OpType::kExact) && node.amount > 0 && node.amount <= 38 ? nullptr : "scales no exact value";
    case OpKind::kToFloat:
      return is(node.a, OpType::kExact) && node.amount >= 0 ? nullptr : "turns no exact value";
    case OpKind::kRoundExact:
      return is(node.a, OpType::kExact) && node.amount > 0 && node.amount <= 37 ? nullptr : "rounds no exact value";
    case OpKind::kRoundFloat:
      return is(node.a, OpType::kFloat) && node.amount >= 0 && node.amount <= 18 ? nullptr : "rounds no float";
    case OpKind::kCoalesce:
      if (!op(node.a).nullable) return "replaces what is always there";
      return op(node.a).type == op(node.b).type ? nullptr : "chooses between different kinds";
    case OpKind::kDivide:
      return both(OpType::kFloat) ? nullptr : "divides what is not float";
    case OpKind::kQuotient:
      return both(OpType::kExact) ? nullptr : "divides what is not exact";
    case OpKind::kEqual:
    case OpKind::kNotEqual:
      return op(node.a).type == op(node.b).type ? nullptr : "compares different kinds";
    case OpKind::kCodeIn:
      return wrong_code_test(node);
    case OpKind::kAnd:
    case OpKind::kOr:
      return is_condition(node.a) && is_condition(node.b) ? nullptr : "has an operand that is no condition";
    case OpKind::kNot:
      return is_condition(node.a) ? nullptr : "has an operand that is no condition";
    case OpKind::kIsValid:
      return nullptr;
    case OpKind::kSelect:
      if (!is_condition(node.a)) return "has an operand that is no condition";
      return op(node.b).type == op(node.c).type ? nullptr : "chooses between different kinds";
  }
  return nullptr;
}

/// What is wrong with the op's own type and validity, or nullptr.
const char* PipelineVerifier::wrong_result(const Op& node) const {
  OpType type = OpType::kBool;
  bool nullable = false;
  for (const int operand : {node.a, node.b, node.c}) nullable = nullable || (operand >= 0 && op(operand).nullable);
  switch (node.kind) {
    case OpKind::kColumn:
      type = column_type(plan_, pipeline_, pipeline_.columns[static_cast<size_t>(node.column)]);
      nullable = pipeline_.columns[static_cast<size_t>(node.column)].nullable;
      break;
    case OpKind::kConst:
      type = node.type;
      break;
    case OpKind::kScaleUp:
      type = OpType::kExact;
      break;
    case OpKind::kToFloat:
      type = OpType::kFloat;
      break;
    case OpKind::kNegate:
    case OpKind::kGreatest:
    case OpKind::kLeast:
    case OpKind::kRoundExact:
    case OpKind::kRoundFloat:
      type = op(node.a).type;
      break;
    case OpKind::kCoalesce:
      type = op(node.a).type;
      nullable = op(node.b).nullable;
      break;
    case OpKind::kAdd:
    case OpKind::kSubtract:
    case OpKind::kMultiply:
      type = op(node.a).type;
      nullable = nullable || type == OpType::kFloat;
      break;
    case OpKind::kDivide:
    case OpKind::kQuotient:
      type = OpType::kFloat;
      nullable = true;
      break;
    case OpKind::kSelect:
      type = op(node.b).type;
      nullable = op(node.b).nullable || op(node.c).nullable;
      break;
    case OpKind::kEqual:
    case OpKind::kNotEqual:
    case OpKind::kLess:
    case OpKind::kLessEqual:
    case OpKind::kGreater:
    case OpKind::kGreaterEqual:
    case OpKind::kCodeIn:
    case OpKind::kAnd:
    case OpKind::kOr:
    case OpKind::kNot:
    case OpKind::kIsValid:
      nullable = false;
      break;
  }
  if (node.type != type) return "has another type than its operands give";
  if (node.nullable != nullable) return "has another validity than its operands give";
  return node.bits >= 1 && node.bits <= 128 ? nullptr : "has no width";
}

void PipelineVerifier::check_op(size_t index) {
  const Op& node = pipeline_.ops[index];
  if (!operands_before(node, index)) return complain("v{} has operands that do not stand before it", index);
  if (const char* wrong = wrong_operands(node)) return complain("v{} {}", index, wrong);
  if (const char* wrong = wrong_result(node)) return complain("v{} {}", index, wrong);
  if (!written_.insert(node).second) complain("v{} is written twice", index);
}

// ------------------------------------------------------------------------------------------------ cells, machines
void PipelineVerifier::check_use(size_t index) {
  const KeySpaceUse& use = pipeline_.key_spaces[index];
  if (!in_range(use.key_space, plan_.key_spaces)) return complain("u{} names no key space", index);
  const auto& dimensions = plan_.key_spaces[static_cast<size_t>(use.key_space)].dimensions;
  if (use.dimension_columns.size() != dimensions.size()) {
    return complain("u{} has not one column per dimension", index);
  }
  for (size_t i = 0; i < dimensions.size(); ++i) {
    if (!in_range(use.dimension_columns[i], pipeline_.columns)) {
      complain("u{} names no column", index);
      continue;
    }
    const ColumnUse& column = pipeline_.columns[static_cast<size_t>(use.dimension_columns[i])];
    if (column.form != ColumnForm::kValue || column_kind(plan_, pipeline_, column) != dimensions[i].kind) {
      complain("u{} has a column of another kind than its dimension", index);
    }
  }
}

void PipelineVerifier::check_input(const std::string& place, al_accumulator_kind kind, int input) {
  if (kind == AL_COUNT || keeps_row(kind)) {
    if (input != -1) complain("{} {} but has an input", place, kind == AL_COUNT ? "counts" : "keeps rows");
    return;
  }
  if (!in_range(input, pipeline_.ops)) return complain("{} has no input", place);
  if (kind == AL_VALUES_KEY) return;
  const OpType wanted = is_exact_kind(kind) ? OpType::kExact : OpType::kFloat;
  if (op(input).type != wanted) complain("{} folds values of another kind", place);
}

void PipelineVerifier::check_moment(const std::string& place, al_accumulator_kind kind, const Moment& moment) {
  if (!has_moment(kind)) {
    if (moment != Moment()) complain("{} has a moment that it does not ask for", place);
    return;
  }
  const auto is = [&](int index, OpType type) { return in_range(index, pipeline_.ops) && op(index).type == type; };
  if (!is(moment.time, OpType::kExact) || op(moment.time).nullable) complain("{} has no time", place);
  if (moment.order != -1 && !is(moment.order, OpType::kExact) && !is(moment.order, OpType::kFloat)) {
    complain("{} has an order that is no number", place);
  }
}

void PipelineVerifier::check_carried(const std::string& place, const Machine::Fold& fold) {
  if (!keeps_row(fold.kind) && !fold.carried.empty()) complain("{} carries columns of no row", place);
  if (!strictly_ascending(fold.carried)) complain("{} carries columns that are not ascending", place);
  for (const int carried : fold.carried) {
    const bool column = in_range(carried, pipeline_.ops) && op(carried).kind == OpKind::kColumn;
    if (!column || pipeline_.columns[static_cast<size_t>(op(carried).column)].kind != ColumnKind::kField) {
      complain("{} carries what is no field", place);
    }
  }
}

/// A derived pipeline reads a row that an earlier one of its stream keeps, with all of its columns.
void PipelineVerifier::check_source() {
  const RowSource& source = pipeline_.source;
  if (!source.derived()) return;
  const Pipeline& from = plan_.pipelines[static_cast<size_t>(source.pipeline)];
  if (from.stream != pipeline_.stream) return complain("its source is of another stream");
  if (!in_range(source.machine, from.machines)) return complain("its source is no machine");
  const Machine& machine = from.machines[static_cast<size_t>(source.machine)];
  if (!in_range(source.accumulator, machine.folds) ||
      !keeps_row(machine.folds[static_cast<size_t>(source.accumulator)].kind)) {
    return complain("its source keeps no rows");
  }
  const std::vector<int>& carried = machine.folds[static_cast<size_t>(source.accumulator)].carried;
  for (const ColumnUse& column : carried_columns(plan_, pipeline_)) {
    const auto carries = [&](int index) {
      return from.columns[static_cast<size_t>(from.ops[static_cast<size_t>(index)].column)] == column;
    };
    if (std::none_of(carried.begin(), carried.end(), carries)) {
      complain("its source lacks the field {}", column_field(plan_, pipeline_, column).name);
    }
  }
}

void PipelineVerifier::check_accumulator(size_t index) {
  const Accumulator& accumulator = pipeline_.accumulators[index];
  const std::string place = fmt::format("a{}", index);
  if (!in_range(accumulator.key_space_use, pipeline_.key_spaces)) complain("{} names no cells", place);
  if (accumulator.kind == AL_VALUES_KEY) complain("{} keeps keys outside a machine", place);
  if (keeps_row(accumulator.kind)) complain("{} keeps rows outside a machine", place);
  check_input(place, accumulator.kind, accumulator.input);
  check_moment(place, accumulator.kind, accumulator.moment);
  if (accumulator.guard != -1 && !is_condition(accumulator.guard))
    complain("{} has a guard that is no condition", place);
}

void PipelineVerifier::check_machine(size_t index) {
  const Machine& machine = pipeline_.machines[index];
  const bool without_cells = machine.key_space_use == -1;
  if (!without_cells && !in_range(machine.key_space_use, pipeline_.key_spaces)) complain("m{} names no cells", index);
  if (!in_range(machine.domain, plan_.domains)) return complain("m{} names no domain", index);
  if (!in_range(machine.key_column, pipeline_.columns)) return complain("m{} names no key column", index);
  const ColumnUse& key = pipeline_.columns[static_cast<size_t>(machine.key_column)];
  const FieldKind wanted = plan_.domains[static_cast<size_t>(machine.domain)].kind;
  if (key.form != ColumnForm::kValue || column_kind(plan_, pipeline_, key) != wanted) {
    complain("m{} has a key of another kind than its domain", index);
  }
  if (machine.bits.empty()) complain("m{} has no bits", index);
  for (const int bit : machine.bits) {
    if (bit != -1 && !is_condition(bit)) complain("m{} has a bit that is no condition", index);
  }
  for (size_t i = 0; i < machine.folds.size(); ++i) {
    const std::string place = fmt::format("m{} f{}", index, i);
    if (!in_range(machine.folds[i].bit, machine.bits)) complain("{} names no bit", place);
    check_input(place, machine.folds[i].kind, machine.folds[i].input);
    check_moment(place, machine.folds[i].kind, machine.folds[i].moment);
    check_carried(place, machine.folds[i]);
    if (keeps_row(machine.folds[i].kind) != without_cells) complain("{} keeps rows in cells, or cells without", place);
  }
}

// ------------------------------------------------------------------------------------------------ dispatch
void PipelineVerifier::check_dispatch() {
  const Dispatch& dispatch = pipeline_.dispatch;
  if (dispatch.column == -1) {
    if (!dispatch.cases.empty() || !dispatch.always.empty()) complain("updates are listed without a dispatch");
    return;
  }
  if (!in_range(dispatch.column, pipeline_.columns)) return complain("the dispatch names no column");
  const ColumnUse& column = pipeline_.columns[static_cast<size_t>(dispatch.column)];
  if (code_count(plan_, pipeline_, column) == 0) return complain("the dispatch is on a column without known codes");
  if (dispatch.cases.size() != dispatch.case_codes.size()) return complain("the dispatch has cases without codes");
  const size_t before = messages_.size();
  check_case_codes();
  if (messages_.size() == before) check_updates();
}

void PipelineVerifier::check_case_codes() {
  const Dispatch& dispatch = pipeline_.dispatch;
  const uint32_t count = code_count(plan_, pipeline_, pipeline_.columns[static_cast<size_t>(dispatch.column)]);
  std::set<uint32_t> seen;
  for (const auto& codes : dispatch.case_codes) {
    if (codes.empty() || !strictly_ascending(codes)) complain("codes of a case are not ascending");
    for (const uint32_t code : codes) {
      if (code >= count) complain("a case has a code that its column lacks");
      if (!seen.insert(code).second) complain("two cases have the same code");
    }
  }
}

void PipelineVerifier::check_updates() {
  const Dispatch& dispatch = pipeline_.dispatch;
  std::vector<int> always(pipeline_.accumulators.size(), 0);
  std::vector<std::vector<std::pair<uint32_t, int>>> by_code(pipeline_.accumulators.size());
  const auto sound = [&](const Dispatch::Update& update) {
    const bool right =
        in_range(update.accumulator, pipeline_.accumulators) && (update.guard == -1 || is_condition(update.guard));
    if (!right) complain("an update names no accumulator or no condition");
    return right;
  };
  for (const Dispatch::Update& update : dispatch.always) {
    if (!sound(update)) return;
    ++always[static_cast<size_t>(update.accumulator)];
    if (update.guard != pipeline_.accumulators[static_cast<size_t>(update.accumulator)].guard) {
      complain("a{} is always updated under another guard", update.accumulator);
    }
  }
  for (size_t i = 0; i < dispatch.cases.size(); ++i) {
    for (const Dispatch::Update& update : dispatch.cases[i]) {
      if (!sound(update)) return;
      for (const uint32_t code : dispatch.case_codes[i]) {
        by_code[static_cast<size_t>(update.accumulator)].emplace_back(code, update.guard);
      }
    }
  }
  for (size_t i = 0; i < pipeline_.accumulators.size(); ++i) {
    if (always[i] > 1 || (always[i] == 1 && !by_code[i].empty())) complain("a{} is updated twice", i);
    if (always[i] == 0) check_split(i, by_code[i]);
  }
}

/// The guard must hold for a row exactly where the row's code has a case for the accumulator and what is left holds.
void PipelineVerifier::check_split(size_t accumulator, const std::vector<std::pair<uint32_t, int>>& updates) {
  const int column = pipeline_.dispatch.column;
  const uint32_t count = code_count(plan_, pipeline_, pipeline_.columns[static_cast<size_t>(column)]);
  std::set<int> left;  // tests that the codes do not decide
  std::vector<bool> passes(count, true);
  bool decided = false;
  for (const int index : conjuncts(pipeline_.ops, pipeline_.accumulators[accumulator].guard)) {
    const bool negated = op(index).kind == OpKind::kNot;
    const Op& test = negated ? op(op(index).a) : op(index);
    const bool on_column = test.a >= 0 && op(test.a).kind == OpKind::kColumn && op(test.a).column == column;
    if (on_column && test.kind == OpKind::kCodeIn) {
      decided = decided || !negated;
      for (uint32_t code = 0; code < count; ++code) {
        const bool in = std::binary_search(test.codes.begin(), test.codes.end(), code);
        if (in == negated) passes[code] = false;
      }
    } else if (!(on_column && test.kind == OpKind::kIsValid && !negated)) {
      left.insert(index);
    }
  }
  if (!decided) return complain("a{} is dispatched though its guard does not ask for a code", accumulator);
  std::vector<int> hits(count, 0);
  for (const auto& [code, guard] : updates) {
    ++hits[code];
    const auto tests = conjuncts(pipeline_.ops, guard);
    if (std::set<int>(tests.begin(), tests.end()) != left) {
      return complain("a{} is updated in a case under another guard", accumulator);
    }
  }
  for (uint32_t code = 0; code < count; ++code) {
    if (hits[code] != (passes[code] ? 1 : 0)) return complain("a{} is not updated for exactly its codes", accumulator);
  }
}

}  // namespace

void verify_pipeline(const Plan& plan, size_t index, std::vector<std::string>& messages) {
  PipelineVerifier(plan, index, messages).run();
}

}  // namespace alidade
