// Streams and tables: fields, their types and roles, lateness, and which tables an entity reaches.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

const char* role_word(ast::FieldRole role) {
  switch (role) {
    case ast::FieldRole::kNone:
      return "";
    case ast::FieldRole::kTime:
      return "time";
    case ast::FieldRole::kEntity:
      return "entity";
    case ast::FieldRole::kId:
      return "id";
    case ast::FieldRole::kArrived:
      return "arrived";
    case ast::FieldRole::kOrder:
      return "order";
    case ast::FieldRole::kEvent:
      return "event";
  }
  return "";
}

bool fits_role(ast::FieldRole role, ValueKind kind) {
  switch (role) {
    case ast::FieldRole::kNone:
      return true;
    case ast::FieldRole::kTime:
    case ast::FieldRole::kArrived:
      return kind == ValueKind::kTimestamp;
    case ast::FieldRole::kEntity:
    case ast::FieldRole::kId:
      return kind == ValueKind::kText || kind == ValueKind::kUuid || kind == ValueKind::kInteger;
    case ast::FieldRole::kOrder:
      return is_numeric(kind) || kind == ValueKind::kTimestamp;
    case ast::FieldRole::kEvent:
      return kind == ValueKind::kOneOf;
  }
  return false;
}

const char* role_types(ast::FieldRole role) {
  switch (role) {
    case ast::FieldRole::kNone:
      return "";
    case ast::FieldRole::kTime:
    case ast::FieldRole::kArrived:
      return "a timestamp";
    case ast::FieldRole::kEntity:
    case ast::FieldRole::kId:
      return "text, a uuid or an integer";
    case ast::FieldRole::kOrder:
      return "a number or a timestamp";
    case ast::FieldRole::kEvent:
      return "a list of the events there are: `one_of(\"signup\", \"purchase\")`";
  }
  return "";
}

constexpr std::string_view kTypeWords[] = {"integer",  "decimal",   "number", "ratio", "percent", "money",
                                           "duration", "timestamp", "text",   "uuid",  "bool",    "one_of"};

ModelField exact_field(ValueKind kind, uint8_t scale, UnitId unit = {}) {
  ModelField field;
  field.type.kind = kind;
  field.type.exact = true;
  field.type.scale = scale;
  field.type.bits = 64;
  field.type.unit = unit;
  return field;
}

ModelField plain_field(ValueKind kind) {
  ModelField field;
  field.type.kind = kind;
  return field;
}

bool currency_like(std::string_view word) {
  return word.size() >= 3 && word.size() <= 5 &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::optional<int> digits_argument(const ast::TypeArg& argument) {
  if (argument.literal == nullptr || argument.literal->kind != ast::LiteralKind::kNumber) return std::nullopt;
  const ast::Number& number = argument.literal->number;
  if (number.fraction != 0 || number.digits.size() > 2) return std::nullopt;
  int digits = 0;
  for (char c : number.digits) digits = digits * 10 + (c - '0');
  return digits <= kMaxScale ? std::optional<int>(digits) : std::nullopt;
}

}  // namespace

void Analyser::declare_streams_and_tables() {
  // A declaration takes its place in the model even if it is broken, so that indices of the others stay as written.
  for (Symbol& symbol : symbols_) {
    later_reported_ = false;
    if (symbol.kind == SymbolKind::kStream) declare_stream(symbol);
    if (symbol.kind == SymbolKind::kTable) declare_table(symbol);
    if (symbol.state != SymbolState::kBroken) continue;
    sources_broken_ = true;
    if (symbol.kind != SymbolKind::kTable) continue;
    for (const ast::Ident& key : symbol.decl->table->keys) broken_tables_.push_back(key.name);
  }
  match_entities();
  add_table_rows();
}

