// Folding values and accumulator states. Door: folds.h.
#include "runtime/folds.h"

#include <algorithm>

#include "runtime/cells.h"

namespace alidade {
namespace {

uint64_t low_word(int128 value) { return static_cast<uint64_t>(value); }
int64_t high_word(int128 value) { return static_cast<int64_t>(value >> 64); }

NodeValue exact_sum(const al_exact& sum) {
  if ((sum.flags & AL_FLAG_OVERFLOW) != 0) return NodeValue::undefined(Reason::kOverflow);
  return NodeValue::of_exact(join_exact(sum.low, sum.high));
}

/// Of doubles that were added exactly, or of those that were added as they came: one of both is 0.
NodeValue float_sum(const Fold& fold) {
  return NodeValue::of_number(rounded_float_sum(fold.float_sum) + fold.plain_sum);
}

NodeValue mean(bool exact, int scale, const Fold& fold) {
  if (fold.count == 0) return NodeValue::undefined(Reason::kNoRows);
  if (exact) {
    NodeValue sum = exact_sum(fold.exact);
    return sum.defined() ? mean_of_exact(sum.exact, fold.count, scale) : sum;
  }
  return NodeValue::of_number(rounded_float_mean(fold.float_sum, fold.count) +
                              fold.plain_sum / static_cast<double>(fold.count));
}

NodeValue spread(Finish finish, bool exact, int scale, const Moments& moments) {
  if (moments.count() == 0) return NodeValue::undefined(Reason::kNoRows);
  if (moments.count() == 1) return NodeValue::undefined(Reason::kNoDenominator);
  if (finish == Finish::kStddev)
    return NodeValue::of_number(exact ? moments.stddev_of_exact(scale) : moments.stddev_of_floats());
  return NodeValue::of_number(exact ? moments.variance_of_exact(scale) : moments.variance_of_floats());
}

NodeValue bound(bool exact, const Fold& fold) {
  if (((exact ? fold.exact.flags : fold.bound.flags) & AL_FLAG_SEEN) == 0) return NodeValue::undefined(Reason::kNoRows);
  return exact ? NodeValue::of_exact(join_exact(fold.exact.low, fold.exact.high))
               : NodeValue::of_number(fold.bound.value);
}

// Values come in the order of their buckets, so the number of those before is their time.
void keep_value(Finish finish, const NodeValue& value, bool exact, Fold* into) {
  const uint64_t low = exact ? low_word(value.exact) : __builtin_bit_cast(uint64_t, value.number);
  const int64_t high = exact ? high_word(value.exact) : 0;
  (finish == Finish::kFirst ? al_keep_first : al_keep_last)(&into->moment, into->count, 0, low, high);
}

NodeValue kept(bool exact, const al_moment& moment) {
  if (moment.flags == 0) return NodeValue::undefined(Reason::kNoRows);
  return exact ? NodeValue::of_exact(join_exact(moment.low, moment.high))
               : NodeValue::of_number(__builtin_bit_cast(double, moment.low));
}

}  // namespace

void fold_value(Finish finish, const NodeValue& value, bool exact, Fold* into) {
  if (!value.defined()) {
    if (is_failure(value.reason)) into->failed = worst(into->failed, value.reason);
    return;
  }
  ++into->count;
  const uint64_t low = low_word(value.exact);
  const int64_t high = high_word(value.exact);
  switch (finish) {
    case Finish::kCount:
    case Finish::kUnique:
      return;
    case Finish::kSum:
    case Finish::kMean:
      exact ? al_add_exact(&into->exact, low, high) : al_add_float(&into->float_sum, value.number);
      return;
    case Finish::kMin:
      exact ? al_min_exact(&into->exact, low, high) : al_min_float(&into->bound, value.number);
      return;
    case Finish::kMax:
      exact ? al_max_exact(&into->exact, low, high) : al_max_float(&into->bound, value.number);
      return;
    case Finish::kPercentile:
      exact ? into->values.add_exact(value.exact) : into->values.add_float(value.number);
      return;
    case Finish::kFirst:
    case Finish::kLast:
      keep_value(finish, value, exact, into);
      return;
    case Finish::kVariance:
    case Finish::kStddev:
      exact ? into->moments.add_exact(value.exact) : into->moments.add_float(value.number);
      return;
  }
}

void merge_folds(Finish finish, bool exact, const Fold& other, Fold* into) {
  auto merge = [](al_accumulator_kind kind, const auto& from, auto* to) {
    merge_accumulator(kind, reinterpret_cast<uint8_t*>(to), reinterpret_cast<const uint8_t*>(&from));
  };
  into->failed = worst(into->failed, other.failed);
  if (other.count == 0) return;
  into->count += other.count;
  switch (finish) {
    case Finish::kCount:
    case Finish::kUnique:
      return;
    case Finish::kSum:
    case Finish::kMean:
      exact ? merge(AL_SUM_EXACT, other.exact, &into->exact) : merge(AL_SUM_FLOAT, other.float_sum, &into->float_sum);
      into->plain_sum += other.plain_sum;
      return;
    case Finish::kMin:
      exact ? merge(AL_MIN_EXACT, other.exact, &into->exact) : merge(AL_MIN_FLOAT, other.bound, &into->bound);
      return;
    case Finish::kMax:
      exact ? merge(AL_MAX_EXACT, other.exact, &into->exact) : merge(AL_MAX_FLOAT, other.bound, &into->bound);
      return;
    case Finish::kPercentile:
      into->values.append(other.values);
      return;
    case Finish::kFirst:
      merge(AL_FIRST_EXACT, other.moment, &into->moment);
      return;
    case Finish::kLast:
      merge(AL_LAST_EXACT, other.moment, &into->moment);
      return;
    case Finish::kVariance:
    case Finish::kStddev:
      into->moments.add(other.moments);
      return;
  }
}

void fold_accumulator(al_accumulator_kind kind, const uint8_t* state, Fold* into) {
  uint8_t* target = nullptr;
  switch (kind) {
    case AL_COUNT:
      target = reinterpret_cast<uint8_t*>(&into->count);
      break;
    case AL_SUM_EXACT:
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
      target = reinterpret_cast<uint8_t*>(&into->exact);
      break;
    case AL_SUM_FLOAT:
      target = reinterpret_cast<uint8_t*>(&into->float_sum);
      break;
    case AL_SUM_PLAIN:
      target = reinterpret_cast<uint8_t*>(&into->plain_sum);
      break;
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
      target = reinterpret_cast<uint8_t*>(&into->bound);
      break;
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT: {
      al_moments moments = *reinterpret_cast<const al_moments*>(state);
      if (moments.state != 0) into->moments.add(moments_of(&moments));
      return;
    }
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      return;
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
      target = reinterpret_cast<uint8_t*>(&into->moment);
      break;
  }
  merge_accumulator(kind, target, state);
}

NodeValue finish_fold(Finish finish, bool exact, int scale, Percentage percentage, Fold* fold) {
  switch (finish) {
    case Finish::kCount:
      return NodeValue::of_exact(fold->count);
    case Finish::kSum:
      return exact ? exact_sum(fold->exact) : float_sum(*fold);
    case Finish::kMean:
      return mean(exact, scale, *fold);
    case Finish::kMin:
    case Finish::kMax:
      return bound(exact, *fold);
    case Finish::kPercentile:
      if (fold->values.size() == 0) return NodeValue::undefined(Reason::kNoRows);
      return exact ? percentile_of_exact(&fold->values, percentage, scale)
                   : percentile_of_floats(&fold->values, percentage);
    case Finish::kVariance:
    case Finish::kStddev:
      return spread(finish, exact, scale, fold->moments);
    case Finish::kUnique: {
      std::vector<int64_t>& keys = fold->values.words;
      std::sort(keys.begin(), keys.end());
      return NodeValue::of_exact(std::unique(keys.begin(), keys.end()) - keys.begin());
    }
    case Finish::kFirst:
    case Finish::kLast:
      return kept(exact, fold->moment);
  }
  return NodeValue::undefined(Reason::kNoData);
}

Form finished_form(Finish finish, bool exact, int scale) {
  if (finish == Finish::kCount || finish == Finish::kUnique) return {.exact = true};
  if (gives_double(finish) || !exact) return {};
  return {.exact = true, .scale = scale};
}

}  // namespace alidade
