// The command line. Door: command.h. CLI11 throws on a wrong one; that stops here.
#include "compiler/driver/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/driver/command_text.h"
#include "compiler/driver/findings.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"

namespace alidade {
namespace {

constexpr const char* kExamples =
    R"(  alidade init shop                              a new project with a spec, data and tests
  alidade check                                  are the project's specs right?
  alidade run                                    every metric, one value over all data
  alidade run revenue arpu --per week --by plan  two metrics by week and plan
  alidade run --per day --format csv -o days.csv every day, as CSV
  alidade test                                   run the specs' tests
  alidade explain AL4012                         what a message means, with an example

Alidade compiles product metrics from .metric files and computes them over your data.)";

constexpr const char* kRunExamples =
    R"(  alidade run
  alidade run revenue --per month --from 2026-01-01 --to 2026-07-01
  alidade run revenue buyers --per week --by plan,user.channel
  alidade run shop.metric --data orders=orders.csv --format json

Computes metrics over the project's data, or over what --data names.)";

struct Arguments {
  InitArguments init;
  CheckArguments check;
  RunArguments run;
  TestArguments test;
  FmtArguments fmt;
  ExplainArguments explain;
  std::string completions;  ///< bash, zsh, fish; metrics: the project's, for the scripts
  std::string color = "auto";
  bool quiet = false, verbose = false;
};

void add_tier(CLI::App* verb, std::string& tier) {
  verb->add_option("--tier", tier, "native code: o0 (quickly made), o1 (quick), auto (one, then the other)")
      ->check(CLI::IsMember({"auto", "o0", "o1", "alternating"}));
}

void add_format(CLI::App* verb, std::string& format) {
  verb->add_option("--format", format, "text, json (a finding a line), sarif, github (annotations) or junit")
      ->check(CLI::IsMember(kFindingFormats));
}

void add_run(CLI::App& app, RunArguments& run) {
  CLI::App* verb = app.add_subcommand("run", kRunExamples);
  verb->add_option("metrics", run.names, "metrics (none: all) and spec files (none: the project's)");
  verb->add_option(
      "--per", run.per,
      "a value for each second, minute, hour, day, week, month, quarter, year, fiscal-quarter, fiscal-year");
  verb->add_option("--by", run.by, "a value for each value of these fields or attributes: plan,user.channel")
      ->delimiter(',');
  verb->add_option("--top", run.top, "of those only the largest by each metric, and the others together as one")
      ->check(CLI::Range(1, 1'000'000));
  verb->add_option("--from", run.from, "start of the report: 2026-01-01, 2026-01, \"2026-01-01 10:00\"");
  verb->add_option("--to", run.to, "its end, left out of it");
  verb->add_option("--data", run.data, "STREAM=PATH: a file, a folder or a pattern; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--profile", run.profile, "take the sources of [profiles.NAME] in alidade.toml");
  verb->add_option("--engine", run.engine, "native (fast) or reference (slow, obvious)")
      ->check(CLI::IsMember({"native", "reference"}));
  add_tier(verb, run.tier);
  verb->add_flag("--no-cache", run.no_cache, "neither look up nor keep compiled code");
  verb->add_option("--format", run.format,
                   "table, markdown, csv, json, parquet or arrow (default: by the ending of -o)")
      ->check(CLI::IsMember({"table", "markdown", "csv", "json", "parquet", "arrow"}));
  verb->add_option("-o,--output", run.output, "write to this file, whole or not at all");
  verb->add_option("--threads", run.threads,
                   "worker threads (0: all cores, or one for little data); results do not depend on it")
      ->check(CLI::Range(0, 1024));
  verb->add_option("--bad-rows", run.bad_rows, "stop at the first bad row, or skip and count them")
      ->check(CLI::IsMember({"stop", "skip"}));
  verb->add_option("--dump", run.dump, "print a phase's output instead: ast, types, lowered, plan, llvm")
      ->check(CLI::IsMember({"ast", "types", "lowered", "plan", "llvm"}));
}

void add_verbs(CLI::App& app, Arguments& arguments) {
  CLI::App* init =
      app.add_subcommand("init",
                         "  alidade init shop\n  alidade init --from orders.csv\n  alidade init --from "
                         "orders.csv --from users.parquet shop\n\nMakes a new project that passes its own tests, "
                         "or drafts one from data files.");
  init->add_option("folder", arguments.init.folder, "where; it is made if need be (default: here)");
  init->add_option("--from", arguments.init.from, "draft a stream from this data file; may be repeated")
      ->allow_extra_args(false);

  CLI::App* check = app.add_subcommand(
      "check",
      "  alidade check\n  alidade check --fix\n  alidade check shop.metric --format sarif > shop.sarif\n\nParses and "
      "type-checks specs; needs no data.");
  check->add_option("files", arguments.check.files, "spec files (none: the project's; -: stdin)");
  add_format(check, arguments.check.format);
  check->add_flag("--fix", arguments.check.fix, "mend in place what is certain, and check what results");

  add_run(app, arguments.run);

  CLI::App* test = app.add_subcommand(
      "test",
      "  alidade test\n  alidade test shop.metric --format junit > tests.xml\n\nRuns the tests of specs, each on both "
      "engines.");
  test->add_option("files", arguments.test.files, "spec files (none: the project's)");
  add_format(test, arguments.test.format);
  add_tier(test, arguments.test.tier);

  CLI::App* fmt = app.add_subcommand("fmt",
                                     "  alidade fmt\n  alidade fmt --check\n  alidade fmt - < shop.metric\n\nPuts "
                                     "specs into the one layout, in place.");
  fmt->add_option("files", arguments.fmt.files, "spec files (none: the project's; -: stdin to stdout)");
  fmt->add_flag("--check", arguments.fmt.check, "change nothing; exit 1 if a file would change");

  CLI::App* explain =
      app.add_subcommand("explain",
                         "  alidade explain AL4012\n  alidade explain revenue\n  alidade explain\n\n"
                         "Explains a message's code, or a metric: formula, type, plan. Alone it lists the "
                         "codes.");
  explain->add_option("name", arguments.explain.names, "a code or a metric, and spec files (none: the project's)");
}

void add_manual(CLI::App& app, Arguments& arguments) {
  CLI::App* completions = app.add_subcommand(
      "completions",
      "  source <(alidade completions bash)\n  alidade completions zsh > ~/.zfunc/_alidade\n  alidade completions "
      "fish | source\n\nPrints a shell's completions; `metrics` prints the names of the project's.");
  completions->add_option("shell", arguments.completions, "bash, zsh, fish or metrics")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "metrics"}));
  app.add_subcommand("man", "  alidade man | man -l -\n\nPrints the man page.");
  for (CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    verb->add_option("--color", arguments.color, "auto (on a terminal, if NO_COLOR is not set), always or never")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->group(kEveryVerb);
    verb->add_flag("--quiet", arguments.quiet, "say only what is wrong")->group(kEveryVerb);
    verb->add_flag("--verbose", arguments.verbose, "say what a run costs and where its time goes")->group(kEveryVerb);
  }
}