/// A table's rows can be counted: they are a stream's, with the key as their entity, and no time of their own.
void Analyser::add_table_rows() {
  for (Symbol& symbol : symbols_) {
    if (symbol.kind != SymbolKind::kTable) continue;
    ModelSource rows = model_.tables[static_cast<size_t>(symbol.index)];
    rows.table = symbol.index;
    if (rows.key >= 0) rows.entities = {rows.key};
    symbol.rows = {static_cast<int>(model_.streams.size()), build_.truth(true)};
    model_.streams.push_back(std::move(rows));
  }
}

bool Analyser::attributes_broken(std::string_view entity) const {
  if (names_missing_) return true;
  return std::any_of(broken_tables_.begin(), broken_tables_.end(), [&](Name key) { return key.text() == entity; });
}

bool Analyser::attributes_broken(int stream) const {
  const ModelSource& source = model_.streams[static_cast<size_t>(stream)];
  return std::any_of(source.entities.begin(), source.entities.end(),
                     [&](int entity) { return attributes_broken(source.fields[static_cast<size_t>(entity)].name); });
}

void Analyser::declare_stream(Symbol& symbol) {
  const ast::Decl& decl = *symbol.decl;
  ModelSource source;
  source.name = decl.name.name.text();
  source.doc = decl.doc;
  source.span = decl.span;
  bool sound = declare_fields(decl.stream->fields, source);
  sound = !decl.broken && check_roles(decl, source) && sound;  // a role may be among what could not be read
  if (decl.stream->late != nullptr) sound = lateness(*decl.stream->late, source) && sound;
  check_properties(decl.properties, nullptr);
  symbol.index = static_cast<int>(model_.streams.size());
  symbol.state = sound ? SymbolState::kDone : SymbolState::kBroken;
  symbol.rows = {symbol.index, build_.truth(true)};
  model_.streams.push_back(std::move(source));
}

void Analyser::declare_table(Symbol& symbol) {
  const ast::Decl& decl = *symbol.decl;
  ModelSource source;
  source.name = decl.name.name.text();
  source.doc = decl.doc;
  source.span = decl.span;
  bool sound = declare_fields(decl.table->fields, source) && !decl.broken;
  if (source.event >= 0) {
    error(Code::role_type, source.fields[static_cast<size_t>(source.event)].span,
          "the rows of a table have no time, so they are no events", "leave `event` out");
    sound = false;
  }
  if (decl.table->keys.size() > 1) {
    later(decl.table->keys[1].span, "a table with several keys");
    sound = false;
  } else if (!decl.table->keys.empty()) {
    const ast::Ident& key = decl.table->keys.front();
    source.key = field_index(source, key.name.text());
    if (source.key < 0 && sound) {
      std::vector<std::string_view> fields;
      for (const ModelField& field : source.fields) fields.push_back(field.name);
      unknown(Code::unknown_field, key, fmt::format("the key `{}` is no field of this table", key.name.text()), fields,
              fmt::format("declare it: `{} : text`", key.name.text()));
    }
    if (source.key >= 0 &&
        !fits_role(ast::FieldRole::kEntity, source.fields[static_cast<size_t>(source.key)].type.kind)) {
      error(Code::role_type, key.span,
            fmt::format("a key is text, a uuid or an integer, and `{}` is {}", key.name.text(),
                        show(source.fields[static_cast<size_t>(source.key)].type)));
      sound = false;
    }
    sound = sound && source.key >= 0;
  }
  if (!decl.table->valid_from.name.empty()) sound = declare_validity(*decl.table, source) && sound;
  check_properties(decl.properties, nullptr);
  symbol.index = static_cast<int>(model_.tables.size());
  symbol.state = sound ? SymbolState::kDone : SymbolState::kBroken;
  model_.tables.push_back(std::move(source));
}

