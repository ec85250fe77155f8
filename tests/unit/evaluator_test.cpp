// The engine on programs made by hand, with native loops written in C++: cells, machines, formulas, copies, tables,
// threads and merged states, without compiler or codegen.
// rooms: alidade_runtime
#include "runtime/evaluator.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "runtime/contexts.h"
#include "runtime/finish.h"
#include "runtime/state.h"
#include "runtime/stream_pass.h"

namespace {

using namespace alidade;

// ---------------------------------------------------------------------------------------------- rows as text
using TextRows = std::vector<std::vector<std::string>>;  // "" is missing

/// A batch's buffers, freed when its array is released.
struct TextBatch {
  std::vector<std::vector<int32_t>> offsets;
  std::vector<std::string> text;
  std::vector<std::vector<uint8_t>> validity;
  std::vector<ArrowArray> arrays;
  std::vector<ArrowSchema> schemas;
  std::vector<ArrowArray*> array_pointers;
  std::vector<ArrowSchema*> schema_pointers;
  std::vector<std::array<const void*, 3>> buffers;
  const void* no_buffers[1] = {nullptr};
};

Batch text_batch(const std::vector<std::string>& names, const TextRows& rows, size_t begin, size_t end) {
  auto* own = new TextBatch();
  const size_t columns = names.size(), count = end - begin;
  own->offsets.resize(columns);
  own->text.resize(columns);
  own->validity.resize(columns);
  own->arrays.resize(columns);
  own->schemas.resize(columns);
  own->buffers.resize(columns);
  auto keep_array = [](ArrowArray* array) { array->release = nullptr; };
  auto keep_schema = [](ArrowSchema* schema) { schema->release = nullptr; };
  for (size_t c = 0; c < columns; ++c) {
    own->validity[c].assign(count / 8 + 1, 0);
    own->offsets[c].push_back(0);
    int64_t missing = 0;
    for (size_t r = begin; r < end; ++r) {
      const std::string& cell = rows[r][c];
      if (cell.empty()) ++missing;
      if (!cell.empty()) own->validity[c][(r - begin) / 8] |= static_cast<uint8_t>(1 << ((r - begin) % 8));
      own->text[c] += cell;
      own->offsets[c].push_back(static_cast<int32_t>(own->text[c].size()));
    }
    own->buffers[c] = {own->validity[c].data(), own->offsets[c].data(), own->text[c].data()};
    own->arrays[c] = ArrowArray{};
    own->arrays[c].length = static_cast<int64_t>(count);
    own->arrays[c].null_count = missing;
    own->arrays[c].n_buffers = 3;
    own->arrays[c].buffers = own->buffers[c].data();
    own->arrays[c].release = keep_array;
    own->schemas[c] = ArrowSchema{};
    own->schemas[c].format = "u";
    own->schemas[c].name = names[c].c_str();
    own->schemas[c].flags = 2;
    own->schemas[c].release = keep_schema;
    own->array_pointers.push_back(&own->arrays[c]);
    own->schema_pointers.push_back(&own->schemas[c]);
  }
  Batch batch;
  batch.file = "given";
  batch.first_row = static_cast<int64_t>(begin) + 1;
  batch.schema.format = "+s";
  batch.schema.name = "";
  batch.schema.n_children = static_cast<int64_t>(columns);
  batch.schema.children = own->schema_pointers.data();
  batch.schema.release = keep_schema;
  batch.array.length = static_cast<int64_t>(count);
  batch.array.n_buffers = 1;
  batch.array.buffers = own->no_buffers;
  batch.array.n_children = static_cast<int64_t>(columns);
  batch.array.children = own->array_pointers.data();
  batch.array.private_data = own;
  batch.array.release = [](ArrowArray* array) {
    delete static_cast<TextBatch*>(array->private_data);
    array->release = nullptr;
  };
  return batch;
}

class TextSource : public BatchSource {
 public:
  TextSource(std::vector<std::string> names, TextRows rows, size_t batch_rows)
      : names_(std::move(names)), rows_(std::move(rows)), batch_rows_(batch_rows) {}
  Result<bool> next(Batch* batch) override {
    if (at_ >= rows_.size()) return false;
    size_t end = std::min(rows_.size(), at_ + batch_rows_);
    *batch = text_batch(names_, rows_, at_, end);
    at_ = end;
    return true;
  }

