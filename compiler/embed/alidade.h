// Alidade in your own program: compile a spec, feed Arrow batches through the C Data Interface, read results. This is
// the one public header of libalidade; it is installed as <alidade/alidade.h> and needs only the standard library
// (C++20). Nothing here throws but for lack of memory: what can fail returns an Outcome. In the house this is the door
// of compiler/embed; tested by examples/embed, which tests/embed builds outside the tree.
//
//   auto spec    = Spec::compile("module shop stream app { … } metric revenue = sum(app.amount)");
//   auto query   = spec->prepare({.metrics = {"revenue"}, .per = "day"});
//   Data data;
//   data.add("app", &schema, &batch);
//   auto results = query->run(std::move(data));
//   for (const Row& row : results->rows) …
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// The Arrow C Data and C Stream Interfaces, as any Arrow library and <alidade/arrow_c_abi.h> define them.
struct ArrowArray;
struct ArrowArrayStream;
struct ArrowSchema;

namespace alidade::embed {

/// Why something failed. `code` is the number of a message: `alidade explain AL7104` explains 7104.
struct Failure {
  int code = 0;
  std::string message;  ///< for a spec: every error with its place, as `alidade check` shows it
  std::vector<std::string> notes;
};

/// A value or a Failure: look with `if (outcome)` before taking the value; taking what is not there ends the process.
template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::move(value)) {}            // NOLINT: implicit on purpose
  Outcome(Failure failure) : state_(std::move(failure)) {}  // NOLINT
  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return *checked(std::get_if<0>(&state_)); }
  const T& operator*() const { return *checked(std::get_if<0>(&state_)); }
  T* operator->() { return checked(std::get_if<0>(&state_)); }
  const T* operator->() const { return checked(std::get_if<0>(&state_)); }
  const Failure& failure() const { return *checked(std::get_if<1>(&state_)); }

 private:
  template <typename P>
  static P* checked(P* pointer) {
    if (pointer == nullptr) std::terminate();
    return pointer;
  }
  std::variant<T, Failure> state_;
};

/// A column of a report.
struct Metric {
  std::string name, title;
  std::string unit;   ///< of the values: "USD", "USD per user", "us" for durations; "" for plain numbers
  std::string grain;  ///< "day", …; "all" for one value over the whole range
  std::vector<std::string> dimensions;  ///< as in Row::dimensions
  bool inexact = false;                 ///< of sums with `exact = false`: last digits depend on the order of rows
};

/// One value.
struct Row {
  size_t metric = 0;  ///< index into Results::metrics
  /// The bucket [start, end): microseconds of UTC since 1970. All of it, also where the range cuts it.
  int64_t start = 0, end = 0;
  std::vector<std::optional<std::string>> dimensions;  ///< nullopt: missing
  std::optional<double> value;                         ///< the nearest double; nullopt where undefined
  std::string text;                                    ///< every digit: "12.5"; "" where undefined
  std::string reason;                                  ///< why it is undefined: "no_data", "no_denominator", …; else ""
  bool partial = false;  ///< not finished: past the last rows, cut by the range, or a window before the first row
};

/// What was read of a stream.
struct StreamRows {
  std::string stream;
  int64_t rows = 0, duplicates = 0, late = 0, bad = 0;
};

/// Rows are ordered by metric, bucket and dimensions.
struct Results {
  std::vector<Metric> metrics;
  std::vector<Row> rows;
  std::vector<StreamRows> streams;
  std::string zone;         ///< of the buckets
  bool overflowed = false;  ///< some value is undefined because it does not fit 128 bits
};

/// What to compute; as the flags of `alidade run`.
struct Report {
  std::vector<std::string> metrics;  ///< none: all of the spec
  std::string per;                   ///< "day", "week", …; "": one value for the whole range
  std::vector<std::string> by;       ///< "plan", "user.channel"
  std::optional<int64_t> from, to;   ///< microseconds of UTC; `to` is left out of the range. Without them the data's
};

struct Options {
  int threads = 0;             ///< of a run; 0: all cores. Results are the same bits for any number
  bool skip_bad_rows = false;  ///< count rows that do not fit the spec; else the first batch with one ends the run
  std::string cache_folder;    ///< where compiled code is kept from process to process; "": nowhere
};

/// The data of one run. Streams and tables are named as in the spec; columns as their fields (or what `from "…"` says),
/// in any order, and more than the spec has are ignored.
class Data {
 public:
  Data();
  ~Data();
  Data(Data&& other) noexcept;
  Data& operator=(Data&& other) noexcept;

  /// Takes both structures over, as the C Data Interface moves them: theirs are marked released, whatever happens later
  /// they are released with the run. The batch is a struct array, one child a column. Batches of one name are read in
  /// the order they were added.
  void add(const std::string& stream, ArrowSchema* schema, ArrowArray* batch);
  /// Takes the stream over and reads it during the run, a batch at a time, so that no more than a few batches are in
  /// memory. It is read from one thread at a time, not always the same.
  void add(const std::string& stream, ArrowArrayStream* batches);

 private:
  friend class Query;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A report compiled to native code. Cheap to copy and immutable: run() may be called any number of times, also on
/// several threads at once. The first instructions come quickly; better ones take their place while runs go on.
class Query {
 public:
  /// Failures: a stream that the report reads without data (7103), a missing or wrongly typed column (7104, 7105), bad
  /// rows unless skipped (7201 to 7212), what an ArrowArrayStream reports (7107).
  Outcome<Results> run(Data data) const;

 private:
  friend class Spec;
  struct Parts;
  explicit Query(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

/// A checked spec. Cheap to copy, immutable, safe on any thread.
class Spec {
 public:
  /// `name` stands for the file in messages. Failures: the first error's code, and all errors as text. A text imports
  /// nothing (1201): there are no files beside it.
  static Outcome<Spec> compile(const std::string& text, const std::string& name = "spec.metric");

  std::vector<std::string> metrics() const;
  std::vector<std::string> streams() const;  ///< and tables: the names that Data takes
  std::string warnings() const;              ///< as text; "" where there are none

  /// Failures: an unknown metric, dimension or grain (8101 to 8107), no native code on this machine (8301), a part of
  /// the installation that is missing (8302).
  Outcome<Query> prepare(const Report& report, const Options& options = {}) const;

 private:
  struct Parts;
  explicit Spec(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace alidade::embed