/// The two ends are timestamps: declared fields, or else columns of these names that may be empty.
bool Analyser::declare_validity(const ast::TableDecl& table, ModelSource& source) {
  if (table.valid_from.name == table.valid_to.name) {
    error(Code::validity_field, table.valid_span,
          "a row is valid from one time to another, and this is one field twice",
          "name two fields: `valid from since to until`");
    return false;
  }
  bool sound = true;
  for (auto [name, end] :
       {std::pair(&table.valid_from, &source.valid_from), std::pair(&table.valid_to, &source.valid_to)}) {
    *end = field_index(source, name->name.text());
    if (*end < 0) {
      ModelField field = exact_field(ValueKind::kTimestamp, 0);
      field.name = field.source = name->name.text();
      field.type.optional = true;
      field.span = name->span;
      *end = static_cast<int>(source.fields.size());
      source.fields.push_back(std::move(field));
    }
    const Type& type = source.fields[static_cast<size_t>(*end)].type;
    if (type.kind == ValueKind::kTimestamp) continue;
    error(Code::validity_field, name->span,
          fmt::format("a row is valid from a time to a time, and `{}` is {}", name->name.text(), show(type)),
          "declare the field as `timestamp?`, or leave it out: then it is read as one");
    sound = false;
  }
  return sound;
}

bool Analyser::declare_fields(const Slice<ast::Field>& fields, ModelSource& source) {
  bool sound = true;
  for (const ast::Field& field : fields) {
    int earlier = field_index(source, field.name.name.text());
    if (earlier >= 0) {
      error(Code::duplicate_name, field.name.span,
            fmt::format("the field `{}` is declared twice", field.name.name.text()), "rename one of the two")
          .labels.push_back({source.fields[static_cast<size_t>(earlier)].span, "first declared here"});
      sound = false;
      continue;
    }
    check_properties(field.properties, nullptr);
    std::optional<ModelField> declared = declared_field(field);
    if (!declared) {
      sound = false;
      continue;
    }
    source.fields.push_back(*declared);
    sound = assign_role(field, static_cast<int>(source.fields.size()) - 1, source) && sound;
  }
  return sound;
}

std::optional<ModelField> Analyser::declared_field(const ast::Field& field) {
  std::optional<ModelField> declared = type_of(field.type);
  if (!declared) return std::nullopt;
  declared->name = field.name.name.text();
  declared->source = field.has_source ? std::string(field.source) : declared->name;
  declared->type.optional = field.type.optional;
  declared->doc = field.doc;
  declared->span = field.name.span;
  return declared;
}

bool Analyser::assign_role(const ast::Field& field, int index, ModelSource& source) {
  if (field.role == ast::FieldRole::kNone) return true;
  const Type& type = source.fields[static_cast<size_t>(index)].type;
  bool names = field.role == ast::FieldRole::kEntity || field.role == ast::FieldRole::kId;
  if (!fits_role(field.role, type.kind) || (names && type.unit != UnitTable::one())) {
    error(Code::role_type, field.type.span,
          fmt::format("the {} field `{}` is {}", role_word(field.role), field.name.name.text(), show(type)),
          fmt::format("it must be {}", role_types(field.role)));
    return false;
  }
  if (field.role == ast::FieldRole::kEntity) {
    source.entities.push_back(index);
    return true;
  }
  bool must = field.role == ast::FieldRole::kTime || field.role == ast::FieldRole::kId;
  if (must && type.optional) {
    error(Code::role_optional, field.type.span, fmt::format("the {} of a row cannot be missing", role_word(field.role)),
          "remove the `?`");
    return false;
  }
  int& slot = field.role == ast::FieldRole::kTime      ? source.time
              : field.role == ast::FieldRole::kId      ? source.id
              : field.role == ast::FieldRole::kArrived ? source.arrived
              : field.role == ast::FieldRole::kEvent   ? source.event
                                                       : source.order;
  if (slot >= 0) {
    error(Code::second_role, field.name.span, fmt::format("this stream has two `{}` fields", role_word(field.role)),
          "keep one of the two")
        .labels.push_back({source.fields[static_cast<size_t>(slot)].span, "the first"});
    return false;
  }
  slot = index;
  return true;
}

