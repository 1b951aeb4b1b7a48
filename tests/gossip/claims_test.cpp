// Goal: each rule about what to believe holds, one at a time.
// Method: one core among members that the test speaks for: packets go in as
// bytes, and what the core believes, and says, comes out. Rows follow the
// tables of SWIM and of hashicorp/memberlist (state.go).

#include "tests/gossip/bench.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

using praetor::gossip::test::bench;
using praetor::gossip::test::facts_of;
using praetor::gossip::test::start;

namespace {

using kind = member_event::kind;
using state = member_state;

const member_key x_key = key_of("x");
const member_key self_key = key_of("self");

/// Brings x to a state with incarnation 5.
void bring(bench& b, state to) {
  b.know("x", 5);
  if (to == state::suspect)
    b.hear(suspect{x_key, 5, key_of("y")});
  else if (to == state::dead)
    b.hear(dead{x_key, 5, key_of("y")});
  else if (to == state::left)
    b.hear(dead{x_key, 5, x_key});
  b.out = {};
}

template <class T>
std::size_t count(const std::vector<std::pair<endpoint, message>>& sent) {
  return static_cast<std::size_t>(
    std::count_if(sent.begin(), sent.end(), [](const auto& x) {
      return std::holds_alternative<T>(x.second);
    }));
}

} // namespace

TEST_CASE("claims: which claim beats which", "[gossip][core]") {
  const message lives4 = alive{facts_of("x"), 4};
  const message lives5 = alive{facts_of("x"), 5};
  const message lives6 = alive{facts_of("x"), 6};
  const auto suspects = [](std::uint32_t inc) -> message {
    return suspect{x_key, inc, key_of("z")};
  };
  const auto dies = [](std::uint32_t inc) -> message {
    return dead{x_key, inc, key_of("z")};
  };
  const auto leaves = [](std::uint32_t inc) -> message {
    return dead{x_key, inc, x_key};
  };
  struct row {
    state before;
    message claim;
    state after;
    std::uint32_t incarnation;
  };
  const std::vector<row> rows = {
    {state::alive, lives4, state::alive, 5},
    {state::alive, lives5, state::alive, 5},
    {state::alive, lives6, state::alive, 6},
    {state::alive, suspects(4), state::alive, 5},
    {state::alive, suspects(5), state::suspect, 5},
    {state::alive, suspects(6), state::suspect, 6},
    {state::alive, dies(4), state::alive, 5},
    {state::alive, dies(5), state::dead, 5},
    {state::alive, dies(6), state::dead, 6},
    {state::alive, leaves(4), state::alive, 5},
    {state::alive, leaves(5), state::left, 5},
    {state::suspect, lives5, state::suspect, 5},
    {state::suspect, lives6, state::alive, 6},
    {state::suspect, dies(4), state::suspect, 5},
    {state::suspect, dies(5), state::dead, 5},
    {state::suspect, leaves(5), state::left, 5},
    {state::dead, lives5, state::dead, 5},
    {state::dead, lives6, state::alive, 6},
    {state::dead, suspects(6), state::dead, 5},
    {state::dead, dies(6), state::dead, 5},
    {state::dead, leaves(5), state::left, 5},
    {state::left, lives5, state::left, 5},
    {state::left, lives6, state::alive, 6},
    {state::left, suspects(6), state::left, 5},
    {state::left, dies(6), state::left, 5},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    DYNAMIC_SECTION("row " << i) {
      const auto& row = rows[i];
      bench b;
      bring(b, row.before);
      b.hear(row.claim);
      REQUIRE(b.find("x") != nullptr);
      CHECK(b.find("x")->state == row.after);
      CHECK(b.find("x")->incarnation == row.incarnation);
      // Suspects are the protocol's own business.
      const auto seen = [](state s) {
        return s == state::suspect ? state::alive : s;
      };
      CHECK(b.out.members.empty() == (seen(row.before) == seen(row.after)));
    }
  }
}

TEST_CASE("claims: accusations of the unknown are ignored", "[gossip][core]") {
  bench b;
  b.hear(suspect{x_key, 1, key_of("z")});
  b.hear(dead{x_key, 1, key_of("z")});
  CHECK(b.find("x") == nullptr);
  CHECK_FALSE(b.spreads(x_key));
}

