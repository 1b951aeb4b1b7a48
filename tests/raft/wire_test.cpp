// Goal: each message between servers survives the wire, and no bytes do harm.
// Method: one message of each kind, with fields that differ from their
// defaults; encoded, decoded, and encoded again; then cut off anywhere, each
// byte changed, and random bytes. A fuzzer goes on from there
// (tests/fuzz/raft_message_fuzz.cpp).

#include "actors/raft/core/wire.hpp"

#include "actors/raft/core/membership.hpp"
#include "actors/raft/core/raft_core.hpp"
#include "runtime/base/rng.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::raft;
using namespace std::chrono_literals;

namespace {

const membership two{
  {{{"a"}, "10.0.0.1:8300", true}, {{"b"}, "10.0.0.2:8300", false}}};

entry_ptr entry(log_index index, entry_kind kind, std::string payload) {
  return std::make_shared<const log_entry>(log_entry{
    index, 7, kind, 1'700'000'000'000, {"node", 3, 9}, std::move(payload)});
}

/// One of each kind, in the order of the variant.
std::vector<message> all_messages() {
  const peer_health well{1500ms, 41, 20ms};
  const std::vector<message_body> bodies{
    pre_vote{8, {42, 7}},
    pre_vote_reply{8, true, 7},
    vote{{42, 7}, true},
    vote_reply{8, true},
    append{11,
           {41, 7},
           {{entry(42, entry_kind::command, std::string(300, '\0')),
             entry(43, entry_kind::config, encode(two)),
             entry(44, entry_kind::noop, "")}},
           40,
           -123456789},
    append_reply{11, true, 44, 40, {39, 6}, 987654321, well},
    heartbeat{40, 123, 1ULL << 41U},
    heartbeat_reply{123, 1ULL << 41U, well, 39},
    timeout_now{44},
    read_index_request{5, true},
    read_index_reply{5, true, 40},
    state_offer{3, {40, 6, encode(two), 12, 1'700'000'000'000}, 77},
    state_chunk{3, 2, true, 0xDEADBEEF, std::string(1000, 'r'), 78},
    state_reply{3, 2, true, 40, 78, well},
  };
  std::vector<message> out;
  for (const auto& body : bodies)
    out.push_back({"cluster", {"a"}, {"b"}, 7, body});
  return out;
}

} // namespace

TEST_CASE("wire: every kind of message comes back as it went", "[raft][core]") {
  std::set<std::size_t> kinds;
  for (const auto& x : all_messages()) {
    kinds.insert(x.body.index());
    CHECK(well_formed(x));
    const auto bytes = encode_message(x);
    const auto back = decode_message(bytes);
    REQUIRE(back);
    CHECK(well_formed(*back));
    CHECK(back->body.index() == x.body.index());
    CHECK(encode_message(*back) == bytes);
  }
  CHECK(kinds.size() == std::variant_size_v<message_body>);
}

TEST_CASE("wire: entries keep what is in them", "[raft][core]") {
  const auto all = all_messages();
  const auto back = decode_message(encode_message(all[4]));
  REQUIRE(back);
  const auto& sent = std::get<append>(all[4].body).entries.items;
  const auto& got = std::get<append>(back->body).entries.items;
  REQUIRE(got.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i)
    CHECK(*got[i] == *sent[i]);
}

TEST_CASE("wire: a message that is cut off anywhere is refused",
          "[raft][core]") {
  for (const auto& x : all_messages()) {
    const auto bytes = encode_message(x);
    for (std::size_t n = 0; n < bytes.size(); ++n)
      if (decode_message(std::string_view{bytes}.substr(0, n)))
        FAIL("kind " << x.body.index() << " decodes from " << n << " bytes");
    CHECK(!decode_message(bytes + '\0'));
  }
}

TEST_CASE("wire: changed and random bytes do no harm", "[raft][core]") {
  rng random{1};
  for (const auto& x : all_messages()) {
    const auto bytes = encode_message(x);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto changed = bytes;
      changed[i] = static_cast<char>(random.next());
      if (const auto y = decode_message(changed))
        (void)well_formed(*y);
    }
  }
  for (auto i = 0; i < 20'000; ++i) {
    std::string noise(1 + random.below(200), '\0');
    for (auto& c : noise)
      c = static_cast<char>(random.below(random.below(2) == 0 ? 4 : 256));
    noise.front() = static_cast<char>(wire_version);
    if (const auto y = decode_message(noise))
      (void)well_formed(*y);
  }
}

TEST_CASE("wire: limits hold", "[raft][core]") {
  auto x = all_messages().front();
  CHECK(decode_message(encode_message(x)));
  x.from.value = std::string(id_bytes_max + 1, 'x');
  CHECK(!decode_message(encode_message(x)));
  x.from.value = {};
  CHECK(!decode_message(encode_message(x)));
  append many;
  for (std::size_t i = 0; i <= append_entries_max; ++i)
    many.entries.items.push_back(entry(i + 1, entry_kind::noop, ""));
  CHECK(!decode_message(encode_message({"c", {"a"}, {"b"}, 7, many})));
  many.entries.items.pop_back();
  CHECK(decode_message(encode_message({"c", {"a"}, {"b"}, 7, many})));
  const state_chunk large{1, 0, true, 0, std::string(message_bytes_max, 'x'),
                          0};
  CHECK(!decode_message(encode_message({"c", {"a"}, {"b"}, 7, large})));
  auto other = encode_message(all_messages().front());
  other.front() = static_cast<char>(wire_version + 1);
  const auto refused = decode_message(other);
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::invalid_argument);
}

TEST_CASE("wire: an offer must be of a checkpoint", "[raft][core]") {
  auto x = all_messages()[11];
  auto& offer = std::get<state_offer>(x.body);
  const auto good = offer.mark;
  CHECK(well_formed(x));
  offer.mark.index = 0;
  CHECK(!well_formed(x));
  offer.mark = good;
  offer.mark.term = 8; // of the future
  CHECK(!well_formed(x));
  offer.mark = good;
  offer.mark.membership = "x";
  CHECK(!well_formed(x));
  offer.mark = good;
  offer.mark.membership_index = 41;
  CHECK(!well_formed(x));
}

TEST_CASE("wire: what makes no sense reaches no rule of the core",
          "[raft][core]") {
  const auto start = time_point{} + 1h;
  core_options opts;
  opts.self = {"b"};
  opts.cluster_id = "cluster";
  raft_core core{opts, {}, start};
  core.step(begin{}, start);
  auto offer = all_messages()[11];
  std::get<state_offer>(offer.body).mark.membership = "rubbish";
  auto entries = all_messages()[4];
  auto& items = std::get<append>(entries.body).entries.items;
  items[1] = entry(43, entry_kind::config, "rubbish");
  auto far = all_messages()[6];
  far.term = UINT64_MAX;
  for (const auto& m : {offer, entries, far}) {
    const auto out = core.step(m, start);
    CHECK(out.messages.empty());
    CHECK(!out.write);
    CHECK(!out.state_begin);
    CHECK(core.term() == 0);
  }
  // The same messages in order do arrive.
  CHECK(core.step(all_messages()[11], start).state_begin);
}
