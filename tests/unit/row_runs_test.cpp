// Rows of a morsel in runs: every row is in the run of its case and in the place of its bucket and dimension values,
// whatever the columns are stored as and however many places there are.
// rooms: alidade_runtime
#include "runtime/row_runs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "runtime/state.h"

namespace alidade {
namespace {

constexpr Instant kHour = int64_t{3600} * 1'000'000;

/// Columns: name (dispatch), plan (one_of), seats (integer, optional). Key spaces: (day, plan), (day, plan, seats), ().
struct Morsel {
  std::vector<Instant> times;
  std::vector<uint32_t> names, plans;
  std::vector<int64_t> seats;
  std::vector<uint8_t> seats_there;
  std::vector<uint8_t> name_indices;
  std::vector<uint16_t> plan_indices;
  std::vector<uint32_t> name_codes, plan_codes;

  Morsel(size_t count, int hours, int seat_values, bool sorted, uint64_t seed) {
    std::mt19937_64 random(seed);
    for (uint32_t code = 0; code < 7; ++code) name_codes.push_back(6 - code);
    for (uint32_t code = 0; code < 300; ++code) plan_codes.push_back(code % 3);
    for (size_t i = 0; i < count; ++i) {
      times.push_back(static_cast<Instant>(random() % static_cast<uint64_t>(hours)) * kHour + 1);
      name_indices.push_back(static_cast<uint8_t>(random() % 7));
      plan_indices.push_back(static_cast<uint16_t>(random() % 300));
      names.push_back(name_codes[name_indices.back()]);
      plans.push_back(plan_codes[plan_indices.back()]);
      seats.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(seat_values)) * 1'000'003);
      seats_there.push_back(random() % 8 != 0);
    }
    if (sorted) std::sort(times.begin(), times.end());
  }

  std::vector<ColumnView> columns(bool coded) const {
    const auto bytes = [](const auto& values) { return reinterpret_cast<const uint8_t*>(values.data()); };
    const ColumnView of_seats{bytes(seats), seats_there.data(), 8, nullptr};
    if (coded)
      return {{bytes(name_indices), nullptr, 1, &name_codes}, {bytes(plan_indices), nullptr, 2, &plan_codes}, of_seats};
    return {{bytes(names), nullptr, 4, nullptr}, {bytes(plans), nullptr, 4, nullptr}, of_seats};
  }
};

Program program_of(bool dispatched) {
  Program program;
  program.calendar = {"UTC", 1, 1};
  const Dimension plan{"plan", FieldKind::kOneOf, {"free", "basic", "pro"}}, seats{"seats", FieldKind::kInteger, {}};
  program.key_spaces = {{Grain::kDay, {plan}}, {Grain::kDay, {plan, seats}}, {Grain::kWhole, {}}};
  PipelineProgram& pipeline = program.pipelines.emplace_back();
  pipeline.columns.resize(3);
  pipeline.key_spaces = {{0, {1}}, {1, {1, 2}}, {2, {}}};
  pipeline.strides = {8, 8, 8};
  if (dispatched) {
    pipeline.dispatch_column = 0;
    pipeline.case_of_code = {0xffff, 0, 1, 1, 0xffff, 2};
    pipeline.cases.resize(3);
  }
  program.streams.resize(1);
  return program;
}

using Key = std::tuple<Instant, uint32_t, int64_t>;

void check(const Morsel& morsel, bool coded, bool dispatched, RowRuns* runs, State* state) {
  const PipelineProgram& pipeline = state->program().pipelines[0];
  const std::vector<ColumnView> columns = morsel.columns(coded);
  const size_t count = morsel.times.size();
  const auto [first, last] = std::minmax_element(morsel.times.begin(), morsel.times.end());
  runs->start_batch(columns);
  runs->find(morsel.times.data(), *first, *last, columns, static_cast<int64_t>(count));
  std::vector<uint32_t> cells[3];
  for (size_t use = 0; use < 3; ++use) {
    cells[use].resize(count);
    runs->cells_of_rows(use, cells[use].data());
  }
  std::vector<int> seen(count);
  std::map<Key, std::vector<uint32_t>> cells_of_key;
  uint32_t place_end = 0, run_end = 0;
  for (size_t p = 0; p < runs->places().size(); ++p) {
    const RowRuns::Place& place = runs->places()[p];
    REQUIRE(place.begin == place_end);
    place_end = place.end;
    for (uint32_t r = place.first_run; r < place.end_run; ++r) {
      const RowRuns::Run& run = runs->runs()[r];
      REQUIRE(run.begin == run_end);
      run_end = run.end;
      for (uint32_t i = run.begin; i < run.end; ++i) {
        const uint32_t row = runs->rows() == nullptr ? i : runs->rows()[i];
        REQUIRE((runs->positions() == nullptr || runs->positions()[row] == i));
        ++seen[row];
        const uint32_t code = morsel.names[row];
        const uint16_t found = code < pipeline.case_of_code.size() ? pipeline.case_of_code[code] : uint16_t{0xffff};
        REQUIRE(run.dispatch_case == (found == 0xffff ? pipeline.cases.size() : found));
        const std::vector<uint32_t> of_place = {runs->cell(0, p), runs->cell(1, p), runs->cell(2, p)};
        for (size_t use = 0; use < 3; ++use) REQUIRE(cells[use][row] == of_place[use]);
        const Key key{morsel.times[row] / (24 * kHour), morsel.plans[row],
                      morsel.seats_there[row] != 0 ? morsel.seats[row] : -1};
        REQUIRE(cells_of_key.emplace(key, of_place).first->second == of_place);
      }
    }
    REQUIRE(run_end == place_end);
  }
  CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
  std::map<std::vector<uint32_t>, int> keys_of_cells;
  for (const auto& [key, of_key] : cells_of_key) ++keys_of_cells[of_key];
  CHECK(keys_of_cells.size() == cells_of_key.size());
  CHECK((dispatched || runs->runs().size() == runs->places().size()));
}