bool Analyser::check_roles(const ast::Decl& decl, ModelSource& source) {
  if (source.time >= 0) return true;
  for (const ast::Field& field : decl.stream->fields) {
    if (field.role == ast::FieldRole::kTime) return false;  // its own error was reported
  }
  error(Code::no_time_field, decl.name.span, fmt::format("the stream `{}` has no time field", source.name),
        "say when a row happened: `time ts : timestamp`");
  return false;
}

bool Analyser::lateness(const ast::Literal& late, ModelSource& source) {
  std::optional<int64_t> micros = fixed_duration(late);
  if (!micros) return false;
  source.late_micros = *micros;
  return true;
}

void Analyser::match_entities() {
  for (const Symbol& symbol : symbols_) {
    if (symbol.kind != SymbolKind::kTable || symbol.state != SymbolState::kDone) continue;
    match_key(model_.tables[static_cast<size_t>(symbol.index)]);
  }
}

/// One error for all streams in which the entity has another type.
void Analyser::match_key(const ModelSource& table) {
  const ModelField& key = table.fields[static_cast<size_t>(table.key)];
  Diagnostic* report = nullptr;
  for (const ModelSource& stream : model_.streams) {
    for (int entity : stream.entities) {
      const ModelField& field = stream.fields[static_cast<size_t>(entity)];
      if (field.name != key.name || field.type.kind == key.type.kind) continue;
      if (report == nullptr) {
        report = &error(Code::key_type, key.span,
                        fmt::format("the key `{}` is {} here and {} in the stream `{}`", key.name, show(key.type),
                                    show(field.type), stream.name),
                        "an entity has one type everywhere");
      }
      report->labels.push_back({field.span, show(field.type)});
    }
  }
}

std::optional<ModelField> Analyser::type_of(const ast::TypeRef& type) {
  std::string_view word = type.name.name.text();
  if (word == "money") return money_type(type);
  if (word == "duration") return duration_type(type);
  if (word == "timestamp") return timestamp_type(type);
  if (word == "decimal") return decimal_type(type);
  if (word == "one_of") return one_of_type(type);
  std::optional<ModelField> field;
  if (word == "integer") field = exact_field(ValueKind::kInteger, 0);
  if (word == "number") field = plain_field(ValueKind::kNumber);
  if (word == "ratio") field = plain_field(ValueKind::kRatio);
  if (word == "percent") field = plain_field(ValueKind::kPercent);
  if (word == "text") field = plain_field(ValueKind::kText);
  if (word == "uuid") field = plain_field(ValueKind::kUuid);
  if (word == "bool") field = plain_field(ValueKind::kBoolean);
  if (!field) {
    unknown(Code::unknown_type, type.name, fmt::format("there is no type `{}`", word),
            {std::begin(kTypeWords), std::end(kTypeWords)},
            "the types are integer, decimal(2), number, ratio, percent, money(USD), duration(min), timestamp, text, "
            "uuid, bool and one_of(\"a\", \"b\")");
    return std::nullopt;
  }
  if (type.args.empty()) return field;
  if (field->type.kind == ValueKind::kInteger || field->type.kind == ValueKind::kNumber) {
    return measure(type, 0, *field) ? field : std::nullopt;
  }
  error(Code::type_argument, type.args.front().span, fmt::format("`{}` takes nothing in parentheses", word));
  return std::nullopt;
}

std::optional<ModelField> Analyser::money_type(const ast::TypeRef& type) {
  bool sound = !type.args.empty() && type.args.size() <= 2 && type.args[0].literal == nullptr &&
               type.args[0].per.name.empty() && currency_like(type.args[0].name.name.text());
  std::optional<int> scale = 6;
  if (sound && type.args.size() == 2) scale = digits_argument(type.args[1]);
  if (!sound || !scale) {
    error(Code::type_argument, type.args.empty() ? type.span : type.args.front().span,
          "money needs a currency in capital letters, and may say how many digits it keeps",
          "write `money(USD)` or `money(USD, 2)`");
    return std::nullopt;
  }
  UnitId currency = model_.units.base(type.args[0].name.name.text(), BaseUnitKind::kCurrency);
  return exact_field(ValueKind::kMoney, static_cast<uint8_t>(*scale), currency);
}