 private:
  std::vector<std::string> names_;
  TextRows rows_;
  size_t batch_rows_;
  size_t at_ = 0;
};

// ---------------------------------------------------------------------------------------------- the stream of most
// tests
const std::vector<std::string> kNames = {"ts", "user", "name", "plan", "amount", "load"};
enum Field { kTs, kUser, kName, kPlan, kAmount, kLoad };

SourceSchema app_schema() {
  SourceSchema schema;
  schema.name = "app";
  schema.fields = {
      {.name = "ts", .source = "ts", .kind = FieldKind::kTimestamp},
      {.name = "user", .source = "user", .kind = FieldKind::kText, .optional = true},
      {.name = "name", .source = "name", .kind = FieldKind::kText},
      {.name = "plan", .source = "plan", .kind = FieldKind::kText, .optional = true},
      {.name = "amount", .source = "amount", .kind = FieldKind::kDecimal, .scale = 2, .optional = true},
      {.name = "load", .source = "load", .kind = FieldKind::kNumber, .optional = true},
  };
  schema.time = 0;
  return schema;
}

// Pipeline columns of app_program, in this order.
enum Column { kUserColumn, kNameColumn, kPlanColumn, kAmountColumn, kLoadColumn };
constexpr uint32_t kPurchase = 0;  // class of name

template <typename T>
T* state_at(const al_run* run, int use, uint32_t offset) {
  return reinterpret_cast<T*>(run->states[use] + offset);
}
bool is_purchase(const al_column* columns, size_t row) {
  return static_cast<const uint32_t*>(columns[kNameColumn].values)[row] == kPurchase;
}
bool there(const al_column* columns, int column, size_t row) { return columns[column].valid[row] != 0; }
int64_t amount(const al_column* columns, size_t row) {
  return static_cast<const int64_t*>(columns[kAmountColumn].values)[row];
}
double load_time(const al_column* columns, size_t row) {
  return static_cast<const double*>(columns[kLoadColumn].values)[row];
}

// Cells: rows (0), purchases with amounts (8), sum of load (16), sum of amount (48); stride 96.
constexpr uint32_t kStride = 96;
enum Accumulator { kRows, kAmounts, kLoadSum, kAmountSum, kLoads, kAmountValues, kLoadValues };

template <int use>
void update_all(const al_run* run) {
  for (size_t row = 0; row < static_cast<size_t>(run->row_count); ++row) {
    ++*state_at<int64_t>(run, use, 0);
    if (!there(run->columns, kLoadColumn, row)) continue;
    al_add_float(state_at<al_float_sum>(run, use, 16), load_time(run->columns, row));
    ++*state_at<int64_t>(run, use, 40);
    if (use == 0) al_push_float(run->sinks[1], run->cells[0], load_time(run->columns, row));
  }
}
template <int use>
void update_purchases(const al_run* run) {
  for (size_t row = 0; row < static_cast<size_t>(run->row_count); ++row) {
    if (!there(run->columns, kAmountColumn, row)) continue;
    ++*state_at<int64_t>(run, use, 8);
    int64_t value = amount(run->columns, row);
    al_add_exact(state_at<al_exact>(run, use, 48), static_cast<uint64_t>(value), value >> 63);
    if (use == 0) al_push_exact(run->sinks[0], run->cells[0], static_cast<uint64_t>(value), value >> 63);
  }
}

// Machine rows: bit 0 every row, bit 1 a purchase with an amount (slot at 16), bit 2 a load (slot at 32).
constexpr uint32_t kRowBytes = 40;
template <int use>
int64_t exchange_rows(const al_morsel* m, uint8_t* out) {
  for (size_t row = 0; row < static_cast<size_t>(m->row_count); ++row, out += kRowBytes) {
    uint32_t head[2] = {static_cast<uint32_t>(row), m->cells[use][row]};
    bool paid = is_purchase(m->columns, row) && there(m->columns, kAmountColumn, row),
         loaded = there(m->columns, kLoadColumn, row);
    uint64_t mask = 1 | (paid ? 2 : 0) | (loaded ? 4 : 0);
    __int128 value = paid ? amount(m->columns, row) : 0;
    double load = loaded ? load_time(m->columns, row) : 0;
    std::memcpy(out, head, 8);
    std::memcpy(out + 8, &mask, 8);
    std::memcpy(out + 16, &value, 16);
    std::memcpy(out + 32, &load, 8);
  }
  return m->row_count;
}

/// Key spaces: 0 (day, plan), 1 (day). Machines: 0 users by (day, plan), 1 users by (day).
Program app_program() {
  Program program;
  program.calendar = {"Europe/Berlin", 1, 1};
  program.streams = {app_schema()};
  program.domains = {{"user", FieldKind::kText}};
  program.key_spaces = {{Grain::kDay, {{"plan", FieldKind::kText, {}}}}, {Grain::kDay, {}}};
  PipelineProgram pipeline;
  pipeline.columns = {{.field = kUser, .nullable = true},
                      {.field = kName, .form = ColumnForm::kClass, .classes = {"purchase", "refund"}},
                      {.field = kPlan, .nullable = true},
                      {.field = kAmount, .nullable = true},
                      {.field = kLoad, .nullable = true}};
  pipeline.key_spaces = {{0, {kPlanColumn}}, {1, {}}};
  pipeline.strides = {kStride, kStride};
  for (int use : {0, 1}) {
    pipeline.accumulators.push_back({AL_COUNT, use, 0});
    pipeline.accumulators.push_back({AL_COUNT, use, 8});
    pipeline.accumulators.push_back({AL_SUM_FLOAT, use, 16});
    pipeline.accumulators.push_back({AL_SUM_EXACT, use, 48});
    pipeline.accumulators.push_back({AL_COUNT, use, 40});
    if (use == 0) pipeline.accumulators.push_back({AL_VALUES_EXACT, 0, 0, 0});
    if (use == 0) pipeline.accumulators.push_back({AL_VALUES_FLOAT, 0, 0, 1});
  }
  pipeline.sink_count = 2;
  pipeline.dispatch_column = kNameColumn;
  pipeline.case_of_code = {0, 0xffff, 0xffff};
  pipeline.cases = {{update_purchases<0>, update_purchases<1>}};
  pipeline.always = {update_all<0>, update_all<1>};
  pipeline.case_columns = {{kAmountColumn}};
  pipeline.always_columns = {kLoadColumn};
  for (int use : {0, 1}) {
    MachineProgram machine;
    machine.key_column = kUserColumn;
    machine.key_space_use = use;
    machine.row_bytes = kRowBytes;
    machine.accumulators = {{AL_SUM_EXACT, 1, 16},
                            {AL_COUNT, 0, 0},
                            {AL_SUM_FLOAT, 2, 32},
                            {AL_MAX_EXACT, 1, 16},
                            {AL_VALUES_EXACT, 1, 16}};
    machine.exchange = use == 0 ? exchange_rows<0> : exchange_rows<1>;
    pipeline.machines.push_back(machine);
  }
  program.pipelines = {pipeline};
  return program;
}
constexpr int kSecondUse = 7;  // accumulators of use 1 begin here

// ---------------------------------------------------------------------------------------------- building formulas
struct Builder {
  Program program = app_program();
  bool by_plan = true;

