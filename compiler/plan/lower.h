// Model and request to plan. Part of compiler/plan's door. Tested by tests/plan/*.plan and tests/conformance.
#pragma once

#include <string>
#include <vector>

#include "compiler/plan/plan.h"
#include "compiler/sema/analyse.h"

namespace alidade {

/// The plan before passes: one accumulation per aggregate, nothing shared but equal row expressions.
Plan lower(const Model& model, const Request& request);

/// Stable text, and back: parse_plan(print_plan(p)) prints the same.
std::string print_plan(const Plan& plan);
Result<Plan> parse_plan(const std::string& text);

/// Every promise of plan.h and program.h that a pass could break, as messages; empty when all hold.
std::vector<std::string> verify_plan(const Plan& plan);

/// Bytes read per row, operations per row by case, bytes of state per cell and entity: `explain`, `--verbose`.
std::string plan_costs(const Plan& plan);

}  // namespace alidade
