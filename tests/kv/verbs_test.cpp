// Goal: each verb on a single key wins, loses and fails as the contract says,
// and stores what it says.
// Method: scripts of writes with the expected answer and, where it matters, the
// key's JSON. Expected values are those recorded from Consul 1.8.7.

#include "tests/kv/kv_fixture.hpp"

using namespace praetor;
using namespace praetor::kv;
using namespace std::chrono_literals;

namespace {

struct step {
  key_operation what;
  std::string answer;
  /// The key afterwards, if it matters. `@n` is the index of step n.
  std::string shown = {};
};

struct script {
  const char* name;
  std::vector<step> steps;
};

key_operation flagged(key_operation x, std::uint64_t flags) {
  x.flags = flags;
  return x;
}

/// Returns e.g. `[1 v 7 s@1@2]`: LockIndex, value, flags, holder, Create- and
/// ModifyIndex relative to the script's start.
std::string show(const machine& m, const std::string& key, log_index start) {
  const auto x = m.ask(query_kind::key_raw, key);
  if (!x.found)
    return "none";
  const auto json = m.get(query_kind::key, key);
  const auto number = [&json](const std::string& name) {
    return std::stoull(
      json.substr(json.find("\"" + name + "\":") + name.size() + 3));
  };
  const auto at = json.find("\"Session\":\"");
  const auto holder =
    at == std::string::npos ? "" : " " + json.substr(at + 11, 1);
  return std::to_string(number("LockIndex")) + " " + *x.body + " "
         + std::to_string(number("Flags")) + holder + " @"
         + std::to_string(number("CreateIndex") - start) + " @"
         + std::to_string(number("ModifyIndex") - start);
}

void play(const script& s) {
  machine m;
  m.apply(create_session{make_session(session_a)});
  m.apply(create_session{make_session(session_b)});
  const auto start = m.index;
  auto number = 0;
  for (auto x : s.steps) {
    INFO("step " << ++number);
    if (x.what.index != 0)
      x.what.index += start;
    const auto key = x.what.key;
    const auto y = m.write(std::move(x.what));
    CHECK(y.body == x.answer);
    const auto decided = y.body == "true" || y.body == "false";
    CHECK(y.code == (decided ? errc{} : errc::rejected));
    if (!x.shown.empty())
      CHECK(show(m, key, start) == x.shown);
  }
}

} // namespace

TEST_CASE("verbs: writes and removes follow the contract", "[kv][core]") {
  const std::vector<script> scripts = {
    {"a plain write stores value and flags",
     {{flagged(op(verb::set, "k", "v"), 7), "true", "0 v 7 @1 @1"},
      {op(verb::set, "k", "w"), "true", "0 w 0 @1 @2"}}},
    {"an identical write changes nothing",
     {{flagged(op(verb::set, "k", "v"), 7), "true", "0 v 7 @1 @1"},
      {flagged(op(verb::set, "k", "v"), 7), "true", "0 v 7 @1 @1"},
      {flagged(op(verb::set, "k", "v"), 8), "true", "0 v 8 @1 @3"}}},
    {"cas 0 wins only if the key is absent",
     {{op(verb::cas, "k", "1"), "true", "0 1 0 @1 @1"},
      {op(verb::cas, "k", "2"), "false", "0 1 0 @1 @1"}}},
    {"cas n wins only against that index",
     {{op_at(verb::cas, "k", 5, "1"), "false", "none"},
      {op(verb::set, "k", "2"), "true", "0 2 0 @2 @2"},
      {op_at(verb::cas, "k", 3, "3"), "false", "0 2 0 @2 @2"},
      {op_at(verb::cas, "k", 2, "4"), "true", "0 4 0 @2 @4"},
      {op_at(verb::cas, "k", 2, "5"), "false", "0 4 0 @2 @4"}}},
    {"remove always succeeds",
     {{op(verb::remove, "k"), "true", "none"},
      {op_by(verb::lock, "k", session_a), "true"},
      {op(verb::remove, "k"), "true", "none"},
      {op_by(verb::lock, "k", session_b), "true", "1  0 b @4 @4"}}},
    {"remove_cas wins if the key is absent or has that index",
     {{op_at(verb::remove_cas, "k", 1), "true", "none"},
      {op(verb::set, "k", "1"), "true"},
      {op_at(verb::remove_cas, "k", 1), "false"},
      {op(verb::remove_cas, "k"), "false", "0 1 0 @2 @2"},
      {op_at(verb::remove_cas, "k", 2), "true", "none"}}},
    {"every verb but remove_tree needs a key",
     {{op(verb::set, ""), "Must provide key"},
      {op(verb::remove, ""), "Must provide key"},
      {op_by(verb::lock, "", session_a), "Must provide key"},
      {op(verb::remove_tree, ""), "true"}}},
    {"what only reads or is unknown is refused",
     {{op(verb::get, "k", "get"), "unknown KV verb \"get\""},
      {op(verb::get_tree, "k"), "unknown KV verb \"\""},
      {op(verb{200}, "k", "no\"pe"), "unknown KV verb \"no\\\"pe\""}}},
  };
  for (const auto& s : scripts)
    DYNAMIC_SECTION(s.name) {
      play(s);
    }
}

