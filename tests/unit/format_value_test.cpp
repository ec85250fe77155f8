// How values read: runtime/format_value.
// rooms: alidade_runtime
#include "runtime/format_value.h"

#include <doctest/doctest.h>

namespace alidade {
namespace {

CellValue exact(int64_t value) { return {Reason::kNone, static_cast<int128>(value)}; }
CellValue number(double value) { return {Reason::kNone, value}; }

MetricInfo info(ShownKind kind, bool is_exact, int scale, std::string unit = "", int digits = -1) {
  MetricInfo result;
  result.kind = kind;
  result.exact = is_exact;
  result.scale = scale;
  result.unit = std::move(unit);
  result.shown_digits = digits;
  return result;
}

TEST_CASE("counts and numbers keep what they have, up to six digits") {
  CHECK(shown_value(exact(1234567), info(ShownKind::kInteger, true, 0, "users")) == "1234567 users");
  CHECK(shown_value(number(2.5), info(ShownKind::kNumber, false, 0)) == "2.5");
  CHECK(shown_value(number(1.0 / 3), info(ShownKind::kNumber, false, 0)) == "0.333333");
  CHECK(shown_value(number(1.0 / 3), info(ShownKind::kRatio, false, 0)) == "0.3333");
  CHECK(shown_value(number(1.0 / 3), info(ShownKind::kNumber, false, 0, "", 1)) == "0.3");
  CHECK(shown_value(number(-0.0000001), info(ShownKind::kNumber, false, 0)) == "-1e-07");
  CHECK(shown_value(number(-0.001), info(ShownKind::kNumber, false, 0, "", 2)) == "0.00");
  CHECK(shown_value(number(1e300), info(ShownKind::kNumber, false, 0)) == "1e+300");
  CHECK(shown_value(exact(-5), info(ShownKind::kDecimal, true, 2)) == "-0.05");
}

TEST_CASE("money is rounded to the currency's minor unit, ties to even") {
  CHECK(shown_value(exact(12500000), info(ShownKind::kMoney, true, 6, "USD")) == "12.50 USD");
  CHECK(shown_value(exact(10005000), info(ShownKind::kMoney, true, 6, "USD")) == "10.00 USD");
  CHECK(shown_value(exact(10015000), info(ShownKind::kMoney, true, 6, "USD")) == "10.02 USD");
  CHECK(shown_value(exact(-10015001), info(ShownKind::kMoney, true, 6, "USD")) == "-10.02 USD");
  CHECK(shown_value(exact(1500000), info(ShownKind::kMoney, true, 6, "JPY")) == "2 JPY");
  CHECK(shown_value(number(3.3333), info(ShownKind::kMoney, false, 0, "USD per user")) == "3.33 USD per user");
  CHECK(shown_value(exact(7), info(ShownKind::kMoney, true, 0, "USD")) == "7.00 USD");
}

TEST_CASE("percents and durations") {
  CHECK(shown_value(number(0.375), info(ShownKind::kPercent, false, 0)) == "37.5%");
  CHECK(shown_value(number(2.0 / 3), info(ShownKind::kPercent, false, 0)) == "66.67%");
  CHECK(shown_value(exact(900000000), info(ShownKind::kDuration, true, 0, "time per user")) == "15 min per user");
  CHECK(shown_value(exact(5400000000), info(ShownKind::kDuration, true, 0, "time")) == "1.5 h");
  CHECK(shown_value(exact(86400000000), info(ShownKind::kDuration, true, 0)) == "1 day");
  CHECK(shown_value(exact(216000000000), info(ShownKind::kDuration, true, 0)) == "2.5 days");
  CHECK(shown_value(exact(59999999), info(ShownKind::kDuration, true, 0)) == "1 min");
  CHECK(shown_value(exact(-45000000), info(ShownKind::kDuration, true, 0)) == "-45 s");
  CHECK(shown_value(exact(0), info(ShownKind::kDuration, true, 0)) == "0 s");
  CHECK(shown_value(number(0.25), info(ShownKind::kDuration, false, 0)) == "0.25 µs");
}

TEST_CASE("a metric's own format comes before what its kind has") {
  const auto shown = [](CellValue value, MetricInfo info, const char* format) {
    info.format = format;
    return shown_value(value, info);
  };
  CHECK(shown(number(0.375), info(ShownKind::kPercent, false, 0), "0.00%") == "37.50%");
  CHECK(shown(number(0.375), info(ShownKind::kPercent, false, 0), "0.00") == "0.38");
  CHECK(shown(number(1.0 / 3), info(ShownKind::kRatio, false, 0), "0.0%") == "33.3%");
  CHECK(shown(exact(12345), info(ShownKind::kDecimal, true, 4), "0%") == "123%");
  CHECK(shown(exact(12500000), info(ShownKind::kMoney, true, 6, "USD", 2), "0") == "12 USD");
  CHECK(shown(exact(7), info(ShownKind::kInteger, true, 0), "0.0") == "7.0");
  CHECK(shown(exact(5400000000), info(ShownKind::kDuration, true, 0, "time"), "0.00") == "1.50 h");
  CHECK(exact_number(number(0.375), info(ShownKind::kPercent, false, 0)) == "0.375");
}

TEST_CASE("undefined, bool, time, and every digit for machines") {
  CHECK(shown_value({Reason::kNoData, false}, info(ShownKind::kMoney, true, 6, "USD")) == "–");
  CHECK(exact_number({Reason::kNoData, false}, info(ShownKind::kMoney, true, 6, "USD")).empty());
  CHECK(shown_value({Reason::kNone, true}, info(ShownKind::kBoolean, false, 0)) == "true");
  CHECK(shown_value(exact(1767607200000000), info(ShownKind::kTimestamp, true, 0)) == "2026-01-05 10:00:00Z");
  CHECK(exact_number(exact(-1), info(ShownKind::kTimestamp, true, 0)) == "1969-12-31T23:59:59.999999Z");
  CHECK(exact_number(exact(12500000), info(ShownKind::kMoney, true, 6, "USD")) == "12.5");
  CHECK(exact_number(number(0.1), info(ShownKind::kNumber, false, 0)) == "0.1");
  CHECK(fixed_point_text(static_cast<int128>(1) << 126, 2) == "850705917302346158658436518579420528.64");
}

}  // namespace
}  // namespace alidade
