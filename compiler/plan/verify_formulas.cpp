// The promises of formulas and outputs: types, leaves that fit what they read, cells fine enough for what encloses
// them. See verify.h.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/plan/verify.h"

namespace alidade {
namespace {

/// What a leaf must serve, by what stands above it.
struct Above {
  Grain grain = Grain::kWhole;
  int dimensions = 0;  ///< of the output and of collapses
  int domain = -1;     ///< of an enclosing per entity
  bool below_dimension = false;
  friend auto operator<=>(const Above&, const Above&) = default;
};

class FormulaVerifier {
 public:
  FormulaVerifier(const Plan& plan, std::vector<std::string>& messages) : plan_(plan), messages_(messages) {}

  void run() {
    const size_t before = messages_.size();
    streams_.resize(plan_.formulas.size());
    for (size_t i = 0; i < plan_.formulas.size(); ++i) {
      check_formula(i);
      if (messages_.size() != before) return;
    }
    for (size_t i = 0; i < plan_.outputs.size(); ++i) check_output(i);
    check_unrated();
  }

 private:
  template <typename... Args>
  void complain(fmt::format_string<Args...> format, Args&&... args) {
    messages_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  const Formula& at(int index) const { return plan_.formulas[static_cast<size_t>(index)]; }
  bool is_number(int index) const { return !at(index).boolean; }

  void check_formula(size_t index);
  bool children_before(const Formula& formula, size_t index) const;
  const char* wrong_types(const Formula& formula) const;
  const char* wrong_constant(const Formula& formula) const;
  const char* wrong_leaf(const Formula& leaf) const;
  const char* wrong_cell(const Formula& leaf) const;
  const char* wrong_machine_leaf(const Formula& leaf) const;
  const char* wrong_fold(const Formula& leaf, al_accumulator_kind kind, bool has_count, bool counts) const;
  void check_streams(size_t index);
  void check_output(size_t index);
  void check_presence(size_t index);
  int cells_of(const Presence& presence) const;
  void check_unrated();
  void check_below(size_t output, int formula, Above above);
  void check_leaf_below(size_t output, int index, const Above& above);

  const Plan& plan_;
  std::vector<std::string>& messages_;
  std::vector<std::set<int>> streams_;       ///< of the leaves below each formula
  std::set<std::pair<int, Above>> visited_;  ///< what one output has shown need not be said of another
};

bool is_leaf(FormulaKind kind) {
  return kind == FormulaKind::kCell || kind == FormulaKind::kEntityCell || kind == FormulaKind::kUnique;
}

bool is_collapse(FormulaKind kind) {
  return kind == FormulaKind::kCollapseTime || kind == FormulaKind::kCollapseEntity ||
         kind == FormulaKind::kCollapseDimension;
}

int children_of(FormulaKind kind) {
  switch (kind) {
    case FormulaKind::kConst:
    case FormulaKind::kCell:
    case FormulaKind::kEntityCell:
    case FormulaKind::kUnique:
    case FormulaKind::kRate:
      return 0;
    case FormulaKind::kNegate:
    case FormulaKind::kNot:
    case FormulaKind::kRound:
    case FormulaKind::kOver:
    case FormulaKind::kAt:
    case FormulaKind::kCollapseTime:
    case FormulaKind::kCollapseEntity:
    case FormulaKind::kCollapseDimension:
      return 1;
    case FormulaKind::kAdd:
    case FormulaKind::kSubtract:
    case FormulaKind::kMultiply:
    case FormulaKind::kDivide:
    case FormulaKind::kEqual:
    case FormulaKind::kNotEqual:
    case FormulaKind::kLess:
    case FormulaKind::kLessEqual:
    case FormulaKind::kGreater:
    case FormulaKind::kGreaterEqual:
    case FormulaKind::kAnd:
    case FormulaKind::kOr:
    case FormulaKind::kGreatest:
    case FormulaKind::kLeast:
    case FormulaKind::kCoalesce:
    case FormulaKind::kRated:
      return 2;
    case FormulaKind::kIf:
      return 3;
  }
  return 0;
}

bool FormulaVerifier::children_before(const Formula& formula, size_t index) const {
  const int wanted = children_of(formula.kind);
  int place = 0;
  for (const int child : {formula.a, formula.b, formula.c}) {
    const bool there = child >= 0 && static_cast<size_t>(child) < index;
    if (place++ < wanted ? !there : child != -1) return false;
  }
  return true;
}

const char* FormulaVerifier::wrong_constant(const Formula& formula) const {
  if (!formula.constant.defined()) return "is an undefined constant";
  const size_t held = formula.exact ? 0 : formula.boolean ? 2 : 1;
  return formula.constant.value.index() == held ? nullptr : "is a constant of another type";
}

const char* FormulaVerifier::wrong_types(const Formula& f) const {
  if (f.exact && f.boolean) return "is both exact and a condition";
  switch (f.kind) {
    case FormulaKind::kConst:
      return wrong_constant(f);
    case FormulaKind::kCell:
    case FormulaKind::kEntityCell:
    case FormulaKind::kUnique:
      return wrong_leaf(f);
    case FormulaKind::kRate: {
      if (!in_range(f.rate, plan_.rates)) return "names no rate";
      const Rate& rate = plan_.rates[static_cast<size_t>(f.rate)];
      const auto& fields = plan_.tables[static_cast<size_t>(rate.table)].fields;
      return f.exact && f.scale == fields[static_cast<size_t>(rate.field)].scale ? nullptr : "has the wrong type";
    }
    case FormulaKind::kRated:
      return f.exact == at(f.a).exact && f.scale == at(f.a).scale && !f.boolean && !at(f.a).boolean && at(f.b).exact
                 ? nullptr
                 : "has the wrong type";
    case FormulaKind::kNegate:
      return is_number(f.a) && f.exact == at(f.a).exact ? nullptr : "has the wrong type";
    case FormulaKind::kAdd:
    case FormulaKind::kSubtract:
    case FormulaKind::kMultiply:
    case FormulaKind::kGreatest:
    case FormulaKind::kLeast:
      return is_number(f.a) && is_number(f.b) && !f.boolean && f.exact == (at(f.a).exact && at(f.b).exact)
                 ? nullptr
                 : "has the wrong type";
    case FormulaKind::kRound:
      if (f.digits < 0 || (f.exact && f.digits != f.scale)) return "rounds to other digits than it has";
      return is_number(f.a) && !f.boolean && f.exact == at(f.a).exact && (!f.exact || f.scale < at(f.a).scale)
                 ? nullptr
                 : "has the wrong type";
    case FormulaKind::kCoalesce:
      return at(f.a).boolean == f.boolean && at(f.b).boolean == f.boolean && f.exact == (at(f.a).exact && at(f.b).exact)
                 ? nullptr
                 : "has the wrong type";
    case FormulaKind::kDivide:
      return is_number(f.a) && is_number(f.b) && !f.boolean && !f.exact ? nullptr : "has the wrong type";
    case FormulaKind::kEqual:
    case FormulaKind::kNotEqual:
      return f.boolean && at(f.a).boolean == at(f.b).boolean ? nullptr : "has the wrong type";
    case FormulaKind::kLess:
    case FormulaKind::kLessEqual:
    case FormulaKind::kGreater:
    case FormulaKind::kGreaterEqual:
      return f.boolean && is_number(f.a) && is_number(f.b) ? nullptr : "has the wrong type";
    case FormulaKind::kAnd:
    case FormulaKind::kOr:
      return f.boolean && at(f.a).boolean && at(f.b).boolean ? nullptr : "has the wrong type";
    case FormulaKind::kNot:
      return f.boolean && at(f.a).boolean ? nullptr : "has the wrong type";
    case FormulaKind::kIf:
      return at(f.a).boolean && at(f.b).boolean == f.boolean && at(f.c).boolean == f.boolean ? nullptr
                                                                                             : "has the wrong type";
    case FormulaKind::kOver:
      if (f.window.kind == WindowKind::kLast && f.window.period.count <= 0) return "has an empty window";
      return f.exact == at(f.a).exact && f.boolean == at(f.a).boolean ? nullptr : "has the wrong type";
    case FormulaKind::kAt:
      if (f.offset.kind == OffsetKind::kHere && !f.elapsed) return "moves nowhere";
      return f.exact == at(f.a).exact && f.boolean == at(f.a).boolean ? nullptr : "has the wrong type";
    case FormulaKind::kCollapseEntity:
      if (!in_range(f.domain, plan_.domains)) return "names no domain";
      return f.finish == Finish::kUnique || f.boolean ? "has the wrong type" : nullptr;
    case FormulaKind::kCollapseTime:
      if (f.grain == Grain::kWhole) return "collapses the whole range";
      return f.finish == Finish::kUnique || f.boolean ? "has the wrong type" : nullptr;
    case FormulaKind::kCollapseDimension:
      return f.finish == Finish::kUnique || f.boolean ? "has the wrong type" : nullptr;
  }
  return nullptr;
}

/// Whether what is folded fits how the leaf finishes it.
const char* FormulaVerifier::wrong_fold(const Formula& leaf, al_accumulator_kind kind, bool has_count,
                                        bool counts) const {
  if (has_count != (leaf.finish == Finish::kMean)) return "counts its values though it is no mean, or does not";
  if (has_count && !counts) return "counts its values with no count";
  const auto one_of = [&](std::initializer_list<al_accumulator_kind> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  bool fits = false;
  switch (leaf.finish) {
    case Finish::kCount:
      fits = kind == AL_COUNT;
      break;
    case Finish::kSum:
    case Finish::kMean:
      fits = one_of({AL_SUM_EXACT, AL_SUM_FLOAT, AL_SUM_PLAIN});
      break;
    case Finish::kMin:
      fits = one_of({AL_MIN_EXACT, AL_MIN_FLOAT});
      break;
    case Finish::kMax:
      fits = one_of({AL_MAX_EXACT, AL_MAX_FLOAT});
      break;
    case Finish::kPercentile:
      fits = one_of({AL_VALUES_EXACT, AL_VALUES_FLOAT});
      break;
    case Finish::kVariance:
    case Finish::kStddev:
      fits = one_of({AL_MOMENTS_EXACT, AL_MOMENTS_FLOAT});
      break;
    case Finish::kUnique:
      fits = kind == AL_VALUES_KEY;
      break;
    case Finish::kFirst:
      fits = one_of({AL_FIRST_EXACT, AL_FIRST_FLOAT});
      break;
    case Finish::kLast:
      fits = one_of({AL_LAST_EXACT, AL_LAST_FLOAT});
      break;
  }
  if (!fits) return "finishes another accumulation";
  const bool stays_exact = kind == AL_COUNT || kind == AL_VALUES_KEY || is_exact_kind(kind);
  return leaf.exact == (stays_exact && !gives_double(leaf.finish)) ? nullptr : "has the wrong type";
}

const char* FormulaVerifier::wrong_cell(const Formula& leaf) const {
  const Pipeline& pipeline = plan_.pipelines[static_cast<size_t>(leaf.pipeline)];
  if (leaf.machine != -1 || !in_range(leaf.accumulator, pipeline.accumulators)) return "names no accumulator";
  for (const int extra : {leaf.count, leaf.rows}) {
    if (extra != -1 && !in_range(extra, pipeline.accumulators)) return "names no accumulator";
  }
  for (const int read : {leaf.accumulator, leaf.count, leaf.rows}) {
    if (read == -1) continue;
    const Accumulator& accumulator = pipeline.accumulators[static_cast<size_t>(read)];
    const KeySpaceUse& use = pipeline.key_spaces[static_cast<size_t>(accumulator.key_space_use)];
    if (use.key_space != leaf.key_space) return "reads cells of another key space";
  }
  const auto counts = [&](int read) { return pipeline.accumulators[static_cast<size_t>(read)].kind == AL_COUNT; };
  if (leaf.rows != -1 && !counts(leaf.rows)) return "counts its rows with no count";
  return wrong_fold(leaf, pipeline.accumulators[static_cast<size_t>(leaf.accumulator)].kind, leaf.count != -1,
                    leaf.count != -1 && counts(leaf.count));
}

const char* FormulaVerifier::wrong_machine_leaf(const Formula& leaf) const {
  const Pipeline& pipeline = plan_.pipelines[static_cast<size_t>(leaf.pipeline)];
  if (!in_range(leaf.machine, pipeline.machines)) return "names no machine";
  const Machine& machine = pipeline.machines[static_cast<size_t>(leaf.machine)];
  if (machine.key_space_use < 0) return "reads a machine without cells";
  if (pipeline.key_spaces[static_cast<size_t>(machine.key_space_use)].key_space != leaf.key_space) {
    return "reads cells of another key space";
  }
  if (!in_range(leaf.rows, machine.bits)) return "names no bit";
  if (leaf.kind == FormulaKind::kUnique) {
    if (leaf.finish != Finish::kUnique || leaf.accumulator != -1 || leaf.count != -1)
      return "finishes another accumulation";
    return leaf.exact ? nullptr : "has the wrong type";
  }
  if (!in_range(leaf.accumulator, machine.folds)) return "names no entry";
  const size_t dimensions = plan_.key_spaces[static_cast<size_t>(leaf.key_space)].dimensions.size();
  const bool of_row = leaf.finish == Finish::kFirst || leaf.finish == Finish::kLast;
  if (leaf.row_dimensions < 0 || static_cast<size_t>(leaf.row_dimensions) > (of_row ? dimensions : 0)) {
    return "leaves dimensions to a row that it does not choose";
  }
  if (leaf.count != -1 && !in_range(leaf.count, machine.folds)) return "names no entry";
  return wrong_fold(leaf, machine.folds[static_cast<size_t>(leaf.accumulator)].kind, leaf.count != -1,
                    leaf.count != -1 && machine.folds[static_cast<size_t>(leaf.count)].kind == AL_COUNT);
}

const char* FormulaVerifier::wrong_leaf(const Formula& leaf) const {
  if (!in_range(leaf.pipeline, plan_.pipelines)) return "names no pipeline";
  if (!in_range(leaf.key_space, plan_.key_spaces)) return "names no key space";
  return leaf.kind == FormulaKind::kCell ? wrong_cell(leaf) : wrong_machine_leaf(leaf);
}

void FormulaVerifier::check_streams(size_t index) {
  const Formula& formula = plan_.formulas[index];
  std::set<int>& below = streams_[index];
  for (const int child : {formula.a, formula.b, formula.c}) {
    if (child < 0) continue;
    const auto& streams = streams_[static_cast<size_t>(child)];
    below.insert(streams.begin(), streams.end());
  }
  if (is_leaf(formula.kind)) below.insert(plan_.pipelines[static_cast<size_t>(formula.pipeline)].stream);
  const bool lists = is_leaf(formula.kind) || is_collapse(formula.kind);
  const std::vector<int> wanted = lists ? std::vector<int>(below.begin(), below.end()) : std::vector<int>();
  if (formula.streams != wanted) complain("formula x{} lists other streams than it reads", index);
}

void FormulaVerifier::check_formula(size_t index) {
  const Formula& formula = plan_.formulas[index];
  if (!children_before(formula, index)) return complain("formula x{} has parts that do not stand before it", index);
  if (const char* wrong = wrong_types(formula)) return complain("formula x{} {}", index, wrong);
  check_streams(index);
}

// ------------------------------------------------------------------------------------------------ outputs
/// The key space use that a count or a bit lives in; -1 where there is none such.
int FormulaVerifier::cells_of(const Presence& presence) const {
  if (!in_range(presence.pipeline, plan_.pipelines)) return -1;
  const Pipeline& pipeline = plan_.pipelines[static_cast<size_t>(presence.pipeline)];
  if (presence.machine == -1) {
    if (!in_range(presence.index, pipeline.accumulators)) return -1;
    const Accumulator& counted = pipeline.accumulators[static_cast<size_t>(presence.index)];
    return counted.kind == AL_COUNT ? counted.key_space_use : -1;
  }
  if (!in_range(presence.machine, pipeline.machines)) return -1;
  const Machine& machine = pipeline.machines[static_cast<size_t>(presence.machine)];
  return in_range(presence.index, machine.bits) ? machine.key_space_use : -1;
}

void FormulaVerifier::check_unrated() {
  for (const Presence& counted : plan_.unrated) {
    if (counted.machine != -1 || cells_of(counted) < 0) complain("rows without a rate are counted by no count");
  }
}

void FormulaVerifier::check_presence(size_t index) {
  const Output& output = plan_.outputs[index];
  if (!in_range(output.key_space, plan_.key_spaces)) return complain("output {} names no key space", output.info.name);
  const auto& dimensions = plan_.key_spaces[static_cast<size_t>(output.key_space)].dimensions;
  std::vector<std::string> names;
  for (const Dimension& dimension : dimensions) names.push_back(dimension.name);
  if (names != output.info.dimensions) complain("output {} has the dimensions of other cells", output.info.name);
  for (const Presence& presence : output.presence) {
    const int use = cells_of(presence);
    if (use < 0) {
      complain("presence of output {} names no count and no bit", output.info.name);
      continue;
    }
    const Pipeline& pipeline = plan_.pipelines[static_cast<size_t>(presence.pipeline)];
    const int space = pipeline.key_spaces[static_cast<size_t>(use)].key_space;
    if (plan_.key_spaces[static_cast<size_t>(space)].dimensions != dimensions) {
      complain("presence of output {} is in cells of other dimensions", output.info.name);
    }
  }
}

void FormulaVerifier::check_output(size_t index) {
  const Output& output = plan_.outputs[index];
  if (!in_range(output.formula, plan_.formulas)) return complain("output {} names no formula", output.info.name);
  const Formula& formula = at(output.formula);
  if (formula.exact != output.info.exact || (formula.exact && formula.scale != output.info.scale)) {
    complain("output {} is shown as another type than its formula gives", output.info.name);
  }
  const auto& read = streams_[static_cast<size_t>(output.formula)];
  if (std::vector<int>(read.begin(), read.end()) != output.streams) {
    complain("output {} lists other streams than it reads", output.info.name);
  }
  if (output.info.dimensions.empty()) {
    if (!output.presence.empty() || output.key_space != -1)
      complain("output {} has groups without dimensions", output.info.name);
  } else {
    check_presence(index);
  }
  Above above;
  above.grain = output.grain;
  above.dimensions = static_cast<int>(output.info.dimensions.size());
  check_below(index, output.formula, above);
  if ((output.info.top > 0) != (output.rank != -1))
    return complain("output {} ranks nothing, or what is not shown", output.info.name);
  if (output.rank == -1) return;
  if (!in_range(output.rank, plan_.formulas)) return complain("output {} names no formula", output.info.name);
  above.grain = Grain::kWhole;
  check_below(index, output.rank, above);
}

void FormulaVerifier::check_below(size_t output, int index, Above above) {
  if (!visited_.emplace(index, above).second) return;
  const Formula& formula = at(index);
  if (is_leaf(formula.kind)) return check_leaf_below(output, index, above);
  const auto refine = [&](Grain unit) {
    if (above.grain == Grain::kWhole) above.grain = Grain::kDay;
    above.grain = common_grain(above.grain, unit);
  };
  if (formula.kind == FormulaKind::kOver) {
    switch (formula.window.kind) {
      case WindowKind::kLast:
        refine(std::min(formula.window.period.unit, Grain::kDay));
        break;
      case WindowKind::kToDate:
        refine(formula.window.unit);
        break;
      case WindowKind::kAllTime:
        refine(Grain::kWhole);
        break;
    }
  }
  if (formula.kind == FormulaKind::kAt) {
    if (formula.elapsed) refine(Grain::kDay);
    if (formula.offset.kind == OffsetKind::kAgo) refine(formula.offset.period.unit);
    if (formula.offset.kind == OffsetKind::kSameWeek) refine(Grain::kWeek);
  }
  if (formula.kind == FormulaKind::kCollapseTime) refine(formula.grain);
  if (formula.kind == FormulaKind::kCollapseEntity) {
    if (above.domain != -1) complain("formula x{} collapses an entity inside another", index);
    above.domain = formula.domain;
  }
  if (formula.kind == FormulaKind::kCollapseDimension) {
    ++above.dimensions;
    above.below_dimension = true;
  }
  for (const int child : {formula.a, formula.b, formula.c}) {
    if (child >= 0) check_below(output, child, above);
  }
}

void FormulaVerifier::check_leaf_below(size_t output, int index, const Above& above) {
  const Formula& leaf = at(index);
  const std::string& name = plan_.outputs[output].info.name;
  const KeySpace& space = plan_.key_spaces[static_cast<size_t>(leaf.key_space)];
  if (common_grain(space.grain, above.grain) != space.grain) {
    complain("formula x{} reads cells too coarse for output {}", index, name);
  }
  if (static_cast<int>(space.dimensions.size()) != above.dimensions) {
    complain("formula x{} reads cells of other dimensions than output {}", index, name);
  }
  if ((leaf.kind == FormulaKind::kEntityCell) != (above.domain != -1)) {
    complain("formula x{} is per entity where nothing collapses it, or is not", index);
  } else if (above.domain != -1) {
    const Pipeline& pipeline = plan_.pipelines[static_cast<size_t>(leaf.pipeline)];
    if (pipeline.machines[static_cast<size_t>(leaf.machine)].domain != above.domain) {
      complain("formula x{} is per another entity than what collapses it", index);
    }
  }
  if (leaf.kind == FormulaKind::kCell && above.below_dimension && leaf.rows == -1) {
    complain("formula x{} does not count its rows below a dimension", index);
  }
}

}  // namespace

void verify_formulas(const Plan& plan, std::vector<std::string>& messages) { FormulaVerifier(plan, messages).run(); }

}  // namespace alidade
