// The likely meant name behind a typo, for messages about columns, files and zones. Door of runtime/near_name; tested
// in tests/unit/bind_test.cpp. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alidade {

/// The candidates nearest to `word` (a change of letter case is half an edit) if near enough to be a likely typo, at
/// most `most`; several only where they are equally near.
std::vector<std::string> near_names(std::string_view word, const std::vector<std::string>& candidates, size_t most = 3);

/// "; did you mean \"x\" or \"y\"", or "" when nothing is near: the ending of a message.
std::string did_you_mean_ending(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace alidade
