// The machine code of one program: a fixed address for each loop, behind which code of another tier can be put while
// the loop is in use. Inside the room only; tested in tests/unit/tiers_test.cpp. Entries may be called on any thread
// at any time; install() is called by one thread at a time.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "compiler/codegen/codegen.h"
#include "compiler/native/object_linker.h"

namespace alidade {

class NativeCode {
 public:
  /// Names of the loops. `alternating`: for tests, each call of a loop takes the other tier than the call before.
  /// Errors: AL8301 where memory cannot be made executable.
  static Result<std::shared_ptr<NativeCode>> create(std::vector<std::string> names, bool alternating);
  ~NativeCode();
  NativeCode(const NativeCode&) = delete;
  NativeCode& operator=(const NativeCode&) = delete;

  /// The address of a loop, to be called once code has been installed.
  void* entry(size_t loop) const;

  /// Calls that begin from now on run this code; calls under way end in the old, which stays. Errors: AL8301, and
  /// nothing has changed, where an object cannot be linked or a loop is in none of them.
  Status install(Tier tier, const std::vector<std::string>& objects);
  Tier newest() const { return newest_; }

 private:
  NativeCode() = default;

  std::vector<std::string> names_;
  uint8_t* memory_ = nullptr;  ///< pages of jumps, then pages of what they read
  size_t jump_bytes_ = 0, bytes_ = 0;
  bool alternating_ = false;
  std::atomic<Tier> newest_ = Tier::kO0;
  std::vector<std::unique_ptr<LinkedObject>> objects_;
};

}  // namespace alidade
