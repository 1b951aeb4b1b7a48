// Goal: the filter language accepts what Consul accepts and refuses the rest
// with the same words. Method: expressions with the answers that Consul 1.8.7
// gave to them, and shapes of trees.

#include "api/http/filter_syntax.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace praetor::http::filter {

namespace {

/// Writes a tree as an s-expression.
std::string show(const expression& x) {
  if (x.what == expression::kind::match) {
    static constexpr const char* names[] = {"==", "!=", "in", "!in",
                                            "0",  "!0", "=~", "!~"};
    std::string out = names[static_cast<std::size_t>(x.leaf.op)];
    for (const auto& step : x.leaf.selector)
      out += " /" + step;
    return "(" + out + " '" + x.leaf.value + "')";
  }
  std::string out = x.what == expression::kind::all_of   ? "(and"
                    : x.what == expression::kind::any_of ? "(or"
                                                         : "(not";
  for (const auto& part : x.parts)
    out += " " + show(part);
  return out + ")";
}

struct accepted_row {
  const char* text;
  const char* tree;
};

const accepted_row accepted[] = {
  {"a == 1", "(== /a '1')"},
  {"  a==1  ", "(== /a '1')"},
  {"a != -12.50", "(!= /a '-12.50')"},
  {"a.b.c == x.y", "(== /a /b /c 'x.y')"},
  {"a[\"b c\"].d == `\\d`", "(== /a /b c /d '\\d')"},
  {"a[ `k` ] == v", "(== /a /k 'v')"},
  {"a == \"t\\tq\\x41\\u00e9\"", "(== /a 't\tqA\u00e9')"},
  {"a == \"\"", "(== /a '')"},
  {"a contains 1", "(in /a '1')"},
  {"a not contains b", "(!in /a 'b')"},
  {"\"x y\" in a", "(in /a 'x y')"},
  {"1 not in a.b", "(!in /a /b '1')"},
  {"a is empty", "(0 /a '')"},
  {"a is not empty", "(!0 /a '')"},
  {"a matches `^x`", "(=~ /a '^x')"},
  {"a not matches x", "(!~ /a 'x')"},
  {"a == 1 and b == 2 and c == 3", "(and (== /a '1') (== /b '2') (== /c '3'))"},
  {"a == 1 or b == 2 and c == 3",
   "(or (== /a '1') (and (== /b '2') (== /c '3')))"},
  {"(a == 1 or b == 2) and c == 3",
   "(and (or (== /a '1') (== /b '2')) (== /c '3'))"},
  {"( a == 1 )\n and\tb == 2", "(and (== /a '1') (== /b '2'))"},
  {"not a == 1", "(not (== /a '1'))"},
  {"not not (a == 1)", "(not (not (== /a '1')))"},
  {"not == 3", "(== /not '3')"},
  {"not in == 3", "(not (== /in '3'))"},
  {"in in in", "(in /in 'in')"},
  {"nothing == 1", "(== /nothing '1')"},
};

struct refused_row {
  const char* text;
  const char* why;
};

// The answers of Consul 1.8.7, without their common beginning.
const refused_row refused[] = {
  {"ServicePort ==",
   R"(1:15 (14): no match found, expected: "-", "0", "\"", "`", [ \t\r\n], [1-9] or [a-zA-Z])"},
  {"ServicePort",
   R"(1:12 (11): no match found, expected: "!=", ".", "==", "[", [ \t\r\n] or [a-zA-Z0-9_])"},
  {"== 5",
   R"(1:1 (0): no match found, expected: "(", "-", "0", "\"", "`", "not", [ \t\r\n], [1-9] or [a-zA-Z])"},
  {"   ",
   R"(1:4 (3): no match found, expected: "(", "-", "0", "\"", "`", "not", [ \t\r\n], [1-9] or [a-zA-Z])"},
  {"ServicePort == 80 &&",
   R"(1:19 (18): no match found, expected: "and", "or", [ \t\r\n] or EOF)"},
  {"Node == \"unterminated",
   R"(1:22 (21): rule "string": Unterminated string literal)"},
  {"ServicePort < 80",
   R"(1:13 (12): no match found, expected: "!=", "==", "contains", "in", "is", "matches", "not" or [ \t\r\n])"},
  {"not(ServicePort == 80)",
   R"(1:4 (3): no match found, expected: "!=", ".", "==", "[", [ \t\r\n] or [a-zA-Z0-9_])"},
  {"NOT ServicePort == 80",
   R"(1:5 (4): no match found, expected: "!=", "==", "contains", "in", "is", "matches", "not" or [ \t\r\n])"},
  {"Node == fa-a",
   R"(1:11 (10): no match found, expected: ".", "[", [ \t\r\n], [a-zA-Z0-9_] or EOF)"},
  {"ServiceTags[0] == a", R"(1:13 (12): rule "index": Invalid index)"},
  {"ServiceID == v1.2", "1:17 (16): no match found, expected: [a-zA-Z]"},
  {"ServicePort == 0x50",
   R"(1:17 (16): rule "number": Invalid number literal)"},
  {"ServicePort == 080", R"(1:17 (16): rule "number": Invalid number literal)"},
  {"ServicePort == 1.", R"(1:17 (16): rule "number": Invalid number literal)"},
  {"Node == \"a\\qb\"", R"(1:9 (8): rule "string": invalid syntax)"},
  {"Node == \"a\nb\"", R"(1:9 (8): rule "string": invalid syntax)"},
  {"(((Node == fa", R"(1:14 (13): rule "grouping": Unmatched parentheses)"},
  {"(Node == fa", R"(1:12 (11): rule "grouping": Unmatched parentheses)"},
  {"Node == fa)",
   R"(1:11 (10): no match found, expected: ".", "[", [ \t\r\n], [a-zA-Z0-9_] or EOF)"},
  {"1 in", R"(1:5 (4): no match found, expected: [ \t\r\n])"},
  {"x in ServiceTags and", R"(1:21 (20): no match found, expected: [ \t\r\n])"},
  {"Node[\"a", "1:8 (7): rule \"string\": Unterminated string literal\n"
               "1:6 (5): rule \"index\": Invalid index"},
  {"Node[\"a\"", R"(1:9 (8): rule "index": Unclosed index expression)"},
  {"Node[\"a\"]",
   R"(1:10 (9): no match found, expected: "!=", ".", "==", "[" or [ \t\r\n])"},
  {"ServicePort == +80",
   R"(1:16 (15): no match found, expected: "-", "0", "\"", "`", [ \t\r\n], [1-9] or [a-zA-Z])"},
  {"ServicePort == 80\n and",
   R"(2:5 (22): no match found, expected: [ \t\r\n])"},
  {"\"a\"[\"b\"] in ServiceTags",
   R"(1:4 (3): no match found, expected: [ \t\r\n])"},
  {"ServiceTags contains \"a\"x",
   R"(1:25 (24): no match found, expected: [ \t\r\n] or EOF)"},
};

} // namespace

TEST_CASE("filter_syntax: valid expressions become trees", "[http][core]") {
  for (const auto& row : accepted)
    DYNAMIC_SECTION(row.text) {
      const auto tree = parse(row.text);
      REQUIRE(tree);
      CHECK(show(*tree) == row.tree);
    }
}

TEST_CASE("filter_syntax: invalid ones are refused with the parser's words",
          "[http][core]") {
  for (const auto& row : refused)
    DYNAMIC_SECTION(row.text) {
      const auto tree = parse(row.text);
      REQUIRE_FALSE(tree);
      CHECK(tree.error().context == row.why);
    }
}

TEST_CASE("filter_syntax: length and nesting are bounded", "[http][core]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "a == 1" + std::string(depth, ')');
  };
  CHECK(parse(nested(expression_depth_max - 1)));
  CHECK_FALSE(parse(nested(expression_depth_max)));
  CHECK_FALSE(parse(nested(8000)));
  std::string negations;
  for (auto i = 0; i < 4000; ++i)
    negations += "not ";
  CHECK_FALSE(parse(negations + "a == 1"));
  std::string chain = "a == 1";
  for (auto i = 0; i < 1000; ++i)
    chain += " or b == 2";
  CHECK(parse(chain));
  CHECK_FALSE(parse(std::string(expression_bytes_max + 1, ' ')));
}

} // namespace praetor::http::filter