  int add(Formula f) {
    f.streams = {0};
    program.formulas.push_back(std::move(f));
    return static_cast<int>(program.formulas.size()) - 1;
  }
  int cell(Finish finish, int accumulator, bool exact, int scale, int count = -1) {
    int shift = by_plan ? 0 : kSecondUse;
    Formula f{
        .kind = FormulaKind::kCell, .exact = exact, .scale = scale, .pipeline = 0, .accumulator = accumulator + shift};
    f.finish = finish;
    f.count = count < 0 ? -1 : count + shift;
    f.rows = kRows + shift;
    f.leaf_scale = accumulator == kAmountSum || accumulator == kAmountValues ? 2 : 0;
    f.key_space = by_plan ? 0 : 1;
    return add(f);
  }
  int rows() { return cell(Finish::kCount, kRows, true, 0); }
  int revenue() { return cell(Finish::kSum, kAmountSum, true, 2); }
  int unique(int bit = 0) {
    return add({.kind = FormulaKind::kUnique,
                .exact = true,
                .pipeline = 0,
                .machine = by_plan ? 0 : 1,
                .rows = bit,
                .key_space = by_plan ? 0 : 1});
  }
  int entity_cell(Finish finish, int accumulator, int bit, bool exact, int scale) {
    Formula f{.kind = FormulaKind::kEntityCell,
              .exact = exact,
              .scale = scale,
              .pipeline = 0,
              .machine = by_plan ? 0 : 1,
              .accumulator = accumulator,
              .rows = bit,
              .key_space = by_plan ? 0 : 1};
    f.finish = finish;
    f.leaf_scale = scale;
    return add(f);
  }
  int binary(FormulaKind kind, int a, int b, bool exact, int scale, bool boolean = false) {
    return add({.kind = kind, .a = a, .b = b, .exact = exact, .boolean = boolean, .scale = scale});
  }
  int collapse(FormulaKind kind, Finish finish, int a, bool exact, int scale) {
    Formula f{.kind = kind, .a = a, .exact = exact, .scale = scale, .finish = finish};
    f.percentage = {50, 0};
    f.domain = 0;
    return add(f);
  }
  int over_last(int a, int64_t days) {
    Formula f{.kind = FormulaKind::kOver, .a = a};
    f.exact = program.formulas[static_cast<size_t>(a)].exact;
    f.scale = program.formulas[static_cast<size_t>(a)].scale;
    f.window = {WindowKind::kLast, {days, Grain::kDay}, Grain::kDay};
    return add(f);
  }
  int at(int a, Period period) {
    Formula f{.kind = FormulaKind::kAt, .a = a};
    f.exact = program.formulas[static_cast<size_t>(a)].exact;
    f.scale = program.formulas[static_cast<size_t>(a)].scale;
    f.offset.period = period;
    return add(f);
  }
  void output(const std::string& name, int formula, Grain grain, bool grouped = true) {
    const Formula& f = program.formulas[static_cast<size_t>(formula)];
    Output output;
    output.info.name = name;
    output.info.exact = f.exact;
    output.info.scale = f.scale;
    output.info.grain = grain;
    output.formula = formula;
    output.grain = grain;
    output.key_space = grouped ? 0 : -1;
    if (grouped) output.presence = {{0, -1, kRows}};
    output.streams = {0};
    program.outputs.push_back(output);
  }
};

ResultSet run_rows(const Program& program, const TextRows& rows, int threads = 1, size_t batch = 1000,
                   RunOptions options = {}) {
  TextSource source(kNames, rows, batch);
  options.threads = threads;
  options.skip_bad_rows = true;
  Result<ResultSet> result = run(program, {{"app", &source, std::nullopt}}, options);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  return std::move(*result);
}

std::string show(const DimensionValue& value) {
  if (const std::string* text = std::get_if<std::string>(&value)) return *text;
  if (const int64_t* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const bool* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return "-";
}

std::string show(const CellValue& value) {
  if (!value.defined()) return reason_word(value.reason);
  if (const int128* exact = std::get_if<int128>(&value.value)) return std::to_string(static_cast<int64_t>(*exact));
  if (const double* number = std::get_if<double>(&value.value)) return fmt::format("{}", *number);
  return std::get<bool>(value.value) ? "true" : "false";
}

/// One line a row: "metric day dims… = value" with "~" after a partial one.
std::vector<std::string> lines(const Program& program, const ResultSet& result) {
  Result<Calendar> calendar = Calendar::open(program.calendar);
  REQUIRE(calendar.ok());
  std::vector<std::string> out;
  for (const ResultRow& row : result.rows) {
    const MetricInfo& info = result.metrics[static_cast<size_t>(row.metric)];
    std::string line = info.name + " ";
    line += info.grain == Grain::kWhole ? "all" : calendar->label(info.grain, row.bucket.start);
    for (const DimensionValue& value : row.dimensions) line += " " + show(value);
    out.push_back(line + " = " + show(row.value) + (row.partial ? " ~" : ""));
  }
  return out;
}

using Lines = std::vector<std::string>;
void check_lines(const Lines& actual, const Lines& expected) {
  CHECK(actual.size() == expected.size());
  for (size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) CHECK(actual[i] == expected[i]);
}

const TextRows kRowsOfThreeDays = {
    {"2026-01-05 10:00", "ann", "view", "pro", "", "1.5"},
    {"2026-01-05 11:00", "ann", "purchase", "pro", "10.00", ""},
    {"2026-01-05 12:00", "bob", "purchase", "free", "3.50", ""},
    {"2026-01-06 09:00", "ann", "purchase", "pro", "2.25", "2.5"},
    {"2026-01-06 09:30", "eve", "view", "", "", "0.25"},
    {"2026-01-07 23:00", "bob", "purchase", "free", "1.00", ""},
    {"2026-01-07 23:30", "", "view", "free", "", ""},
};

RunOptions complete() {
  RunOptions options;
  options.complete = true;
  return options;
}

/// Rows of `users` people over `days` days, in order of time unless shuffled.
TextRows random_rows(size_t count, int users, int days, unsigned seed, bool shuffled) {
  std::mt19937_64 random(seed);
  std::vector<int64_t> minutes;
  for (size_t i = 0; i < count; ++i)
    minutes.push_back(static_cast<int64_t>(random() % (static_cast<uint64_t>(days) * 1440)));
  if (!shuffled) std::sort(minutes.begin(), minutes.end());
  TextRows rows;
  const char* plans[] = {"free", "basic", "pro", ""};
  for (size_t i = 0; i < count; ++i) {
    char time[32];
    std::snprintf(time, sizeof time, "2026-03-%02d %02d:%02d", static_cast<int>(minutes[i] / 1440) + 1,
                  static_cast<int>(minutes[i] / 60 % 24), static_cast<int>(minutes[i] % 60));
    bool paid = random() % 3 == 0;
    rows.push_back({std::string(time) + "Z",
                    random() % 20 == 0 ? "" : "u" + std::to_string(random() % static_cast<uint64_t>(users)),
                    paid ? "purchase" : "view", plans[random() % 4],
                    paid && random() % 10 != 0 ? std::to_string(random() % 10000) + ".25" : "",
                    random() % 2 == 0 ? std::to_string(random()) + "e-" + std::to_string(random() % 30) : ""});
  }
  return rows;
}

}  // namespace

TEST_CASE("counts and exact sums by day and dimension, missing values last") {
  Builder b;
  b.output("rows", b.rows(), Grain::kDay);
  b.output("revenue", b.revenue(), Grain::kWeek);
  check_lines(lines(b.program, run_rows(b.program, kRowsOfThreeDays, 1, 2, complete())),
              {"rows 2026-01-05 free = 1", "rows 2026-01-05 pro = 2", "rows 2026-01-05 - = 0",
               "rows 2026-01-06 free = 0", "rows 2026-01-06 pro = 1", "rows 2026-01-06 - = 1",
               "rows 2026-01-07 free = 2", "rows 2026-01-07 pro = 0", "rows 2026-01-07 - = 0",
               "revenue 2026-01-05 free = 450", "revenue 2026-01-05 pro = 1225", "revenue 2026-01-05 - = 0"});
}

TEST_CASE("means, percentiles and ratios; undefined by reason") {
  Builder b;
  b.by_plan = false;
  int mean = b.cell(Finish::kMean, kAmountSum, false, 0, kAmounts);
  b.output("mean", mean, Grain::kDay, false);
  b.output("load", b.cell(Finish::kMean, kLoadSum, false, 0, kLoads), Grain::kDay, false);
  b.output("each", b.binary(FormulaKind::kDivide, b.revenue(), b.cell(Finish::kCount, kLoads, true, 0), false, 0),
           Grain::kDay, false);
  b.by_plan = true;
  int values = b.cell(Finish::kPercentile, kAmountValues, false, 0);
  b.program.formulas[static_cast<size_t>(values)].percentage = {75, 0};
  b.output("p75", values, Grain::kWhole);
  int loads = b.cell(Finish::kPercentile, kLoadValues, false, 0);
  b.program.formulas[static_cast<size_t>(loads)].percentage = {50, 0};
  b.output("p50", loads, Grain::kWhole);
  check_lines(
      lines(b.program, run_rows(b.program, kRowsOfThreeDays, 1, 2, complete())),
      {"mean 2026-01-05 = 6.75", "mean 2026-01-06 = 2.25", "mean 2026-01-07 = 1", "load 2026-01-05 = 1.5",
       "load 2026-01-06 = 1.375", "load 2026-01-07 = no_rows", "each 2026-01-05 = 13.5", "each 2026-01-06 = 1.125",
       "each 2026-01-07 = no_denominator", "p75 all free = 2.875", "p75 all pro = 8.0625", "p75 all - = no_rows",
       "p50 all free = no_rows", "p50 all pro = 2", "p50 all - = 0.25"});
}

TEST_CASE("distinct keys per bucket, over windows and beyond the data") {
  Builder b;
  b.by_plan = false;
  b.output("dau", b.unique(), Grain::kDay, false);
  b.output("buyers", b.over_last(b.unique(1), 2), Grain::kDay, false);
  b.output("week", b.unique(), Grain::kWeek, false);
  b.output("mean", b.collapse(FormulaKind::kCollapseTime, Finish::kMean, b.unique(), false, 0), Grain::kWeek, false);
  b.output("mean2", b.over_last(b.collapse(FormulaKind::kCollapseTime, Finish::kMean, b.unique(), false, 0), 2),
           Grain::kDay, false);
  RunOptions options = complete();
  Result<Calendar> calendar = Calendar::open(b.program.calendar);
  options.range.from = calendar->from_local(1767571200000000)->instant;  // 2026-01-05 00:00
  options.range.to = *options.range.from + int64_t{4} * 86400 * 1000000;
  check_lines(lines(b.program, run_rows(b.program, kRowsOfThreeDays, 1, 3, options)),
              {"dau 2026-01-05 = 2", "dau 2026-01-06 = 2", "dau 2026-01-07 = 1", "dau 2026-01-08 = no_data",
               "buyers 2026-01-05 = 2 ~", "buyers 2026-01-06 = 2", "buyers 2026-01-07 = 2", "buyers 2026-01-08 = 1",
               "week 2026-01-05 = 3 ~", "mean 2026-01-05 = 1.6666666666666667 ~", "mean2 2026-01-05 = 2 ~",
               "mean2 2026-01-06 = 2", "mean2 2026-01-07 = 1.5", "mean2 2026-01-08 = 1"});
}

TEST_CASE("another bucket, and one that does not exist") {
  Builder b;
  b.by_plan = false;
  b.output("before", b.at(b.rows(), {1, Grain::kDay}), Grain::kDay, false);
  b.output("month", b.at(b.rows(), {1, Grain::kMonth}), Grain::kWeek, false);
  check_lines(lines(b.program, run_rows(b.program, kRowsOfThreeDays, 1, 3, complete())),
              {"before 2026-01-05 = no_data", "before 2026-01-06 = 3", "before 2026-01-07 = 2",
               "month 2026-01-05 = no_bucket"});
}

TEST_CASE("values per entity, per dimension and conditions") {
  Builder b;
  b.by_plan = false;
  int spent = b.entity_cell(Finish::kSum, 0, 1, true, 2);
  b.output("median", b.collapse(FormulaKind::kCollapseEntity, Finish::kPercentile, spent, false, 0), Grain::kWhole,
           false);
  int spent_max = b.entity_cell(Finish::kMax, 3, 1, true, 2);
  b.output("max", b.collapse(FormulaKind::kCollapseEntity, Finish::kMax, spent_max, true, 2), Grain::kDay, false);
  b.by_plan = true;
  int rows = b.rows();
  b.output("most", b.collapse(FormulaKind::kCollapseDimension, Finish::kMax, rows, true, 0), Grain::kDay, false);
  b.output("plans", b.collapse(FormulaKind::kCollapseDimension, Finish::kCount, rows, true, 0), Grain::kDay, false);
  int many = b.binary(FormulaKind::kGreater, b.rows(), b.at(b.rows(), {1, Grain::kDay}), false, 0, true);
  int either = b.add({.kind = FormulaKind::kIf, .a = many, .b = rows, .c = b.revenue(), .exact = true, .scale = 2});
  b.output("if", either, Grain::kDay);
  check_lines(
      lines(b.program, run_rows(b.program, kRowsOfThreeDays, 1, 3, complete())),
      {"median all = 8.375", "max 2026-01-05 = 1000", "max 2026-01-06 = 225", "max 2026-01-07 = 100",
       "most 2026-01-05 = 2", "most 2026-01-06 = 1", "most 2026-01-07 = 2", "plans 2026-01-05 = 2",
       "plans 2026-01-06 = 2", "plans 2026-01-07 = 1", "if 2026-01-05 free = no_data", "if 2026-01-05 pro = no_data",
       "if 2026-01-05 - = no_data", "if 2026-01-06 free = 0", "if 2026-01-06 pro = 225", "if 2026-01-06 - = 100",
       "if 2026-01-07 free = 200", "if 2026-01-07 pro = 0", "if 2026-01-07 - = 0"});
}

TEST_CASE("rows without a key are counted, watermark and range mark partial buckets") {
  Builder b;
  b.program.streams[0].late_micros = int64_t{86400} * 1000000;
  b.by_plan = false;
  b.output("dau", b.unique(), Grain::kDay, false);
  ResultSet result = run_rows(b.program, kRowsOfThreeDays);
  check_lines(lines(b.program, result), {"dau 2026-01-05 = 2", "dau 2026-01-06 = 2 ~", "dau 2026-01-07 = 1 ~"});
  REQUIRE(result.streams.size() == 1);
  CHECK(result.streams[0].rows == 7);
  REQUIRE(result.streams[0].without_entity.size() == 1);
  CHECK(result.streams[0].without_entity[0] == std::pair<std::string, int64_t>("user", 1));
}

TEST_CASE("a range that cuts buckets and windows looks at its part only") {
  Builder b;
  b.by_plan = false;
  b.output("rows", b.rows(), Grain::kDay, false);
  b.output("all", b.rows(), Grain::kWhole, false);
  b.output("two", b.over_last(b.rows(), 1), Grain::kWhole, false);
  RunOptions options = complete();
  Result<Calendar> calendar = Calendar::open(b.program.calendar);
  Instant day = calendar->from_local(1767571200000000)->instant;
  options.range.from = day + int64_t{11} * 3600 * 1000000;        // 2026-01-05 11:00
  options.range.to = day + int64_t{33 * 60 + 15} * 60 * 1000000;  // 2026-01-06 09:15
  check_lines(lines(b.program, run_rows(b.program, kRowsOfThreeDays, 1, 3, options)),
              {"rows 2026-01-05 = 2 ~", "rows 2026-01-06 = 1 ~", "all all = 3", "two all = 4"});
}

TEST_CASE("distinct counts and sums agree with maps, whatever the order, batches and threads") {
  for (bool shuffled : {false, true}) {
    TextRows rows = random_rows(60000, 500, 28, 7, shuffled);
    Builder b;
    b.output("rows", b.rows(), Grain::kDay);
    b.output("revenue", b.revenue(), Grain::kDay);
    b.output("load", b.cell(Finish::kSum, kLoadSum, false, 0), Grain::kDay);
    b.output("load7", b.over_last(b.cell(Finish::kSum, kLoadSum, false, 0), 7), Grain::kDay);
    b.output("p50", b.cell(Finish::kPercentile, kLoadValues, false, 0), Grain::kWeek);
    b.program.formulas.back().percentage = {50, 0};
    b.output("dau", b.unique(), Grain::kDay);
    b.output("wau", b.over_last(b.unique(), 7), Grain::kDay);
    b.output("median",
             b.collapse(FormulaKind::kCollapseEntity, Finish::kPercentile, b.entity_cell(Finish::kSum, 0, 1, true, 2),
                        false, 0),
             Grain::kWeek);
    b.output(
        "loads",
        b.collapse(FormulaKind::kCollapseEntity, Finish::kSum, b.entity_cell(Finish::kSum, 2, 2, false, 0), false, 0),
        Grain::kWeek);
    Lines expected = lines(b.program, run_rows(b.program, rows, 1, 60000));
    for (int threads : {1, 2, 4}) {
      for (size_t batch : {777, 20000}) {
        CHECK(lines(b.program, run_rows(b.program, rows, threads, batch)) == expected);
      }
    }
    // Against maps.
    Result<Calendar> calendar = Calendar::open(b.program.calendar);
    std::map<std::pair<Instant, std::string>, std::set<std::string>> users;
    std::map<std::pair<Instant, std::string>, int64_t> counts;
    for (const auto& row : rows) {
      std::optional<ParsedTime> time = parse_time(row[0]);
      REQUIRE(time.has_value());
      Instant day = calendar->bucket(Grain::kDay, time->local_micros).start;
      ++counts[{day, row[kPlan]}];
      if (!row[kUser].empty()) users[{day, row[kPlan]}].insert(row[kUser]);
    }
    ResultSet result = run_rows(b.program, rows, 2, 5000);
    for (const ResultRow& row : result.rows) {
      const std::string& name = result.metrics[static_cast<size_t>(row.metric)].name;
      std::string plan = row.dimensions[0].index() == 0 ? "" : std::get<std::string>(row.dimensions[0]);
      std::pair<Instant, std::string> key(row.bucket.start, plan);
      if (name == "rows") CHECK(std::get<int128>(row.value.value) == counts[key]);
      if (name == "dau") CHECK(std::get<int128>(row.value.value) == static_cast<int128>(users[key].size()));
      if (name != "wau" || !row.value.defined()) continue;
      std::set<std::string> week;
      for (int d = 0; d < 7; ++d) {
        Instant day = calendar->bucket(Grain::kDay, calendar->back(row.bucket.end, {d, Grain::kDay}) - 1).start;
        week.insert(users[{day, plan}].begin(), users[{day, plan}].end());
      }
      CHECK(std::get<int128>(row.value.value) == static_cast<int128>(week.size()));
    }
  }
}

TEST_CASE("two states of half the rows merge into the state of all") {
  TextRows rows = random_rows(20000, 300, 20, 11, true);
  Builder b;
  b.output("rows", b.rows(), Grain::kDay);
  b.output("load", b.cell(Finish::kSum, kLoadSum, false, 0), Grain::kDay);
  b.output("wau", b.over_last(b.unique(), 7), Grain::kDay);
  b.output("p50", b.cell(Finish::kPercentile, kLoadValues, false, 0), Grain::kWeek);
  b.program.formulas.back().percentage = {50, 0};
  b.output(
      "max",
      b.collapse(FormulaKind::kCollapseEntity, Finish::kMean, b.entity_cell(Finish::kMax, 3, 1, true, 2), false, 0),
      Grain::kWeek);
  b.output("p",
           b.collapse(FormulaKind::kCollapseEntity, Finish::kSum, b.entity_cell(Finish::kPercentile, 4, 1, false, 0),
                      false, 0),
           Grain::kWeek);
  b.program.formulas[b.program.formulas.size() - 2].leaf_scale = 2;
  b.program.formulas[b.program.formulas.size() - 2].percentage = {90, 0};
  Lines expected = lines(b.program, run_rows(b.program, rows, 1, 5000, complete()));

  Result<Calendar> calendar = Calendar::open(b.program.calendar);
  Workers workers(2);
  std::vector<std::unique_ptr<LoadedTable>> tables;
  State first(b.program, *calendar, {}), second(b.program, *calendar, {});
  size_t half = rows.size() / 3;
  TextSource first_rows(kNames, TextRows(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(half)), 1000);
  TextSource second_rows(kNames, TextRows(rows.begin() + static_cast<std::ptrdiff_t>(half), rows.end()), 1000);
  REQUIRE(StreamPass(0, tables, &workers, &first).run(&first_rows, true, nullptr).ok());
  REQUIRE(StreamPass(0, tables, &workers, &second).run(&second_rows, true, nullptr).ok());
  second.merge(std::move(first));
  ResultSet result;
  REQUIRE(finish(&second, {}, {std::nullopt}, &workers, &result).ok());
  CHECK(lines(b.program, result) == expected);
}

// Rows for a machine that keeps each user's first: its time, the plan's code and the load, where they are there.
constexpr uint32_t kKeptRowBytes = 56;
constexpr int kTimeColumn = 5;  // of first_rows_program
int64_t exchange_first(const al_morsel* m, uint8_t* out) {
  const Instant* times = static_cast<const Instant*>(m->columns[kTimeColumn].values);
  for (size_t row = 0; row < static_cast<size_t>(m->row_count); ++row, out += kKeptRowBytes) {
    const bool has_plan = there(m->columns, kPlanColumn, row), has_load = there(m->columns, kLoadColumn, row);
    const uint64_t plan = has_plan ? static_cast<const uint32_t*>(m->columns[kPlanColumn].values)[row] : 0;
    const double load = has_load ? load_time(m->columns, row) : 0;
    const uint64_t words[7] = {row,
                               1,
                               static_cast<uint64_t>(times[row]),
                               0,
                               (has_plan ? 1u : 0u) | (has_load ? 2u : 0u),
                               plan,
                               __builtin_bit_cast(uint64_t, load)};
    std::memcpy(out, words, sizeof words);
  }
  return m->row_count;
}

void update_kept(const al_run* run) {
  for (size_t row = 0; row < static_cast<size_t>(run->row_count); ++row) {
    ++*state_at<int64_t>(run, 0, 0);
    if (!there(run->columns, 1, row)) continue;
    al_add_float(state_at<al_float_sum>(run, 0, 8), static_cast<const double*>(run->columns[1].values)[row]);
  }
}

/// Each user's first row by day and plan: how many, and the sum of their loads.
Program first_rows_program() {
  Program program = app_program();
  PipelineProgram& app = program.pipelines[0];
  app.columns.push_back({.field = kTs});
  MachineProgram keeper;
  keeper.key_column = kUserColumn;
  keeper.key_space_use = -1;
  keeper.row_bytes = kKeptRowBytes;
  keeper.accumulators = {{AL_FIRST_ROW, 0, 16, 24, {kPlanColumn, kLoadColumn}}};
  keeper.exchange = exchange_first;
  app.machines = {keeper};
  PipelineProgram first;
  first.source = {0, 0, 0};
  first.columns = {{.field = kPlan, .nullable = true}, {.field = kLoad, .nullable = true}};
  first.key_spaces = {{0, {0}}};
  first.strides = {32};
  first.accumulators = {{AL_COUNT, 0, 0}, {AL_SUM_FLOAT, 0, 8}};
  first.always = {update_kept};
  first.always_columns = {1};
  program.pipelines.push_back(std::move(first));
  for (const auto& [name, finish, index] : {std::tuple{"firsts", Finish::kCount, 0}, {"load", Finish::kSum, 1}}) {
    Formula leaf;
    leaf.kind = FormulaKind::kCell;
    leaf.exact = finish == Finish::kCount;
    leaf.pipeline = 1;
    leaf.accumulator = index;
    leaf.key_space = 0;
    leaf.finish = finish;
    leaf.streams = {0};
    Output output;
    output.info = {.name = name, .exact = leaf.exact, .grain = Grain::kDay, .dimensions = {"plan"}};
    output.formula = static_cast<int>(program.formulas.size());
    output.grain = Grain::kDay;
    output.key_space = 0;
    output.presence = {{1, -1, 0}};
    output.streams = {0};
    program.formulas.push_back(std::move(leaf));
    program.outputs.push_back(std::move(output));
  }
  return program;
}

TEST_CASE("first rows of two states merge into those of all, texts and all") {
  TextRows rows = random_rows(20000, 3000, 20, 5, true);
  for (size_t i = 0; i < rows.size(); ++i)
    rows[i][0].insert(rows[i][0].size() - 1, fmt::format(":00.{:06}", i));  // no two of one instant
  const Program program = first_rows_program();
  const Lines expected = lines(program, run_rows(program, rows, 1, 5000, complete()));
  CHECK(expected.size() > 100);
  CHECK(lines(program, run_rows(program, rows, 2, 700, complete())) == expected);

  Result<Calendar> calendar = Calendar::open(program.calendar);
  Workers workers(2);
  std::vector<std::unique_ptr<LoadedTable>> tables;
  State first(program, *calendar, {}), second(program, *calendar, {});
  const auto half = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 3);
  TextSource first_rows(kNames, TextRows(rows.begin(), half), 1000),
      second_rows(kNames, TextRows(half, rows.end()), 1000);
  REQUIRE(StreamPass(0, tables, &workers, &first).run(&first_rows, true, nullptr).ok());
  REQUIRE(StreamPass(0, tables, &workers, &second).run(&second_rows, true, nullptr).ok());
  second.merge(std::move(first));
  TieLog ties;
  StreamPass(1, tables, &workers, &second).run_kept(&ties);
  CHECK(ties.status().ok());
  ResultSet result;
  REQUIRE(finish(&second, {}, {std::nullopt, std::nullopt}, &workers, &result).ok());
  CHECK(lines(program, result) == expected);
}