TEST_CASE("claims: an accused node refutes", "[gossip][core]") {
  struct row {
    const char* name;
    message claim;
    std::uint32_t incarnation;
  };
  auto retagged = facts_of("self");
  retagged.tags["role"] = "consul";
  auto mine = facts_of("self");
  const std::vector<row> rows = {
    {"suspected", suspect{self_key, 1, x_key}, 2},
    {"suspected later", suspect{self_key, 7, x_key}, 8},
    {"suspected earlier", suspect{self_key, 0, x_key}, 1},
    {"dead", dead{self_key, 1, x_key}, 2},
    {"left", dead{self_key, 4, self_key}, 5},
    {"alive as it is", alive{mine, 1}, 1},
    {"alive later", alive{mine, 3}, 4},
    {"alive with other tags", alive{retagged, 1}, 2},
    {"alive with older tags", alive{retagged, 0}, 1},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      bench b;
      b.know("x");
      b.run(30s); // what is to be spread was spread, to x
      const auto score = b.core.health_score();
      b.hear(row.claim);
      CHECK(b.core.incarnation() == row.incarnation);
      const auto refuted = row.incarnation > 1;
      const auto stale = row.name == std::string{"suspected earlier"};
      CHECK(b.spreads(self_key) == (refuted || stale));
      CHECK(b.out.snapshot.has_value() == refuted);
      CHECK(b.core.health_score() == std::min(7, score + (refuted ? 1 : 0)));
    }
  }
}

// A node restarted, and one of the pool missed its new incarnation. That one
// accused the old one, got no objection, and called a living node dead.
TEST_CASE("claims: who accuses an old incarnation is told of the new one",
          "[gossip][core]") {
  bench b{{}, pool_snapshot{4, {}, false, {}}};
  b.know("x");
  b.run(30s);
  REQUIRE(b.core.incarnation() == 5);
  REQUIRE_FALSE(b.spreads(self_key));
  packet_writer packet{cluster_mark_of("cluster"), packet_bytes_max};
  packet.add(encode_part(suspect{self_key, 4, x_key}));
  packet.add(encode_part(ping{1, self_key}));
  b.feed(packet_received{facts_of("x").at, packet.bytes()});
  CHECK(b.core.incarnation() == 5);
  const auto said = b.said();
  CHECK(count<ack>(said) == 1);
  CHECK(count<alive>(said) == 1); // with the answer, not some time later
}

TEST_CASE("probing: a suspect hears of it before it answers",
          "[gossip][core]") {
  bench b;
  bring(b, state::suspect);
  for (const auto& [to, part] : b.run(1s)) {
    if (std::holds_alternative<ping>(part))
      FAIL_CHECK("a ping without an accusation before it");
    if (std::holds_alternative<suspect>(part))
      break;
  }
}

TEST_CASE("claims: who leaves refutes nothing", "[gossip][core]") {
  bench b;
  b.know("x");
  b.feed(leave_request{});
  b.hear(suspect{self_key, 1, x_key});
  b.hear(dead{self_key, 9, x_key});
  b.hear(alive{facts_of("self"), 9});
  CHECK(b.core.incarnation() == 1);
  const auto sent = b.run(7s);
  CHECK(count<leave_intent>(sent) > 0);
  CHECK(count<dead>(sent) > 0);
  CHECK(b.out.left);
  CHECK_FALSE(b.out.next_timer);
}

TEST_CASE("claims: an incarnation goes on after a restart", "[gossip][core]") {
  bench first;
  first.know("x");
  first.hear(suspect{self_key, 41, x_key});
  REQUIRE(first.out.snapshot);
  const auto disk = decode_snapshot(*first.out.snapshot);
  REQUIRE(disk);
  bench second{{}, *disk};
  CHECK(second.core.incarnation() == 43);
  // And it looks for x.
  REQUIRE(second.out.opens.size() == 1);
  CHECK(second.out.opens[0].to == facts_of("x").at);
}

TEST_CASE("claims: a name from another address", "[gossip][core]") {
  struct row {
    const char* name;
    state before;
    duration wait;
    bool same_node;
    bool accepted;
  };
  const std::vector<row> rows = {
    {"of who lives", state::alive, 0s, true, false},
    {"of who has left", state::left, 0s, false, true},
    {"of who just died", state::dead, 29s, true, false},
    {"of who died a while ago", state::dead, 31s, true, true},
    {"of another, who died", state::dead, 3600s, false, false},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      bench b;
      bring(b, row.before);
      b.now += row.wait;
      auto moved = facts_of("x");
      moved.at.address = "elsewhere";
      if (!row.same_node)
        moved.node_id = "another";
      b.hear(alive{moved, 9});
      CHECK((b.find("x")->facts->at.address == "elsewhere") == row.accepted);
      REQUIRE(b.out.members.size() == 1);
      CHECK(b.out.members[0].what
            == (row.accepted ? kind::joined : kind::conflict));
    }
  }
}

