// Test blocks: given rows, and which columns the expected values need.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

/// The fields that values read: {stream, field}, and {-1 - table, field} for a table's.
class FieldsRead {
 public:
  explicit FieldsRead(const Model& model) : model_(model) {}
  void row(RowId id);
  void value(ValueId id);
  void rate(int index);
  void field(int source, int field);
  bool has(int source, int field) const { return fields_.contains({source, field}); }

 private:
  const Model& model_;
  std::set<std::pair<int, int>> fields_;
  std::set<RowId> rows_;
  std::set<ValueId> values_;
};

/// A field of a table's rows is the table's.
void FieldsRead::field(int source, int field) {
  if (source >= 0 && model_.streams[static_cast<size_t>(source)].table >= 0) {
    source = -1 - model_.streams[static_cast<size_t>(source)].table;
  }
  fields_.insert({source, field});
}

void FieldsRead::row(RowId id) {
  if (!id.valid() || !rows_.insert(id).second) return;
  const Row& row = model_.row(id);
  const bool by_entity = row.kind == RowKind::kAttribute || row.kind == RowKind::kMember || row.kind == RowKind::kRate;
  if ((row.kind == RowKind::kField || by_entity) && row.field >= 0 && row.stream >= 0) field(row.stream, row.field);
  if (row.kind == RowKind::kAttribute) field(-1 - row.table, row.attribute);
  rate(row.rate);
  for (RowId child : {row.a, row.b, row.c}) this->row(child);
}

void FieldsRead::rate(int index) {
  if (index < 0) return;
  const Rate& rate = model_.rates[static_cast<size_t>(index)];
  field(-1 - rate.table, rate.field);
}

void FieldsRead::value(ValueId id) {
  if (!id.valid() || !values_.insert(id).second) return;
  const Value& value = model_.value(id);
  if (value.kind == ValueKindTag::kAggregate) {
    row(value.condition);
    row(value.input);
    field(value.stream, model_.streams[static_cast<size_t>(value.stream)].time);  // -1 of a table's rows: no field
  }
  rate(value.rate);
  for (RowId key : value.key.rows) row(key);
  for (ValueId child : {value.a, value.b, value.c}) this->value(child);
}

}  // namespace

void Analyser::declare_test(const ast::Decl& decl) {
  ModelTest test;
  test.name = decl.title;
  test.span = decl.title_span;
  bool sound = true;
  for (const ast::TestItem& item : decl.test) {
    switch (item.kind) {
      case ast::TestItemKind::kGiven:
        if (std::optional<TestGiven> rows = given(item, test)) {
          test.given.push_back(std::move(*rows));
        } else {
          sound = false;
        }
        break;
      case ast::TestItemKind::kExpect:
      case ast::TestItemKind::kExpectUndefined:
        sound = expectation(item, test) && sound;
        break;
      case ast::TestItemKind::kExpectTable:
        sound = expectation_table(item, test) && sound;
        break;
    }
  }
  if (!sound) return;
  if (test.expectations.empty()) {
    error(Code::test_expects_nothing, decl.title_span, "this test expects nothing",
          "add a line: `expect revenue on 2026-01-05 == 10 USD`");
    return;
  }
  check_columns(decl, test);
  model_.tests.push_back(std::move(test));
}

