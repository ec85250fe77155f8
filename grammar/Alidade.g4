// The language's grammar: one declaration at a time, every alternative labelled, no embedded code.
//
// What is not here is compiler/syntax/layout: it splits a file into declarations, turns a declaration word into a name
// where no declaration can start, and keeps an NL (or ';') only where it ends an item inside braces. So the parser sees
// one declaration, its end, and separators that mean something. Cells of table rows are split by compiler/syntax/build.
// Tested in tests/unit/syntax_test.cpp; the language reference is docs/language.md.
grammar Alidade;

declaration : decl EOF ;

// ------------------------------------------------------------------------------------------------ declarations
decl
  : MODULE path params? props?                                                              # moduleDecl
  | IMPORT path (WITH '(' arg (',' arg)* ')')? (AS name)?                                   # importDecl
  | CALENDAR '{' calendarItem? (NL calendarItem?)* '}'                                      # calendarDecl
  | STREAM name '{' streamItem? (NL streamItem?)* '}'                                       # streamDecl
  | TABLE name KEY name (',' name)* '{' tableItem? (NL tableItem?)* '}'                     # tableDecl
  | EVENT name '=' expr props?                                                              # eventDecl
  | SEGMENT name '=' expr props?                                                            # segmentDecl
  | SESSION name '=' expr BY name sessionClause* '{' sessionItem? (NL sessionItem?)* '}'    # sessionDecl
  | METRIC name statedType? '=' expr breakdown? props?                                      # metricDecl
  | FUNNEL name '=' BY name WITHIN quantity counting? '{' funnelItem? (NL funnelItem?)* '}' # funnelDecl
  | RETENTION name '=' BY name FROM origin PER grain RETURNING expr criterion? props?       # retentionDecl
  | LIFECYCLE name '=' BY name OF eventTerm PER grain (LOOKBACK quantity)? props?           # lifecycleDecl
  | TREE name STRING? treeBody                                                              # treeDecl
  | THRESHOLD ref '{' thresholdItem? (NL thresholdItem?)* '}'                               # thresholdDecl
  | TARGET ref '{' targetItem? (NL targetItem?)* '}'                                        # targetDecl
  | OBJECTIVE STRING (FROM DATE)? BY DATE '{' objectiveItem? (NL objectiveItem?)* '}'       # objectiveDecl
  | BENCHMARK ref benchmarkFor? '{' benchmarkItem? (NL benchmarkItem?)* '}'                 # benchmarkDecl
  | DEF name params '=' expr props?                                                         # defDecl
  | UNIT name ('=' quantity)? props?                                                        # unitDecl
  | TEST STRING '{' testItem? (NL testItem?)* '}'                                           # testDecl
  ;

params : '(' param (',' param)* ')' ;
param  : name (':' type)? ('=' expr)? ;

// A closed list of words: an open one would take a field without its colon in silence.
props    : '{' property? (NL property?)* '}' ;
property : propertyWord (propertyValue (',' propertyValue)*)? ;
propertyWord : TITLE | OWNER | UNIT | FORMAT | BETTER | STAGE | TAGS | TIER | REVIEW | DEPRECATED ;
propertyValue
  : STRING                        # textValue
  | amount                        # amountValue
  | DATE                          # dateValue
  | name (('/' | PER) name)?      # wordValue
  | name '(' name ')'             # callValue
  ;

calendarItem
  : ZONE STRING                   # zoneItem
  | WEEK STARTS name              # weekItem
  | YEAR STARTS name              # yearItem
  ;

streamItem
  : field                         # streamField
  | LATE UP TO quantity           # streamLateness
  | property                      # streamProperty
  ;
tableItem
  : field                         # tableField
  | VALID FROM name TO name       # tableValidity
  | property                      # tableProperty
  ;
field : role? name ':' type (FROM STRING)? props? ;
role  : TIME | ENTITY | ID | ARRIVED | ORDER | EVENT ;

statedType : ':' type statedPer* ;
statedPer  : PER FISCAL? name ;      // a grain, an entity or a stream
type       : name ('(' typeArg (',' typeArg)* ')')? '?'? ;
typeArg    : name (('/' | PER) name)? | STRING | NUMBER ;

sessionClause
  : GAP quantity                  # gapClause
  | MAX LENGTH quantity           # lengthClause
  | BREAK ON path (',' path)*     # breakClause
  ;
sessionItem
  : name '=' expr props?          # sessionField
  | property                      # sessionProperty
  ;

breakdown : BY path (',' path)* (TOP NUMBER)? ;

