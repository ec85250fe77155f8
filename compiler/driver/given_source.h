// The rows of a test's `given` as a source: one utf8 column per field of the stream or table, "" missing, columns that
// the test leaves out missing throughout. Door of compiler/driver/given_source; tested in
// tests/unit/test_runner_test.cpp.
#pragma once

#include <cstddef>

#include "compiler/sema/model.h"
#include "runtime/batch.h"

namespace alidade {

class GivenSource : public BatchSource {
 public:
  /// No rows, for a stream or table that the test does not mention. Of `given`, when there is one, the rows in batches
  /// of `batch_rows` (0: all in one). `given` outlives the source.
  GivenSource(SourceSchema schema, const TestGiven* given, size_t batch_rows = 0);
  Result<bool> next(Batch* batch) override;

 private:
  SourceSchema schema_;
  const TestGiven* given_;
  size_t batch_rows_;
  size_t next_row_ = 0;
};

}  // namespace alidade
