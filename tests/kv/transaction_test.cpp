// Goal: a transaction does all or nothing, sees its own changes, and tells
// results and errors by position.
// Method: tables of operations with the expected summary; the expected values
// are those recorded from Consul 1.8.7.

#include "tests/kv/kv_fixture.hpp"

using namespace praetor;
using namespace praetor::kv;
using namespace std::chrono_literals;

namespace {

/// A result as it is shown: Value, LockIndex, Flags, Create- and ModifyIndex.
std::string kv_json(const std::string& key, const std::string& value,
                    const std::string& indexes, const std::string& lock = "0",
                    const std::string& session = {}) {
  const auto at = indexes.find(' ');
  return R"({"KV":{"LockIndex":)" + lock + R"(,"Key":")" + key
         + R"(","Flags":0,"Value":)" + value
         + (session.empty() ? "" : R"(,"Session":")" + session + '"')
         + R"(,"CreateIndex":)" + indexes.substr(0, at) + R"(,"ModifyIndex":)"
         + indexes.substr(at + 1) + "}}";
}

/// Keys: "a" = "1" written at 11, "l" locked by session a at 13.
machine make_machine() {
  machine m;
  m.write(op(verb::set, "a", "1"));
  m.apply(create_session{make_session(session_a, 15s)});
  m.write(op_by(verb::lock, "l", session_a, "2"));
  return m;
}

} // namespace

TEST_CASE("transaction: operations give results by position", "[kv][core]") {
  struct row {
    const char* name;
    std::vector<key_operation> operations;
    std::string summary;
    /// Keys afterwards.
    const char* keys;
  };
  const std::vector<row> rows = {
    {"none", {}, "", R"(["a","l"])"},
    {"own changes are seen",
     {op(verb::set, "b/1", "x"), op(verb::set, "b/2", ""), op(verb::get, "b/1"),
      op(verb::get_tree, "b/"), op(verb::remove, "b/1"),
      op(verb::check_not_exists, "b/1"), op(verb::get_tree, "b/")},
     "0:" + kv_json("b/1", "null", "14 14")
       + " 1:" + kv_json("b/2", "null", "14 14")
       + " 2:" + kv_json("b/1", "\"eA==\"", "14 14")
       + " 3:" + kv_json("b/1", "\"eA==\"", "14 14")
       + " 3:" + kv_json("b/2", "null", "14 14")
       + " 6:" + kv_json("b/2", "null", "14 14"),
     R"(["a","b/2","l"])"},
    {"an identical write shows the old index",
     {op(verb::set, "a", "1")},
     "0:" + kv_json("a", "null", "11 11"),
     R"(["a","l"])"},
    {"cas and checks against the right index",
     {op_at(verb::cas, "a", 11, "2"), op_at(verb::check_index, "a", 14),
      op_at(verb::cas, "n", 0, "3"), op_at(verb::remove_cas, "l", 13)},
     "0:" + kv_json("a", "null", "11 14") + " 1:"
       + kv_json("a", "null", "11 14") + " 2:" + kv_json("n", "null", "14 14"),
     R"(["a","n"])"},
    {"locks",
     {op_by(verb::check_session, "l", session_a),
      op_by(verb::unlock, "l", session_a, "2"),
      op_by(verb::lock, "l", session_a, "2")},
     "0:" + kv_json("l", "null", "13 13", "1", session_a)
       + " 1:" + kv_json("l", "null", "13 14", "1")
       + " 2:" + kv_json("l", "null", "13 14", "2", session_a),
     R"(["a","l"])"},
    {"a removed prefix is gone for later operations, also for creation",
     {op(verb::remove_tree, ""), op(verb::check_not_exists, "a"),
      op(verb::get_tree, "a"), op(verb::set, "a", "9"),
      op(verb::remove_tree, "a"), op(verb::set, "ab", "9")},
     "3:" + kv_json("a", "null", "14 14")
       + " 5:" + kv_json("ab", "null", "14 14"),
     R"(["ab"])"},
    {"set and remove of a new key leave nothing",
     {op(verb::set, "t", "x"), op(verb::remove, "t")},
     "0:" + kv_json("t", "null", "14 14"),
     R"(["a","l"])"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      auto m = make_machine();
      const auto result = m.transact(row.operations);
      CHECK(summary(result) == row.summary);
      CHECK(m.get(query_kind::keys) == row.keys);
    }
  }
}

