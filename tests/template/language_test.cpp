// Goal: the template language beyond the recorded cases: limits hold, errors
// say where, values may change while they are walked through, newer grammar.
// Method: small templates with the output or error that Go gives; limits set
// low. (The recorded cases themselves run as the ctest `template_cases`.)

#include "actors/template/core/render.hpp"
#include "tests/template_cases/no_host.hpp"

#include <catch2/catch.hpp>

namespace praetor::templates {

namespace {

struct fixture {
  data_cache data;
  cases::no_host machine;
  render_options options;

  rendering run(std::string_view text) {
    const auto parsed = parse_template(text);
    if (!parsed) {
      rendering out;
      out.error = parsed.error().context;
      return out;
    }
    return render(*parsed, data, machine, options);
  }

  std::string output(std::string_view text) {
    const auto done = run(text);
    return done.error ? "ERROR " + *done.error : done.output;
  }
};

std::string repeated(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += text;
  return out;
}

} // namespace

struct output_row {
  const char* text;
  const char* output;
};

const output_row newer_rows[] = {
  {"{{with 0}}a{{else with 5}}b{{.}}{{end}}", "b5"},
  {"{{range 3}}{{.}}{{end}}", "012"},
  {"{{range $i := 0}}x{{else}}none{{end}}", "none"},
  {"{{range $i, $n := 2}}{{$i}}{{$n}};{{end}}", "00;11;"},
  {"{{$x := 0}}{{range $x = sprig_list 1 2}}{{$x}}{{end}}-{{$x}}", "12-2"},
  {"{{$i := 1}}{{$x := 7}}{{range $i, $x = sprig_list}}{{end}}{{$x}}", "[]"},
};

TEST_CASE("language: grammar of newer releases is accepted", "[template]") {
  fixture f;
  for (const auto& row : newer_rows) {
    CAPTURE(row.text);
    CHECK(f.output(row.text) == row.output);
  }
}

const output_row print_rows[] = {
  {"{{printf `%6.2f|%-8s|%+d|%x` 3.14159 `ab` 5 `hi`}}",
   "  3.14|ab      |+5|6869"},
  {"{{printf `%08.3f|%+.1e|%g` -3.14159 12345.678 1e21}}",
   "-003.142|+1.2e+04|1e+21"},
  {"{{printf `%#v %#v` `a` 5}}", "\"a\" 5"},
  {"{{printf `%#v` (sprig_dict `a` 1)}}", "map[string]interface {}{\"a\":1}"},
  {"{{printf `%T %T %T` (sprig_list) 1.5 nil}}",
   "[]interface {} float64 <nil>"},
  {"{{printf `%*d|%-*d|` 5 42 4 7}}", "   42|7   |"},
  {"{{printf `%[3]d %[1]d %d` 1 2 3}}", "3 1 2"},
  {"{{printf `%[9]d` 1}}", "%!d(BADINDEX)"},
  {"{{printf `%.2s|%.0f|%5t|%q` `日本語` 2.5 true 'x'}}", "日本|2| true|'x'"},
  {"{{printf `%d` (sprig_list 1 2)}}", "[1 2]"},
  {"{{printf `%o %O %b %#x %X` 8 8 5 255 255}}", "10 0o10 101 0xff FF"},
  {"{{printf `%U %c %08b` 9731 9731 5}}", "U+2603 ☃ 00000101"},
  {"{{printf `%s` 5}}", "%!s(int=5)"},
  {"{{print 1e6 ` ` 123456.0 ` ` 1e-5}}", "1e+06 123456 1e-05"},
};

TEST_CASE("language: printing follows Go's fmt", "[template]") {
  fixture f;
  for (const auto& row : print_rows) {
    CAPTURE(row.text);
    CHECK(f.output(row.text) == row.output);
  }
}

TEST_CASE("language: templates may nest as deep as Go's", "[template]") {
  fixture f;
  CHECK(f.output("{{define `r`}}{{if gt . 0}}{{template `r` (sprig_sub . 1)}}"
                 "{{else}}end{{end}}{{end}}{{template `r` 50000}}")
        == "end");
  const auto endless =
    f.run("{{define `r`}}{{template `r`}}{{end}}{{template `r`}}");
  REQUIRE(endless.error);
  CHECK(endless.error->find("exceeded maximum template depth (100000)")
        != std::string::npos);
}

TEST_CASE("language: limits stop what would never end", "[template]") {
  fixture f;
  f.options.bounds = {10'000, 50'000, 1'000'000};
  const char* endless[] = {
    "{{range loop 1000000000}}{{end}}",
    "{{range loop 1000000000}}xxxxxxxxxxxxxxxxxx{{end}}",
    "{{$x := `ab`}}{{range loop 100}}{{$x = printf `%s%s` $x $x}}{{end}}",
    "{{$x := sprig_list 1}}{{range loop 100}}{{$x = sprig_concat $x "
    "$x}}{{end}}",
    "{{printf `%999999d` 1}}",
    "{{sprig_until 2000000000}}",
    "{{sprig_repeat 2000000000 `ab`}}",
    "{{define `e`}}{{executeTemplate `e`}}{{end}}{{template `e`}}",
  };
  for (const auto* text : endless) {
    CAPTURE(text);
    CHECK(f.run(text).error);
  }
}

TEST_CASE("language: nesting is limited while parsing", "[template]") {
  fixture f;
  CHECK(f.run("{{" + repeated("(", 100'000) + "1").error);
  CHECK(f.run(repeated("{{if true}}", 100'000)).error);
  CHECK(f.output("{{" + repeated("(", 100) + "1" + repeated(")", 100) + "}}")
        == "1");
}

TEST_CASE("language: deep values and shared ones are printed and destroyed",
          "[template]") {
  fixture f;
  CHECK_FALSE(f.run("{{$x := 1}}{{range loop 200000}}{{$x = sprig_list $x}}"
                    "{{end}}{{$x}}")
                .error);
  const auto shared = f.run("{{$x := 1}}{{range loop 60}}"
                            "{{$x = sprig_list $x $x}}{{end}}{{$x}}");
  REQUIRE(shared.error);
  CHECK(shared.error->find("output is larger than") != std::string::npos);
}

TEST_CASE("language: no map can contain itself", "[template]") {
  fixture f;
  for (const auto* text :
       {"{{$d := sprig_dict}}{{$e := sprig_set $d `d` $d}}",
        "{{$d := sprig_dict}}{{$e := sprig_set $d `d` (sprig_list $d)}}",
        "{{scratch.MapSet `m` `k` 1}}"
        "{{scratch.MapSet `m` `m` (scratch.Get `m`)}}"}) {
    CAPTURE(text);
    const auto done = f.run(text);
    REQUIRE(done.error);
    CHECK(done.error->find("cannot contain itself") != std::string::npos);
  }
}

TEST_CASE("language: a map may change while it is walked through",
          "[template]") {
  fixture f;
  CHECK(f.output("{{$d := sprig_dict `a` 1 `b` 2}}{{range $k, $v := $d}}{{$k}}"
                 "{{$x := sprig_unset $d `a`}}{{$x = sprig_unset $d `b`}}"
                 "{{$x = sprig_set $d `c` 3}}{{end}} {{$d}}")
        == "ab map[c:3]");
}

TEST_CASE("language: an error's place can be shown", "[template]") {
  const std::string text = "first\n\tx {{ nope }}\nlast {{ len 3 }}";
  CHECK(caret_display(text, "template: :2: function \"nope\" not defined")
        == "\tx {{ nope }}\n");
  CHECK(caret_display(text, "template: n:3:8: executing \"\" at <len 3>: x")
        == "last {{ len 3 }}\n        ^\n");
  CHECK(caret_display("\té{{x}}", "template: :1:5: executing")
        == "\té{{x}}\n\t   ^\n");
  CHECK(caret_display(text, "template: :9: x").empty());
  CHECK(caret_display(text, "something else").empty());
}

TEST_CASE("language: denied functions fail when they are called",
          "[template]") {
  fixture f;
  f.options.function_denylist = {"env", "sprig_*er"};
  CHECK(f.output("{{if false}}{{env `A`}}{{end}}ok") == "ok");
  for (const auto* text : {"{{env `A`}}", "{{sprig_lower `A`}}"}) {
    CAPTURE(text);
    const auto done = f.run(text);
    REQUIRE(done.error);
    CHECK(done.error->ends_with("function is disabled"));
  }
  CHECK(f.output("{{sprig_title `a`}}") == "A");
}

} // namespace praetor::templates
