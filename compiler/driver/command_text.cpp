// The command line's own description, out of CLI11. Door: command_text.h.
#include "compiler/driver/command_text.h"

namespace alidade {
namespace {

/// "TEXT:{bash,zsh,fish}": an argument's kind, and what it can be.
void read_type(const std::string& type, FlagText* flag) {
  const size_t open = type.find('{'), close = type.rfind('}');
  flag->argument = type.substr(0, type.find(':'));
  if (open == std::string::npos || close == std::string::npos) return;
  for (size_t at = open + 1; at < close;) {
    const size_t end = std::min(type.find(',', at), close);
    flag->choices.push_back(type.substr(at, end - at));
    at = end + 1;
  }
}

FlagText flag_of(const CLI::Option& option) {
  FlagText flag;
  flag.name = "--" + option.get_lnames().front();
  if (!option.get_snames().empty()) flag.short_name = "-" + option.get_snames().front();
  flag.help = option.get_description();
  if (option.get_items_expected_max() > 0) read_type(option.get_type_name(), &flag);
  return flag;
}

}  // namespace

CommandText text_of(const CLI::App& app, const std::string& version) {
  CommandText command;
  command.version = version;
  command.help = app.get_description();
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    VerbText text;
    text.name = verb->get_name();
    text.help = verb->get_description();
    command.flags.clear();
    for (const CLI::Option* option : verb->get_options()) {
      if (option->get_lnames().empty()) {
        text.positional = option->get_name();
        text.positional_help = option->get_description();
        text.takes_metrics = text.positional_help.find("metric") != std::string::npos;
      } else if (option->get_group() == kEveryVerb || option->get_lnames().front() == "help") {
        command.flags.push_back(flag_of(*option));
      } else {
        text.flags.push_back(flag_of(*option));
      }
    }
    command.verbs.push_back(std::move(text));
  }
  return command;
}

}  // namespace alidade
