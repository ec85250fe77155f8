// Key-value lists become columns. Door: key_values.h.
#include "runtime/readers/key_values.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/type_traits.h>

#include <string_view>

namespace alidade {
namespace {

using arrow::Type;
using Form = KeyValueLayout::Form;

const arrow::DataType& plain_type(const arrow::DataType& type) {
  return type.id() == Type::DICTIONARY ? *static_cast<const arrow::DictionaryType&>(type).value_type() : type;
}

std::optional<Form> form_of(const arrow::DataType& given) {
  const arrow::DataType& type = plain_type(given);
  if (arrow::is_base_binary_like(type.id())) return Form::kText;
  if (type.id() == Type::BOOL) return Form::kBool;
  if (arrow::is_integer(type.id()) && type.id() != Type::UINT64) return Form::kInteger;
  if (type.id() == Type::FLOAT || type.id() == Type::DOUBLE) return Form::kFloat;
  return std::nullopt;
}

// The forms that a field can be read from; the first that there is decides how the column is written.
std::vector<std::vector<Form>> fitting_forms(const FieldSchema& field) {
  switch (field.kind) {
    case FieldKind::kInteger:
      return {{Form::kInteger}, {Form::kFloat}, {Form::kText}};
    case FieldKind::kDecimal:
    case FieldKind::kNumber:
    case FieldKind::kDuration:
      return {{Form::kFloat, Form::kInteger}, {Form::kInteger}, {Form::kText}};
    case FieldKind::kTimestamp:
      if (field.unit_micros == 0) return {{Form::kText}};
      return {{Form::kInteger}, {Form::kFloat}, {Form::kText}};
    case FieldKind::kText:
    case FieldKind::kOneOf:
      return {{Form::kText, Form::kInteger}, {Form::kInteger}};
    case FieldKind::kBoolean:
      return {{Form::kBool}, {Form::kInteger}, {Form::kText}};
  }
  return {};
}

const arrow::StructType* element_type(const arrow::DataType& type) {
  const bool list = type.id() == Type::LIST || type.id() == Type::LARGE_LIST || type.id() == Type::MAP;
  if (!list) return nullptr;
  const auto& element = static_cast<const arrow::BaseListType&>(type).value_type();
  if (element->id() != Type::STRUCT || element->num_fields() != 2) return nullptr;
  return static_cast<const arrow::StructType*>(element.get());
}

std::string_view text_at(const arrow::Array& array, int64_t i) {
  if (array.type_id() == Type::DICTIONARY) {
    const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
    return text_at(*coded.dictionary(), coded.GetValueIndex(i));
  }
  if (arrow::is_large_binary_like(array.type_id()))
    return static_cast<const arrow::LargeBinaryArray&>(array).GetView(i);
  return static_cast<const arrow::BinaryArray&>(array).GetView(i);
}

template <typename Narrow>
int64_t plain_value(const arrow::Array& array, int64_t i) {
  return static_cast<int64_t>(array.data()->GetValues<Narrow>(1)[i]);
}

int64_t integer_at(const arrow::Array& array, int64_t i) {
  const bool is_signed = arrow::is_signed_integer(array.type_id());
  switch (arrow::bit_width(array.type_id())) {
    case 8:
      return is_signed ? plain_value<int8_t>(array, i) : plain_value<uint8_t>(array, i);
    case 16:
      return is_signed ? plain_value<int16_t>(array, i) : plain_value<uint16_t>(array, i);
    case 32:
      return is_signed ? plain_value<int32_t>(array, i) : plain_value<uint32_t>(array, i);
    default:
      return plain_value<int64_t>(array, i);
  }
}

double float_at(const arrow::Array& array, int64_t i) {
  if (array.type_id() == Type::FLOAT) return static_cast<const arrow::FloatArray&>(array).Value(i);
  if (array.type_id() == Type::DOUBLE) return static_cast<const arrow::DoubleArray&>(array).Value(i);
  return static_cast<double>(integer_at(array, i));
}

bool is_key(const arrow::Array& keys, int64_t i, const std::string& key) {
  if (keys.IsNull(i)) return false;
  if (arrow::is_integer(keys.type_id())) return std::to_string(integer_at(keys, i)) == key;
  return text_at(keys, i) == key;
}

struct Lists {
  const arrow::Array& array;
  int64_t begin(int64_t row) const {
    if (array.type_id() == Type::LARGE_LIST) return static_cast<const arrow::LargeListArray&>(array).value_offset(row);
    return static_cast<const arrow::ListArray&>(array).value_offset(row);
  }
  int64_t end(int64_t row) const {
    if (array.type_id() == Type::LARGE_LIST)
      return static_cast<const arrow::LargeListArray&>(array).value_offset(row + 1);
    return static_cast<const arrow::ListArray&>(array).value_offset(row + 1);
  }
  const arrow::StructArray& elements() const {
    const arrow::Array& values = array.type_id() == Type::LARGE_LIST
                                     ? *static_cast<const arrow::LargeListArray&>(array).values()
                                     : *static_cast<const arrow::ListArray&>(array).values();
    return static_cast<const arrow::StructArray&>(values);
  }
};

// The element of `key` in each row, -1 where there is none; of a repeated key the first counts.
std::vector<int64_t> elements_of_key(const Lists& lists, const arrow::Array& keys, const std::string& key) {
  std::vector<int64_t> found(static_cast<size_t>(lists.array.length()), -1);
  for (int64_t row = 0; row < lists.array.length(); ++row) {
    if (lists.array.IsNull(row)) continue;
    for (int64_t i = lists.begin(row), end = lists.end(row); i < end; ++i) {
      if (!is_key(keys, i, key)) continue;
      found[static_cast<size_t>(row)] = i;
      break;
    }
  }
  return found;
}

template <typename Builder, typename Append>
arrow::Result<std::shared_ptr<arrow::Array>> build(const std::vector<int64_t>& elements,
                                                   const arrow::ArrayVector& members, Append append) {
  Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(elements.size())));
  for (const int64_t element : elements) {
    const arrow::Array* there = nullptr;
    for (size_t m = 0; element >= 0 && there == nullptr && m < members.size(); ++m) {
      if (members[m]->IsValid(element)) there = members[m].get();
    }
    ARROW_RETURN_NOT_OK(there == nullptr ? builder.AppendNull() : append(&builder, *there, element));
  }
  return builder.Finish();
}

}  // namespace

