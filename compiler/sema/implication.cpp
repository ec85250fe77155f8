// Whether the rows that pass one condition all pass another, or none of them does: for `share`, and for conditions that
// no row passes. Sound: what cannot be shown is not claimed. Comparisons and `in` with constants are sets of values of
// what they ask about, and say whether a missing one passes. Part of the builder; tested in tests/unit/sema_test.cpp.
#include <algorithm>
#include <optional>

#include "compiler/sema/builder.h"

namespace alidade {
namespace {

enum class Shape : uint8_t { kNothing, kIn, kNotIn, kRange, kAll };

/// A set of values of `subject`.
struct Atom {
  RowId subject;
  Shape shape = Shape::kAll;
  RowKind relation = RowKind::kLess;  ///< kRange
  std::vector<RowId> values;          ///< constants; kRange: one
  bool missing = false;               ///< passes where the subject is missing
};

RowKind flipped(RowKind relation) {
  if (relation == RowKind::kLess) return RowKind::kGreater;
  if (relation == RowKind::kLessEqual) return RowKind::kGreaterEqual;
  if (relation == RowKind::kGreater) return RowKind::kLess;
  return relation == RowKind::kGreaterEqual ? RowKind::kLessEqual : relation;
}

RowKind opposite(RowKind relation) {
  if (relation == RowKind::kLess) return RowKind::kGreaterEqual;
  if (relation == RowKind::kLessEqual) return RowKind::kGreater;
  return relation == RowKind::kGreater ? RowKind::kLessEqual : RowKind::kLess;
}

Atom complement(Atom atom, bool optional) {
  switch (atom.shape) {
    case Shape::kNothing:
      atom.shape = Shape::kAll;
      break;
    case Shape::kAll:
      atom.shape = Shape::kNothing;
      break;
    case Shape::kIn:
      atom.shape = Shape::kNotIn;
      break;
    case Shape::kNotIn:
      atom.shape = Shape::kIn;
      break;
    case Shape::kRange:
      atom.relation = opposite(atom.relation);
      break;
  }
  atom.missing = optional && !atom.missing;
  return atom;
}

std::optional<Atom> atom_of(const Model& model, RowId id) {
  const Row& row = model.row(id);
  if (row.kind == RowKind::kNot) {
    std::optional<Atom> inner = atom_of(model, row.a);
    if (!inner) return std::nullopt;
    return complement(*inner, model.row(inner->subject).type.optional);
  }
  if (row.kind == RowKind::kIsNull)
    return Atom{.subject = row.a, .shape = Shape::kNothing, .values = {}, .missing = true};
  if (row.kind == RowKind::kIn) return Atom{.subject = row.a, .shape = Shape::kIn, .values = row.items};
  if (row.kind < RowKind::kEqual || row.kind > RowKind::kGreaterEqual) return std::nullopt;
  const bool left = model.row(row.a).kind == RowKind::kConst, right = model.row(row.b).kind == RowKind::kConst;
  if (left == right) return std::nullopt;
  const RowKind relation = left ? flipped(row.kind) : row.kind;
  const Shape shape = relation == RowKind::kEqual      ? Shape::kIn
                      : relation == RowKind::kNotEqual ? Shape::kNotIn
                                                       : Shape::kRange;
  return Atom{left ? row.b : row.a, shape, relation, {left ? row.a : row.b}, false};
}

/// -1, 0 or 1; for what has no order 0 or 1. Nothing for constants of different kinds.
std::optional<int> order_of(const Row& a, const Row& b) {
  if (representation(a.type) != representation(b.type)) return std::nullopt;
  auto order = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  switch (representation(a.type)) {
    case Representation::kExact: {
      int128 x = a.exact, y = b.exact;
      for (int i = a.type.scale; i < b.type.scale; ++i) {
        if (__builtin_mul_overflow(x, int128{10}, &x)) return std::nullopt;
      }
      for (int i = b.type.scale; i < a.type.scale; ++i) {
        if (__builtin_mul_overflow(y, int128{10}, &y)) return std::nullopt;
      }
      return order(x, y);
    }
    case Representation::kFloat:
      return order(a.number, b.number);
    case Representation::kText:
      return a.text == b.text ? 0 : 1;
    case Representation::kOneOf:
      return a.one_of == b.one_of ? 0 : 1;
    case Representation::kBoolean:
      return a.truth == b.truth ? 0 : 1;
  }
  return std::nullopt;
}

bool passes(RowKind relation, int order) {
  if (relation == RowKind::kLess) return order < 0;
  if (relation == RowKind::kLessEqual) return order <= 0;
  return relation == RowKind::kGreater ? order > 0 : order >= 0;
}

/// Whether a value is in the set; nothing where that cannot be told.
std::optional<bool> contains(const Model& model, const Atom& atom, const Row& value) {
  if (atom.shape == Shape::kAll || atom.shape == Shape::kNothing) return atom.shape == Shape::kAll;
  bool found = false;
  for (RowId id : atom.values) {
    const std::optional<int> order = order_of(value, model.row(id));
    if (!order) return std::nullopt;
    if (atom.shape == Shape::kRange) return passes(atom.relation, *order);
    found = found || *order == 0;
  }
  return found == (atom.shape == Shape::kIn);
}

/// Whether all of some values are in the set, or all are not.
bool all_are(const Model& model, const Atom& atom, const std::vector<RowId>& values, bool inside) {
  return std::all_of(values.begin(), values.end(),
                     [&](RowId value) { return contains(model, atom, model.row(value)) == inside; });
}

/// Every value of a list; of other types nothing.
std::vector<Row> domain_of(const Model& model, RowId subject) {
  const Type& type = model.row(subject).type;
  std::vector<Row> values;
  if (type.kind != ValueKind::kOneOf) return values;
  for (uint32_t i = 0; i < model.lists[static_cast<size_t>(type.one_of)].size(); ++i) {
    values.push_back({.type = type, .items = {}, .text = {}, .one_of = i});
  }
  return values;
}

bool is_upper(RowKind relation) { return relation == RowKind::kLess || relation == RowKind::kLessEqual; }

bool same_subject(const Atom& a, const Atom& b) { return a.subject == b.subject; }

bool is_within(const Model& model, const Atom& a, const Atom& b) {
  if (!same_subject(a, b) || (a.missing && !b.missing)) return false;
  if (const std::vector<Row> domain = domain_of(model, a.subject); !domain.empty()) {
    return std::all_of(domain.begin(), domain.end(), [&](const Row& value) {
      return contains(model, a, value) == false || contains(model, b, value) == true;
    });
  }
  if (a.shape == Shape::kNothing || b.shape == Shape::kAll) return true;
  if (a.shape == Shape::kIn) return all_are(model, b, a.values, true);
  if (b.shape == Shape::kNotIn) return a.shape != Shape::kAll && all_are(model, a, b.values, false);
  if (a.shape != Shape::kRange || b.shape != Shape::kRange || is_upper(a.relation) != is_upper(b.relation))
    return false;
  if (all_are(model, b, a.values, true)) return true;
  return a.relation == b.relation && order_of(model.row(a.values[0]), model.row(b.values[0])) == 0;
}

bool is_apart(const Model& model, const Atom& a, const Atom& b) {
  if (!same_subject(a, b) || (a.missing && b.missing)) return false;
  if (const std::vector<Row> domain = domain_of(model, a.subject); !domain.empty()) {
    return std::all_of(domain.begin(), domain.end(), [&](const Row& value) {
      return contains(model, a, value) == false || contains(model, b, value) == false;
    });
  }
  if (a.shape == Shape::kNothing || b.shape == Shape::kNothing) return true;
  if (a.shape == Shape::kIn) return all_are(model, b, a.values, false);
  if (b.shape == Shape::kIn) return all_are(model, a, b.values, false);
  if (a.shape != Shape::kRange || b.shape != Shape::kRange || is_upper(a.relation) == is_upper(b.relation))
    return false;
  return all_are(model, b, a.values, false) || all_are(model, a, b.values, false);
}

}  // namespace

bool Builder::excludes(RowId a, RowId b) const {
  const Row& row = model_.row(b);
  if (row.kind == RowKind::kNot && row.a == a) return true;
  if (row.kind == RowKind::kAnd) return excludes(a, row.a) || excludes(a, row.b);
  if (row.kind == RowKind::kOr) return excludes(a, row.a) && excludes(a, row.b);
  const Row& given = model_.row(a);
  if (given.kind == RowKind::kNot && given.a == b) return true;
  if (given.kind == RowKind::kAnd) return excludes(given.a, b) || excludes(given.b, b);
  if (given.kind == RowKind::kOr) return excludes(given.a, b) && excludes(given.b, b);
  const std::optional<Atom> x = atom_of(model_, a), y = atom_of(model_, b);
  return x && y && is_apart(model_, *x, *y);
}

bool Builder::always(RowId a) const {
  const std::vector<RowId> cases = disjuncts(a);
  for (RowId one : cases) {
    const std::optional<Atom> atom = atom_of(model_, one);
    if (!atom) continue;
    const Atom rest = complement(*atom, model_.row(atom->subject).type.optional);
    const Atom none{.subject = atom->subject, .shape = Shape::kNothing, .values = {}};
    if (is_within(model_, rest, none)) return true;
    for (RowId other : cases) {
      const std::optional<Atom> beside = atom_of(model_, other);
      if (beside && is_within(model_, rest, *beside)) return true;
    }
  }
  return false;
}

/// Of two conditions that are neither `and` nor `or`, or of one against the cases of an `or`.
bool Builder::part_implies(RowId a, RowId b) const {
  if (a == b) return true;
  const Row& wanted = model_.row(b);
  const std::optional<Atom> x = atom_of(model_, a);
  if (!x) return false;
  if (wanted.kind != RowKind::kOr) {
    const std::optional<Atom> y = atom_of(model_, b);
    return y && is_within(model_, *x, *y);
  }
  // Each of several values may be in another case.
  const std::vector<RowId> cases = disjuncts(b);
  return x->shape == Shape::kIn && !x->missing && std::all_of(x->values.begin(), x->values.end(), [&](RowId value) {
           return std::any_of(cases.begin(), cases.end(), [&](RowId one) {
             const std::optional<Atom> y = atom_of(model_, one);
             return y && same_subject(*x, *y) && contains(model_, *y, model_.row(value)) == true;
           });
         });
}

bool Builder::implies(RowId a, RowId b) const {
  const std::vector<RowId> given = conjuncts(a);
  auto holds = [&](RowId wanted) {
    const Row& row = model_.row(wanted);
    const std::vector<RowId> ruled_out = row.kind == RowKind::kNot ? disjuncts(row.a) : std::vector<RowId>();
    const bool all_out = std::all_of(ruled_out.begin(), ruled_out.end(), [&](RowId one) {
      return std::any_of(given.begin(), given.end(), [&](RowId part) { return excludes(part, one); });
    });
    if (!ruled_out.empty() && all_out) return true;
    for (RowId part : given) {
      if (part_implies(part, wanted)) return true;
      std::vector<RowId> cases = disjuncts(part);
      if (cases.size() > 1 &&
          std::all_of(cases.begin(), cases.end(), [&](RowId one) { return implies(one, wanted); })) {
        return true;
      }
    }
    std::vector<RowId> choices = disjuncts(wanted);
    return choices.size() > 1 &&
           std::any_of(choices.begin(), choices.end(), [&](RowId one) { return implies(a, one); });
  };
  std::vector<RowId> wanted = conjuncts(b);
  return std::all_of(wanted.begin(), wanted.end(), holds);
}

}  // namespace alidade
