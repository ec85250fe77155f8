// The inside of literals: escapes, dates, numbers, table cells. Internal to compiler/syntax.
// Tested in tests/unit/syntax_test.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/source.h"

namespace alidade {

/// Escapes in a text: \" \\ \n \r \t and \u{1F600}.
struct Unescaped {
  std::string text;
  bool good = true;
  Span wrong;  ///< the escape that is none, relative to `inside`
};
/// `inside` stands between the quotes.
Unescaped unescape(std::string_view inside);

/// Whether a date, time or month as written exists: 2026-02-30 and 25:00 do not.
bool is_real_date(std::string_view written);

/// The cells of `| a | b |`, trimmed, with their places relative to `row`; `\|` and `\\` are not yet unescaped.
std::vector<Span> split_row(std::string_view row);
std::string unescape_cell(std::string_view cell);

}  // namespace alidade
