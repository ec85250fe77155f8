// The plan's text back to a plan: what print.cpp writes, line by line, each line by its first word. Strict about words
// and indices, silent about meaning: verify_plan judges that. See lower.h.
#include <algorithm>
#include <charconv>

#include "compiler/plan/lower.h"
#include "compiler/plan/ops.h"
#include "compiler/plan/words.h"

namespace alidade {
namespace {

/// The words of one line, read left to right. After the first word that does not fit, `bad` stays set.
class Line {
 public:
  explicit Line(std::vector<PlanWord> words) : words_(std::move(words)) {}

  bool bad() const { return bad_; }
  bool done() const { return at_ == words_.size(); }
  bool quoted_next() const { return !done() && words_[at_].is_quoted; }
  std::string_view peek() const { return done() || words_[at_].is_quoted ? std::string_view() : words_[at_].text; }
  bool accept(std::string_view word) {
    if (done() || words_[at_].is_quoted || words_[at_].text != word) return false;
    ++at_;
    return true;
  }
  void expect(std::string_view word) {
    if (!accept(word)) bad_ = true;
  }
  void fail() { bad_ = true; }

  std::string text() {
    if (done()) {
      bad_ = true;
      return "";
    }
    return words_[at_++].text;
  }
  template <typename T>
  T number() {
    const std::string word = text();
    T value = 0;
    const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
    if (end.ec != std::errc() || end.ptr != word.data() + word.size()) bad_ = true;
    return value;
  }
  /// "v12" → 12.
  int index(char prefix) {
    if (!names_index(prefix)) {
      bad_ = true;
      return -1;
    }
    const std::string word = text();
    int value = -1;
    std::from_chars(word.data() + 1, word.data() + word.size(), value);
    return value;
  }
  bool names_index(char prefix) const {
    const std::string_view word = peek();
    if (word.size() < 2 || word.size() > 9 || word.front() != prefix) return false;
    return word.substr(1).find_first_not_of("0123456789") == std::string_view::npos;
  }
  template <typename E>
  E word() {
    const auto value = from_word<E>(text());
    if (!value) bad_ = true;
    return value.value_or(enum_words<E>().front().value);
  }
  /// The next word is the name of one of `items`.
  template <typename T>
  int named(const std::vector<T>& items) {
    const std::string name = text();
    for (size_t i = 0; i < items.size(); ++i) {
      if (items[i].name == name) return static_cast<int>(i);
    }
    bad_ = true;
    return -1;
  }

 private:
  std::vector<PlanWord> words_;
  size_t at_ = 0;
  bool bad_ = false;
};

class PlanParser {
 public:
  Result<Plan> run(const std::string& text);

 private:
  void parse_line(Line& line);
  bool parse_pipeline_line(const std::string& word, Line& line);
  void parse_field(Line& line);
  void parse_key_space(Line& line);
  void parse_column(Line& line);
  void parse_op(Line& line);
  void parse_op_body(Line& line, Op& op);
  void parse_op_type(Line& line, Op& op);
  void parse_fold(Line& line);
  void parse_machine(Line& line);
  void parse_entry(Line& line);
  void parse_case(Line& line);
  void parse_formula(Line& line);
  void parse_formula_body(Line& line, Formula& formula);
  void parse_leaf(Line& line, Formula& formula);
  void parse_finish(Line& line, Formula& formula);
  void parse_constant(Line& line, CellValue& constant);
  void parse_formula_type(Line& line, Formula& formula);
  void parse_output(Line& line);
  void parse_shown(Line& line);
  void parse_groups(Line& line);
  void parse_rate(Line& line);
  Presence parse_presence(Line& line);

