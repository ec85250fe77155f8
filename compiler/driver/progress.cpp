// The progress bar. Door: progress.h.
#include "compiler/driver/progress.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace alidade {

void Progress::show(int64_t done, int64_t all) {
  constexpr int kCells = 30;
  const Clock::time_point now = Clock::now();
  const bool due = now - started_ > std::chrono::seconds(1) && now - last_ > std::chrono::milliseconds(100);
  if (!terminal_ || !due || all <= 0) return;
  last_ = now;
  drawn_ = true;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(all));
  const int full = static_cast<int>(share * kCells);
  std::string bar;
  for (int i = 0; i < kCells; ++i) bar += i < full ? "█" : "░";
  std::fputs(fmt::format("\r{} {:3.0f}% of {:.0f} MB\x1b[K", bar, share * 100, static_cast<double>(all) / 1e6).c_str(),
             stderr);
  std::fflush(stderr);
}

void Progress::clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace alidade
