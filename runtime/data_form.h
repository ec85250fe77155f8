// How a source writes its values where that is not the usual way: decimal commas, dates, counts since 1970, words for
// missing values. Comes with every batch of the source and is obeyed by the binder. Door of runtime/data_form; tested
// in tests/unit/bind_test.cpp. Plain data, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/calendar.h"

namespace alidade {

struct DataForm {
  char decimal = '.';                ///< '.' or ','
  char thousands = 0;                ///< between groups of three digits before the decimal; 0: none
  std::vector<std::string> missing;  ///< texts beside "" that mean a missing value
  std::vector<std::string> times;    ///< patterns for text; empty: as parse_time reads it
  int64_t epoch_micros = 0;  ///< numbers in a `timestamp` without a unit: what one counts (kEpochNanos too); 0: none

  bool plain_numbers() const { return decimal == '.' && thousands == 0; }
  bool means_missing(std::string_view text) const;
};

/// A number of this form with a decimal point and no separators; the bytes are in `buffer`. nullopt where it has a
/// decimal or a separator of another form, such as "1.5" where commas are decimal.
std::optional<std::string_view> plain_number(std::string_view text, const DataForm& form, std::string* buffer);

/// A time as `pattern` writes it: %Y %y %m %d %b %B %H %I %p %M %S %f %z %T %F %%, the rest as it stands. nullopt where
/// the text is not of that form or is no time. %y is 1970 to 2069; %b and %B are English names; %f a fraction of the
/// second, at most microseconds.
std::optional<ParsedTime> parse_time_as(std::string_view text, std::string_view pattern);

/// What is wrong with a pattern, for a message; "" if nothing is: it names a year, a month and a day, each once.
std::string pattern_problem(std::string_view pattern);

}  // namespace alidade
