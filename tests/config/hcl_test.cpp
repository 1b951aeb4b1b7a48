// Goal: HCL and JSON texts become the right trees, and no text does harm.
// Method: tables of texts with their JSON form or error; then every prefix and
// seeded mutations of a text that uses the whole language.

#include "runtime/config/hcl.hpp"

#include "runtime/base/rng.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::config;

namespace {

constexpr std::string_view whole_language = R"(
# comment
// comment
/* comment
   of lines */
server = true, bootstrap_expect = 0x10
"quoted key" = "a\tb\"c\\ \u00e9 \x41 \U0001F600"
list = ["a", 2, -3.5e2, [true], {x = null},]
ports { http = 8500 https = -1 }
actor "raft" { heartbeat = "100ms" }
deep "a" b "c" { }
raw = "${file("x y")} $5 {}"
doc = <<EOT
  one
two
EOT
trimmed = <<-EOT
    one
      two
    EOT
)";

} // namespace

TEST_CASE("parse_hcl: reads every form of a value", "[config]") {
  struct row {
    std::string_view text;
    std::string_view json;
  };
  const row rows[] = {
    {"", "{}"},
    {" # only a comment", "{}"},
    {"a = 1", R"({"a":1})"},
    {"a = 1 b = 2", R"({"a":1,"b":2})"},
    {"a = 1, b = 2,", R"({"a":1,"b":2})"},
    {"a: 1", R"({"a":1})"},
    {"a = 0x1F b = 0755 c = -12 d = 0", R"({"a":31,"b":493,"c":-12,"d":0})"},
    {"a = 1.5 b = 2e3 c = -0.25", R"({"a":1.5,"b":2000,"c":-0.25})"},
    {"a = -9223372036854775808", R"({"a":-9223372036854775808})"},
    {"a = true b = false c = null", R"({"a":true,"b":false,"c":null})"},
    {R"(a = "x\n\t\"\\\/\a\u0041")", R"({"a":"x\n\t\"\\/\u0007A"})"},
    {"a = \"${b \"c\" {d}} e\"", R"({"a":"${b \"c\" {d}} e"})"},
    {"a = []", R"({"a":[]})"},
    {"a = [1, \"b\", [2], {c = 3},]", R"({"a":[1,"b",[2],{"c":3}]})"},
    {"a {} a {}", R"({"a":{},"a":{}})"},
    {"a \"l\" { b = 1 }", R"({"a":{"l":{"b":1}}})"},
    {"a \"l\" m { }", R"({"a":{"l":{"m":{}}}})"},
    {"a = { b = 1 }", R"({"a":{"b":1}})"},
    {"\"a b\" = 1", R"({"a b":1})"},
    {"a-b.c = 1", R"({"a-b.c":1})"},
    {"a = <<X\nb\n c\nX\n", R"({"a":"b\n c\n"})"},
    {"a = <<-X\n  b\n   c\n  X", R"({"a":"b\n c\n"})"},
    {"a = <<X\r\nb\r\nX\r\n", R"({"a":"b\n"})"},
    {"a = [<<X\nb\nX\n, 2]", R"({"a":["b\n",2]})"},
    {"/* x */ a /* y */ = // z\n 1", R"({"a":1})"},
    {R"({"a": 1, "b": {"c": [true]}})", R"({"a":1,"b":{"c":[true]}})"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      auto tree = parse_hcl(row.text);
      REQUIRE(tree);
      CHECK(to_json(*tree) == row.json);
    }
  }
}

TEST_CASE("parse_hcl: says where a text is wrong", "[config]") {
  struct row {
    std::string_view text;
    std::string_view error;
  };
  const row rows[] = {
    {"server = ", "At 1:10: expected a value, got the end of the text"},
    {"server = tru", "At 1:10: text must be in double quotes: tru"},
    {"a = 1\n b = @", "At 2:6: expected a value, got '@'"},
    {"server = true }", "At 1:15: expected a key, got '}'"},
    {"ports { http = 1", "At 1:17: object opened on line 1 is not closed: "
                         "expected '}'"},
    {"data_dir = \"/x\n", "At 1:12: literal not terminated"},
    {"a = \"\\q\"", "At 1:6: illegal char escape"},
    {"a = \"\\u12G4\"", "At 1:6: illegal char escape"},
    {"a = <<X\nb\n", "At 1:5: heredoc not terminated: no line X"},
    {"a = <<\nb", "At 1:5: heredoc needs a word after <<"},
    {"a b", "At 1:4: expected '=' or '{' after 'a', got the end of the text"},
    {"a = 1x", "At 1:5: not a number: 1x"},
    {"a = 99999999999999999999", "At 1:5: not a number: 99999999999999999999"},
    {"a = 08", "At 1:5: not a number: 08"},
    {"a = [1 2]", "At 1:8: expected ',' or ']' in a list, got '2'"},
    {"a = [1", "At 1:7: expected ',' or ']' in a list, got the end of the "
               "text"},
    {"/* x", "At 1:1: comment not terminated"},
    {"{a = 1} b", "At 1:9: expected the end of the document, got 'b'"},
    {"a = \x01", "At 1:5: expected a value, got a control character"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      auto tree = parse_hcl(row.text);
      REQUIRE_FALSE(tree);
      CHECK(tree.error().context == row.error);
    }
  }
}

