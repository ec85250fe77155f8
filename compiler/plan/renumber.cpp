// Moves and merges parts of a plan. See renumber.h.
#include "compiler/plan/renumber.h"

namespace alidade {
namespace {

void move_all(const Renumbering& to, std::vector<int>& indices) {
  for (int& index : indices) index = moved(to, index);
}

bool is_machine_leaf(const Formula& formula) {
  return formula.kind == FormulaKind::kEntityCell || formula.kind == FormulaKind::kUnique;
}

void renumber_fields(SourceSchema& schema, const Renumbering& to) {
  reorder(schema.fields, to);
  schema.time = moved(to, schema.time);
  schema.id = moved(to, schema.id);
  schema.order = moved(to, schema.order);
  schema.arrived = moved(to, schema.arrived);
  schema.key = moved(to, schema.key);
  schema.valid_from = moved(to, schema.valid_from);
  schema.valid_to = moved(to, schema.valid_to);
}

}  // namespace

Renumbering kept_places(const std::vector<bool>& kept) {
  Renumbering to(kept.size(), -1);
  int next = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (kept[i]) to[i] = next++;
  }
  return to;
}

void renumber_streams(Plan& plan, const Renumbering& to) {
  reorder(plan.streams, to);
  for (Pipeline& pipeline : plan.pipelines) pipeline.stream = moved(to, pipeline.stream);
  for (Formula& formula : plan.formulas) {
    move_all(to, formula.streams);
    std::sort(formula.streams.begin(), formula.streams.end());
  }
  for (Output& output : plan.outputs) {
    move_all(to, output.streams);
    std::sort(output.streams.begin(), output.streams.end());
  }
}

void renumber_tables(Plan& plan, const Renumbering& to) {
  reorder(plan.tables, to);
  for (SourceSchema& stream : plan.streams) stream.table = moved(to, stream.table);
  for (Pipeline& pipeline : plan.pipelines) {
    for (ColumnUse& column : pipeline.columns) column.table = moved(to, column.table);
  }
  for (Rate& rate : plan.rates) rate.table = moved(to, rate.table);
}

void renumber_stream_fields(Plan& plan, int stream, const Renumbering& to) {
  renumber_fields(plan.streams[static_cast<size_t>(stream)], to);
  for (Pipeline& pipeline : plan.pipelines) {
    if (pipeline.stream != stream) continue;
    for (ColumnUse& column : pipeline.columns) {
      if (column.kind == ColumnKind::kField) column.field = moved(to, column.field);
      column.entity_field = moved(to, column.entity_field);
    }
  }
}

void renumber_table_fields(Plan& plan, int table, const Renumbering& to) {
  renumber_fields(plan.tables[static_cast<size_t>(table)], to);
  for (Pipeline& pipeline : plan.pipelines) {
    for (ColumnUse& column : pipeline.columns) {
      if (column.kind == ColumnKind::kAttribute && column.table == table) column.field = moved(to, column.field);
    }
  }
  for (Rate& rate : plan.rates) {
    if (rate.table == table) rate.field = moved(to, rate.field);
  }
}

void renumber_domains(Plan& plan, const Renumbering& to) {
  reorder(plan.domains, to);
  for (Formula& formula : plan.formulas) formula.domain = moved(to, formula.domain);
  for (Pipeline& pipeline : plan.pipelines) {
    for (Machine& machine : pipeline.machines) machine.domain = moved(to, machine.domain);
  }
}

void renumber_key_spaces(Plan& plan, const Renumbering& to) {
  reorder(plan.key_spaces, to);
  for (Formula& formula : plan.formulas) formula.key_space = moved(to, formula.key_space);
  for (Output& output : plan.outputs) output.key_space = moved(to, output.key_space);
  for (Pipeline& pipeline : plan.pipelines) {
    for (KeySpaceUse& use : pipeline.key_spaces) use.key_space = moved(to, use.key_space);
  }
}

void renumber_rates(Plan& plan, const Renumbering& to) {
  reorder(plan.rates, to);
  for (Formula& formula : plan.formulas) formula.rate = moved(to, formula.rate);
  for (Pipeline& pipeline : plan.pipelines) {
    for (ColumnUse& column : pipeline.columns) column.rate = moved(to, column.rate);
  }
}

void renumber_pipelines(Plan& plan, const Renumbering& to) {
  reorder(plan.pipelines, to);
  for (Pipeline& pipeline : plan.pipelines) pipeline.source.pipeline = moved(to, pipeline.source.pipeline);
  for (Formula& formula : plan.formulas) formula.pipeline = moved(to, formula.pipeline);
  each_presence(plan, [&](Presence& presence) { presence.pipeline = moved(to, presence.pipeline); });
}

void renumber_formulas(Plan& plan, const Renumbering& to) {
  for (Formula& formula : plan.formulas) {
    formula.a = moved(to, formula.a);
    formula.b = moved(to, formula.b);
    formula.c = moved(to, formula.c);
  }
  reorder(plan.formulas, to);
  for (Output& output : plan.outputs) {
    output.formula = moved(to, output.formula);
    output.rank = moved(to, output.rank);
  }
}

