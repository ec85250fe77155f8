// Libraries of others are heavy to load, so the rooms that cage them are libraries of their own, opened when first
// needed: they lie in alidade/ below the library folder of the installation, or of the build tree. Door of
// runtime/cage; tested in tests/command/cages_test.py. Safe on any thread; an opened library stays.
#pragma once

#include <string>

#include "runtime/base.h"

namespace alidade {

/// The file of the room `name` ("readers"), whether or not it is there.
std::string cage_file(const std::string& name);

/// The file that this code was loaded from: the command, a test, or libalidade.so.
std::string own_file();

/// What a caged room shows of itself: a struct of functions that begins with the version it was built with.
struct CageDoor {
  const char* version;
};

/// The door of the room `name`: its library's symbol alidade_NAME_door. Errors: AL8302 where the library is missing,
/// does not load, or is of another version.
Result<const CageDoor*> open_cage(const std::string& name);

}  // namespace alidade
