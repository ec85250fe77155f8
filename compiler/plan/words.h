// The words of the plan's text, each enum's in one table that printing and parsing share, and the text of numbers and
// quoted strings. Part of compiler/plan, for print.cpp and parse.cpp. Safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/plan/plan.h"

namespace alidade {

template <typename E>
struct EnumWord {
  E value;
  const char* word;
};

/// One table per enum, below.
template <typename E>
const std::vector<EnumWord<E>>& enum_words();

template <>
const std::vector<EnumWord<FieldKind>>& enum_words();
template <>
const std::vector<EnumWord<Grain>>& enum_words();
template <>
const std::vector<EnumWord<OpKind>>& enum_words();
template <>
const std::vector<EnumWord<OpType>>& enum_words();
template <>
const std::vector<EnumWord<al_accumulator_kind>>& enum_words();
template <>
const std::vector<EnumWord<FormulaKind>>& enum_words();
template <>
const std::vector<EnumWord<Finish>>& enum_words();
template <>
const std::vector<EnumWord<ShownKind>>& enum_words();

template <typename E>
const char* word_of(E value) {
  for (const EnumWord<E>& row : enum_words<E>()) {
    if (row.value == value) return row.word;
  }
  ALIDADE_CHECK(false);
  return "";
}

template <typename E>
std::optional<E> from_word(std::string_view word) {
  for (const EnumWord<E>& row : enum_words<E>()) {
    if (word == row.word) return row.value;
  }
  return std::nullopt;
}

std::string exact_text(int128 value);
std::optional<int128> exact_from_text(std::string_view text);
/// The shortest text that reads back as the same double.
std::string number_text(double value);
std::optional<double> number_from_text(std::string_view text);
std::string quoted(std::string_view text);
/// The text itself where it looks like a name, else quoted.
std::string name_text(std::string_view name);

/// One word of a line; quoted words are unescaped.
struct PlanWord {
  std::string text;
  bool is_quoted = false;
};
/// The words of a line; nullopt where a quote is never closed.
std::optional<std::vector<PlanWord>> words_of(std::string_view line);

}  // namespace alidade
