// Each mask bit and entry once. See share_machine.h.
#include "compiler/passes/share_machine.h"

#include <map>
#include <optional>

#include "compiler/passes/roll_up.h"
#include "compiler/plan/renumber.h"

namespace alidade {
namespace {

template <typename T, typename Less = std::less<T>>
Renumbering places_of_equal(const std::vector<T>& items, Less less = {}) {
  std::map<T, int, Less> known(less);
  Renumbering to;
  for (const T& item : items) to.push_back(known.emplace(item, static_cast<int>(known.size())).first->second);
  return to;
}

void merge_equal(Plan& plan, int pipeline, int index) {
  Machine& machine = plan.pipelines[static_cast<size_t>(pipeline)].machines[static_cast<size_t>(index)];
  renumber_bits(plan, pipeline, index, places_of_equal(machine.bits));
  const auto less = [](const Machine::Fold& a, const Machine::Fold& b) {
    return std::tie(a.kind, a.input, a.bit, a.carried) < std::tie(b.kind, b.input, b.bit, b.carried);
  };
  renumber_folds(plan, pipeline, index, places_of_equal(machine.folds, less));
}

/// What one reader reads of a machine; -1: nothing.
struct Read {
  int bit = -1;
  int fold = -1;
  int count = -1;
};

std::optional<int> same_bit(const Machine& from, int bit, const Machine& to) {
  const int op = from.bits[static_cast<size_t>(bit)];
  const auto found = std::find(to.bits.begin(), to.bits.end(), op);
  if (found == to.bits.end()) return std::nullopt;
  return static_cast<int>(found - to.bits.begin());
}

std::optional<int> same_fold(const Machine& from, int fold, const Machine& to) {
  if (fold < 0) return fold;
  Machine::Fold wanted = from.folds[static_cast<size_t>(fold)];
  const auto bit = same_bit(from, wanted.bit, to);
  if (!bit) return std::nullopt;
  wanted.bit = *bit;
  const auto found = std::find(to.folds.begin(), to.folds.end(), wanted);
  if (found == to.folds.end()) return std::nullopt;
  return static_cast<int>(found - to.folds.begin());
}

std::optional<Read> same_read(const Machine& from, const Read& read, const Machine& to) {
  const auto bit = same_bit(from, read.bit, to);
  const auto fold = same_fold(from, read.fold, to);
  const auto count = same_fold(from, read.count, to);
  if (!bit || !fold || !count) return std::nullopt;
  return Read{*bit, *fold, *count};
}

/// Moves a reader of `machine` to the finest machine that has all it reads; returns that machine.
int move(const Plan& plan, const Pipeline& pipeline, int index, Read& read) {
  const Machine& machine = pipeline.machines[static_cast<size_t>(index)];
  std::map<int, std::pair<int, Read>> found;  // by key space use: machine and what it has there
  std::vector<int> candidates;
  for (size_t i = 0; i < pipeline.machines.size(); ++i) {
    const Machine& other = pipeline.machines[i];
    if (other.domain != machine.domain || other.key_column != machine.key_column) continue;
    if (other.key_space_use < 0) continue;  // keeps rows, in no cells
    const auto same = same_read(machine, read, other);
    if (!same) continue;
    found.emplace(other.key_space_use, std::make_pair(static_cast<int>(i), *same));
    if (other.key_space_use != machine.key_space_use) candidates.push_back(other.key_space_use);
  }
  const int use = finest_stand_in(plan, pipeline, machine.key_space_use, candidates);
  if (use == machine.key_space_use) return index;
  read = found.at(use).second;
  return found.at(use).first;
}

}  // namespace

Plan share_machine(Plan plan) {
  for (size_t p = 0; p < plan.pipelines.size(); ++p) {
    for (size_t m = 0; m < plan.pipelines[p].machines.size(); ++m) {
      merge_equal(plan, static_cast<int>(p), static_cast<int>(m));
    }
  }
  for (Formula& leaf : plan.formulas) {
    if (leaf.kind != FormulaKind::kUnique && leaf.kind != FormulaKind::kEntityCell) continue;
    const Pipeline& pipeline = plan.pipelines[static_cast<size_t>(leaf.pipeline)];
    Read read = {leaf.rows, leaf.accumulator, leaf.count};
    leaf.machine = move(plan, pipeline, leaf.machine, read);
    leaf.rows = read.bit;
    leaf.accumulator = read.fold;
    leaf.count = read.count;
    const int use = pipeline.machines[static_cast<size_t>(leaf.machine)].key_space_use;
    leaf.key_space = pipeline.key_spaces[static_cast<size_t>(use)].key_space;
  }
  for (Output& output : plan.outputs) {
    for (Presence& presence : output.presence) {
      if (presence.machine < 0) continue;
      Read read;
      read.bit = presence.index;
      presence.machine = move(plan, plan.pipelines[static_cast<size_t>(presence.pipeline)], presence.machine, read);
      presence.index = read.bit;
    }
  }
  return plan;
}

}  // namespace alidade
