// Loops of a plan, compiled in parts of about the same size, one object each; see plan_code.h.
#include "compiler/native/plan_code.h"

#include <algorithm>
#include <future>
#include <thread>

namespace alidade {
namespace {

constexpr size_t kAccumulatorsOfAPart = 48;

Result<std::vector<std::string>> all_of(std::vector<Result<std::string>> results) {
  std::vector<std::string> objects;
  for (Result<std::string>& result : results) {
    if (!result) return result.error();
    objects.push_back(std::move(*result));
  }
  return objects;
}

}  // namespace

PlanCode::PlanCode(Plan plan) : plan_(std::move(plan)) {
  for (size_t i = 0; i < plan_.pipelines.size(); ++i) {
    pipelines_.push_back(lay_out(plan_.pipelines[i], static_cast<int>(i)));
  }
  for (size_t i = 0; i < plan_.pipelines.size(); ++i) {
    for (const LoopSpec& spec : pipelines_[i].loops) {
      loops_.push_back({&plan_.pipelines[i], &pipelines_[i].program, &spec});
    }
  }
}

std::vector<std::vector<LoopToCompile>> PlanCode::parts(size_t most) const {
  size_t accumulators = 0;
  for (const LoopToCompile& loop : loops_) accumulators += loop.spec->updates.size();
  const size_t count = std::clamp(accumulators / kAccumulatorsOfAPart, size_t{1}, std::min(most, loops_.size()));
  std::vector<std::vector<LoopToCompile>> parts(count);
  for (size_t i = 0; i < loops_.size(); ++i) parts[i % count].push_back(loops_[i]);
  return parts;
}

Result<std::vector<std::string>> PlanCode::compile(Tier tier) const {
  const std::vector<std::vector<LoopToCompile>> shares = parts(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::future<Result<std::string>>> others;
  for (size_t i = 1; i < shares.size(); ++i) {
    others.push_back(std::async(std::launch::async, compile_object, std::cref(shares[i]), tier));
  }
  std::vector<Result<std::string>> results = {compile_object(shares[0], tier)};
  for (auto& share : others) results.push_back(share.get());
  return all_of(std::move(results));
}

Result<std::vector<std::string>> PlanCode::compile_slowly(Tier tier, const std::atomic<bool>& stop) const {
  std::vector<Result<std::string>> results;
  for (const std::vector<LoopToCompile>& part : parts(loops_.size())) {
    if (stop) return std::vector<std::string>();
    results.push_back(compile_object(part, tier));
  }
  return all_of(std::move(results));
}

}  // namespace alidade
