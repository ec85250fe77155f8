// The plan as text: one thing a line, indices instead of names wherever two things could share one. What only the data
// or the file's history decides (the spec's hash) is left out. Read back by parse.cpp. See lower.h.
#include <fmt/format.h>

#include "compiler/plan/lower.h"
#include "compiler/plan/ops.h"
#include "compiler/plan/words.h"

namespace alidade {
namespace {

std::string presence_text(const Presence& counted) {
  return counted.machine < 0 ? fmt::format(" p{} a{}", counted.pipeline, counted.index)
                             : fmt::format(" p{} m{} b{}", counted.pipeline, counted.machine, counted.index);
}

class Printer {
 public:
  explicit Printer(const Plan& plan) : plan_(plan) {}

  std::string run() {
    line("calendar {} {} {}", quoted(plan_.calendar.zone), plan_.calendar.week_start, plan_.calendar.year_start);
    for (const SourceSchema& stream : plan_.streams) print_source("stream", stream);
    for (const SourceSchema& table : plan_.tables) print_source("table", table);
    for (size_t i = 0; i < plan_.domains.size(); ++i) {
      line("domain d{} {} {}", i, name_text(plan_.domains[i].name), word_of(plan_.domains[i].kind));
    }
    for (size_t i = 0; i < plan_.key_spaces.size(); ++i) print_key_space(i);
    for (size_t i = 0; i < plan_.rates.size(); ++i) print_rate(i);
    for (size_t i = 0; i < plan_.pipelines.size(); ++i) print_pipeline(i);
    for (size_t i = 0; i < plan_.formulas.size(); ++i) {
      line("formula x{} = {}", i, formula(plan_.formulas[i]));
    }
    for (const Output& output : plan_.outputs) print_output(output);
    for (const Presence& counted : plan_.unrated) line("unrated{}", presence_text(counted));
    return std::move(text_);
  }

 private:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_.push_back('\n');
  }

  void print_source(const char* word, const SourceSchema& source);
  std::string field(const SourceSchema& source, size_t index) const;
  void print_key_space(size_t index);
  void print_rate(size_t index);
  void print_pipeline(size_t index);
  std::string column(const Pipeline& pipeline, const ColumnUse& use) const;
  std::string op(const Pipeline& pipeline, const Op& op) const;
  std::string op_body(const Pipeline& pipeline, const Op& op) const;
  std::string codes(const Pipeline& pipeline, int column, const std::vector<uint32_t>& codes) const;
  void print_machine(const Machine& machine, size_t index);
  void print_dispatch(const Pipeline& pipeline);
  std::string updates(const std::vector<Dispatch::Update>& updates) const;
  std::string formula(const Formula& formula) const;
  std::string formula_body(const Formula& formula) const;
  std::string leaf(const Formula& formula) const;
  std::string streams(const std::vector<int>& streams) const;
  void print_output(const Output& output);

