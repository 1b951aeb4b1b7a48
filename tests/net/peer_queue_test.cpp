// Goal: frames leave in the order of their lanes, many in one write, and no
// lane starves or overflows.
// Method: queues are filled and their turns read back by a frame_reader.

#include "runtime/net/peer_queue.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace praetor;
using namespace praetor::net;

namespace {

outgoing_frame message(std::string text) {
  const auto crc = crc32c(text);
  return {frame_kind::message, 0, std::move(text), crc};
}

outgoing_frame answer(std::uint64_t id, std::string text) {
  const auto crc = crc32c(text);
  return {frame_kind::answer, id, std::move(text), crc};
}

/// One turn, as the other side sees it.
std::vector<frame> turn(peer_queue& x) {
  std::vector<frame> out;
  frame_reader reader{std::size_t{9} << 20U};
  std::size_t pieces = 0;
  for (auto bytes : x.begin_turn()) {
    ++pieces;
    while (!bytes.empty()) {
      const auto room = reader.room();
      const auto n = std::min(room.size(), bytes.size());
      std::copy_n(bytes.begin(), n, room.begin());
      reader.add(n);
      bytes.remove_prefix(n);
      while (auto f = reader.next())
        out.push_back(std::move(*f));
    }
  }
  CHECK(pieces <= 64);
  CHECK(reader.broken().empty());
  x.end_turn();
  return out;
}

std::string texts(const std::vector<frame>& xs) {
  std::string out;
  for (const auto& x : xs)
    out += x.payload.substr(0, 2) + " ";
  return out;
}

const std::string large(100'000, 'L');

} // namespace

TEST_CASE("peer_queue: a turn takes what is urgent first", "[net][core]") {
  peer_queue q{{}};
  CHECK(q.empty());
  q.push(lane::bulk, message("b1"));
  q.push(lane::normal, message("n1"));
  q.push(lane::urgent, message("u1"));
  q.push(lane::normal, message("n2"));
  q.push(lane::urgent, message("u2"));
  CHECK(!q.empty());
  CHECK(texts(turn(q)) == "u1 u2 n1 n2 b1 ");
  CHECK(q.empty());
  CHECK(q.bytes() == 0);
  CHECK(q.frames_taken() == 5);
}

TEST_CASE("peer_queue: many small frames are one piece", "[net][core]") {
  peer_queue q{{}};
  for (auto i = 0; i < 1000; ++i)
    q.push(lane::normal, message(std::to_string(i)));
  CHECK(q.begin_turn().size() == 1);
  q.end_turn();
  CHECK(q.empty());
}

TEST_CASE("peer_queue: small and large frames keep their order",
          "[net][core]") {
  peer_queue q{{}};
  std::string expected;
  for (auto i = 10; i < 90; ++i) {
    const auto name = std::to_string(i);
    q.push(lane::normal,
           message(i % 2 == 0 ? name : name + std::string(9000, 'x')));
    expected += name + " ";
  }
  std::string got;
  while (!q.empty())
    got += texts(turn(q));
  CHECK(got == expected);
}

TEST_CASE("peer_queue: a turn is short, so that the urgent wait little",
          "[net][core]") {
  peer_queue q{{}};
  for (auto i = 0; i < 10; ++i)
    q.push(lane::normal, message("n" + large));
  CHECK(texts(turn(q)) == "nL nL nL ");
  q.push(lane::urgent, message("u1"));
  CHECK(texts(turn(q)) == "u1 nL nL nL ");
}

TEST_CASE("peer_queue: bulk does not starve", "[net][core]") {
  peer_queue q{{}};
  q.push(lane::bulk, message("b1"));
  q.push(lane::bulk, message("b2"));
  std::string got;
  for (auto i = 0; i < 12; ++i) {
    for (auto k = 0; k < 3; ++k)
      q.push(lane::normal, message("n" + large));
    for (const auto& x : turn(q))
      if (x.payload.front() == 'b')
        got += x.payload + " at " + std::to_string(i) + " ";
  }
  CHECK(got == "b1 at 4 b2 at 9 ");
}

TEST_CASE("peer_queue: lanes have limits, but one frame has room",
          "[net][core]") {
  peer_limits most;
  most.urgent_bytes_max = 1000;
  most.normal_bytes_max = 3000;
  peer_queue q{most};
  CHECK(q.push(lane::urgent, message(large)));
  CHECK(!q.push(lane::urgent, message("x")));
  CHECK(q.push(lane::normal, message(std::string(1000, 'x'))));
  CHECK(q.push(lane::normal, message(std::string(1000, 'x'))));
  CHECK(!q.push(lane::normal, message(std::string(1000, 'x'))));
  CHECK(q.push(lane::normal, message("x")));
  turn(q);
  CHECK(q.push(lane::urgent, message("x")));
}

TEST_CASE("peer_queue: a long answer leaves room for others", "[net][core]") {
  peer_queue q{{}};
  std::string text;
  while (text.size() < 1'000'000)
    text += std::to_string(text.size()) + ",";
  q.push(lane::normal, answer(1, text));
  q.push(lane::normal, answer(2, "short"));
  std::string got;
  std::string order;
  while (!q.empty())
    for (const auto& x : turn(q)) {
      order +=
        std::to_string(x.id) + (x.kind == frame_kind::answer ? "! " : " ");
      if (x.id == 1)
        got += x.payload;
    }
  CHECK(order == "1 2! 1 1 1! ");
  CHECK((got == text));
  CHECK(q.bytes() == 0);
}

TEST_CASE("peer_queue: what is added during a turn is in the next",
          "[net][core]") {
  peer_queue q{{}};
  q.push(lane::normal, message("n1" + large));
  const auto views = q.begin_turn();
  const std::string before{views[1]};
  for (auto i = 0; i < 100; ++i)
    q.push(lane::normal, message("n2"));
  CHECK((views[1] == before));
  q.end_turn();
  CHECK(turn(q).size() == 100);
}