counting : COUNTING (ENTITIES | ATTEMPTS | PER name) (INCLUDING PENDING)? ;
funnelItem
  : OPTIONAL? name ':' expr                   # stepItem
  | WITHOUT eventTerm IN name '->' name       # withoutItem
  | STRICT (AMONG expr)?                      # strictItem
  | HOLD path (',' path)*                     # holdItem
  | GRACE quantity                            # graceItem
  | property                                  # funnelProperty
  ;

origin
  : FIRST '(' expr ')'            # firstOrigin
  | EVERY eventTerm               # everyOrigin
  | eventTerm                     # plainOrigin
  ;
eventTerm : path | '(' expr ')' ;
criterion
  : ON grain NUMBER (',' NUMBER)*             # onCriterion
  | ON OR AFTER grain NUMBER (',' NUMBER)*    # afterCriterion
  | WITHIN grain NUMBER TO NUMBER             # rangeCriterion
  | STREAK NUMBER                             # streakCriterion
  ;

treeBody : '{' treeItem? (NL treeItem?)* '}' ;
treeItem
  : nodeRole? nodeRef STRING? (LEADING OF ref)? (LAG quantity)? treeBody?   # nodeItem
  | GROUP STRING treeBody                                                   # groupItem
  | LEVELS STRING (',' STRING)*                                             # levelsItem
  ;
nodeRole : NORTH_STAR | INPUT | OUTCOME | GUARDRAIL | LAGGING ;
nodeRef  : unit suffix* ;         // not a ref: `group "x" {` would be one

thresholdItem : name (ABOVE | BELOW) amount (FOR quantity)? ;
targetItem
  : FROM amount ON DATE           # baselineItem
  | REACH amount BY DATE          # reachItem
  ;
objectiveItem : ref FROM amount TO amount ;
benchmarkFor  : FOR name name (AND name name)* ;
benchmarkItem : name (BELOW | FROM) amount ;

testItem
  : GIVEN path (UNTIL (DATE | TIMESTAMP))? ROW+              # givenItem
  | EXPECT PER grain breakdown? ':' expr (',' expr)* ROW+    # expectTableItem
  | EXPECT expr expectation?                                 # expectItem
  ;
expectation            // without a moment a comparison is part of the formula: `expect dau == 1`
  : ON moment (comparison | undefined)?    # momentExpectation
  | undefined                              # wholeExpectation
  ;
comparison : ('==' | '!=' | '<' | '<=' | '>' | '>=') expr ;
undefined  : IS UNDEFINED name? ;
moment : DATE | TIMESTAMP | MONTH ;

// ------------------------------------------------------------------------------------------------ expressions
// Tightest first. The clauses bind tighter than arithmetic: `x / y per user` divides by a `y per user`.
expr
  : term                                      # termExpr
  | expr OVER window                          # overExpr
  | expr AT offset                            # atExpr
  | expr PER grain                            # perExpr
  | '-' expr                                  # negateExpr
  | expr ('*' | '/') expr                     # multiplyExpr
  | expr ('+' | '-') expr                     # addExpr
  | expr ('==' | '!=' | '<' | '<=' | '>' | '>=') expr   # compareExpr
  | expr NOT? IN '(' expr (',' expr)* ')'     # inExpr
  | expr IS NOT? NULL_                        # nullExpr
  | expr WITHIN quantity AFTER expr           # withinExpr
  | expr REACHED path                         # reachedExpr
  | NOT expr                                  # notExpr
  | expr AND expr                             # andExpr
  | expr OR expr                              # orExpr
  | expr (WHERE | WITH) expr                  # whereExpr
  | IF expr THEN expr ELSE expr               # ifExpr
  ;
term
  : literal                                   # literalTerm
  | name                                      # nameTerm
  | '(' expr ')'                              # parenTerm
  | term '.' word                             # memberTerm
  | term '(' (arg (',' arg)*)? ')'            # callTerm
  | term '[' expr ']'                         # segmentTerm
  ;

arg
  : name '=' expr                                       # namedArg
  | (quantity offsetMode | SAME path LAST path offsetMode?)   # offsetArg     // what change and growth compare with
  | expr (OF expr (ASSUMING STRING)? | '->' expr)?      # valueArg
  ;

window
  : LAST (quantity | name)        # lastWindow          // a name: a parameter of type duration
  | grain TO DATE_                # toDateWindow
  | ALL TIME                      # allTimeWindow
  ;
