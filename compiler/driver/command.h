// The command line: which verb, with which arguments. Door of compiler/driver/command; tested in tests/command.
#pragma once

namespace alidade {

/// Runs the command and returns its exit code.
int run_command(int argc, const char* const* argv);

}  // namespace alidade
