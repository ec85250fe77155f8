// Rows to cells. The loops here are the runtime's share of every row, so each handles the common case without a call.
// Door: indexer.h.
#include "runtime/indexer.h"

#include <algorithm>
#include <bit>

namespace alidade {
namespace {

// The length of a cached span is 2^shift microseconds: less than the shortest bucket of the grain.
int span_shift(Grain grain) {
  switch (grain) {
    case Grain::kSecond:
      return 19;  // 0.5 s
    case Grain::kMinute:
      return 25;  // 34 s
    case Grain::kHour:
      return 30;  // 18 min
    case Grain::kDay:
      return 36;  // 19 h
    case Grain::kWeek:
      return 39;  // 6.4 d
    case Grain::kMonth:
      return 41;  // 25 d
    case Grain::kQuarter:
    case Grain::kFiscalQuarter:
      return 42;
    case Grain::kYear:
    case Grain::kFiscalYear:
    case Grain::kWhole:
      return 44;
  }
  return 19;
}

constexpr size_t kDirectPairs = size_t{1} << 20;
constexpr Instant kUnreadTime = -60'000'000'000'000'000;  // in the first century

}  // namespace

SlotIndex::SlotIndex(SlotTable* table, bool at_ends)
    : table_(table), at_ends_(at_ends), shift_(span_shift(table->grain())), slots_(AL_MORSEL_ROWS) {}

uint32_t SlotIndex::slow(Instant time) {
  if (time < latest_.interval.start || time >= latest_.interval.end) latest_ = table_->at(time);
  return latest_.id;
}

// False where the span holds more than one boundary.
bool SlotIndex::learn(int64_t number, Span* span) {
  Instant start = number << shift_, last = start + (int64_t{1} << shift_) - 1;
  SlotTable::Slot first = table_->at(start), second = table_->at(last);
  if (first.id != second.id && first.interval.end != second.interval.start) return false;
  *span = Span{number, second.id == first.id ? last + 1 : second.interval.start, first.id, second.id};
  return true;
}

uint32_t SlotIndex::index(const Instant* times, int64_t count, Instant first, Instant last) {
  if (at_ends_) {
    slow(last);
    return latest_.interval.end == last + 1 ? latest_.id : table_->at(kUnreadTime).id;
  }
  if (slow(first) == slow(last) && last < latest_.interval.end && first >= latest_.interval.start) return latest_.id;
  if (spans_.empty()) spans_.resize(kSpans);
  uint32_t* out = slots_.data();
  for (int64_t i = 0; i < count; ++i) {
    Instant time = times[i];
    int64_t number = time >> shift_;
    Span& span = spans_[static_cast<size_t>(number) & (kSpans - 1)];
    if (span.number != number) [[unlikely]] {
      if (!learn(number, &span)) {
        out[i] = slow(time);
        continue;
      }
    }
    out[i] = time < span.boundary ? span.before : span.after;
  }
  return kNoId;
}

GroupIndex::GroupIndex(GroupTable* table, std::vector<int> columns)
    : table_(table), columns_(std::move(columns)), groups_(AL_MORSEL_ROWS), right_(AL_MORSEL_ROWS) {
  pairs_.resize(columns_.size());  // pairs_[0] leads from the first value alone
  for (const Dimension& dimension : table->dimensions()) values_.emplace_back(dimension.kind);
}

void GroupIndex::index(const al_column* columns, int64_t count) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    uint32_t* numbers = i == 0 ? groups_.data() : right_.data();
    values_[i].number(columns[columns_[i]], count, numbers);
    if (i > 0 || columns_.size() == 1) pair(i, columns, count, i == 0 ? nullptr : numbers);
  }
}

