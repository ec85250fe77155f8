// Slots, groups and cell ids, and the merge of cells. Door: cells.h.
#include "runtime/cells.h"

#include <algorithm>
#include <cstring>

#include "runtime/exact_sum.h"

namespace alidade {

SlotTable::SlotTable(Grain grain, const Calendar* calendar, std::vector<Instant> cuts)
    : grain_(calendar == nullptr ? grain : calendar->elapsed_grain(grain)),
      calendar_(calendar),
      cuts_(std::move(cuts)) {}

Interval SlotTable::extent(Instant time) const {
  Interval whole = grain_ == Grain::kWhole ? Interval{kMinInstant, kMaxInstant} : calendar_->bucket(grain_, time);
  auto above = std::upper_bound(cuts_.begin(), cuts_.end(), time);
  if (above != cuts_.end()) whole.end = std::min(whole.end, *above);
  if (above != cuts_.begin()) whole.start = std::max(whole.start, *std::prev(above));
  return whole;
}

SlotTable::Slot SlotTable::at(Instant time) {
  std::lock_guard lock(mutex_);
  auto above = by_start_.upper_bound(time);
  if (above != by_start_.begin()) {
    uint32_t slot = std::prev(above)->second;
    if (time < intervals_[slot].end) return {intervals_[slot], slot};
  }
  Interval interval = extent(time);
  uint32_t slot = static_cast<uint32_t>(intervals_.size());
  by_start_.emplace(interval.start, slot);
  intervals_.push_back(interval);
  return {interval, slot};
}

GroupTable::GroupTable(std::vector<Dimension> dimensions) : dimensions_(std::move(dimensions)), index_(16, kNoId) {
  if (dimensions_.empty()) size_ = 1;
}

size_t GroupTable::probe(std::span<const KeyValue> values) const {
  uint64_t hash = 0;
  for (const KeyValue& value : values) {
    hash = (hash ^ static_cast<uint64_t>(value.value) ^ (value.missing ? 0x5851f42d4c957f2d : 0)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  size_t mask = index_.size() - 1;
  size_t place = hash & mask;
  while (index_[place] != kNoId && !std::ranges::equal(this->values(index_[place]), values)) place = (place + 1) & mask;
  return place;
}

uint32_t GroupTable::find(std::span<const KeyValue> values) const {
  return dimensions_.empty() ? 0 : index_[probe(values)];
}

uint32_t GroupTable::find_or_add(std::span<const KeyValue> values) {
  if (dimensions_.empty()) return 0;
  std::lock_guard lock(mutex_);
  size_t place = probe(values);
  if (index_[place] != kNoId) return index_[place];
  if (2 * (size_ + 1) > index_.size()) {
    grow();
    place = probe(values);
  }
  index_[place] = static_cast<uint32_t>(size_);
  values_.insert(values_.end(), values.begin(), values.end());
  return static_cast<uint32_t>(size_++);
}

void GroupTable::grow() {
  index_.assign(index_.size() * 2, kNoId);
  for (uint32_t group = 0; group < size_; ++group) index_[probe(values(group))] = group;
}

uint32_t CellMap::page(uint32_t slot, uint32_t block) {
  std::lock_guard lock(mutex_);
  if (slot >= pages_.size()) pages_.resize(slot + 1);
  std::vector<uint32_t>& of_slot = pages_[slot];
  if (block >= of_slot.size()) of_slot.resize(block + 1, kNoId);
  if (of_slot[block] == kNoId) {
    of_slot[block] = static_cast<uint32_t>(places_.size());
    places_.push_back({slot, block});
    pages_made_.store(static_cast<uint32_t>(places_.size()), std::memory_order_release);
  }
  return of_slot[block];
}

uint32_t CellMap::find(uint32_t slot, uint32_t group) const {
  if (slot >= pages_.size() || (group >> shift_) >= pages_[slot].size()) return kNoId;
  uint32_t page = pages_[slot][group >> shift_];
  return page == kNoId ? kNoId : page << shift_ | low(group);
}

void keep_moment(uint8_t* into, const uint8_t* from, size_t payload, bool last) {
  al_moment a, b;  // only their heads: what they hold is `payload` bytes
  std::memcpy(&a, into, kMomentHead);
  std::memcpy(&b, from, kMomentHead);
  if (b.flags == 0) return;
  const auto moment = [](const al_moment& m) { return std::pair(m.time, m.order); };
  const bool before = last ? moment(b) > moment(a) : moment(b) < moment(a);
  if (a.flags == 0 || before) {
    std::memcpy(into, from, kMomentHead + payload);
  } else if (moment(a) == moment(b)) {
    a.flags |= b.flags;
    if (std::memcmp(into + kMomentHead, from + kMomentHead, payload) != 0) a.flags |= AL_FLAG_TIE;
    std::memcpy(into, &a, kMomentHead);
  }
}

uint32_t accumulator_bytes(al_accumulator_kind kind) {
  switch (kind) {
    case AL_COUNT:
      return sizeof(int64_t);
    case AL_SUM_EXACT:
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
      return sizeof(al_exact);
    case AL_SUM_FLOAT:
      return sizeof(al_float_sum);
    case AL_SUM_PLAIN:
      return sizeof(double);
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
      return sizeof(al_float_bound);
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT:
      return sizeof(al_moments);
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      return 0;
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
      return sizeof(al_moment);
  }
  return 0;
}

void merge_accumulator(al_accumulator_kind kind, uint8_t* into, const uint8_t* from) {
  al_exact* exact = reinterpret_cast<al_exact*>(into);
  const al_exact* other_exact = reinterpret_cast<const al_exact*>(from);
  al_float_bound* bound = reinterpret_cast<al_float_bound*>(into);
  const al_float_bound* other_bound = reinterpret_cast<const al_float_bound*>(from);
  switch (kind) {
    case AL_COUNT:
      *reinterpret_cast<int64_t*>(into) += *reinterpret_cast<const int64_t*>(from);
      return;
    case AL_SUM_EXACT:
      al_merge_exact(exact, other_exact);
      return;
    case AL_SUM_FLOAT:
      add_float_sum(reinterpret_cast<al_float_sum*>(into), *reinterpret_cast<const al_float_sum*>(from));
      return;
    case AL_SUM_PLAIN:
      *reinterpret_cast<double*>(into) += *reinterpret_cast<const double*>(from);
      return;
    case AL_MIN_EXACT:
      if ((other_exact->flags & AL_FLAG_SEEN) != 0) al_min_exact(exact, other_exact->low, other_exact->high);
      return;
    case AL_MAX_EXACT:
      if ((other_exact->flags & AL_FLAG_SEEN) != 0) al_max_exact(exact, other_exact->low, other_exact->high);
      return;
    case AL_MIN_FLOAT:
      if ((other_bound->flags & AL_FLAG_SEEN) != 0) al_min_float(bound, other_bound->value);
      return;
    case AL_MAX_FLOAT:
      if ((other_bound->flags & AL_FLAG_SEEN) != 0) al_max_float(bound, other_bound->value);
      return;
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT: {
      al_moments other = *reinterpret_cast<const al_moments*>(from);
      if (other.state != 0) moments_of(reinterpret_cast<al_moments*>(into)).add(moments_of(&other));
      return;
    }
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      return;
    case AL_FIRST_EXACT:
    case AL_FIRST_FLOAT:
      keep_moment(into, from, sizeof(int128), false);
      return;
    case AL_LAST_EXACT:
    case AL_LAST_FLOAT:
      keep_moment(into, from, sizeof(int128), true);
      return;
  }
}

}  // namespace alidade
