// Goal: the patterns of -ignore match as a shell's do.
// Method: a table.

#include "actors/registrator/core/mapping.hpp"

#include <catch2/catch.hpp>

using namespace praetor::registrator;

TEST_CASE("mapping: patterns match as shells do", "[registrator][core]") {
  struct pattern_row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const pattern_row patterns[] = {
    {"*", "", true},        {"*", "abc", true},     {"", "", true},
    {"", "a", false},       {"a*c", "abbbc", true}, {"a*c", "abbb", false},
    {"a?c", "abc", true},   {"a?c", "ac", false},   {"*b*", "abc", true},
    {"**a", "bba", true},   {"*ab", "aab", true},   {"a*b*c", "axbxbc", true},
    {"abc", "abcd", false}, {"abcd", "abc", false},
  };
  for (const auto& x : patterns) {
    CAPTURE(x.pattern, x.text);
    CHECK(matches_pattern(x.pattern, x.text) == x.matches);
  }
}