TEST_CASE("many groups and many keys") {
  TextRows rows;
  for (int i = 0; i < 100000; ++i) {
    rows.push_back(
        {"2026-01-05 10:00", "u" + std::to_string(i % 30011), "purchase", "p" + std::to_string(i % 20011), "1.00", ""});
  }
  Builder b;
  b.output("revenue", b.revenue(), Grain::kDay);
  b.by_plan = false;
  b.output("dau", b.unique(), Grain::kDay, false);
  ResultSet result = run_rows(b.program, rows, 2, 30000, complete());
  REQUIRE(result.rows.size() == 20012);
  int128 sum = 0;
  for (size_t i = 0; i < 20011; ++i) {
    sum += std::get<int128>(result.rows[i].value.value);
    if (i > 0) CHECK(result.rows[i - 1].dimensions < result.rows[i].dimensions);
  }
  CHECK(sum == 10000000);
  CHECK(show(result.rows.back().value) == "30011");
}

TEST_CASE("copies of an id count once and differing ones are bad") {
  Builder b;
  b.by_plan = false;
  b.output("rows", b.rows(), Grain::kDay, false);
  b.program.streams[0].fields.push_back({.name = "id", .source = "id", .kind = FieldKind::kText});
  b.program.streams[0].fields.push_back(
      {.name = "arrived", .source = "arrived", .kind = FieldKind::kTimestamp, .optional = true});
  b.program.streams[0].id = 6;
  b.program.streams[0].arrived = 7;
  b.program.streams[0].late_micros = int64_t{3600} * 1000000;
  std::vector<std::string> names = kNames;
  names.insert(names.end(), {"id", "arrived"});
  TextRows rows = {{"2026-01-05 10:00", "ann", "view", "pro", "", "", "a", "2026-01-05 10:30"},
                   {"2026-01-05 10:00", "ann", "view", "pro", "", "", "a", "2026-01-05 10:30"},
                   {"2026-01-05 10:00", "ann", "view", "pro", "", "", "b", "2026-01-05 11:00"},
                   {"2026-01-05 10:00", "ann", "seen", "pro", "", "", "b", "2026-01-05 11:00"},
                   {"2026-01-05 10:00", "ann", "view", "pro", "", "", "c", "2026-01-05 11:01"},
                   {"2026-01-05 10:00", "ann", "view", "pro", "", "", "", "2026-01-05 11:01"}};
  for (size_t batch : {1, 2, 6}) {
    TextSource source(names, rows, batch);
    RunOptions options = complete();
    options.skip_bad_rows = true;
    options.threads = 2;
    Result<ResultSet> result = run(b.program, {{"app", &source, std::nullopt}}, options);
    REQUIRE(result.ok());
    check_lines(lines(b.program, *result), {"rows 2026-01-05 = 3"});
    const StreamReport& report = result->streams[0];
    CHECK(report.rows == 6);
    CHECK(report.duplicates == 1);
    CHECK(report.late == 1);
    CHECK(report.bad.counts[static_cast<int>(BadRow::kDuplicateDiffers)] == 1);
    CHECK(report.bad.counts[static_cast<int>(BadRow::kMissing)] == 1);
    TextSource again(names, rows, batch);
    options.skip_bad_rows = false;
    Result<ResultSet> refused = run(b.program, {{"app", &again, std::nullopt}}, options);
    REQUIRE(!refused.ok());
    CHECK((refused.error().code == 7211 || refused.error().code == 7204));
  }
}

