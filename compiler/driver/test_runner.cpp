// Test blocks. Door: test_runner.h.
#include "compiler/driver/test_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "compiler/driver/given_source.h"
#include "runtime/format_value.h"

namespace alidade {
namespace {

// ------------------------------------------------------------------------------------------------ written digits

/// A whole number of steps of 10^-digits, of any size.
struct Steps {
  bool negative = false;
  std::string digits;  ///< without leading zeros; "" is zero
};

/// Decimal text (-123.456) in steps of 10^-scale, ties to even.
Steps rounded(const std::string& text, int scale) {
  const bool negative = text[0] == '-';
  const std::string whole = text.substr(negative ? 1 : 0, text.find('.') - (negative ? 1 : 0));
  const std::string fraction = text.find('.') == std::string::npos ? "" : text.substr(text.find('.') + 1);
  std::string all = whole + fraction;
  const auto kept_count = static_cast<std::ptrdiff_t>(whole.size()) + scale;
  if (kept_count < 0) all.insert(0, static_cast<size_t>(-kept_count), '0');
  const auto kept_size = static_cast<size_t>(std::max<std::ptrdiff_t>(kept_count, 0));
  if (all.size() < kept_size) all.append(kept_size - all.size(), '0');
  std::string kept = "0" + all.substr(0, kept_size);
  const std::string rest = all.substr(kept_size);
  const bool beyond_half = rest.find_first_not_of('0', 1) != std::string::npos;
  const bool is_odd = (kept.back() - '0') % 2 != 0;
  if (!rest.empty() && (rest[0] > '5' || (rest[0] == '5' && (beyond_half || is_odd)))) {
    size_t place = kept.size() - 1;
    for (; kept[place] == '9'; --place) kept[place] = '0';
    ++kept[place];
  }
  kept.erase(0, kept.find_first_not_of('0'));
  return {negative && !kept.empty(), kept};
}

/// Negative, zero or positive.
int compare(const Steps& a, const Steps& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int sizes = a.digits.size() < b.digits.size() ? -1 : a.digits.size() > b.digits.size() ? 1 : 0;
  if (sizes == 0) sizes = a.digits.compare(b.digits);
  return a.negative ? -sizes : sizes;
}

/// A defined number with all its digits: a double's expansion is finite.
std::string all_digits(const CellValue& value, const MetricInfo& info) {
  if (const int128* exact = std::get_if<int128>(&value.value)) return fixed_point_text(*exact, info.scale);
  const double* number = std::get_if<double>(&value.value);
  char text[1500];
  std::snprintf(text, sizeof text, "%.1074f", number == nullptr ? 0.0 : *number);
  return text;
}

// ------------------------------------------------------------------------------------------------ one expectation

const char* compare_text(RowKind compare) {
  if (compare == RowKind::kNotEqual) return "not ";
  if (compare == RowKind::kLess) return "less than ";
  if (compare == RowKind::kLessEqual) return "at most ";
  if (compare == RowKind::kGreater) return "more than ";
  if (compare == RowKind::kGreaterEqual) return "at least ";
  return "";
}

bool holds(RowKind compare, int sign) {
  if (compare == RowKind::kNotEqual) return sign != 0;
  if (compare == RowKind::kLess) return sign < 0;
  if (compare == RowKind::kLessEqual) return sign <= 0;
  if (compare == RowKind::kGreater) return sign > 0;
  if (compare == RowKind::kGreaterEqual) return sign >= 0;
  return sign == 0;
}

/// The expected number as a value of the metric, for the message.
CellValue expected_value(const TestExpectation& expectation, MetricInfo* info) {
  if (expectation.boolean) return {Reason::kNone, expectation.truth};
  int128 value = expectation.expected;
  for (int i = expectation.expected_scale; i < 0; ++i) value *= 10;
  info->exact = true;
  info->scale = std::max(expectation.expected_scale, 0);
  return {Reason::kNone, value};
}

std::string found_text(const CellValue& value, const MetricInfo& info) {
  return value.defined() ? shown_value(value, info) : std::string("undefined ") + reason_word(value.reason);
}

std::string failure(const TestExpectation& expectation, const CellValue& found, const MetricInfo& info) {
  if (expectation.undefined) {
    return "found " + found_text(found, info) + ", expected undefined" +
           (expectation.reason.empty() ? "" : " " + expectation.reason);
  }
  MetricInfo expected_info = info;
  const CellValue expected = expected_value(expectation, &expected_info);
  std::string shown = found_text(found, info), wanted = shown_value(expected, expected_info);
  const int shown_digits = info.shown_digits >= 0 ? info.shown_digits : 6;
  if (found.defined() &&
      (shown == wanted || expectation.expected_scale > shown_digits)) {  // they differ in digits that are not shown
    shown = exact_number(found, info);
    wanted = exact_number(expected, expected_info);
  }
  return "found " + shown + ", expected " + compare_text(expectation.compare) + wanted;
}

bool is_met(const TestExpectation& expectation, const CellValue& found, const MetricInfo& info) {
  if (expectation.undefined) {
    return !found.defined() && (expectation.reason.empty() || expectation.reason == reason_word(found.reason));
  }
  if (!found.defined()) return false;
  if (const bool* truth = std::get_if<bool>(&found.value)) {
    return expectation.boolean && holds(expectation.compare, *truth == expectation.truth ? 0 : 1);
  }
  if (expectation.boolean) return false;
  const int scale = expectation.expected_scale;
  const Steps wanted = rounded(fixed_point_text(expectation.expected, scale), scale);
  return holds(expectation.compare, compare(rounded(all_digits(found, info), scale), wanted));
}

/// "2026-01" names its first day.
std::optional<Instant> instant_of(const std::string& text, const Calendar& calendar) {
  const auto time = parse_time(text.size() == 7 ? text + "-01" : text);
  if (!time) return std::nullopt;
  if (time->offset_micros) return time->local_micros - *time->offset_micros;
  for (int64_t later = 0; later <= 24; ++later) {  // a midnight that was skipped: the hour after the gap
    if (const auto at = calendar.from_local(time->local_micros + later * 3600 * 1000000)) return at->instant;
  }
  return std::nullopt;
}

/// The cell that an expectation is about. A bucket or group that the report does not have holds no data.
ResultRow find_cell(const TestExpectation& expectation, size_t metric, const ResultSet& result,
                    const Calendar& calendar) {
  const std::optional<Instant> named = expectation.has_bucket ? instant_of(expectation.bucket, calendar) : std::nullopt;
  const bool any_bucket = !expectation.has_bucket;
  const Instant at = named.value_or(kMinInstant);
  for (const ResultRow& row : result.rows) {
    if (row.metric != static_cast<int>(metric) || row.dimensions != expectation.dimensions) continue;
    if (row.other != expectation.other) continue;
    if (any_bucket || (row.bucket.start <= at && at < row.bucket.end)) return row;
  }
  return {};
}

// ------------------------------------------------------------------------------------------------ one test

struct Sources {
  std::vector<std::unique_ptr<GivenSource>> opened;
  std::vector<NamedSource> named;
};

/// Every stream and table has a source; those that the test gives nothing for are empty.
Sources sources_of(const Model& model, const ModelTest& test, const Calendar& calendar, size_t batch_rows) {
  Sources sources;
  const auto open = [&](const std::vector<ModelSource>& all, bool are_tables) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].table >= 0) continue;  // read as the table
      const auto given = std::find_if(test.given.begin(), test.given.end(), [&](const TestGiven& candidate) {
        return candidate.is_table == are_tables && candidate.source == static_cast<int>(i);
      });
      const TestGiven* rows = given == test.given.end() ? nullptr : &*given;
      sources.opened.push_back(std::make_unique<GivenSource>(schema_of(model, all[i]), rows, batch_rows));
      NamedSource named{all[i].name, sources.opened.back().get(), std::nullopt};
      if (rows != nullptr && rows->has_until) named.watermark = instant_of(rows->until, calendar);
      sources.named.push_back(std::move(named));
    }
  };
  open(model.streams, false);
  open(model.tables, true);
  return sources;
}

