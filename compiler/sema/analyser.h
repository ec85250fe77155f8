// The state and the rule families of one analysis. Inside compiler/sema only; the door is analyse.h. Each family is one
// file. A rule returns nothing when it reported an error or met something already broken, so one cause is one error.
// One thread, one use.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/sema/analyse.h"
#include "compiler/sema/builder.h"
#include "compiler/sema/meaning.h"
#include "compiler/syntax/parse.h"
#include "compiler/types/rules.h"

namespace alidade {

constexpr int kMaxTop = 1'000'000;
constexpr int kMaxDepth = 1200;  ///< of a formula or condition with everything it names put in

/// Rows of one stream: what an event is. The condition is the constant true for every row.
struct RowSet {
  int stream = -1;
  RowId condition;
};

/// A condition that is resolved anew in each stream it is used in.
enum class SegmentKind : uint8_t { kRows, kTable, kAnd, kOr, kNot };
struct SegmentNode {
  SegmentKind kind = SegmentKind::kRows;
  int source = -1;  ///< kRows: stream; kTable: table
  RowId condition;  ///< over rows of that source
  int a = -1, b = -1;
  int depth = 0;  ///< of the nodes below
};

enum class SymbolKind : uint8_t { kStream, kTable, kEvent, kSegment, kMetric, kDef, kUnit, kModule, kLater };
enum class SymbolState : uint8_t { kNew, kActive, kDone, kBroken };
struct Symbol {
  SymbolKind kind = SymbolKind::kStream;
  SymbolState state = SymbolState::kNew;
  const ast::Decl* decl = nullptr;  ///< once it is resolved: with what it calls and imports put in
  int index = -1;                   ///< stream, table, metric, segment node, unit, imported module
  RowSet rows;                      ///< stream, event
  int module = 0;                   ///< where it is declared
  Name name;
  bool used = false;  ///< kModule: something of it is named
};

/// What a parameter stands for, its names those of where it was given.
struct Binding {
  const ast::Param* param = nullptr;
  const ast::Expr* value = nullptr;
  int nodes = 0;  ///< of the value
  int depth = 0;
};

/// A module as one import sees it. Without arguments all imports of a file see the same.
struct ModuleUse {
  int file = 0;
  std::string name;                   ///< what stands before its names: "revenue"; "" for the file that is analysed
  const ast::Decl* header = nullptr;  ///< its `module` declaration; null without
  const ast::Decl* import = nullptr;  ///< the one that gives it arguments; null without
  int importer = 0;                   ///< of `import`
  bool open = false;                  ///< has parameters that nothing gives: only its names can be checked
  std::unique_ptr<NameTable> names;   ///< with arguments its own, so that two imports of a file are told apart
  std::vector<Binding> bindings;
};

/// Where an expression that is expanded was written.
struct ExpandScope {
  int module = 0;
  const std::vector<Binding>* bindings = nullptr;  ///< of the def whose body it is; null outside of one
  uint32_t shift = 0;                              ///< of its spans, into those of an expansion
};

/// A use of a def: its body's nodes have spans of their own, from which both places are found again.
struct Expansion {
  uint32_t begin = 0;
  Span body;  ///< of the def
  Span use;
  std::string_view name;
};

/// A value of a stream's event field that is no name.
struct UnnamedEvent {
  Name stream, field;
  std::string_view value;
};

/// Fields that may be missing and are compared negated in a condition, and those that it asks about with `is null`.
struct MissingFields {
  struct Negated {
    RowId field;
    Span span;
    bool passes = false;  ///< whether a row without the field passes
  };
  std::vector<Negated> negated;
  std::vector<RowId> asked;
};

/// What a formula gives: a value, and the key of a `per` that nothing has collapsed yet.
struct Term {
  ValueId value;
  std::optional<PerKey> open;
};

/// Where the names of a row expression are looked up.
struct RowScope {
  int stream = -1;
  int table = -1;
  RowId base;        ///< rows that a qualified name may stand for, besides the whole stream
  bool bare = true;  ///< fields without a qualifier (after `where`)
};

/// The argument of an aggregate over rows.
struct RowArgument {
  RowSet rows;
  std::optional<RowId> input;
  std::string words;  ///< as written, without its conditions
};

/// A number or a date as a literal means it.
struct Constant {
  Type type;
  int128 exact = 0;
  bool truth = false;
  std::string text;
};

/// What a word after a number stands for.
enum class UnitWordKind : uint8_t { kMultiple, kCurrency, kDuration, kCounted, kDeclared };
struct UnitWord {
  UnitWordKind kind = UnitWordKind::kCounted;
  int64_t factor = 1;  ///< of `unit`, times 10^-scale; kDuration: microseconds
  int scale = 0;
  UnitId unit;
  friend bool operator==(const UnitWord&, const UnitWord&) = default;
};

/// A function that means the same of one row and of values.
enum class Operation : uint8_t { kGreatest, kLeast, kRound, kCoalesce, kConvert };

/// What a call of `convert` says beside the amount.
enum class RateTime : uint8_t { kEvent, kPeriodEnd, kMoment };
struct Conversion {
  UnitId to;
  int table = -1;
  int field = -1;  ///< -1: the one that is in `to`
  RateTime on = RateTime::kEvent;
  Instant moment = 0;        ///< kMoment
  Span to_span, table_span;  ///< of the arguments
  std::optional<Span> on_span;
};

/// An expected table: what its columns are, and where each stands.
struct ExpectedTable {
  std::vector<std::string> dimensions;
  std::vector<Type> dimension_types;
  std::vector<TestExpectation> columns;
  bool has_other = false;      ///< a `top`: one row may be that of all other groups
  std::vector<size_t> header;  ///< of each written column: 0 the bucket, then the dimensions, then the values
};

/// A condition on its way from one source's rows to those of stream `to`.
struct Translation {
  int from_stream = -1;
  int from_table = -1;
  int to = -1;
  std::string* missing = nullptr;  ///< gets what the stream lacks
  std::map<RowId, std::optional<RowId>> done;
};

class Analyser {
 public:
  Analyser(const SpecFiles& files, DiagnosticSink& sink);
  Model run();

