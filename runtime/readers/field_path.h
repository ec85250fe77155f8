// Where a field is inside a nested row: "user", "device.os", "event_params['page']". Internal to the readers' room
// (door: readers.h); knows no Arrow.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace alidade {

/// Names from the top down, then a key of the key-value list they lead to.
struct FieldPath {
  std::vector<std::string> names;
  std::optional<std::string> key;
};

/// Never fails: what is not of the form above is one name. Keys stand in single or double quotes.
FieldPath parse_field_path(const std::string& source);

}  // namespace alidade