  const Plan& plan_;
  std::string text_;
};

std::string moment_text(const Moment& moment) {
  if (moment.time < 0) return "";
  return fmt::format(" at v{}{}", moment.time, moment.order < 0 ? "" : fmt::format(" v{}", moment.order));
}

std::string guarded(int guard) { return guard < 0 ? "" : fmt::format(" if v{}", guard); }

// ------------------------------------------------------------------------------------------------ sources
void Printer::print_source(const char* word, const SourceSchema& source) {
  line("{} {}{}{}", word, name_text(source.name),
       source.late_micros == 0 ? "" : fmt::format(" late {}", source.late_micros),
       source.table < 0 ? "" : fmt::format(" rows_of {}", source.table));
  for (size_t i = 0; i < source.fields.size(); ++i) line("  field {}", field(source, i));
}

std::string Printer::field(const SourceSchema& source, size_t index) const {
  const FieldSchema& field = source.fields[index];
  std::string text = name_text(field.name) + " " + word_of(field.kind);
  for (const std::string& value : field.values) text += " " + quoted(value);
  if (field.scale != 0) text += fmt::format(" scale {}", field.scale);
  if (field.unit_micros != 0) text += fmt::format(" unit {}", field.unit_micros);
  if (field.date_only) text += " date";
  if (field.optional) text += " optional";
  if (field.source != field.name) text += " from " + quoted(field.source);
  const int at = static_cast<int>(index);
  if (at == source.time) text += " time";
  if (at == source.id) text += " id";
  if (at == source.order) text += " order";
  if (at == source.arrived) text += " arrived";
  if (at == source.key) text += " key";
  if (at == source.valid_from) text += " valid_from";
  if (at == source.valid_to) text += " valid_to";
  return text;
}

void Printer::print_key_space(size_t index) {
  const KeySpace& space = plan_.key_spaces[index];
  std::string text = word_of(space.grain);
  for (const Dimension& dimension : space.dimensions) {
    text += fmt::format(" by {} {}", name_text(dimension.name), word_of(dimension.kind));
    for (const std::string& value : dimension.values) text += " " + quoted(value);
  }
  line("cells k{} {}", index, text);
}

void Printer::print_rate(size_t index) {
  const Rate& rate = plan_.rates[index];
  const SourceSchema& table = plan_.tables[static_cast<size_t>(rate.table)];
  line("rate r{} {} {} {}{}", index, name_text(table.name),
       name_text(table.fields[static_cast<size_t>(rate.field)].name), quoted(rate.currency),
       rate.fixed ? fmt::format(" at {}", rate.moment) : "");
}

// ------------------------------------------------------------------------------------------------ pipelines
void Printer::print_pipeline(size_t index) {
  const Pipeline& pipeline = plan_.pipelines[index];
  const RowSource& source = pipeline.source;
  line("pipeline p{} {}{}", index, name_text(plan_.streams[static_cast<size_t>(pipeline.stream)].name),
       source.derived() ? fmt::format(" from p{} m{} f{}", source.pipeline, source.machine, source.accumulator) : "");
  for (size_t i = 0; i < pipeline.columns.size(); ++i)
    line("  column c{} {}", i, column(pipeline, pipeline.columns[i]));
  for (size_t i = 0; i < pipeline.ops.size(); ++i) line("  let v{} = {}", i, op(pipeline, pipeline.ops[i]));
  for (size_t i = 0; i < pipeline.key_spaces.size(); ++i) {
    std::string columns;
    for (const int dimension : pipeline.key_spaces[i].dimension_columns) columns += fmt::format(" c{}", dimension);
    line("  keys u{} k{}{}", i, pipeline.key_spaces[i].key_space, columns);
  }
  for (size_t i = 0; i < pipeline.accumulators.size(); ++i) {
    const Accumulator& a = pipeline.accumulators[i];
    line("  fold a{} u{} {}{}{}{}", i, a.key_space_use, word_of(a.kind),
         a.input < 0 ? "" : fmt::format(" v{}", a.input), moment_text(a.moment), guarded(a.guard));
  }
  for (size_t i = 0; i < pipeline.machines.size(); ++i) print_machine(pipeline.machines[i], i);
  print_dispatch(pipeline);
}

std::string Printer::column(const Pipeline& pipeline, const ColumnUse& use) const {
  const auto& fields = plan_.streams[static_cast<size_t>(pipeline.stream)].fields;
  std::string text;
  if (use.kind == ColumnKind::kField) {
    text = "field " + name_text(fields[static_cast<size_t>(use.field)].name);
  } else if (use.kind == ColumnKind::kRate) {
    text = fmt::format("rate r{}", use.rate);
  } else {
    const SourceSchema& table = plan_.tables[static_cast<size_t>(use.table)];
    text = use.kind == ColumnKind::kMember ? "member " : "attribute ";
    text += name_text(fields[static_cast<size_t>(use.entity_field)].name) + " " + name_text(table.name);
    if (use.kind == ColumnKind::kAttribute) text += " " + name_text(table.fields[static_cast<size_t>(use.field)].name);
  }
  if (use.nullable) text += " optional";
  if (use.form == ColumnForm::kClass) text += " class";
  for (const std::string& text_class : use.classes) text += " " + quoted(text_class);
  return text;
}

std::string Printer::codes(const Pipeline& pipeline, int column, const std::vector<uint32_t>& codes) const {
  const ColumnUse& use = pipeline.columns[static_cast<size_t>(column)];
  const bool classes = use.form == ColumnForm::kClass;
  const auto& names = classes ? use.classes : column_field(plan_, pipeline, use).values;
  std::string text;
  for (const uint32_t code : codes) text += " " + (code < names.size() ? quoted(names[code]) : std::string("other"));
  return text;
}

std::string Printer::op_body(const Pipeline& pipeline, const Op& op) const {
  switch (op.kind) {
    case OpKind::kColumn:
      return fmt::format("column c{}", op.column);
    case OpKind::kConst:
      if (op.type == OpType::kBool) return op.truth ? "const true" : "const false";
      return "const " + (op.type == OpType::kExact ? exact_text(op.exact) : number_text(op.number));
    case OpKind::kNegate:
    case OpKind::kNot:
    case OpKind::kIsValid:
      return fmt::format("{} v{}", word_of(op.kind), op.a);
    case OpKind::kAdd:
    case OpKind::kSubtract:
    case OpKind::kMultiply:
    case OpKind::kDivide:
    case OpKind::kQuotient:
    case OpKind::kEqual:
    case OpKind::kNotEqual:
    case OpKind::kLess:
    case OpKind::kLessEqual:
    case OpKind::kGreater:
    case OpKind::kGreaterEqual:
    case OpKind::kAnd:
    case OpKind::kOr:
    case OpKind::kGreatest:
    case OpKind::kLeast:
    case OpKind::kCoalesce:
      return fmt::format("v{} {} v{}", op.a, word_of(op.kind), op.b);
    case OpKind::kScaleUp:
    case OpKind::kToFloat:
    case OpKind::kRoundExact:
    case OpKind::kRoundFloat:
      return fmt::format("{} v{} {}", word_of(op.kind), op.a, op.amount);
    case OpKind::kCodeIn:
      return fmt::format("in v{}{}", op.a, codes(pipeline, pipeline.ops[static_cast<size_t>(op.a)].column, op.codes));
    case OpKind::kSelect:
      return fmt::format("if v{} v{} v{}", op.a, op.b, op.c);
  }
  return "";
}

std::string Printer::op(const Pipeline& pipeline, const Op& op) const {
  std::string type = word_of(op.type);
  if (op.type == OpType::kExact) type += std::to_string(op.bits);
  if (op.nullable) type += "?";
  return op_body(pipeline, op) + " : " + type;
}

void Printer::print_machine(const Machine& machine, size_t index) {
  line("  machine m{} d{} key c{}{}", index, machine.domain, machine.key_column,
       machine.key_space_use < 0 ? "" : fmt::format(" u{}", machine.key_space_use));
  for (size_t i = 0; i < machine.bits.size(); ++i) line("    bit b{}{}", i, guarded(machine.bits[i]));
  for (size_t i = 0; i < machine.folds.size(); ++i) {
    const Machine::Fold& fold = machine.folds[i];
    std::string carried;
    for (const int op : fold.carried) carried += fmt::format(" v{}", op);
    line("    entry f{} b{} {}{}{}{}", i, fold.bit, word_of(fold.kind),
         fold.input < 0 ? "" : fmt::format(" v{}", fold.input), carried, moment_text(fold.moment));
  }
}

std::string Printer::updates(const std::vector<Dispatch::Update>& updates) const {
  std::string text;
  for (const Dispatch::Update& update : updates) {
    text += fmt::format(" a{}", update.accumulator) + guarded(update.guard);
  }
  return text;
}

void Printer::print_dispatch(const Pipeline& pipeline) {
  const Dispatch& dispatch = pipeline.dispatch;
  if (dispatch.column < 0) return;
  line("  dispatch c{}", dispatch.column);
  for (size_t i = 0; i < dispatch.cases.size(); ++i) {
    line("    case{} :{}", codes(pipeline, dispatch.column, dispatch.case_codes[i]), updates(dispatch.cases[i]));
  }
  line("    always :{}", updates(dispatch.always));
}

// ------------------------------------------------------------------------------------------------ formulas, outputs
std::string Printer::streams(const std::vector<int>& streams) const {
  std::string text;
  for (const int stream : streams) text += " " + name_text(plan_.streams[static_cast<size_t>(stream)].name);
  return streams.empty() ? "" : " streams" + text;
}

std::string finish_text(const Formula& f) {
  std::string text = word_of(f.finish);
  if (f.finish == Finish::kPercentile) text += fmt::format(" {} {}", f.percentage.numerator, f.percentage.digits);
  return text;
}

std::string Printer::leaf(const Formula& f) const {
  const bool cell = f.kind == FormulaKind::kCell;
  const char folded = cell ? 'a' : 'f';
  std::string text = fmt::format("{} {} k{} p{}", word_of(f.kind), finish_text(f), f.key_space, f.pipeline);
  if (f.machine >= 0) text += fmt::format(" m{}", f.machine);
  if (f.accumulator >= 0) text += fmt::format(" {}{}", folded, f.accumulator);
  if (f.count >= 0) text += fmt::format(" count {}{}", folded, f.count);
  if (f.rows >= 0) text += fmt::format(" rows {}{}", cell ? 'a' : 'b', f.rows);
  if (f.row_dimensions != 0) text += fmt::format(" of_row {}", f.row_dimensions);
  if (f.leaf_scale != 0) text += fmt::format(" scale {}", f.leaf_scale);
  return text;
}

std::string window_text(const Window& window) {
  switch (window.kind) {
    case WindowKind::kLast:
      return fmt::format("last {} {}", window.period.count, word_of(window.period.unit));
    case WindowKind::kToDate:
      return fmt::format("to_date {}", word_of(window.unit));
    case WindowKind::kAllTime:
      return "all_time";
  }
  return "";
}

std::string offset_text(const Formula& f) {
  const std::string text = f.elapsed ? "elapsed " : "";
  switch (f.offset.kind) {
    case OffsetKind::kHere:
      return text + "here";
    case OffsetKind::kAgo:
      return text + fmt::format("{} {}", f.offset.period.count, word_of(f.offset.period.unit));
    case OffsetKind::kSameWeek:
      return text + "same_week";
  }
  return text;
}

std::string constant_text(const CellValue& constant) {
  if (const int128* exact = std::get_if<int128>(&constant.value)) return exact_text(*exact);
  if (const double* number = std::get_if<double>(&constant.value)) return number_text(*number);
  return std::get<bool>(constant.value) ? "true" : "false";
}

std::string Printer::formula_body(const Formula& f) const {
  switch (f.kind) {
    case FormulaKind::kConst:
      return "const " + constant_text(f.constant);
    case FormulaKind::kCell:
    case FormulaKind::kEntityCell:
    case FormulaKind::kUnique:
      return leaf(f);
    case FormulaKind::kRate:
      return fmt::format("rate r{}", f.rate);
    case FormulaKind::kNegate:
    case FormulaKind::kNot:
      return fmt::format("{} x{}", word_of(f.kind), f.a);
    case FormulaKind::kAdd:
    case FormulaKind::kSubtract:
    case FormulaKind::kMultiply:
    case FormulaKind::kDivide:
    case FormulaKind::kEqual:
    case FormulaKind::kNotEqual:
    case FormulaKind::kLess:
    case FormulaKind::kLessEqual:
    case FormulaKind::kGreater:
    case FormulaKind::kGreaterEqual:
    case FormulaKind::kAnd:
    case FormulaKind::kOr:
    case FormulaKind::kGreatest:
    case FormulaKind::kLeast:
    case FormulaKind::kCoalesce:
    case FormulaKind::kRated:
      return fmt::format("x{} {} x{}", f.a, word_of(f.kind), f.b);
    case FormulaKind::kRound:
      return fmt::format("round x{} {}", f.a, f.digits);
    case FormulaKind::kIf:
      return fmt::format("if x{} x{} x{}", f.a, f.b, f.c);
    case FormulaKind::kOver:
      return fmt::format("over x{} {}", f.a, window_text(f.window));
    case FormulaKind::kAt:
      return fmt::format("at x{} {}", f.a, offset_text(f));
    case FormulaKind::kCollapseTime:
      return fmt::format("per_time {} {} x{}", word_of(f.grain), finish_text(f), f.a);
    case FormulaKind::kCollapseEntity:
      return fmt::format("per_entity d{} {} x{}", f.domain, finish_text(f), f.a);
    case FormulaKind::kCollapseDimension:
      return fmt::format("per_dimension {} x{}", finish_text(f), f.a);
  }
  return "";
}

std::string Printer::formula(const Formula& f) const {
  const std::string type = f.exact ? fmt::format("exact{}", f.scale) : f.boolean ? "bool" : "float";
  return formula_body(f) + " : " + type + streams(f.streams);
}

void Printer::print_output(const Output& output) {
  const MetricInfo& info = output.info;
  line("output {} = x{} per {}{}", name_text(info.name), output.formula, word_of(output.grain),
       streams(output.streams));
  std::string shown = word_of(info.kind);
  if (info.exact) shown += fmt::format(" exact {}", info.scale);
  if (info.plain_sums) shown += " plain_sums";
  if (!info.unit.empty()) shown += " unit " + quoted(info.unit);
  if (info.shown_digits >= 0) shown += fmt::format(" digits {}", info.shown_digits);
  if (!info.format.empty()) shown += " format " + quoted(info.format);
  if (!info.title.empty()) shown += " title " + quoted(info.title);
  line("  shown {}", shown);
  if (info.dimensions.empty()) return;
  std::string groups;
  for (const Presence& counted : output.presence) groups += presence_text(counted);
  std::string dimensions;
  for (const std::string& dimension : info.dimensions) dimensions += " " + name_text(dimension);
  const std::string top = info.top > 0 ? fmt::format(" top {} x{}", info.top, output.rank) : "";
  line("  groups k{}{}{} by{}", output.key_space, groups, top, dimensions);
}

}  // namespace

std::string print_plan(const Plan& plan) { return Printer(plan).run(); }

}  // namespace alidade
