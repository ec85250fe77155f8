// The entry of every unit test: doctest's implementation and its main, compiled once and linked into each.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