TEST_CASE("suspicion: confirmations bring the end closer", "[gossip][core]") {
  struct row {
    const char* name;
    std::vector<const char*> accusers;
    duration after;
  };
  // Four alive members: 4 s to 24 s, two confirmations wanted.
  const std::vector<row> rows = {
    {"alone", {"y"}, 24s},
    {"twice the same", {"y", "y"}, 24s},
    {"one more", {"y", "z"}, 11381ms},
    {"two more", {"y", "z", "w"}, 4s},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      core_options opts;
      opts.probe_interval = 1s;
      bench b{opts};
      for (const auto* other : {"x", "y", "z"})
        b.know(other);
      for (const auto* accuser : row.accusers)
        b.hear(suspect{x_key, 1, key_of(accuser)});
      // Nobody answers the core here; it is the clock that is looked at.
      const auto asked = b.now;
      while (b.find("x")->state == state::suspect) {
        REQUIRE(b.out.next_timer);
        b.now = *b.out.next_timer;
        b.feed(tick{});
        // Our own probe must not confirm.
        for (const auto& [to, m] : b.said())
          if (const auto* asks = std::get_if<ping>(&m))
            b.hear(ack{asks->seq, coordinate{}});
      }
      CHECK(b.now - asked == row.after);
    }
  }
}

TEST_CASE("suspicion: whoever shows up in time lives on", "[gossip][core]") {
  bench b;
  bring(b, state::suspect);
  b.hear(alive{facts_of("x"), 6});
  for (int i = 0; i < 600; ++i) {
    b.now += 100ms;
    b.feed(tick{});
    for (const auto& [to, m] : b.said())
      if (const auto* asks = std::get_if<ping>(&m))
        b.hear(ack{asks->seq, coordinate{}});
  }
  CHECK(b.find("x")->state == state::alive);
}

TEST_CASE("probing: the steps of a probe", "[gossip][core]") {
  bench b;
  b.know("x");
  b.know("h");
  // Find the step that pings x.
  std::optional<ping> asked;
  while (!asked) {
    b.now = *b.out.next_timer;
    b.feed(tick{});
    for (const auto& [to, m] : b.said())
      if (const auto* p = std::get_if<ping>(&m)) {
        if (p->target == x_key)
          asked = *p;
        else
          b.hear(ack{p->seq, coordinate{}});
      }
  }
  SECTION("an answer ends it") {
    b.now += 30ms;
    b.hear(ack{asked->seq, coordinate{}});
    CHECK(b.core.where(x_key) != nullptr);
    CHECK(count<ping_request>(b.run(900ms)) == 0);
  }
  SECTION("silence makes others try, and a stream") {
    auto sent = b.run(490ms);
    CHECK(count<ping_request>(sent) == 0);
    sent = b.run(20ms);
    CHECK(count<ping_request>(sent) == 1); // h is the only one
    REQUIRE(b.probe_stream != 0);
    const auto stream = b.probe_stream;
    SECTION("a relayed answer ends it") {
      b.hear(ack{asked->seq, std::nullopt}, "h");
      CHECK(b.out.closes == std::vector<stream_id>{stream});
      CHECK(b.core.health_score() == 0);
      CHECK(b.core.where(x_key) == nullptr);
    }
    SECTION("an answer on the stream saves x") {
      b.feed(frame_received{
        stream, facts_of("x").at,
        encode_frame(cluster_mark_of("cluster"), stream_ack{x_key})});
      b.run(500ms);
      CHECK(b.find("x")->state == state::alive);
      CHECK(b.core.counters().only_streams == 1);
      CHECK(b.core.health_score() == 0);
    }
    SECTION("nothing: a suspect, and the fault may be here") {
      b.run(490ms);
      CHECK(b.find("x")->state == state::suspect);
      CHECK(b.core.health_score() == 1);
    }
    SECTION("the helper lives: the fault is not here") {
      b.hear(nack{asked->seq}, "h");
      b.run(490ms);
      CHECK(b.find("x")->state == state::suspect);
      CHECK(b.core.health_score() == 0);
    }
  }
  SECTION("what cannot be sent is tried otherwise at once") {
    b.feed(packet_unsent{facts_of("x").at});
    CHECK(count<ping_request>(b.said()) == 1);
  }
}

