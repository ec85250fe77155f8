// Objects through simdjson's on-demand parser. Door: json_fields.h.
#include "runtime/readers/json_fields.h"

#include <simdjson.h>

#include <algorithm>

#include "runtime/readers/field_path.h"
#include "runtime/readers/text_blocks.h"

namespace alidade {
namespace {

namespace json = simdjson::ondemand;
using simdjson::error_code;

static_assert(TextBlocks::kPadding >= static_cast<int64_t>(simdjson::SIMDJSON_PADDING));

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

std::string_view without_spaces(std::string_view token) {
  while (!token.empty() && static_cast<uint8_t>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

bool is_number(std::string_view token) {
  return token.find_first_not_of("0123456789+-.eE") == std::string_view::npos && token != "-";
}

std::string problem_of(error_code error) {
  switch (static_cast<int>(error)) {
    case simdjson::UTF8_ERROR:
      return "is not valid UTF-8";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
    case simdjson::UNCLOSED_STRING:
    case simdjson::EMPTY:
      return "ends inside an object or a text";
    case simdjson::DEPTH_ERROR:
      return "is nested too deeply";
    default:
      return "is not a JSON object";
  }
}

}  // namespace

struct JsonFields::State {
  std::vector<Wanted> nodes = std::vector<Wanted>(1);
  json::parser parser;
  std::vector<JsonCell>* cells = nullptr;

  size_t below(size_t node, bool key, const std::string& name) {
    auto& children = key ? nodes[node].keys : nodes[node].members;
    if (const Wanted::Child* found = child_of(children, name)) return found->node;
    children.push_back({name, nodes.size()});
    nodes.emplace_back();
    return nodes.size() - 1;
  }

  error_code set(int column, JsonCell::Kind kind, std::string_view text) {
    if (column >= 0) (*cells)[static_cast<size_t>(column)] = {kind, text};
    return simdjson::SUCCESS;
  }

  error_code scalar(json::value value, json::json_type type, int column) {
    if (type == json::json_type::string) {
      std::string_view text;
      if (const auto error = value.get_string().get(text)) return error;
      return set(column, JsonCell::Kind::kText, text);
    }
    const std::string_view token = without_spaces(value.raw_json_token());
    if (type == json::json_type::null) return token == "null" ? set(column, JsonCell::Kind::kNull, "") : simdjson::N_ATOM_ERROR;
    const bool good = type == json::json_type::number ? is_number(token) : token == "true" || token == "false";
    return good ? set(column, JsonCell::Kind::kPlain, token) : simdjson::NUMBER_ERROR;
  }

  error_code object(json::object object, size_t node) {
    for (auto field : object) {
      std::string_view name;
      if (const auto error = field.unescaped_key().get(name)) return error;
      const Wanted& wanted = nodes[node];
      const Wanted::Child* child = child_of(wanted.members, name);
      if (child == nullptr) child = child_of(wanted.keys, name);
      if (child == nullptr) continue;
      json::value value;
      if (const auto error = field.value().get(value)) return error;
      if (const auto error = visit(value, child->node)) return error;
    }
    return simdjson::SUCCESS;
  }

  /// The value of a key: a scalar, or the first member of an object that is not null.
  error_code key_value(json::value value, int column) {
    json::json_type type;
    if (const auto error = value.type().get(type)) return error;
    if (type != json::json_type::object) return visit_typed(value, type, column);
    json::object members;
    if (const auto error = value.get_object().get(members)) return error;
    for (auto member : members) {
      json::value inner;
      if (const auto error = member.value().get(inner)) return error;
      if (const auto error = inner.type().get(type)) return error;
      if (type == json::json_type::null) continue;
      return visit_typed(inner, type, column);
    }
    return set(column, JsonCell::Kind::kNull, "");
  }

  error_code visit_typed(json::value value, json::json_type type, int column) {
    if (type == json::json_type::object || type == json::json_type::array) return set(column, JsonCell::Kind::kObject, "");
    return scalar(value, type, column);
  }

  /// One element of a key-value list. Of a repeated key the first counts.
  error_code element(json::object element, const std::vector<Wanted::Child>& keys) {
    std::string_view key;
    const auto no_key = element.find_field_unordered("key").get_string().get(key);
    if (no_key == simdjson::NO_SUCH_FIELD || no_key == simdjson::INCORRECT_TYPE) return simdjson::SUCCESS;
    if (no_key) return no_key;
    const Wanted::Child* child = child_of(keys, key);
    if (child == nullptr) return simdjson::SUCCESS;
    const int column = nodes[child->node].column;
    if ((*cells)[static_cast<size_t>(column)].kind != JsonCell::Kind::kAbsent) return simdjson::SUCCESS;
    json::value value;
    const auto no_value = element.find_field_unordered("value").get(value);
    if (no_value == simdjson::NO_SUCH_FIELD) return simdjson::SUCCESS;
    return no_value ? no_value : key_value(value, column);
  }

  error_code visit(json::value value, size_t node) {
    json::json_type type;
    if (const auto error = value.type().get(type)) return error;
    const Wanted& wanted = nodes[node];
    if (type == json::json_type::object) {
      if (const auto error = set(wanted.column, JsonCell::Kind::kObject, "")) return error;
      json::object members;
      if (const auto error = value.get_object().get(members)) return error;
      return object(members, node);
    }
    if (type != json::json_type::array) return scalar(value, type, wanted.column);
    if (const auto error = set(wanted.column, JsonCell::Kind::kObject, "")) return error;
    if (wanted.keys.empty()) return simdjson::SUCCESS;
    json::array elements;
    if (const auto error = value.get_array().get(elements)) return error;
    for (auto item : elements) {
      json::object found;
      const auto error = item.get_object().get(found);
      if (error == simdjson::INCORRECT_TYPE) continue;
      if (error) return error;
      if (const auto inside = element(found, wanted.keys)) return inside;
    }
    return simdjson::SUCCESS;
  }

  /// The object of a text, handed to `use`; nothing may follow it.
  template <typename Use>
  std::string with_object(std::string_view text, Use use) {
    json::document document;
    json::object whole;
    const size_t capacity = text.size() + static_cast<size_t>(TextBlocks::kPadding);
    if (const auto error = parser.iterate(text.data(), text.size(), capacity).get(document)) return problem_of(error);
    if (const auto error = document.get_object().get(whole)) return problem_of(error);
    if (const auto error = use(whole)) return problem_of(error);
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? "" : "goes on after its JSON object";
  }

  error_code describe(json::value value, const std::string& path, std::vector<FileColumn>* columns);
  error_code describe_list(json::array list, const std::string& path, std::vector<FileColumn>* columns);
  error_code describe_object(json::object object, const std::string& prefix, std::vector<FileColumn>* columns);
};

namespace {

void add_column(const std::string& path, const char* type, std::vector<FileColumn>* columns) {
  const auto known =
      std::find_if(columns->begin(), columns->end(), [&](const FileColumn& column) { return column.name == path; });
  if (known == columns->end()) {
    columns->push_back({path, type});
  } else if (known->type == "null") {
    known->type = type;
  } else if (known->type != type && std::string_view(type) != "null") {
    known->type = "mixed";
  }
}

const char* type_word(json::json_type type) {
  switch (type) {
    case json::json_type::string:
      return "string";
    case json::json_type::number:
      return "number";
    case json::json_type::boolean:
      return "bool";
    case json::json_type::null:
      return "null";
    case json::json_type::array:
    case json::json_type::object:
      break;
  }
  return "mixed";
}

}  // namespace

error_code JsonFields::State::describe_object(json::object object, const std::string& prefix,
                                              std::vector<FileColumn>* columns) {
  for (auto field : object) {
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) return error;
    const std::string path = prefix + std::string(name);
    json::value value;
    if (const auto error = field.value().get(value)) return error;
    if (const auto error = describe(value, path, columns)) return error;
  }
  return simdjson::SUCCESS;
}

/// Keys of a key-value list are columns; other lists are none.
error_code JsonFields::State::describe_list(json::array list, const std::string& path, std::vector<FileColumn>* columns) {
  for (auto item : list) {
    json::object element;
    std::string_view key;
    const auto error = item.get_object().get(element);
    if (error == simdjson::INCORRECT_TYPE) continue;
    if (error) return error;
    if (element.find_field_unordered("key").get_string().get(key)) continue;
    const std::string inside = path + "['" + std::string(key) + "']";
    json::value value;
    json::json_type type;
    if (element.find_field_unordered("value").get(value) || value.type().get(type)) continue;
    if (type == json::json_type::object) {
      std::vector<JsonCell> one(1);
      cells = &one;
      if (const auto wrong = key_value(value, 0)) return wrong;
      type = one[0].kind == JsonCell::Kind::kText    ? json::json_type::string
             : one[0].kind == JsonCell::Kind::kPlain ? json::json_type::number
                                                     : json::json_type::null;
    }
    add_column(inside, type_word(type), columns);
  }
  return simdjson::SUCCESS;
}

error_code JsonFields::State::describe(json::value value, const std::string& path, std::vector<FileColumn>* columns) {
  json::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type == json::json_type::object) {
    json::object members;
    if (const auto error = value.get_object().get(members)) return error;
    return describe_object(members, path + ".", columns);
  }
  if (type == json::json_type::array) {
    json::array list;
    if (const auto error = value.get_array().get(list)) return error;
    return describe_list(list, path, columns);
  }
  add_column(path, type_word(type), columns);
  return simdjson::SUCCESS;
}

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
  return state_->with_object(text, [&](json::object& whole) { return state_->object(whole, 0); });
}

std::string JsonFields::describe(std::string_view text, std::vector<FileColumn>* columns) {
  return state_->with_object(text, [&](json::object& whole) { return state_->describe_object(whole, "", columns); });
}

}  // namespace alidade
