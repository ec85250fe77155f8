// Data that a host program hands over, as sources of the engine. Inside the room only; tested by examples/embed.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "runtime/batch.h"

namespace alidade::embed {

/// Batches of one stream in the order they were added: whole ones, or streams of them. Read once, from one thread.
class EmbeddedSource : public BatchSource {
 public:
  explicit EmbeddedSource(std::string name) : name_(std::move(name)) {}
  ~EmbeddedSource() override;
  EmbeddedSource(const EmbeddedSource&) = delete;
  EmbeddedSource& operator=(const EmbeddedSource&) = delete;

  void add(ArrowSchema* schema, ArrowArray* batch);
  void add(ArrowArrayStream* batches);
  Result<bool> next(Batch* batch) override;

 private:
  /// A batch, or a stream where `stream.release` is set.
  struct Part {
    Batch batch;
    ArrowArrayStream stream{};
  };
  Result<bool> next_of_stream(ArrowArrayStream* stream, Batch* batch) const;

  std::string name_;
  std::deque<Part> parts_;
  int64_t rows_ = 0;
};

}  // namespace alidade::embed
