// What is known of a stream's entities, drafted as a table. Door: draft_spec.h.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/driver/draft_names.h"
#include "compiler/driver/draft_spec.h"

namespace alidade {
namespace {

/// "user" of "user_id".
std::string without_id(const std::string& name) {
  return name.ends_with("_id") ? name.substr(0, name.size() - 3) : name;
}

/// Whether the names say that a column holds a stream's entity: `user_id` for `user`, or the `id` of `users`.
bool is_named(const DraftField& key, const Draft& draft, const std::string& entity) {
  const std::string who = without_id(entity), own = without_id(key.name);
  const bool plain = own.find('_') == std::string::npos && names_key(own);
  return own == who || (plain && (draft.name == who || draft.name == who + "s"));
}

/// Whether most entities of the stream are among the keys, as far as the values are known.
bool has_most(const ColumnProfile& key, const ColumnProfile& entity) {
  if (key.many) return true;
  const auto found = std::count_if(entity.values.begin(), entity.values.end(),
                                   [&](const std::string& value) { return key.values.contains(value); });
  return 2 * static_cast<size_t>(found) >= entity.values.size();
}

const DraftField* entity_of_many_rows(const Draft& draft) {
  for (const DraftField& field : draft.fields) {
    if (!draft.is_table && field.role == "entity" && !field.column->unique()) return &field;
  }
  return nullptr;
}

DraftField* key_for(Draft* draft, const DraftField& entity) {
  DraftField* key = nullptr;
  for (DraftField& field : draft->fields) {
    const bool fits = field.type == entity.type && field.column->unique() && is_named(field, *draft, entity.name) &&
                      has_most(*field.column, *entity.column);
    if (fits && key == nullptr) key = &field;
    if (!fits && field.name == entity.name) return nullptr;
  }
  return key;
}

void make_table(Draft* draft, DraftField* key, const DraftField& entity, const std::string& stream) {
  draft->is_table = true;
  for (DraftField& field : draft->fields) {
    if (field.role.empty() || &field == key) continue;
    field.reason = field.role != "time" ? ""
                                        : fmt::format(
                                              "what happened when is a stream's: to count {} by it, declare "
                                              "this file as one too, with `time {}`",
                                              draft->name, field.name);
    field.role.clear();
  }
  key->role = "entity";
  key->name = entity.name;
  key->optional = false;
  key->reason = fmt::format("one row for each {} of {}, so these columns are known there", entity.name, stream);
  const auto shown = std::find_if(draft->fields.begin(), draft->fields.end(),
                                  [](const DraftField& field) { return field.type.starts_with("one_of"); });
  if (shown != draft->fields.end()) key->reason += fmt::format(", as in --by {}.{}", entity.name, shown->name);
  std::rotate(draft->fields.begin(), draft->fields.begin() + (key - draft->fields.data()),
              draft->fields.begin() + (key - draft->fields.data()) + 1);
}

}  // namespace

void turn_into_tables(std::vector<Draft>* drafts) {
  for (Draft& draft : *drafts) {
    for (const Draft& other : *drafts) {
      const DraftField* entity = &draft == &other || draft.is_table ? nullptr : entity_of_many_rows(other);
      DraftField* key = entity == nullptr ? nullptr : key_for(&draft, *entity);
      if (key != nullptr) make_table(&draft, key, *entity, other.name);
    }
  }
}

}  // namespace alidade
