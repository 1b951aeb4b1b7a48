// Goal: URLs and addresses are taken apart as Go does, any text is survived.
// Method: tables; the error texts were recorded from Consul 1.8.7.

#include "runtime/net/url.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::net;

TEST_CASE("url: parts", "[net][core]") {
  struct row {
    const char* text;
    const char* host;
    int port;
    const char* authority;
    const char* target;
  };
  for (const auto& x : {row{"http://h", "h", 80, "h", "/"},
                        row{"HTTPS://h:1/a?b#c", "h", 1, "h:1", "/a?b"},
                        row{"https://h?q", "h", 443, "h", "/?q"},
                        row{"http://[::1]:8/", "::1", 8, "[::1]:8", "/"},
                        row{"http://[::1]/", "::1", 80, "[::1]", "/"},
                        row{"http://u:p@h:/x y", "h", 80, "h:", "/x%20y"},
                        row{"http://h/a\r\nb", "h", 80, "h", "/a%0D%0Ab"}}) {
    const auto got = parse_url(x.text);
    REQUIRE(got);
    CHECK(got->host == x.host);
    CHECK(got->port == x.port);
    CHECK(got->authority == x.authority);
    CHECK(got->target == x.target);
  }
  CHECK(parse_url("http://u:p@h/")->user == "u:p");
}

TEST_CASE("url: errors", "[net][core]") {
  const auto text = [](const char* x) { return parse_url(x).error().context; };
  CHECK(text("ftp://h/") == "unsupported protocol scheme \"ftp\"");
  CHECK(text("127.0.0.1/p") == "unsupported protocol scheme \"\"");
  CHECK(text("") == "unsupported protocol scheme \"\"");
  CHECK(text("http:///x") == "http: no Host in request URL");
  CHECK(text("http://h:99999/") == "address 99999: invalid port");
}

TEST_CASE("url: references", "[net][core]") {
  const auto base = *parse_url("http://h:1/a/b?q");
  CHECK(resolve_url(base, "/x") == "http://h:1/x");
  CHECK(resolve_url(base, "x") == "http://h:1/a/x");
  CHECK(resolve_url(base, "?x") == "http://h:1/a/b?x");
  CHECK(resolve_url(base, "//g/x") == "http://g/x");
  CHECK(resolve_url(base, "https://g/x") == "https://g/x");
}

TEST_CASE("url: host and port", "[net][core]") {
  const auto text = [](const char* x) {
    const auto got = split_host_port(x);
    return got ? got->host + "|" + got->port : got.error().context;
  };
  CHECK(text("h:1") == "h|1");
  CHECK(text("[::1]:1") == "::1|1");
  CHECK(text(":1") == "|1");
  CHECK(text("127.0.0.1") == "address 127.0.0.1: missing port in address");
  CHECK(text("::1:80") == "address ::1:80: too many colons in address");
  CHECK(text("") == "address : missing port in address");
  CHECK(*parse_port("80") == 80);
  CHECK(parse_port("99999").error().context == "address 99999: invalid port");
  CHECK(parse_port("http9").error().context
        == "address tcp/http9: unknown port");
  CHECK(join_host_port("::1", 2) == "[::1]:2");
}