std::optional<TestGiven> Analyser::given(const ast::TestItem& item, const ModelTest& test) {
  const ast::Ident& name = item.source.parts.back();
  Symbol* symbol = find(item.source);
  if (symbol == nullptr) {
    if (item.source.parts.size() > 1) return std::nullopt;
    unknown(Code::unknown_name, name, fmt::format("there is no stream or table `{}`", name.name.text()),
            names_of({SymbolKind::kStream, SymbolKind::kTable}), "");
    return std::nullopt;
  }
  if (symbol->kind != SymbolKind::kStream && symbol->kind != SymbolKind::kTable) {
    if (!resolve(*symbol)) return std::nullopt;
    error(Code::wrong_kind_of_name, item.source.span,
          fmt::format("rows are given for a stream or a table, and `{}` is neither", path_words(item.source)));
    return std::nullopt;
  }
  if (!resolve(*symbol)) return std::nullopt;
  TestGiven result;
  result.is_table = symbol->kind == SymbolKind::kTable;
  result.source = symbol->index;
  result.span = item.span;
  for (const TestGiven& earlier : test.given) {
    if (earlier.is_table != result.is_table || earlier.source != result.source) continue;
    error(Code::given_twice, item.source.span,
          fmt::format("rows of `{}` are given twice in this test", path_words(item.source)), "put them into one table")
        .labels.push_back({earlier.span, "the first"});
    return std::nullopt;
  }
  if (item.moment.kind != ast::MomentKind::kNone) {
    result.has_until = true;
    result.until = item.moment.text;
  }
  if (item.rows.empty()) return result;
  const ModelSource& source = (result.is_table ? model_.tables : model_.streams)[static_cast<size_t>(result.source)];
  const ast::RowLine& header = item.rows.front();
  for (const ast::RowCell& cell : header.cells) {
    int field = field_index(source, cell.text);
    bool repeated = field >= 0 && std::find(result.fields.begin(), result.fields.end(), field) != result.fields.end();
    if (field >= 0 && !repeated) {
      result.fields.push_back(field);
      continue;
    }
    std::vector<std::string_view> names;
    for (const ModelField& one : source.fields) names.push_back(one.name);
    std::string near = repeated ? "" : did_you_mean(cell.text, names);
    error(Code::unknown_column, cell.span,
          repeated ? fmt::format("the column `{}` stands here twice", cell.text)
                   : fmt::format("`{}` has no field `{}`", source.name, cell.text),
          near.empty() ? "" : fmt::format("did you mean `{}`?", near));
    return std::nullopt;
  }
  for (size_t i = 1; i < item.rows.size(); ++i) {
    const ast::RowLine& line = item.rows[i];
    if (line.cells.size() != header.cells.size()) return std::nullopt;  // the parser reported it
    std::vector<std::string> cells;
    for (const ast::RowCell& cell : line.cells) cells.emplace_back(cell.text);
    result.rows.push_back(std::move(cells));
  }
  return result;
}

/// A column that an expected value reads must be given, unless its field may be missing.
void Analyser::check_columns(const ast::Decl& decl, const ModelTest& test) {
  FieldsRead read(model_);
  for (const TestExpectation& expectation : test.expectations) {
    read.value(expectation.value);
    for (const std::string& path : expectation.by) {
      for (int stream : expectation.streams) {
        StreamDimension dimension = dimension_in(model_, stream, path);
        if (dimension.found) read.row(build_.row(dimension.row));
      }
    }
  }
  for (const TestGiven& given : test.given) {
    const ModelSource& source = (given.is_table ? model_.tables : model_.streams)[static_cast<size_t>(given.source)];
    if (given.is_table) {
      for (int field : {source.key, source.valid_from, source.valid_to}) read.field(-1 - given.source, field);
    }
    for (size_t f = 0; f < source.fields.size(); ++f) {
      bool used = read.has(given.is_table ? -1 - given.source : given.source, static_cast<int>(f));
      bool present = std::find(given.fields.begin(), given.fields.end(), static_cast<int>(f)) != given.fields.end();
      if (!used || present || source.fields[f].type.optional || given.fields.empty()) continue;
      Span at = decl.title_span;
      for (const ast::TestItem& item : decl.test) {
        if (item.kind == ast::TestItemKind::kGiven && item.span == given.span) at = item.source.span;
      }
      error(Code::column_needed, at,
            fmt::format("the rows of `{}` lack the column `{}`, which an expected value reads", source.name,
                        source.fields[f].name),
            "add the column; only one that nothing reads may be left out");
    }
  }
}

}  // namespace alidade
