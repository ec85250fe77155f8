// One walk over each partition for all that formulas ask of entities. Door: entity_queries.h.
#include "runtime/entity_queries.h"

#include <algorithm>
#include <numeric>

namespace alidade {

// ---------------------------------------------------------------------------------------------- unique
void UniqueQuery::prepare(const SlotOrder& order) {
  struct Asked {
    SlotOrder::Range ranks;
    uint32_t* place;
  };
  std::vector<Asked> asked;
  for (auto& [interval, place] : index_) {
    place = static_cast<uint32_t>(places_.size());
    places_.emplace_back();
    SlotOrder::Range ranks = order.ranks({interval.first, interval.second});
    if (ranks.begin < ranks.end) asked.push_back({ranks, &place});
  }
  std::sort(asked.begin(), asked.end(), [](const Asked& a, const Asked& b) {
    return std::pair(a.ranks.begin, a.ranks.end) < std::pair(b.ranks.begin, b.ranks.end);
  });
  for (const Asked& interval : asked) {
    auto fits = [&](const Chain& chain) { return chain.ends.back() <= interval.ranks.end; };
    auto chain = std::find_if(chains_.begin(), chains_.end(), fits);
    if (chain == chains_.end()) chain = chains_.emplace(chains_.end());
    places_[*interval.place] = {static_cast<uint32_t>(chain - chains_.begin()),
                                static_cast<uint32_t>(chain->begins.size())};
    chain->begins.push_back(interval.ranks.begin);
    chain->ends.push_back(interval.ranks.end);
  }
  for (Chain& chain : chains_) {
    for (uint32_t rank = 0; rank < order.slots.size(); ++rank) {
      auto first = std::upper_bound(chain.ends.begin(), chain.ends.end(), rank);
      auto last = std::upper_bound(chain.begins.begin(), chain.begins.end(), rank);
      chain.first.push_back(static_cast<uint32_t>(first - chain.ends.begin()));
      chain.last.push_back(static_cast<uint32_t>(last - chain.begins.begin()));
    }
  }
}

// Then an entry counts by itself: no other entry of its key falls into the same interval.
bool UniqueQuery::one_slot_each() const {
  for (const Chain& chain : chains_) {
    for (size_t i = 0; i < chain.begins.size(); ++i) {
      if (chain.ends[i] - chain.begins[i] > 1) return false;
    }
  }
  return true;
}

int64_t UniqueQuery::count(Interval interval, uint32_t group) const {
  auto found = index_.find({interval.start, interval.end});
  ALIDADE_CHECK(found != index_.end());
  const Place& place = places_[found->second];
  if (place.chain == kNoId || group >= groups_) return 0;
  const Chain& chain = chains_[place.chain];
  return chain.counts[group * (chain.begins.size() + 1) + place.interval];
}

SortedEntries sort_entries(const MachinePartition& partition, const CellMap& cells, const SlotOrder& order) {
  SortedEntries out;
  partition.for_each([&](const uint8_t* entry) {
    uint32_t code = MachinePartition::code(entry);
    if (code + size_t{2} > out.starts.size()) out.starts.resize(code + size_t{2});
    ++out.starts[code + 1];
  });
  if (out.starts.empty()) out.starts.resize(1);
  std::partial_sum(out.starts.begin(), out.starts.end(), out.starts.begin());
  out.items.resize(partition.size());
  std::vector<uint32_t> next = out.starts;
  partition.for_each([&](const uint8_t* entry) {
    uint32_t cell = MachinePartition::cell(entry);
    out.items[next[MachinePartition::code(entry)]++] = {cells.group_of(cell), order.rank_of_slot[cells.slot_of(cell)],
                                                        entry};
  });
  for (size_t code = 0; code + 1 < out.starts.size(); ++code) {
    std::sort(out.items.begin() + out.starts[code], out.items.begin() + out.starts[code + 1],
              [](const EntityItem& a, const EntityItem& b) { return a.key() < b.key(); });
  }
  return out;
}

void EntityQueries::ask(int node, const Context& context, int output) {
  contexts_->walk(node, context, [&](int at, const Context& inner) {
    const Formula& f = contexts_->formula(at);
    if (f.kind == FormulaKind::kUnique) unique_[{f.pipeline, f.machine, f.rows}].ask(inner.interval, output);
    if (f.kind == FormulaKind::kCollapseEntity) {
      collapses_[at].contexts.try_emplace(inner, 0);
      collapses_[at].owners.insert(output);
    }
    if (f.kind != FormulaKind::kCollapseDimension) return;
    // Whether a dimension value is present below a collapse over entities is a question about any entity.
    contexts_->walk(f.a, inner, [&](int below, const Context& at_leaf) {
      const Formula& leaf = contexts_->formula(below);
      if (leaf.kind == FormulaKind::kEntityCell)
        unique_[{leaf.pipeline, leaf.machine, leaf.rows}].ask(at_leaf.interval, output);
    });
  });
}

void EntityQueries::answer(Workers* workers, const EntityEvaluation& evaluate) {
  std::map<MachineKey, std::vector<UniqueQuery*>> by_machine;
  for (auto& [key, query] : unique_) by_machine[{std::get<0>(key), std::get<1>(key)}].push_back(&query);
  for (auto& [machine, queries] : by_machine) answer_unique(machine, queries, workers);
  for (auto& [node, collapse] : collapses_) answer_collapse(node, &collapse, workers, evaluate);
}

void EntityQueries::answer_unique(MachineKey key, std::vector<UniqueQuery*> queries, Workers* workers) {
  const State& state = contexts_->state();
  const PipelineProgram& pipeline = state.program().pipelines[static_cast<size_t>(key.first)];
  const MachineState& machine = state.machines[static_cast<size_t>(key.first)][static_cast<size_t>(key.second)];
  const int use = pipeline.machines[static_cast<size_t>(key.second)].key_space_use;
  const int key_space = pipeline.key_spaces[static_cast<size_t>(use)].key_space;
  const GroupTable* table = state.key_space(key_space).groups;
  const size_t groups = contexts_->group_count(table);
  std::vector<std::pair<int, UniqueQuery*>> asked;
  bool sorted = false;
  for (auto& [place, query] : unique_) {
    if (std::find(queries.begin(), queries.end(), &query) == queries.end()) continue;
    query.prepare(contexts_->slot_order(key_space));
    query.groups_ = groups;
    sorted |= !query.one_slot_each() || contexts_->has_unions(table, query.owners_);
    asked.emplace_back(std::get<2>(place), &query);
  }
  // One array of differences per worker and chain: +1 where an interval begins to hold a key, -1 where it ends to.
  std::vector<std::vector<std::vector<int64_t>>> counts(static_cast<size_t>(workers->count()));
  for (std::vector<std::vector<int64_t>>& of_worker : counts) {
    for (auto& [bit, query] : asked) {
      for (UniqueQuery::Chain& chain : query->chains_) of_worker.emplace_back(groups * (chain.begins.size() + 1));
    }
  }
  workers->parallel_for(kPartitions, [&](int worker, size_t partition) {
    count_partition(machine, key_space, asked, sorted, partition, &counts[static_cast<size_t>(worker)]);
  });
  size_t at = 0;
  for (auto& [bit, query] : asked) {
    for (UniqueQuery::Chain& chain : query->chains_) {
      chain.counts = std::move(counts[0][at]);
      for (size_t w = 1; w < counts.size(); ++w) {
        for (size_t i = 0; i < chain.counts.size(); ++i) chain.counts[i] += counts[w][at][i];
      }
      const size_t row = chain.begins.size() + 1;
      for (size_t group = 0; group < groups; ++group) {
        std::partial_sum(chain.counts.begin() + static_cast<std::ptrdiff_t>(group * row),
                         chain.counts.begin() + static_cast<std::ptrdiff_t>((group + 1) * row),
                         chain.counts.begin() + static_cast<std::ptrdiff_t>(group * row));
      }
      ++at;
    }
  }
}

void EntityQueries::count_partition(const MachineState& machine, int key_space,
                                    const std::vector<std::pair<int, UniqueQuery*>>& asked, bool sorted,
                                    size_t partition, std::vector<std::vector<int64_t>>* counts) const {
  const MachinePartition& entries = machine.partitions[partition];
  const CellMap& cells = *contexts_->state().key_space(key_space).cells;
  const SlotOrder& order = contexts_->slot_order(key_space);
  // Items of one key and group, in order of time: each adds the intervals that no earlier one was in.
  auto count_run = [&](const EntityItem* begin, const EntityItem* end) {
    size_t at = 0;
    for (auto& [bit, query] : asked) {
      for (const UniqueQuery::Chain& chain : query->chains_) {
        int64_t* row = (*counts)[at++].data() + begin->group * (chain.begins.size() + 1);
        uint32_t done = 0;
        for (const EntityItem* item = begin; item != end; ++item) {
          if (!MachinePartition::has(item->entry, bit)) continue;
          uint32_t first = std::max(chain.first[item->rank], done), last = chain.last[item->rank];
          if (first >= last) continue;
          ++row[first];
          --row[last];
          done = last;
        }
      }
    }
  };
  if (!sorted) {
    entries.for_each([&](const uint8_t* entry) {
      uint32_t cell = MachinePartition::cell(entry);
      EntityItem item{cells.group_of(cell), order.rank_of_slot[cells.slot_of(cell)], entry};
      count_run(&item, &item + 1);
    });
    return;
  }
  auto count_runs = [&](const EntityItem* item, const EntityItem* end) {
    while (item != end) {
      const EntityItem* run = item;
      while (item != end && item->group == run->group) ++item;
      count_run(run, item);
    }
  };
  const GroupTable* table = contexts_->state().key_space(key_space).groups;
  std::set<int> owners;
  for (auto& [bit, query] : asked) owners.insert(query->owners_.begin(), query->owners_.end());
  SortedEntries all = sort_entries(entries, cells, order);
  std::vector<EntityItem> united;  // a key's items once more, for the unions that hold their groups
  for (size_t code = 0; code + 1 < all.starts.size(); ++code) {
    const EntityItem* item = all.items.data() + all.starts[code];
    const EntityItem* end = all.items.data() + all.starts[code + 1];
    count_runs(item, end);
    united.clear();
    for (; item != end; ++item) {
      contexts_->each_union(table, item->group, owners,
                            [&](uint32_t id) { united.push_back({id, item->rank, item->entry}); });
    }
    std::sort(united.begin(), united.end(), [](const EntityItem& a, const EntityItem& b) { return a.key() < b.key(); });
    count_runs(united.data(), united.data() + united.size());
  }
}

int64_t EntityQueries::unique(const Formula& leaf, Interval interval, uint32_t group) const {
  return unique_.at({leaf.pipeline, leaf.machine, leaf.rows}).count(interval, group);
}

// ---------------------------------------------------------------------------------------------- collapse
void EntityQueries::prepare_collapse(int node, Collapse* collapse) const {
  for (auto& [context, index] : collapse->contexts) {
    index = static_cast<uint32_t>(collapse->by_index.size());
    collapse->by_index.push_back(context);
  }
  const Formula& f = contexts_->formula(node);
  for (uint32_t c = 0; c < collapse->by_index.size(); ++c) {
    contexts_->walk(f.a, collapse->by_index[c], [&](int below, const Context& inner) {
      const Formula& leaf = contexts_->formula(below);
      ALIDADE_CHECK(leaf.kind != FormulaKind::kCollapseEntity && leaf.kind != FormulaKind::kUnique);
      if (leaf.kind != FormulaKind::kEntityCell) return;
      auto found = std::find(collapse->leaves.begin(), collapse->leaves.end(), below);
      size_t index = static_cast<size_t>(found - collapse->leaves.begin());
      const SlotOrder& order = contexts_->slot_order(leaf.key_space);
      if (found == collapse->leaves.end()) {
        collapse->leaves.push_back(below);
        collapse->touched.emplace_back(order.slots.size());
      }
      SlotOrder::Range ranks = order.ranks(inner.interval);
      for (uint32_t rank = ranks.begin; rank < ranks.end; ++rank) {
        std::vector<uint32_t>& touched = collapse->touched[index][rank];
        if (touched.empty() || touched.back() != c) touched.push_back(c);
      }
    });
  }
  const GroupTable* table = contexts_->table(node);
  collapse->groups = table == nullptr ? 1 : contexts_->group_count(table);
  collapse->folds.resize(collapse->by_index.size() * collapse->groups);
}

void EntityQueries::answer_collapse(int node, Collapse* collapse, Workers* workers, const EntityEvaluation& evaluate) {
  prepare_collapse(node, collapse);
  const Formula& f = contexts_->formula(node);
  const Formula& inner = contexts_->formula(f.a);
  const State& state = contexts_->state();
  const GroupTable* table = contexts_->table(node);
  std::vector<MachineKey> machines;
  std::vector<size_t> machine_of_leaf;
  for (int leaf : collapse->leaves) {
    MachineKey key(contexts_->formula(leaf).pipeline, contexts_->formula(leaf).machine);
    auto found = std::find(machines.begin(), machines.end(), key);
    machine_of_leaf.push_back(static_cast<size_t>(found - machines.begin()));
    if (found == machines.end()) machines.push_back(key);
  }
  struct OfWorker {
    SpillArena arena;
    std::vector<Fold> folds;
  };
  std::vector<OfWorker> folds(static_cast<size_t>(workers->count()));
  for (OfWorker& of_worker : folds) of_worker.folds.resize(collapse->folds.size());

  auto answer_partition = [&](int worker, size_t partition) {
    OfWorker& mine = folds[static_cast<size_t>(worker)];
    SpillScope scope(&mine.arena);
    std::vector<SortedEntries> sorted;
    size_t codes = 0;
    EntityView view;
    std::vector<EntityView::Machine*> views;
    for (const MachineKey& key : machines) {
      const PipelineProgram& pipeline = state.program().pipelines[static_cast<size_t>(key.first)];
      const int use = pipeline.machines[static_cast<size_t>(key.second)].key_space_use;
      const int key_space = pipeline.key_spaces[static_cast<size_t>(use)].key_space;
      const MachinePartition& entries =
          state.machines[static_cast<size_t>(key.first)][static_cast<size_t>(key.second)].partitions[partition];
      sorted.push_back(sort_entries(entries, *state.key_space(key_space).cells, contexts_->slot_order(key_space)));
      codes = std::max(codes, sorted.back().starts.size() - 1);
      views.push_back(&(view.machines[key] = {&entries, nullptr, nullptr}));
    }
    std::vector<uint64_t> touched;  // context, group
    view.partition = partition;
    for (size_t code = 0; code < codes; ++code) {
      view.code = static_cast<uint32_t>(code);
      for (size_t m = 0; m < machines.size(); ++m) {
        const SortedEntries& entries = sorted[m];
        bool known = code + 1 < entries.starts.size();
        views[m]->begin = entries.items.data() + (known ? entries.starts[code] : 0);
        views[m]->end = entries.items.data() + (known ? entries.starts[code + 1] : 0);
      }
      touched.clear();
      for (size_t l = 0; l < collapse->leaves.size(); ++l) {
        const Formula& leaf = contexts_->formula(collapse->leaves[l]);
        const GroupTable* leaf_table = contexts_->table(collapse->leaves[l]);
        const EntityView::Machine& items = *views[machine_of_leaf[l]];
        for (const EntityItem* item = items.begin; item != items.end; ++item) {
          if (!MachinePartition::has(item->entry, leaf.rows)) continue;
          uint64_t group = contexts_->ancestor(leaf_table, item->group, table);
          for (uint32_t c : collapse->touched[l][item->rank]) {
            touched.push_back(uint64_t{c} << 32 | group);
            contexts_->each_union(table, static_cast<uint32_t>(group), collapse->owners,
                                  [&](uint32_t id) { touched.push_back(uint64_t{c} << 32 | id); });
          }
        }
      }
      std::sort(touched.begin(), touched.end());
      touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
      for (uint64_t at : touched) {
        uint32_t context = static_cast<uint32_t>(at >> 32), group = static_cast<uint32_t>(at);
        fold_value(f.finish, evaluate(f.a, collapse->by_index[context], group, view), inner.exact,
                   &mine.folds[context * collapse->groups + group]);
      }
    }
  };
  workers->parallel_for(kPartitions, answer_partition);
  SpillScope scope(&collapse->arena);
  for (OfWorker& of_worker : folds) {
    for (size_t i = 0; i < collapse->folds.size(); ++i) {
      merge_folds(f.finish, inner.exact, of_worker.folds[i], &collapse->folds[i]);
    }
    collapse->arena.take(std::move(of_worker.arena));
  }
}

const Fold& EntityQueries::collapse(int node, const Context& context, uint32_t group) const {
  const Collapse& collapse = collapses_.at(node);
  return collapse.folds[collapse.contexts.at(context) * collapse.groups + group];
}

}  // namespace alidade
