// What changes the time or the key a value is computed for: over, at, per.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
std::optional<Term> Analyser::over(const ast::Expr& expr) {
  std::optional<Term> term = value(*expr.a);
  std::optional<Window> found = window(*expr.window);
  if (!term || !found) return std::nullopt;
  std::string inner = words(*expr.a);
  if (term->open) {
    error(
        Code::window_after_per, expr.op,
        fmt::format("`{}` is per {} already, and a window belongs to what is computed in it", inner, term->open->name),
        fmt::format("write the window before `per`, or collapse first, as in `mean({}) over …`", inner));
    return std::nullopt;
  }
  if (is_constant(term->value)) {
    error(Code::constant_over_time, expr.op, "a constant is the same in every window", "leave the window out");
    return std::nullopt;
  }
  if (build_.facts(term->value).state) {
    error(
        Code::window_of_state, expr.op,
        fmt::format("`{}` is of a table's rows: those that are valid at one instant, so a window has nothing to gather",
                    inner),
        "leave the window out: the value is that at the bucket's end; or take one of its days, as in "
        "`mean(count(contracts) per day) over last 28 days`");
    return std::nullopt;
  }
  if (build_.facts(term->value).window) {
    error(Code::window_in_window, expr.op, fmt::format("`{}` has a window already", inner),
          "a value has one window; a window over finer values is written `mean(x per day) over …`");
    return std::nullopt;
  }
  if (build_.facts(term->value).offset) {
    error(Code::offset_in_window, expr.op,
          fmt::format("`{}` is of another period, and a window stands at this one's end", inner),
          "write the window first: `x over last 7 days at 1 month ago`");
    return std::nullopt;
  }
  Value node;
  node.kind = ValueKindTag::kOver;
  node.type = model_.value(term->value).type;
  node.a = term->value;
  node.window = *found;
  return Term{build_.value(std::move(node)), std::nullopt};
}

std::optional<Window> Analyser::window(const ast::Window& written) {
  Window result;
  switch (written.kind) {
    case ast::WindowKind::kAllTime:
      result.kind = WindowKind::kAllTime;
      return result;
    case ast::WindowKind::kLast: {
      if (written.length == nullptr) {
        error(Code::unknown_name, written.parameter.span,
              fmt::format("there is no parameter `{}`", written.parameter.name.text()),
              "write the length, as in `over last 7 days`; a name stands for it inside a def or a module with "
              "parameters");
        return std::nullopt;
      }
      std::optional<Period> length = period(*written.length);
      if (!length) return std::nullopt;
      result.period = *length;
      warn_extra_day(*length, written.length->span);
      return result;
    }
    case ast::WindowKind::kToDate:
      break;
  }
  result.kind = WindowKind::kToDate;
  std::optional<Grain> grain = time_grain(written.unit, written.fiscal, written.span);
  if (!grain) {
    if (written.fiscal) return std::nullopt;
    unknown(Code::unknown_grain, written.unit.parts.front(),
            fmt::format("`{}` is no unit of the calendar", path_words(written.unit)),
            {"hour", "day", "week", "month", "quarter", "year"}, "write `month to date` or `year to date`");
    return std::nullopt;
  }
  result.unit = *grain;
  return result;
}

/// The grain that a path names; nothing where it names none, which is reported only of a fiscal one.
std::optional<Grain> Analyser::time_grain(const ast::Path& path, bool fiscal, Span span) {
  std::optional<Grain> grain = path.parts.size() == 1 ? grain_from_word(path_words(path)) : std::nullopt;
  if (!fiscal) return grain;
  std::optional<Grain> result = grain ? fiscal_grain(*grain) : std::nullopt;
  if (!result) {
    error(Code::unknown_grain, span,
          fmt::format("`{}` is nothing fiscal: a fiscal year has quarters, and its months and weeks are everyone's",
                      path_words(path)),
          "write `fiscal quarter` or `fiscal year`");
  }
  return result;
}

/// Whether a bucket of the grain, moved so, can be one of its buckets; reports where it never is.
bool Analyser::offset_exists(const Offset& offset, Grain grain, Span at) {
  const bool by_number = offset.kind == OffsetKind::kSameWeek;
  if (offset.kind == OffsetKind::kHere || can_move(grain, by_number ? Period{1, Grain::kWeek} : offset.period))
    return true;
  const std::string word = grain_word(grain);
  error(Code::offset_without_bucket, at,
        fmt::format("no {} lies {} before another: this is undefined in every {}", word,
                    by_number ? "some weeks"
                              : fmt::format("{} {}{}", offset.period.count, grain_word(offset.period.unit),
                                            offset.period.count == 1 ? "" : "s"),
                    word),
        grain == Grain::kWeek ? "weeks move by weeks: `at 4 weeks ago`, or `at same week last year`"
                              : fmt::format("move by whole {0}s: `at 1 {0} ago`", word));
  return false;
}