TEST_CASE("probing: what a helper does", "[gossip][core]") {
  bench b;
  b.hear(ping_request{77, x_key, facts_of("x").at}, "asker");
  auto sent = b.said();
  REQUIRE(count<ping>(sent) == 1);
  const auto own = std::get<ping>(sent[0].second);
  CHECK(sent[0].first == facts_of("x").at);
  CHECK(own.target == x_key);
  SECTION("it passes the answer on, once") {
    b.hear(ack{own.seq, coordinate{}});
    sent = b.said();
    REQUIRE(count<ack>(sent) == 1);
    CHECK(sent[0].first == facts_of("asker").at);
    CHECK(std::get<ack>(sent[0].second).seq == 77);
    CHECK_FALSE(std::get<ack>(sent[0].second).where);
    b.hear(ack{own.seq, coordinate{}});
    CHECK(b.said().empty());
  }
  SECTION("it says that there is none") {
    CHECK(count<nack>(b.run(490ms)) == 0);
    sent = b.run(20ms);
    REQUIRE(count<nack>(sent) == 1);
    CHECK(std::get<nack>(sent[0].second).seq == 77);
  }
}

TEST_CASE("probing: only who is meant answers", "[gossip][core]") {
  bench b;
  b.hear(ping{1, self_key});
  CHECK(count<ack>(b.said()) == 1);
  b.hear(ping{1, x_key});
  CHECK(count<ack>(b.said()) == 0);
}

TEST_CASE("intents: the newer one counts", "[gossip][core]") {
  bench b;
  b.know("x");
  b.hear(leave_intent{x_key, 5, false});
  CHECK(b.find("x")->status() == member_status::leaving);
  b.hear(join_intent{x_key, 4});
  CHECK(b.find("x")->status() == member_status::leaving);
  b.hear(join_intent{x_key, 6});
  CHECK(b.find("x")->status() == member_status::alive);
  b.hear(leave_intent{x_key, 6, false});
  CHECK(b.find("x")->status() == member_status::alive);
  // Who said so and falls silent has left.
  b.hear(leave_intent{x_key, 7, false});
  b.hear(dead{x_key, 1, key_of("y")});
  CHECK(b.find("x")->status() == member_status::left);
}

TEST_CASE("intents: what came early is not forgotten", "[gossip][core]") {
  bench b;
  b.hear(leave_intent{x_key, 5, false});
  SECTION("for a while") {
    b.now += 299s;
    b.know("x");
    CHECK(b.find("x")->status() == member_status::leaving);
  }
  SECTION("but not for ever") {
    b.now += 301s;
    b.know("x");
    CHECK(b.find("x")->status() == member_status::alive);
  }
}

TEST_CASE("intents: a time that changes nothing is kept, too",
          "[gossip][core]") {
  bench b;
  bring(b, state::left);
  b.hear(leave_intent{x_key, 9, false});
  CHECK(b.find("x")->status_time == 9);
  b.run(30s);
  const auto queued = b.core.queue().size(urgency::intent);
  b.hear(leave_intent{x_key, 9, false});
  b.hear(leave_intent{x_key, 8, false});
  CHECK(b.core.queue().size(urgency::intent) == queued);
}

TEST_CASE("intents: absurd times are ignored", "[gossip][core]") {
  bench b;
  b.know("x");
  b.hear(leave_intent{x_key, ~std::uint64_t{0}, false});
  CHECK(b.find("x")->status() == member_status::alive);
  CHECK(b.core.membership_time() < 100);
}

TEST_CASE("packets: hostile ones are counted and dropped", "[gossip][core]") {
  bench b;
  b.feed(packet_received{{"x", 1}, "\xFF\xFF"});
  CHECK(b.core.counters().malformed == 1);
  packet_writer other{cluster_mark_of("other"), 1000};
  other.add(encode_part(alive{facts_of("x"), 1}));
  b.feed(packet_received{{"x", 1}, other.bytes()});
  CHECK(b.core.counters().foreign == 1);
  CHECK(b.find("x") == nullptr);
  // Through a member that belongs to both.
  auto stranger = facts_of("stranger");
  stranger.cluster_id = "other";
  b.hear(alive{stranger, 1});
  CHECK(b.core.counters().refused == 1);
  CHECK(b.find("stranger") == nullptr);
  b.feed(frame_received{1, {"x", 1}, "\x01"});
  CHECK(b.core.counters().malformed == 2);
  CHECK(b.out.closes == std::vector<stream_id>{1});
}

