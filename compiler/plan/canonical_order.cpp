// An order by content for every list of a plan. See canonical_order.h.
#include "compiler/plan/canonical_order.h"

#include <bit>
#include <tuple>

#include "compiler/plan/ops.h"
#include "compiler/plan/renumber.h"

namespace alidade {
namespace {

/// Places for nodes with operands a, b, c: by depth, then by content with operands already placed. Equal nodes share a
/// place.
template <typename Node, typename Less>
Renumbering places_by_depth(const std::vector<Node>& nodes, Less less) {
  std::vector<size_t> depth(nodes.size(), 0);
  std::vector<std::vector<size_t>> levels;
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const int child : {nodes[i].a, nodes[i].b, nodes[i].c}) {
      if (child >= 0) depth[i] = std::max(depth[i], depth[static_cast<size_t>(child)] + 1);
    }
    if (levels.size() <= depth[i]) levels.resize(depth[i] + 1);
    levels[depth[i]].push_back(i);
  }
  Renumbering to(nodes.size(), -1);
  int next = 0;
  for (const auto& level : levels) {
    std::vector<std::pair<Node, size_t>> placed;
    for (const size_t i : level) {
      Node node = nodes[i];
      node.a = moved(to, node.a);
      node.b = moved(to, node.b);
      node.c = moved(to, node.c);
      placed.emplace_back(std::move(node), i);
    }
    std::stable_sort(placed.begin(), placed.end(),
                     [&](const auto& x, const auto& y) { return less(x.first, y.first); });
    for (size_t i = 0; i < placed.size(); ++i) {
      const bool same = i > 0 && !less(placed[i - 1].first, placed[i].first);
      to[placed[i].second] = same ? next - 1 : next++;
    }
  }
  return to;
}

auto content(const ColumnUse& column) {
  return std::tie(column.kind, column.table, column.field, column.entity_field, column.rate, column.form,
                  column.classes, column.nullable);
}

auto content(const Rate& rate) { return std::tie(rate.table, rate.currency, rate.field, rate.fixed, rate.moment); }

auto content(const Dimension& dimension) { return std::tie(dimension.name, dimension.kind, dimension.values); }

auto constant_content(const CellValue& constant) {
  const int128* exact = std::get_if<int128>(&constant.value);
  const double* number = std::get_if<double>(&constant.value);
  const bool* truth = std::get_if<bool>(&constant.value);
  return std::make_tuple(constant.reason, constant.value.index(), exact != nullptr ? *exact : 0,
                         number != nullptr ? std::bit_cast<uint64_t>(*number) : 0, truth != nullptr && *truth);
}

auto formula_content(const Formula& f) {
  return std::make_tuple(f.kind, f.finish, f.a, f.b, f.c, f.exact, f.boolean, f.scale, f.digits, f.pipeline, f.machine,
                         f.key_space, f.accumulator, f.count, f.rows, f.row_dimensions, f.leaf_scale,
                         f.percentage.numerator, f.percentage.digits, f.window.kind, f.window.period.count,
                         f.window.period.unit, f.window.unit, f.offset.kind, f.offset.period.count,
                         f.offset.period.unit, f.elapsed, f.grain, f.domain, f.rate);
}

bool formula_less(const Formula& a, const Formula& b) {
  const auto left = formula_content(a);
  const auto right = formula_content(b);
  if (left != right) return left < right;
  const auto left_constant = constant_content(a.constant);
  const auto right_constant = constant_content(b.constant);
  if (left_constant != right_constant) return left_constant < right_constant;
  return a.streams < b.streams;
}

bool key_space_less(const KeySpace& a, const KeySpace& b) {
  if (a.grain != b.grain) return a.grain < b.grain;
  return std::lexicographical_compare(a.dimensions.begin(), a.dimensions.end(), b.dimensions.begin(),
                                      b.dimensions.end(),
                                      [](const Dimension& x, const Dimension& y) { return content(x) < content(y); });
}

auto content(const KeySpaceUse& use) { return std::tie(use.key_space, use.dimension_columns); }
auto content(const Accumulator& a) { return std::tie(a.key_space_use, a.guard, a.kind, a.input, a.moment); }
auto content(const Machine::Fold& fold) { return std::tie(fold.bit, fold.kind, fold.input, fold.moment, fold.carried); }
auto content(const Machine& m) { return std::tie(m.domain, m.key_column, m.key_space_use); }
auto content(const KeyDomain& domain) { return std::tie(domain.name, domain.kind); }
auto content(const Presence& presence) { return std::tie(presence.pipeline, presence.machine, presence.index); }

template <typename T>
Renumbering places_by_content(const std::vector<T>& items) {
  return sorted_places(items.size(), [&](int a, int b) {
    return content(items[static_cast<size_t>(a)]) < content(items[static_cast<size_t>(b)]);
  });
}

Renumbering places_by_name(const std::vector<SourceSchema>& sources) {
  return sorted_places(sources.size(), [&](int a, int b) {
    return sources[static_cast<size_t>(a)].name < sources[static_cast<size_t>(b)].name;
  });
}

