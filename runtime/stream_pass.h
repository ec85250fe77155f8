// One pass over one stream: batches are bound, deduplicated, counted, cut into morsels and run through the pipeline's
// native loops; narrow rows then go to the machines' partitions, a window of batches at a time. A derived pipeline's
// rows are those that a machine of an earlier pass keeps, bound and counted already. Fills the State. Tested in
// tests/unit/evaluator_test.cpp. Used from one thread; works on all of `workers`.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/bind_time.h"
#include "runtime/deduplicate.h"
#include "runtime/evaluator.h"
#include "runtime/read_ahead.h"
#include "runtime/row_runs.h"
#include "runtime/state.h"
#include "runtime/tables.h"
#include "runtime/ties.h"
#include "runtime/workers.h"

namespace alidade {

class StreamPass {
 public:
  /// `tables` by index into Program::tables, null where the pipeline needs none.
  StreamPass(size_t pipeline, const std::vector<std::unique_ptr<LoadedTable>>& tables, Workers* workers, State* state);

  Status run(BatchSource* source, bool skip_bad_rows, const std::function<void(int64_t, int64_t)>& progress);
  /// Of a derived pipeline, once its source's pass is over: the rows that were kept. `ties` gets those not to decide.
  void run_kept(TieLog* ties);
  /// Of a pipeline over a table's rows: for every instant the rows that are valid then, as rows of that time.
  void run_table(const LoadedTable& table, const std::vector<Instant>& instants);

 private:
  /// Where a pipeline column's values come from: a bound column, a table through a bound entity, or a rate.
  struct ColumnOrigin {
    size_t bound = 0;  ///< of the field itself or of the entity
    size_t width = 8;
    ColumnKind kind = ColumnKind::kField;
    const LoadedTable* table = nullptr;
    const RateSeries* rate = nullptr;
    size_t lookup = 0;  ///< kAttribute, kMember: which of lookups_
    ColumnSpec attribute;
  };
  struct Lookup {
    const LoadedTable* table = nullptr;
    size_t bound = 0;
    friend bool operator==(const Lookup&, const Lookup&) = default;
  };
  /// What a worker keeps between morsels.
  struct Worker {
    Worker(const PipelineProgram& pipeline, const std::vector<KeySpaceCells>& uses, bool of_table)
        : runs(pipeline, uses, of_table),
          cells(pipeline),
          of_run(pipeline.columns.size()),
          of_morsel(pipeline.columns.size()) {}
    RowRuns runs;
    PipelineCells cells;
    std::vector<ColumnView> views;  ///< of the morsel, by pipeline column
    std::vector<std::vector<int64_t>> lookup_rows;
    std::vector<std::vector<uint64_t>> gathered;
    std::vector<std::vector<uint8_t>> gathered_valid;
    GatheredColumns of_run, of_morsel;
    std::vector<int64_t> rows_read;  ///< of the morsel, by pipeline column
    std::vector<ColumnView> sorted;  ///< in the order of the morsel's runs, where the whole column is
    std::vector<uint8_t*> bases;
    std::vector<al_sink*> sinks;
    std::vector<uint32_t> run_cells;
    std::vector<uint8_t*> run_states;
    std::vector<std::vector<uint32_t>> cells_of_rows;
    std::vector<uint8_t> narrow;
    std::vector<uint8_t> left_out;
    std::map<std::string, int64_t> without_entity;
  };
  struct Morsel {
    const BoundBatch* batch = nullptr;
    int64_t begin = 0, count = 0;
  };

  /// One batch of a window: what came of it.
  struct BatchWork {
    size_t first_morsel = 0;
    std::optional<Error> error;
    BoundBatch bound;
    StreamState seen;
  };

  size_t bind_column(int field, ColumnForm form, const std::vector<std::string>& classes);
  void plan_columns();
  void keep_dictionaries();
  std::optional<Error> refused(const ReadStep& step, bool skip_bad_rows);
  Status run_batches(ReadAhead* reader, bool skip_bad_rows, const std::function<void(int64_t, int64_t)>& progress);
  Status run_windows(ReadAhead* reader, bool skip_bad_rows, const std::function<void(int64_t, int64_t)>& progress);
  Status window(std::vector<Batch> batches, bool skip_bad_rows);
  void bind(Batch batch, BatchWork* work) const;
  int64_t late_rows(const BoundBatch& batch) const;
  void prepare_scattered(size_t morsels);
  void drop_copies(std::vector<BatchWork>* work);
  BoundBatch rows_at(const LoadedTable& table, const std::vector<int64_t>& rows, Instant at) const;
  void take_partitions();
  void run_batch(int worker, BatchWork* work);
  TimeExtent run_morsel(Worker* worker, const Morsel& morsel, std::vector<ScatteredRows>* scattered);
  ColumnView bound_view(const BoundBatch& batch, size_t bound) const;
  void bind_batch(Worker* worker, const BoundBatch& batch);
  void bind_morsel(Worker* worker, const Morsel& morsel);
  void reach_cells(Worker* worker);
  void sort_columns(Worker* worker, int64_t count);
  void fold_runs(Worker* worker, const Morsel& morsel);
  void exchange(Worker* worker, const Morsel& morsel, std::vector<ScatteredRows>* scattered);
  void count_rows_without_entity(Worker* worker, const std::vector<ScatteredRows>& scattered);
  void take_workers(StreamState* stream);
  void take_partition(size_t partition, const std::vector<std::vector<ScatteredRows>>& scattered);

  const PipelineProgram& pipeline_;
  const SourceSchema& schema_;
  const std::vector<std::unique_ptr<LoadedTable>>& tables_;
  size_t index_;
  Workers* threads_;
  State* state_;
  std::vector<ColumnSpec> specs_;
  std::vector<size_t> widths_;
  size_t time_ = 0, id_ = 0, arrived_ = 0;
  std::vector<ColumnOrigin> origins_;
  std::vector<Lookup> lookups_;
  std::unique_ptr<Binder> binder_;
  std::unique_ptr<Deduplicator> deduplicator_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::vector<ScatteredRows>> scattered_;  ///< by morsel of a round, then machine; kept for its memory
};

}  // namespace alidade
