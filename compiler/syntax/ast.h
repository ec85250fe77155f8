// The syntax tree: what was written, nothing resolved. Nodes live in the file's arena, are trivially destructible and
// immutable once built. The core's forms are typed nodes; the forms of later issues are too, so that fmt, dump and the
// "not available yet" check see them whole. Part of compiler/syntax (door: parse.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/support/arena.h"
#include "compiler/support/name.h"
#include "compiler/support/source.h"

namespace alidade::ast {

struct Ident {
  Name name;
  Span span;
};
/// user.channel, kept.day
struct Path {
  Slice<Ident> parts;
  Span span;
};

/// A decimal as written: digits without point or underscores, and how many stand after the point. 0.9 is {"09", 1}.
struct Number {
  std::string_view digits;
  uint32_t fraction = 0;
};

// ------------------------------------------------------------------------------------------------ expressions
enum class LiteralKind : uint8_t { kNumber, kQuantity, kPercent, kText, kDate, kTimestamp, kMonth, kBool };
struct Literal {
  LiteralKind kind = LiteralKind::kNumber;
  bool negative = false;  ///< amounts only; in formulas a minus is an operator
  Number number;          ///< kNumber, kQuantity, kPercent
  Ident multiple;         ///< 0.9 M USD: the first of two units ("M"), else empty
  Ident unit;             ///< 7 days, 250 USD; empty without
  Ident per_unit;         ///< amounts only: 5 USD per user
  std::string_view text;  ///< kText: unescaped; kDate, kTimestamp, kMonth: as written
  bool truth = false;     ///< kBool
  Span span;
};

enum class WindowKind : uint8_t { kLast, kToDate, kAllTime };
struct Window {
  WindowKind kind = WindowKind::kLast;
  const Literal* length = nullptr;  ///< kLast with a quantity
  Ident parameter;                  ///< kLast with a name
  bool fiscal = false;              ///< kToDate
  Path unit;                        ///< kToDate
  Span span;
};

enum class OffsetKind : uint8_t { kAgo, kSame };
enum class OffsetMode : uint8_t { kUnstated, kSameElapsed, kFull };
struct Offset {
  OffsetKind kind = OffsetKind::kAgo;
  const Literal* distance = nullptr;  ///< kAgo
  Path same, last;                    ///< kSame: same WEEK last YEAR
  OffsetMode mode = OffsetMode::kUnstated;
  Span span;
};

/// What stands after `per`: a grain, an entity or a dimension; names decide in sema.
struct Grain {
  bool fiscal = false;
  Path path;
  Span span;
};

enum class ExprKind : uint8_t {
  kLiteral,  ///< literal
  kName,     ///< name
  kParen,    ///< a
  kMember,   ///< a.name
  kCall,     ///< a(args)
  kSegment,  ///< a[b]
  kOver,     ///< a over window
  kAt,       ///< a at offset
  kPer,      ///< a per grain
  kNegate,   ///< -a
  kMultiply,
  kDivide,
  kAdd,
  kSubtract,  ///< a op b
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,  ///< a op b
  kIn,            ///< a [not] in (items)
  kIsNull,        ///< a is [not] null
  kWithin,        ///< a within literal after b
  kReached,       ///< a reached path
  kNot,
  kAnd,
  kOr,
  kWhere,  ///< a where b
  kWith,   ///< a with b
  kIf,     ///< if a then b else c
};

struct Expr;
enum class ArgKind : uint8_t { kPlain, kNamed, kShare, kSpan, kOffset };
struct Arg {
  ArgKind kind = ArgKind::kPlain;
  Ident name;                   ///< kNamed
  const Expr* value = nullptr;  ///< kShare: the part; kSpan: from
  const Expr* other = nullptr;  ///< kShare: the whole; kSpan: to
  bool assuming = false;
  std::string_view reason;         ///< kShare … assuming "reason"
  const Offset* offset = nullptr;  ///< kOffset: 1 month same elapsed, same week last year
  Span span;
};

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  bool negated = false;  ///< kIn, kIsNull
  Span span;             ///< the whole expression
  Span op;               ///< the operator or clause word, for carets
  const Expr* a = nullptr;
  const Expr* b = nullptr;
  const Expr* c = nullptr;
  Ident name;                        ///< kName, kMember
  const Literal* literal = nullptr;  ///< kLiteral, kWithin
  Slice<Arg> args;                   ///< kCall
  Slice<const Expr*> items;          ///< kIn
  const Window* window = nullptr;
  const Offset* offset = nullptr;
  const Grain* grain = nullptr;  ///< kPer
  Path path;                     ///< kReached
};

// ------------------------------------------------------------------------------------------------ types, properties
struct TypeArg {
  Ident name;                        ///< money(USD), duration(min); or
  Ident per;                         ///< money(USD per user)
  const Literal* literal = nullptr;  ///< one_of("a"), decimal(2)
  Span span;
};
struct TypeRef {
  Ident name;
  Slice<TypeArg> args;
  bool optional = false;
  Span span;
};

