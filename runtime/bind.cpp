// Columns of a batch become checked, converted columns. Door: batch.h, Binder. Every cell gets a verdict; rows with a
// bad one are taken out of all columns at the end, so that the loops over values need no list of good rows.
#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "runtime/batch.h"
#include "runtime/bind_number.h"
#include "runtime/bind_source.h"
#include "runtime/bind_text.h"
#include "runtime/bind_time.h"

namespace alidade {
namespace {

// What a cell is found to be. kBad + BadRow is a bad value of that kind.
using Verdict = uint8_t;
constexpr Verdict kGood = 0, kAmbiguous = 1, kMissing = 2, kBad = 3;
constexpr Verdict bad(BadRow kind) { return static_cast<Verdict>(kBad + static_cast<int>(kind)); }

Verdict verdict_of(NumberVerdict verdict) {
  switch (verdict) {
    case NumberVerdict::kGood:
      return kGood;
    case NumberVerdict::kNotANumber:
    case NumberVerdict::kTooManyDigits:
      return bad(BadRow::kBadNumber);
    case NumberVerdict::kTooLarge:
      return bad(BadRow::kOverflow);
    case NumberVerdict::kNotFinite:
      return bad(BadRow::kNotFinite);
  }
  return kGood;
}

Verdict verdict_of(TimeVerdict verdict) {
  switch (verdict) {
    case TimeVerdict::kGood:
      return kGood;
    case TimeVerdict::kAmbiguous:
      return kAmbiguous;
    case TimeVerdict::kNotATime:
      return bad(BadRow::kBadTime);
    case TimeVerdict::kNoSuchLocalTime:
      return bad(BadRow::kNoSuchLocalTime);
    case TimeVerdict::kTooEarly:
    case TimeVerdict::kTooLate:
      return bad(BadRow::kYearRange);
  }
  return kGood;
}

// ------------------------------------------------------------------------------------------------ cells
// One function per kind of field; the shapes that reach it are those that can_carry lets through.

// A cell's number as the parsers take it; nullopt where it is written in another form than the source's.
std::optional<std::string_view> number_text(const SourceColumn& column, int64_t row, const DataForm& form,
                                            std::string* buffer) {
  const std::string_view text = column.text_at(row);
  return form.plain_numbers() ? text : plain_number(text, form, buffer);
}

Verdict whole_number(const DataForm& form, const SourceColumn& column, int64_t row, int64_t* value) {
  if (column.shape == Shape::kFloat) {
    const double number = column.float_at(row);
    if (std::isfinite(number) && number != std::floor(number)) return bad(BadRow::kBadNumber);
    return verdict_of(multiply_rounded(number, 1, value));
  }
  ExactNumber number;
  if (column.shape == Shape::kText) {
    std::string buffer;
    const std::optional<std::string_view> text = number_text(column, row, form, &buffer);
    if (!text) return bad(BadRow::kBadNumber);
    if (text->empty()) return kMissing;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *value);
    if (error == std::errc{} && end == text->data() + text->size()) return kGood;
    const NumberVerdict parsed = parse_exact(*text, &number);
    if (parsed != NumberVerdict::kGood) return verdict_of(parsed);
  } else {
    number = {column.integer_at(row), column.scale};
  }
  return verdict_of(rescale(number, 0, value));
}

Verdict decimal(const FieldSchema& field, const DataForm& form, const SourceColumn& column, int64_t row,
                int64_t* value) {
  if (column.shape == Shape::kFloat) {
    return verdict_of(multiply_rounded(column.float_at(row), static_cast<int64_t>(power_of_ten(field.scale)), value));
  }
  ExactNumber number;
  if (column.shape == Shape::kText) {
    std::string buffer;
    const std::optional<std::string_view> text = number_text(column, row, form, &buffer);
    if (!text) return bad(BadRow::kBadNumber);
    if (text->empty()) return kMissing;
    const NumberVerdict parsed = parse_exact(*text, &number);
    if (parsed != NumberVerdict::kGood) return verdict_of(parsed);
  } else {
    number = {column.integer_at(row), column.scale};
  }
  return verdict_of(rescale(number, field.scale, value));
}

Verdict real_number(const DataForm& form, const SourceColumn& column, int64_t row, double* value) {
  switch (column.shape) {
    case Shape::kText: {
      std::string buffer;
      const std::optional<std::string_view> text = number_text(column, row, form, &buffer);
      if (!text) return bad(BadRow::kBadNumber);
      if (text->empty()) return kMissing;
      const auto [end, error] = fast_float::from_chars(text->data(), text->data() + text->size(), *value);
      if (error != std::errc{} || end != text->data() + text->size()) return bad(BadRow::kBadNumber);
      break;
    }
    case Shape::kFloat:
      *value = column.float_at(row);
      break;
    case Shape::kInteger:
    case Shape::kDecimal:
      *value = to_double({column.integer_at(row), column.scale});
      break;
    case Shape::kNull:
    case Shape::kBool:
    case Shape::kUuid:
    case Shape::kDate:
    case Shape::kTimestamp:
    case Shape::kDuration:
      return bad(BadRow::kBadNumber);
  }
  return std::isfinite(*value) ? kGood : bad(BadRow::kNotFinite);
}

Verdict duration(const FieldSchema& field, const DataForm& form, const SourceColumn& column, int64_t row,
                 int64_t* value) {
  if (column.shape == Shape::kFloat)
    return verdict_of(multiply_rounded(column.float_at(row), field.unit_micros, value));
  if (column.shape == Shape::kDuration) {
    const int128 count = column.value<int64_t>(row);
    if (column.per_second > 1'000'000) return verdict_of(multiply_rounded(ExactNumber{count, 3}, 1, value));
    return verdict_of(multiply_rounded(ExactNumber{count, 0}, 1'000'000 / column.per_second, value));
  }
  ExactNumber number;
  if (column.shape == Shape::kText) {
    std::string buffer;
    const std::optional<std::string_view> text = number_text(column, row, form, &buffer);
    if (!text) return bad(BadRow::kBadNumber);
    if (text->empty()) return kMissing;
    const NumberVerdict parsed = parse_exact(*text, &number);
    if (parsed != NumberVerdict::kGood) return verdict_of(parsed);
  } else {
    number = {column.integer_at(row), column.scale};
  }
  return verdict_of(multiply_rounded(number, field.unit_micros, value));
}

bool same_word(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
         });
}

