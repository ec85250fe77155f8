// Where accumulators live in a cell, what narrow rows look like, and which loops a pipeline needs: everything about
// native code that LLVM has no part in. Door of compiler/layout; tested in tests/unit/codegen_test.cpp. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "compiler/plan/plan.h"

namespace alidade {

/// A loop updates at most this many accumulators: more no longer share enough to pay for what they spill. A wide loop
/// keeps one or two vector registers for each.
constexpr size_t kAccumulatorsPerLoop = 64;
constexpr size_t kAccumulatorsPerWideLoop = 16;

/// One native function: an update loop over the rows of a dispatch case (or over every row), or a machine's exchange.
struct LoopSpec {
  std::string name;  ///< "p0_case3_1", "p0_always_0", "p0_exchange0": stable across runs
  int pipeline = 0;
  int dispatch_case = -1;                 ///< -1: every row
  int machine = -1;                       ///< exchange: index into Pipeline::machines; else -1
  bool wide = false;                      ///< an update that takes AL_LANES rows at a time
  std::vector<Dispatch::Update> updates;  ///< none for an exchange
};

/// A pipeline as the runtime sees it, but for the addresses of its functions, which belong to `loops` in order.
struct PipelineLayout {
  PipelineProgram program;
  std::vector<LoopSpec> loops;
};
PipelineLayout lay_out(const Pipeline& pipeline, int index);

/// A mask bit of a narrow row: the guard of `bit` holds (-1: always) and, where `input` is an op, its value is there.
struct MaskBit {
  int guard = -1;
  int input = -1;
  friend bool operator==(const MaskBit&, const MaskBit&) = default;
};
/// The plan's bits in order, then one for each guard whose folded input may be missing.
std::vector<MaskBit> mask_bits(const Pipeline& pipeline, const Machine& machine);

}  // namespace alidade