/// Of all `at` below that stand in buckets of this grain.
bool Analyser::offsets_exist(ValueId id, Grain grain, Span at, std::set<ValueId>& seen) {
  if (!id.valid() || !build_.facts(id).offset || !seen.insert(id).second) return true;
  const Value value = model_.value(id);
  if (value.kind == ValueKindTag::kAt && !offset_exists(value.offset, grain, at)) return false;
  return offsets_exist(value.a, grain, at, seen) && offsets_exist(value.b, grain, at, seen) &&
         offsets_exist(value.c, grain, at, seen);
}

std::optional<Term> Analyser::moved(const Term& term, const Offset& offset, bool elapsed, Span at) {
  const bool fixed = term.open && term.open->kind == PerKind::kTime;
  if (fixed && !offset_exists(offset, term.open->grain, at)) return std::nullopt;
  Value node;
  node.kind = ValueKindTag::kAt;
  node.type = model_.value(term.value).type;
  node.a = term.value;
  node.offset = offset;
  node.elapsed = elapsed;
  return Term{build_.value(std::move(node)), term.open};
}

std::optional<Offset> Analyser::offset(const ast::Offset& written) {
  if (written.kind == ast::OffsetKind::kSame) return same_offset(written);
  std::optional<Period> ago = period(*written.distance);
  return ago ? std::optional(Offset{OffsetKind::kAgo, *ago}) : std::nullopt;
}

/// `same hour last week` is the hour a week before. Where the finer unit has no fixed place in the coarser one, there
/// is no same one; weeks are numbered in their year.
std::optional<Offset> Analyser::same_offset(const ast::Offset& written) {
  std::optional<Grain> units[2];
  const ast::Path* paths[2] = {&written.same, &written.last};
  for (size_t i = 0; i < 2; ++i) {
    units[i] = time_grain(*paths[i], false, paths[i]->span);
    if (units[i]) continue;
    unknown(Code::unknown_grain, paths[i]->parts.front(),
            fmt::format("`{}` is no unit of the calendar", path_words(*paths[i])),
            {"hour", "day", "week", "month", "quarter", "year"}, "write `same week last year`");
    return std::nullopt;
  }
  const Grain same = *units[0], last = *units[1];
  if (same == Grain::kWeek && last == Grain::kYear) return Offset{OffsetKind::kSameWeek, {}};
  const bool fixed_place = same < last && same != Grain::kWeek && (last != Grain::kQuarter || same == Grain::kMonth);
  if (fixed_place) return Offset{OffsetKind::kAgo, {1, last}};
  std::string message = fmt::format("`{}` is no part of a {}", grain_word(same), grain_word(last));
  if (same < last) message = fmt::format("a {} has no fixed place in a {}", grain_word(same), grain_word(last));
  error(Code::no_same_bucket, written.span, std::move(message),
        same < last ? fmt::format("say how long ago: `at 1 {} ago`, or compare with last year", grain_word(last))
                    : "the finer unit comes first, as in `same week last year`");
  return std::nullopt;
}

std::optional<Term> Analyser::at(const ast::Expr& expr) {
  std::optional<Term> term = value(*expr.a);
  std::optional<Offset> to = offset(*expr.offset);
  if (!term || !to) return std::nullopt;
  if (is_constant(term->value)) {
    error(Code::constant_over_time, expr.op, "a constant was the same then", "leave the offset out");
    return std::nullopt;
  }
  return moved(*term, *to, expr.offset->mode == ast::OffsetMode::kSameElapsed, expr.offset->span);
}

