// The command `alidade`.
#include <unistd.h>

#include <cstdio>

#include "compiler/driver/command.h"
#include "compiler/native/compile.h"

int main(int argc, char** argv) {
  const int code = alidade::run_command(argc, argv);
  std::fflush(nullptr);
  if (alidade::is_compiling()) _exit(code);
  return code;
}