TEST_CASE("bad rows end the run or are counted") {
  Builder b;
  b.by_plan = false;
  b.output("rows", b.rows(), Grain::kDay, false);
  TextRows rows = kRowsOfThreeDays;
  rows[3][kAmount] = "many";
  RunOptions options = complete();
  TextSource source(kNames, rows, 2);
  Result<ResultSet> refused = run(b.program, {{"app", &source, std::nullopt}}, options);
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == 7202);
  CHECK(refused.error().message == "given row 4, column \"amount\": \"many\" is not a number");
  ResultSet kept = run_rows(b.program, rows, 1, 2, options);
  CHECK(kept.streams[0].bad.total() == 1);
  CHECK(lines(b.program, kept)[1] == "rows 2026-01-06 = 1");
  Result<ResultSet> missing = run(b.program, {}, options);
  REQUIRE(!missing.ok());
  CHECK(missing.error().code == 7103);
}

namespace {

// Key space use 0: rows, and rows that column 1 (member) is 1 of.
void count_rows(const al_run* run) { *state_at<int64_t>(run, 0, 0) += run->row_count; }
void count_members(const al_run* run) {
  const uint8_t* members = static_cast<const uint8_t*>(run->columns[1].values);
  for (size_t row = 0; row < static_cast<size_t>(run->row_count); ++row) *state_at<int64_t>(run, 0, 8) += members[row];
}

}  // namespace

