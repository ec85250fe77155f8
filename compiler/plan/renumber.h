// Moves and merges parts of a plan: each function takes where every old index goes (-1: dropped, two to one place:
// merged) and mends everything that names it. Part of compiler/plan, for passes. Tested by tests/plan. One thread.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "compiler/plan/plan.h"

namespace alidade {

using Renumbering = std::vector<int>;

inline int moved(const Renumbering& to, int index) { return index < 0 ? index : to[static_cast<size_t>(index)]; }

/// items[i] goes to place to[i].
template <typename T>
void reorder(std::vector<T>& items, const Renumbering& to) {
  int size = 0;
  for (const int place : to) size = std::max(size, place + 1);
  std::vector<T> result(static_cast<size_t>(size));
  for (size_t i = 0; i < items.size(); ++i) {
    if (to[i] >= 0) result[static_cast<size_t>(to[i])] = std::move(items[i]);
  }
  items = std::move(result);
}

/// The places that put `size` things in order; `less` compares old indices. Ties keep their order.
template <typename Less>
Renumbering sorted_places(size_t size, Less less) {
  std::vector<int> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), less);
  Renumbering to(size);
  for (size_t place = 0; place < size; ++place) to[static_cast<size_t>(order[place])] = static_cast<int>(place);
  return to;
}

/// The places that close up what is not kept.
Renumbering kept_places(const std::vector<bool>& kept);

void renumber_streams(Plan& plan, const Renumbering& to);
void renumber_tables(Plan& plan, const Renumbering& to);
void renumber_stream_fields(Plan& plan, int stream, const Renumbering& to);
void renumber_table_fields(Plan& plan, int table, const Renumbering& to);
void renumber_domains(Plan& plan, const Renumbering& to);
void renumber_key_spaces(Plan& plan, const Renumbering& to);
void renumber_rates(Plan& plan, const Renumbering& to);
void renumber_pipelines(Plan& plan, const Renumbering& to);
void renumber_formulas(Plan& plan, const Renumbering& to);

void renumber_columns(Pipeline& pipeline, const Renumbering& to);
void renumber_ops(Pipeline& pipeline, const Renumbering& to);
void renumber_key_space_uses(Pipeline& pipeline, const Renumbering& to);
void renumber_accumulators(Plan& plan, int pipeline, const Renumbering& to);
void renumber_machines(Plan& plan, int pipeline, const Renumbering& to);
void renumber_bits(Plan& plan, int pipeline, int machine, const Renumbering& to);
void renumber_folds(Plan& plan, int pipeline, int machine, const Renumbering& to);

}  // namespace alidade
