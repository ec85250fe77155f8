// Speed of the runtime's share of a row, on one core and on all: binding, cell ids, dispatch, scattering and entries,
// over synthetic events in memory, with native loops that do next to nothing. Usage: bench_engine [millions of rows]
// [users].
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "runtime/evaluator.h"
#include "runtime/row_runs.h"
#include "runtime/state.h"
#include "runtime/stream_pass.h"

namespace alidade {
namespace {

constexpr int64_t kBatchRows = 1 << 17;
constexpr int kNames = 40, kDays = 90;

// Processor seconds of all threads: what a loaded machine does not blur.
double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Columns ts (int64 µs), user (int64), name and plan (dictionary text), as Arrow, cut into batches.
class Events : public BatchSource {
 public:
  Events(int64_t rows, int64_t users, bool shuffled) : rows_(rows), ts_(rows), user_(rows), name_(rows), plan_(rows) {
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> shape(0, 1.2);
    std::vector<double> weights;
    for (int64_t u = 0; u < users; ++u) weights.push_back(shape(random));
    std::discrete_distribution<int64_t> user(weights.begin(), weights.end());
    constexpr int64_t kStart = 1767571200000000, kSpan = int64_t{kDays} * 86400 * 1000000;
    for (int64_t i = 0; i < rows; ++i) {
      size_t at = static_cast<size_t>(i);
      ts_[at] = kStart + (shuffled ? static_cast<int64_t>(random() % kSpan) : kSpan / rows * i);
      user_[at] = user(random) * 7919;
      name_[at] = static_cast<int32_t>(std::min<uint64_t>(random() % kNames, random() % kNames));
      plan_[at] = static_cast<int32_t>(random() % 3);
    }
    for (int n = 0; n < kNames; ++n) names_.add("event_" + std::to_string(n));
    for (const char* plan : {"free", "basic", "pro"}) plans_.add(plan);
  }
  void rewind() { at_ = 0; }
  Result<bool> next(Batch* batch) override {
    if (at_ >= rows_) return false;
    int64_t count = std::min(kBatchRows, rows_ - at_);
    auto* made = new Made();
    set(made, 0, "tsu:UTC", "ts", ts_.data() + at_, count, nullptr);
    set(made, 1, "l", "user", user_.data() + at_, count, nullptr);
    set(made, 2, "i", "name", name_.data() + at_, count, &names_);
    set(made, 3, "i", "plan", plan_.data() + at_, count, &plans_);
    batch->schema.format = "+s";
    batch->schema.name = "";
    batch->schema.n_children = 4;
    batch->schema.children = made->schema_pointers;
    batch->schema.release = [](ArrowSchema* schema) { schema->release = nullptr; };
    batch->array.length = count;
    batch->array.n_buffers = 1;
    batch->array.buffers = made->none;
    batch->array.n_children = 4;
    batch->array.children = made->array_pointers;
    batch->array.private_data = made;
    batch->array.release = [](ArrowArray* array) {
      delete static_cast<Made*>(array->private_data);
      array->release = nullptr;
    };
    at_ += count;
    return true;
  }
  const std::vector<int64_t>& ts() const { return ts_; }
  const std::vector<int32_t>& plan() const { return plan_; }

