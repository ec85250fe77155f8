// The verbs of the command: each takes what was asked for and returns the exit code. Door of compiler/driver/verbs.
// Data goes to stdout, everything else to stderr. Tested in tests/command.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/driver/terminal.h"

namespace alidade {

constexpr const char* kVersion = "0.1.0";

/// Exit codes, the same for every verb.
constexpr int kClean = 0;     ///< nothing found
constexpr int kFindings = 1;  ///< errors in a spec, a failed test, an overflow
constexpr int kCouldNot = 2;  ///< usage, a missing file, bad data, a full disk

struct InitArguments {
  std::string folder = ".";
  std::vector<std::string> from;  ///< data files to draft a stream from, each; none: a sample project
};
int verb_init(const InitArguments& arguments, const Terminal& terminal);
/// verb_init with `from`.
int draft_project(const InitArguments& arguments, const Terminal& terminal);

struct CheckArguments {
  std::vector<std::string> files;  ///< none: the project's
  std::string format = "text";     ///< of kFindingFormats
  bool fix = false;                ///< mend in place what is certain
};
int verb_check(const CheckArguments& arguments, const Terminal& terminal);

struct RunArguments {
  std::vector<std::string> names;  ///< metrics, and spec files (what ends in .metric)
  std::string per;
  std::vector<std::string> by;
  int top = 0;  ///< 0: each metric's own
  std::string from, to;
  std::vector<std::string> data;  ///< STREAM=PATH
  std::string profile;
  std::string engine = "native";  ///< native, reference
  std::string tier = "auto";      ///< auto, o0, o1, alternating
  bool no_cache = false;          ///< of compiled code
  std::string format;  ///< table, markdown, csv, json, parquet, arrow; "": by the ending of `output`, else table
  std::string output;  ///< a file; "": stdout
  int threads = 0;
  std::string bad_rows = "stop";  ///< stop, skip
  std::string dump;               ///< ast, types, lowered, plan, llvm; "": none
};
int verb_run(const RunArguments& arguments, const Terminal& terminal);

struct TestArguments {
  std::vector<std::string> files;
  std::string tier = "o0";      ///< as for run
  std::string format = "text";  ///< of kFindingFormats
};
int verb_test(const TestArguments& arguments, const Terminal& terminal);

struct FmtArguments {
  std::vector<std::string> files;  ///< "-": stdin to stdout
  bool check = false;
};
int verb_fmt(const FmtArguments& arguments, const Terminal& terminal);

struct ExplainArguments {
  std::vector<std::string> names;  ///< one code or metric, and spec files; none: all codes are listed
};
int verb_explain(const ExplainArguments& arguments, const Terminal& terminal);

}  // namespace alidade
