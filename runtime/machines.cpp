// Scattering rows to partitions and folding them into entries. The tables miss the cache, so rows go in blocks: first
// the codes and places of a block, prefetched, then the folds. Door: machines.h.
#include "runtime/machines.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/arithmetic.h"
#include "runtime/cells.h"
#include "runtime/indexer.h"

namespace alidade {
namespace {

uint64_t mix(uint64_t key) {
  key *= 0x9e3779b97f4a7c15;
  key ^= key >> 32;
  key *= 0xd6e8feb86659fd93;
  return key ^ key >> 29;
}

template <typename T>
T load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <typename T>
void store(uint8_t* into, T value) {
  std::memcpy(into, &value, sizeof value);
}

bool keeps_last(al_accumulator_kind kind) {
  return kind == AL_LAST_EXACT || kind == AL_LAST_FLOAT || kind == AL_LAST_ROW;
}

uint32_t state_bytes(const MachineAccumulator& accumulator) {
  switch (accumulator.kind) {
    case AL_COUNT:
    case AL_SUM_EXACT:
    case AL_SUM_PLAIN:
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY:
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT:
      return 8;
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
      return sizeof(int128);
    case AL_SUM_FLOAT:
      return sizeof(al_float_sum);
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      return static_cast<uint32_t>(kMomentHead) + accumulator.payload_bytes;
  }
  return 0;
}

constexpr uint32_t kNoPartition = kPartitions;

uint32_t partition_of_integer(int64_t key) { return static_cast<uint32_t>(mix(static_cast<uint64_t>(key)) >> 58); }

}  // namespace

uint32_t KeyTable::code(int64_t key) {
  if (2 * (keys_.size() + 1) > index_.size()) grow();
  const size_t mask = index_.size() - 1;
  size_t at = mix(static_cast<uint64_t>(key)) & mask;
  for (; index_[at].code != 0; at = (at + 1) & mask) {
    if (index_[at].key == key) return index_[at].code - 1;
  }
  keys_.push_back(key);
  index_[at] = {key, static_cast<uint32_t>(keys_.size())};
  return index_[at].code - 1;
}

void KeyTable::prefetch(int64_t key) const {
  if (!index_.empty()) __builtin_prefetch(&index_[mix(static_cast<uint64_t>(key)) & (index_.size() - 1)]);
}

void KeyTable::grow() {
  index_.assign(std::max<size_t>(64, index_.size() * 2), {});
  const size_t mask = index_.size() - 1;
  for (uint32_t code = 0; code < keys_.size(); ++code) {
    size_t at = mix(static_cast<uint64_t>(keys_[code])) & mask;
    while (index_[at].code != 0) at = (at + 1) & mask;
    index_[at] = {keys_[code], code + 1};
  }
}

EntryLayout::EntryLayout(const MachineProgram& program) : machine(&program) {
  bytes = 8 + 8 * static_cast<uint32_t>(program.mask_words);
  for (const MachineAccumulator& accumulator : program.accumulators) {
    state_offsets.push_back(bytes);
    bytes += state_bytes(accumulator);
  }
}

namespace {

// Two passes: how many rows each partition gets, then the rows themselves.
template <typename Key, typename Partition>
void scatter_by(const MachineProgram& machine, const al_column& keys, const uint8_t* narrow, size_t rows, Key key_of,
                Partition partition_of, ScatteredRows* out) {
  thread_local std::vector<uint8_t> partitions;
  partitions.resize(rows);
  std::array<uint32_t, kPartitions + 1> counts{};
  out->rows_without_key.clear();
  for (size_t i = 0; i < rows; ++i) {
    uint32_t row = load<uint32_t>(narrow + i * machine.row_bytes);
    uint32_t partition = kNoPartition;
    if (keys.valid == nullptr || keys.valid[row] != 0) {
      partition = partition_of(key_of(row));
    } else {
      out->rows_without_key.push_back(row);
    }
    partitions[i] = static_cast<uint8_t>(partition);
    ++counts[partition];
  }
  std::array<uint32_t, kPartitions + 1> next{};
  for (size_t p = 0; p < kPartitions; ++p) next[p + 1] = next[p] + counts[p];
  out->starts = next;
  const size_t stride = 8 + machine.row_bytes;
  if (out->bytes.size() < next[kPartitions] * stride) out->bytes.resize(next[kPartitions] * stride);
  for (size_t i = 0; i < rows; ++i) {
    if (partitions[i] == kNoPartition) continue;
    const uint8_t* from = narrow + i * machine.row_bytes;
    uint8_t* into = out->bytes.data() + next[partitions[i]]++ * stride;
    store<int64_t>(into, key_of(load<uint32_t>(from)));
    std::memcpy(into + 8, from, 16);
    if (machine.row_bytes > 16) std::memcpy(into + 24, from + 16, machine.row_bytes - 16);
  }
}

}  // namespace

void scatter(const MachineProgram& machine, FieldKind kind, const al_column& keys, const uint8_t* narrow, int64_t rows,
             ScatteredRows* out) {
  const size_t count = static_cast<size_t>(rows);
  auto of_code = [](int64_t code) { return static_cast<uint32_t>(code) % kPartitions; };
  if (kind == FieldKind::kText || kind == FieldKind::kOneOf) {
    const uint32_t* codes = static_cast<const uint32_t*>(keys.values);
    scatter_by(machine, keys, narrow, count, [codes](uint32_t row) { return int64_t{codes[row]}; }, of_code, out);
  } else if (kind == FieldKind::kInteger) {
    const int64_t* integers = static_cast<const int64_t*>(keys.values);
    scatter_by(machine, keys, narrow, count, [=](uint32_t row) { return integers[row]; }, partition_of_integer, out);
  } else {
    scatter_by(
        machine, keys, narrow, count, [&](uint32_t row) { return key_value(kind, keys, row).value; },
        partition_of_integer, out);
  }
}

uint64_t MachinePartition::hash(uint32_t code, uint32_t cell) { return mix(static_cast<uint64_t>(code) << 32 | cell); }

void MachinePartition::take(const uint8_t* rows, size_t count, KeyTable* keys) {
  constexpr size_t kBlock = 64;
  const size_t stride = 8 + layout_->machine->row_bytes;
  const bool plain = layout_->machine->mask_words == 1 && layout_->state_offsets.empty();
  uint32_t codes[kBlock];
  uint64_t hashes[kBlock];
  for (size_t begin = 0; begin < count; begin += kBlock) {
    size_t block = std::min(kBlock, count - begin);
    if ((size_ + block) * 4 > capacity_ * 3) grow(size_ + block);
    const uint8_t* row = rows + begin * stride;
    for (size_t i = 0; keys != nullptr && i < block; ++i) keys->prefetch(load<int64_t>(row + i * stride));
    for (size_t i = 0; i < block; ++i, row += stride) {
      int64_t key = load<int64_t>(row);
      codes[i] = keys == nullptr ? static_cast<uint32_t>(key) / kPartitions : keys->code(key);
      hashes[i] = hash(codes[i], load<uint32_t>(row + 12));
      __builtin_prefetch(entries_.data() + place(hashes[i]) * layout_->bytes, 1);
    }
    row = rows + begin * stride;
    for (size_t i = 0; i < block; ++i, row += stride) {
      uint8_t* entry = find_or_add(codes[i], load<uint32_t>(row + 12), hashes[i]);
      if (plain) {
        store(entry + 8, load<uint64_t>(entry + 8) | load<uint64_t>(row + 16));
      } else {
        take_row(row + 8, entry);
      }
    }
  }
}

uint8_t* MachinePartition::find_or_add(uint32_t code, uint32_t cell, uint64_t hash) {
  const uint64_t wanted = static_cast<uint64_t>(cell) << 32 | (code + 1);
  size_t at = place(hash);
  while (true) {
    uint8_t* entry = entries_.data() + at * layout_->bytes;
    uint64_t found = load<uint64_t>(entry);
    if (found == wanted) return entry;
    if (found == 0) {
      store(entry, wanted);
      ++size_;
      return entry;
    }
    if (++at == capacity_) at = 0;
  }
}

// Doubles while small, later grows by half: of all memory little is empty. Places ascend with hashes, so the old table
// in its order fills the new one from front to back.
void MachinePartition::grow(size_t entries) {
  constexpr size_t kSmall = size_t{1} << 17;
  size_t capacity =
      std::max({size_t{64}, capacity_ + (capacity_ < kSmall ? capacity_ : capacity_ / 2), entries * 4 / 3 + 1});
  ZeroedArray old = std::move(entries_);
  size_t old_capacity = capacity_;
  entries_ = ZeroedArray(capacity * layout_->bytes);
  capacity_ = capacity;
  size_ = 0;
  for (size_t i = 0; i < old_capacity; ++i) {
    const uint8_t* entry = old.data() + i * layout_->bytes;
    if (load<uint32_t>(entry) == 0) continue;
    std::memcpy(find_or_add(code(entry), cell(entry), hash(code(entry), cell(entry))), entry, layout_->bytes);
  }
}

void MachinePartition::take_row(const uint8_t* narrow, uint8_t* entry) {
  const MachineProgram& machine = *layout_->machine;
  const uint8_t* row_mask = narrow + 8;
  for (size_t i = 0; i < machine.accumulators.size(); ++i) {
    const MachineAccumulator& accumulator = machine.accumulators[i];
    const size_t word = static_cast<size_t>(accumulator.guard_bit) / 64;
    if ((load<uint64_t>(row_mask + 8 * word) >> (accumulator.guard_bit % 64) & 1) == 0) continue;
    const uint8_t* slot = narrow + accumulator.slot_offset;
    uint8_t* state = entry + layout_->state_offsets[i];
    const bool seen = has(entry, accumulator.guard_bit);
    switch (accumulator.kind) {
      case AL_COUNT:
        store(state, load<int64_t>(state) + 1);
        break;
      case AL_SUM_EXACT:
        add_exact(entry, i, load<int128>(slot));
        break;
      case AL_SUM_FLOAT:
        al_add_float(reinterpret_cast<al_float_sum*>(state), load<double>(slot));
        break;
      case AL_SUM_PLAIN:
        store(state, load<double>(state) + load<double>(slot));
        break;
      case AL_MIN_EXACT:
      case AL_MAX_EXACT:
        bound_exact(entry, i, load<int128>(slot), seen);
        break;
      case AL_MIN_FLOAT:
      case AL_MAX_FLOAT:
        bound_float(entry, i, load<double>(slot), seen);
        break;
      case AL_VALUES_EXACT:
        push(entry, i, load<uint64_t>(slot), load<uint64_t>(slot + 8));
        break;
      case AL_VALUES_FLOAT:
      case AL_VALUES_KEY:
        push(entry, i, load<uint64_t>(slot), 0);
        break;
      case AL_FIRST_EXACT:
      case AL_LAST_EXACT:
      case AL_FIRST_FLOAT:
      case AL_LAST_FLOAT:
      case AL_FIRST_ROW:
      case AL_LAST_ROW:
        keep(accumulator, slot, state);
        break;
      case AL_MOMENTS_EXACT:
        al_add_moments_exact(reinterpret_cast<al_moments*>(state), load<uint64_t>(slot), load<int64_t>(slot + 8));
        break;
      case AL_MOMENTS_FLOAT:
        al_add_moments_float(reinterpret_cast<al_moments*>(state), load<double>(slot));
        break;
    }
  }
  for (int word = 0; word < machine.mask_words; ++word) {
    uint8_t* into = entry + 8 + 8 * word;
    store(into, load<uint64_t>(into) | load<uint64_t>(row_mask + 8 * word));
  }
}

// Most rows are not before what is kept: they are told by their moment alone.
void MachinePartition::keep(const MachineAccumulator& accumulator, const uint8_t* slot, uint8_t* state) {
  const std::pair moment(load<int64_t>(slot), load<int64_t>(slot + 8));
  const std::pair kept(load<int64_t>(state), load<int64_t>(state + 8));
  const uint64_t flags = load<uint64_t>(state + 16);
  const bool before = keeps_last(accumulator.kind) ? moment > kept : moment < kept;
  if (flags == 0 || before) {
    std::memcpy(state, slot, 16);
    store<uint64_t>(state + 16, AL_FLAG_SEEN);
    std::memcpy(state + kMomentHead, slot + 16, accumulator.payload_bytes);
  } else if (moment == kept && std::memcmp(state + kMomentHead, slot + 16, accumulator.payload_bytes) != 0) {
    store<uint64_t>(state + 16, flags | AL_FLAG_TIE);
  }
}

// The entry keeps the sum modulo 2^64; the multiples of 2^64 are kept apart, for they are rare.
void MachinePartition::add_exact(uint8_t* entry, size_t accumulator, int128 value) {
  uint8_t* state = entry + layout_->state_offsets[accumulator];
  const int64_t low = static_cast<int64_t>(value);
  int128 high = (value >> 64) + (low < 0 ? 1 : 0);
  int64_t sum;
  if (__builtin_add_overflow(load<int64_t>(state), low, &sum)) high += low < 0 ? -1 : 1;
  store(state, sum);
  if (high != 0) wraps_[load<uint64_t>(entry)][accumulator] += high;
}

void MachinePartition::bound_exact(uint8_t* entry, size_t accumulator, int128 value, bool seen) {
  uint8_t* state = entry + layout_->state_offsets[accumulator];
  int128 old = load<int128>(state);
  bool smaller = layout_->machine->accumulators[accumulator].kind == AL_MIN_EXACT;
  if (!seen || (smaller ? value < old : value > old)) store(state, value);
}

void MachinePartition::bound_float(uint8_t* entry, size_t accumulator, double value, bool seen) {
  uint8_t* state = entry + layout_->state_offsets[accumulator];
  double old = load<double>(state);
  bool smaller = layout_->machine->accumulators[accumulator].kind == AL_MIN_FLOAT;
  if (!seen || (smaller ? value < old : value > old)) store(state, value + 0.0);
}

void MachinePartition::push(uint8_t* entry, size_t accumulator, uint64_t word, uint64_t high) {
  Lists& lists = lists_[accumulator];
  const al_accumulator_kind kind = layout_->machine->accumulators[accumulator].kind;
  uint8_t* state = entry + layout_->state_offsets[accumulator];
  uint32_t list = load<uint32_t>(state);
  if (list == 0) {
    lists.heads.push_back(0);
    list = static_cast<uint32_t>(lists.heads.size());
    store(state, list);
  }
  if (kind == AL_VALUES_KEY && !lists.keys[list].insert(word).second) return;
  uint32_t before = lists.heads[list - 1];
  lists.words.push_back(word);
  lists.next.push_back(before);
  lists.heads[list - 1] = static_cast<uint32_t>(lists.words.size());
  if (kind == AL_VALUES_EXACT) {
    lists.words.push_back(high);
    lists.next.push_back(0);
  }
}

void MachinePartition::fold(const uint8_t* entry, size_t accumulator, Fold* into) const {
  const MachineAccumulator& program = layout_->machine->accumulators[accumulator];
  if (!has(entry, program.guard_bit)) return;
  const uint8_t* state = entry + layout_->state_offsets[accumulator];
  switch (program.kind) {
    case AL_COUNT:
      into->count += load<int64_t>(state);
      return;
    case AL_SUM_EXACT: {
      al_exact sum{};
      int64_t low = load<int64_t>(state);
      al_add_exact(&sum, static_cast<uint64_t>(low), low >> 63);
      if (!wraps_.empty()) {
        auto wrapped = wraps_.find(load<uint64_t>(entry));
        if (wrapped != wraps_.end() && wrapped->second.contains(accumulator)) {
          int128 times = wrapped->second.at(accumulator);  // × 2^64
          al_exact high{0, static_cast<int64_t>(times), 0,
                        static_cast<int64_t>((times - static_cast<int64_t>(times)) >> 64)};
          al_merge_exact(&sum, &high);
        }
      }
      al_merge_exact(&into->exact, &sum);
      return;
    }
    case AL_SUM_FLOAT:
      add_float_sum(&into->float_sum, load<al_float_sum>(state));
      return;
    case AL_SUM_PLAIN:
      into->plain_sum += load<double>(state);
      return;
    case AL_MIN_EXACT:
      al_min_exact(&into->exact, load<uint64_t>(state), load<int64_t>(state + 8));
      return;
    case AL_MAX_EXACT:
      al_max_exact(&into->exact, load<uint64_t>(state), load<int64_t>(state + 8));
      return;
    case AL_MIN_FLOAT:
      al_min_float(&into->bound, load<double>(state));
      return;
    case AL_MAX_FLOAT:
      al_max_float(&into->bound, load<double>(state));
      return;
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT: {
      al_moments moments = load<al_moments>(state);
      into->moments.add(moments_of(&moments));
      return;
    }
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY: {
      const Lists& lists = lists_[accumulator];
      for (uint32_t at = lists.heads[load<uint32_t>(state) - 1]; at != 0; at = lists.next[at - 1]) {
        if (program.kind == AL_VALUES_EXACT) {
          into->values.add_exact(join_exact(lists.words[at - 1], static_cast<int64_t>(lists.words[at])));
        } else {
          into->values.words.push_back(static_cast<int64_t>(lists.words[at - 1]));
        }
      }
      return;
    }
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
      merge_accumulator(program.kind, reinterpret_cast<uint8_t*>(&into->moment), state);
      return;
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      return;
  }
}

void MachinePartition::change_kept(size_t accumulator, size_t column, const std::function<uint64_t(uint64_t)>& change) {
  const MachineAccumulator& program = layout_->machine->accumulators[accumulator];
  const size_t words = (program.columns.size() + 63) / 64;
  for (size_t i = 0; i < capacity_; ++i) {
    uint8_t* entry = entries_.data() + i * layout_->bytes;
    if (load<uint32_t>(entry) == 0 || !has(entry, program.guard_bit)) continue;
    uint8_t* payload = entry + layout_->state_offsets[accumulator] + kMomentHead;
    if ((load<uint64_t>(payload + 8 * (column / 64)) >> (column % 64) & 1) == 0) continue;
    uint8_t* value = payload + 8 * (words + column);
    store(value, change(load<uint64_t>(value)));
  }
}

void MachinePartition::merge(const MachinePartition& other, const std::vector<uint32_t>& codes,
                             const std::vector<uint32_t>& cells) {
  other.for_each([&](const uint8_t* from) {
    if ((size_ + 1) * 4 > capacity_ * 3) grow(size_ + 1);
    uint32_t new_code = codes[code(from)], new_cell = cells[cell(from)];
    uint8_t* into = find_or_add(new_code, new_cell, hash(new_code, new_cell));
    for (size_t i = 0; i < layout_->state_offsets.size(); ++i) merge_state(other, from, into, i);
    for (int word = 0; word < layout_->machine->mask_words; ++word) {
      uint8_t* bits = into + 8 + 8 * word;
      store(bits, load<uint64_t>(bits) | mask(from)[word]);
    }
  });
}

void MachinePartition::merge_state(const MachinePartition& other, const uint8_t* from, uint8_t* into,
                                   size_t accumulator) {
  const MachineAccumulator& program = layout_->machine->accumulators[accumulator];
  if (!has(from, program.guard_bit)) return;
  const uint8_t* other_state = from + layout_->state_offsets[accumulator];
  uint8_t* state = into + layout_->state_offsets[accumulator];
  const bool seen = has(into, program.guard_bit);
  switch (program.kind) {
    case AL_COUNT:
      store(state, load<int64_t>(state) + load<int64_t>(other_state));
      return;
    case AL_SUM_EXACT: {
      add_exact(into, accumulator, load<int64_t>(other_state));
      auto wrapped = other.wraps_.find(load<uint64_t>(from));
      if (wrapped != other.wraps_.end() && wrapped->second.contains(accumulator)) {
        wraps_[load<uint64_t>(into)][accumulator] += wrapped->second.at(accumulator);
      }
      return;
    }
    case AL_SUM_FLOAT:
      add_float_sum(reinterpret_cast<al_float_sum*>(state), load<al_float_sum>(other_state));
      return;
    case AL_SUM_PLAIN:
      merge_accumulator(program.kind, state, other_state);
      return;
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
      bound_exact(into, accumulator, load<int128>(other_state), seen);
      return;
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
      bound_float(into, accumulator, load<double>(other_state), seen);
      return;
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT:
      merge_accumulator(program.kind, state, other_state);
      return;
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY: {
      Fold values;
      other.fold(from, accumulator, &values);
      for (int64_t word : values.values.words)
        push(into, accumulator, static_cast<uint64_t>(word), static_cast<uint64_t>(word >> 63));
      for (int128 wide : values.values.wide)
        push(into, accumulator, static_cast<uint64_t>(wide), static_cast<uint64_t>(wide >> 64));
      return;
    }
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      keep_moment(state, other_state, program.payload_bytes, keeps_last(program.kind));
      return;
  }
}

MachineState::MachineState(const MachineProgram& program) : layout(program) {
  for (int p = 0; p < kPartitions; ++p) partitions.emplace_back(&layout);
}

}  // namespace alidade
