// Everything a run has learnt from its rows before formulas are evaluated: ids of slots, groups and keys, cells, kept
// values, entity partitions, coverage and counts. The program's pass fills it, finish reads it, and two states of one
// program over different rows merge into the state of all of them. Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/batch.h"
#include "runtime/cells.h"
#include "runtime/machines.h"
#include "runtime/program.h"
#include "runtime/rates.h"
#include "runtime/values.h"

namespace alidade {

/// The cells of one key space use: cell c at c * stride. Beyond `bytes` cells are empty.
struct CellArray {
  ZeroedArray bytes;
  uint32_t stride = 0;
  const uint8_t* at(uint32_t cell) const {
    size_t offset = static_cast<size_t>(cell) * stride;
    return cell != kNoId && offset + stride <= bytes.size() ? bytes.data() + offset : nullptr;
  }
};

/// What one worker, or in the end the state, has accumulated in the cells of a pipeline.
struct PipelineCells {
  explicit PipelineCells(const PipelineProgram& pipeline);
  std::vector<CellArray> arrays;  ///< by key space use
  std::vector<al_sink> sinks;
  SpillArena arena;
  /// Adds the cells of `other`, cell c of key space use k to (*renamed[k])[c], or c where renamed is empty.
  void take(PipelineCells&& other, const PipelineProgram& pipeline,
            const std::vector<const std::vector<uint32_t>*>& renamed);
};

struct StreamState {
  int64_t rows = 0, duplicates = 0, late = 0, ambiguous_times = 0, parts_left_out = 0;
  BadRows bad;
  bool covered = false;
  Instant first = 0, last = 0;         ///< of a table's rows: where validity begins, and kMaxInstant
  std::optional<Interval> beginnings;  ///< of a table's rows: the first and the last instant at which one begins
  std::map<std::string, int64_t> without_entity;
  void merge(const StreamState& later);
};

class State {
 public:
  /// `cuts` as for SlotTable, ascending. The program and the calendar outlive the state.
  State(const Program& program, const Calendar& calendar, std::vector<Instant> cuts);

  const Program& program() const { return *program_; }
  const Calendar& calendar() const { return *calendar_; }
  const KeySpaceCells& key_space(int index) const { return key_spaces_[static_cast<size_t>(index)]; }
  /// The group table of a list of dimensions, made if no key space has it.
  GroupTable* groups_of(const std::vector<Dimension>& dimensions);

  /// An entity as the data writes it: text or an integer.
  std::string key_text(int domain, size_t partition, uint32_t code) const;

  /// Adds the state of other rows of the same program, `later` in input order, before derived pipelines have run. Ids
  /// known on both sides must not be split across states: duplicates are only found inside one.
  void merge(State&& later);

  StringPool pool;
  std::vector<RateSeries> rates;                  ///< by rate of the program
  std::vector<StreamState> streams;               ///< by pipeline
  std::deque<PipelineCells> cells;                ///< by pipeline
  std::deque<std::deque<MachineState>> machines;  ///< by pipeline, then machine
  std::deque<DomainKeys> domains;

 private:
  using Renamed = std::vector<uint32_t>;
  uint32_t rename_text(const State& later, int64_t code);
  Renamed rename_cells(const State& later, size_t key_space);
  void rename_kept_texts(const State& later, const PipelineProgram& pipeline, size_t machine, MachinePartition* rows);
  Renamed rename_keys(const State& later, size_t domain, size_t partition, const MachinePartition& rows);

  const Program* program_;
  const Calendar* calendar_;
  std::vector<Instant> cuts_;
  std::map<Grain, std::unique_ptr<SlotTable>> slots_;
  std::deque<GroupTable> groups_;
  std::deque<CellMap> cell_maps_;
  std::vector<KeySpaceCells> key_spaces_;
};

}  // namespace alidade
