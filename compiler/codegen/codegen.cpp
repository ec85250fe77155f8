// Plan to program: lays cells out, compiles the loops (on two threads or more where there are many) and puts their
// addresses where the runtime looks for them. The door's implementation; LLVM is in native_object and native_code.
#include "compiler/codegen/codegen.h"

#include <algorithm>
#include <future>
#include <thread>

#include "compiler/codegen/cell_layout.h"
#include "compiler/codegen/native_code.h"
#include "compiler/codegen/native_object.h"

namespace alidade {
namespace {

constexpr size_t kAccumulatorsWorthAThread = 48;

/// Every pipeline laid out, and all loops of all pipelines in order.
struct PlanLayout {
  std::vector<PipelineLayout> pipelines;
  std::vector<LoopToCompile> loops;
};

PlanLayout lay_out(const Plan& plan) {
  PlanLayout layout;
  for (size_t i = 0; i < plan.pipelines.size(); ++i) {
    layout.pipelines.push_back(lay_out(plan.pipelines[i], static_cast<int>(i)));
  }
  for (size_t i = 0; i < plan.pipelines.size(); ++i) {
    const PipelineLayout& pipeline = layout.pipelines[i];
    for (const LoopSpec& spec : pipeline.loops) {
      layout.loops.push_back({&plan.pipelines[i], &pipeline.program, &spec});
    }
  }
  return layout;
}

// The loops in shares of about the same size, one object each.
Result<std::vector<std::string>> compile_objects(const std::vector<LoopToCompile>& loops) {
  const size_t most = std::min<size_t>(loops.size(), std::max(1u, std::thread::hardware_concurrency()));
  size_t accumulators = 0;
  for (const LoopToCompile& loop : loops) accumulators += loop.spec->updates.size();
  const size_t shares = std::clamp(accumulators / kAccumulatorsWorthAThread, size_t{1}, most);
  std::vector<std::vector<LoopToCompile>> parts(shares);
  for (size_t i = 0; i < loops.size(); ++i) parts[i % shares].push_back(loops[i]);
  std::vector<std::future<Result<std::string>>> compiled;
  for (size_t i = 1; i < shares; ++i) {
    compiled.push_back(std::async(std::launch::async, compile_object, std::cref(parts[i])));
  }
  std::vector<Result<std::string>> results = {compile_object(parts[0])};
  for (auto& part : compiled) results.push_back(part.get());
  std::vector<std::string> objects;
  for (Result<std::string>& result : results) {
    if (!result) return result.error();
    objects.push_back(std::move(*result));
  }
  return objects;
}

void set_address(PipelineProgram& program, const LoopSpec& spec, void* address) {
  if (spec.machine >= 0) {
    program.machines[spec.machine].exchange = reinterpret_cast<al_exchange>(address);
  } else if (spec.dispatch_case >= 0) {
    program.cases[spec.dispatch_case].push_back(reinterpret_cast<al_update>(address));
  } else {
    program.always.push_back(reinterpret_cast<al_update>(address));
  }
}

}  // namespace

Result<Program> compile(const Plan& plan) {
  PlanLayout layout = lay_out(plan);
  Program program;
  program.calendar = plan.calendar;
  program.streams = plan.streams;
  program.tables = plan.tables;
  program.domains = plan.domains;
  program.key_spaces = plan.key_spaces;
  program.formulas = plan.formulas;
  program.outputs = plan.outputs;
  program.spec_hash = plan.spec_hash;
  for (const PipelineLayout& pipeline : layout.pipelines) program.pipelines.push_back(pipeline.program);
  if (layout.loops.empty()) return program;
  Result<std::vector<std::string>> objects = compile_objects(layout.loops);
  if (!objects) return objects.error();
  std::vector<std::string> names;
  for (const LoopToCompile& loop : layout.loops) names.push_back(loop.spec->name);
  Result<NativeCode> code = load_objects(*objects, names);
  if (!code) return code.error();
  for (size_t i = 0; i < names.size(); ++i) {
    const LoopSpec& spec = *layout.loops[i].spec;
    set_address(program.pipelines[spec.pipeline], spec, code->addresses[i]);
  }
  program.code = std::move(code->owner);
  return program;
}

Result<std::string> dump_llvm(const Plan& plan) {
  const PlanLayout layout = lay_out(plan);
  if (layout.loops.empty()) return std::string();
  return optimised_text(layout.loops);
}

}  // namespace alidade