TEST_CASE("every row is in one run, with its case and its cells") {
  for (const bool dispatched : {false, true}) {
    const Program program = program_of(dispatched);
    Result<Calendar> calendar = Calendar::open(program.calendar);
    REQUIRE(calendar.ok());
    State state(program, *calendar, {});
    RowRuns runs(program.pipelines[0], {state.key_space(0), state.key_space(1), state.key_space(2)}, false);
    uint64_t seed = 0;
    for (const size_t count : {size_t{1}, size_t{2}, size_t{777}, size_t{AL_MORSEL_ROWS}}) {
      for (const bool coded : {true, false}) {
        for (const bool sorted : {true, false}) {
          check(Morsel(count, 12, 1, sorted, ++seed), coded, dispatched, &runs, &state);
          check(Morsel(count, 72, 4, sorted, ++seed), coded, dispatched, &runs, &state);
          check(Morsel(count, 24 * 90, 5000, sorted, ++seed), coded, dispatched, &runs, &state);
        }
      }
    }
  }
}

TEST_CASE("a dimension of very many values, which alone tells rows apart") {
  const Program program = program_of(false);
  Result<Calendar> calendar = Calendar::open(program.calendar);
  REQUIRE(calendar.ok());
  State state(program, *calendar, {});
  RowRuns runs(program.pipelines[0], {state.key_space(0), state.key_space(1), state.key_space(2)}, false);
  Morsel morsel(AL_MORSEL_ROWS, 1, 1'000'000, true, 1);
  std::fill(morsel.plans.begin(), morsel.plans.end(), 0);
  check(morsel, false, false, &runs, &state);
}

TEST_CASE("gathered columns hold the chosen rows, codes behind dictionaries included") {
  const Morsel morsel(100, 1, 10, true, 5);
  const std::vector<MorselRow> rows = {99, 0, 7, 7};
  GatheredColumns gathered(3);
  for (const bool coded : {false, true}) {
    const std::vector<ColumnView> columns = morsel.columns(coded);
    for (size_t c = 0; c < 3; ++c) gathered.gather(c, columns[c], rows.data(), 4);
    for (size_t i = 0; i < rows.size(); ++i) {
      CHECK(static_cast<const uint32_t*>(gathered.columns()[0].values)[i] == morsel.names[rows[i]]);
      CHECK(static_cast<const uint32_t*>(gathered.columns()[1].values)[i] == morsel.plans[rows[i]]);
      CHECK(static_cast<const int64_t*>(gathered.columns()[2].values)[i] == morsel.seats[rows[i]]);
      CHECK(gathered.columns()[2].valid[i] == morsel.seats_there[rows[i]]);
    }
    gathered.gather(1, columns[1].from(10), nullptr, 90);
    CHECK(static_cast<const uint32_t*>(gathered.columns()[1].values)[89] == morsel.plans[99]);
  }
  CHECK(gathered.columns()[0].valid == nullptr);
}

TEST_CASE("scattered columns hold all rows in their new order") {
  const Morsel morsel(100, 1, 10, true, 5);
  std::vector<MorselRow> positions(100);
  for (size_t i = 0; i < 100; ++i) positions[i] = static_cast<MorselRow>(i * 37 % 100);
  GatheredColumns scattered(3);
  for (const bool coded : {false, true}) {
    const std::vector<ColumnView> columns = morsel.columns(coded);
    std::vector<ColumnView> sorted;
    for (size_t c = 0; c < 3; ++c) sorted.push_back(scattered.scatter(c, columns[c], positions.data(), 100));
    for (size_t i = 0; i < 100; ++i) {
      CHECK(reinterpret_cast<const uint32_t*>(sorted[0].values)[positions[i]] == morsel.names[i]);
      CHECK(reinterpret_cast<const uint32_t*>(sorted[1].from(positions[i]).values)[0] == morsel.plans[i]);
      CHECK(reinterpret_cast<const int64_t*>(sorted[2].values)[positions[i]] == morsel.seats[i]);
      CHECK(sorted[2].valid[positions[i]] == morsel.seats_there[i]);
    }
    CHECK(sorted[0].valid == nullptr);
  }
}

}  // namespace
}  // namespace alidade
