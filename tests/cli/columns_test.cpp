// Goal: tables, words and JSON look exactly as Consul prints them.
// Method: tables of inputs with the texts of Consul 1.8.7 or of Go's net/url.

#include "tools/praetor/columns.hpp"

#include "tools/praetor/json_value.hpp"
#include "tools/praetor/words.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::tools;

TEST_CASE("columns: cells are trimmed and all but the last padded",
          "[cli][core]") {
  CHECK(columns({}).empty());
  CHECK(columns({{"Node", "ID", "DC"}, {"n1 ", "1234", "dc1"}})
        == "Node  ID    DC\nn1    1234  dc1\n");
  CHECK(columns({{"Node", "Meta"}, {"a", ""}}) == "Node  Meta\na     \n");
  CHECK(columns({{"é", "x"}, {"ab", "y"}}) == "é   x\nab  y\n");
}

TEST_CASE("columns: tab-written keys have six spaces after the longest",
          "[cli][core]") {
  CHECK(tab_written({{"consul", ""}, {"web", "prod,v1"}})
        == "consul      \nweb         prod,v1\n");
  CHECK(tab_written({{"Key", "a"}, {"Value", ""}}) == "Key        a\nValue\n");
}

TEST_CASE("words: URLs are escaped as by Go", "[cli][core]") {
  CHECK(escape_path("/v1/kv/a b?c%d&\xC3\xA9+;,:@$=~!*()'\"<>")
        == "/v1/kv/a%20b%3Fc%25d&%C3%A9+;,:@$=~%21%2A%28%29%27%22%3C%3E");
  CHECK(encode_query({{"separator", "/"}, {"keys", ""}, {"a", "b c&"}})
        == "a=b+c%26&keys=&separator=%2F");
}

TEST_CASE("words: pairs need an equals sign", "[cli][core]") {
  const auto pairs = key_values({"a=1", "b=c=d", "a=2"});
  REQUIRE(pairs);
  CHECK(*pairs == std::map<std::string, std::string>{{"a", "2"}, {"b", "c=d"}});
  CHECK(key_values({"zz"}).error().context
        == "Missing \"=\" value in argument: zz");
}

TEST_CASE("words: bad patterns are refused in Go's words", "[cli][core]") {
  struct row {
    const char* pattern;
    const char* words;
  };
  const auto [pattern, words] = GENERATE(values<row>({
    {"[", "error parsing regexp: missing closing ]: `[`"},
    {"a(b", "error parsing regexp: missing closing ): `a(b`"},
    {"*", "error parsing regexp: missing argument to repetition operator: `*`"},
  }));
  CAPTURE(pattern);
  const auto refused = matches(pattern, "");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().context == words);
  CHECK(*matches("live", "alive"));
  CHECK_FALSE(*matches("^live", "alive"));
}

TEST_CASE("json: numbers keep all digits", "[cli][core]") {
  const std::string text =
    R"({"Flags":16210313421097356768,"a":[1.50,-2,true,null],"b\"":"<"})";
  const auto tree = parse_json(text);
  REQUIRE(tree);
  CHECK((*tree)["Flags"].number() == 16210313421097356768U);
  CHECK((*tree)["nope"]["deeper"].text().empty());
  CHECK(to_json(*tree)
        == R"({"Flags":16210313421097356768,"a":[1.50,-2,true,null],)"
           R"("b\"":"\u003c"})");
}

TEST_CASE("json: mistakes and deep nesting are refused", "[cli][core]") {
  CHECK(parse_json("zz").error().context
        == "invalid character 'z' looking for beginning of value");
  CHECK(parse_json("").error().context == "unexpected end of JSON input");
  CHECK(parse_json("[1,").error().context == "unexpected end of JSON input");
  CHECK_FALSE(parse_json("{\"a\":1}}"));
  CHECK_FALSE(parse_json(std::string(100000, '[')));
  CHECK(parse_json(std::string(json_depth_max, '[')
                   + std::string(json_depth_max, ']')));
}