Verdict boolean(const SourceColumn& column, int64_t row, uint8_t* value) {
  if (column.shape == Shape::kBool) {
    *value = column.bool_at(row);
    return kGood;
  }
  if (column.shape == Shape::kInteger) {
    const int128 number = column.integer_at(row);
    *value = number == 1;
    return number == 0 || number == 1 ? kGood : bad(BadRow::kNotInList);
  }
  const std::string_view text = column.text_at(row);
  if (text.empty()) return kMissing;
  *value = text == "1" || same_word(text, "true") || same_word(text, "yes");
  const bool no = text == "0" || same_word(text, "false") || same_word(text, "no");
  return *value != 0 || no ? kGood : bad(BadRow::kNotInList);
}

// Text of a cell; what is not stored as text is written into `buffer`.
struct TextBuffer {
  char bytes[40];
};
std::string_view cell_as_text(const SourceColumn& column, int64_t row, TextBuffer* buffer) {
  if (column.shape == Shape::kText) return column.text_at(row);
  if (column.shape == Shape::kUuid) {
    const uint8_t* bytes = column.values + (row + column.offset) * 16;
    char* out = buffer->bytes;
    for (int i = 0; i < 16; ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
      *out++ = "0123456789abcdef"[bytes[i] >> 4];
      *out++ = "0123456789abcdef"[bytes[i] & 15];
    }
    return {buffer->bytes, 36};
  }
  const int128 value = column.integer_at(row);
  const auto end = value < 0 ? std::to_chars(buffer->bytes, buffer->bytes + 40, static_cast<int64_t>(value))
                             : std::to_chars(buffer->bytes, buffer->bytes + 40, static_cast<uint64_t>(value));
  return {buffer->bytes, static_cast<size_t>(end.ptr - buffer->bytes)};
}