std::optional<Term> Analyser::per(const ast::Expr& expr) {
  std::optional<Term> term = value(*expr.a);
  if (!term) return std::nullopt;
  if (is_constant(term->value)) {
    error(Code::constant_over_time, expr.op, "a constant is the same for every key", "leave `per` out");
    return std::nullopt;
  }
  std::optional<PerKey> key = per_key(*expr.grain, term->value);
  if (!key) return std::nullopt;
  if (term->open && (term->open->kind != key->kind || term->open->name != key->name)) {
    error(Code::mixed_per, expr.op, fmt::format("`{}` is per {} already", words(*expr.a), term->open->name),
          fmt::format("collapse that first: `mean({}) per {}`", words(*expr.a), key->name));
    return std::nullopt;
  }
  if (const ast::Expr* twice = term->open ? expr.a : nullptr) {
    while (twice->kind == ast::ExprKind::kParen) twice = twice->a;
    if (twice->kind == ast::ExprKind::kPer && own(expr.span)) {
      error(Code::doubled_per, expr.op, fmt::format("this is per {} already", key->name), "leave one of the two out");
    }
  }
  std::set<ValueId> seen;
  if (key->kind == PerKind::kTime && !offsets_exist(term->value, key->grain, expr.grain->span, seen)) {
    return std::nullopt;
  }
  term->open = key;
  return term;
}

std::optional<PerKey> Analyser::per_key(const ast::Grain& grain, ValueId value, bool breakdown) {
  PerKey key;
  key.name = path_words(grain.path);
  std::optional<Grain> time = time_grain(grain.path, grain.fiscal, grain.span);
  if (!time && grain.fiscal) return std::nullopt;
  if (time) {
    key.grain = *time;
    key.name = grain_word(*time);
    return key;
  }
  std::vector<int> streams = streams_of(model_, value);
  bool entity = false;
  for (const ModelSource& stream : model_.streams) {
    for (int field : stream.entities) entity = entity || stream.fields[static_cast<size_t>(field)].name == key.name;
  }
  if (entity) return entity_key(grain, streams);
  key.kind = PerKind::kDimension;
  key.rows.resize(model_.streams.size());
  for (int stream : streams) {
    StreamDimension found = dimension_in(model_, stream, key.name);
    if (!found.found || found.ambiguous) {
      if (attributes_broken(stream)) return std::nullopt;
      std::vector<std::string_view> candidates;
      if (!breakdown) candidates = {"hour", "day", "week", "month", "quarter", "year"};
      for (const ModelField& field : model_.streams[static_cast<size_t>(stream)].fields)
        candidates.push_back(field.name);
      unknown(
          Code::unknown_grain, grain.path.parts.front(),
          fmt::format("`{}` is no {} of {}", key.name,
                      breakdown ? "field and no known attribute" : "grain, no entity and no dimension",
                      source_words(model_.streams[static_cast<size_t>(stream)])),
          candidates,
          breakdown
              ? "break down by what every stream of the formula knows: a field, or an attribute of its entity"
              : "write a grain (`per day`), an entity (`per user`) or a field that every stream in the formula has");
      return std::nullopt;
    }
    Type type = found.row.type;
    type.optional = false;
    if (!can_be_dimension(type.kind) ||
        (stream != streams.front() && (type.kind != key.type.kind || type.one_of != key.type.one_of))) {
      error(Code::dimension_type, grain.span,
            can_be_dimension(type.kind)
                ? fmt::format("`{}` has different types in the streams of this formula", key.name)
                : fmt::format("`{}` is {}, and a dimension is a text, a list, a bool or an integer", key.name,
                              show(type)));
      return std::nullopt;
    }
    key.type = type;
    key.rows[static_cast<size_t>(stream)] = build_.row(found.row);
  }
  return key;
}

std::optional<PerKey> Analyser::entity_key(const ast::Grain& grain, const std::vector<int>& streams) {
  PerKey key;
  key.kind = PerKind::kEntity;
  key.name = path_words(grain.path);
  key.rows.resize(model_.streams.size());
  for (int stream : streams) {
    const ModelSource& source = model_.streams[static_cast<size_t>(stream)];
    int field = field_index(source, key.name);
    bool entity =
        field >= 0 && std::find(source.entities.begin(), source.entities.end(), field) != source.entities.end();
    if (!entity) {
      error(Code::no_such_entity, grain.span, fmt::format("{} has no entity `{}`", source_words(source), key.name),
            "`per` an entity needs it in every stream and table of the formula");
      return std::nullopt;
    }
    Type type = source.fields[static_cast<size_t>(field)].type;
    type.optional = false;
    if (stream != streams.front() && type.kind != key.type.kind) {
      error(Code::dimension_type, grain.span,
            fmt::format("`{}` is {} in one stream and {} in another", key.name, show(key.type), show(type)));
      return std::nullopt;
    }
    key.type = type;
    key.rows[static_cast<size_t>(stream)] = field_row({.stream = stream, .table = -1, .base = {}}, field);
  }
  return key;
}

}  // namespace alidade
