// Goal: JSON bodies are read as Go reads them. Method: tables of texts with the
// value or the error that Consul 1.8.7 gave.

#include "api/http/json_decode.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::http {

namespace {

struct inner_body {
  std::string text;
  duration span{1};
};

struct body {
  std::string name;
  std::int64_t port = 5;
  std::uint64_t flags = 0;
  bool on = false;
  std::vector<std::string> tags;
  std::optional<std::map<std::string, std::string>> meta;
  std::map<std::string, std::vector<std::string>> header;
  std::string bytes;
  std::string config;
  std::optional<inner_body> inner;
  std::vector<inner_body> list;
  std::map<std::string, inner_body> by_name;
  inner_body flat;
};

constexpr json_member<inner_body> inner_members[] = {
  field<&inner_body::text>("Text"),
  field<&inner_body::span>("Span"),
};

constexpr json_member<body> members[] = {
  field<&body::name>("Name"),
  field<&body::port>("Port", "the_port"),
  field<&body::flags>("Flags"),
  field<&body::on>("On"),
  field<&body::tags>("Tags"),
  field<&body::meta>("Meta"),
  field<&body::header>("Header"),
  base64<&body::bytes>("Bytes"),
  any<&body::config>("Config"),
  object<&body::inner, inner_members>("Inner"),
  objects<&body::list, inner_members, unknown_members::ignore>("List"),
  object_map<&body::by_name, inner_members>("ByName"),
  field<&body::flat, &inner_body::text>("FlatText"),
  ignored<body>("Old"),
};

struct refused_row {
  const char* text;
  const char* why;
};

const refused_row refused[] = {
  {"", "EOF"},
  {"  ", "EOF"},
  {"{", "unexpected EOF"},
  {"{\"Na", "unexpected EOF"},
  {"{\"Name\"", "unexpected EOF"},
  {"{\"Name\":", "unexpected EOF"},
  {"{\"Name\":tru", "unexpected EOF"},
  {"[1", "unexpected EOF"},
  {"-", "unexpected EOF"},
  {"{Name", "invalid character 'N' looking for beginning of object key string"},
  {"{'a'",
   R"(invalid character '\'' looking for beginning of object key string)"},
  {"{\"Name\" 3", "invalid character '3' after object key"},
  {"{\"Name\":\"x\" \"y\"",
   "invalid character '\"' after object key:value pair"},
  {"{\"Name\":\"x\",}",
   "invalid character '}' looking for beginning of object key string"},
  {"[1 2", "invalid character '2' after array element"},
  {"{\"Name\":\"\\q\"", "invalid character 'q' in string escape code"},
  {R"({"Name":"\u12"})",
   R"(invalid character '"' in \u hexadecimal character escape)"},
  {R"({"Name":"\)", "unexpected EOF"},
  {R"({"Name":"\u1)", "unexpected EOF"},
  {"{\"Name\":\"a\nb\"}", R"(invalid character '\n' in string literal)"},
  {"xyz", "invalid character 'x' looking for beginning of value"},
  {"{\"Port\":01}", "invalid character '1' after object key:value pair"},
  {R"({"nam":1})", "json: unknown field \"nam\""},
  {R"({"Inner":{"Bogus":1}})", "json: unknown field \"Bogus\""},
  {"[]", "json: cannot unmarshal array into Go value of type struct"},
  {R"({"Port":"a"})",
   "json: cannot unmarshal string into Go struct field Port of type int"},
  {R"({"Port":1.5})",
   "json: cannot unmarshal number into Go struct field Port of type int"},
  {R"({"Port":99999999999999999999})",
   "json: cannot unmarshal number into Go struct field Port of type int"},
  {R"({"Flags":-1})",
   "json: cannot unmarshal number into Go struct field Flags of type uint64"},
  {R"({"On":"true"})",
   "json: cannot unmarshal string into Go struct field On of type bool"},
  {R"({"Name":{}})",
   "json: cannot unmarshal object into Go struct field Name of type string"},
  {R"({"Tags":[1]})",
   "json: cannot unmarshal number into Go struct field Tags of type string"},
  {R"({"Tags":"a"})",
   "json: cannot unmarshal string into Go struct field Tags of type []"},
  {R"({"Meta":{"a":true}})",
   "json: cannot unmarshal bool into Go struct field Meta of type string"},
  {R"({"Bytes":"!"})", "illegal base64 data at input byte 0"},
  {R"({"Inner":{"Span":"abc"}})", "time: invalid duration \"abc\""},
};

} // namespace

TEST_CASE("json_decode: broken and wrong bodies get Go's errors",
          "[http][core]") {
  for (const auto& row : refused)
    DYNAMIC_SECTION(row.text) {
      const auto decoded = decode_json(row.text, members);
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().code == errc::invalid_argument);
      CHECK(decoded.error().context == row.why);
    }
}

