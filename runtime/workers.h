// A fixed set of threads that run numbered pieces of work; the calling thread is worker 0. Door: parallel_for. Used
// from one thread at a time; tested through unit/evaluator_test.cpp.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace alidade {

class Workers {
 public:
  /// `count` 0: as many as the machine has cores.
  explicit Workers(int count);
  ~Workers();
  int count() const { return static_cast<int>(threads_.size()) + 1; }

  /// Calls work(worker, i) for every i in [0, pieces), in no promised order, and returns when all are done.
  void parallel_for(size_t pieces, const std::function<void(int worker, size_t piece)>& work);

 private:
  void serve(int worker);
  void take(int worker);

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const std::function<void(int, size_t)>* work_ = nullptr;
  std::atomic<size_t> next_{0};
  size_t pieces_ = 0;
  uint64_t round_ = 0;
  int busy_ = 0;
  bool ending_ = false;
};

}  // namespace alidade