Terminal terminal_for(const Arguments& arguments) {
  Terminal terminal = detect_terminal();
  terminal.quiet = arguments.quiet;
  terminal.verbose = arguments.verbose;
  if (arguments.color != "auto") terminal.colour_out = terminal.colour_err = arguments.color == "always";
  return terminal;
}

int write_manual(const std::string& text, const Terminal& terminal) {
  const Status written = write_stdout(text);
  return written ? kClean : report_error(written.error(), terminal);
}

int complete(const CLI::App& app, const std::string& what, const Terminal& terminal) {
  if (what != "metrics") return write_manual(completion_script(text_of(app, kVersion), what), terminal);
  const Result<Project> project = current_project("");
  if (!project) return report_error(project.error(), terminal);
  const Result<std::vector<std::string>> paths = spec_paths({}, project.value());
  if (!paths) return report_error(paths.error(), terminal);
  DiagnosticSink sink;
  const Result<std::vector<Spec>> specs = load_specs(paths.value(), sink);
  if (!specs) return report_error(specs.error(), terminal);
  std::string names;
  for (const Spec& spec : specs.value()) {
    for (const ModelMetric& metric : spec.model.metrics) names += metric.name + "\n";
  }
  return write_manual(names, terminal);
}

int usage_error(const std::string& message, const std::string& verb) {
  std::fputs(fmt::format("alidade: {}\n  see: alidade {}--help\n", message, verb.empty() ? "" : verb + " ").c_str(),
             stderr);
  return kCouldNot;
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  const std::string meant = did_you_mean(word, {names.begin(), names.end()});
  return meant.empty() ? "" : fmt::format("; did you mean {}?", meant);
}