TEST_CASE("parse_hcl: knows the place of keys and values", "[config]") {
  auto tree = parse_hcl("a = 1\n\n  b \"l\" {\n    c = [2]\n  }\n");
  REQUIRE(tree);
  const auto& top = *tree->as<value_object>();
  CHECK(top[0].where == position{1, 1});
  CHECK(top[0].content.where == position{1, 5});
  CHECK(top[1].where == position{3, 3});
  const auto& label = top[1].content.as<value_object>()->front();
  CHECK(label.where == position{3, 5});
  const auto& c = label.content.as<value_object>()->front();
  CHECK(c.where == position{4, 5});
  CHECK(c.content.as<value_list>()->front().where == position{4, 10});
}

TEST_CASE("parse_json: fails with the words of Go and a place", "[config]") {
  struct row {
    std::string_view text;
    std::string_view error;
  };
  const row rows[] = {
    {"{\"server\": tru", "unexpected end of JSON input (line 1, column 15)"},
    {"{\"a\":", "unexpected end of JSON input (line 1, column 6)"},
    {"{\"a\":\"b", "unexpected end of JSON input (line 1, column 8)"},
    {"{\"a\":1,}", "invalid character '}' looking for beginning of object "
                   "key string (line 1, column 8)"},
    {"{\n\"a\" 1}", "invalid character '1' after object key (line 2, column "
                    "5)"},
    {"{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair "
                        "(line 1, column 8)"},
    {"{\"a\":[1 2]}",
     "invalid character '2' after array element (line 1, column 9)"},
    {"{} x", "invalid character 'x' after top-level value (line 1, column 4)"},
    {"{\"a\":trux}", "invalid character 'x' in literal true (expecting 'e') "
                     "(line 1, column 9)"},
    {"{\"a\":-}",
     "invalid character '}' in numeric literal (line 1, column 7)"},
    {"{\"a\":1.}", "invalid character '}' after decimal point in numeric "
                   "literal (line 1, column 8)"},
    {"{\"a\":1e999}", "number out of range: 1e999 (line 1, column 11)"},
    {"{\"a\":\"\\q\"}",
     "invalid character 'q' in string escape code (line 1, column 8)"},
    {"{\"a\":\"\n\"}",
     "invalid character '\\n' in string literal (line 1, column 7)"},
    {"# x", "invalid character '#' looking for beginning of value (line 1, "
            "column 1)"},
    {"[1]", "json: cannot unmarshal array into Go value of type "
            "map[string]interface {}"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      auto tree = parse_json(row.text);
      REQUIRE_FALSE(tree);
      CHECK(tree.error().context == row.error);
    }
  }
}

TEST_CASE("parse_json: reads what HCL cannot", "[config]") {
  CHECK(to_json(*parse_json("")) == "{}");
  CHECK(to_json(*parse_json(R"({"a":"\ud83d\ude00 \ud800 x","b":[1e2,-0]})"))
        == "{\"a\":\"\xF0\x9F\x98\x80 \xEF\xBF\xBD x\",\"b\":[100,0]}");
}

TEST_CASE("parse: depth and size have limits", "[config]") {
  auto nested = [](int depth) {
    std::string text = "{\"a\":";
    text.append(static_cast<std::size_t>(depth), '[');
    text.append(static_cast<std::size_t>(depth), ']');
    return text + "}";
  };
  CHECK(parse_json(nested(nesting_depth_max - 1)));
  CHECK(parse_json(nested(nesting_depth_max)).error().context
        == "nested deeper than 64 (line 1, column 69)");
  CHECK(parse_hcl(nested(nesting_depth_max)));
  CHECK_FALSE(parse_hcl(nested(nesting_depth_max + 1)));
  CHECK_FALSE(parse_json(nested(100000)));
  CHECK_FALSE(parse_hcl(nested(100000)));
  const std::string large(document_bytes_max + 1, ' ');
  CHECK(parse_hcl(large).error().context == "larger than 16777216 bytes");
  CHECK(parse_json(large).error().context == "larger than 16777216 bytes");
}

TEST_CASE("parse: every prefix and mutation gives a tree or an error",
          "[config]") {
  REQUIRE(parse_hcl(whole_language));
  for (std::size_t length = 0; length < whole_language.size(); ++length) {
    auto tree = parse_hcl(whole_language.substr(0, length));
    if (!tree)
      CHECK(tree.error().context.starts_with("At "));
  }
  rng random{7};
  const std::string json = to_json(*parse_hcl(whole_language));
  REQUIRE(parse_json(json));
  for (int round = 0; round < 20000; ++round) {
    std::string text{round % 2 == 0 ? whole_language : json};
    for (int i = 0; i < 3; ++i)
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    auto hcl = parse_hcl(text);
    auto strict = parse_json(text);
    if (!hcl)
      REQUIRE_FALSE(hcl.error().context.empty());
    if (strict)
      REQUIRE(parse_json(to_json(*strict)));
  }
}