  std::vector<uint32_t> parse_codes(Line& line, int column);
  std::vector<Dispatch::Update> parse_updates(Line& line);
  std::vector<int> parse_streams(Line& line);
  Moment moment(Line& line) {
    Moment moment;
    if (!line.accept("at")) return moment;
    moment.time = line.index('v');
    if (line.names_index('v')) moment.order = line.index('v');
    return moment;
  }
  int guard(Line& line) { return line.accept("if") ? line.index('v') : -1; }
  /// Reads "v3" where the next of `items` is being declared.
  template <typename T>
  void declare(Line& line, char prefix, const std::vector<T>& items) {
    if (line.index(prefix) != static_cast<int>(items.size())) line.fail();
  }
  Pipeline& pipeline() { return plan_.pipelines.back(); }

  Plan plan_;
  SourceSchema* source_ = nullptr;
};

Result<Plan> PlanParser::run(const std::string& text) {
  size_t start = 0;
  for (int number = 1; start < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', start), text.size());
    auto words = words_of(std::string_view(text).substr(start, end - start));
    start = end + 1;
    if (words && words->empty()) continue;
    bool bad = !words;
    if (words) {
      Line line(std::move(*words));
      parse_line(line);
      bad = line.bad() || !line.done();
    }
    if (bad) return Error{0, "line " + std::to_string(number) + " of the plan cannot be read", {}};
  }
  return std::move(plan_);
}

void PlanParser::parse_line(Line& line) {
  const std::string word = line.text();
  if (word == "calendar") {
    plan_.calendar.zone = line.text();
    plan_.calendar.week_start = line.number<int>();
    plan_.calendar.year_start = line.number<int>();
  } else if (word == "stream" || word == "table") {
    auto& sources = word == "stream" ? plan_.streams : plan_.tables;
    sources.emplace_back();
    source_ = &sources.back();
    source_->name = line.text();
    if (line.accept("late")) source_->late_micros = line.number<int64_t>();
    if (line.accept("rows_of")) source_->table = line.number<int>();
  } else if (word == "field" && source_ != nullptr) {
    parse_field(line);
  } else if (word == "domain") {
    declare(line, 'd', plan_.domains);
    KeyDomain domain;
    domain.name = line.text();
    domain.kind = line.word<FieldKind>();
    plan_.domains.push_back(std::move(domain));
  } else if (word == "cells") {
    parse_key_space(line);
  } else if (word == "pipeline") {
    declare(line, 'p', plan_.pipelines);
    plan_.pipelines.emplace_back();
    pipeline().stream = line.named(plan_.streams);
    if (line.accept("from")) pipeline().source = {line.index('p'), line.index('m'), line.index('f')};
  } else if (word == "formula") {
    parse_formula(line);
  } else if (word == "output") {
    parse_output(line);
  } else if (word == "shown" && !plan_.outputs.empty()) {
    parse_shown(line);
  } else if (word == "groups" && !plan_.outputs.empty()) {
    parse_groups(line);
  } else if (word == "rate") {
    parse_rate(line);
  } else if (word == "unrated") {
    plan_.unrated.push_back(parse_presence(line));
  } else if (plan_.pipelines.empty() || !parse_pipeline_line(word, line)) {
    line.fail();
  }
}

bool PlanParser::parse_pipeline_line(const std::string& word, Line& line) {
  if (word == "column") {
    parse_column(line);
  } else if (word == "let") {
    parse_op(line);
  } else if (word == "keys") {
    declare(line, 'u', pipeline().key_spaces);
    KeySpaceUse use;
    use.key_space = line.index('k');
    while (line.names_index('c')) use.dimension_columns.push_back(line.index('c'));
    pipeline().key_spaces.push_back(std::move(use));
  } else if (word == "fold") {
    parse_fold(line);
  } else if (word == "machine") {
    parse_machine(line);
  } else if (word == "bit" && !pipeline().machines.empty()) {
    declare(line, 'b', pipeline().machines.back().bits);
    pipeline().machines.back().bits.push_back(guard(line));
  } else if (word == "entry" && !pipeline().machines.empty()) {
    parse_entry(line);
  } else if (word == "dispatch") {
    pipeline().dispatch.column = line.index('c');
  } else if (word == "case") {
    parse_case(line);
  } else if (word == "always") {
    line.expect(":");
    pipeline().dispatch.always = parse_updates(line);
  } else {
    return false;
  }
  return true;
}

// ------------------------------------------------------------------------------------------------ sources
void PlanParser::parse_field(Line& line) {
  FieldSchema field;
  field.name = line.text();
  field.source = field.name;
  field.kind = line.word<FieldKind>();
  while (line.quoted_next()) field.values.push_back(line.text());
  if (line.accept("scale")) field.scale = line.number<uint8_t>();
  if (line.accept("unit")) field.unit_micros = line.number<int64_t>();
  field.date_only = line.accept("date");
  field.optional = line.accept("optional");
  if (line.accept("from")) field.source = line.text();
  const int at = static_cast<int>(source_->fields.size());
  if (line.accept("time")) source_->time = at;
  if (line.accept("id")) source_->id = at;
  if (line.accept("order")) source_->order = at;
  if (line.accept("arrived")) source_->arrived = at;
  if (line.accept("key")) source_->key = at;
  if (line.accept("valid_from")) source_->valid_from = at;
  if (line.accept("valid_to")) source_->valid_to = at;
  source_->fields.push_back(std::move(field));
}

void PlanParser::parse_key_space(Line& line) {
  declare(line, 'k', plan_.key_spaces);
  KeySpace space;
  space.grain = line.word<Grain>();
  while (line.accept("by")) {
    Dimension dimension;
    dimension.name = line.text();
    dimension.kind = line.word<FieldKind>();
    while (line.quoted_next()) dimension.values.push_back(line.text());
    space.dimensions.push_back(std::move(dimension));
  }
  plan_.key_spaces.push_back(std::move(space));
}

void PlanParser::parse_rate(Line& line) {
  declare(line, 'r', plan_.rates);
  Rate rate;
  rate.table = line.named(plan_.tables);
  if (rate.table < 0) return line.fail();
  rate.field = line.named(plan_.tables[static_cast<size_t>(rate.table)].fields);
  rate.currency = line.text();
  rate.fixed = line.accept("at");
  if (rate.fixed) rate.moment = line.number<Instant>();
  plan_.rates.push_back(std::move(rate));
}

// ------------------------------------------------------------------------------------------------ pipelines
void PlanParser::parse_column(Line& line) {
  declare(line, 'c', pipeline().columns);
  ColumnUse use;
  const auto stream = static_cast<size_t>(pipeline().stream);
  if (stream >= plan_.streams.size()) return line.fail();
  const auto& fields = plan_.streams[stream].fields;
  const std::string kind = line.text();
  if (kind == "field") {
    use.field = line.named(fields);
  } else if (kind == "rate") {
    use.kind = ColumnKind::kRate;
    use.rate = line.index('r');
  } else {
    use.kind = kind == "member" ? ColumnKind::kMember : ColumnKind::kAttribute;
    use.entity_field = line.named(fields);
    use.table = line.named(plan_.tables);
    if (use.table < 0 || (kind != "member" && kind != "attribute")) return line.fail();
    if (kind == "attribute") use.field = line.named(plan_.tables[static_cast<size_t>(use.table)].fields);
  }
  if (use.field < 0) return line.fail();
  use.nullable = line.accept("optional");
  if (line.accept("class")) use.form = ColumnForm::kClass;
  while (line.quoted_next()) use.classes.push_back(line.text());
  pipeline().columns.push_back(std::move(use));
}

std::vector<uint32_t> PlanParser::parse_codes(Line& line, int column) {
  std::vector<uint32_t> codes;
  if (column < 0 || static_cast<size_t>(column) >= pipeline().columns.size()) {
    line.fail();
    return codes;
  }
  const ColumnUse& use = pipeline().columns[static_cast<size_t>(column)];
  const bool classes = use.form == ColumnForm::kClass;
  const bool no_codes = use.kind == ColumnKind::kMember || use.kind == ColumnKind::kRate;
  if (!classes && no_codes) {
    line.fail();
    return codes;
  }
  const auto& names = classes ? use.classes : column_field(plan_, pipeline(), use).values;
  while (line.quoted_next()) {
    const std::string name = line.text();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) line.fail();
    codes.push_back(static_cast<uint32_t>(found - names.begin()));
  }
  if (line.accept("other")) codes.push_back(static_cast<uint32_t>(names.size()));
  return codes;
}

void PlanParser::parse_op(Line& line) {
  declare(line, 'v', pipeline().ops);
  line.expect("=");
  Op op;
  parse_op_body(line, op);
  parse_op_type(line, op);
  pipeline().ops.push_back(std::move(op));
}

void PlanParser::parse_op_body(Line& line, Op& op) {
  if (line.names_index('v')) {
    op.a = line.index('v');
    op.kind = line.word<OpKind>();
    op.b = line.index('v');
    return;
  }
  op.kind = line.word<OpKind>();
  if (op.kind == OpKind::kColumn) {
    op.column = line.index('c');
  } else if (op.kind == OpKind::kConst) {
    const std::string value = line.text();
    op.truth = value == "true";
    op.exact = exact_from_text(value).value_or(0);
    op.number = number_from_text(value).value_or(0);
  } else {
    op.a = line.index('v');
    const bool has_amount = op.kind == OpKind::kScaleUp || op.kind == OpKind::kToFloat ||
                            op.kind == OpKind::kRoundExact || op.kind == OpKind::kRoundFloat;
    if (has_amount) op.amount = line.number<int>();
    if (op.kind == OpKind::kSelect) {
      op.b = line.index('v');
      op.c = line.index('v');
    }
    if (op.kind == OpKind::kCodeIn) {
      const bool known = op.a >= 0 && static_cast<size_t>(op.a) < pipeline().ops.size();
      op.codes = parse_codes(line, known ? pipeline().ops[static_cast<size_t>(op.a)].column : -1);
    }
  }
}

void PlanParser::parse_op_type(Line& line, Op& op) {
  line.expect(":");
  std::string type = line.text();
  if (!type.empty() && type.back() == '?') {
    op.nullable = true;
    type.pop_back();
  }
  if (type.starts_with("exact")) {
    int bits = 0;
    std::from_chars(type.data() + 5, type.data() + type.size(), bits);
    if (bits < 1 || bits > 128) line.fail();
    op.bits = static_cast<uint8_t>(bits);
  } else if (const auto known = from_word<OpType>(type)) {
    op.type = *known;
  } else {
    line.fail();
  }
  // A constant's text is read before its type is known: only the member of its type is kept.
  if (op.type != OpType::kExact) op.exact = 0;
  if (op.type != OpType::kFloat) op.number = 0;
}

void PlanParser::parse_fold(Line& line) {
  declare(line, 'a', pipeline().accumulators);
  Accumulator accumulator;
  accumulator.key_space_use = line.index('u');
  accumulator.kind = line.word<al_accumulator_kind>();
  if (line.names_index('v')) accumulator.input = line.index('v');
  accumulator.moment = moment(line);
  accumulator.guard = guard(line);
  pipeline().accumulators.push_back(accumulator);
}

void PlanParser::parse_machine(Line& line) {
  declare(line, 'm', pipeline().machines);
  Machine machine;
  machine.domain = line.index('d');
  line.expect("key");
  machine.key_column = line.index('c');
  machine.key_space_use = line.names_index('u') ? line.index('u') : -1;
  pipeline().machines.push_back(std::move(machine));
}

void PlanParser::parse_entry(Line& line) {
  auto& folds = pipeline().machines.back().folds;
  declare(line, 'f', folds);
  Machine::Fold fold;
  fold.bit = line.index('b');
  fold.kind = line.word<al_accumulator_kind>();
  const bool keeps_row = fold.kind == AL_FIRST_ROW || fold.kind == AL_LAST_ROW;
  if (!keeps_row && line.names_index('v')) fold.input = line.index('v');
  while (keeps_row && line.names_index('v')) fold.carried.push_back(line.index('v'));
  fold.moment = moment(line);
  folds.push_back(std::move(fold));
}

std::vector<Dispatch::Update> PlanParser::parse_updates(Line& line) {
  std::vector<Dispatch::Update> updates;
  while (line.names_index('a')) {
    const int accumulator = line.index('a');
    updates.push_back({accumulator, guard(line)});
  }
  return updates;
}

void PlanParser::parse_case(Line& line) {
  Dispatch& dispatch = pipeline().dispatch;
  dispatch.case_codes.push_back(parse_codes(line, dispatch.column));
  line.expect(":");
  dispatch.cases.push_back(parse_updates(line));
}

// ------------------------------------------------------------------------------------------------ formulas, outputs
std::vector<int> PlanParser::parse_streams(Line& line) {
  std::vector<int> streams;
  if (!line.accept("streams")) return streams;
  while (!line.done()) streams.push_back(line.named(plan_.streams));
  return streams;
}

void PlanParser::parse_formula(Line& line) {
  declare(line, 'x', plan_.formulas);
  line.expect("=");
  Formula formula;
  parse_formula_body(line, formula);
  parse_formula_type(line, formula);
  formula.streams = parse_streams(line);
  plan_.formulas.push_back(std::move(formula));
}

void PlanParser::parse_formula_type(Line& line, Formula& formula) {
  line.expect(":");
  const std::string type = line.text();
  formula.exact = type.starts_with("exact");
  formula.boolean = type == "bool";
  if (formula.exact) {
    const auto end = std::from_chars(type.data() + 5, type.data() + type.size(), formula.scale);
    if (end.ec != std::errc()) line.fail();
  } else if (!formula.boolean && type != "float") {
    line.fail();
  }
  // A constant is read as exact where it can be: "3" is a float's text too.
  const int128* whole = std::get_if<int128>(&formula.constant.value);
  if (formula.kind == FormulaKind::kConst && whole != nullptr && !formula.exact) {
    formula.constant.value = number_from_text(exact_text(*whole)).value_or(0);
  }
}

void PlanParser::parse_constant(Line& line, CellValue& constant) {
  constant.reason = Reason::kNone;
  const std::string text = line.text();
  if (const auto exact = exact_from_text(text)) {
    constant.value = *exact;
  } else if (const auto number = number_from_text(text)) {
    constant.value = *number;
  } else {
    if (text != "true" && text != "false") line.fail();
    constant.value = text == "true";
  }
}

void PlanParser::parse_finish(Line& line, Formula& formula) {
  formula.finish = line.word<Finish>();
  if (formula.finish != Finish::kPercentile) return;
  formula.percentage.numerator = line.number<int64_t>();
  formula.percentage.digits = line.number<int>();
}

void PlanParser::parse_leaf(Line& line, Formula& formula) {
  parse_finish(line, formula);
  const bool cell = formula.kind == FormulaKind::kCell;
  const char folded = cell ? 'a' : 'f';
  formula.key_space = line.index('k');
  formula.pipeline = line.index('p');
  if (line.names_index('m')) formula.machine = line.index('m');
  if (line.names_index(folded)) formula.accumulator = line.index(folded);
  if (line.accept("count")) formula.count = line.index(folded);
  if (line.accept("rows")) formula.rows = line.index(cell ? 'a' : 'b');
  if (line.accept("of_row")) formula.row_dimensions = line.number<int>();
  if (line.accept("scale")) formula.leaf_scale = line.number<int>();
}

Window parse_window(Line& line) {
  Window window;
  if (line.accept("all_time")) {
    window.kind = WindowKind::kAllTime;
  } else if (line.accept("to_date")) {
    window.kind = WindowKind::kToDate;
    window.unit = line.word<Grain>();
  } else {
    line.expect("last");
    window.period.count = line.number<int64_t>();
    window.period.unit = line.word<Grain>();
  }
  return window;
}

Offset parse_offset(Line& line) {
  if (line.accept("here")) return {OffsetKind::kHere, {}};
  if (line.accept("same_week")) return {OffsetKind::kSameWeek, {}};
  Offset offset;
  offset.period.count = line.number<int64_t>();
  offset.period.unit = line.word<Grain>();
  return offset;
}

void PlanParser::parse_formula_body(Line& line, Formula& formula) {
  if (line.names_index('x')) {
    formula.a = line.index('x');
    formula.kind = line.word<FormulaKind>();
    formula.b = line.index('x');
    return;
  }
  formula.kind = line.word<FormulaKind>();
  switch (formula.kind) {
    case FormulaKind::kConst:
      return parse_constant(line, formula.constant);
    case FormulaKind::kCell:
    case FormulaKind::kEntityCell:
    case FormulaKind::kUnique:
      return parse_leaf(line, formula);
    case FormulaKind::kRate:
      formula.rate = line.index('r');
      return;
    case FormulaKind::kOver:
      formula.a = line.index('x');
      formula.window = parse_window(line);
      return;
    case FormulaKind::kAt:
      formula.a = line.index('x');
      formula.elapsed = line.accept("elapsed");
      formula.offset = parse_offset(line);
      return;
    case FormulaKind::kIf:
      formula.a = line.index('x');
      formula.b = line.index('x');
      formula.c = line.index('x');
      return;
    case FormulaKind::kCollapseTime:
    case FormulaKind::kCollapseEntity:
    case FormulaKind::kCollapseDimension:
      if (formula.kind == FormulaKind::kCollapseTime) formula.grain = line.word<Grain>();
      if (formula.kind == FormulaKind::kCollapseEntity) formula.domain = line.index('d');
      parse_finish(line, formula);
      formula.a = line.index('x');
      return;
    case FormulaKind::kNegate:
    case FormulaKind::kNot:
      formula.a = line.index('x');
      return;
    case FormulaKind::kRound:
      formula.a = line.index('x');
      formula.digits = line.number<int>();
      return;
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
      return line.fail();
  }
}

void PlanParser::parse_output(Line& line) {
  Output output;
  output.info.name = line.text();
  line.expect("=");
  output.formula = line.index('x');
  line.expect("per");
  output.grain = line.word<Grain>();
  output.info.grain = output.grain;
  output.streams = parse_streams(line);
  plan_.outputs.push_back(std::move(output));
}

void PlanParser::parse_shown(Line& line) {
  MetricInfo& info = plan_.outputs.back().info;
  info.kind = line.word<ShownKind>();
  info.exact = line.accept("exact");
  if (info.exact) info.scale = line.number<int>();
  info.plain_sums = line.accept("plain_sums");
  if (line.accept("unit")) info.unit = line.text();
  if (line.accept("digits")) info.shown_digits = line.number<int>();
  if (line.accept("format")) info.format = line.text();
  if (line.accept("title")) info.title = line.text();
}

Presence PlanParser::parse_presence(Line& line) {
  Presence presence;
  presence.pipeline = line.index('p');
  if (line.names_index('m')) presence.machine = line.index('m');
  presence.index = line.index(presence.machine < 0 ? 'a' : 'b');
  return presence;
}

void PlanParser::parse_groups(Line& line) {
  Output& output = plan_.outputs.back();
  output.key_space = line.index('k');
  while (line.names_index('p')) output.presence.push_back(parse_presence(line));
  if (line.accept("top")) {
    output.info.top = line.number<int>();
    output.rank = line.index('x');
  }
  line.expect("by");
  while (!line.done()) output.info.dimensions.push_back(line.text());
}

}  // namespace

Result<Plan> parse_plan(const std::string& text) { return PlanParser().run(text); }

}  // namespace alidade
