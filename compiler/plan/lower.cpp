// Model and request to plan. One walk over the values from each output down, carrying the context that a leaf's cells
// must serve: dimensions, the finest grain asked for, the entity of an enclosing collapse. See lower.h.
#include "compiler/plan/lower.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "compiler/plan/canonical_order.h"
#include "compiler/plan/lower_rows.h"
#include "compiler/plan/split_condition.h"
#include "compiler/plan/translate.h"

namespace alidade {
namespace {

/// A dimension and, per stream, the row expression that holds it.
struct BoundDimension {
  Dimension shown;
  std::vector<RowId> rows;
  friend bool operator==(const BoundDimension&, const BoundDimension&) = default;
};

/// What encloses a value. `grain` is fine enough for every interval that a leaf here is asked for.
struct Context {
  Grain grain = Grain::kWhole;
  std::vector<BoundDimension> dimensions;
  PerKey entity;                 ///< of the enclosing collapse, while `per_entity`
  size_t entity_dimensions = 0;  ///< around that collapse
  bool per_entity = false;
  bool below_dimension = false;
  friend bool operator==(const Context&, const Context&) = default;
};

Grain finer(Grain a, Grain b) { return common_grain(a, b); }

/// Windows and offsets of the whole range are cut at days.
Grain inner_grain(Grain grain) { return grain == Grain::kWhole ? Grain::kDay : grain; }

/// Buckets whose borders a window of `unit` can start at: a unit of days and more starts at any midnight.
Grain window_unit(Grain unit) { return unit < Grain::kDay ? unit : Grain::kDay; }

Grain grain_in_window(Grain grain, const Window& window) {
  switch (window.kind) {
    case WindowKind::kLast:
      return finer(inner_grain(grain), window_unit(window.period.unit));
    case WindowKind::kToDate:
      return finer(inner_grain(grain), window.unit);
    case WindowKind::kAllTime:
      return inner_grain(grain);
  }
  return grain;
}

Grain grain_in_offset(Grain grain, const Offset& offset, bool elapsed) {
  grain = inner_grain(grain);
  if (elapsed) grain = finer(grain, Grain::kDay);
  switch (offset.kind) {
    case OffsetKind::kHere:
      return grain;
    case OffsetKind::kAgo:
      return finer(grain, offset.period.unit);
    case OffsetKind::kSameWeek:
      return finer(grain, Grain::kWeek);
  }
  return grain;
}

class Lowering {
 public:
  Lowering(const Model& model, const Request& request) : model_(model), request_(request) {
    plan_.calendar = model.calendar;
    plan_.spec_hash = model.spec_hash;
    for (const ModelSource& stream : model.streams) plan_.streams.push_back(schema_of(model, stream));
    for (const ModelSource& table : model.tables) plan_.tables.push_back(schema_of(model, table));
  }

  Plan run() {
    for (const RequestOutput& output : request_.outputs) collect_value(output.value);
    settle_classes(classes_);
    for (const RequestOutput& output : request_.outputs) lower_output(output);
    count_unrated();
    carry_columns();
    for (Pipeline& pipeline : pipelines_) plan_.pipelines.push_back(std::move(pipeline));
    return canonical_order(std::move(plan_));
  }

 private:
  void collect_value(ValueId id);
  void lower_output(const RequestOutput& output);
  void add_presence(Output& output, const RequestOutput& request, const std::vector<BoundDimension>& dimensions);
  std::vector<int> leaves_below(int formula) const;

  int lower_value(ValueId id, int context);
  int compute_value(const Value& value, int context);
  int inner(ValueId id, Context context) { return lower_value(id, context_id(std::move(context))); }
  int collapse(const Value& value, const Context& context);
  int leaf(const Value& value, const Context& context);
  int rated(int folded, const Value& value, int context);
  void count_unrated();
  void fill_cell(Formula& formula, const Value& value, int guard, int use, bool below_dimension);
  void fill_unique(Formula& formula, const Value& value, int guard, int use);
  void fill_entity_cell(Formula& formula, const Value& value, int guard, int use, const Context& around);

