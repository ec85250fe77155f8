// Batches as they cross doors: Arrow C Data from a source, and bound columns after checking and conversion.
// Door of runtime/batch. A Batch and a BoundBatch have one owner; reading them is safe on any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/abi.h"
#include "runtime/arrow_c_abi.h"
#include "runtime/base.h"
#include "runtime/calendar.h"
#include "runtime/data_form.h"
#include "runtime/schema.h"

namespace alidade {

/// One record batch (a struct array) and where it came from. Move only; releases the Arrow structures.
struct Batch {
  ArrowSchema schema{};
  ArrowArray array{};
  std::string file;                      ///< for messages; "given" rows and in-memory batches name themselves
  int64_t first_row = 0;                 ///< of the file, counted from 1 after the header
  bool empty_is_missing = false;         ///< text formats: an empty cell of an optional field is a missing value
  std::shared_ptr<const DataForm> form;  ///< how values are written; null: the usual way

  Batch() = default;
  Batch(Batch&& other) noexcept;
  Batch& operator=(Batch&& other) noexcept;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch();
};

/// What a row was refused for. Each is a line of the run's report; codes AL7201 … AL7215 in this order.
enum class BadRow : uint8_t {
  kRagged,
  kBadNumber,
  kBadText,
  kMissing,
  kNotInList,
  kBadTime,
  kNoSuchLocalTime,
  kYearRange,
  kNotFinite,
  kOverflow,
  kDuplicateDiffers,
  kDuplicateKey,
  kEmptyValidity,
  kOverlap,
  kNotARecord,
};
constexpr int kBadRowKinds = 15;
const char* bad_row_words(BadRow kind);  ///< "not a number", "a local time that does not exist"…

struct BadRowExample {
  BadRow kind = BadRow::kRagged;
  std::string file;
  int64_t row = 0;
  std::string column;
  std::string text;  ///< what stood there, shortened to 60 bytes
  std::string why;   ///< more than bad_row_words knows: "has more than 2 digits after the point"; else ""
};

/// Counts of refused rows and the first few of them, in input order. Not thread-safe: one per batch, then appended.
struct BadRows {
  int64_t counts[kBadRowKinds] = {};
  std::vector<BadRowExample> first;  ///< at most kKept
  static constexpr size_t kKept = 5;
  int64_t total() const;
  void add(BadRowExample example);
  void append(const BadRows& later);
};

/// The error that ends a run without --bad-rows skip: code 7201 + kind of the first bad row, the next ones as notes.
/// `bad` has at least one row.
Error bad_rows_error(const BadRows& bad);

/// AL7104 for a field whose column is not among `there`, with the likely meant ones.
Error missing_column_error(const std::string& file, const FieldSchema& field, const std::vector<std::string>& there);

/// How the values of a batch are written.
const DataForm& form_of(const Batch& batch);

class PartFilter;

/// Where rows come from: a file set, a test's given rows, or memory. `next` returns false at the end. Called from one
/// thread. Only the columns the consumer asked for need be present; names are FieldSchema::source.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual Result<bool> next(Batch* batch) = 0;
  /// Rows the reader itself refused (ragged CSV rows) since the last call; empty for most sources.
  virtual BadRows take_bad_rows() { return {}; }
  /// From the next batch on, parts that `filter` leaves out need not be read; null: all are. Borrowed.
  virtual void set_filter(PartFilter* /*filter*/) {}
  /// Bytes read and bytes in all, for the progress bar; 0 in all where unknown.
  virtual void progress(int64_t* done, int64_t* all) const {
    *done = 0;
    *all = 0;
  }
};

/// Text of the whole run, each distinct string once. Codes are dense inside one of 64 shards: code = local << 6 |
/// shard. They never leave the process. Thread-safe.
class StringPool {
 public:
  static constexpr int kShards = 64;
  StringPool();
  ~StringPool();
  uint32_t add(std::string_view text);
  /// The codes of many texts, taking each shard's lock once. For speed alone; same as add() on each.
  std::vector<uint32_t> add_all(const std::vector<std::string_view>& texts);
  std::string_view text(uint32_t code) const;  ///< valid as long as the pool
 private:
  struct Shard;
  std::unique_ptr<Shard[]> shards_;
};

/// Which form of a field a consumer wants bound.
enum class ColumnForm : uint8_t {
  kValue,  ///< int64 / double / uint8 / one_of index; text: a StringPool code
  kClass,  ///< text only: index into ColumnSpec::classes, classes.size() for any other text
};

struct ColumnSpec {
  int field = 0;  ///< index into SourceSchema::fields
  ColumnForm form = ColumnForm::kValue;
  std::vector<std::string> classes;
  bool keep_dictionary = false;  ///< text and one_of: a batch's dictionary may stay one (BoundBatch::coded)
};

/// A column that stayed a dictionary: row i holds codes[indices[i]]. No row misses its value.
struct CodedColumn {
  const uint8_t* indices = nullptr;
  int width = 0;  ///< bytes of an index: 1, 2 or 4; 0: the column is not coded
  std::vector<uint32_t> codes;
};

/// The smallest and the largest of some times.
struct TimeExtent {
  Instant first = kMaxInstant, last = kMinInstant;
};

/// Checked, converted columns of the rows that are good. Buffers are borrowed from the Batch where the form already
/// fits, else owned. columns[i] belongs to specs[i]; `valid` is set exactly where the field is optional. A column that
/// stayed a dictionary is in `coded` instead (empty: none did), and has no values in `columns`.
struct BoundBatch {
  int64_t row_count = 0;
  std::vector<al_column> columns;
  std::vector<CodedColumn> coded;
  std::vector<TimeExtent> times;     ///< of the stream's time, each of AL_MORSEL_ROWS rows; empty where nobody looked
  std::vector<int64_t> source_rows;  ///< row number in the file of each row; empty: first_row + i
  std::string file;
  int64_t first_row = 0;
  int64_t ambiguous_times = 0;
  BadRows bad;
  Batch batch;  ///< keeps borrowed buffers alive
  std::vector<std::unique_ptr<uint8_t[]>> owned;
};

/// Turns batches into bound columns for one consumer. Immutable but for the pool; bind() is safe on several threads.
/// Every field named by a spec is checked: a bad value makes the row bad (never the run: the caller decides by `bad`).
/// Accepts for every FieldKind the Arrow types that can carry it: text forms (utf8, large, view, binary, dictionary)
/// parse; integers of any width, floats, decimals, bool, date, timestamp (any unit; with a zone the instant is taken,
/// without one the calendar's local time) and duration convert. Any other pairing is AL7105 (wrong type).
class Binder {
 public:
  Binder(const SourceSchema& schema, std::vector<ColumnSpec> specs, const Calendar& calendar, StringPool& pool);
  ~Binder();
  /// Errors: a missing column (AL7104) or a type that cannot carry the field (AL7105).
  Result<BoundBatch> bind(Batch batch) const;
  const std::vector<ColumnSpec>& specs() const;

 private:
  friend class BindJob;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace alidade
