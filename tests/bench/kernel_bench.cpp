// Speed of generated update loops alone, on one core: pairs of a filtered count and a filtered sum over 40 kinds of
// events, cells by day and plan. Rows are sorted into runs beforehand; laying their columns side by side is timed
// apart. Usage: bench_kernel [millions of rows].
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <random>
#include <vector>

#include "compiler/native/compile.h"
#include "runtime/exact_sum.h"
#include "runtime/gather.h"

namespace alidade {
namespace {

constexpr int kEvents = 40, kDays = 90, kPlans = 3;
enum Column { kName, kAmount, kMinutes, kRating, kColumns };

/// Of this thread alone, so that other work on the machine disturbs less.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Events in time order: names skewed as in real products, amounts and minutes log-normal.
struct Events {
  std::vector<uint32_t> name, cell;
  std::vector<int64_t> amount, minutes;
  std::vector<double> rating;

  explicit Events(size_t count) : name(count), cell(count), amount(count), minutes(count), rating(count) {
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> money(16, 1), time(3, 1);
    for (size_t i = 0; i < count; ++i) {
      const double u = static_cast<double>(random() >> 11) * 0x1p-53;
      name[i] = static_cast<uint32_t>(kEvents * u * u);
      cell[i] = static_cast<uint32_t>(i * kDays / count * kPlans + random() % kPlans);
      amount[i] = static_cast<int64_t>(money(random));
      minutes[i] = static_cast<int64_t>(time(random));
      rating[i] = static_cast<double>(random() % 1000) / 10;
    }
  }
};

Op column_op(OpType type, int column) {
  Op op;
  op.kind = OpKind::kColumn;
  op.type = type;
  op.column = column;
  return op;
}

/// `pairs` metrics, event i mod 40 each, with the threshold minutes >= 1 + i mod 50.
Plan plan_of(int pairs, bool floats) {
  Plan plan;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  pipeline.columns.resize(kColumns);
  pipeline.key_spaces.resize(1);
  pipeline.ops = {column_op(OpType::kExact, kAmount), column_op(OpType::kExact, kMinutes),
                  column_op(OpType::kFloat, kRating)};
  Dispatch& dispatch = pipeline.dispatch;
  dispatch.column = kName;
  dispatch.cases.resize(kEvents);
  for (uint32_t event = 0; event < kEvents; ++event) dispatch.case_codes.push_back({event});
  for (int i = 0; i < pairs; ++i) {
    Op threshold;
    threshold.kind = OpKind::kConst;
    threshold.exact = 1 + i % 50;
    pipeline.ops.push_back(threshold);
    Op guard;
    guard.kind = OpKind::kGreaterEqual;
    guard.type = OpType::kBool;
    guard.a = 1;
    guard.b = static_cast<int>(pipeline.ops.size()) - 1;
    pipeline.ops.push_back(guard);
    const int guard_op = guard.b + 1, count = static_cast<int>(pipeline.accumulators.size());
    pipeline.accumulators.push_back({AL_COUNT, 0, -1, guard_op});
    pipeline.accumulators.push_back({floats ? AL_SUM_FLOAT : AL_SUM_EXACT, 0, floats ? 2 : 0, guard_op});
    dispatch.cases[i % kEvents].push_back({count, guard_op});
    dispatch.cases[i % kEvents].push_back({count + 1, guard_op});
  }
  return plan;
}

void measure(const Events& events, int pairs, bool floats) {
  const Plan plan = plan_of(pairs, floats);
  const auto start = std::chrono::steady_clock::now();
  Result<Program> program = compile(plan);
  const double compile_seconds = seconds_since(start);
  if (!program) {
    std::fprintf(stderr, "%s\n", program.error().message.c_str());
    std::exit(1);
  }
  const PipelineProgram& pipeline = program->pipelines[0];
  const size_t cell_bytes = size_t{pipeline.strides[0]} * kDays * kPlans;
  auto* base = static_cast<uint8_t*>(std::aligned_alloc(64, (cell_bytes + 63) / 64 * 64));
  std::fill(base, base + cell_bytes, 0);
  SpillArena arena;
  const SpillScope scope(&arena);
  std::vector<MorselRow> rows(AL_MORSEL_ROWS);
  GatheredColumns of_run(kColumns);
  double update_seconds = 0, gather_seconds = 0;
  for (size_t first = 0; first < events.name.size(); first += AL_MORSEL_ROWS) {
    const size_t count = std::min<size_t>(AL_MORSEL_ROWS, events.name.size() - first);
    const auto key = [&](uint32_t row) {
      return uint64_t{events.cell[first + row]} * kEvents + pipeline.case_of_code[events.name[first + row]];
    };
    std::iota(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(count), 0);
    std::sort(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(count),
              [&](uint32_t a, uint32_t b) { return std::pair(key(a), a) < std::pair(key(b), b); });
    const auto view = [&](const auto& column) {
      return ColumnView{reinterpret_cast<const uint8_t*>(&column[first]), nullptr, sizeof column[0], nullptr};
    };
    const ColumnView columns[kColumns] = {view(events.name), view(events.amount), view(events.minutes),
                                          view(events.rating)};
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
      while (end < count && key(rows[end]) == key(rows[begin])) ++end;
      const uint64_t of_case = key(rows[begin]) % kEvents;
      const uint32_t cell = events.cell[first + rows[begin]];
      const double before_gather = cpu_seconds();
      for (const int column : pipeline.case_columns[of_case]) {
        of_run.gather(static_cast<size_t>(column), columns[column], rows.data() + begin,
                      static_cast<int64_t>(end - begin));
      }
      const double before_update = cpu_seconds();
      uint8_t* state = base + size_t{cell} * pipeline.strides[0];
      const al_run run{of_run.columns(), static_cast<int64_t>(end - begin), &cell, &state, nullptr};
      for (const al_update update : pipeline.cases[of_case]) update(&run);
      gather_seconds += before_update - before_gather;
      update_seconds += cpu_seconds() - before_update;
    }
  }
  const double per_row = 1e9 / static_cast<double>(events.name.size());
  std::printf("%3d pairs %s: compile %6.1f ms, update %5.2f ns/row, gather %5.2f ns/row, %zu bytes of cells\n", pairs,
              floats ? "float" : "exact", 1e3 * compile_seconds, per_row * update_seconds, per_row * gather_seconds,
              cell_bytes);
  std::free(base);
}

}  // namespace
}  // namespace alidade

int main(int argc, char** argv) {
  const size_t millions = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20;
  const alidade::Events events(millions * 1000000);
  for (const int pairs : {40, 100, 300}) alidade::measure(events, pairs, false);
  for (const int pairs : {40, 100, 300}) alidade::measure(events, pairs, true);
}