// Leads from groups_ (numbers so far) and `right` to the next numbers, in groups_.
void GroupIndex::pair(size_t position, const al_column* columns, int64_t count, const uint32_t* right) {
  Pairs& pairs = pairs_[position];
  uint32_t left_made = position < 2 ? values_[0].made() : pairs_[position - 1].made;
  uint32_t right_made = right == nullptr ? 1 : values_[position].made();
  int bits = std::bit_width(right_made - 1);
  size_t needed = static_cast<size_t>(left_made) << bits;
  if (needed <= kDirectPairs && (bits != pairs.right_bits || needed > pairs.direct.size())) {
    std::vector<uint32_t> wider(std::bit_ceil(needed), kNoId);
    for (size_t i = 0; i < pairs.direct.size(); ++i) {
      size_t left = i >> pairs.right_bits, low = i & ((size_t{1} << pairs.right_bits) - 1);
      if (pairs.direct[i] != kNoId) wider[left << bits | low] = pairs.direct[i];
    }
    pairs.direct = std::move(wider);
    pairs.right_bits = bits;
  }
  uint32_t* groups = groups_.data();
  if (needed <= kDirectPairs) {
    uint32_t* direct = pairs.direct.data();
    for (int64_t i = 0; i < count; ++i) {
      const uint32_t low = right == nullptr ? 0 : right[i];
      uint32_t& found = direct[static_cast<size_t>(groups[i]) << bits | low];
      if (found == kNoId) [[unlikely]]
        found = pair_slow(position, columns, i, groups[i], low);
      groups[i] = found;
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    groups[i] = pair_slow(position, columns, i, groups[i], right == nullptr ? 0 : right[i]);
  }
}

uint32_t GroupIndex::pair_slow(size_t position, const al_column* columns, int64_t row, uint32_t left, uint32_t right) {
  Pairs& pairs = pairs_[position];
  auto [place, added] = pairs.hashed.try_emplace(static_cast<uint64_t>(left) << 32 | right, 0);
  if (added) place->second = position + 1 == columns_.size() ? group_of_row(columns, row) : pairs.made++;
  return place->second;
}

uint32_t GroupIndex::group_of_row(const al_column* columns, int64_t row) {
  std::vector<KeyValue> tuple(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i)
    tuple[i] = key_value(table_->dimensions()[i].kind, columns[columns_[i]], row);
  return table_->find_or_add(tuple);
}

Indexer::Indexer(const PipelineProgram& pipeline, const std::vector<KeySpaceCells>& uses, bool at_ends) {
  for (size_t k = 0; k < uses.size(); ++k) {
    Use use;
    use.map = uses[k].cells;
    use.cells.resize(AL_MORSEL_ROWS);
    const std::vector<int>& columns = pipeline.key_spaces[k].dimension_columns;
    auto same_slots = [&](const SlotIndex& index) { return index.table() == uses[k].slots; };
    auto same_groups = [&](const GroupIndex& index) {
      return index.table() == uses[k].groups && index.columns() == columns;
    };
    auto slots = std::find_if(slots_.begin(), slots_.end(), same_slots);
    use.slots = static_cast<size_t>(slots - slots_.begin());
    if (slots == slots_.end()) slots_.emplace_back(uses[k].slots, at_ends);
    auto groups = std::find_if(groups_.begin(), groups_.end(), same_groups);
    use.groups = static_cast<size_t>(groups - groups_.begin());
    if (groups == groups_.end()) groups_.emplace_back(uses[k].groups, columns);
    uses_.push_back(std::move(use));
  }
  for (const Use& use : uses_) cell_pointers_.push_back(use.cells.data());
}

void Indexer::index(const Instant* times, const al_column* columns, int64_t count) {
  if (count == 0) return;
  Instant first = times[0], last = times[0];
  for (int64_t i = 1; i < count; ++i) {
    first = std::min(first, times[i]);
    last = std::max(last, times[i]);
  }
  std::vector<uint32_t> constant_slots;
  for (SlotIndex& slots : slots_) constant_slots.push_back(slots.index(times, count, first, last));
  for (GroupIndex& groups : groups_) groups.index(columns, count);
  for (Use& use : uses_) place(&use, constant_slots[use.slots], count);
}

uint32_t Indexer::page(Use* use, uint32_t slot, uint32_t block) {
  if (slot >= use->pages.size()) use->pages.resize(slot + 1);
  std::vector<uint32_t>& of_slot = use->pages[slot];
  if (block >= of_slot.size()) of_slot.resize(block + 1, kNoId);
  if (of_slot[block] == kNoId) of_slot[block] = use->map->page(slot, block);
  return of_slot[block];
}

void Indexer::place(Use* use, uint32_t constant_slot, int64_t count) {
  const GroupIndex& index = groups_[use->groups];
  uint32_t* out = use->cells.data();
  const int shift = use->map->shift();
  const uint32_t mask = (uint32_t{1} << shift) - 1;
  const uint32_t* groups = index.groups();
  const uint32_t* slots = slots_[use->slots].slots();
  const bool grouped = !index.columns().empty();
  if (constant_slot != kNoId && !grouped) {
    std::fill_n(out, count, page(use, constant_slot, 0));
  } else if (constant_slot != kNoId) {
    uint32_t last = 0;
    for (int64_t i = 0; i < count; ++i) last = std::max(last, groups[i]);
    if (last <= mask) {  // few groups: all in the first page
      const uint32_t first_cell = page(use, constant_slot, 0) << shift;
      for (int64_t i = 0; i < count; ++i) out[i] = first_cell | groups[i];
      return;
    }
    page(use, constant_slot, groups[0] >> shift);
    const std::vector<uint32_t>* pages = &use->pages[constant_slot];
    for (int64_t i = 0; i < count; ++i) {
      uint32_t block = groups[i] >> shift;
      if (block >= pages->size() || (*pages)[block] == kNoId) [[unlikely]]
        page(use, constant_slot, block);
      out[i] = (*pages)[block] << shift | (groups[i] & mask);
    }
  } else {
    for (int64_t i = 0; i < count; ++i) {
      uint32_t slot = slots[i], group = grouped ? groups[i] : 0, block = group >> shift;
      if (slot >= use->pages.size() || block >= use->pages[slot].size() || use->pages[slot][block] == kNoId)
          [[unlikely]] {
        page(use, slot, block);
      }
      out[i] = use->pages[slot][block] << shift | (group & mask);
    }
  }
}

}  // namespace alidade
