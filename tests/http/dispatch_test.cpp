// Goal: what every endpoint has in common is decided right, in the right order.
// Method: requests against the front door, without sockets; expected values
// were recorded from Consul 1.8.7.

#include "api/http/encode.hpp"
#include "api/http/respond.hpp"
#include "api/http/routes.hpp"
#include "tests/http/handler_fixture.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace praetor::http {

TEST_CASE("dispatch: requests that no handler sees", "[http]") {
  struct row {
    std::string name;
    std::string method;
    std::string target;
    int status;
    std::string body;
    std::string header;
    std::string value;
  };
  const std::string ns = " - Namespaces are a Consul Enterprise feature";
  const row rows[] = {
    {"prefix without slash", "PUT", "/v1/session/destroy", 301, "", "Location",
     "/v1/session/destroy/"},
    {"slash keeps the query", "PUT", "/v1/kv?raw", 301, "", "Location",
     "/v1/kv/?raw"},
    {"double slash", "PUT", "/v1/kv//a", 301, "", "Location", "/v1/kv/a"},
    {"escaped double slash", "DELETE", "/v1/kv/%2F%2Fa", 301, "", "Location",
     "/v1/kv/a"},
    {"escaped dots", "PUT", "/v1/kv/a/%2E%2E/b", 301, "", "Location",
     "/v1/kv/b"},
    {"a GET gets HTML", "GET", "/v1/kv", 301,
     "<a href=\"/v1/kv/\">Moved Permanently</a>.\n\n", "Location", "/v1/kv/"},
    {"root", "POST", "/", 301, "", "Location", "/ui/"},
    {"ui without slash", "GET", "/ui?a", 301,
     "<a href=\"/ui/?a\">Moved Permanently</a>.\n\n", "Location", "/ui/?a"},
    {"unknown path", "PUT", "/v1/nope", 404, "", "", ""},
    {"unknown path, bad query", "PUT", "/v1/nope?a=%zz", 404, "", "", ""},
    {"control character", "GET", "/v1/kv/a%00", 400, "", "", ""},
    {"control character on no path", "GET", "/nope%0A", 400, "", "", ""},
    {"bad query", "GET", "/v1/kv/a?b=%zz", 500, "", "", ""},
    {"bad escape in path", "GET", "/v1/kv/%zz", 400, "400 Bad Request", "", ""},
    {"options", "OPTIONS", "/v1/kv/x", 200, "", "Allow",
     "OPTIONS,GET,PUT,DELETE"},
    {"options of one method", "OPTIONS", "/v1/session/create", 200, "", "Allow",
     "OPTIONS,PUT"},
    {"wrong method", "POST", "/v1/session/create", 405,
     "method POST not allowed", "Allow", "OPTIONS,PUT"},
    {"no HEAD", "HEAD", "/v1/kv/x", 405, "method HEAD not allowed", "Allow",
     "OPTIONS,GET,PUT,DELETE"},
    {"method is part of no other", "GE", "/v1/kv/x", 405,
     "method GE not allowed", "", ""},
    {"namespace", "GET", "/v1/kv/x?ns=default", 400,
     "Bad request: Invalid query parameter: \"ns\"" + ns, "", ""},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.name) {
      handler_fixture f;
      const auto c = f.send(r.method, r.target);
      CHECK(c->status() == r.status);
      CHECK(c->body() == r.body);
      if (!r.header.empty())
        CHECK(c->header(r.header) == r.value);
      CHECK(f.kv_reads.empty());
    }
  }
}

TEST_CASE("dispatch: namespaces are refused by header too", "[http]") {
  handler_fixture f;
  const auto c = f.send("GET", "/v1/kv/a", "", {{"x-consul-namespace", "t"}});
  CHECK(c->body()
        == "Bad request: Invalid header: \"X-Consul-Namespace\" - Namespaces "
           "are a Consul Enterprise feature");
  CHECK(f.send("GET", "/v1/status/leader?ns=x")->status() == 0); // asks raft
}

TEST_CASE("dispatch: what the operator forbids", "[http]") {
  handler_fixture f;
  f.settings.blocked_endpoints = {"/v1/kv/"};
  f.settings.may_write = [](std::string_view) { return false; };
  CHECK(f.send("OPTIONS", "/v1/kv/a")->body()
        == "Endpoint is blocked by agent configuration");
  CHECK(f.send("GET", "/v1/kv/a?x=%zz")->status() == 500);
  CHECK(f.send("PUT", "/v1/session/create")->status() == 403);
  CHECK(f.send("PUT", "/v1/session/create")->body() == "Access is restricted");
  CHECK(f.send("POST", "/v1/session/create")->status() == 405);
  CHECK(f.send("GET", "/v1/session/list")->status() == 0);
}