bool can_carry(FieldKind kind, int64_t unit_micros, Shape shape) {
  if (shape == Shape::kNull || shape == Shape::kText) return true;
  const bool number = shape == Shape::kInteger || shape == Shape::kFloat || shape == Shape::kDecimal;
  switch (kind) {
    case FieldKind::kInteger:
    case FieldKind::kDecimal:
    case FieldKind::kNumber:
      return number;
    case FieldKind::kDuration:
      return number || shape == Shape::kDuration;
    case FieldKind::kTimestamp:
      return shape == Shape::kDate || shape == Shape::kTimestamp || (number && unit_micros != 0);
    case FieldKind::kText:
    case FieldKind::kOneOf:
      return shape == Shape::kInteger || shape == Shape::kUuid;
    case FieldKind::kBoolean:
      return shape == Shape::kBool || shape == Shape::kInteger;
  }
  return false;
}

const char* field_words(const FieldSchema& field) {
  switch (field.kind) {
    case FieldKind::kInteger:
      return "an integer";
    case FieldKind::kDecimal:
      return "a decimal";
    case FieldKind::kNumber:
      return "a number";
    case FieldKind::kDuration:
      return "a duration";
    case FieldKind::kTimestamp:
      return "a timestamp";
    case FieldKind::kText:
      return "text";
    case FieldKind::kBoolean:
      return "a bool";
    case FieldKind::kOneOf:
      return "one of a list";
  }
  return "";
}

size_t value_bytes(FieldKind kind) {
  switch (kind) {
    case FieldKind::kInteger:
    case FieldKind::kDecimal:
    case FieldKind::kNumber:
    case FieldKind::kDuration:
    case FieldKind::kTimestamp:
      return 8;
    case FieldKind::kText:
    case FieldKind::kOneOf:
      return 4;
    case FieldKind::kBoolean:
      return 1;
  }
  return 0;
}

}  // namespace

struct Binder::State {
  SourceSchema schema;
  std::vector<ColumnSpec> specs;
  Calendar calendar;
  StringPool& pool;
  std::vector<std::unique_ptr<WordTable>> words;  // of each spec: classes or one_of values; null for others

  const FieldSchema& field(size_t spec) const { return schema.fields[specs[spec].field]; }
};

namespace {

// Bad cells of one batch: for each row the first kind found, and the spec whose column has it.
class BadCells {
 public:
  explicit BadCells(int64_t rows) : rows_(rows) {}
  bool any() const { return !kinds_.empty(); }
  bool is_bad(int64_t row) const { return any() && kinds_[row] != 0; }
  BadRow kind(int64_t row) const { return static_cast<BadRow>(kinds_[row] - 1); }
  size_t spec(int64_t row) const { return specs_[row]; }
  void mark(int64_t row, BadRow kind, size_t spec) {
    if (kinds_.empty()) {
      kinds_.resize(rows_);
      specs_.resize(rows_);
    }
    if (kinds_[row] != 0) return;
    kinds_[row] = static_cast<uint8_t>(static_cast<int>(kind) + 1);
    specs_[row] = static_cast<uint32_t>(spec);
  }

 private:
  int64_t rows_;
  std::vector<uint8_t> kinds_;
  std::vector<uint32_t> specs_;
};

}  // namespace

const DataForm& form_of(const Batch& batch) {
  static const DataForm kUsual;
  return batch.form == nullptr ? kUsual : *batch.form;
}

// One call of bind(): the columns of one batch.
class BindJob {
 public:
  BindJob(const Binder::State& state, Batch& batch, BoundBatch& out)
      : state_(state), batch_(batch), out_(out), form_(form_of(batch)), rows_(batch.array.length), bad_(rows_) {}

  Status run() {
    out_.row_count = rows_;
    out_.file = batch_.file;
    out_.first_row = batch_.first_row;
    out_.columns.resize(state_.specs.size());
    out_.coded.resize(state_.specs.size());
    sources_.resize(state_.specs.size());
    for (size_t spec = 0; spec < state_.specs.size(); ++spec) {
      if (auto found = find_column(spec); !found.ok()) return found.error();
      bind_column(spec);
    }
    if (bad_.any()) {
      report_bad_rows();
      leave_out_bad_rows();
    }
    return Done{};
  }

