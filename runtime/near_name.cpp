// Edit distance over names. Door: near_name.h.
#include "runtime/near_name.h"

#include <algorithm>
#include <cctype>

namespace alidade {
namespace {

char folded(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Levenshtein distance in halves: two for an edit, one where only the letter case differs.
size_t half_edits(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = 2 * j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = 2 * i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = a[i - 1] == b[j - 1] ? 0 : folded(a[i - 1]) == folded(b[j - 1]) ? 1 : 2;
      const size_t best = std::min({row[j] + 2, row[j - 1] + 2, diagonal + change});
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> near_names(std::string_view word, const std::vector<std::string>& candidates, size_t most) {
  const size_t limit = std::max<size_t>(2, 2 * (word.size() / 3));
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    const size_t halves = half_edits(word, candidate);
    const bool case_only =
        word.size() == candidate.size() && halves <= word.size() &&
        std::equal(word.begin(), word.end(), candidate.begin(), [](char a, char b) { return folded(a) == folded(b); });
    if (halves <= limit || case_only) near.emplace_back(case_only ? 0 : halves, candidate);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (auto& [halves, name] : near) {
    if (names.size() < most && halves == near.front().first) names.push_back(std::move(name));
  }
  return names;
}

std::string did_you_mean_ending(std::string_view word, const std::vector<std::string>& candidates) {
  std::string ending;
  for (const std::string& name : near_names(word, candidates, 2)) {
    ending += (ending.empty() ? "; did you mean \"" : " or \"") + name + "\"";
  }
  return ending;
}

}  // namespace alidade
