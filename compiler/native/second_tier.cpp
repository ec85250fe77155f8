// O1 beside a running program; see second_tier.h. The thread owns all that it works on, so it can be left alone.
#include "compiler/native/second_tier.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace alidade {
namespace {

constexpr std::chrono::milliseconds kDelay{100};

/// The threads that load LLVM or are inside it. A process may only take LLVM down when there are none.
struct Compiling {
  std::mutex mutex;
  std::condition_variable none;
  int count = 0;
  bool ending = false;
};

/// Threads outlive main, so this is never destroyed.
Compiling& compiling() {
  static auto* all = new Compiling;
  return *all;
}

void wait_at_exit() {
  Compiling& all = compiling();
  std::unique_lock lock(all.mutex);
  all.ending = true;
  all.none.wait(lock, [&] { return all.count == 0; });
}

/// False where the process is ending.
bool begin_compiling() {
  Compiling& all = compiling();
  const std::lock_guard lock(all.mutex);
  if (!all.ending) ++all.count;
  return !all.ending;
}

/// Once LLVM is loaded, so that its own handlers run after this one.
bool ends_after_compiling() {
  static const bool registered = std::atexit(wait_at_exit) == 0;
  return registered;
}

void end_compiling() {
  Compiling& all = compiling();
  const std::lock_guard lock(all.mutex);
  --all.count;
  all.none.notify_all();
}

}  // namespace

struct SecondTier::Shared {
  std::shared_ptr<const PlanCode> plan;
  std::shared_ptr<NativeCode> code;
  ObjectCache cache;
  CodeKey key;
  std::mutex mutex;
  std::condition_variable stopped;
  std::atomic<bool> stop = false;

  /// False if the program ended before the delay did.
  bool wait_until_in_use() {
    std::unique_lock lock(mutex);
    return !stopped.wait_for(lock, kDelay, [&] { return stop.load(); });
  }

  // What fails here has no consequence: the program goes on as it is.
  void compile() {
    if (!wait_until_in_use() || !begin_compiling()) return;
    if (!stop && open_cage("codegen") && ends_after_compiling()) compile_and_install();
    end_compiling();
  }

  void compile_and_install() {
    const Result<std::vector<std::string>> objects = plan->compile_slowly(Tier::kO1, stop);
    if (objects && !objects.value().empty() && code->install(Tier::kO1, objects.value())) {
      cache.keep(key, objects.value());
    }
  }
};

SecondTier::SecondTier(std::shared_ptr<const PlanCode> plan, std::shared_ptr<NativeCode> code, ObjectCache cache,
                       CodeKey key)
    : shared_(new Shared{std::move(plan), std::move(code), std::move(cache), key, {}, {}, {}}) {
  std::thread([shared = shared_] { shared->compile(); }).detach();
}

SecondTier::~SecondTier() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stop = true;
  shared_->stopped.notify_all();
}

}  // namespace alidade
