// Units: interning, products and their words. Door: unit.h.
#include "compiler/types/unit.h"

#include <algorithm>

namespace alidade {
namespace {

using Powers = std::vector<std::pair<uint32_t, int>>;

Powers combine(const Powers& a, const Powers& b, int sign) {
  Powers result = a;
  for (const auto& [base, power] : b) {
    auto at = std::find_if(result.begin(), result.end(), [&](const auto& entry) { return entry.first == base; });
    if (at == result.end()) {
      result.emplace_back(base, sign * power);
    } else {
      at->second += sign * power;
    }
  }
  std::erase_if(result, [](const auto& entry) { return entry.second == 0; });
  std::sort(result.begin(), result.end());
  return result;
}

std::string factor(const UnitTable::Base& base, int power, bool alone) {
  std::string text = base.symbol;
  if (alone && base.kind == BaseUnitKind::kCounted) text = plural(text);
  if (power > 1) text += "^" + std::to_string(power);
  return text;
}

}  // namespace

std::string plural(std::string_view word) {
  const bool after_consonant = word.size() >= 2 && std::string_view("aeiou").find(word[word.size() - 2]) == word.npos;
  if (word.ends_with('s')) return std::string(word);
  if (word.ends_with('y') && after_consonant) return std::string(word.substr(0, word.size() - 1)) + "ies";
  if (word.ends_with('x') || word.ends_with("ch") || word.ends_with("sh")) return std::string(word) + "es";
  return std::string(word) + "s";
}

UnitTable::UnitTable() {
  units_.emplace_back();
  index_[{}] = 0;
}

UnitId UnitTable::intern(Powers powers) {
  auto [at, inserted] = index_.try_emplace(powers, static_cast<uint32_t>(units_.size()));
  if (inserted) units_.push_back(std::move(powers));
  return {at->second};
}

UnitId UnitTable::base(std::string_view symbol, BaseUnitKind kind) {
  for (uint32_t i = 0; i < bases_.size(); ++i) {
    if (bases_[i].symbol == symbol && bases_[i].kind == kind) return intern({{i, 1}});
  }
  bases_.push_back({std::string(symbol), kind});
  return intern({{static_cast<uint32_t>(bases_.size() - 1), 1}});
}

UnitId UnitTable::multiply(UnitId a, UnitId b) { return intern(combine(powers(a), powers(b), 1)); }
UnitId UnitTable::divide(UnitId a, UnitId b) { return intern(combine(powers(a), powers(b), -1)); }

std::string UnitTable::display(UnitId unit) const {
  const Powers& all = powers(unit);
  bool fraction = std::any_of(all.begin(), all.end(), [](const auto& entry) { return entry.second < 0; });
  std::string above, below;
  for (const auto& [base, power] : all) {
    std::string& side = power > 0 ? above : below;
    if (!side.empty()) side += " ";
    side += factor(bases_[base], power > 0 ? power : -power, !fraction);
  }
  if (below.empty()) return above;
  return above.empty() ? "per " + below : above + " per " + below;
}

bool UnitTable::is_counted(UnitId unit) const {
  const Powers& all = powers(unit);
  return !all.empty() && std::all_of(all.begin(), all.end(), [&](const auto& entry) {
    return bases_[entry.first].kind == BaseUnitKind::kCounted;
  });
}

bool UnitTable::has_declared(UnitId unit) const {
  const Powers& all = powers(unit);
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& entry) { return bases_[entry.first].kind == BaseUnitKind::kDeclared; });
}

UnitTable::Shape UnitTable::shape(UnitId unit) const {
  Shape shape;
  for (const auto& [base, power] : powers(unit)) {
    switch (bases_[base].kind) {
      case BaseUnitKind::kCurrency:
        (shape.currencies == 0 ? shape.currency : shape.other) += power;
        ++shape.currencies;
        break;
      case BaseUnitKind::kTime:
        shape.time += power;
        break;
      case BaseUnitKind::kCounted:
      case BaseUnitKind::kDeclared:
        break;
    }
  }
  return shape;
}

}  // namespace alidade