 private:
  template <typename T>
  T* own(int64_t count) {
    out_.owned.push_back(std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(count) * sizeof(T)));
    return reinterpret_cast<T*>(out_.owned.back().get());
  }

  Status find_column(size_t spec);
  void bind_column(size_t spec);
  bool borrow_integers(size_t spec);
  bool borrow_doubles(size_t spec);
  bool borrow_times(size_t spec, const TimeConverter& times);
  bool is_open_end(size_t spec, TimeVerdict verdict) const;
  template <typename T, typename Check>
  void borrow(size_t spec, Check check);
  template <typename T, typename Convert>
  T* fill(size_t spec, Convert convert);
  template <typename Convert>
  bool keep_dictionary(size_t spec, Convert convert);
  void bind_text(size_t spec);
  void bind_words(size_t spec);
  void settle(size_t spec, int64_t row, Verdict verdict, uint8_t* valid);
  void report_bad_rows();
  void leave_out_bad_rows();
  std::string why(size_t spec, BadRow kind, int64_t row) const;

  const Binder::State& state_;
  Batch& batch_;
  BoundBatch& out_;
  const DataForm& form_;
  const int64_t rows_;
  BadCells bad_;
  std::vector<SourceColumn> sources_;
};

Status BindJob::find_column(size_t spec) {
  const FieldSchema& field = state_.field(spec);
  std::vector<std::string> names;
  for (int64_t child = 0; child < batch_.schema.n_children; ++child) {
    const ArrowSchema& column = *batch_.schema.children[child];
    if (field.source != column.name) {
      names.emplace_back(column.name);
      continue;
    }
    auto source = decode_column(batch_.schema, batch_.array, child);
    const Shape shape = !source ? Shape::kNull : source->dictionary ? source->dictionary->shape : source->shape;
    const int64_t unit = field.unit_micros != 0 ? field.unit_micros : form_.epoch_micros;
    if (source && can_carry(field.kind, unit, shape)) {
      sources_[spec] = *std::move(source);
      return Done{};
    }
    Error error{7105,
                fmt::format("column \"{}\" of {} is {}, which cannot be read as {}", field.source, batch_.file,
                            arrow_type_words(column), field_words(field)),
                {}};
    if (field.kind == FieldKind::kTimestamp && source && (shape == Shape::kInteger || shape == Shape::kFloat)) {
      error.notes.push_back(
          "if it counts time since 1970, write its unit: timestamp(s), timestamp(ms), timestamp(us) or timestamp(ns)");
    }
    return error;
  }
  return missing_column_error(batch_.file, field, names);
}

void BindJob::bind_column(size_t spec) {
  const FieldSchema& field = state_.field(spec);
  switch (field.kind) {
    case FieldKind::kInteger:
      if (borrow_integers(spec)) return;
      fill<int64_t>(spec, [&](const SourceColumn& column, int64_t row, int64_t* value) {
        return whole_number(form_, column, row, value);
      });
      return;
    case FieldKind::kDecimal:
      fill<int64_t>(spec, [&](const SourceColumn& column, int64_t row, int64_t* value) {
        return decimal(field, form_, column, row, value);
      });
      return;
    case FieldKind::kNumber:
      if (borrow_doubles(spec)) return;
      fill<double>(spec, [&](const SourceColumn& column, int64_t row, double* value) {
        return real_number(form_, column, row, value);
      });
      return;
    case FieldKind::kDuration:
      if (borrow_integers(spec)) return;
      fill<int64_t>(spec, [&](const SourceColumn& column, int64_t row, int64_t* value) {
        return duration(field, form_, column, row, value);
      });
      return;
    case FieldKind::kTimestamp: {
      TimeConverter times(state_.calendar, field, form_);
      if (borrow_times(spec, times)) return;
      fill<int64_t>(spec, [&](const SourceColumn& column, int64_t row, int64_t* value) {
        if (column.shape == Shape::kText && column.text_at(row).empty()) return kMissing;
        const TimeVerdict verdict = times.convert(column, row, value);
        if (!is_open_end(spec, verdict)) return verdict_of(verdict);
        *value = verdict == TimeVerdict::kTooEarly ? kMinInstant : kMaxInstant;
        return field.optional ? kMissing : kGood;
      });
      return;
    }
    case FieldKind::kBoolean:
      fill<uint8_t>(spec, boolean);
      return;
    case FieldKind::kOneOf:
      bind_words(spec);
      return;
    case FieldKind::kText:
      if (state_.specs[spec].form == ColumnForm::kClass)
        bind_words(spec);
      else
        bind_text(spec);
      return;
  }
}

