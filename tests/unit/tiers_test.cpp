// Tiers: the same bits from each, across a swap after any number of morsels, from the cache, and while the second tier
// is compiled beside the program.
// rooms: alidade_native
#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "compiler/native/compile.h"
#include "compiler/native/native_code.h"
#include "compiler/native/object_cache.h"
#include "compiler/native/plan_code.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;
constexpr int kRows = 500, kMorsels = 8;

/// Sums, bounds and a quotient under a guard: whatever differs between tiers would show in float sums first.
Plan plan() {
  Plan plan;
  plan.streams.resize(1);
  plan.streams[0].fields.resize(3);
  plan.key_spaces.resize(1);
  plan.pipelines.resize(1);
  Pipeline& pipeline = plan.pipelines[0];
  pipeline.columns.resize(3);
  for (int i = 0; i < 3; ++i) pipeline.columns[i].field = i;
  pipeline.key_spaces.resize(1);
  const auto column = [](int index, OpType type) {
    Op op;
    op.kind = OpKind::kColumn;
    op.column = index;
    op.type = type;
    op.bits = type == OpType::kExact ? 64 : 0;
    return op;
  };
  pipeline.ops = {column(0, OpType::kExact), column(1, OpType::kFloat), column(2, OpType::kBool)};
  pipeline.accumulators = {{AL_COUNT, 0, -1, 2},    {AL_SUM_EXACT, 0, 0, -1}, {AL_SUM_FLOAT, 0, 1, 2},
                           {AL_MIN_EXACT, 0, 0, 2}, {AL_MAX_FLOAT, 0, 1, -1}, {AL_MAX_EXACT, 0, 0, -1},
                           {AL_MIN_FLOAT, 0, 1, 2}};
  return plan;
}

struct Rows {
  std::vector<int64_t> exact;
  std::vector<double> numbers;
  std::vector<uint8_t> holds;
  Rows() {
    std::mt19937_64 random(3);
    for (int row = 0; row < kRows; ++row) {
      exact.push_back(static_cast<int64_t>(random()));
      numbers.push_back(
          std::ldexp(static_cast<double>(static_cast<int64_t>(random())), static_cast<int>(random() % 40)));
      holds.push_back(random() % 2);
    }
  }
};

/// The bytes of all cells after kMorsels morsels; `before(k)` is called before morsel k.
template <typename Before>
std::string cells_of(al_update loop, uint32_t stride, const Before& before) {
  static const Rows rows;
  const al_column columns[] = {
      {rows.exact.data(), nullptr}, {rows.numbers.data(), nullptr}, {rows.holds.data(), nullptr}};
  std::vector<int128> memory(stride * 4 / sizeof(int128) + 1);
  auto* cells = reinterpret_cast<uint8_t*>(memory.data());
  for (int k = 0; k < kMorsels; ++k) {
    before(k);
    const uint32_t cell = static_cast<uint32_t>(k) % 4;
    uint8_t* state = cells + cell * stride;
    const al_run run{columns, kRows - AL_LANES, &cell, &state, nullptr};
    loop(&run);
  }
  return {reinterpret_cast<const char*>(cells), stride * size_t{4}};
}

std::string cells_of(const CompileOptions& options) {
  const Result<Program> program = compile(plan(), options);
  REQUIRE(program.ok());
  const PipelineProgram& pipeline = program.value().pipelines[0];
  REQUIRE(pipeline.always.size() == 1);
  return cells_of(pipeline.always[0], pipeline.strides[0], [](int) {});
}

/// A cache of this process, removed at its end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("alidade_tiers_" + std::to_string(getpid()));
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
  size_t files() const {
    std::error_code none;
    const fs::directory_iterator entries(path, none);
    return none ? 0 : static_cast<size_t>(std::distance(begin(entries), end(entries)));
  }
};

TEST_CASE("every tier gives the same bits, and so do both in turn") {
  const std::string expected = cells_of({TierChoice::kO1, "", {}});
  CHECK(expected != std::string(expected.size(), '\0'));
  for (const TierChoice tier : {TierChoice::kO0, TierChoice::kAuto, TierChoice::kAlternating}) {
    CHECK(cells_of({tier, "", {}}) == expected);
  }
}