 private:
  struct Dictionary {
    std::string text;
    std::vector<int32_t> offsets = {0};
    const void* buffers[3] = {};
    ArrowArray array{};
    ArrowSchema schema{};
    void add(const std::string& word) {
      text += word;
      offsets.push_back(static_cast<int32_t>(text.size()));
      buffers[1] = offsets.data();
      buffers[2] = text.data();
      array.length = static_cast<int64_t>(offsets.size()) - 1;
      array.n_buffers = 3;
      array.buffers = buffers;
      schema.format = "u";
      schema.name = "";
    }
  };
  struct Made {
    ArrowArray arrays[4] = {};
    ArrowSchema schemas[4] = {};
    ArrowArray* array_pointers[4] = {};
    ArrowSchema* schema_pointers[4] = {};
    const void* buffers[4][2] = {};
    const void* none[1] = {nullptr};
  };
  void set(Made* made, int c, const char* format, const char* name, const void* values, int64_t count,
           Dictionary* words) {
    made->buffers[c][1] = values;
    made->arrays[c].length = count;
    made->arrays[c].n_buffers = 2;
    made->arrays[c].buffers = made->buffers[c];
    made->schemas[c].format = format;
    made->schemas[c].name = name;
    if (words != nullptr) {
      made->arrays[c].dictionary = &words->array;
      made->schemas[c].dictionary = &words->schema;
    }
    made->array_pointers[c] = &made->arrays[c];
    made->schema_pointers[c] = &made->schemas[c];
  }
  int64_t rows_, at_ = 0;
  std::vector<int64_t> ts_, user_;
  std::vector<int32_t> name_, plan_;
  Dictionary names_, plans_;
};

void nothing(const al_run*) {}

template <int use>
int64_t exchange_all(const al_morsel* m, uint8_t* out) {
  const uint32_t* cells = m->cells[use];
  for (int64_t row = 0; row < m->row_count; ++row, out += 16) {
    uint32_t head[2] = {static_cast<uint32_t>(row), cells[row]};
    uint64_t mask = 1;
    std::memcpy(out, head, 8);
    std::memcpy(out + 8, &mask, 8);
  }
  return m->row_count;
}

enum Part { kCellsOnly, kDispatched, kUsersByDay, kUsersByDayAndPlan };

Program make_program(Part part) {
  Program program;
  program.calendar = {"Europe/Berlin", 1, 1};
  SourceSchema app;
  app.name = "app";
  app.fields = {{.name = "ts", .source = "ts", .kind = FieldKind::kTimestamp},
                {.name = "user", .source = "user", .kind = FieldKind::kInteger},
                {.name = "name", .source = "name", .kind = FieldKind::kText},
                {.name = "plan", .source = "plan", .kind = FieldKind::kOneOf, .values = {"free", "basic", "pro"}}};
  app.time = 0;
  program.streams = {app};
  program.domains = {{"user", FieldKind::kInteger}};
  program.key_spaces = {{Grain::kDay, {{"plan", FieldKind::kOneOf, app.fields[3].values}}}, {Grain::kDay, {}}};
  PipelineProgram pipeline;
  std::vector<std::string> classes;
  for (int n = 0; n < kNames; ++n) classes.push_back("event_" + std::to_string(n));
  pipeline.columns = {{.field = 3}, {.field = 2, .form = ColumnForm::kClass, .classes = classes}, {.field = 1}};
  pipeline.key_spaces = {{0, {0}}, {1, {}}};
  pipeline.strides = {16, 16};
  if (part == kDispatched) {
    pipeline.dispatch_column = 1;
    for (uint16_t n = 0; n < kNames; ++n) {
      pipeline.case_of_code.push_back(n);
      pipeline.cases.push_back({nothing});
      pipeline.case_columns.emplace_back();
    }
  }
  if (part == kUsersByDay || part == kUsersByDayAndPlan) {
    MachineProgram machine;
    machine.key_column = 2;
    machine.key_space_use = part == kUsersByDay ? 1 : 0;
    machine.row_bytes = 16;
    machine.exchange = part == kUsersByDay ? exchange_all<1> : exchange_all<0>;
    pipeline.machines = {machine};
  }
  program.pipelines = {pipeline};
  Formula unique{.kind = FormulaKind::kUnique,
                 .exact = true,
                 .pipeline = 0,
                 .machine = 0,
                 .rows = 0,
                 .key_space = part == kUsersByDay ? 1 : 0,
                 .streams = {0}};
  Formula last_28{.kind = FormulaKind::kOver, .a = 0, .exact = true, .window = {WindowKind::kLast, {28, Grain::kDay}}};
  if (pipeline.machines.empty()) return program;
  program.formulas = {unique, last_28};
  for (int formula : {0, 1}) {
    Output output;
    output.formula = formula;
    output.grain = Grain::kDay;
    output.info.exact = true;
    output.key_space = part == kUsersByDay ? -1 : 0;
    if (part == kUsersByDayAndPlan) output.presence = {{0, 0, 0}};
    output.streams = {0};
    program.outputs.push_back(output);
  }
  return program;
}

void time_runs(const Events& events) {
  Program program = make_program(kCellsOnly);
  Result<Calendar> calendar = Calendar::open(program.calendar);
  State state(program, *calendar, {});
  RowRuns runs(program.pipelines[0], {state.key_space(0), state.key_space(1)}, false);
  const size_t rows = events.ts().size();
  size_t places = 0;
  for (int round = 0; round < 2; ++round) {
    double start = cpu_seconds();
    for (size_t begin = 0; begin + AL_MORSEL_ROWS <= rows; begin += AL_MORSEL_ROWS) {
      const Instant* times = events.ts().data() + begin;
      const auto [first, last] = std::minmax_element(times, times + AL_MORSEL_ROWS);
      const auto* plans = reinterpret_cast<const uint8_t*>(events.plan().data() + begin);
      runs.find(times, *first, *last, {{plans, nullptr, 4, nullptr}, {}, {}}, AL_MORSEL_ROWS);
      places += runs.places().size();
    }
    double seconds = cpu_seconds() - start;
    std::printf("  runs alone, day × plan and day       %5.2f ns/row  (%zu places)\n",
                seconds * 1e9 / static_cast<double>(rows), places);
  }
}

void time_run(const char* what, Part part, Events* events, int64_t rows, int threads) {
  Program program = make_program(part);
  RunOptions options;
  options.threads = threads;
  double best = 1e9, best_cpu = 1e9;
  for (int round = 0; round < 2; ++round) {
    events->rewind();
    auto start = std::chrono::steady_clock::now();
    double cpu = cpu_seconds();
    Result<ResultSet> result = run(program, {{"app", events, std::nullopt}}, options);
    if (!result.ok()) {
      std::fprintf(stderr, "%s\n", result.error().message.c_str());
      std::exit(2);
    }
    best = std::min(best, seconds_since(start));
    best_cpu = std::min(best_cpu, cpu_seconds() - cpu);
  }
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  std::printf("  %-34s threads %d  %6.3f s  %6.2f ns/row  processor %6.2f ns/row  peak %ld MB\n", what, threads, best,
              best * 1e9 / static_cast<double>(rows), best_cpu * 1e9 / static_cast<double>(rows),
              usage.ru_maxrss / 1024);
  std::fflush(stdout);
}

}  // namespace
}  // namespace alidade

int main(int count, char** arguments) {
  using namespace alidade;
  int64_t rows = (count > 1 ? std::atoll(arguments[1]) : 20) * 1000000,
          users = count > 2 ? std::atoll(arguments[2]) : 1000000;
  for (bool shuffled : {false, true}) {
    Events events(rows, users, shuffled);
    std::printf("%s, %ld rows, %ld users\n", shuffled ? "shuffled" : "in order of time", rows, users);
    time_runs(events);
    for (int threads : {1, 2}) {
      time_run("bind and cells", kCellsOnly, &events, rows, threads);
      time_run("… and dispatch on 40 names", kDispatched, &events, rows, threads);
      time_run("… users by day, and 28 days", kUsersByDay, &events, rows, threads);
      time_run("… users by day × plan, and 28 days", kUsersByDayAndPlan, &events, rows, threads);
    }
  }
}
