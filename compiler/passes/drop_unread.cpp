// What no output reads goes. See drop_unread.h.
#include "compiler/passes/drop_unread.h"

#include "compiler/plan/canonical_order.h"
#include "compiler/plan/ops.h"
#include "compiler/plan/renumber.h"

namespace alidade {
namespace {

/// Which of a list's items are read.
class Marks {
 public:
  explicit Marks(size_t size) : read_(size, false) {}
  void mark(int index) {
    if (index >= 0) read_[static_cast<size_t>(index)] = true;
  }
  bool has(size_t index) const { return read_[index]; }
  Renumbering places() const { return kept_places(read_); }

 private:
  std::vector<bool> read_;
};

void drop_formulas(Plan& plan) {
  Marks read(plan.formulas.size());
  for (const Output& output : plan.outputs) {
    read.mark(output.formula);
    read.mark(output.rank);
  }
  for (size_t i = plan.formulas.size(); i-- > 0;) {
    if (!read.has(i)) continue;
    for (const int child : {plan.formulas[i].a, plan.formulas[i].b, plan.formulas[i].c}) read.mark(child);
  }
  renumber_formulas(plan, read.places());
}

void drop_accumulators(Plan& plan, int pipeline) {
  Marks read(plan.pipelines[static_cast<size_t>(pipeline)].accumulators.size());
  for (const Formula& leaf : plan.formulas) {
    if (leaf.kind != FormulaKind::kCell || leaf.pipeline != pipeline) continue;
    for (const int accumulator : {leaf.accumulator, leaf.count, leaf.rows}) read.mark(accumulator);
  }
  each_presence(plan, [&](const Presence& presence) {
    if (presence.pipeline == pipeline && presence.machine < 0) read.mark(presence.index);
  });
  renumber_accumulators(plan, pipeline, read.places());
}

bool is_read(const Pipeline& pipeline) { return !pipeline.accumulators.empty() || !pipeline.machines.empty(); }

void drop_machine_parts(Plan& plan, int pipeline, int index) {
  const Machine& machine = plan.pipelines[static_cast<size_t>(pipeline)].machines[static_cast<size_t>(index)];
  Marks bits(machine.bits.size());
  Marks folds(machine.folds.size());
  for (const Formula& leaf : plan.formulas) {
    if (leaf.pipeline != pipeline || leaf.machine != index) continue;
    bits.mark(leaf.rows);
    folds.mark(leaf.accumulator);
    folds.mark(leaf.count);
  }
  each_presence(plan, [&](const Presence& presence) {
    if (presence.pipeline == pipeline && presence.machine == index) bits.mark(presence.index);
  });
  for (const Pipeline& derived : plan.pipelines) {
    const bool reads = derived.source.pipeline == pipeline && derived.source.machine == index;
    if (reads && is_read(derived)) folds.mark(derived.source.accumulator);
  }
  for (size_t i = 0; i < machine.folds.size(); ++i) {
    if (folds.has(i)) bits.mark(machine.folds[i].bit);
  }
  renumber_folds(plan, pipeline, index, folds.places());
  renumber_bits(plan, pipeline, index, bits.places());
}

void drop_machines(Plan& plan, int pipeline) {
  const auto& machines = plan.pipelines[static_cast<size_t>(pipeline)].machines;
  Marks read(machines.size());
  for (size_t m = 0; m < machines.size(); ++m) {
    drop_machine_parts(plan, pipeline, static_cast<int>(m));
    if (!machines[m].bits.empty()) read.mark(static_cast<int>(m));
  }
  renumber_machines(plan, pipeline, read.places());
}

void mark_dispatch(const Dispatch& dispatch, Marks& ops) {
  for (const auto& updates : dispatch.cases) {
    for (const Dispatch::Update& update : updates) ops.mark(update.guard);
  }
  for (const Dispatch::Update& update : dispatch.always) ops.mark(update.guard);
}

/// A kept row carries on what a derived pipeline still reads.
void drop_carried(Plan& plan, int index) {
  Pipeline& pipeline = plan.pipelines[static_cast<size_t>(index)];
  for (size_t m = 0; m < pipeline.machines.size(); ++m) {
    for (size_t f = 0; f < pipeline.machines[m].folds.size(); ++f) {
      const RowSource source{index, static_cast<int>(m), static_cast<int>(f)};
      std::vector<ColumnUse> needed;
      for (const Pipeline& derived : plan.pipelines) {
        if (derived.source != source) continue;
        const std::vector<ColumnUse> columns = carried_columns(plan, derived);
        needed.insert(needed.end(), columns.begin(), columns.end());
      }
      std::erase_if(pipeline.machines[m].folds[f].carried, [&](int op) {
        const int column = pipeline.ops[static_cast<size_t>(op)].column;
        return std::find(needed.begin(), needed.end(), pipeline.columns[static_cast<size_t>(column)]) == needed.end();
      });
    }
  }
}

void drop_ops(Pipeline& pipeline) {
  Marks read(pipeline.ops.size());
  for (const Accumulator& accumulator : pipeline.accumulators) {
    for (const int op : {accumulator.input, accumulator.guard, accumulator.moment.time, accumulator.moment.order}) {
      read.mark(op);
    }
  }
  for (const Machine& machine : pipeline.machines) {
    for (const int bit : machine.bits) read.mark(bit);
    for (const Machine::Fold& fold : machine.folds) {
      for (const int op : {fold.input, fold.moment.time, fold.moment.order}) read.mark(op);
      for (const int op : fold.carried) read.mark(op);
    }
  }
  mark_dispatch(pipeline.dispatch, read);
  for (size_t i = pipeline.ops.size(); i-- > 0;) {
    if (!read.has(i)) continue;
    for (const int operand : {pipeline.ops[i].a, pipeline.ops[i].b, pipeline.ops[i].c}) read.mark(operand);
  }
  renumber_ops(pipeline, read.places());
}

void drop_key_space_uses(Pipeline& pipeline) {
  Marks read(pipeline.key_spaces.size());
  for (const Accumulator& accumulator : pipeline.accumulators) read.mark(accumulator.key_space_use);
  for (const Machine& machine : pipeline.machines) read.mark(machine.key_space_use);
  renumber_key_space_uses(pipeline, read.places());
}

void drop_columns(Pipeline& pipeline) {
  Marks read(pipeline.columns.size());
  for (const Op& op : pipeline.ops) read.mark(op.column);
  for (const KeySpaceUse& use : pipeline.key_spaces) {
    for (const int column : use.dimension_columns) read.mark(column);
  }
  for (const Machine& machine : pipeline.machines) read.mark(machine.key_column);
  read.mark(pipeline.dispatch.column);
  renumber_columns(pipeline, read.places());
}

void drop_pipelines(Plan& plan) {
  Marks read(plan.pipelines.size());
  for (size_t i = 0; i < plan.pipelines.size(); ++i) {
    const Pipeline& pipeline = plan.pipelines[i];
    if (is_read(pipeline)) read.mark(static_cast<int>(i));
  }
  renumber_pipelines(plan, read.places());
}

void drop_key_spaces_and_domains(Plan& plan) {
  Marks spaces(plan.key_spaces.size());
  Marks domains(plan.domains.size());
  for (const Formula& formula : plan.formulas) {
    spaces.mark(formula.key_space);
    domains.mark(formula.domain);
  }
  for (const Output& output : plan.outputs) spaces.mark(output.key_space);
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const KeySpaceUse& use : pipeline.key_spaces) spaces.mark(use.key_space);
    for (const Machine& machine : pipeline.machines) domains.mark(machine.domain);
  }
  renumber_key_spaces(plan, spaces.places());
  renumber_domains(plan, domains.places());
}

