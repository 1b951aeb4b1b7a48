// Goal: what members send to each other survives the wire, and no bytes do
// harm. Method: one message of each kind with fields that differ from their
// defaults; cut off anywhere, each byte changed, random bytes; then each limit,
// at it and beyond. A fuzzer goes on (tests/fuzz/gossip_packet_fuzz.cpp).

#include "actors/gossip/core/wire.hpp"

#include "actors/gossip/core/snapshot.hpp"
#include "runtime/base/rng.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <set>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::gossip;

namespace {

member_facts facts() {
  return {"web-1",
          "1b0c",
          {"10.0.0.7", 8301},
          {1, 3, 2},
          "cluster",
          "dc1",
          "alpha",
          {{"role", "node"}, {"build", "1.8.7:"}}};
}

coordinate somewhere() {
  coordinate x;
  x.at = {1, 2, 3, 4, 5, 6, 7, -8};
  x.error = 0.5;
  x.adjustment = -1e-3;
  x.height = 2e-5;
  return x;
}

const member_key one = key_of("one");
const member_key two = key_of("two");

/// One of each kind, in the order of the variant.
std::vector<message> all_messages() {
  return {ping{1, one},
          ping_request{2, two, {"10.0.0.9", 1}},
          ack{3, somewhere()},
          nack{4},
          suspect{one, 6, two},
          alive{facts(), 5},
          dead{two, 7, one},
          join_intent{one, 8},
          leave_intent{two, 9, true},
          user_event{10, "deploy", std::string("\0payload", 8)},
          vote_request{11, one},
          name_vote{12, {"::1", 65535}},
          event_answer{13, key_of("x"), "payload"}};
}

std::vector<stream_message> all_stream_messages() {
  const member_entry entry{{facts(), 4}, member_state::left, true, 77};
  std::vector<std::uint64_t> digest(digest_buckets, 99);
  return {
    sync_offer{true, {facts(), 3}, {5, 6}, digest, 7},
    sync_answer{{facts(), 3}, {5, 6}, {0, 255}, {entry}, true, {{1, "e", "p"}}},
    sync_rest{{entry, entry}, {{1, "e", "p"}}},
    stream_ping{one},
    stream_ack{two},
    refusal{"no"}};
}

std::string packet_of(const std::vector<message>& parts) {
  packet_writer out{42, packet_bytes_max};
  for (const auto& x : parts)
    out.add(encode_part(x));
  return out.bytes();
}

} // namespace

TEST_CASE("wire: every message in a packet comes back", "[gossip][core]") {
  const auto all = all_messages();
  REQUIRE(all.size() == std::variant_size_v<message>);
  const auto back = decode_packet(packet_of(all));
  REQUIRE(back);
  CHECK(back->cluster_mark == 42);
  REQUIRE(back->parts.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].index() == i);
    CHECK(back->parts[i].index() == i);
    CHECK(encode_part(back->parts[i]) == encode_part(all[i]));
  }
  CHECK(std::get<alive>(back->parts[5]).facts == facts());
  CHECK(std::get<ack>(back->parts[2]).where == somewhere());
}

TEST_CASE("wire: every message on a stream comes back", "[gossip][core]") {
  const auto all = all_stream_messages();
  REQUIRE(all.size() == std::variant_size_v<stream_message>);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto bytes = encode_frame(7, all[i]);
    const auto back = decode_frame(bytes);
    REQUIRE(back);
    CHECK(back->content.index() == i);
    CHECK(encode_frame(back->cluster_mark, back->content) == bytes);
  }
}

TEST_CASE("wire: claims are small", "[gossip][core]") {
  CHECK(encode_part(suspect{one, 1, two}).size() <= 24);
  CHECK(encode_part(dead{one, 1, two}).size() <= 24);
}

TEST_CASE("wire: damaged bytes do no harm", "[gossip][core]") {
  std::vector<std::string> good{packet_of(all_messages())};
  for (const auto& x : all_messages())
    good.push_back(packet_of({x}));
  for (const auto& x : all_stream_messages())
    good.push_back(encode_frame(7, x));
  for (const auto& bytes : good) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      CHECK_FALSE(decode_frame(bytes.substr(0, i)));
      static_cast<void>(decode_packet(bytes.substr(0, i)));
      for (const auto bit : {1, 16, 128}) {
        auto damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ bit);
        static_cast<void>(decode_packet(damaged));
        static_cast<void>(decode_frame(damaged));
      }
    }
  }
  // A packet may end after any part, and nowhere else.
  const auto whole = good.front();
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < whole.size(); ++i)
    accepted += decode_packet(whole.substr(0, i)) ? 1 : 0;
  CHECK(accepted == all_messages().size());
  rng random{1};
  for (int i = 0; i < 3000; ++i) {
    std::string noise(random.below(200), '\0');
    for (auto& c : noise)
      c = static_cast<char>(random.below(20));
    static_cast<void>(decode_packet(noise));
    static_cast<void>(decode_frame(noise));
    static_cast<void>(decode_snapshot(noise));
  }
}

