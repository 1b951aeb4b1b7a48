// Goal: sources merge in Consul's order, mistakes are named with their place,
// and a command ends with the right text and exit code.
// Method: files in memory, command lines as users type them; texts without a
// place are those of Consul 1.8.7.

#include "runtime/config/load.hpp"

#include "tests/config/memory_files.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::config;
using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

std::string load_error(std::string name, std::string text) {
  memory_files files;
  files.texts[name] = std::move(text);
  auto out = load_agent({"-data-dir=/d", "-config-file=" + name}, files);
  return out ? "" : out.error().context;
}

struct wrong_file {
  std::string file;
  std::string text;
  std::string error;
};
const wrong_file wrong_files[] = {
  {"v.json", "{\"bogus_key\": 1}",
   "failed to parse v.json: 1 error occurred:\n"
   "\t* invalid config key bogus_key (line 1, column 2)\n\n"},
  {"v.hcl", "server = true\nbind_adr = \"x\"\nprots { }",
   "failed to parse v.hcl: 2 errors occurred:\n"
   "\t* invalid config key bind_adr (line 2, column 1; did you mean "
   "bind_addr?)\n"
   "\t* invalid config key prots (line 3, column 1; did you mean ports?)"
   "\n\n"},
  {"v.hcl", "ports { htpp = 1 }",
   "failed to parse v.hcl: 1 error occurred:\n"
   "\t* invalid config key ports.htpp (line 1, column 9; did you mean "
   "http?)\n\n"},
  {"v.hcl", "service { name = \"a\" port = \"x\" }",
   "failed to parse v.hcl: 1 error(s) decoding:\n\n"
   "* 'service.port' expected type 'int', got unconvertible type 'string' "
   "(line 1, column 29)"},
  {"v.json", "{\"server\": 1}",
   "failed to parse v.json: 1 error(s) decoding:\n\n"
   "* 'server' expected type 'bool', got unconvertible type 'float64' "
   "(line 1, column 12)"},
  {"v.hcl", "server = 1 data_dir = true",
   "failed to parse v.hcl: 2 error(s) decoding:\n\n"
   "* 'server' expected type 'bool', got unconvertible type 'int' (line 1, "
   "column 10)\n"
   "* 'data_dir' expected type 'string', got unconvertible type 'bool' "
   "(line 1, column 23)"},
  {"v.hcl", "bootstrap_expect = 1.5",
   "failed to parse v.hcl: 1 error(s) decoding:\n\n"
   "* 'bootstrap_expect' expected type 'int', got unconvertible type "
   "'float64' (line 1, column 20)"},
  {"v.hcl", "ports { http = 99999999999 }",
   "failed to parse v.hcl: 1 error(s) decoding:\n\n"
   "* cannot parse 'ports.http', 99999999999 overflows int (line 1, column "
   "16)"},
  {"v.hcl", "start_join = \"a\"",
   "failed to parse v.hcl: 1 error(s) decoding:\n\n"
   "* 'start_join': source data must be an array or slice, got string (line "
   "1, column 14)"},
  {"v.hcl", "start_join = [1]",
   "failed to parse v.hcl: 1 error(s) decoding:\n\n"
   "* 'start_join[0]' expected type 'string', got unconvertible type 'int' "
   "(line 1, column 15)"},
  {"v.hcl", "node_meta = \"x\"",
   "failed to parse v.hcl: 1 error(s) decoding:\n\n"
   "* 'node_meta' expected a map, got 'string' (line 1, column 13)"},
  {"v.hcl", "service { name = \"a\" } service { name = \"b\" }",
   "failed to parse v.hcl: 1 error(s) decoding:\n\n"
   "* 'service' expected a map, got 'slice' (line 1, column 24)"},
  {"v.json", "{",
   "failed to parse v.json: unexpected end of JSON input "
   "(line 1, column 2)"},
  {"v.hcl", "a = ",
   "failed to parse v.hcl: At 1:5: expected a value, got "
   "the end of the text"},
  {"v.hcl", "retry_interval = \"5\"",
   "1 error occurred:\n\t* retry_interval: invalid duration: \"5\": time: "
   "missing unit in duration \"5\" (v.hcl, line 1, column 18)\n\n"},
};

} // namespace