void order_machines(Plan& plan, int pipeline) {
  Pipeline& owner = plan.pipelines[static_cast<size_t>(pipeline)];
  renumber_machines(plan, pipeline, places_by_content(owner.machines));
  for (size_t m = 0; m < owner.machines.size(); ++m) {
    const Machine& machine = owner.machines[m];
    const auto by_op = [&](int a, int b) {
      return machine.bits[static_cast<size_t>(a)] < machine.bits[static_cast<size_t>(b)];
    };
    renumber_bits(plan, pipeline, static_cast<int>(m), sorted_places(machine.bits.size(), by_op));
    renumber_folds(plan, pipeline, static_cast<int>(m), places_by_content(machine.folds));
  }
}

void order_dispatch(Dispatch& dispatch) {
  const auto by_accumulator = [](const Dispatch::Update& a, const Dispatch::Update& b) {
    return a.accumulator < b.accumulator;
  };
  for (auto& updates : dispatch.cases) std::stable_sort(updates.begin(), updates.end(), by_accumulator);
  std::stable_sort(dispatch.always.begin(), dispatch.always.end(), by_accumulator);
  const Renumbering to = sorted_places(dispatch.case_codes.size(), [&](int a, int b) {
    return dispatch.case_codes[static_cast<size_t>(a)] < dispatch.case_codes[static_cast<size_t>(b)];
  });
  reorder(dispatch.case_codes, to);
  reorder(dispatch.cases, to);
}

void order_pipeline(Plan& plan, int index) {
  Pipeline& pipeline = plan.pipelines[static_cast<size_t>(index)];
  order_row_expressions(pipeline);
  renumber_key_space_uses(pipeline, places_by_content(pipeline.key_spaces));
  renumber_accumulators(plan, index, places_by_content(pipeline.accumulators));
  order_machines(plan, index);
  order_dispatch(pipeline.dispatch);
}

/// How many pipelines the rows go through before this one.
int depth_of(const Plan& plan, const Pipeline& pipeline) {
  int depth = 0;
  for (int at = pipeline.source.pipeline; at >= 0; at = plan.pipelines[static_cast<size_t>(at)].source.pipeline)
    ++depth;
  return depth;
}

/// Those that read streams first; derived ones by what they read, once that has its place.
void order_pipelines(Plan& plan) {
  const auto place = [&](int index) {
    const Pipeline& pipeline = plan.pipelines[static_cast<size_t>(index)];
    return std::make_tuple(depth_of(plan, pipeline), pipeline.source, pipeline.stream);
  };
  for (size_t ordered = 0; ordered < plan.pipelines.size();) {
    const auto places = sorted_places(plan.pipelines.size(), [&](int a, int b) { return place(a) < place(b); });
    renumber_pipelines(plan, places);
    const int depth = depth_of(plan, plan.pipelines[ordered]);
    for (; ordered < plan.pipelines.size() && depth_of(plan, plan.pipelines[ordered]) == depth; ++ordered) {
      order_pipeline(plan, static_cast<int>(ordered));
    }
  }
}

}  // namespace

void order_row_expressions(Pipeline& pipeline) {
  renumber_columns(pipeline, places_by_content(pipeline.columns));
  renumber_ops(pipeline, places_by_depth(pipeline.ops, OpLess()));
}

void order_presence(Plan& plan) {
  for (Output& output : plan.outputs) {
    auto& presence = output.presence;
    std::sort(presence.begin(), presence.end(),
              [](const Presence& a, const Presence& b) { return content(a) < content(b); });
    presence.erase(std::unique(presence.begin(), presence.end()), presence.end());
    if (presence.empty()) continue;
    const Presence& first = presence.front();
    const Pipeline& pipeline = plan.pipelines[static_cast<size_t>(first.pipeline)];
    const int use = first.machine < 0 ? pipeline.accumulators[static_cast<size_t>(first.index)].key_space_use
                                      : pipeline.machines[static_cast<size_t>(first.machine)].key_space_use;
    output.key_space = pipeline.key_spaces[static_cast<size_t>(use)].key_space;
  }
  std::sort(plan.unrated.begin(), plan.unrated.end(),
            [](const Presence& a, const Presence& b) { return content(a) < content(b); });
}

void order_formulas(Plan& plan) { renumber_formulas(plan, places_by_depth(plan.formulas, formula_less)); }

Plan canonical_order(Plan plan) {
  renumber_streams(plan, places_by_name(plan.streams));
  renumber_tables(plan, places_by_name(plan.tables));
  renumber_domains(plan, places_by_content(plan.domains));
  renumber_rates(plan, places_by_content(plan.rates));
  renumber_key_spaces(plan, sorted_places(plan.key_spaces.size(), [&](int a, int b) {
                        return key_space_less(plan.key_spaces[static_cast<size_t>(a)],
                                              plan.key_spaces[static_cast<size_t>(b)]);
                      }));
  order_pipelines(plan);
  order_presence(plan);
  order_formulas(plan);
  return plan;
}

}  // namespace alidade
