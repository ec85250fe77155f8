// What completions and the man page say, taken from the command line's own description. Internal to command.cpp: shows
// CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "compiler/driver/completions.h"

namespace alidade {

/// The group of the flags that every verb has.
constexpr const char* kEveryVerb = "Every verb";

CommandText text_of(const CLI::App& app, const std::string& version);

}  // namespace alidade