std::optional<ModelField> Analyser::duration_type(const ast::TypeRef& type) {
  std::optional<UnitWord> unit;
  if (type.args.size() == 1 && type.args[0].literal == nullptr) unit = unit_word(type.args[0].name.name.text());
  if (!unit || unit->kind != UnitWordKind::kDuration) {
    error(Code::type_argument, type.args.empty() ? type.span : type.args.front().span,
          "a duration needs the unit that the data counts in",
          "write `duration(min)`, `duration(ms)` or `duration(s)`");
    return std::nullopt;
  }
  ModelField field = exact_field(ValueKind::kDuration, 0, model_.units.time());
  field.unit_micros = unit->factor;
  return field;
}

std::optional<ModelField> Analyser::timestamp_type(const ast::TypeRef& type) {
  ModelField field = exact_field(ValueKind::kTimestamp, 0);
  if (type.args.empty()) return field;
  std::string_view word = type.args.size() == 1 ? type.args[0].name.name.text() : std::string_view();
  if (word == "day") {
    field.date_only = true;
  } else if (word == "s") {
    field.unit_micros = 1'000'000;
  } else if (word == "ms") {
    field.unit_micros = 1'000;
  } else if (word == "us") {
    field.unit_micros = 1;
  } else if (word == "ns") {
    field.unit_micros = kEpochNanos;
  } else {
    error(Code::type_argument, type.args.front().span, "a timestamp is a time, a day, or a count since 1970",
          "write `timestamp`, `timestamp(day)`, or `timestamp(s)`, `(ms)`, `(us)`, `(ns)` for a count");
    return std::nullopt;
  }
  return field;
}

std::optional<ModelField> Analyser::decimal_type(const ast::TypeRef& type) {
  std::optional<int> scale = type.args.empty() ? std::nullopt : digits_argument(type.args[0]);
  if (!scale) {
    error(Code::type_argument, type.args.empty() ? type.span : type.args.front().span,
          fmt::format("a decimal needs its digits after the point, 0 to {}", kMaxScale), "write `decimal(2)`");
    return std::nullopt;
  }
  ModelField field = exact_field(ValueKind::kDecimal, static_cast<uint8_t>(*scale));
  if (type.args.size() > 1 && !measure(type, 1, field)) return std::nullopt;
  return field;
}

std::optional<ModelField> Analyser::one_of_type(const ast::TypeRef& type) {
  std::vector<std::string> values;
  for (const ast::TypeArg& argument : type.args) {
    bool text = argument.literal != nullptr && argument.literal->kind == ast::LiteralKind::kText;
    bool repeated = text && std::find(values.begin(), values.end(), argument.literal->text) != values.end();
    if (!text || repeated) {
      error(Code::type_argument, argument.span,
            text ? "this value is in the list twice" : "a value of one_of is a text",
            "write `one_of(\"free\", \"pro\")`");
      return std::nullopt;
    }
    values.emplace_back(argument.literal->text);
  }
  if (values.empty()) {
    error(Code::type_argument, type.span, "one_of needs its values", "write `one_of(\"free\", \"pro\")`");
    return std::nullopt;
  }
  ModelField field = plain_field(ValueKind::kOneOf);
  auto known = std::find(model_.lists.begin(), model_.lists.end(), values);
  field.type.one_of = static_cast<int>(known - model_.lists.begin());
  if (known == model_.lists.end()) model_.lists.push_back(std::move(values));
  return field;
}

}  // namespace alidade
