// Shell completions and the man page, made from the command line's own description, so that they name every verb and
// flag. Door of compiler/driver/completions; tested in tests/command/manual_test.py. Pure functions.
#pragma once

#include <string>
#include <vector>

namespace alidade {

struct FlagText {
  std::string name;        ///< "--per"
  std::string short_name;  ///< "-o"; "" where there is none
  std::string argument;    ///< "TEXT"; "" of a flag without one
  std::string help;
  std::vector<std::string> choices;  ///< of the argument, where they are a list
};

struct VerbText {
  std::string name;
  std::string help;  ///< examples, an empty line, what it does
  std::vector<FlagText> flags;
  std::string positional;  ///< "metrics"; "" where it takes none
  std::string positional_help;
  bool takes_metrics = false;  ///< the project's metrics can stand there
};

struct CommandText {
  std::string version;
  std::string help;
  std::vector<VerbText> verbs;
  std::vector<FlagText> flags;  ///< that every verb has
};

/// `shell` is bash, zsh or fish. Metrics come from `alidade completions metrics`.
std::string completion_script(const CommandText& command, const std::string& shell);

/// roff, for man(1).
std::string man_page(const CommandText& command);

}  // namespace alidade
