// Threads that wait for a round of numbered pieces. Door: workers.h.
#include "runtime/workers.h"

#include <algorithm>

namespace alidade {

Workers::Workers(int count) {
  if (count <= 0) count = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int worker = 1; worker < count; ++worker) threads_.emplace_back([this, worker] { serve(worker); });
}

Workers::~Workers() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  start_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::parallel_for(size_t pieces, const std::function<void(int, size_t)>& work) {
  if (threads_.empty() || pieces <= 1) {
    for (size_t piece = 0; piece < pieces; ++piece) work(0, piece);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    work_ = &work;
    pieces_ = pieces;
    next_ = 0;
    busy_ = static_cast<int>(threads_.size());
    ++round_;
  }
  start_.notify_all();
  take(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
}

void Workers::take(int worker) {
  for (size_t piece = next_++; piece < pieces_; piece = next_++) (*work_)(worker, piece);
}

void Workers::serve(int worker) {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    start_.wait(lock, [&] { return ending_ || round_ != seen; });
    if (ending_) return;
    seen = round_;
    lock.unlock();
    take(worker);
    lock.lock();
    if (--busy_ == 0) done_.notify_one();
  }
}

}  // namespace alidade