TEST_CASE("load: later sources win and lists append", "[config]") {
  memory_files files;
  files.texts["a.hcl"] = R"(
    node_name = "from-a" log_level = "WARN" start_join = ["10.0.0.2"]
    node_meta { a = "1" b = "1" } ports { http = 1000 dns = 1001 }
    services { name = "s1" }
    service { name = "s2" }
  )";
  files.texts["b.json"] = R"({
    "node_name": "from-b", "start_join": ["10.0.0.3"],
    "node_meta": {"b": "2", "c": "2"}, "ports": {"http": 2000},
    "services": [{"name": "s3"}], "retry_interval": "5s", "recursors": ["::1"]
  })";
  auto out =
    load_agent({"-data-dir=/d", "-join=10.0.0.1", "-node=from-flag",
                "-node-meta", "c:3:4", "-config-file=a.hcl", "-config-file",
                "b.json", "-hcl", "log_level=\"ERR\" ports { dns = 3001 }"},
               files);
  REQUIRE(out);
  const auto& x = out->config;
  CHECK(x.node_name == "from-flag");
  CHECK(x.log_level == "ERR");
  CHECK(x.start_join == words{"10.0.0.1", "10.0.0.2", "10.0.0.3"});
  CHECK(x.node_meta == string_map{{"a", "1"}, {"b", "2"}, {"c", "3:4"}});
  CHECK(x.ports.http == 2000);
  CHECK(x.ports.dns == 3001);
  CHECK(x.retry_interval == 5s);
  REQUIRE(x.services.size() == 3);
  CHECK(x.services[0].name == "s1");
  CHECK(x.services[2].name == "s3");
  // Of the key that has no effect, and of nothing else.
  REQUIRE(!out->warnings.empty());
  for (const auto& warning : out->warnings)
    CHECK(warning.find("recursors") != std::string::npos);
}

TEST_CASE("load: flags win over files, files over -dev", "[config]") {
  memory_files files;
  files.texts["a.hcl"] = "log_level = \"WARN\" bind_addr = \"10.0.0.9\"";
  auto out =
    load_agent({"-dev", "-bind=127.0.0.2", "-config-file=a.hcl"}, files);
  REQUIRE(out);
  CHECK(out->config.dev);
  CHECK(out->config.server);
  CHECK(out->config.ui);
  CHECK(out->config.log_level == "WARN");
  CHECK(out->config.network.bind == "127.0.0.2");
  CHECK(out->config.gossip_lan.probe_interval == 100ms);
  CHECK(out->config.performance.raft_multiplier == 1);
}

TEST_CASE("load: a directory gives its .hcl and .json files by name",
          "[config]") {
  memory_files files;
  files.texts["cd/20.json"] = R"({"node_name": "twenty"})";
  files.texts["cd/10.hcl"] = "node_name = \"ten\" ui = true";
  files.texts["cd/readme.txt"] = "not a configuration";
  files.texts["cd/sub/30.hcl"] = "bogus";
  auto out = load_agent({"-data-dir=/d", "-config-dir=cd/"}, files);
  REQUIRE(out);
  CHECK(out->config.node_name == "twenty");
  CHECK(out->config.ui);
  CHECK(out->warnings
        == words{"skipping file cd/readme.txt, extension must be .hcl or "
                 ".json, or config format must be set"});
  // With a format, the extension does not matter.
  files.texts["cd/readme.txt"] = "domain = \"x\"";
  files.texts.erase("cd/20.json");
  out =
    load_agent({"-data-dir=/d", "-config-dir=cd", "-config-format=hcl"}, files);
  REQUIRE(out);
  CHECK(out->config.domain == "x.");
  CHECK(out->config.node_name == "ten");
}

TEST_CASE("load: files and directories keep the order of the command line",
          "[config]") {
  memory_files files;
  files.texts["a.hcl"] = "node_name = \"a\"";
  files.texts["cd/b.hcl"] = "node_name = \"b\"";
  auto name = [&files](const char* first, const char* second) {
    return load_agent({"-data-dir=/d", first, second}, files)->config.node_name;
  };
  CHECK(name("-config-file=a.hcl", "-config-dir=cd") == "b");
  CHECK(name("-config-dir=cd", "-config-file=a.hcl") == "a");
}

TEST_CASE("load: a wrong file is named with the place and a hint", "[config]") {
  for (const auto& row : wrong_files) {
    DYNAMIC_SECTION(row.text) {
      CHECK(load_error(row.file, row.text) == row.error);
    }
  }
}

TEST_CASE("load: what flags and fragments have wrong is named", "[config]") {
  CHECK(load_agent({"-config-file=no.hcl"}).error().context
        == "config: Open failed on no.hcl. open no.hcl: no such file or "
           "directory");
  CHECK(load_agent({"-config-format=yaml"}).error().context
        == "config: -config-format must be either 'hcl' or 'json'");
  CHECK(load_agent({"-hcl=server = true", "-hcl=bogus = 1"}).error().context
        == "failed to parse flags-1.hcl: 1 error occurred:\n"
           "\t* invalid config key bogus (line 1, column 1)\n\n");
  CHECK(load_agent({"-data-dir=/d", "-retry-interval=5"}).error().context
        == "1 error occurred:\n\t* retry_interval: invalid duration: \"5\": "
           "time: missing unit in duration \"5\" (command line)\n\n");
  memory_files files;
  files.texts["d"] = "a file";
  CHECK(load_agent({"-data-dir=d"}, files).error().context
        == "data_dir \"d\" is not a directory");
}

TEST_CASE("load: keys match in any case", "[config]") {
  auto out = load_hcl("SERVER = true Ports { HTTP = 99 }");
  REQUIRE(out);
  CHECK(out->config.server);
  CHECK(out->config.ports.http == 99);
}