TEST_CASE("json_decode: every kind of member arrives", "[http][core]") {
  const auto x = decode_json(R"({"name":"n\u00e9\n","the_PORT":-7,
    "FLAGS":18446744073709551615,"On":true,"Tags":["a",null,"b"],
    "Meta":{"k":"v"},"Header":{"h":["1","2"]},"Bytes":"aGk=",
    "Config":{"z":1,"a":[1.50,"<",null,{"y":1e30,"b":false}]},
    "Inner":{"Text":"i","Span":"1m"},"List":[{"Text":"l","Bogus":[]},null],
    "ByName":{"x":{"Span":1500.9}},"FlatText":"f","Old":{"any":1}} trailing)",
                             members);
  REQUIRE(x);
  CHECK(x->name == "n\u00e9\n");
  CHECK(x->port == -7);
  CHECK(x->flags == 18446744073709551615ULL);
  CHECK(x->on);
  CHECK(x->tags == std::vector<std::string>{"a", "", "b"});
  REQUIRE(x->meta);
  CHECK(x->meta->at("k") == "v");
  CHECK(x->header.at("h") == std::vector<std::string>{"1", "2"});
  CHECK(x->bytes == "hi");
  CHECK(x->config
        == "{\"a\":[1.5,\"\\u003c\",null,{\"b\":false,\"y\":1e+30}],\"z\":1}");
  REQUIRE(x->inner);
  CHECK(x->inner->text == "i");
  CHECK(x->inner->span == std::chrono::minutes{1});
  REQUIRE(x->list.size() == 2);
  CHECK(x->list[0].text == "l");
  CHECK(x->by_name.at("x").span == std::chrono::nanoseconds{1500});
  CHECK(x->flat.text == "f");
}

TEST_CASE("json_decode: null means not given", "[http][core]") {
  const auto x = decode_json(
    R"({"Name":null,"Port":null,"Tags":null,"Meta":null,"Inner":null})",
    members);
  REQUIRE(x);
  CHECK(x->port == 5);
  CHECK_FALSE(x->meta);
  CHECK_FALSE(x->inner);
  CHECK(decode_json("null", members));
  const auto empty = decode_json(R"({"Meta":{}})", members);
  REQUIRE(empty);
  CHECK(empty->meta);
}

TEST_CASE("json_decode: durations count other kinds as zero", "[http][core]") {
  const struct {
    const char* json;
    std::int64_t ns;
  } rows[] = {
    {R"("10s")", 10'000'000'000},
    {"5", 5},
    {"-5", -5},
    {"1e3", 1000},
    {"true", 0},
    {"[]", 0},
    {"{}", 0},
    {"0.9", 0},
    {"1e300", std::numeric_limits<std::int64_t>::min()},
  };
  for (const auto& row : rows)
    DYNAMIC_SECTION(row.json) {
      const auto x = decode_json(
        std::string{R"({"Inner":{"Span":)"} + row.json + "}}", members);
      REQUIRE(x);
      CHECK(x->inner->span.count() == row.ns);
    }
}

TEST_CASE("json_decode: nesting is bounded", "[http][core]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse_json(nested(json_depth_max)));
  const auto refusal = parse_json(nested(json_depth_max + 1));
  REQUIRE_FALSE(refusal);
  CHECK(refusal.error().context == "exceeded max depth");
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
}

TEST_CASE("json_decode: lists of objects and defaults", "[http][core]") {
  const auto list = decode_json_list(R"([{"Name":"a"},{"Name":"b"}])", members);
  REQUIRE(list);
  CHECK(list->size() == 2);
  CHECK_FALSE(decode_json_list("{}", members));
  body preset;
  preset.name = "preset";
  const auto x =
    decode_json("{\"Bogus\":1}", members, unknown_members::ignore, preset);
  REQUIRE(x);
  CHECK(x->name == "preset");
}

} // namespace praetor::http
