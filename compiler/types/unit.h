// Units as an algebra: products of powers of base units (currencies, time, counted things). Part of compiler/types.
// A UnitTable owns its units; ids of one table compare by identity. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alidade {

struct UnitId {
  uint32_t index = 0;  ///< 0 is the unit of a plain number
  friend bool operator==(UnitId, UnitId) = default;
};

/// "country" → "countries"
std::string plural(std::string_view word);

enum class BaseUnitKind : uint8_t {
  kCurrency,
  kTime,
  kCounted,   ///< rows and entities: a plain number stands for them
  kDeclared,  ///< `unit story_point`
};

class UnitTable {
 public:
  UnitTable();
  static UnitId one() { return {}; }
  UnitId base(std::string_view symbol, BaseUnitKind kind);
  UnitId time() { return base("time", BaseUnitKind::kTime); }  ///< durations are microseconds of it
  UnitId multiply(UnitId a, UnitId b);
  UnitId divide(UnitId a, UnitId b);
  /// "USD per user", "users", "" for a plain number.
  std::string display(UnitId unit) const;
  bool is_counted(UnitId unit) const;  ///< only counted things, so a plain number may be compared with it
  bool has_declared(UnitId unit) const;
  struct Base {
    std::string symbol;
    BaseUnitKind kind;
  };
  /// What decides the kind of a product: the powers of time and of currencies. `other`: of a second, third… currency.
  struct Shape {
    int currencies = 0;
    int currency = 0;
    int other = 0;
    int time = 0;
    bool money() const { return currencies == 1 && currency == 1 && time == 0; }
    bool duration() const { return currencies == 0 && time == 1; }
  };
  Shape shape(UnitId unit) const;
  const std::vector<std::pair<uint32_t, int>>& powers(UnitId unit) const { return units_[unit.index]; }
  const Base& base_of(uint32_t index) const { return bases_[index]; }

 private:
  UnitId intern(std::vector<std::pair<uint32_t, int>> powers);
  std::vector<Base> bases_;
  std::vector<std::vector<std::pair<uint32_t, int>>> units_;
  std::map<std::vector<std::pair<uint32_t, int>>, uint32_t> index_;
};

}  // namespace alidade
