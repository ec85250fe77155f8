// The command `alidade`.
#include "compiler/driver/command.h"

int main(int argc, char** argv) { return alidade::run_command(argc, argv); }
