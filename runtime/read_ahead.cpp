// The reading thread and its short queue. Door: read_ahead.h.
#include "runtime/read_ahead.h"

namespace alidade {

ReadAhead::ReadAhead(BatchSource* source, bool threaded) : source_(source) {
  if (threaded) thread_ = std::thread([this] { serve(); });
}

ReadAhead::~ReadAhead() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

ReadStep ReadAhead::read() {
  ReadStep step;
  Result<bool> more = source_->next(&step.batch);
  if (more.ok()) {
    step.more = more.value();
  } else {
    step.error = more.error();
  }
  step.refused = source_->take_bad_rows();
  source_->progress(&step.done, &step.all);
  return step;
}

void ReadAhead::serve() {
  while (true) {
    ReadStep step = read();
    bool end = !step.more;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ending_ || steps_.size() < kAhead; });
    if (ending_) return;
    steps_.push_back(std::move(step));
    changed_.notify_all();
    if (end) return;
  }
}

ReadStep ReadAhead::next() {
  if (finished_) return {};
  ReadStep step;
  if (thread_.joinable()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !steps_.empty(); });
    step = std::move(steps_.front());
    steps_.pop_front();
    changed_.notify_all();
  } else {
    step = read();
  }
  finished_ = !step.more;
  return step;
}

}  // namespace alidade
