// What the runtime needs of the model: schemas, and how values are shown. Door: model.h.
#include "compiler/sema/model.h"

#include <algorithm>
#include <cstdlib>

#include "runtime/format_value.h"

namespace alidade {
namespace {

ShownKind shown_kind(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInteger:
      return ShownKind::kInteger;
    case ValueKind::kDecimal:
      return ShownKind::kDecimal;
    case ValueKind::kNumber:
      return ShownKind::kNumber;
    case ValueKind::kRatio:
      return ShownKind::kRatio;
    case ValueKind::kPercent:
      return ShownKind::kPercent;
    case ValueKind::kMoney:
      return ShownKind::kMoney;
    case ValueKind::kDuration:
      return ShownKind::kDuration;
    case ValueKind::kTimestamp:
      return ShownKind::kTimestamp;
    case ValueKind::kBoolean:
      return ShownKind::kBoolean;
    case ValueKind::kText:
    case ValueKind::kUuid:
    case ValueKind::kOneOf:
      return ShownKind::kText;
  }
  return ShownKind::kText;
}

/// The words after a number: what is counted above the line goes without saying, and durations carry their own unit.
std::string shown_unit(const UnitTable& units, UnitId unit) {
  std::string above, below;
  for (const auto& [base, power] : units.powers(unit)) {
    const UnitTable::Base& one = units.base_of(base);
    if (one.kind == BaseUnitKind::kTime || (power > 0 && one.kind == BaseUnitKind::kCounted)) continue;
    std::string& side = power > 0 ? above : below;
    side += (side.empty() ? "" : " ") + one.symbol;
    if (std::abs(power) > 1) side += "^" + std::to_string(std::abs(power));
  }
  if (below.empty()) return above;
  return (above.empty() ? "per " : above + " per ") + below;
}

}  // namespace

SourceSchema schema_of(const Model& model, const ModelSource& source) {
  SourceSchema schema;
  schema.name = source.name;
  schema.time = source.time;
  schema.id = source.id;
  schema.order = source.order;
  schema.arrived = source.arrived;
  schema.key = source.key;
  schema.valid_from = source.valid_from;
  schema.valid_to = source.valid_to;
  schema.table = source.table;
  schema.late_micros = source.late_micros;
  for (const ModelField& field : source.fields) {
    FieldSchema one;
    one.name = field.name;
    one.source = field.source;
    one.kind = field_kind(field.type.kind);
    one.scale = field.type.scale;
    one.unit_micros = field.unit_micros;
    one.date_only = field.date_only;
    one.optional = field.type.optional;
    if (field.type.one_of >= 0) one.values = model.lists[static_cast<size_t>(field.type.one_of)];
    schema.fields.push_back(std::move(one));
  }
  return schema;
}

MetricInfo info_of(const Model& model, const Type& type) {
  MetricInfo info;
  info.kind = shown_kind(type.kind);
  info.exact = type.exact;
  info.scale = type.scale;
  info.unit = shown_unit(model.units, type.unit);
  if (type.kind == ValueKind::kMoney) info.shown_digits = minor_digits(info.unit.substr(0, info.unit.find(' ')));
  return info;
}

}  // namespace alidade
