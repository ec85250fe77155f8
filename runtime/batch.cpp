// Ownership of Arrow structures, counts of bad rows and their words. Door: batch.h.
#include "runtime/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/near_name.h"

namespace alidade {

Batch::Batch(Batch&& other) noexcept
    : schema(std::exchange(other.schema, {})),
      array(std::exchange(other.array, {})),
      file(std::move(other.file)),
      first_row(other.first_row),
      empty_is_missing(other.empty_is_missing),
      form(std::move(other.form)) {}

Batch& Batch::operator=(Batch&& other) noexcept {
  std::swap(schema, other.schema);
  std::swap(array, other.array);
  std::swap(file, other.file);
  std::swap(first_row, other.first_row);
  std::swap(empty_is_missing, other.empty_is_missing);
  std::swap(form, other.form);
  return *this;
}

Batch::~Batch() {
  if (array.release != nullptr) array.release(&array);
  if (schema.release != nullptr) schema.release(&schema);
}

const char* bad_row_words(BadRow kind) {
  switch (kind) {
    case BadRow::kRagged:
      return "not as wide as the header";
    case BadRow::kBadNumber:
      return "not a number";
    case BadRow::kBadText:
      return "not valid UTF-8 text";
    case BadRow::kMissing:
      return "missing";
    case BadRow::kNotInList:
      return "not one of the declared values";
    case BadRow::kBadTime:
      return "not a time";
    case BadRow::kNoSuchLocalTime:
      return "a local time that does not exist";
    case BadRow::kYearRange:
      return "outside the years 1900 to 2200";
    case BadRow::kNotFinite:
      return "not a finite number";
    case BadRow::kOverflow:
      return "too large";
    case BadRow::kDuplicateDiffers:
      return "the id of an earlier row that differs";
    case BadRow::kDuplicateKey:
      return "the key of an earlier row";
    case BadRow::kEmptyValidity:
      return "over before it begins";
    case BadRow::kOverlap:
      return "valid at the same time as an earlier row with its key";
    case BadRow::kNotARecord:
      return "not a JSON object";
  }
  return "";
}

int64_t BadRows::total() const {
  int64_t sum = 0;
  for (const int64_t count : counts) sum += count;
  return sum;
}

void BadRows::add(BadRowExample example) {
  ++counts[static_cast<size_t>(example.kind)];
  if (first.size() < kKept) first.push_back(std::move(example));
}

void BadRows::append(const BadRows& later) {
  for (int kind = 0; kind < kBadRowKinds; ++kind) counts[kind] += later.counts[kind];
  for (const BadRowExample& example : later.first) {
    if (first.size() < kKept) first.push_back(example);
  }
}

namespace {

std::string line(const BadRowExample& bad) {
  std::string text = fmt::format("{} row {}", bad.file, bad.row);
  if (!bad.column.empty()) text += fmt::format(", column \"{}\"", bad.column);
  if (bad.kind == BadRow::kRagged)
    return text + ": the row " + (bad.why.empty() ? "is not as wide as the header" : bad.why);
  if (bad.kind == BadRow::kNotARecord) return text + ": the line " + bad.why;
  if (bad.kind == BadRow::kMissing) return text + ": the value is missing";
  const std::string verdict = bad.why.empty() ? fmt::format("is {}", bad_row_words(bad.kind)) : bad.why;
  return text + fmt::format(": \"{}\" {}", bad.text, verdict);
}

}  // namespace

Error bad_rows_error(const BadRows& bad) {
  ALIDADE_CHECK(!bad.first.empty());
  Error error{7201 + static_cast<int>(bad.first[0].kind), line(bad.first[0]), {}};
  for (size_t i = 1; i < bad.first.size(); ++i) error.notes.push_back(line(bad.first[i]));
  const int64_t more = bad.total() - static_cast<int64_t>(bad.first.size());
  if (more > 0) error.notes.push_back(fmt::format("and {} more bad {}", more, more == 1 ? "row" : "rows"));
  error.notes.push_back("use --bad-rows skip to go on without them");
  return error;
}

Error missing_column_error(const std::string& file, const FieldSchema& field, const std::vector<std::string>& there) {
  Error error{7104, fmt::format("{} has no column \"{}\"", file, field.source), {}};
  error.message += did_you_mean_ending(field.source, there);
  if (field.source != field.name) error.notes.push_back(fmt::format("the field \"{}\" is read from it", field.name));
  constexpr size_t kShown = 12;
  std::string names;
  for (size_t i = 0; i < std::min(there.size(), kShown); ++i) names += (i == 0 ? "" : ", ") + there[i];
  if (there.size() > kShown) names += fmt::format(" and {} more", there.size() - kShown);
  error.notes.push_back(there.empty() ? "there are no columns" : "the columns are " + names);
  return error;
}

}  // namespace alidade
