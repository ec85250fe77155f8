// The meaning of a metric in the user's words. Door: meaning.h.
#include <fmt/format.h>

#include "compiler/sema/analyser.h"
#include "compiler/sema/meaning.h"

namespace alidade {
namespace {

/// Nodes of a condition, as far as it matters: conditions share parts, so their text can be beyond all measure.
int size_of(const Model& model, RowId id, int limit) {
  if (!id.valid() || limit <= 0) return 0;
  const Row& row = model.row(id);
  int size = 1;
  for (RowId part : {row.a, row.b, row.c}) size += size_of(model, part, limit - size);
  return size;
}

/// Without the parentheses around the whole.
std::string condition_words(const Model& model, RowId id) {
  const Row& row = model.row(id);
  if (row.kind == RowKind::kAnd) {
    std::string words;
    for (RowId part : {row.a, row.b}) {
      const bool either = model.row(part).kind == RowKind::kOr;
      words += (words.empty() ? "" : " and ") + (either ? row_text(model, part) : condition_words(model, part));
    }
    return words;
  }
  std::string text = row_text(model, id);
  return text.starts_with('(') ? text.substr(1, text.size() - 2) : text;
}

std::string population_words(const Model& model, const Population& rows) {
  constexpr int kLong = 60;
  const std::string& stream = model.streams[static_cast<size_t>(rows.stream)].name;
  std::string words = rows.entity.empty() ? stream : fmt::format("each {} of {}", rows.entity, stream);
  if (!rows.condition.valid()) return words;
  if (size_of(model, rows.condition, kLong) >= kLong) return words + " under a long condition";
  return words + " where " + condition_words(model, rows.condition);
}

/// Attributes that each key of a distinct count has one of: "user.channel".
std::string attributes_of(const Model& model, RowId distinct) {
  if (!distinct.valid()) return "";
  const Row& counted = model.row(distinct);
  if (counted.kind != RowKind::kField || counted.stream < 0) return "";
  const std::string& key =
      model.streams[static_cast<size_t>(counted.stream)].fields[static_cast<size_t>(counted.field)].name;
  std::string names;
  for (size_t t = 0; t < model.tables.size(); ++t) {
    const ModelSource& table = model.tables[t];
    if (table.valid_from >= 0 || entity_for_table(model, counted.stream, static_cast<int>(t)) != counted.field)
      continue;
    for (size_t f = 0; f < table.fields.size(); ++f) {
      if (static_cast<int>(f) == table.key || !can_be_dimension(table.fields[f].type.kind)) continue;
      names += (names.empty() ? "" : ", ") + key + "." + table.fields[f].name;
    }
  }
  return names;
}

std::string distinct_words(const Model& model, const ValueMeaning& value) {
  const std::string own = attributes_of(model, value.distinct);
  const std::string apart = own.empty() ? "over nothing" : fmt::format("over {} alone, of which each has one", own);
  return apart + ": different ones are counted, and what is in two periods or groups counts once";
}

std::string adds_up(const Model& model, const ValueMeaning& value) {
  switch (value.additivity) {
    case Additivity::kConstant:
      return "a constant";
    case Additivity::kAdditive:
      return "over time and every dimension";
    case Additivity::kFormula:
      return "over nothing: the formula is computed anew for each period and group";
    case Additivity::kIdempotent:
      return value.balance ? "over nothing: it is the value of one row"
                           : "over nothing: of several periods or groups the smallest or largest decides";
    case Additivity::kSemiAdditive:
      return value.balance ? "over every dimension, not over time: it is what there is at one instant"
                           : "over every dimension, not over time: the windows of two periods overlap";
    case Additivity::kDistinct:
      return distinct_words(model, value);
    case Additivity::kRatio:
      return "over nothing: the parts of a ratio or a mean are added up first";
    case Additivity::kHolistic:
      return "over nothing: it is computed of all rows at once";
  }
  return "";
}

std::string time_words(const ModelMetric& metric, const TimeUse& time) {
  std::string words =
      metric.fixed_grain ? fmt::format("per {}, its own grain", grain_word(metric.grain)) : "any period";
  for (const Window& window : time.windows) words += ", over " + window_text(window);
  for (const auto& [offset, elapsed] : time.offsets) words += ", " + offset_text(offset, elapsed);
  for (Grain grain : time.finer) words += fmt::format(", {} by {} inside it", grain_word(grain), grain_word(grain));
  return words;
}

std::string reason_words(const ValueMeaning& value) {
  std::string words;
  for (Reason reason : {Reason::kNoData, Reason::kNoRows, Reason::kNoDenominator, Reason::kNoRate, Reason::kNoBucket,
                        Reason::kOverflow}) {
    if (value.may_be(reason)) words += (words.empty() ? "" : ", ") + std::string(reason_word(reason));
  }
  return words.empty() ? "never" : words;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> meaning_words(Meanings& meanings, const ModelMetric& metric) {
  const Model& model = meanings.model();
  const MetricMeaning meaning = meaning_of(meanings, metric);
  std::vector<std::pair<std::string, std::string>> parts = {{"adds up", adds_up(model, meaning.value)}};
  for (const Population& rows : meaning.populations) {
    parts.emplace_back(parts.size() == 1 ? "of" : "", population_words(model, rows));
  }
  parts.emplace_back("time", time_words(metric, meaning.time));
  parts.emplace_back("undefined", reason_words(meaning.value));
  return parts;
}

}  // namespace alidade