// Records what was found of a cell; `valid` is the column's, null where the field is required.
inline void BindJob::settle(size_t spec, int64_t row, Verdict verdict, uint8_t* valid) {
  if (valid != nullptr) valid[row] = verdict < kMissing;
  if (verdict == kGood) return;
  if (verdict == kAmbiguous)
    ++out_.ambiguous_times;
  else if (verdict >= kBad)
    bad_.mark(row, static_cast<BadRow>(verdict - kBad), spec);
  else if (valid == nullptr)
    bad_.mark(row, BadRow::kMissing, spec);
}

// Converts every cell; entries of a dictionary once each, when a row first uses them.
template <typename T, typename Convert>
T* BindJob::fill(size_t spec, Convert converted) {
  const SourceColumn& source = sources_[spec];
  const auto convert = [&](const SourceColumn& column, int64_t row, T* value) {
    const bool missing =
        !form_.missing.empty() && column.shape == Shape::kText && form_.means_missing(column.text_at(row));
    return missing ? kMissing : converted(column, row, value);
  };
  T* values = own<T>(rows_);
  uint8_t* valid = state_.field(spec).optional ? own<uint8_t>(rows_) : nullptr;
  out_.columns[spec] = {values, valid};
  if (source.dictionary == nullptr) {
    for (int64_t row = 0; row < rows_; ++row) {
      values[row] = T{};
      settle(spec, row, source.is_null(row) ? kMissing : convert(source, row, &values[row]), valid);
    }
    return values;
  }
  constexpr Verdict kUnseen = 255;
  const SourceColumn& entries = *source.dictionary;
  std::vector<T> entry_values(entries.length);
  std::vector<Verdict> verdicts(entries.length, kUnseen);
  auto verdict_of_entry = [&](int64_t entry) {
    if (verdicts[entry] == kUnseen) {
      verdicts[entry] = entries.is_null(entry) ? kMissing : convert(entries, entry, &entry_values[entry]);
    }
    return verdicts[entry];
  };
  if (source.width == 4 && !source.may_be_null && entries.length <= rows_) {
    // The usual form of a dictionary. Where every entry is good, so is every row.
    Verdict all = kGood;
    for (int64_t entry = 0; entry < entries.length; ++entry) all = std::max(all, verdict_of_entry(entry));
    if (all == kGood) {
      const int32_t* indices = reinterpret_cast<const int32_t*>(source.values) + source.offset;
      const T* of_entry = entry_values.data();
      for (int64_t row = 0; row < rows_; ++row) values[row] = of_entry[indices[row]];
      if (valid != nullptr) std::memset(valid, 1, static_cast<size_t>(rows_));
      return values;
    }
  }
  for (int64_t row = 0; row < rows_; ++row) {
    if (source.is_null(row)) {
      values[row] = T{};
      settle(spec, row, kMissing, valid);
      continue;
    }
    const int64_t entry = source.index_at(row);
    const Verdict verdict = verdict_of_entry(entry);
    values[row] = entry_values[entry];
    settle(spec, row, verdict, valid);
  }
  return values;
}

// Converts the entries of a dictionary and leaves the rows as they are, where every row and every entry is good.
template <typename Convert>
bool BindJob::keep_dictionary(size_t spec, Convert convert) {
  const SourceColumn& source = sources_[spec];
  if (!state_.specs[spec].keep_dictionary || source.dictionary == nullptr) return false;
  if (source.may_be_null || !form_.missing.empty()) return false;
  const SourceColumn& entries = *source.dictionary;
  if (source.width > 4 || entries.length > rows_) return false;
  std::vector<uint32_t> codes(entries.length);
  for (int64_t entry = 0; entry < entries.length; ++entry) {
    if (entries.is_null(entry) || convert(entries, entry, &codes[entry]) != kGood) return false;
  }
  uint8_t* valid = state_.field(spec).optional ? own<uint8_t>(rows_) : nullptr;
  if (valid != nullptr) std::memset(valid, 1, static_cast<size_t>(rows_));
  out_.columns[spec] = {nullptr, valid};
  out_.coded[spec] = {source.values + source.offset * source.width, source.width, std::move(codes)};
  return true;
}

