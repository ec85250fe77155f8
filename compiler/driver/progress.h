// A bar on stderr for runs that take longer than a second, on a terminal only. Door of compiler/driver/progress.
#pragma once

#include <chrono>
#include <cstdint>

namespace alidade {

class Progress {
 public:
  explicit Progress(bool terminal) : terminal_(terminal) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Bytes read and in all; draws at most ten times a second.
  void show(int64_t done, int64_t all);
  /// Takes the bar away, before anything else is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_ = started_;
};

}  // namespace alidade