bool is_key_value_list(const arrow::DataType& type) { return element_type(type) != nullptr; }

std::optional<KeyValueLayout> key_value_layout(const arrow::DataType& list, const FieldSchema& field) {
  const arrow::StructType* element = element_type(list);
  if (element == nullptr) return std::nullopt;
  const arrow::DataType& value = *element->field(1)->type();
  KeyValueLayout layout;
  layout.nested = value.id() == Type::STRUCT;
  for (const std::vector<Form>& forms : fitting_forms(field)) {
    for (const Form form : forms) {
      if (!layout.nested && form_of(value) == form) {
        layout.form = forms[0] == Form::kText ? Form::kText : form;
        return layout;
      }
      for (int i = 0; layout.nested && i < value.num_fields(); ++i) {
        if (form_of(*value.field(i)->type()) == form) layout.members.push_back(value.field(i)->name());
      }
    }
    if (layout.members.empty()) continue;
    layout.form = forms[0];
    return layout;
  }
  return std::nullopt;
}

arrow::Result<std::shared_ptr<arrow::Array>> values_of_key(const arrow::Array& list, const std::string& key,
                                                           const KeyValueLayout& layout) {
  const Lists lists{list};
  const arrow::StructArray& elements = lists.elements();
  ARROW_ASSIGN_OR_RAISE(const auto keys, elements.GetFlattenedField(0));
  ARROW_ASSIGN_OR_RAISE(const auto value, elements.GetFlattenedField(1));
  const std::vector<int64_t> found = elements_of_key(lists, *keys, key);
  arrow::ArrayVector members;
  if (!layout.nested) members.push_back(value);
  for (const std::string& name : layout.members) {
    const auto& fields = static_cast<const arrow::StructArray&>(*value);
    ARROW_ASSIGN_OR_RAISE(auto member, fields.GetFlattenedField(fields.struct_type()->GetFieldIndex(name)));
    members.push_back(std::move(member));
  }
  switch (layout.form) {
    case Form::kText:
      return build<arrow::StringBuilder>(
          found, members, [](arrow::StringBuilder* out, const arrow::Array& from, int64_t i) {
            return arrow::is_integer(from.type_id()) ? out->Append(std::to_string(integer_at(from, i)))
                                                     : out->Append(text_at(from, i));
          });
    case Form::kInteger:
      return build<arrow::Int64Builder>(found, members,
                                        [](arrow::Int64Builder* out, const arrow::Array& from, int64_t i) {
                                          return out->Append(integer_at(from, i));
                                        });
    case Form::kFloat:
      return build<arrow::DoubleBuilder>(found, members,
                                         [](arrow::DoubleBuilder* out, const arrow::Array& from, int64_t i) {
                                           return out->Append(float_at(from, i));
                                         });
    case Form::kBool:
      return build<arrow::BooleanBuilder>(found, members,
                                          [](arrow::BooleanBuilder* out, const arrow::Array& from, int64_t i) {
                                            return out->Append(static_cast<const arrow::BooleanArray&>(from).Value(i));
                                          });
  }
  return arrow::Status::NotImplemented("a key-value list of this type");
}

}  // namespace alidade