 private:
  // ---- reporting (analyse.cpp)
  bool is_said(Code code);
  void add_dimension_rows();
  Diagnostic& error(Code code, Span span, std::string message, std::string help = "");
  void problem(const TypeProblem& problem, Span span);
  void label_types(Diagnostic& diagnostic, const ast::Expr& a, const Type& left, const ast::Expr& b, const Type& right);
  void unknown(Code code, const ast::Ident& name, std::string message, const std::vector<std::string_view>& candidates,
               std::string help);
  /// One error per declaration that what stands here is not available yet.
  void later(Span span, std::string_view what);
  std::string words(const ast::Expr& expr) const;
  std::string_view written(Span span) const;
  /// The file of a place, and the place in it: for one inside an expansion in the def.
  const SourceFile& file_of(Span span) const;
  Span real(Span span) const;
  void settle_places(size_t first);
  std::string show(const Type& type) const { return display(type, model_.units); }

  // ---- declarations (declare.cpp, sources.cpp, properties.cpp)
  void collect_symbols(int module);
  void collect_unread(const ast::File& file, int module);
  void add_symbol(SymbolKind kind, const ast::Decl& decl, int module);
  void collect_events(const ast::Decl& stream, int module);
  std::string event_to_declare(std::string_view name) const;
  void open_calendar();
  void declare_calendar(const ast::Decl& decl);
  void declare_streams_and_tables();
  void declare_stream(Symbol& symbol);
  void declare_table(Symbol& symbol);
  bool declare_validity(const ast::TableDecl& table, ModelSource& source);
  void add_table_rows();
  bool declare_fields(const Slice<ast::Field>& fields, ModelSource& source);
  bool assign_role(const ast::Field& field, int index, ModelSource& source);
  bool check_roles(const ast::Decl& decl, ModelSource& source);
  bool lateness(const ast::Literal& late, ModelSource& source);
  void match_entities();
  void match_key(const ModelSource& table);
  std::optional<ModelField> declared_field(const ast::Field& field);
  std::optional<ModelField> type_of(const ast::TypeRef& type);
  std::optional<ModelField> money_type(const ast::TypeRef& type);
  std::optional<ModelField> duration_type(const ast::TypeRef& type);
  std::optional<ModelField> timestamp_type(const ast::TypeRef& type);
  std::optional<ModelField> decimal_type(const ast::TypeRef& type);
  std::optional<ModelField> one_of_type(const ast::TypeRef& type);
  void declare_later(const ast::Decl& decl);
  void check_reference(const ast::Decl& decl);
  void check_properties(const Slice<ast::Property>& properties, ModelMetric* metric);
  void check_property(const ast::Property& property, ModelMetric* metric);
  void check_format(const ast::PropertyValue& value, ModelMetric& metric);
  void check_unit_property(const ast::Property& property, ModelMetric& metric);