offset
  : quantity AGO offsetMode?              # agoOffset
  | SAME path LAST path offsetMode?       # sameOffset
  ;
offsetMode : SAME ELAPSED | FULL ;
grain : FISCAL? path ;            // a grain, an entity or a dimension: names decide

literal  : quantity | PERCENT | STRING | DATE | TIMESTAMP | TRUE | FALSE ;
quantity : NUMBER (unit unit?)? ;                                         // 7 days, 0.9 M, 1.2 M USD
amount   : '-'? (PERCENT | NUMBER (unit unit?)? (('/' | PER) unit)?) ;    // 5 USD per user, where no formula can stand
unit     : IDENT | TIME_UNIT | WEEK | YEAR ;                              // no other keyword: `1 month ago`, `5 by`

ref    : name suffix* ;           // was, kept.day(7), revenue[paying], kept[paying].day(30)
suffix
  : '.' word                      # memberSuffix
  | '(' (arg (',' arg)*)? ')'     # callSuffix
  | '[' expr ']'                  # segmentSuffix
  ;
path   : name ('.' word)* ;

// Every word but the reserved ones may be a name. AT is one where no operand stands before it: `time at : timestamp`.
name
  : IDENT | TIME_UNIT | AT | ABOVE | AFTER | AGO | ALL | AMONG | ARRIVED | AS | ASSUMING | ATTEMPTS | BELOW | BETTER
  | BREAK | COUNTING | DATE_ | DEPRECATED | ELAPSED | ENTITIES | ENTITY | EVERY | EXPECT | FIRST | FISCAL | FOR
  | FORMAT | FROM | FULL | GAP | GIVEN | GRACE | GROUP | GUARDRAIL | HOLD | ID | INCLUDING | INPUT | KEY | LAG
  | LAGGING | LAST | LATE | LEADING | LENGTH | LEVELS | LOOKBACK | MAX | NORTH_STAR | ON | OPTIONAL | ORDER | OUTCOME
  | OWNER | PENDING | REACH | REACHED | RETURNING | REVIEW | SAME | STAGE | STARTS | STREAK | STRICT | TAGS | TIER
  | TIME | TITLE | TO | TOP | UNDEFINED | UNIT | UNTIL | UP | VALID | WEEK | WITHIN | WITHOUT | YEAR | ZONE
  ;
// After a dot anything goes.
word
  : name
  | AND | BY | ELSE | FALSE | IF | IN | IS | NOT | NULL_ | OF | OR | OVER | PER | THEN | TRUE | WHERE | WITH
  ;

// ------------------------------------------------------------------------------------------------ tokens
// Declaration words: keywords where a declaration starts, names elsewhere.
MODULE : 'module' ;        IMPORT : 'import' ;        CALENDAR : 'calendar' ;    STREAM : 'stream' ;
TABLE : 'table' ;          EVENT : 'event' ;          SEGMENT : 'segment' ;      SESSION : 'session' ;
METRIC : 'metric' ;        FUNNEL : 'funnel' ;        RETENTION : 'retention' ;  LIFECYCLE : 'lifecycle' ;
TREE : 'tree' ;            THRESHOLD : 'threshold' ;  TARGET : 'target' ;        OBJECTIVE : 'objective' ;
BENCHMARK : 'benchmark' ;  DEF : 'def' ;              UNIT : 'unit' ;            TEST : 'test' ;

// Reserved words.
AND : 'and' ;    BY : 'by' ;      ELSE : 'else' ;    FALSE : 'false' ;  IF : 'if' ;      IN : 'in' ;
IS : 'is' ;      NOT : 'not' ;    NULL_ : 'null' ;   OF : 'of' ;        OR : 'or' ;      OVER : 'over' ;
PER : 'per' ;    THEN : 'then' ;  TRUE : 'true' ;    WHERE : 'where' ;  WITH : 'with' ;

