// All of the standard input in a file without a name, for what is read twice. Door of compiler/driver/spooled_input;
// tested in tests/command.
#pragma once

#include <memory>
#include <string>

#include "runtime/base.h"

namespace alidade {

class SpooledInput {
 public:
  /// Error AL7107 where it cannot be kept, on a full disk for example.
  static Result<std::unique_ptr<SpooledInput>> read();
  ~SpooledInput();
  /// Can be read as long as this lives.
  std::string path() const;

 private:
  int file_ = -1;
};

}  // namespace alidade
