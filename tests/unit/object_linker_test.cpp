// Objects linked into this process: what they compute, what is refused, and that no damage makes linking read or write
// where it must not.
// rooms: alidade_native
#include "compiler/native/object_linker.h"

#include <doctest/doctest.h>

#include <random>

#include "compiler/codegen/codegen.h"
#include "compiler/native/plan_code.h"
#include "compiler/native/runtime_symbols.h"

namespace alidade {
namespace {

/// An exact sum whose values are divided first, and a float sum: constants, inlined and called runtime functions.
Plan plan() {
  Plan plan;
  plan.pipelines.resize(1);
  Pipeline& pipeline = plan.pipelines[0];
  pipeline.columns.resize(2);
  pipeline.key_spaces.resize(1);
  Op exact, number;
  exact.kind = OpKind::kColumn;
  exact.column = 0;
  exact.type = OpType::kExact;
  exact.bits = 64;
  number.kind = OpKind::kColumn;
  number.column = 1;
  number.type = OpType::kFloat;
  pipeline.ops = {exact, number};
  pipeline.accumulators = {{AL_COUNT, 0, -1, -1}, {AL_SUM_EXACT, 0, 0, -1}, {AL_SUM_FLOAT, 0, 1, -1}};
  return plan;
}

std::string object(Tier tier) {
  const PlanCode code(plan());
  Result<std::vector<std::string>> objects = code.compile(tier);
  REQUIRE(objects.ok());
  REQUIRE(objects->size() == 1);
  return objects->front();
}

TEST_CASE("a linked object has its functions and no others") {
  for (const Tier tier : {Tier::kO0, Tier::kO1}) {
    const Result<std::unique_ptr<LinkedObject>> linked = LinkedObject::link(object(tier));
    REQUIRE(linked.ok());
    void* loop = linked.value()->find("p0_always_0");
    REQUIRE(loop != nullptr);
    CHECK(linked.value()->find("p0_always_1") == nullptr);
    CHECK(linked.value()->find("al_add_float") == nullptr);

    const int64_t exact[3 + AL_LANES] = {5, -7, 40};
    const double numbers[3 + AL_LANES] = {0.5, 1e300, -1e300};
    const al_column columns[] = {{exact, nullptr}, {numbers, nullptr}};
    alignas(16) uint8_t cell[128] = {};
    uint8_t* state = cell;
    const uint32_t id = 0;
    const al_run run{columns, 3, &id, &state, nullptr};
    reinterpret_cast<al_update>(loop)(&run);
    const PipelineLayout layout = lay_out(plan().pipelines[0], 0);
    const auto at = [&](size_t i) { return cell + layout.program.accumulators[i].offset; };
    CHECK(*reinterpret_cast<int64_t*>(at(0)) == 3);
    CHECK(reinterpret_cast<al_exact*>(at(1))->low == 38);
    const auto* sum = reinterpret_cast<al_float_sum*>(at(2));
    CHECK(sum->high + sum->low == 0.5);
  }
}

TEST_CASE("what is no object, or names what the runtime lacks, is refused") {
  CHECK_FALSE(LinkedObject::link("").ok());
  CHECK_FALSE(LinkedObject::link(std::string(5000, 'x')).ok());
  std::string other = object(Tier::kO0);
  const size_t name = other.find("al_add_float");
  REQUIRE(name != std::string::npos);
  other[name] = 'b';
  const auto linked = LinkedObject::link(other);
  REQUIRE_FALSE(linked.ok());
  CHECK(linked.error().code == 8301);
  CHECK(linked.error().message.find("it calls bl_add_float") != std::string::npos);
  CHECK(runtime_symbol("system") == nullptr);
}

TEST_CASE("damage is refused or linked, and never followed outside the object") {
  const std::string whole = object(Tier::kO1);
  for (size_t length = 0; length < whole.size(); length += 7) {
    static_cast<void>(LinkedObject::link(whole.substr(0, length)).ok());
  }
  std::mt19937_64 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    for (int byte = 0; byte < 3; ++byte) damaged[random() % damaged.size()] = static_cast<char>(random());
    static_cast<void>(LinkedObject::link(damaged).ok());
  }
}

}  // namespace
}  // namespace alidade
