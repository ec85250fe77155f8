// Ties and their message. Door: ties.h.
#include "runtime/ties.h"

#include <fmt/format.h>

#include "runtime/format_value.h"

namespace alidade {
namespace {

constexpr int kTiedRows = 8204;

Error tie_error(const Tie& tie) {
  MetricInfo time;
  time.kind = ShownKind::kTimestamp;
  time.exact = true;
  std::string whose = tie.entity.empty() ? "" : fmt::format(" of {} `{}`", tie.entity, tie.key);
  return {kTiedRows,
          fmt::format("rows of the stream `{}`{} at {} differ, and nothing says which of them comes first", tie.stream,
                      whose, exact_number({Reason::kNone, int128{tie.time}}, time)),
          {"an `order` field in the stream says it, such as `order seq : integer`"}};
}

}  // namespace

void TieLog::add(Tie tie) {
  const std::lock_guard lock(mutex_);
  if (!least_ || tie < *least_) least_ = std::move(tie);
}

Status TieLog::status() const {
  const std::lock_guard lock(mutex_);
  if (least_) return tie_error(*least_);
  return Done{};
}

}  // namespace alidade
