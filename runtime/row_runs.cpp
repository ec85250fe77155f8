// Keys, their sort and the cut into places and runs. The loops over rows are the runtime's share of every row. Door:
// row_runs.h.
#include "runtime/row_runs.h"

#include <algorithm>
#include <numeric>

#include "runtime/wide.h"

namespace alidade {
namespace {

constexpr uint32_t kNoCase = 0xffff;
/// So many different keys are sorted by counting each.
constexpr uint64_t kFewKeys = 8192;
constexpr uint64_t kMostKeys = uint64_t{1} << 62;
constexpr int kRadixBits = 11;

struct Extent {
  uint32_t least, most;
};
ALIDADE_WIDE Extent extent_of(const uint32_t* numbers, int64_t count) {
  Extent extent{UINT32_MAX, 0};
  for (int64_t i = 0; i < count; ++i) {
    extent.least = std::min(extent.least, numbers[i]);
    extent.most = std::max(extent.most, numbers[i]);
  }
  return extent;
}

}  // namespace

RowRuns::RowRuns(const PipelineProgram& pipeline, const std::vector<KeySpaceCells>& uses, bool at_ends)
    : pipeline_(pipeline),
      cases_(pipeline.dispatch_column < 0 ? 1 : pipeline.cases.size() + 1),
      indexer_(pipeline, uses, at_ends),
      representatives_(pipeline.columns.size()),
      rows_(AL_MORSEL_ROWS),
      spare_rows_(AL_MORSEL_ROWS),
      positions_(AL_MORSEL_ROWS) {
  for (size_t k = 0; k < uses.size(); ++k) {
    const auto same_slots = [&](const SlotIndex& index) { return index.table() == uses[k].slots; };
    if (std::none_of(slots_.begin(), slots_.end(), same_slots)) slots_.emplace_back(uses[k].slots, at_ends);
    const std::vector<int>& columns = pipeline.key_spaces[k].dimension_columns;
    for (size_t d = 0; d < columns.size(); ++d) {
      const auto same_column = [&](const Dimension& known) { return known.column == columns[d]; };
      if (std::any_of(dimensions_.begin(), dimensions_.end(), same_column)) continue;
      dimensions_.push_back({columns[d], ValueNumbers(uses[k].groups->dimensions()[d].kind), {}, {}});
    }
  }
}

void RowRuns::start_batch(const std::vector<ColumnView>& columns) {
  if (pipeline_.dispatch_column >= 0) {
    case_of_index_.clear();
    const ColumnView& column = columns[static_cast<size_t>(pipeline_.dispatch_column)];
    if (column.codes != nullptr) {
      for (const uint32_t code : *column.codes) case_of_index_.push_back(case_of(code));
    }
  }
  for (Dimension& dimension : dimensions_) {
    const ColumnView& column = columns[static_cast<size_t>(dimension.column)];
    dimension.of_index.clear();
    if (column.codes == nullptr) continue;
    for (const uint32_t code : *column.codes) dimension.of_index.push_back(dimension.numbers.of_code(code));
  }
}

uint32_t RowRuns::case_of(uint32_t code) const {
  const uint32_t found = code < pipeline_.case_of_code.size() ? pipeline_.case_of_code[code] : kNoCase;
  return std::min(found, static_cast<uint32_t>(cases_ - 1));
}

void RowRuns::add_case_digit(const ColumnView& column, int64_t count) {
  if (column.codes != nullptr) {
    digits_.push_back({column.values, column.width, case_of_index_.data(), case_of_index_.size(), cases_, 0});
    return;
  }
  case_of_row_.resize(AL_MORSEL_ROWS);
  const uint32_t* codes = reinterpret_cast<const uint32_t*>(column.values);
  for (int64_t i = 0; i < count; ++i) {
    const bool there = column.valid == nullptr || column.valid[i] != 0;
    case_of_row_[static_cast<size_t>(i)] = there ? case_of(codes[i]) : static_cast<uint32_t>(cases_ - 1);
  }
  digits_.push_back({nullptr, 0, case_of_row_.data(), 0, cases_, 0});
}

void RowRuns::add_dimension_digit(Dimension* dimension, const ColumnView& column, int64_t count) {
  if (column.codes != nullptr) {
    const auto [least, most] = extent_of(dimension->of_index.data(), static_cast<int64_t>(column.codes->size()));
    const std::vector<uint32_t>& numbers = dimension->of_index;
    digits_.push_back({column.values, column.width, numbers.data(), numbers.size(), uint64_t{most} - least + 1, least});
    return;
  }
  dimension->of_row.resize(AL_MORSEL_ROWS);
  dimension->numbers.number({column.values, column.valid}, count, dimension->of_row.data());
  add_plain_digit(dimension->of_row.data(), count);
}

void RowRuns::add_plain_digit(const uint32_t* numbers, int64_t count) {
  const auto [least, most] = extent_of(numbers, count);
  if (most > least) digits_.push_back({nullptr, 0, numbers, 0, uint64_t{most} - least + 1, least});
}

void RowRuns::find(const Instant* times, Instant first, Instant last, const std::vector<ColumnView>& columns,
                   int64_t count) {
  digits_.clear();
  places_.clear();
  runs_.clear();
  if (count == 0) return;
  if (cases_ > 1) add_case_digit(columns[static_cast<size_t>(pipeline_.dispatch_column)], count);
  for (SlotIndex& slots : slots_) {
    if (slots.index(times, count, first, last) == kNoId) add_plain_digit(slots.slots(), count);
  }
  for (Dimension& dimension : dimensions_) {
    add_dimension_digit(&dimension, columns[static_cast<size_t>(dimension.column)], count);
  }
  uint64_t key_count = 1;
  for (const Digit& digit : digits_)
    key_count = std::min(key_count * std::min(digit.radix, kFewKeys + 1), kFewKeys + 1);
  sorted_ = key_count > 1;
  if (!sorted_) {
    add_run(0, 0, static_cast<uint32_t>(count));
  } else if (key_count <= kFewKeys) {
    sort_few(key_count, count);
  } else {
    sort_many(count);
  }
  index_places(times, columns);
}

// Calls `use` with what a digit (null: none) adds to the key of row i, a function of i.
template <typename Key, typename Use>
void RowRuns::with_parts(const Digit* digit, uint64_t stride, const Use& use) const {
  if (digit == nullptr) return use([](int64_t) { return Key{0}; });
  const uint32_t* numbers = digit->numbers;
  const uint32_t least = digit->least;
  const auto part = [=](uint32_t number) { return static_cast<Key>((number - least) * stride); };
  if (digit->width == 0) return use([=](int64_t i) { return part(numbers[i]); });
  std::vector<Key> parts(digit->size);
  for (size_t i = 0; i < parts.size(); ++i) parts[i] = part(numbers[i]);
  const auto use_indices = [&](const auto* indices) {
    use([indices, of_index = parts.data()](int64_t i) { return of_index[indices[i]]; });
  };
  if (digit->width == 1) return use_indices(digit->indices);
  if (digit->width == 2) return use_indices(reinterpret_cast<const uint16_t*>(digit->indices));
  use_indices(reinterpret_cast<const uint32_t*>(digit->indices));
}

// Keys, two digits at a time, and how often each is in the first and in the second half of the rows.
void RowRuns::make_few_keys(size_t key_count, int64_t count) {
  few_keys_.resize(AL_MORSEL_ROWS);
  counts_.assign(2 * key_count, 0);
  uint16_t* keys = few_keys_.data();
  uint32_t *first = counts_.data(), *second = first + key_count;
  const int64_t half = count / 2;
  uint64_t stride = 1;
  for (size_t d = 0; d < digits_.size(); d += 2) {
    const Digit* more = d + 1 < digits_.size() ? &digits_[d + 1] : nullptr;
    const bool start = d == 0, end = d + 2 >= digits_.size();
    with_parts<uint16_t>(&digits_[d], stride, [&](const auto& part) {
      with_parts<uint16_t>(more, stride * digits_[d].radix, [&](const auto& other) {
        const auto key = [&](int64_t i) {
          return keys[i] = static_cast<uint16_t>((start ? 0 : keys[i]) + part(i) + other(i));
        };
        if (!end) {
          for (int64_t i = 0; i < count; ++i) key(i);
          return;
        }
        for (int64_t i = 0; i < half; ++i) {
          ++first[key(i)];
          ++second[key(i + half)];
        }
        if (count % 2 != 0) ++second[key(count - 1)];
      });
    });
    stride *= digits_[d].radix * (more == nullptr ? 1 : more->radix);
  }
}

// Runs in order of key, each with its rows in their order. Both halves of the rows are counted and placed side by side:
// neighbours often share a key, and adding to one number twice in a row would wait.
void RowRuns::sort_few(size_t key_count, int64_t count) {
  make_few_keys(key_count, count);
  uint32_t *first = counts_.data(), *second = first + key_count;
  uint32_t begin = 0;
  for (size_t key = 0; key < key_count; ++key) {
    const uint32_t middle = begin + first[key], end = middle + second[key];
    if (end > begin) add_run(key, begin, end);
    first[key] = begin;
    second[key] = middle;
    begin = end;
  }
  const auto place = [rows = rows_.data(), positions = positions_.data()](int64_t row, uint32_t* next) {
    const uint32_t position = (*next)++;
    rows[position] = static_cast<MorselRow>(row);
    positions[row] = static_cast<MorselRow>(position);
  };
  const uint16_t* keys = few_keys_.data();
  const int64_t half = count / 2;
  for (int64_t i = 0; i < half; ++i) {
    place(i, &first[keys[i]]);
    place(i + half, &second[keys[i + half]]);
  }
  if (count % 2 != 0) place(count - 1, &second[keys[count - 1]]);
}

void RowRuns::sort_many(int64_t count) {
  many_keys_.assign(static_cast<size_t>(count), 0);
  uint64_t* keys = many_keys_.data();
  uint64_t key_count = 1;
  for (const Digit& digit : digits_) {
    if (key_count > kMostKeys / digit.radix) key_count = compress_keys();
    with_parts<uint64_t>(&digit, key_count, [&](const auto& part) {
      for (int64_t i = 0; i < count; ++i) keys[i] += part(i);
    });
    key_count *= digit.radix;
  }
  std::iota(rows_.begin(), rows_.begin() + count, MorselRow{0});
  counts_.resize(std::max(counts_.size(), size_t{1} << kRadixBits));
  for (int shift = 0; (key_count - 1) >> shift > 0; shift += kRadixBits) {
    const auto place = [&](size_t row) { return keys[row] >> shift & ((1 << kRadixBits) - 1); };
    std::fill_n(counts_.begin(), 1 << kRadixBits, 0);
    for (int64_t i = 0; i < count; ++i) ++counts_[place(static_cast<size_t>(i))];
    std::exclusive_scan(counts_.begin(), counts_.begin() + (1 << kRadixBits), counts_.begin(), 0u);
    for (int64_t i = 0; i < count; ++i) spare_rows_[counts_[place(rows_[i])]++] = rows_[i];
    rows_.swap(spare_rows_);
  }
  for (int64_t i = 0; i < count; ++i) positions_[rows_[i]] = static_cast<MorselRow>(i);
  for (uint32_t begin = 0, end = 0; begin < count; begin = end) {
    const uint64_t key = keys[rows_[begin]];
    while (end < count && keys[rows_[end]] == key) ++end;
    add_run(key, begin, end);
  }
}

// Dense numbers instead of keys, in the same order. The case stays apart: it is the least digit.
uint64_t RowRuns::compress_keys() {
  std::vector<uint64_t> met(many_keys_.size());
  for (size_t i = 0; i < met.size(); ++i) met[i] = many_keys_[i] / cases_;
  std::sort(met.begin(), met.end());
  met.erase(std::unique(met.begin(), met.end()), met.end());
  for (uint64_t& key : many_keys_) {
    const auto number = std::lower_bound(met.begin(), met.end(), key / cases_) - met.begin();
    key = static_cast<uint64_t>(number) * cases_ + key % cases_;
  }
  return met.size() * cases_;
}

void RowRuns::add_run(uint64_t key, uint32_t begin, uint32_t end) {
  const uint64_t place = key / cases_;
  if (places_.empty() || place != latest_place_) {
    const auto run = static_cast<uint32_t>(runs_.size());
    places_.push_back({begin, begin, run, run});
    latest_place_ = place;
  }
  runs_.push_back({begin, end, static_cast<uint32_t>(key % cases_)});
  places_.back().end = end;
  places_.back().end_run = static_cast<uint32_t>(runs_.size());
}

// One row stands for all of a place: they agree in every slot and dimension.
void RowRuns::index_places(const Instant* times, const std::vector<ColumnView>& columns) {
  place_rows_.clear();
  times_.clear();
  for (const Place& place : places_) {
    place_rows_.push_back(sorted_ ? rows_[place.begin] : static_cast<MorselRow>(place.begin));
    times_.push_back(times[place_rows_.back()]);
  }
  const auto count = static_cast<int64_t>(places_.size());
  for (const Dimension& dimension : dimensions_) {
    const auto column = static_cast<size_t>(dimension.column);
    representatives_.gather(column, columns[column], place_rows_.data(), count);
  }
  indexer_.index(times_.data(), representatives_.columns(), count);
}

void RowRuns::cells_of_rows(size_t use, uint32_t* out) const {
  for (size_t p = 0; p < places_.size(); ++p) {
    const uint32_t found = cell(use, p);
    if (!sorted_) {
      std::fill(out + places_[p].begin, out + places_[p].end, found);
    } else {
      for (uint32_t i = places_[p].begin; i < places_[p].end; ++i) out[rows_[i]] = found;
    }
  }
}

}  // namespace alidade