struct PropertyValue {
  const Literal* literal = nullptr;  ///< text, number, percent, date
  Ident word;                        ///< up, USD
  Ident per;                         ///< USD per user: user
  Ident call;                        ///< better(up): the argument
  Span span;
};
struct Property {
  Ident word;  ///< title owner unit format better stage tags tier review deprecated
  Slice<PropertyValue> values;
  Span span;
};

// ------------------------------------------------------------------------------------------------ declarations
enum class DeclKind : uint8_t {
  kModule,
  kImport,
  kCalendar,
  kStream,
  kTable,
  kEvent,
  kSegment,
  kSession,
  kMetric,
  kFunnel,
  kRetention,
  kLifecycle,
  kTree,
  kThreshold,
  kTarget,
  kObjective,
  kBenchmark,
  kDef,
  kUnit,
  kTest,
};

enum class FieldRole : uint8_t { kNone, kTime, kEntity, kId, kArrived, kOrder, kEvent };
struct Field {
  FieldRole role = FieldRole::kNone;
  Ident name;
  TypeRef type;
  bool has_source = false;
  std::string_view source;  ///< from "…", unescaped
  Span source_span;
  Slice<Property> properties;
  std::string_view doc;
  Span span;
};

struct Breakdown {
  Slice<Path> dimensions;
  const Literal* top = nullptr;
  Span span;
};

/// A parameter of a module or a def.
struct Param {
  Ident name;
  const TypeRef* type = nullptr;   ///< event, metric, entity, text, duration …; null where not written
  const Expr* fallback = nullptr;  ///< the value where none is given; null without
  Span span;
};

struct CalendarDecl {
  const Literal* zone = nullptr;  ///< text; null where not written
  Ident week_start, year_start;
};
struct StreamDecl {
  Slice<Field> fields;
  const Literal* late = nullptr;
};
struct TableDecl {
  Slice<Ident> keys;
  Slice<Field> fields;
  Ident valid_from, valid_to;
  Span valid_span;
};
struct StatedPer {
  bool fiscal = false;
  Ident name;
};
struct MetricDecl {
  const TypeRef* type = nullptr;
  Slice<StatedPer> per;  ///< of the stated type
  const Expr* value = nullptr;
  const Breakdown* by = nullptr;
};

/// One line of a test table, cells split and trimmed, `\|` unescaped. The first line is the header.
struct RowCell {
  std::string_view text;
  Span span;
};
struct RowLine {
  Slice<RowCell> cells;
  Span span;
};
enum class MomentKind : uint8_t { kNone, kDate, kTimestamp, kMonth };
struct Moment {
  MomentKind kind = MomentKind::kNone;
  std::string_view text;
  Span span;
};
enum class TestItemKind : uint8_t { kGiven, kExpect, kExpectTable, kExpectUndefined };
struct TestItem {
  TestItemKind kind = TestItemKind::kGiven;
  Path source;                          ///< kGiven: stream or table
  Ident name;                           ///< kExpectUndefined: the reason, may be empty
  Moment moment;                        ///< kGiven: until. expects: on
  const Expr* value = nullptr;          ///< kExpect, kExpectUndefined. Without a comparison operator a bool metric
  ExprKind compare = ExprKind::kEqual;  ///< kExpect with `expected`
  const Expr* expected = nullptr;       ///< kExpect: may be null
  const Literal* amount = nullptr;      ///< kExpect: the right side where it is a plain amount (15 min per user)
  const Grain* grain = nullptr;         ///< kExpectTable
  const Breakdown* by = nullptr;        ///< kExpectTable
  Slice<const Expr*> values;            ///< kExpectTable
  Slice<RowLine> rows;                  ///< kGiven, kExpectTable
  Span span;
};

// ------------------------------------------------------------------------- declarations that sequences are made of
struct SessionField {
  Ident name;
  const Expr* value = nullptr;
  Slice<Property> properties;
  std::string_view doc;
  Span span;
};
/// `session visit = app by user gap 30 min max length 4 hours break on plan { … }`; the stream is Decl::value.
struct SessionDecl {
  Ident by;
  const Literal* gap = nullptr;  ///< null where not written
  const Literal* max_length = nullptr;
  Slice<Path> break_on;
  Slice<SessionField> fields;
};

enum class CountingKind : uint8_t { kUnstated, kEntities, kAttempts, kPer };
struct Counting {
  CountingKind kind = CountingKind::kUnstated;
  Ident per;  ///< kPer: a session
  bool including_pending = false;
};
enum class FunnelItemKind : uint8_t { kStep, kWithout, kStrict, kHold, kGrace };
struct FunnelItem {
  FunnelItemKind kind = FunnelItemKind::kStep;
  bool optional = false;              ///< kStep
  Ident name;                         ///< kStep
  const Expr* event = nullptr;        ///< kStep, kWithout; kStrict: the set, null without
  Ident from, to;                     ///< kWithout
  Slice<Path> fields;                 ///< kHold
  const Literal* duration = nullptr;  ///< kGrace
  std::string_view doc;
  Span span;
};
struct FunnelDecl {
  Ident by;
  const Literal* within = nullptr;
  Counting counting;
  Slice<FunnelItem> items;
};