TEST_CASE("verbs: locks follow the contract", "[kv][core]") {
  const std::vector<script> scripts = {
    {"a lock counts new holders only",
     {{op_by(verb::lock, "k", session_a, "1"), "true", "1 1 0 a @1 @1"},
      {op_by(verb::lock, "k", session_a, "2"), "true", "1 2 0 a @1 @2"},
      {op_by(verb::lock, "k", session_b, "3"), "false", "1 2 0 a @1 @2"},
      {op_by(verb::unlock, "k", session_b, "4"), "false", "1 2 0 a @1 @2"},
      {op_by(verb::unlock, "k", session_a, "5"), "true", "1 5 0 @1 @5"},
      {op_by(verb::unlock, "k", session_a, "6"), "false", "1 5 0 @1 @5"},
      {op_by(verb::lock, "k", session_b, "7"), "true", "2 7 0 b @1 @7"}}},
    {"locking again with the same content changes nothing",
     {{op_by(verb::lock, "k", session_a, "1"), "true", "1 1 0 a @1 @1"},
      {op_by(verb::lock, "k", session_a, "1"), "true", "1 1 0 a @1 @1"}}},
    {"a plain write to a lock keeps the holder and resets the counter",
     {{op_by(verb::lock, "k", session_a, "1"), "true", "1 1 0 a @1 @1"},
      {op(verb::set, "k", "1"), "true", "0 1 0 a @1 @2"},
      {op_by(verb::unlock, "k", session_a, "2"), "true", "0 2 0 @1 @3"},
      {op_by(verb::lock, "k", session_a, "3"), "true", "1 3 0 a @1 @4"},
      {op_at(verb::cas, "k", 4, "5"), "true", "0 5 0 a @1 @5"}}},
    {"a lock may be taken on a plain key",
     {{op(verb::set, "k", "1"), "true"},
      {op_by(verb::lock, "k", session_a, "2"), "true", "1 2 0 a @1 @2"}}},
    {"an id is the same in any case",
     {{op_by(verb::lock, "k", "AAAAAAAA-0000-4000-8000-000000000001"), "true",
       "1  0 a @1 @1"},
      {op_by(verb::unlock, "k", "AAAAAAAA-0000-4000-8000-000000000001"), "true",
       "1  0 @1 @2"}}},
    {"locks need a session that exists",
     {{op_by(verb::lock, "k", ""), "missing session", "none"},
      {op_by(verb::unlock, "k", ""), "missing session", "none"},
      {op_by(verb::lock, "k", "nope"),
       "failed session lookup: index error: UUID must be 36 characters"},
      {op_by(verb::lock, "k", session_c),
       "invalid session \"" + session_c + "\""},
      {op_by(verb::unlock, "k", "nope"), "false"},
      {op_by(verb::unlock, "k", session_c), "false", "none"}}},
  };
  for (const auto& s : scripts)
    DYNAMIC_SECTION(s.name) {
      play(s);
    }
}

TEST_CASE("verbs: remove_tree takes a byte prefix", "[kv][core]") {
  struct row {
    const char* prefix;
    const char* left;
  };
  const std::vector<row> rows = {
    {"d/", R"(["d","dd","e"])"},
    {"d", R"(["e"])"},
    {"dd", R"(["d","d/1","d/2","e"])"},
    {"", "[]"},
    {"none", R"(["d","d/1","d/2","dd","e"])"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION("prefix '" << row.prefix << "'") {
      machine m;
      m.apply(create_session{make_session(session_a)});
      for (const auto* key : {"d/1", "d/2", "d", "dd", "e"})
        m.write(op_by(verb::lock, key, session_a));
      CHECK(m.write(op(verb::remove_tree, row.prefix)).body == "true");
      CHECK(m.get(query_kind::keys) == row.left);
    }
  }
}

TEST_CASE("verbs: a lock-delay keeps everybody out until it is over",
          "[kv][core]") {
  struct row {
    const char* name;
    duration delay;
    /// First millisecond at which the lock can be taken.
    cluster_time free_after;
  };
  const std::vector<row> rows = {
    {"as given", 2s, 2'000},
    {"at most a minute", 90s, 60'000},
    {"rounded up to milliseconds", 1us, 1},
    {"none", 0s, 0},
    {"negative is none", -5s, 0},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      machine m;
      m.apply(create_session{make_session(session_a, row.delay)});
      m.apply(create_session{make_session(session_b)});
      m.write(op_by(verb::lock, "k", session_a));
      m.apply(destroy_session{session_a});
      if (row.free_after > 0) {
        m.now += row.free_after - 1;
        CHECK(m.write(op_by(verb::lock, "k", session_b)).body == "false");
        // Whatever the session is, as it is the first thing to be checked.
        CHECK(m.write(op_by(verb::lock, "k", "nope")).body == "false");
        CHECK(m.write(op(verb::set, "k", "plain")).body == "true");
        m.now += 1;
      }
      CHECK(m.write(op_by(verb::lock, "other", session_b)).body == "true");
      CHECK(m.write(op_by(verb::lock, "k", session_b)).body == "true");
    }
  }
}

TEST_CASE("verbs: release and delete cause no lock-delay", "[kv][core]") {
  machine m;
  m.apply(create_session{make_session(session_a, 15s)});
  m.apply(create_session{make_session(session_b, 15s)});
  m.write(op_by(verb::lock, "k", session_a));
  m.write(op_by(verb::unlock, "k", session_a));
  CHECK(m.write(op_by(verb::lock, "k", session_b)).body == "true");
  m.write(op(verb::remove, "k"));
  CHECK(m.write(op_by(verb::lock, "k", session_a)).body == "true");
}
