// Words of the model to words of the plan: one switch each. Door: translate.h.
#include "compiler/plan/translate.h"

namespace alidade {

FormulaKind operator_kind(ValueKindTag kind) {
  switch (kind) {
    case ValueKindTag::kConst:
      return FormulaKind::kConst;
    case ValueKindTag::kNegate:
      return FormulaKind::kNegate;
    case ValueKindTag::kAdd:
      return FormulaKind::kAdd;
    case ValueKindTag::kSubtract:
      return FormulaKind::kSubtract;
    case ValueKindTag::kMultiply:
      return FormulaKind::kMultiply;
    case ValueKindTag::kDivide:
      return FormulaKind::kDivide;
    case ValueKindTag::kEqual:
      return FormulaKind::kEqual;
    case ValueKindTag::kNotEqual:
      return FormulaKind::kNotEqual;
    case ValueKindTag::kLess:
      return FormulaKind::kLess;
    case ValueKindTag::kLessEqual:
      return FormulaKind::kLessEqual;
    case ValueKindTag::kGreater:
      return FormulaKind::kGreater;
    case ValueKindTag::kGreaterEqual:
      return FormulaKind::kGreaterEqual;
    case ValueKindTag::kAnd:
      return FormulaKind::kAnd;
    case ValueKindTag::kOr:
      return FormulaKind::kOr;
    case ValueKindTag::kNot:
      return FormulaKind::kNot;
    case ValueKindTag::kIf:
      return FormulaKind::kIf;
    case ValueKindTag::kGreatest:
      return FormulaKind::kGreatest;
    case ValueKindTag::kLeast:
      return FormulaKind::kLeast;
    case ValueKindTag::kRound:
      return FormulaKind::kRound;
    case ValueKindTag::kCoalesce:
      return FormulaKind::kCoalesce;
    case ValueKindTag::kOver:
      return FormulaKind::kOver;
    case ValueKindTag::kAt:
      return FormulaKind::kAt;
    case ValueKindTag::kAggregate:
      return FormulaKind::kCell;
    case ValueKindTag::kCollapse:
      return FormulaKind::kCollapseTime;
    case ValueKindTag::kRate:
      return FormulaKind::kRate;
  }
  return FormulaKind::kConst;
}

Finish finish_of(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCount:
      return Finish::kCount;
    case Aggregate::kSum:
      return Finish::kSum;
    case Aggregate::kMean:
      return Finish::kMean;
    case Aggregate::kMin:
      return Finish::kMin;
    case Aggregate::kMax:
      return Finish::kMax;
    case Aggregate::kUnique:
      return Finish::kUnique;
    case Aggregate::kPercentile:
      return Finish::kPercentile;
    case Aggregate::kFirst:
      return Finish::kFirst;
    case Aggregate::kLast:
      return Finish::kLast;
    case Aggregate::kVariance:
      return Finish::kVariance;
    case Aggregate::kStddev:
      return Finish::kStddev;
  }
  return Finish::kCount;
}

al_accumulator_kind accumulator_kind(const Value& value, bool exact) {
  switch (value.aggregate) {
    case Aggregate::kCount:
      return AL_COUNT;
    case Aggregate::kSum:
    case Aggregate::kMean:
      return exact ? AL_SUM_EXACT : value.plain_sums ? AL_SUM_PLAIN : AL_SUM_FLOAT;
    case Aggregate::kMin:
      return exact ? AL_MIN_EXACT : AL_MIN_FLOAT;
    case Aggregate::kMax:
      return exact ? AL_MAX_EXACT : AL_MAX_FLOAT;
    case Aggregate::kPercentile:
      return exact ? AL_VALUES_EXACT : AL_VALUES_FLOAT;
    case Aggregate::kVariance:
    case Aggregate::kStddev:
      return exact ? AL_MOMENTS_EXACT : AL_MOMENTS_FLOAT;
    case Aggregate::kUnique:
      return AL_VALUES_KEY;
    case Aggregate::kFirst:
      return exact ? AL_FIRST_EXACT : AL_FIRST_FLOAT;
    case Aggregate::kLast:
      return exact ? AL_LAST_EXACT : AL_LAST_FLOAT;
  }
  return AL_COUNT;
}

CellValue constant_of(const Value& value) {
  CellValue constant;
  constant.reason = Reason::kNone;
  switch (representation(value.type)) {
    case Representation::kExact:
      constant.value = value.exact;
      break;
    case Representation::kBoolean:
      constant.value = value.truth;
      break;
    case Representation::kFloat:
    case Representation::kText:
    case Representation::kOneOf:
      constant.value = value.number == 0 ? 0.0 : value.number;
      break;
  }
  return constant;
}

Dimension dimension_of(const Model& model, const PerKey& key) {
  Dimension dimension;
  dimension.name = key.name;
  dimension.kind = field_kind(key.type.kind);
  if (dimension.kind == FieldKind::kOneOf) dimension.values = model.lists[static_cast<size_t>(key.type.one_of)];
  return dimension;
}

}  // namespace alidade
