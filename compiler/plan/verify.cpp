// The promises of plan.h and program.h as checks over one plan. Each section runs only when what it indexes into is
// sound. See lower.h, verify.h.
#include "compiler/plan/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/plan/lower.h"

namespace alidade {
namespace {

/// Sources, domains and key spaces: what everything else indexes into.
void check_frame(const Plan& plan, std::vector<std::string>& messages) {
  const auto check_source = [&](const SourceSchema& source, int key, const char* what) {
    if (!in_range(key, source.fields)) messages.push_back(fmt::format("{} {} has no such field", what, source.name));
    for (const int field : {source.id, source.order, source.arrived, source.valid_from, source.valid_to}) {
      if (field != -1 && !in_range(field, source.fields)) {
        messages.push_back(fmt::format("{} {} has no such field", what, source.name));
      }
    }
  };
  for (const SourceSchema& stream : plan.streams) {
    check_source(stream, stream.table < 0 ? stream.time : stream.key, "stream");
    if (stream.table >= 0 && !in_range(stream.table, plan.tables)) {
      messages.push_back(fmt::format("stream {} has the rows of no table", stream.name));
    }
  }
  for (const SourceSchema& table : plan.tables) check_source(table, table.key, "table");
  for (size_t i = 0; i < plan.rates.size(); ++i) {
    const Rate& rate = plan.rates[i];
    const bool there =
        in_range(rate.table, plan.tables) && in_range(rate.field, plan.tables[static_cast<size_t>(rate.table)].fields);
    const FieldSchema* field =
        there ? &plan.tables[static_cast<size_t>(rate.table)].fields[static_cast<size_t>(rate.field)] : nullptr;
    if (field == nullptr || field->kind != FieldKind::kDecimal)
      messages.push_back(fmt::format("rate r{} is no exact field of a table", i));
    if (std::find(plan.rates.begin(), plan.rates.begin() + static_cast<std::ptrdiff_t>(i), rate) !=
        plan.rates.begin() + static_cast<std::ptrdiff_t>(i))
      messages.push_back(fmt::format("rate r{} is there twice", i));
  }
  for (size_t i = 0; i < plan.key_spaces.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (plan.key_spaces[j] == plan.key_spaces[i]) messages.push_back(fmt::format("key space k{} is there twice", i));
    }
    for (const Dimension& dimension : plan.key_spaces[i].dimensions) {
      const FieldKind kind = dimension.kind;
      const bool right = kind == FieldKind::kText || kind == FieldKind::kOneOf || kind == FieldKind::kBoolean ||
                         kind == FieldKind::kInteger;
      if (!right) messages.push_back(fmt::format("key space k{} has a dimension of no group", i));
    }
  }
  std::set<int> streams;
  for (size_t i = 0; i < plan.pipelines.size(); ++i) {
    const Pipeline& pipeline = plan.pipelines[i];
    if (!pipeline.source.derived()) {
      if (!streams.insert(pipeline.stream).second) messages.push_back("two pipelines read one stream");
    } else if (static_cast<size_t>(pipeline.source.pipeline) >= i) {
      messages.push_back(fmt::format("pipeline p{} stands before the one that it reads", i));
    }
  }
}

}  // namespace

std::vector<std::string> verify_plan(const Plan& plan) {
  std::vector<std::string> messages;
  check_frame(plan, messages);
  if (!messages.empty()) return messages;
  for (size_t i = 0; i < plan.pipelines.size(); ++i) verify_pipeline(plan, i, messages);
  if (messages.empty()) verify_formulas(plan, messages);
  return messages;
}

}  // namespace alidade
