// The only place that includes ANTLR. Included by lex.cpp, parse_tree.h and what builds on it; never by a door.
#pragma once

#include "AlidadeBaseVisitor.h"
#include "AlidadeLexer.h"
#include "AlidadeParser.h"
#include "antlr4-runtime.h"