  int context_id(Context context);
  /// The pipeline that has the rows of a condition, and what is left to ask of them; -1: nothing.
  struct RowsOf {
    int pipeline = 0;
    int guard = -1;
  };
  RowsOf rows_of(int stream, RowId condition);
  int pipeline_of(int stream, RowId event);
  RowSource kept_rows(int stream, RowId event);
  void carry_columns();
  Moment moment(int pipeline);
  int key_space(const KeySpace& wanted);
  int key_space_use(int pipeline, const Context& context);
  int domain_of(RowId key);
  int domain(KeyDomain wanted);
  int machine(int pipeline, int domain, RowId key, int use);
  int count_accumulator(int pipeline, int use, int guard);
  int add_accumulator(int pipeline, Accumulator accumulator);
  int counted_guard(int pipeline, int guard, int input);
  int add_formula(Formula formula, const Type& type);

  Pipeline& pipeline(int index) { return pipelines_[static_cast<size_t>(index)]; }
  RowLowering& rows(int index) { return *rows_[static_cast<size_t>(index)]; }
  const Context& context(int id) const { return contexts_[static_cast<size_t>(id)]; }

  /// What the groups of an output need to know of a leaf.
  struct LeafRows {
    int guard = -1;  ///< the row takes part: the condition holds and its keys are there
    Grain grain = Grain::kWhole;
  };

