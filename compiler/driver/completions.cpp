// Completions and the man page. Door: completions.h.
#include "compiler/driver/completions.h"

#include <fmt/format.h>

namespace alidade {
namespace {

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::vector<std::string> flag_names(const VerbText& verb, const CommandText& command) {
  std::vector<std::string> names;
  for (const auto* flags : {&verb.flags, &command.flags}) {
    for (const FlagText& flag : *flags) names.push_back(flag.name);
  }
  return names;
}

std::vector<std::string> verb_list(const CommandText& command) {
  std::vector<std::string> names;
  for (const VerbText& verb : command.verbs) names.push_back(verb.name);
  return names;
}

/// In single quotes of a shell, where a quote cannot stand.
std::string quoted(std::string text) {
  for (size_t at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 4)) text.replace(at, 1, "'\\''");
  return "'" + text + "'";
}

std::string bash_script(const CommandText& command) {
  std::string text =
      "# bash completion for alidade:  source <(alidade completions bash)\n"
      "_alidade() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" verb=\"${COMP_WORDS[1]}\"\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n";
  text += fmt::format("    COMPREPLY=($(compgen -W {} -- \"$word\"))\n    return\n  fi\n",
                      quoted(joined(verb_list(command)) + " --help --version"));
  text += "  case \"$verb $before\" in\n";
  for (const VerbText& verb : command.verbs) {
    for (const auto* flags : {&verb.flags, &command.flags}) {
      for (const FlagText& flag : *flags) {
        if (flag.choices.empty()) continue;
        text += fmt::format("    {}) COMPREPLY=($(compgen -W {} -- \"$word\")); return ;;\n",
                            quoted(verb.name + " " + flag.name), quoted(joined(flag.choices)));
      }
    }
  }
  text += "  esac\n  case \"$verb\" in\n";
  for (const VerbText& verb : command.verbs) {
    const std::string metrics = verb.takes_metrics ? " $(alidade completions metrics 2>/dev/null)" : "";
    text += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}{}\" -- \"$word\")) ;;\n", verb.name,
                        joined(flag_names(verb, command)), metrics);
  }
  return text + "  esac\n}\ncomplete -o default -F _alidade alidade\n";
}

/// A description in a zsh specification may hold no brackets and no colons.
std::string zsh_words(const std::string& help) {
  std::string words;
  for (const char c : help) {
    if (c == '[' || c == ']' || c == ':') words += '\\';
    words += c;
  }
  return words;
}

std::string zsh_flag(const FlagText& flag) {
  std::string spec = fmt::format("{}[{}]", flag.name, zsh_words(flag.help));
  if (!flag.choices.empty())
    spec += fmt::format(":{}:({})", flag.name.substr(2), joined(flag.choices));
  else if (!flag.argument.empty())
    spec += fmt::format(":{}:_files", flag.name.substr(2));
  return quoted(spec);
}

std::string zsh_script(const CommandText& command) {
  std::string text = "#compdef alidade\n_alidade() {\n  if (( CURRENT == 2 )); then\n    _values verb";
  for (const VerbText& verb : command.verbs)
    text += " " + quoted(fmt::format("{}[{}]", verb.name, zsh_words(verb.help.substr(verb.help.rfind("\n\n") + 2))));
  text += "\n    return\n  fi\n  case $words[2] in\n";
  for (const VerbText& verb : command.verbs) {
    text += fmt::format("    {})\n      _arguments", verb.name);
    for (const auto* flags : {&verb.flags, &command.flags}) {
      for (const FlagText& flag : *flags) text += " \\\n        " + zsh_flag(flag);
    }
    text += verb.takes_metrics ? " \\\n        '*:metric:($(alidade completions metrics 2>/dev/null))' ;;\n"
                               : " \\\n        '*:file:_files' ;;\n";
  }
  return text + "  esac\n}\n_alidade \"$@\"\n";
}

std::string fish_script(const CommandText& command) {
  std::string text = "# fish completion for alidade:  alidade completions fish | source\n";
  for (const VerbText& verb : command.verbs) {
    text += fmt::format("complete -c alidade -n __fish_use_subcommand -a {} -d {}\n", verb.name,
                        quoted(verb.help.substr(verb.help.rfind("\n\n") + 2)));
    const std::string within = fmt::format("complete -c alidade -n '__fish_seen_subcommand_from {}'", verb.name);
    for (const auto* flags : {&verb.flags, &command.flags}) {
      for (const FlagText& flag : *flags) {
        text += fmt::format("{} -l {}", within, flag.name.substr(2));
        if (!flag.short_name.empty()) text += " -s " + flag.short_name.substr(1);
        if (!flag.choices.empty())
          text += " -x -a " + quoted(joined(flag.choices));
        else if (!flag.argument.empty())
          text += " -r";
        text += " -d " + quoted(flag.help) + "\n";
      }
    }
    if (verb.takes_metrics) text += within + " -a '(alidade completions metrics 2>/dev/null)'\n";
  }
  return text;
}

/// A line of roff: a dot or a quote at its beginning would be a request.
std::string roff(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == '\n';
    if (begins && (text[i] == '.' || text[i] == '\'')) result += "\\&";
    if (text[i] == '\\')
      result += "\\e";
    else if (text[i] == '-')
      result += "\\-";
    else
      result += text[i];
  }
  return result;
}

std::string roff_flags(const std::vector<FlagText>& flags) {
  std::string text;
  for (const FlagText& flag : flags) {
    const std::string names = (flag.short_name.empty() ? "" : flag.short_name + ", ") + flag.name;
    text += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(names),
                        flag.argument.empty() ? "" : " \\fI" + roff(flag.argument) + "\\fR", roff(flag.help));
  }
  return text;
}

}  // namespace

std::string completion_script(const CommandText& command, const std::string& shell) {
  return shell == "bash" ? bash_script(command) : shell == "zsh" ? zsh_script(command) : fish_script(command);
}

std::string man_page(const CommandText& command) {
  std::string text = fmt::format(
      ".TH ALIDADE 1 \"\" \"alidade {}\" \"User Commands\"\n.SH NAME\nalidade \\- a compiler for product metrics\n"
      ".SH SYNOPSIS\n.B alidade\n\\fIVERB\\fR [\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n.nf\n{}\n.fi\n",
      roff(command.version), roff(command.help));
  for (const VerbText& verb : command.verbs) {
    text += fmt::format(".SH \"alidade {}\"\n.nf\n{}\n.fi\n", roff(verb.name), roff(verb.help));
    if (!verb.positional.empty())
      text += fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(verb.positional), roff(verb.positional_help));
    text += roff_flags(verb.flags);
  }
  text += ".SH \"OPTIONS OF EVERY VERB\"\n" + roff_flags(command.flags);
  text +=
      ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colour where it is set and \\fB\\-\\-color\\fR does not say always\n"
      ".SH \"EXIT STATUS\"\n.TP\n0\nclean\n.TP\n1\nfindings: errors in a spec, a failed test, an overflow\n"
      ".TP\n2\ncould not run: usage, a missing file, bad data, a full disk\n"
      ".SH FILES\n.TP\n.I alidade.toml\nwhere a project's specs and data are; README.md lists its keys\n";
  return text;
}

}  // namespace alidade
