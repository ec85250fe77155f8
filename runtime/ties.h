// Rows of one instant that differ where the first or last of them is asked for: an error of the run. Both engines say
// it with these words. Tested in tests/unit/ties_test.cpp. Adding is safe on any thread.
#pragma once

#include <compare>
#include <mutex>
#include <optional>
#include <string>

#include "runtime/base.h"
#include "runtime/calendar.h"

namespace alidade {

struct Tie {
  std::string stream;
  Instant time = 0;
  std::string entity, key;  ///< "user", "ann"; empty where rows of all entities are compared
  friend auto operator<=>(const Tie&, const Tie&) = default;
};

/// Keeps the least tie, so that the message does not depend on who finds one first.
class TieLog {
 public:
  void add(Tie tie);
  Status status() const;  ///< AL8204 if there is any

 private:
  mutable std::mutex mutex_;
  std::optional<Tie> least_;
};

}  // namespace alidade