TestRun failed(const ModelTest& test, const Error& error) {
  std::string message = error.message;
  for (const std::string& note : error.notes) message += "\n" + note;
  return {&test, {{&test, "", test.span, false, std::move(message)}}, std::nullopt, error};
}

std::string bucket_and_group(const ResultRow& row, const Calendar& calendar, const MetricInfo& info) {
  std::string text = info.grain == Grain::kWhole ? "" : " on " + calendar.label(info.grain, row.bucket.start);
  if (row.other) return text + ", all other groups";
  for (const DimensionValue& value : row.dimensions) {
    text += ", ";
    if (const std::string* word = std::get_if<std::string>(&value)) text += *word;
    if (const int64_t* number = std::get_if<int64_t>(&value)) text += std::to_string(*number);
    if (const bool* truth = std::get_if<bool>(&value)) text += *truth ? "true" : "false";
    if (std::holds_alternative<std::monostate>(value)) text += kUndefinedText;
  }
  return text;
}

/// To the bit; where sums are plain, in whether there is a value: its last digits are each engine's own.
bool agree(const CellValue& a, const CellValue& b, const MetricInfo& info) {
  return identical(a, b) || (info.plain_sums && a.reason == b.reason);
}

/// Values with all their digits, and what is said beside them.
std::string exact_text(const ResultRow& row, const MetricInfo& info) {
  std::string text = row.value.defined() ? exact_number(row.value, info) : found_text(row.value, info);
  return text + (row.partial ? " (partial)" : "");
}

