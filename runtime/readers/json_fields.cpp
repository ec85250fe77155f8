// Objects through RapidJSON's document, numbers kept as text. Door: json_fields.h.
#include "runtime/readers/json_fields.h"

#include <rapidjson/document.h>

#include <algorithm>

#include "runtime/readers/field_path.h"

namespace alidade {
namespace {

using JsonValue = rapidjson::Value;
using Pool = rapidjson::MemoryPoolAllocator<>;

// The iterative parser needs no stack for nesting.
constexpr unsigned kStrict = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
constexpr unsigned kNumbersAsText = kStrict | rapidjson::kParseNumbersAsStringsFlag;

/// What is wanted below one place of the object.
struct Wanted {
  struct Child {
    std::string name;
    size_t node;
  };
  std::vector<Child> members;  ///< of an object
  std::vector<Child> keys;     ///< of a key-value list, or of an object that is used as one
  int column = -1;
};

const Wanted::Child* child_of(const std::vector<Wanted::Child>& children, std::string_view name) {
  for (const Wanted::Child& child : children) {
    if (child.name == name) return &child;
  }
  return nullptr;
}

std::string_view text_of(const JsonValue& value) { return {value.GetString(), value.GetStringLength()}; }

const JsonValue* member(const JsonValue& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

/// The value of a key-value list's element: of an object its first member that is not null.
const JsonValue& plain_value(const JsonValue& value) {
  if (!value.IsObject()) return value;
  static const JsonValue kNull;
  for (const auto& inner : value.GetObject()) {
    if (!inner.value.IsNull()) return inner.value;
  }
  return kNull;
}

std::string problem_of(rapidjson::ParseErrorCode error) {
  switch (static_cast<int>(error)) {
    case rapidjson::kParseErrorNone:
      return "";
    case rapidjson::kParseErrorStringInvalidEncoding:
      return "is not valid UTF-8";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "goes on after its JSON object";
    case rapidjson::kParseErrorStringMissQuotationMark:
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "ends inside an object or a text, or lacks a comma there";
    default:
      return "is not a JSON object";
  }
}

const char* type_word(const JsonValue& value) {
  if (value.IsString()) return "string";
  if (value.IsNumber()) return "number";
  return value.IsBool() ? "bool" : value.IsNull() ? "null" : "mixed";
}

void add_column(const std::string& path, const std::string& type, std::vector<FileColumn>* columns) {
  const auto known =
      std::find_if(columns->begin(), columns->end(), [&](const FileColumn& column) { return column.name == path; });
  if (known == columns->end()) {
    columns->push_back({path, type});
  } else if (known->type == "null") {
    known->type = type;
  } else if (known->type != type && type != "null") {
    known->type = "mixed";
  }
}

/// Keys of a key-value list are columns; other lists are none.
void describe_value(const JsonValue& value, const std::string& path, int depth, std::vector<FileColumn>* columns) {
  constexpr int kDeepest = 32;
  if (depth == kDeepest) return;
  if (value.IsObject()) {
    for (const auto& inner : value.GetObject()) {
      const std::string name = (path.empty() ? "" : path + ".") + std::string(text_of(inner.name));
      describe_value(inner.value, name, depth + 1, columns);
    }
    return;
  }
  if (!value.IsArray()) return add_column(path, type_word(value), columns);
  for (const JsonValue& element : value.GetArray()) {
    const JsonValue* key = element.IsObject() ? member(element, "key") : nullptr;
    const JsonValue* inside = key == nullptr ? nullptr : member(element, "value");
    if (inside == nullptr || !key->IsString()) continue;
    add_column(path + "['" + std::string(text_of(*key)) + "']", type_word(plain_value(*inside)), columns);
  }
}

}  // namespace

struct JsonFields::State {
  std::vector<Wanted> nodes = std::vector<Wanted>(1);
  alignas(16) char first_bytes[size_t{1} << 16];  // of most objects all that the pool needs
  Pool pool{first_bytes, sizeof first_bytes};
  rapidjson::Document document{&pool};
  std::vector<JsonCell>* cells = nullptr;