TEST_CASE("streams: only so many at a time", "[gossip][core]") {
  bench b;
  const auto offer =
    encode_frame(cluster_mark_of("cluster"),
                 sync_offer{false,
                            {facts_of("x"), 1},
                            {},
                            std::vector<std::uint64_t>(digest_buckets),
                            0});
  for (stream_id id = 1; id <= 2 * 128; id += 2) {
    b.feed(frame_received{id, {"x", 1}, offer});
    CHECK(b.out.frames.size() == 1);
  }
  b.feed(frame_received{257, {"x", 1}, offer});
  CHECK(b.out.frames.empty());
  CHECK(b.out.closes == std::vector<stream_id>{257});
  b.run(11s);
  b.feed(frame_received{259, {"x", 1}, offer});
  CHECK(b.out.frames.size() == 1);
}

TEST_CASE("streams: the dead of a peer are only suspects", "[gossip][core]") {
  bench b;
  b.know("x");
  b.know("y");
  b.feed(join_request{1, {facts_of("y").at}});
  REQUIRE(b.out.opens.size() == 1);
  sync_answer answer;
  answer.self = {facts_of("y"), 1};
  answer.members = {{{facts_of("x"), 1}, state::dead, false, 0},
                    {{facts_of("unknown"), 1}, state::dead, false, 0},
                    {{facts_of("z"), 1}, state::alive, false, 0}};
  b.feed(frame_received{b.out.opens[0].stream, facts_of("y").at,
                        encode_frame(cluster_mark_of("cluster"), answer)});
  CHECK(b.find("x")->state == state::suspect);
  CHECK(b.find("unknown") == nullptr);
  CHECK(b.find("z")->state == state::alive);
  REQUIRE(b.out.joins.size() == 1);
  CHECK(b.out.joins[0].joined == 1);
  CHECK(b.out.frames.size() == 1);
  CHECK(b.out.closes.size() == 1);
}

TEST_CASE("requests: what is refused, and why", "[gossip][core]") {
  bench b;
  b.feed(force_leave_request{"nobody", false});
  REQUIRE(b.out.forced);
  CHECK(b.out.forced->error().code == errc::not_found);
  b.feed(fire_request{"e", std::string(512, 'p')});
  REQUIRE(b.out.fired);
  CHECK(b.out.fired->error().code == errc::invalid_argument);
  b.feed(fire_request{"e", "p"});
  CHECK(*b.out.fired);
  CHECK(b.out.events.size() == 1);
  b.feed(update_request{"cluster", {{"k", std::string(600, 'v')}}});
  REQUIRE(b.out.updated);
  CHECK(b.out.updated->error().code == errc::invalid_argument);
  b.feed(join_request{3, {}});
  REQUIRE(b.out.joins.size() == 1);
  CHECK(b.out.joins[0].joined == 0);
}

TEST_CASE("gossip: much news makes it hurry", "[gossip][core]") {
  bench b;
  for (int i = 0; i < 10; ++i)
    b.know("n" + std::to_string(i));
  const auto rounds = [&](duration span) {
    std::set<time_point> at;
    const auto end = b.now + span;
    while (*b.out.next_timer <= end) {
      b.now = *b.out.next_timer;
      b.feed(tick{});
      if (count<user_event>(b.said()) + count<alive>(b.said()) > 0)
        at.insert(b.now);
    }
    return at.size();
  };
  for (int i = 0; i < 40; ++i)
    b.feed(fire_request{"e" + std::to_string(i), std::string(400, 'p')});
  CHECK(rounds(1s) >= 9);
  rounds(60s);
  CHECK(b.core.queue().size(urgency::event) == 0);
}

TEST_CASE("claims: addresses that are not allowed", "[gossip][core]") {
  core_options opts;
  opts.allowed = [](std::string_view address) { return address != "at-x"; };
  bench b{opts};
  b.know("x");
  b.know("y");
  CHECK(b.core.members().find(x_key) == nullptr);
  CHECK(b.core.members().find(key_of("y")) != nullptr);
  CHECK(b.core.counters().refused == 1);
}