// Uses the batch's own buffer, whose layout is already the column's.
template <typename T, typename Check>
void BindJob::borrow(size_t spec, Check check) {
  const SourceColumn& source = sources_[spec];
  const T* values = reinterpret_cast<const T*>(source.values) + source.offset;
  uint8_t* valid = state_.field(spec).optional ? own<uint8_t>(rows_) : nullptr;
  out_.columns[spec] = {values, valid};
  if (!source.may_be_null) {  // nearly always every value is good, which is told without a branch a row
    bool all_good = true;
    for (int64_t row = 0; row < rows_; ++row) all_good &= check(values[row]) == kGood;
    if (all_good) {
      if (valid != nullptr) std::memset(valid, 1, static_cast<size_t>(rows_));
      return;
    }
  }
  for (int64_t row = 0; row < rows_; ++row) {
    settle(spec, row, source.is_null(row) ? kMissing : check(values[row]), valid);
  }
}

bool BindJob::borrow_integers(size_t spec) {
  const SourceColumn& source = sources_[spec];
  const FieldSchema& field = state_.field(spec);
  const bool micros = field.kind == FieldKind::kDuration && field.unit_micros == 1;
  const bool same = source.shape == Shape::kInteger && source.width == 8 && source.is_signed &&
                    (field.kind == FieldKind::kInteger || micros);
  const bool typed = source.shape == Shape::kDuration && source.per_second == 1'000'000;
  if (source.dictionary != nullptr || (!same && !typed)) return false;
  if (!field.optional && !source.may_be_null) {
    out_.columns[spec] = {reinterpret_cast<const int64_t*>(source.values) + source.offset, nullptr};
    return true;
  }
  borrow<int64_t>(spec, [](int64_t) { return kGood; });
  return true;
}

bool BindJob::borrow_doubles(size_t spec) {
  const SourceColumn& source = sources_[spec];
  if (source.dictionary != nullptr || source.shape != Shape::kFloat || source.width != 8) return false;
  borrow<double>(spec, [](double value) { return std::isfinite(value) ? kGood : bad(BadRow::kNotFinite); });
  return true;
}

// Validity that begins before every time that is read, or ends after, has no such end: 9999-12-31 stands for never.
bool BindJob::is_open_end(size_t spec, TimeVerdict verdict) const {
  const int field = state_.specs[spec].field;
  return (verdict == TimeVerdict::kTooEarly && field == state_.schema.valid_from) ||
         (verdict == TimeVerdict::kTooLate && field == state_.schema.valid_to);
}

bool BindJob::borrow_times(size_t spec, const TimeConverter& times) {
  const SourceColumn& source = sources_[spec];
  const FieldSchema& field = state_.field(spec);
  const bool typed = source.shape == Shape::kTimestamp && source.per_second == 1'000'000 &&
                     (source.has_zone || state_.calendar.spec().zone == "UTC");
  const bool epoch = source.shape == Shape::kInteger && source.width == 8 && source.is_signed &&
                     (field.unit_micros == 1 || (field.unit_micros == 0 && form_.epoch_micros == 1));
  const bool validity = is_open_end(spec, TimeVerdict::kTooEarly) || is_open_end(spec, TimeVerdict::kTooLate);
  if (source.dictionary != nullptr || field.date_only || validity || (!typed && !epoch)) return false;
  if (!field.optional && !source.may_be_null) {
    const auto* instants = reinterpret_cast<const Instant*>(source.values) + source.offset;
    std::vector<TimeExtent> extents;
    for (int64_t begin = 0; begin < rows_; begin += AL_MORSEL_ROWS) {
      extents.push_back(extent_of_times(instants + begin, std::min<int64_t>(AL_MORSEL_ROWS, rows_ - begin)));
    }
    out_.columns[spec] = {instants, nullptr};
    const auto good = [&](const TimeExtent& e) { return times.in_range(e.first) && times.in_range(e.last); };
    if (std::all_of(extents.begin(), extents.end(), good)) {
      if (state_.specs[spec].field == state_.schema.time) out_.times = std::move(extents);
      return true;
    }
  }
  borrow<int64_t>(spec, [&](int64_t instant) { return times.in_range(instant) ? kGood : bad(BadRow::kYearRange); });
  return true;
}

