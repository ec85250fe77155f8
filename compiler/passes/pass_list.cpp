// The passes in the only order they run. See pass_list.h.
#include "compiler/passes/pass_list.h"

#include <cstdio>

#include "compiler/passes/dispatch_on_code.h"
#include "compiler/passes/drop_unread.h"
#include "compiler/passes/order_guards.h"
#include "compiler/passes/share_accumulators.h"
#include "compiler/passes/share_machine.h"
#include "compiler/plan/canonical_order.h"
#include "compiler/plan/lower.h"

namespace alidade {
namespace {

void check(const char* pass, const Plan& plan) {
  const auto messages = verify_plan(plan);
  for (const std::string& message : messages) std::fprintf(stderr, "after %s: %s\n", pass, message.c_str());
  ALIDADE_CHECK(messages.empty());
}

}  // namespace

const std::vector<Pass>& pass_list() {
  static const std::vector<Pass> passes = {
      {"order_guards", order_guards},  // equal guards look equal
      {"share_accumulators", share_accumulators},
      {"share_machine", share_machine},
      {"drop_unread", drop_unread},            // what sharing left over
      {"dispatch_on_code", dispatch_on_code},  // counts only accumulators that are read
      {"canonical_order", canonical_order},
  };
  return passes;
}

Plan optimise(Plan plan, bool verify_each) {
  if (verify_each) check("lowering", plan);
  for (const Pass& pass : pass_list()) {
    plan = pass.run(std::move(plan));
    if (verify_each) check(pass.name, plan);
  }
  return plan;
}

}  // namespace alidade