void renumber_columns(Pipeline& pipeline, const Renumbering& to) {
  reorder(pipeline.columns, to);
  for (Op& op : pipeline.ops) op.column = moved(to, op.column);
  for (KeySpaceUse& use : pipeline.key_spaces) move_all(to, use.dimension_columns);
  for (Machine& machine : pipeline.machines) machine.key_column = moved(to, machine.key_column);
  pipeline.dispatch.column = moved(to, pipeline.dispatch.column);
}

void renumber_ops(Pipeline& pipeline, const Renumbering& to) {
  for (Op& op : pipeline.ops) {
    op.a = moved(to, op.a);
    op.b = moved(to, op.b);
    op.c = moved(to, op.c);
  }
  reorder(pipeline.ops, to);
  const auto move_moment = [&](Moment& moment) { moment = {moved(to, moment.time), moved(to, moment.order)}; };
  for (Accumulator& accumulator : pipeline.accumulators) {
    accumulator.input = moved(to, accumulator.input);
    accumulator.guard = moved(to, accumulator.guard);
    move_moment(accumulator.moment);
  }
  for (Machine& machine : pipeline.machines) {
    move_all(to, machine.bits);
    for (Machine::Fold& fold : machine.folds) {
      fold.input = moved(to, fold.input);
      move_moment(fold.moment);
      move_all(to, fold.carried);
      std::sort(fold.carried.begin(), fold.carried.end());
    }
  }
  for (auto& updates : pipeline.dispatch.cases) {
    for (Dispatch::Update& update : updates) update.guard = moved(to, update.guard);
  }
  for (Dispatch::Update& update : pipeline.dispatch.always) update.guard = moved(to, update.guard);
}

void renumber_key_space_uses(Pipeline& pipeline, const Renumbering& to) {
  reorder(pipeline.key_spaces, to);
  for (Accumulator& accumulator : pipeline.accumulators) {
    accumulator.key_space_use = moved(to, accumulator.key_space_use);
  }
  for (Machine& machine : pipeline.machines) machine.key_space_use = moved(to, machine.key_space_use);
}

void renumber_accumulators(Plan& plan, int pipeline, const Renumbering& to) {
  Pipeline& owner = plan.pipelines[static_cast<size_t>(pipeline)];
  reorder(owner.accumulators, to);
  for (auto& updates : owner.dispatch.cases) {
    for (Dispatch::Update& update : updates) update.accumulator = moved(to, update.accumulator);
  }
  for (Dispatch::Update& update : owner.dispatch.always) update.accumulator = moved(to, update.accumulator);
  for (Formula& formula : plan.formulas) {
    if (formula.kind != FormulaKind::kCell || formula.pipeline != pipeline) continue;
    formula.accumulator = moved(to, formula.accumulator);
    formula.count = moved(to, formula.count);
    formula.rows = moved(to, formula.rows);
  }
  each_presence(plan, [&](Presence& presence) {
    if (presence.pipeline == pipeline && presence.machine < 0) presence.index = moved(to, presence.index);
  });
}

void renumber_machines(Plan& plan, int pipeline, const Renumbering& to) {
  reorder(plan.pipelines[static_cast<size_t>(pipeline)].machines, to);
  for (Pipeline& derived : plan.pipelines) {
    if (derived.source.pipeline == pipeline) derived.source.machine = moved(to, derived.source.machine);
  }
  for (Formula& formula : plan.formulas) {
    if (formula.pipeline == pipeline) formula.machine = moved(to, formula.machine);
  }
  each_presence(plan, [&](Presence& presence) {
    if (presence.pipeline == pipeline) presence.machine = moved(to, presence.machine);
  });
}

void renumber_bits(Plan& plan, int pipeline, int machine, const Renumbering& to) {
  Machine& owner = plan.pipelines[static_cast<size_t>(pipeline)].machines[static_cast<size_t>(machine)];
  reorder(owner.bits, to);
  for (Machine::Fold& fold : owner.folds) fold.bit = moved(to, fold.bit);
  for (Formula& formula : plan.formulas) {
    if (!is_machine_leaf(formula) || formula.pipeline != pipeline || formula.machine != machine) continue;
    formula.rows = moved(to, formula.rows);
  }
  each_presence(plan, [&](Presence& presence) {
    if (presence.pipeline == pipeline && presence.machine == machine) presence.index = moved(to, presence.index);
  });
}

void renumber_folds(Plan& plan, int pipeline, int machine, const Renumbering& to) {
  reorder(plan.pipelines[static_cast<size_t>(pipeline)].machines[static_cast<size_t>(machine)].folds, to);
  for (Pipeline& derived : plan.pipelines) {
    RowSource& source = derived.source;
    if (source.pipeline == pipeline && source.machine == machine) source.accumulator = moved(to, source.accumulator);
  }
  for (Formula& formula : plan.formulas) {
    if (formula.kind != FormulaKind::kEntityCell || formula.pipeline != pipeline || formula.machine != machine)
      continue;
    formula.accumulator = moved(to, formula.accumulator);
    formula.count = moved(to, formula.count);
  }
}

}  // namespace alidade
