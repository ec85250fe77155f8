// The command `alidade`.
#include <unistd.h>

#include <cstdio>

#include "compiler/driver/command.h"

/// Leaves without taking the libraries down: the system does that faster, and a compilation beside need not be waited
/// for.
int main(int argc, char** argv) {
  const int code = alidade::run_command(argc, argv);
  std::fflush(nullptr);
  _exit(code);
}