TEST_CASE("wire: facts beyond a limit are refused", "[gossip][core]") {
  struct row {
    const char* name;
    std::function<void(member_facts&)> change;
    bool good;
  };
  const std::string most(fact_bytes_max, 'x');
  const std::vector<row> rows = {
    {"as they are", [](auto&) {}, true},
    {"no name", [](auto& x) { x.name.clear(); }, false},
    {"longest name", [](auto& x) { x.name.assign(256, 'n'); }, true},
    {"longer name", [](auto& x) { x.name.assign(257, 'n'); }, false},
    {"no address", [](auto& x) { x.at.address.clear(); }, false},
    {"no port", [](auto& x) { x.at.port = 0; }, false},
    {"longest id", [&](auto& x) { x.node_id = most; }, true},
    {"longer id", [&](auto& x) { x.node_id = most + "x"; }, false},
    {"longer cluster", [&](auto& x) { x.cluster_id = most + "x"; }, false},
    {"longer datacenter", [&](auto& x) { x.datacenter = most + "x"; }, false},
    {"longer segment", [&](auto& x) { x.segment = most + "x"; }, false},
    {"longest tags",
     [](auto& x) {
       x.tags = {{"k", std::string(507, 'v')}};
     },
     true},
    {"longer tags",
     [](auto& x) {
       x.tags = {{"k", std::string(508, 'v')}};
     },
     false},
    {"versions",
     [](auto& x) {
       x.protocol = {2, 1, 2};
     },
     false},
    {"no version",
     [](auto& x) {
       x.protocol = {1, 2, 3};
     },
     false},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      auto x = facts();
      row.change(x);
      CHECK(static_cast<bool>(check(x)) == row.good);
      CHECK(static_cast<bool>(decode_packet(packet_of({alive{x, 1}})))
            == row.good);
      CHECK(static_cast<bool>(decode_frame(encode_frame(
              1, sync_rest{{{{x, 1}, member_state::dead, false, 0}}, {}})))
            == row.good);
    }
  }
}

TEST_CASE("wire: the largest alive claim fits into a packet",
          "[gossip][core]") {
  auto x = facts();
  const std::string most(fact_bytes_max, 'x');
  x.name.assign(name_bytes_max, 'n');
  x.node_id = x.cluster_id = x.datacenter = x.segment = x.at.address = most;
  x.tags = {{"k", std::string(507, 'v')}};
  REQUIRE(check(x));
  packet_writer packet{~std::uint64_t{0}, 1363};
  CHECK(encode_part(alive{x, incarnation_max}).size() + packet_writer::overhead
        <= packet.room());
}

TEST_CASE("wire: other limits", "[gossip][core]") {
  const auto good = [](const message& x) {
    return static_cast<bool>(decode_packet(packet_of({x})));
  };
  CHECK(good(suspect{one, incarnation_max, two}));
  CHECK_FALSE(good(suspect{one, incarnation_max + 1, two}));
  CHECK_FALSE(good(dead{one, incarnation_max + 1, two}));
  CHECK_FALSE(good(alive{facts(), incarnation_max + 1}));
  CHECK(good(user_event{1, "n", std::string(511, 'p')}));
  CHECK_FALSE(good(user_event{1, "n", std::string(512, 'p')}));
  CHECK_FALSE(good(user_event{1, "", "p"}));
  CHECK_FALSE(good(ping_request{1, one, {"", 1}}));

  auto stream = [](const stream_message& x) {
    return static_cast<bool>(decode_frame(encode_frame(1, x)));
  };
  CHECK_FALSE(stream(sync_offer{true, {facts(), 3}, {5, 6}, {1, 2}, 7}));
  CHECK_FALSE(stream(sync_answer{{facts(), 3}, {}, {256}, {}, false, {}}));
  CHECK_FALSE(stream(
    sync_rest{{{{facts(), 4}, static_cast<member_state>(4), true, 77}}, {}}));

  CHECK_FALSE(decode_packet(std::string(packet_bytes_max + 1, '\1')));
  auto other = packet_of({nack{1}});
  other[0] = 2;
  CHECK(decode_packet(other).error().code == errc::invalid_argument);
  CHECK(decode_packet("").error().code == errc::corruption);
}

TEST_CASE("wire: a cluster's mark is never that of no cluster",
          "[gossip][core]") {
  CHECK(cluster_mark_of("") == 0);
  CHECK(cluster_mark_of("a") != 0);
  CHECK(cluster_mark_of("a") != cluster_mark_of("b"));
  std::set<std::uint64_t> keys;
  for (int i = 0; i < 1000; ++i) {
    const auto key = key_of("node-" + std::to_string(i));
    CHECK(key.value != 0);
    CHECK(key.value >> 56U == 0);
    keys.insert(key.value);
  }
  CHECK(keys.size() == 1000);
}

TEST_CASE("snapshot: comes back as it went", "[gossip][core]") {
  const pool_snapshot x{
    7, {8, 9}, true, {{"a", {"10.0.0.1", 1}}, {"b", {"::1", 2}}}};
  const auto bytes = encode_snapshot(x);
  const auto back = decode_snapshot(bytes);
  REQUIRE(back);
  CHECK(encode_snapshot(*back) == bytes);
  CHECK(back->incarnation == 7);
  CHECK(back->members.size() == 2);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    CHECK_FALSE(decode_snapshot(bytes.substr(0, i)));
  CHECK_FALSE(decode_snapshot(bytes + "x"));
}
