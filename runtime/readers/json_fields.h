// Picks the wanted scalars out of JSON objects: members by nested path, values of key-value lists by key. Numbers stay
// the text that they are written as, so nothing passes through a double. Internal to the readers' room; knows no Arrow;
// tested through readers.h in tests/unit/readers_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/readers/readers.h"

namespace alidade {

/// What an object gave for one path. The text lives until the next object is read.
struct JsonCell {
  enum class Kind : uint8_t {
    kAbsent,
    kNull,
    kText,    ///< a string, or a number, true or false as written
    kObject,  ///< an object or a list, where a field needs one value
  };
  Kind kind = Kind::kAbsent;
  std::string_view text;
};

class JsonFields {
 public:
  /// A path is a name, "device.os", or "event_params['page']": the value of the element whose key is "page" in a list
  /// of {"key": …, "value": …}, or the member "page" of an object. Of a value that is an object itself, as in
  /// {"int_value": 15}, its first member that is not null counts. A name with dots in it is found as one, too.
  explicit JsonFields(const std::vector<std::string>& paths);
  ~JsonFields();

  /// Reads one object. What is wrong with it, as the end of
  /// "the line …"; "" where it was read. `cells` gets one cell a path.
  std::string read(std::string_view text, std::vector<JsonCell>* cells);

  /// Adds the paths of all scalars of an object that are not among `columns` yet; types are "string", "number", "bool",
  /// "null", and "mixed" where objects differ.
  std::string describe(std::string_view text, std::vector<FileColumn>* columns);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace alidade