// Pool codes: rows are numbered by distinct text first, and the pool is asked once for each.
void BindJob::bind_text(size_t spec) {
  DistinctTexts distinct;
  const bool empty_is_missing = batch_.empty_is_missing && state_.field(spec).optional;
  const auto number_of = [&](const SourceColumn& column, int64_t row, uint32_t* number) {
    if (column.shape == Shape::kText) {
      const std::string_view text = column.text_at(row);
      if (text.empty() && empty_is_missing) return kMissing;
      *number = distinct.number_of(text);
    } else {
      TextBuffer buffer;
      *number = distinct.number_of_copy(cell_as_text(column, row, &buffer));
    }
    return kGood;
  };
  const auto valid_number_of = [&](const SourceColumn& column, int64_t row, uint32_t* number) {
    const Verdict verdict = number_of(column, row, number);
    return verdict == kGood && !is_valid_text(distinct.texts()[*number]) ? bad(BadRow::kBadText) : verdict;
  };
  if (keep_dictionary(spec, valid_number_of)) {
    const std::vector<uint32_t> codes = state_.pool.add_all(distinct.texts());
    for (uint32_t& code : out_.coded[spec].codes) code = codes[code];
    return;
  }
  uint32_t* values = fill<uint32_t>(spec, number_of);
  const std::vector<std::string_view>& texts = distinct.texts();
  if (texts.empty()) return;
  std::vector<uint8_t> invalid(texts.size());
  bool any_invalid = false;
  for (size_t i = 0; i < texts.size(); ++i) {
    invalid[i] = !is_valid_text(texts[i]);
    any_invalid = any_invalid || invalid[i] != 0;
  }
  const uint8_t* valid = out_.columns[spec].valid;
  if (any_invalid) {
    for (int64_t row = 0; row < rows_; ++row) {
      const bool missing = valid != nullptr ? valid[row] == 0 : bad_.is_bad(row) && bad_.spec(row) == spec;
      if (!missing && invalid[values[row]] != 0) bad_.mark(row, BadRow::kBadText, spec);
    }
  }
  const std::vector<uint32_t> codes = state_.pool.add_all(texts);
  for (int64_t row = 0; row < rows_; ++row) values[row] = codes[values[row]];
}

// An index into a fixed list: the values of a one_of, or the classes of a text.
void BindJob::bind_words(size_t spec) {
  const FieldSchema& field = state_.field(spec);
  const WordTable& words = *state_.words[spec];
  const bool class_form = field.kind == FieldKind::kText;
  const auto other = static_cast<uint32_t>(state_.specs[spec].classes.size());
  const bool empty_is_missing = batch_.empty_is_missing && field.optional;
  const auto find = [&](const SourceColumn& column, int64_t row, uint32_t* index) {
    TextBuffer buffer;
    const std::string_view text = cell_as_text(column, row, &buffer);
    if (text.empty() && empty_is_missing) return kMissing;
    const int found = words.find(text);
    *index = found >= 0 ? static_cast<uint32_t>(found) : class_form ? other : 0;
    if (found >= 0) return kGood;
    if (!is_valid_text(text)) return bad(BadRow::kBadText);
    if (class_form) return kGood;
    return text.empty() ? kMissing : bad(BadRow::kNotInList);
  };
  if (!keep_dictionary(spec, find)) fill<uint32_t>(spec, find);
}

std::string why_no_number(const FieldSchema& field, const std::string& text, const DataForm& form) {
  std::string buffer;
  const std::optional<std::string_view> plain = plain_number(text, form, &buffer);
  ExactNumber number;
  const bool is_number = plain && parse_exact(*plain, &number) == NumberVerdict::kGood;
  if (is_number && field.kind == FieldKind::kInteger) return "is not a whole number";
  if (is_number && field.kind == FieldKind::kDecimal)
    return fmt::format("has more than {} digits after the {}", field.scale, form.decimal == ',' ? "comma" : "point");
  if (form.decimal == ',' && !plain) return "is not a number with a decimal comma";
  const bool commas = form.decimal == '.' && text.find(',') != std::string::npos &&
                      text.find_first_not_of("0123456789-.,") == std::string::npos;
  return commas ? "is not a number; if its comma is the decimal point, say decimal = \",\" in alidade.toml" : "";
}