TEST_CASE("load: nothing is ignored in silence", "[config]") {
  auto out = load_hcl("connect { enabled = true }\nacl { enabled = false\n"
                      "default_policy = \"deny\" }\nports { grpc = 8502 }\n"
                      "disable_update_check = true\n"
                      "node_name = \"a\" node_name = \"b\"");
  REQUIRE(out);
  CHECK(out->config.node_name == "b");
  CHECK(
    out->warnings
    == words{"a.hcl, line 1, column 1: \"connect\" is not supported by this "
             "version and has no effect",
             "a.hcl, line 3, column 1: \"acl.default_policy\" is not supported "
             "by this version and has no effect",
             "a.hcl, line 4, column 9: \"ports.grpc\" is not supported by this "
             "version and has no effect",
             "a.hcl, line 6, column 17: \"node_name\" is given again; the last "
             "value counts"});
  out = load_agent({"-dev", "-https-port=8501"});
  REQUIRE(out);
  CHECK(out->warnings
        == words{"command line: \"ports.https\" is not supported by this "
                 "version and has no effect"});
}

TEST_CASE("load: actor blocks are kept with their options", "[config]") {
  auto out = load_hcl("actor \"raft\" { heartbeat = \"100ms\" }\n"
                      "actor \"template\" { }\nscheduler { workers = 2 }");
  REQUIRE(out);
  REQUIRE(out->config.actors.size() == 2);
  CHECK(out->config.actors[0].name == "raft");
  CHECK(to_json(out->config.actors[0].options) == R"({"heartbeat":"100ms"})");
  CHECK(out->config.actors[1].where == "a.hcl, line 2, column 7");
  CHECK(out->config.scheduler.workers == 2);
  CHECK(load_hcl("actor \"rafts\" { }").error().context
        == "1 error occurred:\n\t* actor: there is no actor \"rafts\"; did "
           "you mean \"raft\"? (a.hcl, line 1, column 15)\n\n");
  CHECK(load_hcl("actor { raft = 1 }").error().context
        == "1 error occurred:\n\t* actor: expected actor \"raft\" { ... } "
           "(a.hcl, line 1, column 16)\n\n");
}

TEST_CASE("prepare_agent: gives settings, help or an error", "[config]") {
  auto start = [](const words& args) {
    return prepare_agent(args, memory_files{}, test_host());
  };
  CHECK(start({"-dev"}).run);
  auto help = start({"-dev", "-h"});
  CHECK_FALSE(help.run);
  CHECK(help.end.exit_code == 0);
  CHECK(help.end.err.empty());
  CHECK(help.end.out.starts_with("Usage: consul agent [options]\n\n  Starts"));
  CHECK(help.end.out.ends_with("of your own.\n"));
  auto bogus = start({"-bogus"});
  CHECK(bogus.end.exit_code == 1);
  CHECK(bogus.end.out.empty());
  CHECK(bogus.end.err.starts_with("flag provided but not defined: -bogus\n"
                                  "Usage:\n  -advertise value\n    \t"));
  CHECK(start({"-dev", "extra", "more"}).end.err
        == "==> Unexpected extra arguments: [extra more]\n");
  CHECK(start({"-server"}).end.err == "==> data_dir cannot be empty\n");
}

TEST_CASE("run_validate: judges files as the agent would", "[config]") {
  memory_files files;
  files.texts["ok.hcl"] = "data_dir = \"/d\" server = true bootstrap = true";
  files.texts["bad.hcl"] = "server = true";
  auto run = [&files](const words& args) {
    return run_validate(args, files, test_host());
  };
  auto good = run({"ok.hcl"});
  CHECK(good.exit_code == 0);
  CHECK(good.out == "Configuration is valid!\n");
  CHECK(good.err == "bootstrap = true: do not enable unless necessary\n");
  auto quiet = run({"-quiet", "ok.hcl"});
  CHECK(quiet.exit_code == 0);
  CHECK((quiet.out + quiet.err).empty());
  auto bad = run({"bad.hcl"});
  CHECK(bad.exit_code == 1);
  CHECK(bad.err == "Config validation failed: data_dir cannot be empty\n");
  CHECK(run({}).err == "Must specify at least one config file or directory\n");
  CHECK(run({}).exit_code == 1);
  CHECK(run({"-config-format=x", "a"}).exit_code == 1);
  CHECK(run({"-h"}).out.starts_with("Usage: consul validate [options]"));
}

TEST_CASE("load: a list of one stands for its item", "[config]") {
  memory_files files;
  files.texts["a.json"] = R"({"ports": [{"http": [99]}], "node_name": ["n"]})";
  auto out = load_agent({"-data-dir=/d", "-config-file=a.json"}, files);
  REQUIRE(out);
  CHECK(out->config.ports.http == 99);
  CHECK(out->config.node_name == "n");
}
