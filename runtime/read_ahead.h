// Reads the next batches of a source on a thread of its own while the workers work, a bounded number ahead. Door:
// ReadAhead. Tested through tests/unit/evaluator_test.cpp. The source is used from one thread only.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/batch.h"

namespace alidade {

/// What one call of BatchSource::next brought.
struct ReadStep {
  Batch batch;
  bool more = false;
  BadRows refused;
  std::optional<Error> error;
  int64_t done = 0, all = 0;
};

class ReadAhead {
 public:
  /// `threaded` false reads when asked, on the caller's thread.
  ReadAhead(BatchSource* source, bool threaded);
  ~ReadAhead();
  /// The next batch; after the end or an error, the same again.
  ReadStep next();

 private:
  static constexpr size_t kAhead = 4;  ///< batches
  ReadStep read();
  void serve();

  BatchSource* source_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ReadStep> steps_;
  bool ending_ = false;
  bool finished_ = false;
  std::thread thread_;
};

}  // namespace alidade