TEST_CASE("a swap before any morsel changes no bit") {
  const std::string expected = cells_of({TierChoice::kO1, "", {}});
  const PlanCode laid_out(plan());
  const auto first = laid_out.compile(Tier::kO0), second = laid_out.compile(Tier::kO1);
  REQUIRE((first.ok() && second.ok()));
  CHECK(first.value() != second.value());
  for (int swap = 0; swap <= kMorsels; ++swap) {
    auto code = NativeCode::create({"p0_always_0"}, false);
    REQUIRE(code.ok());
    REQUIRE((*code)->install(Tier::kO0, first.value()).ok());
    const auto loop = reinterpret_cast<al_update>((*code)->entry(0));
    const uint32_t stride = laid_out.pipelines()[0].program.strides[0];
    CHECK(cells_of(loop, stride, [&](int k) {
            if (k == swap) REQUIRE((*code)->install(Tier::kO1, second.value()).ok());
          }) == expected);
  }
}

TEST_CASE("a swap while other threads are in the loop") {
  const std::string expected = cells_of({TierChoice::kO1, "", {}});
  const PlanCode laid_out(plan());
  const auto first = laid_out.compile(Tier::kO0), second = laid_out.compile(Tier::kO1);
  auto code = NativeCode::create({"p0_always_0"}, false);
  REQUIRE((*code)->install(Tier::kO0, first.value()).ok());
  const auto loop = reinterpret_cast<al_update>((*code)->entry(0));
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0, running = 2;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        wrong += cells_of(loop, laid_out.pipelines()[0].program.strides[0], [](int) {}) != expected;
      }
      --running;
    });
  }
  for (int i = 0; running > 0 && i < 100; ++i) {
    CHECK((*code)->install(i % 2 == 0 ? Tier::kO1 : Tier::kO0, i % 2 == 0 ? second.value() : first.value()).ok());
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("objects that lack a loop are refused and change nothing") {
  const PlanCode laid_out(plan());
  const auto objects = laid_out.compile(Tier::kO0);
  auto code = NativeCode::create({"p0_always_0"}, false);
  REQUIRE((*code)->install(Tier::kO0, objects.value()).ok());
  CHECK((*code)->install(Tier::kO1, {}).error().code == 8301);
  CHECK((*code)->install(Tier::kO1, {"rubbish"}).error().code == 8301);
  const auto loop = reinterpret_cast<al_update>((*code)->entry(0));
  CHECK(cells_of(loop, laid_out.pipelines()[0].program.strides[0], [](int) {}) == cells_of({TierChoice::kO0, "", {}}));
}

TEST_CASE("a cache is filled, found, and replaced where it is damaged") {
  const Folder folder;
  std::vector<std::string> warnings;
  const CompileOptions options{TierChoice::kO1, folder.path,
                               [&](const std::string& text) { warnings.push_back(text); }};
  const std::string expected = cells_of(options);
  REQUIRE(folder.files() == 1);
  CHECK(cells_of(options) == expected);
  const fs::path file = *fs::directory_iterator(folder.path);
  const auto size = fs::file_size(file);
  fs::resize_file(file, size / 2);
  CHECK(warnings.empty());
  CHECK(cells_of(options) == expected);
  CHECK(warnings.size() == 1);
  CHECK(fs::file_size(file) == size);
  // Sound as a file, but not code: compiled again as well.
  ObjectCache(folder.path).keep(code_key(plan(), Tier::kO1), {"rubbish"});
  CHECK(cells_of(options) == expected);
  CHECK(fs::file_size(file) == size);
}

TEST_CASE("a program in use goes on with the second tier and keeps it for the next") {
  const Folder folder;
  const CompileOptions options{TierChoice::kAuto, folder.path, {}};
  const std::string expected = cells_of({TierChoice::kO1, "", {}});
  {
    const Result<Program> program = compile(plan(), options);
    REQUIRE(program.ok());
    const PipelineProgram& pipeline = program.value().pipelines[0];
    for (int i = 0; i < 2000 && folder.files() < 2; ++i) {
      CHECK(cells_of(pipeline.always[0], pipeline.strides[0], [](int) {}) == expected);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    REQUIRE(folder.files() == 2);
    CHECK(cells_of(pipeline.always[0], pipeline.strides[0], [](int) {}) == expected);
  }
  fs::remove_all(folder.path / "none");
  CHECK(cells_of(options) == expected);
  CHECK(folder.files() == 2);
}

TEST_CASE("programs end in any state of their second tier") {
  for (int wait : {0, 10, 19, 21, 25, 30, 40}) {
    const Result<Program> program = compile(plan(), {TierChoice::kAuto, "", {}});
    REQUIRE(program.ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(wait));
  }
}

}  // namespace
}  // namespace alidade
