// Goal: answers, texts and indexes are those of Consul, byte for byte.
// Method: a transcript of a real Consul 1.8.7 (consul_1_8_7.txt, whose head
// explains the form) is replayed: each write with the index that it had there,
// each read compared with what was answered there.

#include "actors/catalog/core/catalog_core.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/json.hpp"
#include "tests/catalog/requests.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <map>
#include <sstream>

using namespace praetor;
using namespace praetor::catalog;

namespace {

const std::map<std::string, query_kind> kinds = {
  {"nodes", query_kind::nodes},
  {"services", query_kind::services},
  {"service_nodes", query_kind::service_nodes},
  {"connect_nodes", query_kind::connect_nodes},
  {"node", query_kind::node},
  {"node_services", query_kind::node_services},
  {"checks_of_node", query_kind::checks_of_node},
  {"checks_of_service", query_kind::checks_of_service},
  {"checks_in_state", query_kind::checks_in_state},
  {"health_service", query_kind::health_service},
  {"health_connect", query_kind::health_connect},
  {"ui_nodes", query_kind::ui_nodes},
  {"ui_node", query_kind::ui_node},
  {"ui_services", query_kind::ui_services},
};

query parse_query(std::istringstream in) {
  query out;
  std::string word;
  in >> word;
  out.kind = kinds.at(word);
  while (in >> word) {
    const auto value = word.substr(word.find('=') + 1);
    if (word == "passing")
      out.passing = true;
    else if (word.starts_with("name="))
      out.name = value;
    else if (word.starts_with("tag="))
      out.tags.push_back(value);
    else
      out.node_meta.emplace_back(value.substr(0, value.find(':')),
                                 value.substr(value.find(':') + 1));
  }
  return out;
}

command parse_command(const std::string& kind, const std::string& body) {
  rapidjson::Document json;
  json.Parse(body.c_str(), body.size());
  REQUIRE_FALSE(json.HasParseError());
  if (kind == "register")
    return recorded::registration(json);
  if (kind == "deregister")
    return recorded::deregistration(json);
  return recorded::operations(json);
}

std::string show_transaction(const std::string& body) {
  const auto outcome = *decode<transaction_outcome>(body);
  std::string out;
  json_writer json{out};
  json.begin_object().key("Results");
  if (outcome.errors.empty()) {
    json.begin_array();
    for (const auto& [position, text] : outcome.results)
      json.raw(text);
    json.end_array().key("Errors").null();
  } else {
    json.null().key("Errors").begin_array();
    for (const auto& [position, text] : outcome.errors) {
      json.begin_object().key("OpIndex");
      json.number(static_cast<std::uint64_t>(position)).key("What");
      json.string(text).end_object();
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

std::string show(const std::string& kind, const command_result& x) {
  if (x.code == errc::rejected)
    return "error " + json_quote(x.body);
  return kind == "txn" ? show_transaction(x.body) : x.body;
}

/// Python, which wrote the transcript, escapes more than Go does.
std::string normal(const std::string& line) {
  if (!line.starts_with("error "))
    return line;
  rapidjson::Document json;
  json.Parse(line.c_str() + 6, line.size() - 6);
  return "error " + json_quote(recorded::text(json));
}

std::string show(const answer& x, const std::string& expected) {
  if (!x.found)
    return "not found";
  const auto index = expected.starts_with("- ") ? "-" : std::to_string(x.index);
  return index + " " + *x.body;
}

} // namespace

TEST_CASE("catalog_core: it answers as Consul 1.8.7 did", "[catalog][core]") {
  std::ifstream file{PRAETOR_TESTS_DIR "/catalog/consul_1_8_7.txt"};
  REQUIRE(file.good());
  catalog_core core;
  std::string line;
  std::string expected;
  int reads = 0;
  int writes = 0;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with("#"))
      continue;
    INFO("line " << number << ": " << line);
    REQUIRE(std::getline(file, expected));
    ++number;
    std::istringstream words{line};
    std::string kind;
    words >> kind;
    if (kind == "get") {
      const auto q = parse_query(std::move(words));
      REQUIRE(show(core.evaluate(q), expected) == expected);
      ++reads;
      continue;
    }
    log_index index = 0;
    std::string body;
    words >> index;
    std::getline(words, body);
    const auto done = core.apply(index, 0, parse_command(kind, body));
    REQUIRE(done.index == index);
    REQUIRE(show(kind, done) == normal(expected));
    core.check_invariants();
    ++writes;
  }
  CHECK(reads > 700);
  CHECK(writes > 100);
}