// Soft words: keywords only where the grammar says so.
ABOVE : 'above' ;          AFTER : 'after' ;            AGO : 'ago' ;              ALL : 'all' ;
AMONG : 'among' ;          ARRIVED : 'arrived' ;        AS : 'as' ;                ASSUMING : 'assuming' ;
AT : 'at' ;                ATTEMPTS : 'attempts' ;      BELOW : 'below' ;          BETTER : 'better' ;
BREAK : 'break' ;          COUNTING : 'counting' ;      DATE_ : 'date' ;           DEPRECATED : 'deprecated' ;
ELAPSED : 'elapsed' ;      ENTITIES : 'entities' ;      ENTITY : 'entity' ;        EVERY : 'every' ;
EXPECT : 'expect' ;        FIRST : 'first' ;            FISCAL : 'fiscal' ;        FOR : 'for' ;
FORMAT : 'format' ;        FROM : 'from' ;              FULL : 'full' ;            GAP : 'gap' ;
GIVEN : 'given' ;          GRACE : 'grace' ;            GROUP : 'group' ;          GUARDRAIL : 'guardrail' ;
HOLD : 'hold' ;            ID : 'id' ;                  INCLUDING : 'including' ;  INPUT : 'input' ;
KEY : 'key' ;              LAG : 'lag' ;                LAGGING : 'lagging' ;      LAST : 'last' ;
LATE : 'late' ;            LEADING : 'leading' ;        LENGTH : 'length' ;        LEVELS : 'levels' ;
LOOKBACK : 'lookback' ;    MAX : 'max' ;                NORTH_STAR : 'north_star' ;  ON : 'on' ;
OPTIONAL : 'optional' ;    ORDER : 'order' ;            OUTCOME : 'outcome' ;      OWNER : 'owner' ;
PENDING : 'pending' ;      REACH : 'reach' ;            REACHED : 'reached' ;      RETURNING : 'returning' ;
REVIEW : 'review' ;        SAME : 'same' ;              STAGE : 'stage' ;          STARTS : 'starts' ;
STREAK : 'streak' ;        STRICT : 'strict' ;          TAGS : 'tags' ;            TIER : 'tier' ;
TIME : 'time' ;            TITLE : 'title' ;            TO : 'to' ;                TOP : 'top' ;
UNDEFINED : 'undefined' ;  UNTIL : 'until' ;            UP : 'up' ;                VALID : 'valid' ;
WEEK : 'week' ;            WITHIN : 'within' ;          WITHOUT : 'without' ;      YEAR : 'year' ;
ZONE : 'zone' ;
TIME_UNIT
  : 'second' | 'seconds' | 'minute' | 'minutes' | 'hour' | 'hours' | 'day' | 'days' | 'weeks' | 'month' | 'months'
  | 'quarter' | 'quarters' | 'years'
  ;

TIMESTAMP : YMD [ T] CLOCK ('Z' | [+-] D2 ':' D2)? ;
DATE      : YMD ;
MONTH     : D4 '-' D2 ;
PERCENT   : DIGIT+ ('_' DIGIT+)* ('.' DIGIT+)? '%' ;
NUMBER    : DIGIT+ ('_' DIGIT+)* ('.' DIGIT+)? ;
STRING    : '"' (~["\\\r\n] | '\\' ~[\r\n])* '"' ;
IDENT     : [a-zA-Z_\u00AA] [a-zA-Z0-9_\u00AA\u0300]* ;     // letters and marks of other scripts: see lex.cpp
ROW       : '|' (('\\' ~[\r\n] | ~[|\\\r\n])* '|')+ ;       // one line of a test table

LBRACE : '{' ;   RBRACE : '}' ;   LPAREN : '(' ;   RPAREN : ')' ;   LBRACKET : '[' ;   RBRACKET : ']' ;
ARROW : '->' ;   EQ : '==' ;      NE : '!=' ;      LE : '<=' ;      GE : '>=' ;        LT : '<' ;        GT : '>' ;
ASSIGN : '=' ;   COMMA : ',' ;    COLON : ':' ;    DOT : '.' ;      QUESTION : '?' ;
PLUS : '+' ;     MINUS : '-' ;    STAR : '*' ;     SLASH : '/' ;    SEMICOLON : ';' ;

NL      : '\r'? '\n' ;
SPACE   : [ \t]+ -> skip ;
DOC     : '##' ~[\r\n]* ;
COMMENT : '#' ~[\r\n]* ;

// Tokens that no rule takes, so that the messages are ours: text without its end, habits from SQL and other languages.
OPEN_STRING : '"' (~["\\\r\n] | '\\' ~[\r\n])* '\\'? ;
SQL_STRING  : '\'' ~['\r\n]* '\'' ;
SQL_NE      : '<>' ;
SQL_COMMENT : '--' ~[\r\n]* ;
SYMBOL_WORD : '&&' | '!' ;
ANY         : . ;

fragment DIGIT : [0-9] ;
fragment D2 : DIGIT DIGIT ;
fragment D4 : D2 D2 ;
fragment YMD : D4 '-' D2 '-' D2 ;
fragment CLOCK : D2 ':' D2 (':' D2 ('.' DIGIT+)?)? ;