TEST_CASE("attributes and membership come from a table through the entity") {
  Program program;
  program.calendar = {"UTC", 1, 1};
  program.streams = {app_schema()};
  SourceSchema users;
  users.name = "users";
  users.fields = {
      {.name = "user", .source = "user", .kind = FieldKind::kText},
      {.name = "channel", .source = "channel", .kind = FieldKind::kOneOf, .optional = true, .values = {"web", "ads"}}};
  users.key = 0;
  program.tables = {users};
  program.key_spaces = {{Grain::kWhole, {{"user.channel", FieldKind::kOneOf, {"web", "ads"}}}}};
  PipelineProgram pipeline;
  pipeline.columns = {{.kind = ColumnKind::kAttribute, .field = 1, .table = 0, .entity_field = kUser, .nullable = true},
                      {.kind = ColumnKind::kMember, .table = 0, .entity_field = kUser}};
  pipeline.key_spaces = {{0, {0}}};
  pipeline.strides = {16};
  pipeline.accumulators = {{AL_COUNT, 0, 0}, {AL_COUNT, 0, 8}};
  pipeline.always = {count_rows, count_members};
  pipeline.always_columns = {1};
  program.pipelines = {pipeline};
  for (int accumulator : {0, 1}) {
    Formula f{.kind = FormulaKind::kCell,
              .exact = true,
              .pipeline = 0,
              .accumulator = accumulator,
              .key_space = 0,
              .finish = Finish::kCount,
              .streams = {0}};
    program.formulas.push_back(f);
    Output output;
    output.info.name = accumulator == 0 ? "rows" : "members";
    output.info.exact = true;
    output.formula = accumulator;
    output.key_space = 0;
    output.presence = {{0, -1, 0}};
    output.streams = {0};
    program.outputs.push_back(output);
  }
  for (bool skip : {true, false}) {
    TextSource app(kNames, kRowsOfThreeDays, 3);
    TextSource table({"user", "channel"}, {{"ann", "web"}, {"bob", ""}, {"ann", "ads"}}, 2);
    RunOptions options = complete();
    options.skip_bad_rows = skip;
    Result<ResultSet> result = run(program, {{"app", &app, std::nullopt}, {"users", &table, std::nullopt}}, options);
    CHECK(result.ok() == skip);
    if (!skip) CHECK(result.error().code == 7212);
    if (!skip) continue;
    check_lines(lines(program, *result),
                {"rows all web = 3", "rows all - = 4", "members all web = 3", "members all - = 2"});
    REQUIRE(result->streams.size() == 2);
    CHECK(result->streams[1].bad.counts[static_cast<int>(BadRow::kDuplicateKey)] == 1);
  }
}

TEST_CASE("an exact sum that does not fit is an overflow") {
  Builder b;
  b.by_plan = false;
  int large = b.add({.kind = FormulaKind::kConst,
                     .exact = true,
                     .constant = {Reason::kNone, static_cast<int128>((~uint128{0}) >> 1)}});
  b.output("sum", b.binary(FormulaKind::kAdd, large, b.rows(), true, 0), Grain::kWhole, false);
  ResultSet result = run_rows(b.program, kRowsOfThreeDays, 1, 3, complete());
  check_lines(lines(b.program, result), {"sum all = overflow"});
  CHECK(result.overflowed);
}
