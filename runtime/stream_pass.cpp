// The pass over a stream. A window of batches is bound and worked on in parallel: every morsel updates its worker's
// cells and scatters its narrow rows; then every partition takes its rows in input order. Door: stream_pass.h.
#include "runtime/stream_pass.h"

#include <algorithm>
#include <array>

#include "runtime/kept_rows.h"
#include "runtime/read_ahead.h"

namespace alidade {
namespace {

// Rows and batches of a window, for each worker. Narrow rows wait in memory until the window's end, so a stream with
// machines takes shorter ones.
constexpr int64_t kRowsPerWorker = 1 << 20, kNarrowRowsPerWorker = 1 << 18;
constexpr size_t kBatchesPerWorker = 16;
constexpr uint16_t kNoCase = 0xffff;

}  // namespace

StreamPass::StreamPass(size_t pipeline, const std::vector<std::unique_ptr<LoadedTable>>& tables, Workers* workers,
                       State* state)
    : pipeline_(state->program().pipelines[pipeline]),
      schema_(state->program().streams[static_cast<size_t>(pipeline_.stream)]),
      tables_(tables),
      index_(pipeline),
      threads_(workers),
      state_(state) {
  plan_columns();
  std::vector<KeySpaceCells> uses;
  for (const KeySpaceUse& use : pipeline_.key_spaces) uses.push_back(state->key_space(use.key_space));
  for (int w = 0; w < workers->count(); ++w)
    workers_.push_back(std::make_unique<Worker>(pipeline_, uses, schema_.table >= 0));
  if (pipeline_.source.derived() || schema_.table >= 0) return;
  binder_ = std::make_unique<Binder>(schema_, specs_, state->calendar(), state->pool);
  if (schema_.id >= 0) {
    FieldKind kind = schema_.fields[static_cast<size_t>(schema_.id)].kind;
    deduplicator_ = std::make_unique<Deduplicator>(kind, id_, widths_);
  }
}

size_t StreamPass::bind_column(int field, ColumnForm form, const std::vector<std::string>& classes) {
  auto same = [&](const ColumnSpec& spec) {
    return spec.field == field && spec.form == form && spec.classes == classes;
  };
  auto found = std::find_if(specs_.begin(), specs_.end(), same);
  if (found != specs_.end()) return static_cast<size_t>(found - specs_.begin());
  specs_.push_back({field, form, classes});
  widths_.push_back(value_bytes(schema_.fields[static_cast<size_t>(field)].kind, form));
  return specs_.size() - 1;
}

void StreamPass::plan_columns() {
  const Program& program = state_->program();
  if (schema_.table >= 0) {
    specs_.push_back({-1, ColumnForm::kValue, {}});  // the instant that a row is looked at
    widths_.push_back(sizeof(Instant));
  } else {
    time_ = bind_column(schema_.time, ColumnForm::kValue, {});
  }
  const bool from_stream = !pipeline_.source.derived();
  if (from_stream && schema_.id >= 0) id_ = bind_column(schema_.id, ColumnForm::kValue, {});
  if (from_stream && schema_.arrived >= 0) arrived_ = bind_column(schema_.arrived, ColumnForm::kValue, {});
  for (const ColumnUse& use : pipeline_.columns) {
    ColumnOrigin origin;
    origin.kind = use.kind;
    if (use.kind == ColumnKind::kField) {
      origin.bound = bind_column(use.field, use.form, use.classes);
      origin.width = widths_[origin.bound];
      // Copies of an id are compared by their texts, not by the classes that texts fall into.
      if (from_stream && schema_.id >= 0) bind_column(use.field, ColumnForm::kValue, {});
    } else {
      origin.bound = bind_column(use.entity_field, ColumnForm::kValue, {});
      origin.table = tables_[static_cast<size_t>(use.table)].get();
      Lookup lookup{origin.table, origin.bound};
      auto found = std::find(lookups_.begin(), lookups_.end(), lookup);
      origin.lookup = static_cast<size_t>(found - lookups_.begin());
      if (found == lookups_.end()) lookups_.push_back(lookup);
      if (use.kind == ColumnKind::kAttribute) {
        const SourceSchema& table = program.tables[static_cast<size_t>(use.table)];
        origin.attribute = {use.field, use.form, use.classes};
        origin.width = value_bytes(table.fields[static_cast<size_t>(use.field)].kind, use.form);
      }
    }
    origins_.push_back(std::move(origin));
  }
}

Status StreamPass::run(BatchSource* source, bool skip_bad_rows, const std::function<void(int64_t, int64_t)>& progress) {
  const int64_t most_rows = (pipeline_.machines.empty() ? kRowsPerWorker : kNarrowRowsPerWorker) * threads_->count();
  const size_t most_batches = kBatchesPerWorker * static_cast<size_t>(threads_->count());
  StreamState& stream = state_->streams[index_];
  ReadAhead reader(source, threads_->count() > 1);
  for (bool more = true; more;) {
    std::vector<Batch> batches;
    int64_t rows = 0;
    ReadStep step;
    while (more && rows < most_rows && batches.size() < most_batches) {
      step = reader.next();
      if (step.error) return *step.error;
      stream.rows += step.refused.total();
      stream.bad.append(step.refused);
      if (!skip_bad_rows && stream.bad.total() > 0) return bad_rows_error(stream.bad);
      more = step.more;
      if (!more) break;
      rows += step.batch.array.length;
      batches.push_back(std::move(step.batch));
    }
    stream.rows += rows;
    Status done = window(std::move(batches), skip_bad_rows);
    if (!done.ok()) return done;
    if (progress) progress(step.done, step.all);
  }
  take_workers(&stream);
  return Done{};
}

void StreamPass::take_workers(StreamState* stream) {
  for (std::unique_ptr<Worker>& worker : workers_) {
    state_->cells[index_].take(std::move(worker->cells), pipeline_, {});
    for (const auto& [entity, count] : worker->without_entity) stream->without_entity[entity] += count;
  }
}

void StreamPass::run_kept(TieLog* ties) {
  const KeptRows kept(state_, pipeline_.source, specs_);
  std::array<size_t, kPartitions + 1> first_morsel{};
  for (size_t p = 0; p < kPartitions; ++p) {
    first_morsel[p + 1] = first_morsel[p] + (kept.most_rows(p) + AL_MORSEL_ROWS - 1) / AL_MORSEL_ROWS;
  }
  prepare_scattered(first_morsel.back());
  threads_->parallel_for(kPartitions, [&](int worker, size_t partition) {
    size_t morsel = first_morsel[partition];
    for (const BoundBatch& batch : kept.rows(partition, ties)) {
      run_morsel(workers_[static_cast<size_t>(worker)].get(), {&batch, 0, batch.row_count}, &scattered_[morsel++]);
    }
  });
  take_partitions();
  size_t stream = static_cast<size_t>(pipeline_.source.pipeline);
  while (state_->program().pipelines[stream].source.derived()) {
    stream = static_cast<size_t>(state_->program().pipelines[stream].source.pipeline);
  }
  take_workers(&state_->streams[stream]);
}

// Windows of instants, as a stream's of batches.
void StreamPass::run_table(const LoadedTable& table, const std::vector<Instant>& instants) {
  const size_t most_rows =
      static_cast<size_t>((pipeline_.machines.empty() ? kRowsPerWorker : kNarrowRowsPerWorker) * threads_->count());
  for (size_t begin = 0; begin < instants.size();) {
    std::vector<std::vector<int64_t>> rows;
    std::vector<BatchWork> work;
    size_t row_count = 0, morsels = 0;
    for (; begin + work.size() < instants.size() && row_count < most_rows;) {
      rows.push_back(table.valid_at(instants[begin + work.size()]));
      work.emplace_back().first_morsel = morsels;
      row_count += rows.back().size();
      morsels += (rows.back().size() + AL_MORSEL_ROWS - 1) / AL_MORSEL_ROWS;
    }
    prepare_scattered(morsels);
    threads_->parallel_for(work.size(), [&](int worker, size_t b) {
      work[b].bound = rows_at(table, rows[b], instants[begin + b]);
      run_batch(worker, &work[b]);
    });
    take_partitions();
    begin += work.size();
  }
  take_workers(&state_->streams[index_]);
}

// The columns of some rows of a table, at an instant.
BoundBatch StreamPass::rows_at(const LoadedTable& table, const std::vector<int64_t>& rows, Instant at) const {
  BoundBatch batch;
  batch.row_count = static_cast<int64_t>(rows.size());
  for (size_t c = 0; c < specs_.size(); ++c) {
    batch.owned.push_back(std::make_unique<uint8_t[]>(rows.size() * widths_[c]));
    uint8_t* values = batch.owned.back().get();
    if (specs_[c].field < 0) {
      std::fill_n(reinterpret_cast<Instant*>(values), rows.size(), at);
      batch.columns.push_back({values, nullptr});
      continue;
    }
    batch.owned.push_back(std::make_unique<uint8_t[]>(rows.size()));
    uint8_t* valid = batch.owned.back().get();
    ColumnSpec own = specs_[c];
    own.field = field_of_table(state_->program().tables, schema_, own.field);
    table.gather(own, rows.data(), batch.row_count, values, valid);
    const bool optional = schema_.fields[static_cast<size_t>(specs_[c].field)].optional;
    batch.columns.push_back({values, optional ? valid : nullptr});
  }
  return batch;
}

void StreamPass::take_partitions() {
  if (pipeline_.machines.empty()) return;
  threads_->parallel_for(kPartitions, [&](int, size_t partition) { take_partition(partition, scattered_); });
}

// Bound batches go on to their morsels at once, while their columns are in the cache; only deduplication has to see all
// of the window first.
Status StreamPass::window(std::vector<Batch> batches, bool skip_bad_rows) {
  std::vector<BatchWork> work(batches.size());
  size_t morsels = 0;
  for (size_t b = 0; b < batches.size(); ++b) {
    work[b].first_morsel = morsels;
    morsels += (static_cast<size_t>(batches[b].array.length) + AL_MORSEL_ROWS - 1) / AL_MORSEL_ROWS;
  }
  prepare_scattered(morsels);
  auto usable = [&](const BatchWork& of_batch) {
    return of_batch.error == std::nullopt && (skip_bad_rows || of_batch.bound.bad.total() == 0);
  };
  auto bind = [&](size_t b) {
    Result<BoundBatch> bound = binder_->bind(std::move(batches[b]));
    if (bound.ok()) {
      work[b].bound = std::move(*bound);
    } else {
      work[b].error = bound.error();
    }
  };
  if (deduplicator_ == nullptr) {
    threads_->parallel_for(work.size(), [&](int worker, size_t b) {
      bind(b);
      if (usable(work[b])) run_batch(worker, &work[b]);
    });
  } else {
    threads_->parallel_for(work.size(), [&](int, size_t b) { bind(b); });
    if (std::all_of(work.begin(), work.end(), usable)) drop_copies(&work);
    if (std::all_of(work.begin(), work.end(), usable)) {
      threads_->parallel_for(work.size(), [&](int worker, size_t b) { run_batch(worker, &work[b]); });
    }
  }
  for (const BatchWork& of_batch : work) {
    if (of_batch.error) return *of_batch.error;
    if (!usable(of_batch)) return bad_rows_error(of_batch.bound.bad);
    state_->streams[index_].merge(of_batch.seen);
  }
  take_partitions();
  return Done{};
}

void StreamPass::drop_copies(std::vector<BatchWork>* work) {
  std::vector<BoundBatch> bound;
  for (BatchWork& of_batch : *work) bound.push_back(std::move(of_batch.bound));
  const std::string& id_name = schema_.fields[static_cast<size_t>(schema_.id)].source;
  state_->streams[index_].duplicates += deduplicator_->drop_copies(&bound, id_name, state_->pool, threads_);
  for (size_t b = 0; b < bound.size(); ++b) (*work)[b].bound = std::move(bound[b]);
}

// Counts a bound batch, runs its morsels, and gives its columns back.
void StreamPass::run_batch(int worker, BatchWork* work) {
  BoundBatch& batch = work->bound;
  const Counts counts = count_batch(batch);
  work->seen = {.late = counts.late,
                .ambiguous_times = batch.ambiguous_times,
                .bad = batch.bad,
                .covered = batch.row_count > 0,
                .first = counts.first,
                .last = counts.last};
  size_t morsel = work->first_morsel;
  for (int64_t begin = 0; begin < batch.row_count; begin += AL_MORSEL_ROWS) {
    const Morsel rows{&batch, begin, std::min<int64_t>(AL_MORSEL_ROWS, batch.row_count - begin)};
    run_morsel(workers_[static_cast<size_t>(worker)].get(), rows, &scattered_[morsel++]);
  }
  batch.owned.clear();
  batch.batch = Batch();
}

StreamPass::Counts StreamPass::count_batch(const BoundBatch& batch) const {
  Counts counts;
  const Instant* times = static_cast<const Instant*>(batch.columns[time_].values);
  for (int64_t i = 0; i < batch.row_count; ++i) {
    counts.first = std::min(counts.first, times[i]);
    counts.last = std::max(counts.last, times[i]);
  }
  if (schema_.arrived < 0) return counts;
  const al_column& arrived = batch.columns[arrived_];
  const Instant* arrivals = static_cast<const Instant*>(arrived.values);
  for (int64_t i = 0; i < batch.row_count; ++i) {
    bool there = arrived.valid == nullptr || arrived.valid[i] != 0;
    counts.late += there && arrivals[i] - times[i] > schema_.late_micros ? 1 : 0;
  }
  return counts;
}

void StreamPass::prepare_scattered(size_t morsels) {
  scattered_.resize(std::max(scattered_.size(), morsels));
  for (std::vector<ScatteredRows>& of_morsel : scattered_) {
    of_morsel.resize(pipeline_.machines.size());
    for (ScatteredRows& rows : of_morsel) rows.starts = {};
  }
}

void StreamPass::run_morsel(Worker* worker, const Morsel& morsel, std::vector<ScatteredRows>* scattered) {
  SpillScope scope(&worker->cells.arena);
  bind_morsel(worker, morsel);
  const Instant* times = static_cast<const Instant*>(morsel.batch->columns[time_].values) + morsel.begin;
  worker->indexer.index(times, worker->columns.data(), morsel.count);
  worker->bases.clear();
  for (size_t k = 0; k < pipeline_.key_spaces.size(); ++k) {
    uint32_t cells = state_->key_space(pipeline_.key_spaces[k].key_space).cells->cell_count();
    CellArray& array = worker->cells.arrays[k];
    size_t needed = static_cast<size_t>(cells) * array.stride;
    if (needed > array.bytes.size()) array.bytes.grow(needed + needed / 2);
    worker->bases.push_back(array.bytes.data());
    for (const AccumulatorLayout& accumulator : pipeline_.accumulators) {
      if (accumulator.sink < 0 || static_cast<size_t>(accumulator.key_space_use) != k) continue;
      worker->cells.sinks[static_cast<size_t>(accumulator.sink)].reserve(cells);
    }
  }
  worker->sinks.clear();
  for (al_sink& sink : worker->cells.sinks) worker->sinks.push_back(&sink);
  const al_morsel native{worker->columns.data(), morsel.count, worker->indexer.cells(), worker->bases.data(),
                         worker->sinks.data()};
  dispatch(worker, native);
  for (al_update function : pipeline_.always) function(&native, nullptr, morsel.count);
  exchange(worker, native, scattered);
}

// Points the worker's columns at the morsel's rows; attributes are gathered through the row's entity.
void StreamPass::bind_morsel(Worker* worker, const Morsel& morsel) {
  auto shifted = [&](size_t bound) {
    al_column column = morsel.batch->columns[bound];
    column.values = static_cast<const uint8_t*>(column.values) + static_cast<size_t>(morsel.begin) * widths_[bound];
    if (column.valid != nullptr) column.valid += morsel.begin;
    return column;
  };
  worker->lookup_rows.resize(lookups_.size());
  for (size_t l = 0; l < lookups_.size(); ++l) {
    worker->lookup_rows[l].resize(AL_MORSEL_ROWS);
    lookups_[l].table->find(shifted(lookups_[l].bound), static_cast<const Instant*>(shifted(time_).values),
                            morsel.count, worker->lookup_rows[l].data());
  }
  worker->columns.resize(origins_.size());
  worker->gathered.resize(origins_.size());
  worker->gathered_valid.resize(origins_.size());
  for (size_t c = 0; c < origins_.size(); ++c) {
    const ColumnOrigin& origin = origins_[c];
    if (origin.kind == ColumnKind::kField) {
      worker->columns[c] = shifted(origin.bound);
      continue;
    }
    worker->gathered[c].resize(AL_MORSEL_ROWS);
    worker->gathered_valid[c].resize(AL_MORSEL_ROWS);
    uint8_t* values = reinterpret_cast<uint8_t*>(worker->gathered[c].data());
    uint8_t* valid = worker->gathered_valid[c].data();
    const int64_t* rows = worker->lookup_rows[origin.lookup].data();
    if (origin.kind == ColumnKind::kMember) {
      for (int64_t i = 0; i < morsel.count; ++i) values[i] = rows[i] >= 0 ? 1 : 0;
      worker->columns[c] = {values, nullptr};
    } else {
      origin.table->gather(origin.attribute, rows, morsel.count, values, valid);
      worker->columns[c] = {values, valid};
    }
  }
}

// Sorts the rows by case (counting sort, order kept) and runs each case's functions on its rows.
void StreamPass::dispatch(Worker* worker, const al_morsel& morsel) {
  if (pipeline_.dispatch_column < 0) return;
  const size_t case_count = pipeline_.cases.size(), count = static_cast<size_t>(morsel.row_count);
  const al_column& column = morsel.columns[pipeline_.dispatch_column];
  const uint32_t* codes = static_cast<const uint32_t*>(column.values);
  const uint16_t* case_of_code = pipeline_.case_of_code.data();
  const size_t code_count = pipeline_.case_of_code.size();
  worker->cases.resize(AL_MORSEL_ROWS);
  worker->rows.resize(AL_MORSEL_ROWS);
  // Two counts a case: neighbouring rows often share one, and adding to it twice in a row would wait.
  worker->case_starts.assign(2 * case_count + 2, 0);
  uint32_t* starts = worker->case_starts.data();
  uint16_t* cases = worker->cases.data();
  const uint16_t last = static_cast<uint16_t>(case_count);
  const uint8_t* valid = column.valid;
  for (size_t i = 0; i < count; ++i) {
    uint16_t of_row = codes[i] < code_count ? case_of_code[codes[i]] : kNoCase;
    if (valid != nullptr && valid[i] == 0) of_row = kNoCase;
    of_row = std::min(of_row, last);
    cases[i] = of_row;
    ++starts[2 * of_row + (i & 1)];
  }
  uint32_t begin = 0;
  for (size_t c = 0; c <= case_count; ++c) {
    uint32_t size = starts[2 * c] + starts[2 * c + 1];
    starts[c] = begin;
    begin += size;
  }
  uint32_t* rows = worker->rows.data();
  for (size_t i = 0; i < count; ++i) rows[starts[cases[i]]++] = static_cast<uint32_t>(i);
  for (size_t c = 0; c < case_count; ++c) {
    uint32_t first = c == 0 ? 0 : starts[c - 1];  // starts[c] has moved to the case's end
    if (starts[c] == first) continue;
    for (al_update function : pipeline_.cases[c]) function(&morsel, rows + first, starts[c] - first);
  }
}

void StreamPass::exchange(Worker* worker, const al_morsel& morsel, std::vector<ScatteredRows>* scattered) {
  std::vector<std::string> seen_domains;
  for (size_t m = 0; m < pipeline_.machines.size(); ++m) {
    const MachineProgram& machine = pipeline_.machines[m];
    worker->narrow.resize(std::max(worker->narrow.size(), size_t{AL_MORSEL_ROWS} * machine.row_bytes));
    int64_t rows = machine.exchange(&morsel, worker->narrow.data());
    const KeyDomain& domain = state_->program().domains[static_cast<size_t>(machine.domain)];
    scatter(machine, domain.kind, morsel.columns[machine.key_column], worker->narrow.data(), rows, &(*scattered)[m]);
  }
  // A row that several machines of one domain leave out counts once.
  for (size_t m = 0; m < pipeline_.machines.size(); ++m) {
    const std::string& name = state_->program().domains[static_cast<size_t>(pipeline_.machines[m].domain)].name;
    if (std::find(seen_domains.begin(), seen_domains.end(), name) != seen_domains.end()) continue;
    seen_domains.push_back(name);
    worker->left_out.assign(AL_MORSEL_ROWS, 0);
    int64_t count = 0;
    for (size_t other = m; other < pipeline_.machines.size(); ++other) {
      if (state_->program().domains[static_cast<size_t>(pipeline_.machines[other].domain)].name != name) continue;
      for (uint32_t row : (*scattered)[other].rows_without_key) {
        count += worker->left_out[row] == 0 ? 1 : 0;
        worker->left_out[row] = 1;
      }
    }
    if (count > 0) worker->without_entity[name] += count;
  }
}

void StreamPass::take_partition(size_t partition, const std::vector<std::vector<ScatteredRows>>& scattered) {
  for (size_t m = 0; m < pipeline_.machines.size(); ++m) {
    const MachineProgram& machine = pipeline_.machines[m];
    MachinePartition& into = state_->machines[index_][m].partitions[partition];
    SpillScope scope(into.arena());
    DomainKeys& domain = state_->domains[static_cast<size_t>(machine.domain)];
    KeyTable* keys = domain.coded() ? nullptr : &domain.partitions[partition];
    for (const std::vector<ScatteredRows>& of_morsel : scattered) {
      const ScatteredRows& rows = of_morsel[m];
      size_t begin = rows.starts[partition], end = rows.starts[partition + 1];
      into.take(rows.bytes.data() + begin * (8 + machine.row_bytes), end - begin, keys);
    }
  }
}

}  // namespace alidade
