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
        later(written.span, "a window with a parameter");
        return std::nullopt;
      }
      std::optional<Period> length = period(*written.length);
      if (!length) return std::nullopt;
      result.period = *length;
      return result;
    }
    case ast::WindowKind::kToDate:
      break;
  }
  result.kind = WindowKind::kToDate;
  if (written.fiscal) {
    later(written.span, "a fiscal grain");
    return std::nullopt;
  }
  std::string word = path_words(written.unit);
  std::optional<Grain> grain = grain_from_word(word);
  if (!grain) {
    unknown(Code::unknown_grain, written.unit.parts.front(), fmt::format("`{}` is no unit of the calendar", word),
            {"hour", "day", "week", "month", "quarter", "year"}, "write `month to date` or `year to date`");
    return std::nullopt;
  }
  result.unit = *grain;
  return result;
}

Term Analyser::moved(const Term& term, const Period& period) {
  Value node;
  node.kind = ValueKindTag::kAt;
  node.type = model_.value(term.value).type;
  node.a = term.value;
  node.period = period;
  return {build_.value(std::move(node)), term.open};
}

std::optional<Term> Analyser::at(const ast::Expr& expr) {
  std::optional<Term> term = value(*expr.a);
  const ast::Offset& offset = *expr.offset;
  if (offset.kind == ast::OffsetKind::kSame) {
    later(offset.span, "`same … last …`");
    return std::nullopt;
  }
  if (offset.mode != ast::OffsetMode::kUnstated) {
    later(offset.span, offset.mode == ast::OffsetMode::kFull ? "`full`" : "`same elapsed`");
    return std::nullopt;
  }
  std::optional<Period> ago = period(*offset.distance);
  if (!term || !ago) return std::nullopt;
  if (is_constant(term->value)) {
    error(Code::constant_over_time, expr.op, "a constant was the same then", "leave the offset out");
    return std::nullopt;
  }
  return moved(*term, *ago);
}

std::optional<Term> Analyser::per(const ast::Expr& expr) {
  std::optional<Term> term = value(*expr.a);
  if (expr.grain->fiscal) {
    later(expr.grain->span, "a fiscal grain");
    return std::nullopt;
  }
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
  term->open = key;
  return term;
}

std::optional<PerKey> Analyser::per_key(const ast::Grain& grain, ValueId value) {
  PerKey key;
  key.name = path_words(grain.path);
  if (std::optional<Grain> time = grain.path.parts.size() == 1 ? grain_from_word(key.name) : std::nullopt) {
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
      std::vector<std::string_view> candidates = {"hour", "day", "week", "month", "quarter", "year"};
      for (const ModelField& field : model_.streams[static_cast<size_t>(stream)].fields)
        candidates.push_back(field.name);
      unknown(Code::unknown_grain, grain.path.parts.front(),
              fmt::format("`{}` is no grain, no entity and no dimension of the stream `{}`", key.name,
                          model_.streams[static_cast<size_t>(stream)].name),
              candidates,
              "write a grain (`per day`), an entity (`per user`) or a field that every stream in the formula has");
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
      error(Code::no_such_entity, grain.span, fmt::format("the stream `{}` has no entity `{}`", source.name, key.name),
            "`per` an entity needs it in every stream of the formula");
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
