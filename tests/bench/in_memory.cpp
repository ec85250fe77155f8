// Times the native engine: bench_in_memory SPEC STREAM FILE GRAIN DIMENSION THREADS RUNS memory|file. Over batches that
// already lie in memory, their text as dictionaries with indices of one byte where that is enough; or with reading the
// file in every run. Prints "compile SECONDS", "run SECONDS" per run on stderr and the result's long CSV rows on
// stdout. Not a test.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "compiler/driver/output.h"
#include "compiler/native/compile.h"
#include "compiler/passes/pass_list.h"
#include "compiler/plan/lower.h"
#include "compiler/sema/analyse.h"
#include "runtime/evaluator.h"
#include "runtime/readers/readers.h"

namespace alidade {
namespace {

[[noreturn]] void fail(const std::string& why) {
  std::cerr << why << "\n";
  std::exit(2);
}

template <typename T>
T take(Result<T> result) {
  if (!result.ok()) fail(result.error().message);
  return std::move(*result);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Hands out batches that it keeps: a consumer's release frees nothing.
class Memory : public BatchSource {
 public:
  explicit Memory(std::vector<Batch> batches) : batches_(std::move(batches)) {
    for (Batch& batch : batches_) {
      for (int64_t c = 0; c < batch.array.n_children; ++c) narrow(batch.schema.children[c], batch.array.children[c]);
    }
  }
  void rewind() { next_ = 0; }

  Result<bool> next(Batch* batch) override {
    if (next_ == batches_.size()) return false;
    const Batch& kept = batches_[next_++];
    batch->schema = kept.schema;
    batch->array = kept.array;
    batch->schema.release = [](ArrowSchema* schema) { schema->release = nullptr; };
    batch->array.release = [](ArrowArray* array) { array->release = nullptr; };
    batch->file = kept.file;
    batch->first_row = kept.first_row;
    return true;
  }

 private:
  // Indices of a small dictionary, which the file's reader makes of four bytes each, as bytes.
  void narrow(ArrowSchema* schema, ArrowArray* array) {
    if (schema->dictionary == nullptr || std::string(schema->format) != "i" || array->dictionary->length > 128) return;
    const int32_t* wide = static_cast<const int32_t*>(array->buffers[1]);
    std::vector<int8_t>& bytes = bytes_.emplace_back();
    for (int64_t i = 0; i < array->offset + array->length; ++i) bytes.push_back(static_cast<int8_t>(wide[i]));
    schema->format = "c";
    array->buffers[1] = bytes.data();
  }

  std::vector<Batch> batches_;
  std::deque<std::vector<int8_t>> bytes_;
  size_t next_ = 0;
};

std::unique_ptr<BatchSource> open_file(const std::string& path, const Program& program) {
  const PipelineProgram& pipeline = program.pipelines.at(0);
  const SourceSchema& schema = program.streams[static_cast<size_t>(pipeline.stream)];
  std::vector<int> fields = {schema.time};
  for (const ColumnUse& column : pipeline.columns) {
    if (column.kind == ColumnKind::kField && column.field != schema.time) fields.push_back(column.field);
  }
  return take(open_source({path, ""}, schema, fields, false));
}

Memory load(const std::string& path, const Program& program) {
  const std::unique_ptr<BatchSource> source = open_file(path, program);
  std::vector<Batch> batches;
  for (Batch batch; take(source->next(&batch)); batch = Batch()) batches.push_back(std::move(batch));
  return Memory(std::move(batches));
}

int main_of(const std::vector<std::string>& arguments) {
  if (arguments.size() != 8) fail("usage: bench_in_memory SPEC STREAM FILE GRAIN DIMENSION THREADS RUNS memory|file");
  std::ifstream in(arguments[0]);
  std::stringstream text;
  text << in.rdbuf();
  DiagnosticSink sink;
  Syntax syntax = parse(arguments[0], text.str(), sink);
  Model model = analyse(syntax, sink);
  if (sink.has_errors()) fail("the spec has errors: " + sink.all().front().message);
  Calendar calendar = take(Calendar::open(model.calendar));
  ReportSpec report;
  report.grain = grain_from_word(arguments[3]);
  report.by = {arguments[4]};
  std::vector<std::string> notes;
  Request request = take(resolve_request(model, calendar, report, &notes));

  auto start = std::chrono::steady_clock::now();
  Program program = take(compile(optimise(lower(model, request), false)));
  std::fprintf(stderr, "compile %.4f\n", seconds_since(start));

  const bool from_file = arguments[7] == "file";
  Memory memory = from_file ? Memory({}) : load(arguments[2], program);
  RunOptions options;
  options.threads = std::atoi(arguments[5].c_str());
  ResultSet result;
  for (int i = 0; i < std::atoi(arguments[6].c_str()); ++i) {
    memory.rewind();
    result = ResultSet();
    start = std::chrono::steady_clock::now();
    const std::unique_ptr<BatchSource> file = from_file ? open_file(arguments[2], program) : nullptr;
    BatchSource* source = from_file ? file.get() : &memory;
    result = take(run(program, {{arguments[1], source, std::nullopt}}, options));
    std::fprintf(stderr, "run %.4f\n", seconds_since(start));
  }
  std::cout << csv_text({{"", std::move(result), calendar}});
  return 0;
}

}  // namespace
}  // namespace alidade

int main(int argc, char** argv) { return alidade::main_of({argv + 1, argv + argc}); }
