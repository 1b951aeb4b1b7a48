// Goal: command lines are read, refused and explained exactly as Go programs
// and Consul do it.
// Method: tables of arguments with the texts that Consul 1.8.7 printed; a help
// page and a usage block recorded from `consul kv get`.

#include "runtime/config/go_flags.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace praetor::config;
using namespace std::chrono_literals;

namespace {

constexpr flag_spec specs[] = {
  {.name = "recurse", .kind = flag_kind::boolean, .help = "Walk."},
  {.name = "server",
   .kind = flag_kind::boolean,
   .help = "Server.",
   .dialect = flag_dialect::consul},
  {.name = "separator", .help = "Where.", .preset = "/"},
  {.name = "flags", .kind = flag_kind::unsigned_integer, .help = "Number."},
  {.name = "n", .kind = flag_kind::integer, .help = "Count.", .preset = "1"},
  {.name = "port",
   .kind = flag_kind::integer,
   .help = "Port.",
   .dialect = flag_dialect::consul},
  {.name = "trail",
   .kind = flag_kind::unsigned_integer,
   .help = "Entries.",
   .dialect = flag_dialect::consul},
  {.name = "wait",
   .kind = flag_kind::duration,
   .help = "Time.",
   .preset = "15s"},
  {.name = "after",
   .kind = flag_kind::duration,
   .help = "Time.",
   .dialect = flag_dialect::consul},
  {.name = "join", .kind = flag_kind::list, .help = "Whom."},
};

using words = std::vector<std::string>;

} // namespace

TEST_CASE("parse_flags: values come with a space, with = and with two dashes",
          "[config]") {
  auto x =
    parse_flags(specs, words{"-join", "a", "--join=b", "-separator=", "-flags",
                             "0x10", "-n=-3", "-port", "-1", "-after=5m",
                             "-recurse", "-server=false", "rest", "-n=9"});
  REQUIRE(x);
  CHECK(x->list("join") == words{"a", "b"});
  CHECK(x->string("separator").empty());
  CHECK(x->given("separator"));
  CHECK(x->unsigned_integer("flags") == 16);
  CHECK(x->integer("n") == -3);
  CHECK(x->integer("port") == -1);
  CHECK(x->duration("after") == 5min);
  CHECK(x->boolean("recurse"));
  CHECK(x->given("server"));
  CHECK_FALSE(x->boolean("server"));
  CHECK(x->arguments() == words{"rest", "-n=9"});
}

TEST_CASE("parse_flags: flags that are absent have their preset", "[config]") {
  auto x = parse_flags(specs, words{});
  REQUIRE(x);
  CHECK(x->string("separator") == "/");
  CHECK(x->integer("n") == 1);
  CHECK(x->duration("wait") == 15s);
  CHECK_FALSE(x->boolean("recurse"));
  CHECK_FALSE(x->given("separator"));
  CHECK(x->list("join").empty());
}

TEST_CASE("parse_flags: stops at --, at - and at the first argument",
          "[config]") {
  CHECK(parse_flags(specs, words{"--", "-n=2"})->arguments() == words{"-n=2"});
  CHECK(parse_flags(specs, words{"-", "-n=2"})->arguments()
        == words{"-", "-n=2"});
  CHECK(parse_flags(specs, words{"-recurse", "true"})->arguments()
        == words{"true"});
  CHECK(parse_flags(specs, words{"", "-n=2"})->arguments()
        == words{"", "-n=2"});
}

TEST_CASE("parse_flags: refuses with the words of Go", "[config]") {
  struct row {
    words args;
    std::string text;
  };
  const row rows[] = {
    {{"-bogus"}, "flag provided but not defined: -bogus"},
    {{"--bogus=1"}, "flag provided but not defined: -bogus"},
    {{"-join"}, "flag needs an argument: -join"},
    {{"---x"}, "bad flag syntax: ---x"},
    {{"-=x"}, "bad flag syntax: -=x"},
    {{"-recurse=maybe"},
     "invalid boolean value \"maybe\" for -recurse: parse error"},
    {{"-server=maybe"},
     "invalid boolean value \"maybe\" for -server: "
     "strconv.ParseBool: parsing \"maybe\": invalid syntax"},
    {{"-flags=zz"}, "invalid value \"zz\" for flag -flags: parse error"},
    {{"-flags=-1"}, "invalid value \"-1\" for flag -flags: parse error"},
    {{"-n", "99999999999999999999"},
     "invalid value \"99999999999999999999\" "
     "for flag -n: value out of range"},
    {{"-port=0x10"},
     "invalid value \"0x10\" for flag -port: "
     "strconv.Atoi: parsing \"0x10\": invalid syntax"},
    {{"-port="},
     "invalid value \"\" for flag -port: "
     "strconv.Atoi: parsing \"\": invalid syntax"},
    {{"-port=99999999999999999999"},
     "invalid value \"99999999999999999999\" for flag -port: strconv.Atoi: "
     "parsing \"99999999999999999999\": value out of range"},
    {{"-trail=-1"},
     "invalid value \"-1\" for flag -trail: "
     "strconv.ParseUint: parsing \"-1\": invalid syntax"},
    {{"-wait=5"}, "invalid value \"5\" for flag -wait: parse error"},
    {{"-after=5"},
     "invalid value \"5\" for flag -after: "
     "time: missing unit in duration \"5\""},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.text) {
      auto x = parse_flags(specs, row.args);
      REQUIRE_FALSE(x);
      CHECK(x.error().context == row.text);
    }
  }
}