TEST_CASE("dispatch: the ui can be off, the filter too", "[http]") {
  handler_fixture f;
  CHECK(f.send("GET", "/ui/dc1/services")->answer->content_type
        == "text/html; charset=utf-8");
  CHECK(f.send("GET", "/robots.txt")->answer->content_type
        == "text/plain; charset=utf-8");
  f.settings.ui = false;
  CHECK(f.send("GET", "/")->body() == "Consul Agent");
  CHECK(f.send("GET", "/ui/")->status() == 404);
  f.settings.printable_paths = false;
  CHECK(f.send("GET", "/v1/kv/a%01")->status() == 0);
  CHECK(f.kv_reads.back().query.name == "a\x01");
}

TEST_CASE("dispatch: values too large are refused by their length", "[http]") {
  handler_fixture f;
  f.to.facts.kv_max_value_size = 10;
  f.to.facts.txn_max_req_len = 20;
  const auto value = f.send("PUT", "/v1/kv/a", "12345678901");
  CHECK(value->status() == 413);
  CHECK(value->decision.refuse_body);
  CHECK(value->body()
        == "Request body(11 bytes) too large, max size: 10 bytes. See "
           "https://www.consul.io/docs/agent/options.html#kv_max_value_size.");
  CHECK(f.send("PUT", "/v1/kv/a", "1234567890")->status() == 0);
  CHECK(f.send("PUT", "/v1/txn", std::string(21, ' '))->body()
        == "Request body(21 bytes) too large, max size: 20 bytes. See "
           "https://www.consul.io/docs/agent/options.html#txn_max_req_len.");
}

TEST_CASE("routes: each can be found, none hides another", "[http]") {
  std::set<std::string_view> seen;
  for (const auto& r : routes()) {
    CAPTURE(r.path);
    CHECK(seen.insert(r.path).second);
    CHECK(find_route(r.path).to == &r);
    if (r.path.ends_with('/')) {
      CHECK(find_route(std::string{r.path} + "x/y").to == &r);
      const auto bare = r.path.substr(0, r.path.size() - 1);
      CHECK(find_route(bare).add_slash);
    }
  }
  CHECK(find_route("/v1/agent/service/register").to->allows("PUT"));
  CHECK(find_route("/v1/agent/service/web").to->allows("GET"));
  CHECK(find_route("/v1/catalog/servicesx").to == nullptr);
}

TEST_CASE("encode: heads carry what was asked for", "[http]") {
  site s;
  s.response_headers = {{"X-Mine", "yes"}};
  s.translate_addresses = true;
  delivery how;
  how.endpoint = true;
  how.pretty = true;
  std::string head;
  auto r = json(std::string{"{\"a\":[]}"});
  r.headers.emplace_back("X-Bad", "a\r\nb");
  const auto body = encode_response(s, how, "now", r, head);
  CHECK(*body == "{\n    \"a\": []\n}\n");
  CHECK(head
        == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
           "Vary: Accept-Encoding\r\nX-Bad: a  b\r\nX-Mine: yes\r\n"
           "X-Consul-Translate-Addresses: true\r\nDate: now\r\n"
           "Content-Length: 16\r\n\r\n");
  how = {};
  how.headless = true;
  how.keep_alive = false;
  CHECK(encode_response({}, how, "now", plain(405, "no"), head) == nullptr);
  CHECK(head
        == "HTTP/1.1 405 Method Not Allowed\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nDate: now\r\n"
           "Content-Length: 2\r\nConnection: close\r\n\r\n");
}

TEST_CASE("encode: shared bodies are sent as they are", "[http]") {
  std::string head;
  const auto shared = share("[1,2]");
  CHECK(encode_response({}, {}, "", json(shared), head) == shared);
}

TEST_CASE("encode: gzip is used if it is accepted", "[http]") {
  struct row {
    std::string accepts;
    bool yes;
  };
  const row rows[] = {{"gzip", true},
                      {"deflate, gzip", true},
                      {"GZIP;q=0.5", true},
                      {"gzip;q=0", false},
                      {"gzip; q=0.0", false},
                      {"", false},
                      {"identity", false},
                      {"*", false},
                      {"deflate,gzip;q=1", true}};
  for (const auto& r : rows) {
    CAPTURE(r.accepts);
    CHECK(accepts_gzip(r.accepts) == r.yes);
  }
  CHECK(gzip("hello").substr(0, 2) == "\x1F\x8B");
}

} // namespace praetor::http
