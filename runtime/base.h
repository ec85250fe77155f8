// The words every room shares: the 128-bit integer, the reasons a value is undefined, and Result<T>.
// Door of runtime/base; tested in tests/unit/base_test.cpp. Plain values, safe on any thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace alidade {

using int128 = __int128;
using uint128 = unsigned __int128;

/// Why a cell has no value. The order is the rank: of two undefined operands the lower one names the result's
/// reason (semantics: `no_data` outranks the others). kNone means the value is defined. Stored as one byte.
enum class Reason : uint8_t {
  kNone = 0,
  kNoData,         ///< the interval lies outside what the stream covers
  kNoRows,         ///< mean, min, max or percentile over no rows of a covered interval
  kNoDenominator,  ///< x/0 or 0/0
  kNoRate,         ///< a currency rate is missing
  kOverflow,       ///< an exact result does not fit 128 bits
  kNoBucket,       ///< `at` names a bucket that does not exist at the report's grain
};

/// The word for a reason as tests and outputs write it: "no_data", "no_denominator"…; "" for kNone.
const char* reason_word(Reason reason);

/// The reason of a result with two operands: the one that outranks the other; kNone if both are defined.
inline Reason worst(Reason a, Reason b) {
  if (a == Reason::kNone) return b;
  if (b == Reason::kNone) return a;
  return a < b ? a : b;
}

/// Whether a value that is there could not be computed, so that what is made of many cannot do without it; otherwise
/// there is nothing to take.
inline bool is_failure(Reason reason) { return reason == Reason::kNoRate || reason == Reason::kOverflow; }

/// What went wrong in the world (a file, the data, a limit). `code` is a diagnostic's number (7003 for AL7003).
/// `message` is lower case without a final period. `notes` are further lines, such as the first bad rows.
struct Error {
  int code = 0;
  std::string message;
  std::vector<std::string> notes;
};

/// A value or an Error. Check ok() before value(); both accessors abort on misuse.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: implicit on purpose, `return value;`
  Result(Error error) : state_(std::move(error)) {}  // NOLINT
  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }
  T& value() { return *checked(std::get_if<T>(&state_)); }
  const T& value() const { return *checked(std::get_if<T>(&state_)); }
  T& operator*() { return value(); }
  T* operator->() { return &value(); }
  const Error& error() const { return *checked(std::get_if<Error>(&state_)); }

 private:
  template <typename P>
  static P* checked(P* pointer) {
    if (pointer == nullptr) std::abort();
    return pointer;
  }
  std::variant<T, Error> state_;
};

struct Done {};
using Status = Result<Done>;

/// A promise about our own code: prints the place and aborts. Never for input.
#define ALIDADE_CHECK(condition)                                                           \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      std::fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)

}  // namespace alidade
