// Columns' names. Door: draft_names.h.
#include "compiler/driver/draft_names.h"

#include <utf8proc.h>

#include <algorithm>
#include <set>

namespace alidade {
namespace {

/// The parts of a name: "userId", "user_id" and "User Id" are {"user", "id"}.
std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts(1);
  char before = '_';
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z',
               letter = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c < 0;
    const bool lower_before = before >= 'a' && before <= 'z';
    if ((!letter || (upper && lower_before)) && !parts.back().empty()) parts.emplace_back();
    if (letter) parts.back() += upper ? static_cast<char>(c - 'A' + 'a') : c;
    before = c;
  }
  if (parts.size() > 1 && parts.back().empty()) parts.pop_back();
  return parts;
}

}  // namespace

bool has_part(const std::string& name, const std::vector<std::string_view>& words) {
  for (const std::string& part : parts_of(name)) {
    if (std::find(words.begin(), words.end(), part) != words.end()) return true;
  }
  return false;
}

bool last_part_is(const std::string& name, const std::vector<std::string_view>& words) {
  return std::find(words.begin(), words.end(), parts_of(name).back()) != words.end();
}

bool names_events(const std::string& name) {
  return last_part_is(name, {"event", "name", "type", "action", "kind", "ereignis"});
}

bool names_key(const std::string& name) {
  return last_part_is(name, {"id", "uid", "uuid", "guid", "nr", "nummer", "key"});
}

bool names_mean(const std::string& name) {
  return has_part(name, {"price", "rate",        "rating",   "score",     "percent", "share",  "ratio",
                         "age",   "temperature", "latitude", "longitude", "lat",     "lon",    "lng",
                         "preis", "discount",    "level",    "position",  "rank",    "year",   "month",
                         "hour",  "version",     "zip",      "plz",       "number",  "nummer", "code"});
}

std::string word_of(const std::string& text) {
  static const std::set<std::string> kReserved = {"and",  "or",   "not",   "in",   "is",  "null", "true", "false", "if",
                                                  "then", "else", "where", "with", "per", "over", "by",   "of"};
  std::string word;
  bool after_small = false;  // userId is user_id
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t taken = utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &point);
    if (taken <= 0) {
      ++i;
      continue;
    }
    i += static_cast<size_t>(taken);
    const utf8proc_category_t category = utf8proc_category(point);
    const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    if (category == UTF8PROC_CATEGORY_LU && after_small) word += '_';
    after_small = category == UTF8PROC_CATEGORY_LL;
    if (letter || category == UTF8PROC_CATEGORY_ND) {
      utf8proc_uint8_t lower[4];
      word.append(reinterpret_cast<char*>(lower),
                  static_cast<size_t>(utf8proc_encode_char(utf8proc_tolower(point), lower)));
    } else if (!word.empty() && word.back() != '_') {
      word += '_';
    }
  }
  while (!word.empty() && word.back() == '_') word.pop_back();
  if (word.empty() || (word[0] >= '0' && word[0] <= '9')) word = "x" + (word.empty() ? word : "_" + word);
  return kReserved.count(word) > 0 ? word + "_" : word;
}

std::string in_quotes(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

}  // namespace alidade
