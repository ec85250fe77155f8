// The sections of verify_plan, each adding its messages. Part of compiler/plan, inside the room only. Every message is
// provoked in tests/unit/plan_test.cpp.
#pragma once

#include <string>
#include <vector>

#include "compiler/plan/plan.h"

namespace alidade {

/// Columns, ops, cells, machines and the dispatch of one pipeline, in a plan whose key spaces and domains are sound.
void verify_pipeline(const Plan& plan, size_t index, std::vector<std::string>& messages);
/// Formulas and outputs, in a plan whose pipelines are sound.
void verify_formulas(const Plan& plan, std::vector<std::string>& messages);

template <typename T>
bool in_range(int index, const std::vector<T>& items) {
  return index >= 0 && static_cast<size_t>(index) < items.size();
}

inline bool is_exact_kind(al_accumulator_kind kind) {
  return kind == AL_SUM_EXACT || kind == AL_MIN_EXACT || kind == AL_MAX_EXACT || kind == AL_VALUES_EXACT ||
         kind == AL_FIRST_EXACT || kind == AL_LAST_EXACT || kind == AL_MOMENTS_EXACT;
}

}  // namespace alidade
