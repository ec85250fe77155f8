// Certain fixes put into spec files, in place: `check --fix`. Door of compiler/driver/fix_files; tested in
// tests/command/fix_test.py.
#pragma once

#include <string>
#include <vector>

#include "compiler/driver/terminal.h"
#include "runtime/base.h"

namespace alidade {

/// Checks the files and mends what is certain until nothing is left, and says on stderr what it changed. Only the files
/// named here are written, each whole or not at all, and none that would parse worse than before. Returns how many
/// fixes were made.
Result<size_t> fix_files(const std::vector<std::string>& paths, const Terminal& terminal);

}  // namespace alidade
