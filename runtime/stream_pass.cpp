// The pass over a stream. A window of batches is bound and worked on in parallel: every morsel updates its worker's
// cells and scatters its narrow rows; then every partition takes its rows in input order. Door: stream_pass.h.
#include "runtime/stream_pass.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "runtime/kept_rows.h"

namespace alidade {
namespace {

// Rows and batches of a window, for each worker: narrow rows wait in memory until the window's end.
constexpr int64_t kRowsPerWorker = 1 << 18;
constexpr size_t kBatchesPerWorker = 16;

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
  keep_dictionaries();
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
    } else if (use.kind == ColumnKind::kRate) {
      origin.rate = &state_->rates[static_cast<size_t>(use.rate)];
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

// Codes that only rows' runs, loops and exchanges read may stay behind their dictionary.
void StreamPass::keep_dictionaries() {
  if (schema_.id >= 0 || schema_.table >= 0 || pipeline_.source.derived()) return;
  for (size_t bound = 0; bound < specs_.size(); ++bound) {
    const FieldKind kind = schema_.fields[static_cast<size_t>(specs_[bound].field)].kind;
    const bool looked_up =
        std::any_of(lookups_.begin(), lookups_.end(), [&](const Lookup& l) { return l.bound == bound; });
    specs_[bound].keep_dictionary = (kind == FieldKind::kText || kind == FieldKind::kOneOf) && !looked_up;
  }
}

Status StreamPass::run(BatchSource* source, bool skip_bad_rows, const std::function<void(int64_t, int64_t)>& progress) {
  ReadAhead reader(source, threads_->count() > 1);
  const bool free_batches = deduplicator_ == nullptr && pipeline_.machines.empty();
  Status done =
      free_batches ? run_batches(&reader, skip_bad_rows, progress) : run_windows(&reader, skip_bad_rows, progress);
  if (done.ok()) take_workers(&state_->streams[index_]);
  return done;
}

// Notes what the reader itself refused; the error that ends the run, if any.
std::optional<Error> StreamPass::refused(const ReadStep& step, bool skip_bad_rows) {
  StreamState& stream = state_->streams[index_];
  if (step.error) return step.error;
  stream.rows += step.refused.total();
  stream.bad.append(step.refused);
  if (!skip_bad_rows && stream.bad.total() > 0) return bad_rows_error(stream.bad);
  return std::nullopt;
}

// Where no batch waits for another, every worker takes the next one when it is done with its last. What is found is put
// together in input order, and of several errors the first counts: all batches before it have been taken.
Status StreamPass::run_batches(ReadAhead* reader, bool skip_bad_rows,
                               const std::function<void(int64_t, int64_t)>& progress) {
  std::mutex mutex;
  bool ended = false;
  size_t taken = 0;
  std::map<size_t, Error> errors;
  std::map<size_t, StreamState> seen;
  threads_->parallel_for(static_cast<size_t>(threads_->count()), [&](int worker, size_t) {
    for (;;) {
      std::unique_lock lock(mutex);
      if (ended) return;
      const size_t number = taken++;
      ReadStep step = reader->next();
      std::optional<Error> error = refused(step, skip_bad_rows);
      ended = error || !step.more;
      if (error) errors.emplace(number, *std::move(error));
      if (ended) return;
      if (progress && worker == 0) progress(step.done, step.all);
      lock.unlock();
      const int64_t rows = step.batch.array.length;
      BatchWork work;
      bind(std::move(step.batch), &work);
      if (!work.error && !skip_bad_rows && work.bound.bad.total() > 0) work.error = bad_rows_error(work.bound.bad);
      if (!work.error) run_batch(worker, &work);
      work.seen.rows = rows;
      lock.lock();
      ended = ended || work.error;
      if (work.error) errors.emplace(number, *std::move(work.error));
      seen.emplace(number, std::move(work.seen));
    }
  });
  if (!errors.empty()) return errors.begin()->second;
  for (const auto& [number, of_batch] : seen) state_->streams[index_].merge(of_batch);
  return Done{};
}

Status StreamPass::run_windows(ReadAhead* reader, bool skip_bad_rows,
                               const std::function<void(int64_t, int64_t)>& progress) {
  const int64_t most_rows = kRowsPerWorker * threads_->count();
  const size_t most_batches = kBatchesPerWorker * static_cast<size_t>(threads_->count());
  for (bool more = true; more;) {
    std::vector<Batch> batches;
    int64_t rows = 0;
    ReadStep step;
    while (more && rows < most_rows && batches.size() < most_batches) {
      step = reader->next();
      if (std::optional<Error> error = refused(step, skip_bad_rows)) return *error;
      more = step.more;
      if (!more) break;
      rows += step.batch.array.length;
      batches.push_back(std::move(step.batch));
    }
    state_->streams[index_].rows += rows;
    Status done = window(std::move(batches), skip_bad_rows);
    if (!done.ok()) return done;
    if (progress) progress(step.done, step.all);
  }
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
    Worker* of_thread = workers_[static_cast<size_t>(worker)].get();
    for (const BoundBatch& batch : kept.rows(partition, ties)) {
      bind_batch(of_thread, batch);
      run_morsel(of_thread, {&batch, 0, batch.row_count}, &scattered_[morsel++]);
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
  const size_t most_rows = static_cast<size_t>(kRowsPerWorker * threads_->count());
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

void StreamPass::bind(Batch batch, BatchWork* work) const {
  Result<BoundBatch> bound = binder_->bind(std::move(batch));
  if (bound.ok()) {
    work->bound = std::move(*bound);
  } else {
    work->error = bound.error();
  }
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
  if (deduplicator_ == nullptr) {
    threads_->parallel_for(work.size(), [&](int worker, size_t b) {
      bind(std::move(batches[b]), &work[b]);
      if (usable(work[b])) run_batch(worker, &work[b]);
    });
  } else {
    threads_->parallel_for(work.size(), [&](int, size_t b) { bind(std::move(batches[b]), &work[b]); });
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

// Runs a bound batch's morsels, and gives its columns back.
void StreamPass::run_batch(int worker_index, BatchWork* work) {
  BoundBatch& batch = work->bound;
  Worker* worker = workers_[static_cast<size_t>(worker_index)].get();
  bind_batch(worker, batch);
  TimeExtent extent;
  size_t morsel = work->first_morsel;
  for (int64_t begin = 0; begin < batch.row_count; begin += AL_MORSEL_ROWS) {
    const Morsel rows{&batch, begin, std::min<int64_t>(AL_MORSEL_ROWS, batch.row_count - begin)};
    const TimeExtent of_morsel = run_morsel(worker, rows, pipeline_.machines.empty() ? nullptr : &scattered_[morsel++]);
    extent = {std::min(extent.first, of_morsel.first), std::max(extent.last, of_morsel.last)};
  }
  work->seen = {.late = late_rows(batch),
                .ambiguous_times = batch.ambiguous_times,
                .bad = batch.bad,
                .covered = batch.row_count > 0,
                .first = extent.first,
                .last = extent.last};
  batch.owned.clear();
  batch.batch = Batch();
}

int64_t StreamPass::late_rows(const BoundBatch& batch) const {
  if (schema_.arrived < 0) return 0;
  const Instant* times = static_cast<const Instant*>(batch.columns[time_].values);
  const al_column& arrived = batch.columns[arrived_];
  const Instant* arrivals = static_cast<const Instant*>(arrived.values);
  int64_t late = 0;
  for (int64_t i = 0; i < batch.row_count; ++i) {
    bool there = arrived.valid == nullptr || arrived.valid[i] != 0;
    late += there && arrivals[i] - times[i] > schema_.late_micros ? 1 : 0;
  }
  return late;
}

void StreamPass::prepare_scattered(size_t morsels) {
  scattered_.resize(std::max(scattered_.size(), morsels));
  for (std::vector<ScatteredRows>& of_morsel : scattered_) {
    of_morsel.resize(pipeline_.machines.size());
    for (ScatteredRows& rows : of_morsel) rows.starts = {};
  }
}

TimeExtent StreamPass::run_morsel(Worker* worker, const Morsel& morsel, std::vector<ScatteredRows>* scattered) {
  SpillScope scope(&worker->cells.arena);
  bind_morsel(worker, morsel);
  const Instant* times = static_cast<const Instant*>(morsel.batch->columns[time_].values) + morsel.begin;
  const std::vector<TimeExtent>& extents = morsel.batch->times;
  const TimeExtent extent = extents.empty() ? extent_of_times(times, morsel.count)
                                            : extents[static_cast<size_t>(morsel.begin / AL_MORSEL_ROWS)];
  worker->runs.find(times, extent.first, extent.last, worker->views, morsel.count);
  reach_cells(worker);
  fold_runs(worker, morsel);
  if (!pipeline_.machines.empty()) exchange(worker, morsel, scattered);
  return extent;
}

ColumnView StreamPass::bound_view(const BoundBatch& batch, size_t bound) const {
  const al_column& column = batch.columns[bound];
  const CodedColumn* coded = batch.coded.empty() ? nullptr : &batch.coded[bound];
  if (coded != nullptr && coded->width > 0) return {coded->indices, column.valid, coded->width, &coded->codes};
  return {static_cast<const uint8_t*>(column.values), column.valid, static_cast<int>(widths_[bound]), nullptr};
}

void StreamPass::bind_batch(Worker* worker, const BoundBatch& batch) {
  worker->views.assign(origins_.size(), {});
  for (size_t c = 0; c < origins_.size(); ++c) {
    if (origins_[c].kind == ColumnKind::kField) worker->views[c] = bound_view(batch, origins_[c].bound);
  }
  worker->runs.start_batch(worker->views);
}

// Points the worker's views at the morsel's rows; attributes are gathered through the row's entity, rates by its time.
void StreamPass::bind_morsel(Worker* worker, const Morsel& morsel) {
  const Instant* times = static_cast<const Instant*>(morsel.batch->columns[time_].values) + morsel.begin;
  worker->lookup_rows.resize(lookups_.size());
  for (size_t l = 0; l < lookups_.size(); ++l) {
    worker->lookup_rows[l].resize(AL_MORSEL_ROWS);
    const ColumnView keys = bound_view(*morsel.batch, lookups_[l].bound).from(morsel.begin);
    lookups_[l].table->find({keys.values, keys.valid}, times, morsel.count, worker->lookup_rows[l].data());
  }
  worker->gathered.resize(origins_.size());
  worker->gathered_valid.resize(origins_.size());
  for (size_t c = 0; c < origins_.size(); ++c) {
    const ColumnOrigin& origin = origins_[c];
    if (origin.kind == ColumnKind::kField) {
      worker->views[c] = bound_view(*morsel.batch, origin.bound).from(morsel.begin);
      continue;
    }
    worker->gathered[c].resize(AL_MORSEL_ROWS + AL_LANES);
    worker->gathered_valid[c].resize(AL_MORSEL_ROWS + AL_LANES);
    uint8_t* values = reinterpret_cast<uint8_t*>(worker->gathered[c].data());
    uint8_t* valid = worker->gathered_valid[c].data();
    if (origin.kind == ColumnKind::kRate) {
      origin.rate->gather(times, morsel.count, reinterpret_cast<int64_t*>(values), valid);
      worker->views[c] = {values, valid, static_cast<int>(origin.width), nullptr};
      continue;
    }
    const int64_t* rows = worker->lookup_rows[origin.lookup].data();
    if (origin.kind == ColumnKind::kMember) {
      for (int64_t i = 0; i < morsel.count; ++i) values[i] = rows[i] >= 0 ? 1 : 0;
      worker->views[c] = {values, nullptr, 1, nullptr};
    } else {
      origin.table->gather(origin.attribute, rows, morsel.count, values, valid);
      worker->views[c] = {values, valid, static_cast<int>(origin.width), nullptr};
    }
  }
}

// Room for every cell that any worker has made so far.
void StreamPass::reach_cells(Worker* worker) {
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
}

// Columns that many rows are asked for are put in the order of the runs as a whole, which reads memory from end to end;
// of others every run picks its own rows' values.
void StreamPass::sort_columns(Worker* worker, int64_t count) {
  constexpr int64_t kMany = 4;  // one row in so many
  worker->sorted.assign(origins_.size(), {});
  if (worker->runs.rows() == nullptr) return;
  worker->rows_read.assign(origins_.size(), 0);
  const auto read = [&](const std::vector<int>& columns, int64_t rows) {
    for (const int column : columns) worker->rows_read[static_cast<size_t>(column)] += rows;
  };
  read(pipeline_.always_columns, count);
  for (const RowRuns::Run& run : worker->runs.runs()) {
    if (run.dispatch_case < pipeline_.cases.size())
      read(pipeline_.case_columns[run.dispatch_case], run.end - run.begin);
  }
  for (size_t c = 0; c < origins_.size(); ++c) {
    if (kMany * worker->rows_read[c] < count) continue;
    worker->sorted[c] = worker->of_morsel.scatter(c, worker->views[c], worker->runs.positions(), count);
  }
}

// Every run's columns are laid side by side, in the cache, and folded at once.
void StreamPass::fold_runs(Worker* worker, const Morsel& morsel) {
  sort_columns(worker, morsel.count);
  const MorselRow* rows = worker->runs.rows();
  const bool slack = morsel.begin + morsel.count + AL_LANES <= morsel.batch->row_count;
  const auto fold = [&](const std::vector<al_update>& functions, const std::vector<int>& columns, uint32_t begin,
                        uint32_t end) {
    for (const int column : columns) {
      const size_t c = static_cast<size_t>(column);
      const ColumnView& view = worker->views[c];
      if (worker->sorted[c].values != nullptr) {
        worker->of_run.point(c, worker->sorted[c].from(begin));
      } else if (rows == nullptr && view.codes == nullptr && (slack || origins_[c].kind != ColumnKind::kField)) {
        worker->of_run.point(c, view);
      } else {
        worker->of_run.gather(c, view, rows == nullptr ? nullptr : rows + begin, end - begin);
      }
    }
    const al_run run{worker->of_run.columns(), end - begin, worker->run_cells.data(), worker->run_states.data(),
                     worker->sinks.data()};
    for (const al_update function : functions) function(&run);
  };
  const size_t uses = pipeline_.key_spaces.size();
  worker->run_cells.resize(uses);
  worker->run_states.resize(uses);
  for (size_t p = 0; p < worker->runs.places().size(); ++p) {
    const RowRuns::Place& place = worker->runs.places()[p];
    for (size_t k = 0; k < uses; ++k) {
      worker->run_cells[k] = worker->runs.cell(k, p);
      worker->run_states[k] = worker->bases[k] + size_t{worker->run_cells[k]} * pipeline_.strides[k];
    }
    if (!pipeline_.always.empty()) fold(pipeline_.always, pipeline_.always_columns, place.begin, place.end);
    for (uint32_t r = place.first_run; r < place.end_run; ++r) {
      const RowRuns::Run& run = worker->runs.runs()[r];
      if (run.dispatch_case >= pipeline_.cases.size()) continue;
      fold(pipeline_.cases[run.dispatch_case], pipeline_.case_columns[run.dispatch_case], run.begin, run.end);
    }
  }
}

void StreamPass::exchange(Worker* worker, const Morsel& morsel, std::vector<ScatteredRows>* scattered) {
  for (size_t c = 0; c < worker->views.size(); ++c) {
    if (worker->views[c].codes == nullptr) {
      worker->of_morsel.point(c, worker->views[c]);
    } else {
      worker->of_morsel.gather(c, worker->views[c], nullptr, morsel.count);
    }
  }
  std::vector<const uint32_t*> cells(pipeline_.key_spaces.size());
  worker->cells_of_rows.resize(cells.size());
  for (const MachineProgram& machine : pipeline_.machines) {
    if (machine.key_space_use < 0) continue;
    const size_t use = static_cast<size_t>(machine.key_space_use);
    if (cells[use] != nullptr) continue;
    worker->cells_of_rows[use].resize(AL_MORSEL_ROWS);
    worker->runs.cells_of_rows(use, worker->cells_of_rows[use].data());
    cells[use] = worker->cells_of_rows[use].data();
  }
  const al_morsel native{worker->of_morsel.columns(), morsel.count, cells.data()};
  for (size_t m = 0; m < pipeline_.machines.size(); ++m) {
    const MachineProgram& machine = pipeline_.machines[m];
    worker->narrow.resize(std::max(worker->narrow.size(), size_t{AL_MORSEL_ROWS} * machine.row_bytes));
    int64_t rows = machine.exchange(&native, worker->narrow.data());
    const KeyDomain& domain = state_->program().domains[static_cast<size_t>(machine.domain)];
    scatter(machine, domain.kind, native.columns[machine.key_column], worker->narrow.data(), rows, &(*scattered)[m]);
  }
  count_rows_without_entity(worker, *scattered);
}

// A row that several machines of one domain leave out counts once. An entity's domain has the name of its field.
void StreamPass::count_rows_without_entity(Worker* worker, const std::vector<ScatteredRows>& scattered) {
  std::vector<std::string> seen_domains;
  for (size_t m = 0; m < pipeline_.machines.size(); ++m) {
    const std::string& name = state_->program().domains[static_cast<size_t>(pipeline_.machines[m].domain)].name;
    const ColumnUse& key = pipeline_.columns[static_cast<size_t>(pipeline_.machines[m].key_column)];
    if (key.kind != ColumnKind::kField || schema_.fields[static_cast<size_t>(key.field)].name != name) continue;
    if (std::find(seen_domains.begin(), seen_domains.end(), name) != seen_domains.end()) continue;
    seen_domains.push_back(name);
    worker->left_out.assign(AL_MORSEL_ROWS, 0);
    int64_t count = 0;
    for (size_t other = m; other < pipeline_.machines.size(); ++other) {
      if (state_->program().domains[static_cast<size_t>(pipeline_.machines[other].domain)].name != name) continue;
      for (uint32_t row : scattered[other].rows_without_key) {
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