TEST_CASE("transaction: every failing operation is listed, none takes effect",
          "[kv][core]") {
  struct row {
    const char* name;
    std::vector<key_operation> operations;
    std::string errors;
  };
  const std::vector<row> rows = {
    {"stale indexes",
     {op(verb::set, "b", "x"), op_at(verb::cas, "a", 1, "y"),
      op(verb::get, "zzz"), op_at(verb::remove_cas, "a", 2),
      op_at(verb::cas, "n", 5), op(verb::cas, "a", "z")},
     "1:failed to set key \"a\", index is stale 2:key \"zzz\" doesn't exist "
     "3:failed to delete key \"a\", index is stale "
     "4:failed to set key \"n\", index is stale "
     "5:failed to set key \"a\", index is stale"},
    {"locks",
     {op_by(verb::lock, "l", session_b), op_by(verb::lock, "l", "nope"),
      op_by(verb::lock, "l", ""), op_by(verb::unlock, "l", ""),
      op_by(verb::unlock, "l", session_b), op_by(verb::unlock, "n", session_a)},
     "0:invalid session \"" + session_b
       + "\" 1:failed session lookup: index error: UUID must be 36 characters "
         "2:missing session 3:missing session "
         "4:failed to unlock key \"l\", lock isn't held, or is held by another "
         "session "
         "5:failed to unlock key \"n\", lock isn't held, or is held by another "
         "session"},
    {"checks",
     {op(verb::check_not_exists, "a"), op_at(verb::check_index, "a", 7),
      op_at(verb::check_index, "n", 7), op_by(verb::check_session, "n", "q"),
      op_by(verb::check_session, "l", "q"),
      op_by(verb::check_session, "a", "q")},
     "0:key \"a\" exists "
     "1:failed index check for key \"a\", current modify index 11 != 7 "
     "2:failed to check index, key \"n\" doesn't exist "
     "3:failed to check session, key \"n\" doesn't exist "
     "4:failed session check for key \"l\", current session \""
       + session_a
       + "\" != \"q\" "
         "5:failed session check for key \"a\", current session \"\" != \"q\""},
    {"an unknown verb, named by its value",
     {op(verb{77}, "a", "nope"), op(verb::set, "b")},
     "0:unknown KV verb \"nope\""},
    {"a missing key is found ahead of all else",
     {op(verb::get, "zzz"), op(verb::set, ""), op(verb::get_tree, ""),
      op(verb::remove_tree, "")},
     "1:Must provide key 2:Must provide key"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      auto m = make_machine();
      m.core.take_touched();
      m.core.take_changed_rows();
      const auto before = m.get(query_kind::prefix);
      const auto result = m.transact(row.operations);
      CHECK(result.code == errc::conflict);
      CHECK(summary(result) == row.errors);
      CHECK(m.get(query_kind::prefix) == before);
      CHECK(m.ask(query_kind::prefix).index == 13);
      CHECK(m.core.take_touched().empty());
      CHECK(m.core.take_changed_rows().empty());
    }
  }
}

TEST_CASE("transaction: a lock held by another and one in lock-delay differ",
          "[kv][core]") {
  auto m = make_machine();
  m.apply(create_session{make_session(session_b)});
  CHECK(summary(m.transact({op_by(verb::lock, "l", session_b)}))
        == "0:failed to lock key \"l\", lock is already held");
  m.apply(destroy_session{session_a});
  CHECK(
    summary(m.transact({op(verb::get, "zzz"), op_by(verb::lock, "l", session_b),
                        op(verb::set, "")}))
    == "1:failed to lock key \"l\" due to lock delay 2:Must provide key");
  m.now += 15'000;
  CHECK(m.transact({op_by(verb::lock, "l", session_b)}).code == errc{});
}

TEST_CASE("transaction: positions are those of the client's list",
          "[kv][core]") {
  machine m;
  transaction t;
  t.operations = {{3, op(verb::set, "a")}, {9, op(verb::get, "a")}};
  CHECK(summary(m.apply(t))
        == "3:" + kv_json("a", "null", "11 11")
             + " 9:" + kv_json("a", "null", "11 11"));
}

TEST_CASE("transaction: a key that came and went moves its prefixes",
          "[kv][core]") {
  for (const auto how : {verb::remove, verb::remove_tree}) {
    machine m;
    m.write(op(verb::set, "a"));
    m.transact({op(verb::set, "t/1"), op(how, "t/1")});
    m.write(op(verb::set, "a", "2"));
    CHECK(m.ask(query_kind::prefix, "t/").index == 12);
  }
}

TEST_CASE("transaction: what only reads is a query", "[kv][core]") {
  auto m = make_machine();
  const auto ask = [&m](std::vector<key_operation> operations) {
    const query q{query_kind::transaction, "", "",
                  make_transaction(std::move(operations)).operations};
    const auto x = m.core.evaluate(q);
    CHECK(x.found);
    const auto failed = !decode<transaction_outcome>(*x.body)->errors.empty();
    return summary({failed ? errc::conflict : errc{}, *x.body, 0});
  };
  CHECK(ask({}).empty());
  CHECK(ask({op(verb::get, "a"), op(verb::get_tree, "nope"),
             op_at(verb::check_index, "a", 11)})
        == "0:" + kv_json("a", "\"MQ==\"", "11 11")
             + " 2:" + kv_json("a", "null", "11 11"));
  CHECK(ask({op(verb::get, "nope"), op(verb{0}, "a", "x")})
        == "0:key \"nope\" doesn't exist 1:unknown KV verb \"x\"");
  CHECK(m.get(query_kind::keys) == R"(["a","l"])");
}
