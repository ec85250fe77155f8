// The registry of codes, the sink and the search for likely typos. Door: diagnostic.h.
#include "compiler/diagnostics/diagnostic.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>

namespace alidade {
namespace {

/// Code points of UTF-8 text; a byte that is none stands for itself.
std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80 && !out.empty()) {
      out.back() = (out.back() << 6) | (byte & 0x3Fu);
    } else {
      out.push_back(byte);
    }
  }
  return out;
}

/// Takes off what two words begin and end with alike: names of one family differ in little.
void strip_common(std::u32string_view& a, std::u32string_view& b) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) a.remove_prefix(1), b.remove_prefix(1);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a.remove_suffix(1), b.remove_suffix(1);
}

/// Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, changes, swaps of neighbours. What
/// is more than `most` comes back as more than `most`.
size_t edit_distance(std::u32string_view a, std::u32string_view b, size_t most) {
  strip_common(a, b);
  if (a.empty() || b.empty()) return std::max(a.size(), b.size());
  std::vector<size_t> before, last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    if (*std::min_element(row.begin(), row.end()) > most) return most + 1;
    before = last;
    std::swap(last, row);
  }
  return last[b.size()];
}

/// The letters of a word, to tell at a glance that another is far from it.
class LetterBag {
 public:
  explicit LetterBag(std::string_view word) : size_(word.size()), ascii_(is_ascii(word)) {
    for (char c : word) ++counts_[static_cast<unsigned char>(c) & 0x7F];
  }
  /// At most the edit distance: letters that one of the two has more of. 0 where that cannot be told.
  size_t least_distance(std::string_view other) const {
    if (!ascii_ || !is_ascii(other)) return 0;
    std::array<int, 128> left = counts_;
    size_t missing = 0;
    for (char c : other) missing += left[static_cast<size_t>(c)]-- <= 0;
    return std::max(missing, size_ + missing - other.size());
  }

 private:
  static bool is_ascii(std::string_view word) {
    return std::all_of(word.begin(), word.end(), [](char c) { return (c & 0x80) == 0; });
  }
  std::array<int, 128> counts_{};
  size_t size_;
  bool ascii_;
};

std::u32string digits_of(const std::u32string& word) {
  std::u32string digits;
  std::copy_if(word.begin(), word.end(), std::back_inserter(digits), [](char32_t c) { return c >= '0' && c <= '9'; });
  return digits;
}

}  // namespace

const std::vector<CodeInfo>& all_codes() {
  static const std::vector<CodeInfo> kCodes = [] {
    std::vector<CodeInfo> codes;
    const Severity error = Severity::kError;
    [[maybe_unused]] const Severity warning = Severity::kWarning;
    [[maybe_unused]] const Severity note = Severity::kNote;
#define AL_DIAGNOSTIC(number, name, severity, title, explanation, wrong, right) \
  codes.push_back({Code::name, #name, severity, title, explanation, wrong, right});
#include "compiler/diagnostics/all_codes.def"
#undef AL_DIAGNOSTIC
    std::sort(codes.begin(), codes.end(), [](const CodeInfo& a, const CodeInfo& b) { return a.code < b.code; });
    return codes;
  }();
  return kCodes;
}

const CodeInfo* find_code(int number) {
  const std::vector<CodeInfo>& codes = all_codes();
  const auto at = std::lower_bound(codes.begin(), codes.end(), number, [](const CodeInfo& info, int wanted) {
    return static_cast<int>(info.code) < wanted;
  });
  return at == codes.end() || static_cast<int>(at->code) != number ? nullptr : &*at;
}

Diagnostic& DiagnosticSink::report(Code code, const SourceFile& file, Span span, std::string message) {
  const CodeInfo* info = find_code(static_cast<int>(code));
  Severity severity = info == nullptr ? Severity::kError : info->severity;
  all_.push_back({code, severity, &file, span, std::move(message), {}, {}, {}});
  return all_.back();
}

bool DiagnosticSink::has_errors() const {
  return std::any_of(all_.begin(), all_.end(), [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

void DiagnosticSink::sort() {
  std::stable_sort(all_.begin(), all_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    if (a.file != b.file) {
      if (a.file == nullptr || b.file == nullptr) return std::less<>()(a.file, b.file);
      if (a.file->path() != b.file->path()) return a.file->path() < b.file->path();
    }
    if (a.span.begin != b.span.begin) return a.span.begin < b.span.begin;
    return a.code < b.code;
  });
  auto same = [](const Diagnostic& a, const Diagnostic& b) {
    return a.file != nullptr && a.file == b.file && a.code == b.code && a.span == b.span && a.message == b.message;
  };
  all_.erase(std::unique(all_.begin(), all_.end(), same), all_.end());
}

LikelyWord likely_word(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::u32string wanted = code_points(word);
  const size_t allowed = wanted.size() <= 2 ? 0 : wanted.size() <= 5 ? 1 : wanted.size() <= 9 ? 2 : 3;
  const LetterBag letters(word);
  std::u32string best;
  LikelyWord found;
  size_t best_distance = allowed + 1, close = 0;
  for (std::string_view candidate : candidates) {
    if (candidate == word || letters.least_distance(candidate) > allowed) continue;
    const std::u32string other = code_points(candidate);
    const size_t longer = std::max(wanted.size(), other.size());
    const size_t shorter = std::min(wanted.size(), other.size());
    if (longer - shorter > allowed) continue;
    const size_t distance = edit_distance(wanted, other, allowed);
    close += distance <= allowed && candidate != found.word;
    if (distance >= best_distance) continue;
    found.word = candidate;
    best = other;
    best_distance = distance;
  }
  found.certain = close == 1 && best_distance == 1 && wanted.size() >= 4 && digits_of(wanted) == digits_of(best);
  return found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  return likely_word(word, candidates).word;
}

}  // namespace alidade
