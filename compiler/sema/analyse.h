// Syntax tree to typed model, and report requests resolved against a model. Part of compiler/sema's door.
// Tested in tests/diagnostics/*.metric and tests/unit/sema_test.cpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/sema/model.h"
#include "compiler/syntax/parse.h"

namespace alidade {

/// A file and everything it imports, each file once and the file itself first. `imports[f][i]` is what the i-th import
/// of files[f] names; -1 where it could not be read, which is reported.
struct SpecFiles {
  std::vector<const Syntax*> files;
  std::vector<std::vector<int>> imports;
};

/// Always returns a model; what was reported as an error is absent from it, so use it only when the sink has none.
Model analyse(const SpecFiles& files, DiagnosticSink& sink);
/// A file that imports nothing.
Model analyse(const Syntax& syntax, DiagnosticSink& sink);

/// The model as stable text: `--dump=types`, one line a metric with its type, then its expression.
std::string dump_model(const Model& model);

/// A dimension of a report, resolved in each stream an output reads: rows[s] is invalid for other streams.
struct ResolvedDimension {
  Dimension shown;
  std::vector<RowId> rows;
};

/// One column of a report.
struct RequestOutput {
  std::string name;
  std::string title, format;
  ValueId value;
  Type type;
  Grain grain = Grain::kWhole;
  std::vector<ResolvedDimension> dimensions;
  int top = 0;  ///< groups shown by themselves, the others as one; 0: all
  std::vector<int> streams;
};

/// What is to be computed: the input of the reference and, lowered, of the native path. One run, one request.
struct Request {
  std::vector<RequestOutput> outputs;
  /// Buckets that the range cuts need cells of a day: set where from or to lie inside a bucket of some output's grain.
  bool cut_by_day = false;
};

struct ReportSpec {
  std::vector<std::string> metrics;  ///< empty: all
  std::optional<Grain> grain;        ///< --per
  std::vector<std::string> by;       ///< --by, after each metric's own
  int top = 0;                       ///< --top, instead of each metric's own; 0: not given
  std::optional<Instant> from, to;
};

/// Errors (an unknown metric or dimension, a coarser or finer grain than a fixed-grain metric's) carry AL8xxx codes;
/// `notes` gets a line for each metric left out because no metric was named and its own grain does not fit.
Result<Request> resolve_request(const Model& model, const Calendar& calendar, const ReportSpec& spec,
                                std::vector<std::string>* notes);

/// The expectations of a test as a request: outputs[i] belongs to expectations[i].
Request request_of_test(const Model& model, const ModelTest& test);

}  // namespace alidade
