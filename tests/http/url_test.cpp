// Goal: targets are decoded and cleaned as Go does, and no bytes do harm.
// Method: tables with results of Go's net/url and path.Clean; random bytes.

#include "api/http/url.hpp"

#include "runtime/base/rng.hpp"

#include <catch2/catch.hpp>

namespace praetor::http {

TEST_CASE("url: paths are cleaned as Go's ServeMux does", "[http]") {
  struct row {
    std::string path;
    std::string clean;
  };
  const row rows[] = {
    {"/", "/"},        {"//", "/"},
    {"/a", "/a"},      {"/a/", "/a/"},
    {"/a//b", "/a/b"}, {"/a/./b", "/a/b"},
    {"/a/../b", "/b"}, {"/..", "/"},
    {"/../..", "/"},   {"/a/..", "/"},
    {"/a/b/..", "/a"}, {"/a/.", "/a"},
    {"/a/./", "/a/"},  {"/a/...", "/a/..."},
    {"/.a", "/.a"},    {"/v1/kv//x/", "/v1/kv/x/"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.path);
    CHECK(clean_path(r.path) == r.clean);
    CHECK(is_clean_path(r.path) == (r.path == r.clean));
  }
}

TEST_CASE("url: percent escapes are decoded or refused", "[http]") {
  CHECK(percent_decode("a%2Fb%20c", false) == "a/b c");
  CHECK(percent_decode("a+b", false) == "a+b");
  CHECK(percent_decode("a+b", true) == "a b");
  CHECK(percent_decode("%zz", false) == std::nullopt);
  CHECK(percent_decode("%2", false) == std::nullopt);
  CHECK(percent_decode("%", false) == std::nullopt);
}

TEST_CASE("url: queries are split at & and ; and keep repeats", "[http]") {
  const auto q = parse_query("a=1&b;c=%20x&&a=2&d=e=f");
  REQUIRE(q);
  using entry = std::pair<std::string, std::string>;
  CHECK(*q
        == std::vector<entry>{
          {"a", "1"}, {"b", ""}, {"c", " x"}, {"a", "2"}, {"d", "e=f"}});
  CHECK_FALSE(parse_query("a=%zz"));
  CHECK_FALSE(parse_query("%zz=1"));
}

TEST_CASE("url: targets of both forms are split", "[http]") {
  const auto origin = split_target("/a?b=c?d");
  REQUIRE(origin);
  CHECK(origin->path == "/a");
  CHECK(origin->query == "b=c?d");
  const auto absolute = split_target("http://host:80/a?b");
  REQUIRE(absolute);
  CHECK(absolute->path == "/a");
  CHECK(absolute->query == "b");
  CHECK(split_target("http://host")->path == "/");
  CHECK(split_target("http://host?q")->query == "q");
  CHECK_FALSE(split_target("*"));
  CHECK_FALSE(split_target(""));
  CHECK_FALSE(split_target("host:80"));
}

TEST_CASE("url: only printable characters count as printable", "[http]") {
  CHECK(is_printable("/v1/kv/a b~"));
  CHECK(is_printable("/v1/kv/\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"));
  CHECK(is_printable("\xFF\xC3")); // not UTF-8: U+FFFD, as in Go
  CHECK_FALSE(is_printable(std::string_view{"a\0b", 3}));
  CHECK_FALSE(is_printable("a\x7F"));
  CHECK_FALSE(is_printable("a\n"));
  CHECK_FALSE(is_printable("\xC2\xA0"));     // no-break space
  CHECK_FALSE(is_printable("\xE2\x80\xA8")); // line separator
}

TEST_CASE("url: locations escape what Go escapes", "[http]") {
  CHECK(escape_path("/v1/kv/a b?c#d%\xC3\xBC&e=f")
        == "/v1/kv/a%20b%3Fc%23d%25%C3%BC&e=f");
}

TEST_CASE("url: any bytes are handled", "[http]") {
  rng random{7};
  for (int i = 0; i < 20000; ++i) {
    std::string text = "/";
    for (auto n = random.below(12); n > 0; --n)
      text.push_back("/.%2Fa?;&=+\xC3\xE2\xF0\x80\0"[random.below(17)]);
    const auto parts = split_target(text);
    REQUIRE(parts);
    parse_query(parts->query);
    const auto path = percent_decode(parts->path, false);
    if (!path)
      continue;
    is_printable(*path);
    const auto clean = clean_path(*path);
    REQUIRE(is_clean_path(clean));
    REQUIRE(percent_decode(escape_path(clean), false) == clean);
  }
}

} // namespace praetor::http