  // ---- modules (modules.cpp)
  void use_modules();
  int use_module(int importer, const ast::Decl& import, int file);
  const ast::File& file_in(int module) const;
  Name name_in(int module, const ast::Ident& ident);
  std::string qualified(int module, std::string_view name) const;
  void check_calendar(const ast::Decl& decl, int module);
  void check_modules();
  void bind_modules();
  void check_open_module(int module);
  /// What `a.b` names in the module `a`; reports where there is none.
  Symbol* member(Symbol& module, const ast::Ident& name);
  Symbol* find(const ast::Path& path);
  /// Reports a def, a unit or a module where something else is needed.
  bool wrong_use(const Symbol& symbol, const ast::Ident& name);

  // ---- definitions with parameters (definitions.cpp, arguments.cpp, expand.cpp)
  bool check_definition(const Symbol& symbol);
  bool check_parameters(const Slice<ast::Param>& params);
  bool match_arguments(const ast::Decl& callee, const ExpandScope& inside, const Slice<ast::Arg>& args,
                       const ExpandScope& outside, Span place, std::vector<Binding>& bindings);
  bool assign_arguments(const ast::Decl& callee, const Slice<ast::Arg>& args, uint32_t shift,
                        std::vector<const ast::Arg*>& given);
  void unknown_parameter(const ast::Decl& callee, ast::Ident name, uint32_t shift);
  bool is_entity(const ast::Ident& name);
  void report_names(const std::vector<const ast::Expr*>& names, const Slice<ast::Param>& params,
                    const std::string& where);
  bool bind(const ast::Decl& callee, const ast::Param& param, const ast::Expr& written, const ExpandScope& scope,
            std::vector<Binding>& bindings);
  bool fits_parameter(const ast::Decl& callee, const ast::Param& param, const ast::Expr& value);
  bool is_amount(const ast::Param& param, const ast::Expr& value);
  /// The declaration with defs, parameters and qualified names replaced by what they stand for; null when reported.
  const ast::Decl* expanded(const ast::Decl& decl);
  bool expand_items(ast::Decl& decl, const ExpandScope& scope);
  const ast::Expr* expand(const ast::Expr& expr, const ExpandScope& scope);
  const ast::Expr* too_large(Span use);
  const ast::Expr* expand_name(const ast::Expr& expr, const ExpandScope& scope);
  const ast::Expr* expand_member(const ast::Expr& expr, const ExpandScope& scope);
  const ast::Expr* expand_call(const ast::Expr& expr, Symbol& def, const ExpandScope& scope);
  const ast::Expr* expand_parts(const ast::Expr& expr, const ExpandScope& scope);
  const ast::Literal* expand_literal(const ast::Literal* literal, const ExpandScope& scope);
  const ast::Window* expand_window(const ast::Window& window, const ExpandScope& scope);
  bool expand_arguments(ast::Expr& copy, const ExpandScope& scope);
  ast::Path expand_path(const ast::Path& path, const ExpandScope& scope);
  const Binding* bound(const ast::Ident& name, const ExpandScope& scope) const;
  /// What `a.b.c` names through modules; nothing where `a` is none. `sound` is false when reported.
  Symbol* through_modules(const ast::Expr& expr, const ExpandScope& scope, bool* sound);
  std::optional<uint32_t> open_expansion(const ast::Decl& def, Span use);
  const Expansion* expansion_at(Span span) const;

  // ---- names (declare.cpp)
  /// Whether a broken table may have had an attribute of this entity, or of any entity of the stream.
  bool attributes_broken(std::string_view entity) const;
  bool attributes_broken(int stream) const;
  Symbol* find(Name name);
  /// Resolves what the symbol stands for; false where it is broken. A cycle is reported once, at its first member.
  bool resolve(Symbol& symbol);
  bool declare(Symbol& symbol);
  std::vector<std::string_view> names_of(std::initializer_list<SymbolKind> kinds) const;