/// What a run says of each stream, by the streams' names.
std::vector<std::string> stream_texts(const ResultSet& result) {
  std::vector<std::string> texts;
  for (const StreamReport& stream : result.streams) {
    std::string text = fmt::format("{}: {} rows, {} duplicates, {} late, {} ambiguous times, {} bad, {} without rate",
                                   stream.stream, stream.rows, stream.duplicates, stream.late, stream.ambiguous_times,
                                   stream.bad.total(), stream.without_rate);
    for (const auto& [entity, rows] : std::map(stream.without_entity.begin(), stream.without_entity.end())) {
      if (rows > 0) text += fmt::format(", {} without {}", rows, entity);
    }
    if (stream.without_rate > 0) text += fmt::format(", {} without a rate", stream.without_rate);
    if (stream.covered) text += fmt::format(", from {} to {} of {}", stream.first, stream.last, stream.watermark);
    texts.push_back(std::move(text));
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

void report_cells(const TestRun& reference, const TestRun& native, const Calendar& calendar,
                  const std::function<void(const std::string&)>& report) {
  const std::vector<ResultRow>&a = reference.result->rows, &b = native.result->rows;
  if (a.size() != b.size()) report(fmt::format("the reference has {} cells, native {}", a.size(), b.size()));
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const bool same_place = a[i].metric == b[i].metric && a[i].bucket == b[i].bucket &&
                            a[i].dimensions == b[i].dimensions && a[i].other == b[i].other;
    const auto metric = static_cast<size_t>(a[i].metric);
    const MetricInfo& info = reference.result->metrics[metric];
    if (same_place && agree(a[i].value, b[i].value, info) && a[i].partial == b[i].partial) continue;
    const std::string where =
        bucket_and_group(a[i], calendar, info) + " for: " + reference.test->expectations[metric].text;
    if (!same_place) return report(fmt::format("cell {} is another{}", i + 1, where));
    report("the reference has " + exact_text(a[i], info) + ", native " + exact_text(b[i], info) + where);
  }
}

}  // namespace

TestRun run_test(const Model& model, const ModelTest& test, const Engine& engine, const RunOptions& options,
                 size_t batch_rows) {
  auto calendar = Calendar::open(model.calendar);
  if (!calendar.ok()) return failed(test, calendar.error());
  const Sources sources = sources_of(model, test, *calendar, batch_rows);
  RunOptions run_options = options;
  run_options.complete = true;
  auto result = engine(model, request_of_test(model, test), sources.named, run_options);
  if (!result.ok()) return failed(test, result.error());
  TestRun run{&test, {}, std::move(*result), std::nullopt};
  for (size_t i = 0; i < test.expectations.size(); ++i) {
    const TestExpectation& expectation = test.expectations[i];
    const ResultRow found = find_cell(expectation, i, *run.result, *calendar);
    const MetricInfo& info = run.result->metrics[i];
    const bool passed = is_met(expectation, found.value, info);
    run.outcomes.push_back({&test, expectation.text, expectation.span, passed,
                            passed ? "" : failure(expectation, found.value, info), found.partial});
  }
  return run;
}

std::vector<TestOutcome> differences(const Model& model, const TestRun& reference, const TestRun& native) {
  std::vector<TestOutcome> found;
  const auto report = [&](const std::string& message) {
    found.push_back({reference.test, "", reference.test->span, false, "the engines differ: " + message});
  };
  if (reference.stopped.has_value() != native.stopped.has_value()) {
    const bool is_native = native.stopped.has_value();
    report(std::string(is_native ? "native" : "the reference") +
           " stopped: " + (is_native ? native : reference).stopped->message);
  } else if (reference.stopped && reference.stopped->code != native.stopped->code) {
    report("the reference stopped: " + reference.stopped->message + ", native: " + native.stopped->message);
  }
  auto calendar = Calendar::open(model.calendar);
  if (!reference.result || !native.result || !calendar.ok()) return found;
  report_cells(reference, native, *calendar, report);
  const std::vector<std::string> a = stream_texts(*reference.result), b = stream_texts(*native.result);
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string read = i < a.size() ? a[i] : "no stream", read_natively = i < b.size() ? b[i] : "no stream";
    if (read != read_natively) report("the reference read " + read + ", native " + read_natively);
  }
  return found;
}

}  // namespace alidade
