// Goal: functions whose results the recorded cases do not show.
// Method: tables of templates; expectations from consul-template's and Sprig's
// documentation, from yaml.v2, BurntSushi's TOML and encoding/json.

#include "actors/template/core/render.hpp"
#include "tests/template_cases/case_host.hpp"

#include <catch2/catch.hpp>

namespace praetor::templates {

namespace {

std::string run(std::string_view text) {
  const data_cache data;
  cases::case_host machine;
  const auto parsed = parse_template(text);
  if (!parsed)
    return "ERROR " + parsed.error().context;
  const auto done = render(*parsed, data, machine);
  if (!done.error)
    return done.output;
  const auto at = done.error->find("error calling");
  return at == std::string::npos ? *done.error : done.error->substr(at);
}

struct row {
  const char* text;
  const char* output;
};

void check(std::span<const row> rows) {
  for (const auto& x : rows) {
    CAPTURE(x.text);
    CHECK(run(x.text) == x.output);
  }
}

const row date_rows[] = {
  {"{{sprig_toDate `2006-01-02` `2026-11-29`}}",
   "2026-11-29 00:00:00 +0000 UTC"},
  {"{{sprig_toDate `2006-01-02` `nope`}}", "0001-01-01 00:00:00 +0000 UTC"},
  {"{{sprig_toDate `2006-01-02` `2026-11-29` | sprig_unixEpoch}}",
   "1795910400"},
  {"{{(sprig_toDate `2006-01-02T15:04:05Z07:00` "
   "`2026-11-29T08:30:15.25+02:00`).Format `Mon Jan _2 15:04:05.000 -0700`}}",
   "Sun Nov 29 08:30:15.250 +0200"},
  {"{{sprig_toDate `2006-01-02T15:04:05Z07:00` `2026-11-29T08:30:15+02:00` | "
   "sprig_unixEpoch}}",
   "1795933815"},
  {"{{with sprig_toDate `3:04 PM` `12:07 AM`}}{{.Hour}} {{.Minute}} {{.Unix}}"
   "{{end}}",
   "0 7 -62167218780"},
  {"{{sprig_toDate `06 002` `70 365` | sprig_unixEpoch}}", "31449600"},
  {"{{sprig_mustToDate `2006-01-02` `2026-13-01`}}",
   "error calling sprig_mustToDate: parsing time \"2026-13-01\": month out of "
   "range"},
  {"{{sprig_mustToDate `2006-01-02` `2026-02-29`}}",
   "error calling sprig_mustToDate: parsing time \"2026-02-29\": day out of "
   "range"},
  {"{{sprig_mustToDate `2006-01-02` `x`}}",
   "error calling sprig_mustToDate: parsing time \"x\" as \"2006-01-02\": "
   "cannot parse \"x\" as \"2006\""},
  {"{{sprig_mustToDate `2006` `2026!`}}",
   "error calling sprig_mustToDate: parsing time \"2026!\" as \"2006\": extra "
   "text: \"!\""},
  {"{{sprig_toDate `2006-01-02` `2026-11-29` | sprig_mustDateModify "
   "`-1h30m0.5s`}}",
   "2026-11-28 22:29:59.5 +0000 UTC"},
  {"{{sprig_toDate `2006` `2026` | sprig_must_date_modify `soon`}}",
   "error calling sprig_must_date_modify: time: invalid duration \"soon\""},
  {"{{sprig_durationRound `49h`}} {{sprig_duration 95}}", "2d 1m35s"},
  {"{{len (sprig_ago (sprig_toDate `2006` `2026`)) | lt 3}}", "true"},
  {"{{sprig_unixEpoch `x`}}",
   "template: :1:18: executing \"\" at <`x`>: can't handle `x` for arg of "
   "type time.Time"},
};

const row json_rows[] = {
  {"{{`{\"b\":[1,2.5,1e21,1e-7],\"a\":null}` | parseJSON | toJSON}}",
   "{\"a\":null,\"b\":[1,2.5,1e+21,1e-7]}"},
  {"{{`{}` | parseJSON | toJSONPretty}}", "{}"},
  {"{{`{\"a\":{\"b\":[]}}` | parseJSON | toJSONPretty}}",
   "{\n  \"a\": {\n    \"b\": []\n  }\n}"},
  {"{{`\"\\ud83d\\ude00\\u00e9<\"` | parseJSON}}", "😀é<"},
  {"{{toUnescapedJSON `<&>`}}", "\"<&>\""},
  {"{{parseJSON `[1,]`}}",
   "error calling parseJSON: invalid character ']' looking for beginning of "
   "value"},
  {"{{parseJSON `{\"a\" 1}`}}",
   "error calling parseJSON: invalid character '1' after object key"},
  {"{{parseJSON `[1 2]`}}",
   "error calling parseJSON: invalid character '2' after array element"},
  {"{{parseJSON `tru`}}",
   "error calling parseJSON: unexpected end of JSON input"},
  {"{{parseJSON `1 x`}}",
   "error calling parseJSON: invalid character 'x' after top-level value"},
  {"{{parseJSON `01`}}",
   "error calling parseJSON: invalid character '1' after top-level value"},
};

TEST_CASE("functions: Sprig's dates", "[template]") {
  check(date_rows);
}

TEST_CASE("functions: JSON is read and written as Go does", "[template]") {
  check(json_rows);
}

const row yaml_rows[] = {
  {"{{`{\"a\":1,\"b\":\"1\",\"c\":\"n\",\"d\":[1,\"x\"],\"e\":{\"f\":true}}` "
   "| parseJSON | toYAML}}",
   "a: 1\nb: \"1\"\nc: \"n\"\nd:\n- 1\n- x\ne:\n  f: true"},
  {"{{`{\"a10\":1,\"a9\":2,\"B\":\"\",\"n\":null,\"e\":[],\"m\":{}}` | "
   "parseJSON | toYAML}}",
   "B: \"\"\na9: 2\na10: 1\ne: []\nm: {}\n\"n\": null"},
  {"{{`[[1,2],{\"a\":[3],\"b\":4}]` | parseJSON | toYAML}}",
   "- - 1\n  - 2\n- a:\n  - 3\n  b: 4"},
  {"{{`{\"a\":\"x: y\",\"b\":\"# no\",\"c\":\"l1\\nl2\\n\",\"d\":\"l1\\nl2\"}` "
   "| parseJSON | toYAML}}",
   "a: 'x: y'\nb: '# no'\nc: |\n  l1\n  l2\nd: |-\n  l1\n  l2"},
  {"{{with parseYAML `{a: 1, b: [x, 0x10, 1.5], c: yes}`}}{{.a}} {{.b}} {{.c}}"
   "{{end}}",
   "1 [x 16 1.5] true"},
  {"{{printf `%T` (parseYAML `a: 1`)}}", "map[interface {}]interface {}"},
  {"{{with parseYAML `{x: &d {a: 1}, z: {<<: *d, b: 2}}`}}{{.z}}{{end}}",
   "map[a:1 b:2]"},
  {"{{parseYAML `\"1\"`}}{{printf `%T` (parseYAML `\"1\"`)}}", "1string"},
};

TEST_CASE("functions: YAML is read and written as yaml.v2 does", "[template]") {
  check(yaml_rows);
}

const row text_rows[] = {
  {"{{`{\"a\":{\"b\":{\"c\":1}},\"t\":[{\"x\":\"y\"}],\"k k\":2}` | parseJSON "
   "| toTOML}}",
   "\"k k\" = 2.0\n\n[a]\n  [a.b]\n    c = 1.0\n\n[[t]]\n  x = \"y\""},
  {"{{`it's mine` | toTitle}}", "It's Mine"},
  {"{{`aXbX` | replaceAll `X` `-`}} {{`ab` | replaceAll `` `.`}}",
   "a-b- .a.b."},
  {"{{`foo.bar` | regexReplaceAll `(\\w+)\\.(?P<t>\\w+)` `${t}.$1`}}",
   "bar.foo"},
  {"{{`abc` | regexReplaceAll `x*` `-`}}", "-a-b-c-"},
  {"{{`a b` | base64URLEncode}} {{`_-8=` | base64URLDecode | printf `%x`}}",
   "YSBi ffef"},
  {"{{base64Decode `YWJjYWJ`}}",
   "error calling base64Decode: base64Decode: illegal base64 data at input "
   "byte 4"},
  {"{{base64Decode `YWI`}}",
   "error calling base64Decode: base64Decode: illegal base64 data at input "
   "byte 0"},
  {"{{base64Decode `YQ=`}}",
   "error calling base64Decode: base64Decode: illegal base64 data at input "
   "byte 3"},
  {"{{md5sum `a`}}", "0cc175b9c0f1b6a831c399e269772661"},
  {"{{`4x` | parseInt}}",
   "error calling parseInt: parseInt: strconv.ParseInt: parsing \"4x\": "
   "invalid syntax"},
  {"{{`99999999999999999999` | parseInt}}",
   "error calling parseInt: parseInt: strconv.ParseInt: parsing "
   "\"99999999999999999999\": value out of range"},
  {"{{`maybe` | parseBool}}",
   "error calling parseBool: parseBool: strconv.ParseBool: parsing "
   "\"maybe\": invalid syntax"},
  {"{{divide 0 1}}",
   "error calling divide: runtime error: integer divide by zero"},
  {"{{add `1` 2}}", "error calling add: add: unknown type for \"1\" (string)"},
  {"{{minimum 3 2}} {{maximum 3 2.5}}", "2 3"},
  {"{{byTag `x`}}", "error calling byTag: byTag: wrong argument type string"},
  {"{{secret `a`}}", "error calling secret: Vault is not supported"},
  {"{{define `t`}}<{{.}}>{{end}}{{executeTemplate `t` 5}}", "<5>"},
};

TEST_CASE("functions: texts, numbers and digests", "[template]") {
  check(text_rows);
}

const row sprig_rows[] = {
  {"{{sprig_trunc 3 `abcdef`}} {{sprig_trunc -2 `abcdef`}}", "abc ef"},
  {"{{sprig_abbrev 5 `hello world`}}", "he..."},
  {"{{sprig_snakecase `FirstName`}} {{sprig_camelcase `http_server`}} "
   "{{sprig_kebabcase `FirstName`}}",
   "first_name HttpServer first-name"},
  {"{{sprig_quote 1 `a` nil}} {{sprig_squote `b`}}", "\"1\" \"a\" 'b'"},
  {"{{sprig_seq 5}} {{sprig_seq 0 2 6}} {{sprig_seq 3 1}}",
   "1 2 3 4 5 0 2 4 6 3 2 1"},
  {"{{sprig_untilStep 3 6 2}} {{sprig_until 3}}", "[3 5] [0 1 2]"},
  {"{{sprig_add 1 `2` 3.9}} {{sprig_addf 0.1 0.2}} {{sprig_round 3.1459 2}}",
   "6 0.3 3.15"},
  {"{{sprig_default `d` `` }} {{sprig_coalesce 0 `` 5}} "
   "{{sprig_ternary 1 2 true}}",
   "d 5 1"},
  {"{{sprig_dict `a` 1 `b` 2 | sprig_toJson}}", "{\"a\":1,\"b\":2}"},
  {"{{sprig_dig `a` `b` `none` (sprig_dict `a` (sprig_dict `b` 7))}}", "7"},
  {"{{sprig_merge (sprig_dict `a` 1) (sprig_dict `a` 2 `b` 3)}}",
   "map[a:1 b:3]"},
  {"{{sprig_uniq (sprig_list 1 1 2)}} {{sprig_has 2 (sprig_list 1 2)}} "
   "{{sprig_without (sprig_list 1 2) 2}}",
   "[1 2] true [1]"},
  {"{{sprig_chunk 2 (sprig_list 1 2 3)}} {{sprig_rest (sprig_list 1 2)}}",
   "[[1 2] [3]] [2]"},
  {"{{sprig_b32enc `hello`}} {{sprig_b32dec `NBSWY3DP`}}", "NBSWY3DP hello"},
  {"{{sprig_base `/a/b.c`}} {{sprig_dir `/a/b.c`}} {{sprig_ext `/a/b.c`}} "
   "{{sprig_clean `/a/../b//c`}}",
   "b.c /a .c /b/c"},
  {"{{(sprig_urlParse `http://u:p@h:80/p?q=1#f`).hostname}}", "h"},
  {"{{sprig_semverCompare `^1.2.0` `1.3.1`}} "
   "{{sprig_semverCompare `>=1.0, <2 || 3.x` `2.5.0`}} "
   "{{sprig_semverCompare `~1.2` `1.3.0`}}",
   "true false false"},
  {"{{sprig_regexFindAll `[0-9]+` `a1b22c333` 2}} "
   "{{sprig_regexSplit `,` `a,b,c` -1}}",
   "[1 22] [a b c]"},
  {"{{sprig_adler32sum `abc`}} {{sprig_plural `one` `many` 2}}",
   "38600999 many"},
  {"{{sprig_wrap 5 `aa bb cc`}}", "aa bb\ncc"},
  {"{{sprig_fail `no`}}", "error calling sprig_fail: no"},
  {"{{sprig_kindOf (sprig_list)}} {{sprig_typeOf 1.5}}", "slice float64"},
  {"{{sprig_durationRound `2h10m5s`}} {{sprig_duration 95}}", "2h 1m35s"},
};

TEST_CASE("functions: Sprig's", "[template]") {
  check(sprig_rows);
}

const row sockaddr_rows[] = {
  {"{{sockaddr `GetPrivateIP`}} {{sockaddr `GetPublicIP`}}",
   "10.1.2.3 203.0.113.9"},
  {"{{sockaddr `GetInterfaceIP \"eth0\"`}}", "10.1.2.3"},
  {"{{sockaddr `GetAllInterfaces | exclude \"flags\" \"loopback\" | sort "
   "\"-address\" | join \"address\" \",\"`}}",
   "203.0.113.9,10.1.2.3"},
  {"{{sockaddr `GetAllInterfaces | include \"network\" \"10.0.0.0/8\" | attr "
   "\"name\"`}}",
   "eth0"},
  {"{{sockaddr `GetAllInterfaces | sort \"-size,-address\" | join \"address\" "
   "\" \"`}} {{sockaddr `GetAllInterfaces | sort \"default,type,name\" | join "
   "\"name\" \" \"`}}",
   "203.0.113.9 10.1.2.3 127.0.0.1 eth0 eth1 lo"},
  {"{{sockaddr `GetPrivateInterfaces | math \"network\" \"+9\" | attr "
   "\"address\"`}}",
   "10.1.2.9"},
  {"{{sockaddr `GetPrivateInterfaces | math \"network\" \"-1\" | attr "
   "\"string\"`}}",
   "10.1.2.255/24"},
  {"{{sockaddr `GetPrivateInterfaces | math \"address\" \"+253\" | attr "
   "\"address\"`}}",
   "10.1.3.0"},
  {"{{sockaddr `GetPrivateInterfaces | math \"MASK\" \"16\" | attr "
   "\"network\"`}}",
   "10.1.0.0/16"},
  {"{{sockaddr `GetAllInterfaces | math \"network\" \"+1\" | join "
   "\"address\" \" \"`}}",
   "127.0.0.1 10.1.2.1 203.0.113.1"},
  {"{{sockaddr `GetPrivateInterfaces | math \"address\" \"5\"`}}",
   "error calling sockaddr: unable to parse sockaddr: sign (+/-) is required "
   "for operation \"address\""},
  {"{{sockaddr `GetPrivateInterfaces | math \"hour\" \"+5\"`}}",
   "error calling sockaddr: unable to parse sockaddr: unsupported math "
   "operation: \"hour\""},
};

TEST_CASE("functions: sockaddr selects addresses", "[template]") {
  check(sockaddr_rows);
}

} // namespace

} // namespace praetor::templates
