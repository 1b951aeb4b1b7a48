// Goal: questions about keys get the answers of all members, each once; hostile
// bytes are none.
// Method: the pure parts, and one core that is asked.

#include "actors/gossip/core/key_round.hpp"

#include "tests/gossip/bench.hpp"

#include <catch2/catch.hpp>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

using praetor::gossip::test::bench;
using praetor::gossip::test::facts_of;
using praetor::gossip::test::start;

TEST_CASE("events: whoever asked gets the answers", "[gossip][core]") {
  bench b;
  b.know("x");
  b.hear(event_answer{7, key_of("x"), "fine"});
  REQUIRE(b.out.answers.size() == 1);
  CHECK(b.out.answers[0].id == 7);
  CHECK(b.out.answers[0].payload == "fine");
  b.hear(event_answer{7, key_of("x"), std::string(answer_bytes_max + 1, 'x')});
  CHECK(b.out.answers.empty());
  b.feed(answer_request{facts_of("x").at, 8, "well"});
  const auto said = b.said();
  REQUIRE(!said.empty());
  CHECK(said[0].first == facts_of("x").at);
  CHECK(std::get<event_answer>(said[0].second).from == key_of("self"));
}

TEST_CASE("key_round: each member counts once", "[gossip][core]") {
  key_round round{{{key_of("a"), "a"}, {key_of("b"), "b"}, {key_of("c"), "c"}},
                  start};
  round.answered(key_of("a"), {"", {"k", "l"}});
  round.answered(key_of("a"), {"", {"k"}});
  round.answered(key_of("stranger"), {"", {"k"}});
  round.answered(key_of("b"), {"no", {}});
  CHECK(!round.complete());
  round.answered(key_of("c"), {"", {"l"}});
  CHECK(round.complete());
  const auto& x = round.outcome();
  CHECK(x.asked == 3);
  CHECK(x.answered == 3);
  CHECK(x.keys == std::map<std::string, std::size_t>{{"k", 1}, {"l", 2}});
  CHECK(x.primary_keys
        == std::map<std::string, std::size_t>{{"k", 1}, {"l", 1}});
  CHECK(x.errors == std::map<std::string, std::string>{{"b", "no"}});
  CHECK(key_patience(200ms, 3) == 3200ms);
  CHECK(key_patience(200ms, 100) == 9600ms);
}

TEST_CASE("key_round: messages come back, damaged ones do not",
          "[gossip][core]") {
  const key_question asked{
    7, {"10.0.0.1", 8301}, key_action::use, std::string(32, 'k')};
  const auto question = encode_question(asked);
  const auto x = decode_question(question);
  REQUIRE(x);
  CHECK(x->id == 7);
  CHECK(x->asker == asked.asker);
  CHECK(x->what == key_action::use);
  CHECK(x->key == asked.key);
  const key_reply full{std::string(500, 'e'),
                       std::vector<std::string>(16, std::string(32, 'k'))};
  const auto answer = encode_reply(full);
  CHECK(answer.size() <= answer_bytes_max);
  CHECK(decode_reply(answer)->keys == full.keys);
  for (std::size_t i = 0; i < question.size(); ++i)
    CHECK(!decode_question(question.substr(0, i)));
  for (std::size_t i = 0; i < answer.size(); ++i)
    CHECK(!decode_reply(answer.substr(0, i)));
  CHECK(!decode_question(
    encode_question({7, {"a", 1}, key_action{9}, std::string{}})));
  CHECK(!decode_question(
    encode_question({7, {"a", 1}, key_action::use, std::string(33, 'k')})));
}
