// Goal: every request is completed once: by its answer, an error, or time.
// Method: a table with times of its own; replies are recorded.

#include "runtime/net/peer_pending.hpp"

#include "runtime/net/peer_complaints.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::net;
using namespace std::chrono_literals;

namespace {

struct fixture {
  reply<std::string> to(const std::string& name) {
    return reply<std::string>{[this, name](const result<std::string>& x) {
      log += name + (x ? "=" + *x : "!" + x.error().context) + " ";
    }};
  }

  peer_pending table;
  std::string log;
  const time_point start = time_point{} + 1h;
};

} // namespace

TEST_CASE_METHOD(fixture, "peer_pending: answers complete requests",
                 "[net][core]") {
  table.add(1, start + 1s, to("one"));
  table.add(2, start + 1s, to("two"));
  table.complete(2, std::string{"b"});
  table.complete(2, std::string{"again"});
  table.complete(7, std::string{"unknown"});
  CHECK(log == "two=b ");
  CHECK(table.size() == 1);
  table.fail_all({errc::io_error, "broken"});
  CHECK(log == "two=b one!broken ");
  CHECK(table.size() == 0);
  CHECK(table.next() == time_point::max());
}

TEST_CASE_METHOD(fixture, "peer_pending: an answer may come in parts",
                 "[net][core]") {
  table.add(1, start, to("one"));
  table.add(2, start, to("two"));
  CHECK(table.add_part(1, "ab", 5));
  CHECK(table.add_part(2, "x", 5));
  CHECK(table.add_part(9, "unknown", 5));
  CHECK(table.add_part(1, "cde", 5));
  CHECK(!table.add_part(1, "f", 5));
  table.complete(1, std::string{"fg"});
  table.complete(2, error{errc::canceled, "no"});
  CHECK(log == "one=abcdefg two!no ");
}

TEST_CASE_METHOD(fixture, "peer_pending: time ends requests", "[net][core]") {
  CHECK(table.next() == time_point::max());
  table.add(1, start + 3s, to("one"));
  table.add(2, start + 1s, to("two"));
  table.add(3, start + 2s, to("three"));
  CHECK(table.next() == start + 1s);
  CHECK(table.take_expired(start).empty());
  CHECK(table.next() == start + 1s);
  table.complete(2, std::string{""});
  // Early, since the earliest was answered; looking again corrects that.
  CHECK(table.next() == start + 1s);
  CHECK(table.take_expired(start + 1s).empty());
  CHECK(table.next() == start + 2s);
  const auto expired = table.take_expired(start + 5s);
  CHECK(expired.size() == 2);
  CHECK(table.size() == 0);
  CHECK(table.next() == time_point::max());
}

TEST_CASE_METHOD(fixture, "peer_pending: a reply may change the table",
                 "[net][core]") {
  table.add(1, start, reply<std::string>{[this](const auto&) {
              table.add(2, start, to("two"));
            }});
  table.fail_all({errc::io_error, "broken"});
  CHECK(table.size() == 1);
  table.fail_all({errc::io_error, "broken"});
  CHECK(log == "two!broken ");
}

TEST_CASE("peer_complaints: one a minute for each, and not too many",
          "[net][core]") {
  const auto start = time_point{} + 1h;
  peer_complaints x{1min};
  CHECK(x.allow("a", start));
  CHECK(!x.allow("a", start + 59s));
  CHECK(x.allow("b", start + 59s));
  CHECK(x.allow("a", start + 60s));
  for (auto i = 0; i < 5000; ++i)
    x.allow(std::to_string(i), start + 61s);
  CHECK(!x.allow("one too many", start + 61s));
  CHECK(x.allow("one too many", start + 3min));
}
