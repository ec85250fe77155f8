// The superaccumulator behind float sums, and what happens when a pair stops being exact. Door: exact_sum.h.
#include "runtime/exact_sum.h"

#include <bit>
#include <cmath>
#include <limits>

#include "runtime/base.h"

namespace alidade {
namespace {

thread_local SpillArena* current_arena = nullptr;

}  // namespace

void Superaccumulator::add(double value) {
  uint64_t bits = std::bit_cast<uint64_t>(value);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  int64_t mantissa = static_cast<int64_t>(bits & ((uint64_t{1} << 52) - 1));
  // A subnormal counts units of 2^-1074, as does a number with exponent 1.
  if (exponent == 0) {
    exponent = 1;
  } else {
    mantissa |= int64_t{1} << 52;
  }
  int shift = exponent - 1;
  int digit = shift / 32;
  uint128 shifted = static_cast<uint128>(mantissa) << (shift % 32);
  int64_t low = static_cast<int64_t>(static_cast<uint32_t>(shifted));
  int64_t middle = static_cast<int64_t>(static_cast<uint32_t>(shifted >> 32));
  int64_t high = static_cast<int64_t>(static_cast<uint32_t>(shifted >> 64));
  if (bits >> 63 != 0) {
    low = -low;
    middle = -middle;
    high = -high;
  }
  digits_[static_cast<size_t>(digit)] += low;
  digits_[static_cast<size_t>(digit) + 1] += middle;
  digits_[static_cast<size_t>(digit) + 2] += high;
  if (++adds_ >= kLazyAdds) carry();
}

void Superaccumulator::add(const Superaccumulator& other) {
  Superaccumulator copy = other;
  copy.carry();
  carry();
  for (size_t i = 0; i < kDigits; ++i) digits_[i] += copy.digits_[i];
  adds_ = 2;
}

void Superaccumulator::carry() {
  int64_t carried = 0;
  for (size_t i = 0; i + 1 < kDigits; ++i) {
    int64_t sum = digits_[i] + carried;
    digits_[i] = sum & 0xffffffff;
    carried = sum >> 32;
  }
  digits_[kDigits - 1] += carried;
  adds_ = 1;
}

void Superaccumulator::add_to(GrowingSum* sum) const {
  for (int i = 0; i < kDigits; ++i) {
    const int64_t digit = digits_[static_cast<size_t>(i)];
    const auto magnitude = static_cast<uint128>(digit < 0 ? -static_cast<int128>(digit) : static_cast<int128>(digit));
    sum->add(magnitude, 32 * i, digit < 0);
  }
}

double Superaccumulator::rounded() const {
  Superaccumulator sum = *this;
  sum.carry();
  bool negative = sum.digits_[kDigits - 1] < 0;
  if (negative) {
    for (int64_t& digit : sum.digits_) digit = -digit;
    sum.carry();
  }
  int top = kDigits - 1;
  while (top >= 0 && sum.digits_[static_cast<size_t>(top)] == 0) --top;
  if (top < 0) return 0.0;
  // The top three digits hold at least 65 significant bits; what lies below them only matters as a sticky bit.
  uint128 head = static_cast<uint128>(static_cast<uint64_t>(sum.digits_[static_cast<size_t>(top)]));
  int unit = top;  // digit index of head's lowest 32 bits
  for (int i = 0; i < 2 && unit > 0; ++i)
    head = head << 32 | static_cast<uint64_t>(sum.digits_[static_cast<size_t>(--unit)]);
  bool sticky = false;
  for (int i = 0; i < unit; ++i) sticky |= sum.digits_[static_cast<size_t>(i)] != 0;
  int bits = 128;
  while (bits > 0 && (head >> (bits - 1) & 1) == 0) --bits;
  int drop = bits - 53;
  uint64_t mantissa;
  if (drop <= 0) {
    mantissa = static_cast<uint64_t>(head);  // unit is 0 here: every bit of the sum is in head
    drop = 0;
  } else {
    mantissa = static_cast<uint64_t>(head >> drop);
    uint128 rest = head & ((uint128{1} << drop) - 1);
    uint128 half = uint128{1} << (drop - 1);
    if (rest > half || (rest == half && (sticky || (mantissa & 1) != 0))) ++mantissa;
  }
  double result = std::ldexp(static_cast<double>(mantissa), 32 * unit + drop - 1074);
  return negative ? -result : result;
}

void SpillArena::take(SpillArena&& other) {
  for (SpillArena& more : other.taken_) taken_.push_back(std::move(more));
  other.taken_.clear();
  taken_.push_back(std::move(other));
  other = SpillArena();
}

SpillScope::SpillScope(SpillArena* arena) : before_(current_arena) { current_arena = arena; }
SpillScope::~SpillScope() { current_arena = before_; }

Moments& moments_of(al_moments* accumulator) {
  if (accumulator->state == 0) {
    ALIDADE_CHECK(current_arena != nullptr);
    accumulator->state = reinterpret_cast<uint64_t>(current_arena->make_moments());
  }
  return *reinterpret_cast<Moments*>(accumulator->state);
}

void add_float_sum(al_float_sum* sum, const al_float_sum& other) {
  if (other.spill == 0) {
    al_add_float(sum, other.high);
    al_add_float(sum, other.low);
    return;
  }
  if (sum->spill == 0) al_float_spill(sum, 0.0);
  reinterpret_cast<Superaccumulator*>(sum->spill)->add(*reinterpret_cast<const Superaccumulator*>(other.spill));
}

double rounded_float_sum(const al_float_sum& sum) {
  if (sum.spill != 0) return reinterpret_cast<const Superaccumulator*>(sum.spill)->rounded();
  return sum.high + sum.low + 0.0;  // the pair is exact, so one addition rounds once; + 0.0 turns -0.0 into 0.0
}

double rounded_float_mean(const al_float_sum& sum, int64_t count) {
  if (sum.spill == 0 && sum.low == 0) return sum.high / static_cast<double>(count) + 0.0;
  GrowingSum total;
  if (sum.spill != 0) reinterpret_cast<const Superaccumulator*>(sum.spill)->add_to(&total);
  total.add_float(sum.high);
  total.add_float(sum.low);
  return nearest_quotient_of_floats(std::move(total), count);
}

}  // namespace alidade

/// The pair cannot take `value` exactly: pair and value move to a superaccumulator, which takes all that follows.
extern "C" void al_float_spill(al_float_sum* sum, double value) {
  using alidade::Superaccumulator;
  if (sum->spill == 0) {
    ALIDADE_CHECK(alidade::current_arena != nullptr);
    Superaccumulator* made = alidade::current_arena->make();
    made->add(sum->high);
    made->add(sum->low);
    *sum = al_float_sum{0.0, 0.0, reinterpret_cast<uint64_t>(made)};
  }
  reinterpret_cast<Superaccumulator*>(sum->spill)->add(value);
}
