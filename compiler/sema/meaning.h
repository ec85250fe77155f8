// What a value means beside its type: how it combines over time and over groups, whose rows it is of, at which times it
// looks, and why it can be undefined. A pure analysis of the typed model, part of compiler/sema's door. Tested in
// tests/unit/meaning_test.cpp; `alidade explain METRIC` and `--dump=types` show it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/sema/model.h"

namespace alidade {

/// How the values of several periods or groups make up that of all of them. Of two operands the later one decides.
enum class Additivity : uint8_t {
  kConstant,
  kAdditive,      ///< counts and sums: they add up over time and every dimension
  kFormula,       ///< of parts that add up, but computed anew for each period and group: an if, a product, round
  kIdempotent,    ///< one row's value: the smallest, largest, first or last
  kSemiAdditive,  ///< over every dimension, not over time: a balance, or a window that overlaps with the next
  kDistinct,      ///< different keys, each once
  kRatio,         ///< parts are added up first and divided last
  kHolistic,      ///< needs all rows at once: a percentile, a variance
};

struct ValueMeaning {
  Additivity additivity = Additivity::kConstant;
  /// What there is at one instant, which a sum over time would count again and again: a first or last value, or what is
  /// computed of a table's rows.
  bool balance = false;
  RowId distinct;       ///< kDistinct of one field's values: that field
  uint8_t reasons = 0;  ///< why it can be undefined: a bit for each Reason
  bool may_be(Reason reason) const { return (reasons >> static_cast<int>(reason) & 1) != 0; }
};

/// The meaning of every value, found once each, so that formulas which share parts cost no more than their nodes. The
/// model may grow between calls; one thread.
class Meanings {
 public:
  explicit Meanings(const Model& model) : model_(model) {}
  /// Valid until the next call.
  const ValueMeaning& of(ValueId id);
  const Model& model() const { return model_; }

 private:
  ValueMeaning found(const Value& value) const;
  ValueMeaning of_aggregate(const Value& value) const;
  ValueMeaning of_collapse(const Value& value) const;
  ValueMeaning of_product(const Value& value) const;
  ValueMeaning of_choice(const Value& value) const;
  ValueMeaning joined(const Value& value, Additivity least) const;
  const ValueMeaning& part(ValueId id) const { return known_[static_cast<size_t>(id.index)]; }
  const Model& model_;
  std::vector<ValueMeaning> known_;
};

/// Whether the groups of a `per` that is no grain of time are apart, so that no key of a distinct count is in two of
/// them: the key itself, or what a table that does not change over time says of it.
bool keeps_apart(const Model& model, const PerKey& groups, RowId distinct);

/// Whose rows a value is of: those of a stream that pass a condition, taken as rows or for each entity.
struct Population {
  int stream = 0;
  RowId condition;     ///< invalid: every row
  std::string entity;  ///< counted, or computed `per`; "" for rows
  friend bool operator==(const Population&, const Population&) = default;
};

/// At which times a value looks, each in the order of the formula.
struct TimeUse {
  std::vector<Grain> finer;  ///< buckets inside the period: mean(x per day)
  std::vector<Window> windows;
  std::vector<std::pair<Offset, bool>> offsets;  ///< and whether of the elapsed part only
};

struct MetricMeaning {
  ValueMeaning value;
  std::vector<Population> populations;
  TimeUse time;
};
MetricMeaning meaning_of(Meanings& meanings, const ModelMetric& metric);

/// What a metric's type says beside its value, in words, each part with its name: {"adds up", "over time and every
/// dimension"}.
std::vector<std::pair<std::string, std::string>> meaning_words(Meanings& meanings, const ModelMetric& metric);

}  // namespace alidade