TEST_CASE("parse_flags: the smallest and largest integers fit", "[config]") {
  CHECK(parse_flags(specs, words{"-n=-9223372036854775808"})->integer("n")
        == INT64_MIN);
  CHECK(parse_flags(specs, words{"-n=9223372036854775807"})->integer("n")
        == INT64_MAX);
  CHECK_FALSE(parse_flags(specs, words{"-n=9223372036854775808"}));
  CHECK(parse_flags(specs, words{"-n=0755"})->integer("n") == 0755);
}

TEST_CASE("wants_help: finds -h before --, even as a value", "[config]") {
  CHECK(wants_help(words{"-join", "-h"}));
  CHECK(wants_help(words{"x", "--help"}));
  CHECK(wants_help(words{"-help"}));
  CHECK_FALSE(wants_help(words{"--", "-h"}));
  CHECK_FALSE(wants_help(words{"help", "-hh"}));
}

TEST_CASE("flag_help: looks like a page of Consul", "[config]") {
  constexpr flag_spec some[] = {
    {.name = "separator",
     .help = "String to use as a separator between keys. The default value is "
             "\"/\", but this option is only taken into account when paired "
             "with the -keys flag.",
     .preset = "/"},
    {.name = "stale",
     .kind = flag_kind::boolean,
     .help = "Permit any Consul server (non-leader) to respond to this "
             "request. This allows for lower latency and higher throughput, "
             "but can result in stale data. This option has no effect on "
             "non-read operations. The default value is false.",
     .group = flag_group::http_api,
     .dialect = flag_dialect::consul},
    {.name = "keys",
     .kind = flag_kind::boolean,
     .help = "List keys which start with the given prefix, but not their "
             "values. This is especially useful if you only need the key names "
             "themselves. This option is commonly combined with the -separator "
             "option. The default value is false."},
    {.name = "http-addr",
     .help = "The `address` and port.",
     .group = flag_group::http_api,
     .dialect = flag_dialect::consul},
  };
  CHECK(flag_help("\nUsage: consul kv get\n\n  Text.\n", some)
        == R"(Usage: consul kv get

  Text.

HTTP API Options

  -http-addr=<address>
     The `address` and port.

  -stale
     Permit any Consul server (non-leader) to respond to this request.
     This allows for lower latency and higher throughput, but can result
     in stale data. This option has no effect on non-read operations.
     The default value is false.

Command Options

  -keys
     List keys which start with the given prefix, but not their
     values. This is especially useful if you only need the key names
     themselves. This option is commonly combined with the -separator
     option. The default value is false.

  -separator=<string>
     String to use as a separator between keys. The default value is
     "/", but this option is only taken into account when paired with
     the -keys flag.)");
  CHECK(flag_usage(some)
        == "Usage:\n"
           "  -http-addr address\n    \tThe address and port.\n"
           "  -keys\n    \tList keys which start with the given prefix, but "
           "not their values. This is especially useful if you only need the "
           "key names themselves. This option is commonly combined with the "
           "-separator option. The default value is false.\n"
           "  -separator string\n    \tString to use as a separator between "
           "keys. The default value is \"/\", but this option is only taken "
           "into account when paired with the -keys flag. (default \"/\")\n"
           "  -stale\n    \tPermit any Consul server (non-leader) to respond "
           "to this request. This allows for lower latency and higher "
           "throughput, but can result in stale data. This option has no "
           "effect on non-read operations. The default value is false.\n");
}

TEST_CASE("wrap_text: lines are even, not greedy", "[config]") {
  // What Consul prints for -non-voting-server: a greedy break would put "a"
  // on the line before.
  CHECK(wrap_text("replication stream. This can be used to add read "
                  "scalability to a cluster in cases where a high volume of "
                  "reads to servers are needed.",
                  72, 5)
        == "     replication stream. This can be used to add read scalability "
           "to\n"
           "     a cluster in cases where a high volume of reads to servers "
           "are\n"
           "     needed.");
  CHECK(wrap_text("", 72, 5) == "     ");
  CHECK(wrap_text(std::string(80, 'x') + " y", 72, 0)
        == std::string(80, 'x') + "\ny");
}

TEST_CASE("go_quote: escapes as %q", "[config]") {
  CHECK(go_quote("a\"b\\c\n\x01") == R"("a\"b\\c\n\x01")");
}
