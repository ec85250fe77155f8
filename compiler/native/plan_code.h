// A plan laid out, and its loops in parts that are compiled one by one. Inside the room only; tested by what uses it.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "compiler/codegen/codegen.h"

namespace alidade {

/// Owns what its loops are generated from. Immutable, safe on any thread.
class PlanCode {
 public:
  explicit PlanCode(Plan plan);
  PlanCode(const PlanCode&) = delete;
  PlanCode& operator=(const PlanCode&) = delete;

  const Plan& plan() const { return plan_; }
  const std::vector<PipelineLayout>& pipelines() const { return pipelines_; }
  const std::vector<LoopToCompile>& loops() const { return loops_; }

  /// Objects of all loops, on all cores.
  Result<std::vector<std::string>> compile(Tier tier) const;
  /// The same on this thread, one part after another; no objects if `stop` becomes true in between.
  Result<std::vector<std::string>> compile_slowly(Tier tier, const std::atomic<bool>& stop) const;

 private:
  std::vector<std::vector<LoopToCompile>> parts(size_t most) const;

  Plan plan_;
  std::vector<PipelineLayout> pipelines_;
  std::vector<LoopToCompile> loops_;
};

}  // namespace alidade
