// Names of columns: their parts, and the words that the language takes for them. Door of compiler/driver/draft_names;
// tested in tests/command/init_from_test.py. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alidade {

/// Whether a part of the name is one of the words: "userId" and "User Id" have the parts "user" and "id".
bool has_part(const std::string& name, const std::vector<std::string_view>& words);
bool last_part_is(const std::string& name, const std::vector<std::string_view>& words);

/// Columns whose values say what happened in a row.
bool names_events(const std::string& name);
/// Columns whose numbers tell rows apart or are names themselves.
bool names_key(const std::string& name);
/// Columns whose numbers make no sense added up.
bool names_mean(const std::string& name);

/// A name that the language takes, made of any text: letters, digits and _, not reserved.
std::string word_of(const std::string& text);

/// A text in the language's quotes.
std::string in_quotes(const std::string& text);

}  // namespace alidade
