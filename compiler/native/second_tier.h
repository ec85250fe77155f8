// The optimised tier, compiled beside a program that has been in use for a while. Inside the room only; tested in
// tests/unit/tiers_test.cpp.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "compiler/native/native_code.h"
#include "compiler/native/object_cache.h"
#include "compiler/native/plan_code.h"

namespace alidade {

/// Starts to compile O1 once it has lived for 20 ms: shorter runs neither need nor pay for it. Its end does not wait
/// for the compiler: what is under way ends by itself, later, in nothing.
class SecondTier {
 public:
  SecondTier(std::shared_ptr<const PlanCode> plan, std::shared_ptr<NativeCode> code, ObjectCache cache, CodeKey key);
  ~SecondTier();
  SecondTier(const SecondTier&) = delete;
  SecondTier& operator=(const SecondTier&) = delete;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace alidade