/// A flag nobody knows, with the known one that was likely meant.
std::string unknown_flag(const std::string& flag, const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string bare = flag.substr(0, flag.find('='));
  if (bare.empty() || bare[0] != '-') return fmt::format("\"{}\" is one argument too many", flag);
  return fmt::format("there is no flag {}{}", bare, suggestion(bare, names));
}

int report_parse_error(const CLI::App& app, const CLI::ParseError& problem) {
  const CLI::App* verb = app.get_subcommands().empty() ? &app : app.get_subcommands().front();
  const std::string name = verb == &app ? "" : verb->get_name();
  if (dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr) {
    const std::vector<std::string> extras = app.remaining(true);
    if (!extras.empty()) return usage_error(unknown_flag(extras.front(), *verb), name);
  }
  std::string message = problem.what();
  if (!message.empty() && message.back() == '.') message.pop_back();
  return usage_error(message, name);
}

int dispatch(const CLI::App& app, const Arguments& arguments) {
  const Terminal terminal = terminal_for(arguments);
  if (app.got_subcommand("init")) return verb_init(arguments.init, terminal);
  if (app.got_subcommand("check")) return verb_check(arguments.check, terminal);
  if (app.got_subcommand("run")) return verb_run(arguments.run, terminal);
  if (app.got_subcommand("test")) return verb_test(arguments.test, terminal);
  if (app.got_subcommand("fmt")) return verb_fmt(arguments.fmt, terminal);
  if (app.got_subcommand("completions")) return complete(app, arguments.completions, terminal);
  if (app.got_subcommand("man")) return write_manual(man_page(text_of(app, kVersion)), terminal);
  return verb_explain(arguments.explain, terminal);
}

}  // namespace

int run_command(int argc, const char* const* argv) {
  Arguments arguments;
  CLI::App app(kExamples, "alidade");
  app.set_version_flag("--version", std::string("alidade ") + kVersion);
  app.require_subcommand(0, 1);
  add_verbs(app, arguments);
  add_manual(app, arguments);
  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return kCouldNot;
  }
  const std::string first = argv[1];
  const std::vector<std::string> names = verb_names(app);
  if (first[0] != '-' && std::find(names.begin(), names.end(), first) == names.end()) {
    if (first == "help") {
      std::fputs(app.help().c_str(), stdout);
      return kClean;
    }
    return usage_error(fmt::format("there is no verb \"{}\"{}", first, suggestion(first, names)), "");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* verb = app.get_subcommands().empty() ? &app : app.get_subcommands().front();
    std::fputs(verb->help().c_str(), stdout);
    return kClean;
  } catch (const CLI::CallForVersion&) {
    std::fputs(fmt::format("alidade {}\n", kVersion).c_str(), stdout);
    return kClean;
  } catch (const CLI::ParseError& problem) {
    return report_parse_error(app, problem);
  }
  if (app.get_subcommands().empty()) return usage_error("a verb is needed", "");
  return dispatch(app, arguments);
}

}  // namespace alidade
