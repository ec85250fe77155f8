// Writes a file whole or not at all: to a temporary name in the same folder, then renamed. Door of
// compiler/driver/write_file; tested in tests/unit/driver_test.cpp.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base.h"

namespace alidade {

/// Error AL8201 (a full disk, a folder that is not there, no right to write): nothing is left behind and an older file
/// of that name stays as it was.
Status write_file(const std::string& path, std::string_view text);

/// The same error where stdout cannot take it.
Status write_stdout(std::string_view text);

/// Error AL1101 where it cannot be read. "-" reads the standard input.
Result<std::string> read_file(const std::string& path);

}  // namespace alidade