  const Model& model_;
  const Request& request_;
  Plan plan_;
  std::deque<Pipeline> pipelines_;  ///< stays put while rows_ write to it
  std::vector<std::unique_ptr<RowLowering>> rows_;
  std::map<std::pair<int, RowId>, int> pipeline_of_;  ///< by stream and the event that a derived one reads
  TextClasses classes_;
  std::deque<Context> contexts_;
  std::map<std::pair<int32_t, int>, int> lowered_;
  std::map<int, LeafRows> leaves_;                   ///< by formula
  std::map<std::tuple<int, int, int>, int> counts_;  ///< by pipeline, key space use and guard
  std::set<int32_t> collected_;
  std::vector<std::vector<int>> unrated_;  ///< by pipeline: conditions of rows that an aggregate lacks a rate for
  std::set<RowId> collected_rows_;
};

void Lowering::collect_value(ValueId id) {
  if (!id.valid() || !collected_.insert(id.index).second) return;
  const Value& value = model_.value(id);
  collect_classes(model_, value.condition, collected_rows_, classes_);
  collect_classes(model_, value.input, collected_rows_, classes_);
  collect_value(value.a);
  collect_value(value.b);
  collect_value(value.c);
}

// ------------------------------------------------------------------------------------------------ parts
int Lowering::context_id(Context context) {
  const auto found = std::find(contexts_.begin(), contexts_.end(), context);
  if (found != contexts_.end()) return static_cast<int>(found - contexts_.begin());
  contexts_.push_back(std::move(context));
  return static_cast<int>(contexts_.size()) - 1;
}

Lowering::RowsOf Lowering::rows_of(int stream, RowId condition) {
  const SplitCondition split = split_condition(model_, condition);
  RowsOf result{pipeline_of(stream, split.event), -1};
  OpTable& ops = rows(result.pipeline).ops();
  for (const RowId test : split.tests) {
    const int op = rows(result.pipeline).condition(test);
    result.guard = result.guard < 0 ? op : ops.both(result.guard, op);
  }
  const bool always = result.guard >= 0 && ops.at(result.guard).kind == OpKind::kConst && ops.at(result.guard).truth;
  if (always) result.guard = -1;
  return result;
}

int Lowering::pipeline_of(int stream, RowId event) {
  const auto found = pipeline_of_.find({stream, event});
  if (found != pipeline_of_.end()) return found->second;
  const RowSource source = event.valid() ? kept_rows(stream, event) : RowSource();
  const int index = static_cast<int>(pipelines_.size());
  pipelines_.emplace_back();
  pipelines_.back().stream = stream;
  pipelines_.back().source = source;
  rows_.push_back(std::make_unique<RowLowering>(model_, classes_, plan_.rates, pipelines_.back()));
  pipeline_of_.emplace(std::make_pair(stream, event), index);
  return index;
}

/// Each entity's first or last row, kept by a machine of the pipeline that it is chosen from.
RowSource Lowering::kept_rows(int stream, RowId event) {
  const Row& row = model_.row(event);
  const RowsOf chosen = rows_of(stream, row.a);
  RowSource source;
  source.pipeline = chosen.pipeline;
  source.machine = machine(chosen.pipeline, domain_of(row.b), row.b, -1);
  Machine::Fold fold;
  fold.kind = row.kind == RowKind::kIsFirst ? AL_FIRST_ROW : AL_LAST_ROW;
  fold.moment = moment(chosen.pipeline);
  Machine& keeper = pipeline(chosen.pipeline).machines[static_cast<size_t>(source.machine)];
  fold.bit = static_cast<int>(keeper.bits.size());
  source.accumulator = static_cast<int>(keeper.folds.size());
  keeper.bits.push_back(chosen.guard);
  keeper.folds.push_back(std::move(fold));
  return source;
}

/// What derived pipelines read, once all of it is known; the last ones first, for they read of those before.
void Lowering::carry_columns() {
  for (size_t i = pipelines_.size(); i-- > 0;) {
    const RowSource& source = pipelines_[i].source;
    if (!source.derived()) continue;
    std::vector<int> carried;
    for (const ColumnUse& use : carried_columns(plan_, pipelines_[i])) {
      carried.push_back(rows(source.pipeline).field_op(use));
    }
    std::sort(carried.begin(), carried.end());
    Machine& keeper = pipeline(source.pipeline).machines[static_cast<size_t>(source.machine)];
    keeper.folds[static_cast<size_t>(source.accumulator)].carried = std::move(carried);
  }
}

Moment Lowering::moment(int index) {
  const ModelSource& stream = model_.streams[static_cast<size_t>(pipeline(index).stream)];
  return {rows(index).field_op(stream.time), stream.order < 0 ? -1 : rows(index).field_op(stream.order)};
}

int Lowering::key_space(const KeySpace& wanted) {
  auto& spaces = plan_.key_spaces;
  const auto found = std::find(spaces.begin(), spaces.end(), wanted);
  if (found != spaces.end()) return static_cast<int>(found - spaces.begin());
  spaces.push_back(wanted);
  return static_cast<int>(spaces.size()) - 1;
}

int Lowering::key_space_use(int index, const Context& context) {
  KeySpace space;
  space.grain = context.grain;
  KeySpaceUse use;
  const auto stream = static_cast<size_t>(pipeline(index).stream);
  for (const BoundDimension& dimension : context.dimensions) {
    space.dimensions.push_back(dimension.shown);
    use.dimension_columns.push_back(rows(index).column(dimension.rows[stream]));
  }
  use.key_space = key_space(space);
  auto& uses = pipeline(index).key_spaces;
  const auto found = std::find(uses.begin(), uses.end(), use);
  if (found != uses.end()) return static_cast<int>(found - uses.begin());
  uses.push_back(std::move(use));
  return static_cast<int>(uses.size()) - 1;
}

int Lowering::domain(KeyDomain wanted) {
  auto& domains = plan_.domains;
  const auto found = std::find(domains.begin(), domains.end(), wanted);
  if (found != domains.end()) return static_cast<int>(found - domains.begin());
  domains.push_back(std::move(wanted));
  return static_cast<int>(domains.size()) - 1;
}

/// Entities go by their name alone, so streams share their codes; any other key is its stream's own.
int Lowering::domain_of(RowId id) {
  const Row& key = model_.row(id);
  const ModelSource& stream = model_.streams[static_cast<size_t>(key.stream)];
  const std::string& field = stream.fields[static_cast<size_t>(key.field)].name;
  const FieldKind kind = field_kind(key.type.kind);
  if (key.kind == RowKind::kAttribute) {
    const ModelSource& table = model_.tables[static_cast<size_t>(key.table)];
    return domain({stream.name + "." + field + "." + table.fields[static_cast<size_t>(key.attribute)].name, kind});
  }
  const auto& entities = stream.entities;
  if (std::find(entities.begin(), entities.end(), key.field) != entities.end()) return domain({field, kind});
  return domain({stream.name + "." + field, kind});
}

int Lowering::machine(int index, int domain, RowId key, int use) {
  const int column = rows(index).column(key);
  auto& machines = pipeline(index).machines;
  for (size_t i = 0; i < machines.size(); ++i) {
    const Machine& machine = machines[i];
    if (machine.domain == domain && machine.key_column == column && machine.key_space_use == use) {
      return static_cast<int>(i);
    }
  }
  Machine machine;
  machine.domain = domain;
  machine.key_column = column;
  machine.key_space_use = use;
  machines.push_back(std::move(machine));
  return static_cast<int>(machines.size()) - 1;
}

int Lowering::add_accumulator(int index, Accumulator accumulator) {
  pipeline(index).accumulators.push_back(accumulator);
  return static_cast<int>(pipeline(index).accumulators.size()) - 1;
}

/// Rows that pass a guard, for groups and for the keys of collapses.
int Lowering::count_accumulator(int index, int use, int guard) {
  const auto [place, fresh] = counts_.emplace(std::make_tuple(index, use, guard), 0);
  if (fresh) place->second = add_accumulator(index, {AL_COUNT, use, -1, guard, {}});
  return place->second;
}

/// The guard of rows that pass `guard` and have an input.
int Lowering::counted_guard(int index, int guard, int input) {
  OpTable& ops = rows(index).ops();
  if (!ops.at(input).nullable) return guard;
  const int valid = ops.valid(input);
  return guard < 0 ? valid : ops.both(guard, valid);
}

int Lowering::add_formula(Formula formula, const Type& type) {
  const Representation held = representation(type);
  formula.exact = held == Representation::kExact;
  formula.boolean = held == Representation::kBoolean;
  formula.scale = formula.exact ? type.scale : 0;
  plan_.formulas.push_back(std::move(formula));
  return static_cast<int>(plan_.formulas.size()) - 1;
}

// ------------------------------------------------------------------------------------------------ values
int Lowering::lower_value(ValueId id, int context) {
  if (!id.valid()) return -1;
  const auto key = std::make_pair(id.index, context);
  const auto known = lowered_.find(key);
  if (known != lowered_.end()) return known->second;
  const int formula = compute_value(model_.value(id), context);
  lowered_.emplace(key, formula);
  return formula;
}

int Lowering::compute_value(const Value& value, int id) {
  if (value.kind == ValueKindTag::kAggregate) {
    const int folded = leaf(value, context(id));
    return value.a.valid() ? rated(folded, value, id) : folded;
  }
  if (value.kind == ValueKindTag::kCollapse) return collapse(value, context(id));
  Formula formula;
  formula.kind = operator_kind(value.kind);
  formula.digits = value.digits;
  if (value.kind == ValueKindTag::kRate)
    formula.rate = plan_rate(plan_.rates, model_.rates[static_cast<size_t>(value.rate)]);
  if (value.kind == ValueKindTag::kConst) formula.constant = constant_of(value);
  if (value.kind == ValueKindTag::kOver) {
    formula.window = value.window;
    Context inside = context(id);
    inside.grain = grain_in_window(inside.grain, value.window);
    id = context_id(std::move(inside));
  }
  if (value.kind == ValueKindTag::kAt) {
    formula.offset = value.offset;
    formula.elapsed = value.elapsed;
    Context inside = context(id);
    inside.grain = grain_in_offset(inside.grain, value.offset, value.elapsed);
    id = context_id(std::move(inside));
  }
  formula.a = lower_value(value.a, id);
  formula.b = lower_value(value.b, id);
  formula.c = lower_value(value.c, id);
  return add_formula(std::move(formula), value.type);
}

/// What is folded of converted amounts, unless one of them had no rate.
int Lowering::rated(int folded, const Value& value, int context) {
  const Value& unrated = model_.value(value.a);
  Formula formula;
  formula.kind = FormulaKind::kRated;
  formula.a = folded;
  formula.b = lower_value(value.a, context);
  const auto [at, guard] = rows_of(unrated.stream, unrated.condition);
  OpTable& ops = rows(at).ops();
  int rows_without = guard;
  if (unrated.input.valid()) {
    rows_without = ops.both(guard, ops.compare(OpKind::kEqual, rows(at).value(unrated.input), ops.exact(1)));
  }
  unrated_.resize(pipelines_.size());
  std::vector<int>& known = unrated_[static_cast<size_t>(at)];
  if (std::find(known.begin(), known.end(), rows_without) == known.end()) known.push_back(rows_without);
  return add_formula(std::move(formula), value.type);
}

/// Rows that some result lacks, each once; of a table's rows the results alone say so.
void Lowering::count_unrated() {
  for (size_t i = 0; i < unrated_.size(); ++i) {
    const int index = static_cast<int>(i);
    if (unrated_[i].empty() || model_.streams[static_cast<size_t>(pipeline(index).stream)].table >= 0) continue;
    OpTable& ops = rows(index).ops();
    int any = unrated_[i].front();
    for (const int other : unrated_[i]) any = other == any ? any : ops.either(any, other);
    plan_.unrated.push_back({index, -1, count_accumulator(index, key_space_use(index, Context()), any)});
  }
}

int Lowering::collapse(const Value& value, const Context& outer) {
  Formula formula;
  formula.finish = finish_of(value.aggregate);
  formula.percentage = value.percentage;
  Context inside = outer;
  switch (value.key.kind) {
    case PerKind::kTime:
      formula.kind = FormulaKind::kCollapseTime;
      formula.grain = value.key.grain;
      inside.grain = finer(inner_grain(outer.grain), value.key.grain);
      break;
    case PerKind::kEntity:
      formula.kind = FormulaKind::kCollapseEntity;
      ALIDADE_CHECK(!outer.per_entity);  // sema refuses an entity inside an entity
      inside.entity = value.key;
      inside.entity_dimensions = outer.dimensions.size();
      inside.per_entity = true;
      for (const RowId row : value.key.rows) {
        if (row.valid()) formula.domain = domain_of(row);
      }
      break;
    case PerKind::kDimension:
      formula.kind = FormulaKind::kCollapseDimension;
      inside.dimensions.push_back({dimension_of(model_, value.key), value.key.rows});
      inside.below_dimension = true;
      break;
  }
  formula.a = inner(value.a, std::move(inside));
  for (const int below : leaves_below(formula.a)) {
    formula.streams.push_back(plan_.formulas[static_cast<size_t>(below)].streams.front());
  }
  std::sort(formula.streams.begin(), formula.streams.end());
  formula.streams.erase(std::unique(formula.streams.begin(), formula.streams.end()), formula.streams.end());
  return add_formula(std::move(formula), value.type);
}

int Lowering::leaf(const Value& value, const Context& around) {
  Context context = around;
  // A table's rows are cells of the days at whose ends they are valid, so that reports of all grains share them.
  if (model_.streams[static_cast<size_t>(value.stream)].table >= 0) context.grain = finer(context.grain, Grain::kDay);
  Formula formula;
  formula.finish = finish_of(value.aggregate);
  formula.percentage = value.percentage;
  const auto [rows_at, guard] = rows_of(value.stream, value.condition);
  formula.pipeline = rows_at;
  formula.streams = {value.stream};
  if (value.input.valid() && value.aggregate != Aggregate::kUnique) {
    const Type& input = model_.row(value.input).type;
    if (representation(input) == Representation::kExact) formula.leaf_scale = input.scale;
  }
  const int use = key_space_use(formula.pipeline, context);
  formula.key_space = pipeline(formula.pipeline).key_spaces[static_cast<size_t>(use)].key_space;

  LeafRows seen;
  seen.guard = guard;
  seen.grain = context.grain;
  if (context.per_entity) {
    fill_entity_cell(formula, value, guard, use, context);
  } else if (value.aggregate == Aggregate::kUnique) {
    fill_unique(formula, value, guard, use);
  } else {
    fill_cell(formula, value, guard, use, context.below_dimension);
  }
  if (formula.machine >= 0) {
    const Machine& machine = pipeline(formula.pipeline).machines[static_cast<size_t>(formula.machine)];
    const RowId key = context.per_entity ? context.entity.rows[static_cast<size_t>(value.stream)] : value.input;
    seen.guard = counted_guard(formula.pipeline, machine.bits[static_cast<size_t>(formula.rows)],
                               rows(formula.pipeline).value(key));
  }
  const int added = add_formula(std::move(formula), value.type);
  leaves_.emplace(added, seen);
  return added;
}

void Lowering::fill_cell(Formula& formula, const Value& value, int guard, int use, bool below_dimension) {
  formula.kind = FormulaKind::kCell;
  const int index = formula.pipeline;
  if (below_dimension) formula.rows = count_accumulator(index, use, guard);
  if (value.aggregate == Aggregate::kCount) {
    formula.accumulator = add_accumulator(index, {AL_COUNT, use, -1, guard, {}});
    return;
  }
  const int input = rows(index).value(value.input);
  const bool exact = rows(index).ops().at(input).type == OpType::kExact;
  Accumulator folded = {accumulator_kind(value, exact), use, input, guard, {}};
  if (has_moment(folded.kind)) folded.moment = moment(index);
  formula.accumulator = add_accumulator(index, folded);
  if (value.aggregate != Aggregate::kMean) return;
  formula.count = add_accumulator(index, {AL_COUNT, use, -1, counted_guard(index, guard, input), {}});
}

void Lowering::fill_unique(Formula& formula, const Value& value, int guard, int use) {
  formula.kind = FormulaKind::kUnique;
  formula.machine = machine(formula.pipeline, domain_of(value.input), value.input, use);
  Machine& counted = pipeline(formula.pipeline).machines[static_cast<size_t>(formula.machine)];
  formula.rows = static_cast<int>(counted.bits.size());
  counted.bits.push_back(guard);
}

void Lowering::fill_entity_cell(Formula& formula, const Value& value, int guard, int use, const Context& around) {
  formula.kind = FormulaKind::kEntityCell;
  const int index = formula.pipeline;
  const RowId key = around.entity.rows[static_cast<size_t>(value.stream)];
  formula.machine = machine(index, domain_of(key), key, use);
  int input = -1;
  al_accumulator_kind kind = AL_COUNT;
  if (value.aggregate != Aggregate::kCount) {
    input = rows(index).value(value.input);
    kind = accumulator_kind(value, rows(index).ops().at(input).type == OpType::kExact);
  }
  // A row without the counted key takes no part in a distinct count, so it does not make its entity present either.
  if (value.aggregate == Aggregate::kUnique) guard = counted_guard(index, guard, input);
  Machine& cells = pipeline(index).machines[static_cast<size_t>(formula.machine)];
  formula.rows = static_cast<int>(cells.bits.size());
  cells.bits.push_back(guard);
  formula.accumulator = static_cast<int>(cells.folds.size());
  if (has_moment(kind)) formula.row_dimensions = static_cast<int>(around.entity_dimensions);
  cells.folds.push_back({kind, input, formula.rows, has_moment(kind) ? moment(index) : Moment(), {}});
  if (value.aggregate != Aggregate::kMean) return;
  formula.count = static_cast<int>(cells.folds.size());
  cells.folds.push_back({AL_COUNT, -1, static_cast<int>(cells.bits.size()), {}, {}});
  cells.bits.push_back(counted_guard(index, guard, input));
}

// ------------------------------------------------------------------------------------------------ outputs
void Lowering::lower_output(const RequestOutput& request) {
  Context top;
  top.grain = request_.cut_by_day ? finer(request.grain, Grain::kDay) : request.grain;
  Output output;
  output.info = info_of(model_, request.type);
  output.info.name = request.name;
  output.info.title = request.title;
  output.info.format = request.format;
  output.info.plain_sums = model_.value(request.value).plain_sums;
  output.info.grain = request.grain;
  for (const ResolvedDimension& dimension : request.dimensions) {
    top.dimensions.push_back({dimension.shown, dimension.rows});
    output.info.dimensions.push_back(dimension.shown.name);
  }
  output.grain = request.grain;
  output.streams = request.streams;
  const std::vector<BoundDimension> dimensions = top.dimensions;
  output.info.top = request.top;
  if (request.top > 0) {
    Context whole = top;
    whole.grain = request_.cut_by_day ? Grain::kDay : Grain::kWhole;
    output.rank = inner(request.value, std::move(whole));
  }
  output.formula = inner(request.value, std::move(top));
  if (!dimensions.empty()) add_presence(output, request, dimensions);
  plan_.outputs.push_back(std::move(output));
}

std::vector<int> Lowering::leaves_below(int formula) const {
  std::vector<bool> seen(plan_.formulas.size(), false);
  std::vector<int> open = {formula};
  std::vector<int> found;
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    if (at < 0 || seen[static_cast<size_t>(at)]) continue;
    seen[static_cast<size_t>(at)] = true;
    const Formula& node = plan_.formulas[static_cast<size_t>(at)];
    if (leaves_.count(at) != 0) found.push_back(at);
    open.insert(open.end(), {node.a, node.b, node.c});
  }
  return found;
}

/// A group is shown where any aggregate accepted a row: the leaf's mask bit says so where its cells have the same
/// groups, a count of such rows otherwise.
void Lowering::add_presence(Output& output, const RequestOutput& request,
                            const std::vector<BoundDimension>& dimensions) {
  KeySpace space;
  space.grain = request.grain;
  for (const BoundDimension& dimension : dimensions) space.dimensions.push_back(dimension.shown);
  output.key_space = key_space(space);
  for (const int below : leaves_below(output.formula)) {
    const Formula& leaf = plan_.formulas[static_cast<size_t>(below)];
    const LeafRows& seen = leaves_.at(below);
    const bool same_groups =
        plan_.key_spaces[static_cast<size_t>(leaf.key_space)].dimensions.size() == dimensions.size();
    const bool is_table = model_.streams[static_cast<size_t>(leaf.streams.front())].table >= 0;
    if (same_groups && leaf.machine >= 0 && !is_table) {
      output.presence.push_back({leaf.pipeline, leaf.machine, leaf.rows});
      continue;
    }
    Context groups;
    groups.grain = seen.grain;
    groups.dimensions = dimensions;
    const int use = key_space_use(leaf.pipeline, groups);
    output.presence.push_back({leaf.pipeline, -1, count_accumulator(leaf.pipeline, use, seen.guard)});
  }
}

}  // namespace

Plan lower(const Model& model, const Request& request) { return Lowering(model, request).run(); }

}  // namespace alidade