  size_t below(size_t node, bool key, const std::string& name) {
    auto& children = key ? nodes[node].keys : nodes[node].members;
    if (const Wanted::Child* found = child_of(children, name)) return found->node;
    children.push_back({name, nodes.size()});
    const size_t made = nodes.size();
    nodes.emplace_back();
    return made;
  }

  /// What is wrong with a text that should be one object; "" where it is one, in `document`.
  template <unsigned kFlags>
  std::string parse(std::string_view text) {
    document.SetNull();
    pool.Clear();
    document.Parse<kFlags>(text.data(), text.size());
    if (document.HasParseError()) return problem_of(document.GetParseError());
    return document.IsObject() ? "" : "is not a JSON object";
  }

  void set(const JsonValue& value, int column) {
    if (column < 0) return;
    JsonCell& cell = (*cells)[static_cast<size_t>(column)];
    if (value.IsNull()) {
      cell = {JsonCell::Kind::kNull, ""};
    } else if (value.IsString()) {
      cell = {JsonCell::Kind::kText, text_of(value)};
    } else if (value.IsBool()) {
      cell = {JsonCell::Kind::kText, value.GetBool() ? "true" : "false"};
    } else {
      cell = {JsonCell::Kind::kObject, ""};
    }
  }

  void visit(const JsonValue& value, size_t node) {
    const Wanted& wanted = nodes[node];
    set(value, wanted.column);
    if (value.IsObject() && !(wanted.members.empty() && wanted.keys.empty())) {
      for (const auto& inner : value.GetObject()) {
        const Wanted::Child* child = child_of(wanted.members, text_of(inner.name));
        if (child == nullptr) child = child_of(wanted.keys, text_of(inner.name));
        if (child != nullptr) visit(inner.value, child->node);
      }
    }
    if (value.IsArray() && !wanted.keys.empty()) visit_list(value, wanted);
  }

  /// Of a repeated key the first counts.
  void visit_list(const JsonValue& list, const Wanted& wanted) {
    for (const JsonValue& element : list.GetArray()) {
      const JsonValue* key = element.IsObject() ? member(element, "key") : nullptr;
      const JsonValue* value = key == nullptr || !key->IsString() ? nullptr : member(element, "value");
      const Wanted::Child* child = value == nullptr ? nullptr : child_of(wanted.keys, text_of(*key));
      if (child == nullptr) continue;
      const int column = nodes[child->node].column;
      if ((*cells)[static_cast<size_t>(column)].kind == JsonCell::Kind::kAbsent) set(plain_value(*value), column);
    }
  }
};

JsonFields::JsonFields(const std::vector<std::string>& paths) : state_(std::make_unique<State>()) {
  for (size_t i = 0; i < paths.size(); ++i) {
    const FieldPath path = parse_field_path(paths[i]);
    size_t node = 0;
    for (const std::string& name : path.names) node = state_->below(node, false, name);
    if (path.key) node = state_->below(node, true, *path.key);
    state_->nodes[node].column = static_cast<int>(i);
    if (path.names.size() > 1) state_->nodes[state_->below(0, false, paths[i])].column = static_cast<int>(i);
  }
}

JsonFields::~JsonFields() = default;

std::string JsonFields::read(std::string_view text, std::vector<JsonCell>* cells) {
  state_->cells = cells;
  for (JsonCell& cell : *cells) cell = {};
  std::string problem = state_->parse<kNumbersAsText>(text);
  if (problem.empty()) state_->visit(state_->document, 0);
  return problem;
}

std::string JsonFields::describe(std::string_view text, std::vector<FileColumn>* columns) {
  std::string problem = state_->parse<kStrict>(text);
  if (problem.empty()) describe_value(state_->document, "", 0, columns);
  return problem;
}

}  // namespace alidade