// More than the kind's words, where the field tells more.
std::string BindJob::why(size_t spec, BadRow kind, int64_t row) const {
  const FieldSchema& field = state_.field(spec);
  const std::string text = cell_text(sources_[spec], row);
  if (kind == BadRow::kBadNumber) return why_no_number(field, text, form_);
  if (kind == BadRow::kNotInList && field.kind == FieldKind::kBoolean) return "is neither true nor false";
  if (kind == BadRow::kNotInList && field.values.size() <= 8) {
    std::string list;
    for (const std::string& value : field.values) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", value);
    return "is not one of " + list;
  }
  if (kind == BadRow::kBadTime && field.date_only && (parse_time(text) || sources_[spec].shape != Shape::kText)) {
    return "is not a day: it has a time of day";
  }
  const bool other_order = text.find_first_of("./-") < 3 && text.find_first_of("0123456789") == 0;
  if (kind == BadRow::kBadTime && form_.times.empty() && other_order)
    return "is not a time as 2026-01-31 is; say how times are written: times = \"%d.%m.%Y\" in alidade.toml";
  return "";
}

void BindJob::report_bad_rows() {
  for (int64_t row = 0; row < rows_; ++row) {
    if (!bad_.is_bad(row)) continue;
    BadRowExample example{bad_.kind(row), batch_.file, batch_.first_row + row, "", "", ""};
    if (out_.bad.first.size() < BadRows::kKept) {
      const size_t spec = bad_.spec(row);
      example.column = state_.field(spec).source;
      example.text = cell_text(sources_[spec], row);
      example.why = why(spec, example.kind, row);
    }
    out_.bad.add(std::move(example));
  }
}

void BindJob::leave_out_bad_rows() {
  std::vector<int64_t> good;
  good.reserve(rows_);
  for (int64_t row = 0; row < rows_; ++row) {
    if (!bad_.is_bad(row)) good.push_back(row);
  }
  const auto gathered = [&](const void* values, size_t bytes) {
    uint8_t* kept = own<uint8_t>(static_cast<int64_t>(good.size() * bytes));
    const auto* from = static_cast<const uint8_t*>(values);
    for (size_t i = 0; i < good.size(); ++i) std::memcpy(kept + i * bytes, from + good[i] * bytes, bytes);
    return kept;
  };
  for (size_t spec = 0; spec < state_.specs.size(); ++spec) {
    al_column& column = out_.columns[spec];
    CodedColumn& coded = out_.coded[spec];
    if (coded.width > 0) {
      coded.indices = gathered(coded.indices, static_cast<size_t>(coded.width));
    } else {
      column.values = gathered(column.values, value_bytes(state_.field(spec).kind));
    }
    if (column.valid != nullptr) column.valid = gathered(column.valid, 1);
  }
  out_.row_count = static_cast<int64_t>(good.size());
  out_.times.clear();
  for (int64_t& row : good) row += batch_.first_row;
  out_.source_rows = std::move(good);
}

Binder::Binder(const SourceSchema& schema, std::vector<ColumnSpec> specs, const Calendar& calendar, StringPool& pool)
    : state_(new State{schema, std::move(specs), calendar, pool, {}}) {
  for (size_t i = 0; i < state_->specs.size(); ++i) {
    const FieldSchema& field = state_->field(i);
    const bool class_form = field.kind == FieldKind::kText && state_->specs[i].form == ColumnForm::kClass;
    const bool one_of = field.kind == FieldKind::kOneOf;
    const std::vector<std::string>& list = one_of ? field.values : state_->specs[i].classes;
    state_->words.push_back(class_form || one_of ? std::make_unique<WordTable>(list) : nullptr);
  }
}

Binder::~Binder() = default;

const std::vector<ColumnSpec>& Binder::specs() const { return state_->specs; }

Result<BoundBatch> Binder::bind(Batch batch) const {
  BoundBatch bound;
  if (auto done = BindJob(*state_, batch, bound).run(); !done.ok()) return done.error();
  bound.batch = std::move(batch);
  return bound;
}

}  // namespace alidade