enum class OriginKind : uint8_t { kPlain, kFirst, kEvery };
enum class CriterionKind : uint8_t { kUnstated, kOn, kOnOrAfter, kRange, kStreak };
struct RetentionDecl {
  Ident by;
  OriginKind origin_kind = OriginKind::kPlain;
  const Expr* origin = nullptr;
  const Grain* per = nullptr;
  const Expr* returning = nullptr;
  CriterionKind criterion = CriterionKind::kUnstated;
  const Grain* criterion_unit = nullptr;  ///< kOn, kOnOrAfter, kRange
  Slice<const Literal*> numbers;          ///< kOn, kOnOrAfter: each; kRange: first and last; kStreak: one
};

/// `lifecycle movement = by user of watched per week lookback 90 days`; the event is Decl::value.
struct LifecycleDecl {
  Ident by;
  const Grain* per = nullptr;
  const Literal* lookback = nullptr;  ///< null where not written
};

// ------------------------------------------------------------------------------- declarations of what is aimed for
enum class NodeRole : uint8_t { kNone, kNorthStar, kInput, kOutcome, kGuardrail, kLagging };
enum class TreeItemKind : uint8_t { kNode, kGroup, kLevels };
struct TreeItem {
  TreeItemKind kind = TreeItemKind::kNode;
  NodeRole role = NodeRole::kNone;   ///< kNode
  const Expr* metric = nullptr;      ///< kNode: a name with suffixes
  const Literal* title = nullptr;    ///< kNode: may be null; kGroup
  const Expr* leading_of = nullptr;  ///< kNode: may be null
  const Literal* lag = nullptr;      ///< kNode: may be null
  Slice<const Literal*> levels;      ///< kLevels
  Slice<TreeItem> children;          ///< kNode, kGroup
  std::string_view doc;
  Span span;
};

struct ThresholdItem {
  Ident level;
  bool above = false;  ///< else below
  const Literal* bound = nullptr;
  const Literal* lasting = nullptr;  ///< for 3 days; null without
  Span span;
};
struct TargetItem {
  bool reach = false;  ///< `reach … by`, else the baseline `from … on`
  const Literal* amount = nullptr;
  const Literal* date = nullptr;
  Span span;
};
struct ObjectiveItem {
  const Expr* metric = nullptr;  ///< a name with suffixes
  const Literal* from = nullptr;
  const Literal* to = nullptr;
  Span span;
};
struct ObjectiveDecl {
  const Literal* from = nullptr;  ///< null where not written
  const Literal* by = nullptr;
  Slice<ObjectiveItem> items;
};
struct BenchmarkFor {
  Ident kind, value;  ///< stage growth
};
struct BenchmarkItem {
  Ident level;
  bool below = false;  ///< else from
  const Literal* bound = nullptr;
  Span span;
};
struct BenchmarkDecl {
  Slice<BenchmarkFor> conditions;
  Slice<BenchmarkItem> items;
};

/// One declaration. Exactly the member that `kind` names is meaningful. `name` is empty for calendar; title() forms
/// (test, objective) keep their text in `title`.
struct Decl {
  DeclKind kind = DeclKind::kModule;
  Ident name;
  Path path;  ///< module, import, and the reference of threshold, target, benchmark
  std::string_view title;
  Span title_span;
  const Expr* value = nullptr;  ///< event, segment, def, session, lifecycle; threshold, target, benchmark: the
                                ///< reference with its suffixes (`path` then holds its leading dotted part)
  const CalendarDecl* calendar = nullptr;
  const StreamDecl* stream = nullptr;
  const TableDecl* table = nullptr;
  const MetricDecl* metric = nullptr;
  Slice<TestItem> test;
  Slice<Param> params;  ///< module, def
  Slice<Arg> args;      ///< import … with (…)
  Ident alias;          ///< import … as
  const SessionDecl* session = nullptr;
  const FunnelDecl* funnel = nullptr;
  const RetentionDecl* retention = nullptr;
  const LifecycleDecl* lifecycle = nullptr;
  Slice<TreeItem> tree;
  Slice<ThresholdItem> threshold;
  Slice<TargetItem> target;
  const ObjectiveDecl* objective = nullptr;
  const BenchmarkDecl* benchmark = nullptr;
  const Literal* factor = nullptr;  ///< unit h = 60 min; null where not written
  Slice<Property> properties;
  bool broken = false;   ///< some of its items had errors, which are reported, and are left out
  std::string_view doc;  ///< joined lines of ##, without the marks
  Span span;             ///< first word to last token
  Span keyword;
};

/// A declaration left out as a whole: what is said of it is no error.
struct UnreadDecl {
  std::string_view word;  ///< its first, as written: "metric"; "" for what follows where reading stopped
  Ident name;             ///< empty where it has none or none was found
};

struct File {
  Slice<Decl> decls;  ///< in the order written; items with syntax errors are left out
  Slice<UnreadDecl> unread;
};

}  // namespace alidade::ast
