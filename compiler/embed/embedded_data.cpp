// What a host program hands over, batch by batch; see embedded_data.h.
#include "compiler/embed/embedded_data.h"

#include <cstring>

namespace alidade::embed {

EmbeddedSource::~EmbeddedSource() {
  for (Part& part : parts_) {
    if (part.stream.release != nullptr) part.stream.release(&part.stream);
  }
}

void EmbeddedSource::add(ArrowSchema* schema, ArrowArray* batch) {
  Part& part = parts_.emplace_back();
  part.batch.schema = *schema;
  part.batch.array = *batch;
  schema->release = nullptr;
  batch->release = nullptr;
}

void EmbeddedSource::add(ArrowArrayStream* batches) {
  parts_.emplace_back().stream = *batches;
  batches->release = nullptr;
}

Result<bool> EmbeddedSource::next(Batch* batch) {
  while (!parts_.empty()) {
    Part& part = parts_.front();
    if (part.stream.release != nullptr) {
      Result<bool> more = next_of_stream(&part.stream, batch);
      if (!more) return more;
      if (!*more) {
        part.stream.release(&part.stream);
        parts_.pop_front();
        continue;
      }
    } else {
      *batch = std::move(part.batch);
      parts_.pop_front();
    }
    batch->file = name_;
    batch->first_row = rows_ + 1;
    rows_ += batch->array.length;
    return true;
  }
  return false;
}

Result<bool> EmbeddedSource::next_of_stream(ArrowArrayStream* stream, Batch* batch) const {
  const auto failed = [&](int code) {
    const char* why = stream->get_last_error(stream);
    return Error{
        7107, "the batches of " + name_ + " cannot be read: " + (why != nullptr ? why : std::strerror(code)), {}};
  };
  Batch next;
  if (const int code = stream->get_next(stream, &next.array); code != 0) return failed(code);
  if (next.array.release == nullptr) return false;
  if (const int code = stream->get_schema(stream, &next.schema); code != 0) return failed(code);
  *batch = std::move(next);
  return true;
}

}  // namespace alidade::embed