  // ---- literals and units (literals.cpp, units.cpp)
  bool declare_unit(Symbol& symbol);
  std::optional<UnitWord> declared_unit(std::string_view word);
  bool measure(const ast::TypeRef& type, size_t argument, ModelField& field);
  RowId in_type_unit(const ModelField& field, RowId row);
  void check_units();
  std::optional<Constant> constant(const ast::Literal& literal);
  std::optional<UnitWord> unit_word(std::string_view word);
  std::optional<UnitWord> unit_word(const ast::Ident& word);
  std::optional<Period> period(const ast::Literal& literal);
  std::optional<int64_t> fixed_duration(const ast::Literal& literal);
  std::optional<Instant> instant(const ast::Literal& literal);

  // ---- rows (rows.cpp, conditions.cpp)
  std::optional<RowId> row(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> row_of_kind(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> row_literal(const ast::Literal& literal);
  std::optional<RowId> row_name(const ast::Ident& name, const RowScope& scope);
  std::optional<RowId> row_member(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> row_arithmetic(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> row_comparison(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> row_in(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> row_null(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> row_if(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> row_logic(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> condition(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> checked_condition(const ast::Expr& expr, const RowScope& scope);
  std::optional<RowId> fitted(RowId constant, const Type& other, const ast::Expr& at);
  std::optional<RowId> list_value(const Row& text, const Type& list, const ast::Expr& at);
  bool whole_day_equality(const ast::Expr& expr, RowId a);
  RowId field_row(const RowScope& scope, int field);
  std::optional<RowId> attribute_row(int stream, int entity, const ast::Ident& name);
  void collect_missing(const ast::Expr& expr, const ast::Expr* outer, MissingFields& found) const;
  void warn_missing(const ast::Expr& expr);
  void missing_fields(RowId condition, std::vector<RowId>& fields, std::vector<RowId>& asked) const;

  // ---- habits from elsewhere (habits.cpp)
  void warn_fraction(const ast::Expr& at, const ast::Expr& left, const Type& a, const ast::Expr& right, const Type& b);
  void warn_growth_of_percentage(const ast::Arg& argument, const ast::Arg& ago, const Type& type);
  void warn_arithmetic_on_names(const ast::Expr& written, Aggregate aggregate, std::string_view word, RowId input);
  void warn_extra_day(const Period& length, Span at);
  void warn_never_null(const ast::Expr& expr);
  const ModelSource& source_of(const RowScope& scope) const;
  void unknown_field(const ast::Ident& name, const RowScope& scope);

  // ---- functions of rows and of values (operations.cpp)
  bool operation_arguments(const ast::Expr& call, Operation operation);
  std::optional<int> written_digits(const ast::Expr& call);
  bool can_round(const ast::Expr& argument, const Type& type);
  std::optional<Type> operation_type(const ast::Expr& call, Operation operation, const Operand& a, const Operand& b,
                                     const ast::Expr& right);
  std::optional<RowId> row_operation(const ast::Expr& call, Operation operation, const RowScope& scope);
  std::optional<RowId> row_round(const ast::Expr& call, const RowScope& scope);
  std::optional<Term> value_operation(const ast::Expr& call, Operation operation);
  std::optional<Term> value_round(const ast::Expr& call);

  // ---- other currencies (conversions.cpp)
  std::optional<RowId> row_convert(const ast::Expr& call, const RowScope& scope);
  std::optional<Term> value_convert(const ast::Expr& call);
  std::optional<Conversion> conversion(const ast::Expr& call);
  bool conversion_to(const ast::Expr& to, Conversion& conversion);
  bool conversion_table(const ast::Expr& rates, Conversion& conversion);
  bool conversion_time(const ast::Expr& on, Conversion& conversion);
  std::optional<UnitId> currency_of(const ast::Expr& amount, const Type& type);
  std::optional<int> rate_of(const Conversion& conversion, const std::string& currency);
  Type rate_type(int rate, UnitId from);
  std::optional<RowId> converted_by_entity(const ast::Expr& call, const RowScope& scope, const Conversion& conversion,
                                           RowId amount, int entity);
  std::optional<RowId> times_rate(const ast::Expr& call, RowId amount, const RowScope& scope, int rate, UnitId from,
                                  int entity);
  void warn_same_currency(const ast::Expr& call, const Conversion& conversion);
  void warn_two_currencies(const ast::Expr& expr, const Type& left, const Type& right, const Type& type);
  RowId unrated(RowId input);
  ValueId unrated_rows(const Value& aggregate, RowId unrated);

  // ---- sets of rows (events.cpp, segments.cpp)
  std::optional<RowSet> event(const ast::Expr& expr);
  bool has_order(int stream, Span use);
  std::optional<RowSet> event_name(const ast::Ident& name);
  std::optional<RowSet> event_union(const ast::Expr& expr);
  std::optional<RowSet> first_event(const ast::Expr& expr);
  bool sound_firsts(RowId condition, Span use);
  bool is_event(const ast::Expr& expr);
  std::optional<int> segment(const ast::Expr& expr);
  std::optional<int> segment_name(const ast::Ident& name);
  std::optional<int> segment_where(const ast::Expr& expr);
  int segment_node(SegmentNode node);
  int segment_depth(int node) const;
  std::optional<RowId> segment_rows(int node, int stream, Span use);
  std::optional<RowId> resolve_segment(const SegmentNode& node, int stream, Span use);
  std::optional<RowId> translate(RowId row, Translation& translation);
  std::optional<RowId> translate_parts(RowId row, Translation& translation);
  std::optional<RowId> translate_leaf(Row row, const Translation& translation);
  std::optional<ValueId> restricted(ValueId value, int segment, Span use, std::map<ValueId, ValueId>& done);

  // ---- values (values.cpp, calls.cpp, aggregates.cpp, windows.cpp)
  std::optional<Term> value(const ast::Expr& expr);
  std::optional<Term> value_name(const ast::Ident& name);
  std::optional<Term> value_member(const ast::Expr& expr);
  std::optional<Term> value_segment(const ast::Expr& expr);
  std::optional<Term> value_arithmetic(const ast::Expr& expr);
  std::optional<Term> value_comparison(const ast::Expr& expr);
  std::optional<Term> value_in(const ast::Expr& expr);
  std::optional<Term> value_logic(const ast::Expr& expr);
  std::optional<Term> value_if(const ast::Expr& expr);
  std::optional<Term> value_negation(const ast::Expr& expr);
  std::optional<Term> value_not(const ast::Expr& expr);
  std::optional<Term> value_where(const ast::Expr& expr);
  std::optional<Term> compare_terms(ValueKindTag kind, const ast::Expr& at, const Term& a, const ast::Expr& left,
                                    const Term& b, const ast::Expr& right);
  bool merge_open(Term& into, const Term& a, const Term& b, const ast::Expr& at);
  bool is_constant(ValueId value) const { return build_.facts(value).constant; }
  Operand operand(const Term& term) const;
  void fit(Term& a, Term& b);

  std::optional<Term> call(const ast::Expr& expr);
  std::optional<Term> function_call(const ast::Expr& expr, std::string_view word);
  std::optional<Term> aggregate_call(const ast::Expr& expr, Aggregate aggregate, std::string_view word);
  std::optional<Term> row_aggregate(const ast::Expr& expr, Aggregate aggregate, std::string_view word,
                                    const Percentage& percentage);
  std::optional<Term> collapse(const ast::Expr& expr, Aggregate aggregate, std::string_view word,
                               const Percentage& percentage);
  bool collapse_allowed(const ast::Expr& expr, Aggregate aggregate, std::string_view word, const Term& inner);
  bool folds_values(const ast::Expr& written, Aggregate aggregate, std::string_view word, const Term& inner);
  bool sum_allowed(const ast::Expr& expr, const Term& inner);
  bool sum_over_time_allowed(const ast::Expr& expr, const Term& inner, const ValueMeaning& meaning);
  bool mean_allowed(const ast::Expr& expr, const Term& inner);
  void warn_averages(const ast::Expr& expr, Aggregate aggregate, const Term& inner);
  Diagnostic& refused(Code code, const ast::Expr& expr, const Term& inner, std::string message, std::string help);
  std::string without_per(const ast::Expr& expr);
  std::optional<Type> folded_type(Aggregate aggregate, const Type& input, Span at);
  std::optional<Percentage> percentage(const ast::Expr& call, std::string_view word);
  bool plain_arguments(const ast::Expr& call, size_t count, std::string_view signature,
                       std::initializer_list<std::string_view> known = {});
  bool named_arguments_are_later(const ast::Expr& call, std::initializer_list<std::string_view> known = {});
  std::optional<Term> carried(const Term& last, const ast::Arg& argument);
  std::optional<Term> summed(const ast::Expr& call, const Term& sum, const ast::Arg& exact);
  bool is_value_argument(const ast::Expr& expr);
  std::optional<RowArgument> row_argument(const ast::Expr& expr);
  bool collect_bases(const ast::Expr& expr, std::vector<RowSet>& bases, std::vector<const ast::Expr*>& places);
  void no_base(const ast::Expr& expr);
  std::optional<Term> share(const ast::Expr& expr);
  std::optional<Term> change(const ast::Expr& expr, bool relative);
  std::optional<Offset> compared(const ast::Arg& argument);
  std::optional<Term> per(const ast::Expr& expr);
  std::optional<PerKey> per_key(const ast::Grain& grain, ValueId value, bool breakdown = false);
  std::optional<PerKey> entity_key(const ast::Grain& grain, const std::vector<int>& streams);
  std::optional<Term> over(const ast::Expr& expr);
  std::optional<Window> window(const ast::Window& window);
  std::optional<Term> at(const ast::Expr& expr);
  std::optional<Offset> offset(const ast::Offset& written);
  std::optional<Offset> same_offset(const ast::Offset& written);
  std::optional<Term> moved(const Term& term, const Offset& offset, bool elapsed, Span at);
  bool offsets_exist(ValueId value, Grain grain, Span at, std::set<ValueId>& seen);
  bool offset_exists(const Offset& offset, Grain grain, Span at);
  std::optional<Grain> time_grain(const ast::Path& path, bool fiscal, Span span);

  // ---- metrics (metrics.cpp)
  bool declare_metric(Symbol& symbol);
  std::optional<int> top_count(const ast::Literal& literal);
  void check_stated_type(const ast::MetricDecl& decl, ModelMetric& metric);
  std::optional<ModelField> metric_type(const ast::TypeRef& type);
  bool unit_agrees(UnitId stated, UnitId inferred);
  std::optional<UnitId> counted_unit(const ast::Ident& word);
  std::string suggested_collapse(const ModelMetric& metric) const;

  bool part_of_whole(ValueId value) const;

  // ---- what is hardly meant (lints.cpp)
  bool own(Span span) const;
  void warn_same_metrics();
  void warn_unused_imports();
  void warn_never(RowId condition, RowId added, const ast::Expr& at);
  void warn_same_sides(const ast::Expr& expr, std::string_view result);
  void warn_added_distinct(const ast::Expr& expr, ValueId a, ValueId b);
  void warn_rows_named(const ast::Decl& decl, const ModelMetric& metric);
  void warn_missing_outside(int node, const ast::Expr& expr);

  // ---- tests (tests.cpp, expectations.cpp, expected_tables.cpp)
  void declare_test(const ast::Decl& decl);
  std::optional<TestGiven> given(const ast::TestItem& item, const ModelTest& test);
  bool expectation(const ast::TestItem& item, ModelTest& test);
  bool expectation_table(const ast::TestItem& item, ModelTest& test);
  std::optional<TestExpectation> expected_term(const ast::TestItem& item, const ast::Expr& expr);
  bool place_expectation(const ast::TestItem& item, TestExpectation& expectation);
  bool expected_literal(const ast::Literal& literal, bool negative, TestExpectation& expectation);
  bool expected_number(const ast::Literal& literal, bool negative, TestExpectation& expectation);
  bool expected_unit(const ast::Literal& literal, const UnitWord* word, const Type& type);
  bool expected_formula(const ast::TestItem& item, const ast::Expr& left, ast::ExprKind compare, const ast::Expr& right,
                        ModelTest& test);
  std::optional<ExpectedTable> table_columns(const ast::TestItem& item, Grain grain);
  bool table_header(const ast::RowLine& line, Grain grain, ExpectedTable& table);
  bool row_group(const std::vector<const ast::RowCell*>& cells, const ExpectedTable& table, TestExpectation& place);
  bool table_row(const ast::RowLine& line, Grain grain, const ExpectedTable& table, ModelTest& test);
  bool table_cell(const ast::RowCell& cell, const std::string& column, TestExpectation& expectation);
  bool dimension_cell(const ast::RowCell& cell, const Type& type, TestExpectation& expectation);
  void check_columns(const ast::Decl& decl, const ModelTest& test);

  /// Counts how deep the rules call each other, names followed; reports and gives up before the stack does.
  struct Nesting {
    Nesting(Analyser& analyser, Span span);
    ~Nesting() { --analyser_.nesting_; }
    bool too_deep = false;

   private:
    Analyser& analyser_;
  };
  bool sound_depth(int depth, Span span);

  const SpecFiles& files_;
  DiagnosticSink& sink_;
  std::vector<const SourceFile*> sources_;  ///< by start
  Arena arena_;                             ///< expanded expressions, and what event fields declare
  std::deque<ModuleUse> modules_;
  std::unordered_map<int, int> shared_modules_;  ///< by file
  int module_ = 0;                               ///< whose declaration is analysed
  bool expands_ = false;                         ///< there are defs or imports
  std::vector<Expansion> expansions_;            ///< by begin
  uint32_t next_expansion_ = 0;
  int expanded_nodes_ = 0;  ///< of the declaration
  int expand_depth_ = 0, deepest_ = 0;
  std::unordered_map<std::string_view, int> units_;  ///< symbols
  std::vector<UnitWord> unit_words_;
  Model model_;
  Builder build_;
  Meanings meanings_;
  std::optional<Calendar> calendar_;
  const ast::Decl* calendar_decl_ = nullptr;  ///< of the file, or of the first import that has one
  std::vector<Symbol> symbols_;
  std::unordered_map<Name, int> by_name_;
  std::vector<UnnamedEvent> unnamed_events_;
  std::unordered_map<const ast::Expr*, RowId> rows_of_;  ///< what was made of an expression when last met
  std::vector<Symbol*> active_;
  std::vector<SegmentNode> segments_;
  std::map<std::pair<int, int>, RowId> rows_of_segments_;  ///< by node and stream, once resolved there
  bool in_test_ = false;                                   ///< a test may compare what it likes
  int nesting_ = 0;
  bool depth_reported_ = false;
  bool later_reported_ = false;
  size_t errors_ = 0;
  Diagnostic unsaid_{};          ///< what is reported past kMaxErrors, or follows from a declaration that is not read
  bool names_missing_ = false;   ///< declarations of any name may be among what could not be read
  bool sources_broken_ = false;  ///< some stream or table: an unknown currency or entity may be its
  std::vector<Name> broken_tables_;  ///< keys of broken tables: attributes of those entities may be theirs
};

/// An expression without the parentheses around it.
inline const ast::Expr& bare(const ast::Expr& expr) {
  return expr.kind == ast::ExprKind::kParen ? bare(*expr.a) : expr;
}

/// Digits to an integer; nothing when it does not fit.
std::optional<int128> integer_of(std::string_view digits);

// ---- over the model alone (dimensions.cpp), used by requests too
/// Streams that the aggregates below read, ascending.
std::vector<int> streams_of(const Model& model, ValueId value);
/// A dimension path in one stream: own field, entity.attribute, or an attribute of an entity. Invalid where there is
/// none.
struct StreamDimension {
  Row row;
  bool found = false;
  bool ambiguous = false;
};
StreamDimension dimension_in(const Model& model, int stream, const std::string& path);
/// "the stream `app`", "the table `contracts`"
std::string source_words(const ModelSource& source);
/// "user.channel"
std::string path_words(const ast::Path& path);
bool can_be_dimension(ValueKind kind);
/// Table fields reached through an entity field of a stream; -1 where the table has another key.
int entity_for_table(const Model& model, int stream, int table);
int field_index(const ModelSource& source, std::string_view name);
/// A date, month or timestamp as tests write it.
bool is_moment(std::string_view text);
/// Whether a word is a function that makes one value of many rows.
bool folds_rows(std::string_view word);
/// The function of rows and values that is called so, if it is one.
std::optional<Operation> operation_of(std::string_view word);
/// How a call of a built-in function is written.
std::string_view signature_of(std::string_view word);
/// "an event", "a metric".
const char* kind_words(SymbolKind kind);
/// Whether a word is a function of the language, available or not.
bool is_function(std::string_view word);
/// What K, M, B and the words for time stand for.
std::optional<UnitWord> language_unit(std::string_view word, UnitId time);
/// month, quarter, year: units of the calendar without a length.
bool is_calendar_word(std::string_view word);
std::string row_text(const Model& model, RowId id);
/// "last 7 days", "month to date"
std::string window_text(const Window& window);
/// "at 1 month ago same elapsed"
std::string offset_text(const Offset& offset, bool elapsed);

}  // namespace alidade