void drop_rates(Plan& plan) {
  Marks rates(plan.rates.size());
  for (const Formula& formula : plan.formulas) rates.mark(formula.rate);
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const ColumnUse& column : pipeline.columns) rates.mark(column.rate);
  }
  renumber_rates(plan, rates.places());
}

void drop_sources(Plan& plan) {
  Marks streams(plan.streams.size());
  Marks tables(plan.tables.size());
  for (const Formula& formula : plan.formulas) {
    for (const int stream : formula.streams) streams.mark(stream);
  }
  for (const Output& output : plan.outputs) {
    for (const int stream : output.streams) streams.mark(stream);
  }
  for (const Pipeline& pipeline : plan.pipelines) {
    streams.mark(pipeline.stream);
    tables.mark(plan.streams[static_cast<size_t>(pipeline.stream)].table);
    for (const ColumnUse& column : pipeline.columns) tables.mark(column.table);
  }
  for (const Rate& rate : plan.rates) tables.mark(rate.table);
  renumber_streams(plan, streams.places());
  renumber_tables(plan, tables.places());
}

Marks roles(const SourceSchema& source) {
  Marks read(source.fields.size());
  for (const int field :
       {source.time, source.id, source.order, source.arrived, source.key, source.valid_from, source.valid_to}) {
    read.mark(field);
  }
  return read;
}

void drop_fields(Plan& plan) {
  std::vector<Marks> streams;
  std::vector<Marks> tables;
  for (const SourceSchema& stream : plan.streams) streams.push_back(roles(stream));
  for (const SourceSchema& table : plan.tables) tables.push_back(roles(table));
  for (const Pipeline& pipeline : plan.pipelines) {
    Marks& fields = streams[static_cast<size_t>(pipeline.stream)];
    for (const ColumnUse& column : pipeline.columns) {
      fields.mark(column.entity_field);
      if (column.kind == ColumnKind::kField) fields.mark(column.field);
      if (column.kind == ColumnKind::kAttribute) tables[static_cast<size_t>(column.table)].mark(column.field);
    }
  }
  for (const Rate& rate : plan.rates) tables[static_cast<size_t>(rate.table)].mark(rate.field);
  for (size_t s = 0; s < plan.streams.size(); ++s) {
    const SourceSchema& rows = plan.streams[s];
    for (size_t f = 0; rows.table >= 0 && f < rows.fields.size(); ++f) {
      if (streams[s].has(f))
        tables[static_cast<size_t>(rows.table)].mark(field_of_table(plan.tables, rows, static_cast<int>(f)));
    }
  }
  for (size_t i = 0; i < streams.size(); ++i) renumber_stream_fields(plan, static_cast<int>(i), streams[i].places());
  for (size_t i = 0; i < tables.size(); ++i) renumber_table_fields(plan, static_cast<int>(i), tables[i].places());
}

}  // namespace

Plan drop_unread(Plan plan) {
  order_presence(plan);
  drop_formulas(plan);
  for (size_t i = plan.pipelines.size(); i-- > 0;) {  // a derived pipeline before the one that it reads
    drop_accumulators(plan, static_cast<int>(i));
    drop_machines(plan, static_cast<int>(i));
    drop_carried(plan, static_cast<int>(i));
    drop_ops(plan.pipelines[i]);
    drop_key_space_uses(plan.pipelines[i]);
    drop_columns(plan.pipelines[i]);
  }
  drop_pipelines(plan);
  drop_key_spaces_and_domains(plan);
  drop_rates(plan);
  drop_sources(plan);
  drop_fields(plan);
  return plan;
}

}  // namespace alidade
