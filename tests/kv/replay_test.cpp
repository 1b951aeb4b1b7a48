// Goal: the tables follow from the log alone. A replay, a core restored from a
// checkpoint, and one that prepares and aborts on the way are the same core,
// now and for all that follows.
// Method: random commands over few keys and sessions, from a seed. Several
// cores get the same entries by different ways; after each step all that can be
// asked must agree, and at checkpoints all rows.

#include "runtime/base/rng.hpp"
#include "tests/kv/kv_fixture.hpp"

using namespace praetor;
using namespace praetor::kv;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> keys = {"a", "ab", "a/1", "a/2", "b/1", "b/2/3"};
const std::vector<std::string> prefixes = {"", "a", "a/", "b", "b/2", "c"};
const std::vector<std::string> ids = {session_a, session_b, session_c, "nope"};

/// Makes commands, most of them sensible.
class source {
public:
  explicit source(std::uint64_t seed) : random_{seed} {}

  command next(log_index index) {
    switch (random_.below(10)) {
      case 0: return some_session();
      case 1: return destroy_session{pick(ids)};
      case 2: return some_loss();
      case 3:
      case 4: return some_transaction(index);
      default: return write_key{some_operation(index, 12)};
    }
  }

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

private:
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[random_.below(from.size())];
  }

  create_session some_session() {
    auto x = make_session(pick(ids), 5ms * random_.below(4));
    x.node = random_.below(2) == 0 ? "n1" : "n2";
    if (random_.below(2) == 0)
      x.behavior = session_behavior::remove;
    return {x};
  }

  end_sessions some_loss() {
    end_sessions out;
    out.losses.push_back({random_.below(2) == 0 ? "n1" : "N2", std::nullopt});
    if (random_.below(2) == 0)
      out.losses.back().check = "serfHealth";
    return out;
  }

  transaction some_transaction(log_index index) {
    std::vector<key_operation> operations;
    for (auto left = random_.below(5); left > 0; --left)
      operations.push_back(some_operation(index, 5));
    return make_transaction(std::move(operations));
  }

  key_operation some_operation(log_index index, std::uint64_t tree_odds) {
    const std::vector<verb> verbs = {verb::set,  verb::set,    verb::cas,
                                     verb::lock, verb::lock,   verb::unlock,
                                     verb::get,  verb::remove, verb::remove_cas,
                                     verb::cas,  verb::remove, verb::unlock};
    key_operation x;
    x.key = pick(keys);
    x.what = pick(verbs);
    if (random_.below(tree_odds) == 0) {
      x.what = random_.below(2) == 0 ? verb::remove_tree : verb::get_tree;
      x.key = pick(prefixes);
    }
    x.value = std::to_string(random_.below(3));
    x.flags = random_.below(2);
    x.index = random_.below(2) == 0 ? 0 : index - random_.below(8);
    x.session = pick(ids);
    return x;
  }

  rng random_;
};

/// Everything that can be asked.
std::string ask_all(const kv_core& core) {
  std::string out;
  const auto add = [&](query_kind kind, const std::string& name,
                       const std::string& separator = {}) {
    const auto x = core.evaluate({kind, name, separator, {}});
    out += std::to_string(x.index) + (x.found ? " " : " not found ") + *x.body
           + "\n";
  };
  for (const auto& key : keys)
    add(query_kind::key, key);
  for (const auto& prefix : prefixes) {
    add(query_kind::prefix, prefix);
    add(query_kind::keys, prefix, "/");
  }
  for (const auto& key : keys)
    add(query_kind::prefix, key);
  add(query_kind::sessions, "");
  add(query_kind::sessions_of_node, "n1");
  add(query_kind::session_ttls, "");
  return out;
}

} // namespace

TEST_CASE("replay: all ways through the same log lead to the same tables",
          "[kv][core]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed=" << seed);
    source commands{seed};
    kv_core plain;
    kv_core two_phase;
    kv_core restarted;
    stored_rows plain_rows;
    stored_rows two_phase_rows;
    stored_rows restarted_rows;
    cluster_time now = 1'000;
    for (log_index index = 11; index < 211; ++index) {
      INFO("index=" << index);
      now += static_cast<cluster_time>(commands.below(6));
      const auto x = commands.next(index);
      const auto before = ask_all(two_phase);
      // Undone first, with another command at the same index, then done.
      two_phase.prepare(index, now, commands.next(index));
      two_phase.abort();
      REQUIRE(two_phase.take_touched().empty());
      REQUIRE(ask_all(two_phase) == before);

      const auto result = plain.apply(index, now, x);
      REQUIRE(two_phase.prepare(index, now, x) == result);
      REQUIRE(ask_all(two_phase) == before);
      two_phase.commit();
      REQUIRE(restarted.apply(index, now, x) == result);

      const auto touched = plain.take_touched();
      REQUIRE(two_phase.take_touched() == touched);
      REQUIRE(restarted.take_touched() == touched);
      plain.check_invariants();
      const auto all = ask_all(plain);
      REQUIRE(ask_all(two_phase) == all);
      REQUIRE(ask_all(restarted) == all);
      if (touched.empty() && result.code == errc{})
        REQUIRE(all == before);

      if (commands.below(10) == 0) {
        store(plain_rows, plain.take_changed_rows());
        store(two_phase_rows, two_phase.take_changed_rows());
        store(restarted_rows, restarted.take_changed_rows());
        REQUIRE(two_phase_rows == plain_rows);
        REQUIRE(restarted_rows == plain_rows);
        restarted = restore(restarted_rows);
        restarted.check_invariants();
        REQUIRE(ask_all(restarted) == all);
        REQUIRE(restarted.take_changed_rows().empty());
      }
    }
  }
}

TEST_CASE("replay: a refused command leaves no trace", "[kv][core]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed=" << seed);
    source commands{seed};
    machine m;
    m.index = 100;
    auto refused = 0;
    for (auto step = 0; step < 200; ++step) {
      m.core.take_changed_rows();
      const auto before = ask_all(m.core);
      const auto result = m.apply(commands.next(m.index));
      const auto touched = m.core.take_touched();
      if (result.code == errc{} && result.body != "false")
        continue;
      ++refused;
      CHECK(touched.empty());
      CHECK(ask_all(m.core) == before);
      CHECK(m.core.take_changed_rows().empty());
    }
    CHECK(refused > 0);
  }
}

TEST_CASE("replay: a checkpoint holds what changed since the last one",
          "[kv][core]") {
  machine m;
  const auto names = [&m] {
    std::string out;
    for (const auto& x : m.core.take_changed_rows())
      out += (out.empty() ? "" : " ") + std::string{x.value ? "+" : "-"}
             + x.table + "/" + x.key;
    return out;
  };
  const auto id = "/" + session_a;
  m.apply(create_session{make_session(session_a, 10ms)});
  m.write(op_by(verb::lock, "a", session_a));
  m.write(op(verb::set, "b"));
  CHECK(names() == "+kv/a +kv/b +session" + id + " +session_index/");
  CHECK(names().empty());
  m.write(op(verb::remove, "b"));
  CHECK(names() == "-kv/b +kv_index/b");
  m.write(op(verb::set, "b"));
  CHECK(names() == "+kv/b -kv_index/b");
  m.apply(destroy_session{session_a});
  CHECK(names() == "+kv/a +lock_delay/a -session" + id + " +session_index/");
  m.now += 10;
  m.write(op(verb::set, "b"));
  CHECK(names() == "-lock_delay/a");
}

TEST_CASE("replay: lock-delays and indexes outlive a restart", "[kv][core]") {
  machine m;
  m.apply(create_session{make_session(session_a, 10ms)});
  m.write(op_by(verb::lock, "a", session_a));
  m.apply(destroy_session{session_a});
  m.apply(create_session{make_session(session_b)});
  m.apply(destroy_session{session_b});
  stored_rows rows;
  store(rows, m.core.take_changed_rows());
  m.core = restore(rows);
  CHECK(m.ask(query_kind::sessions).index == 15);
  m.apply(create_session{make_session(session_b)});
  CHECK(m.write(op_by(verb::lock, "a", session_b)).body == "false");
  m.now += 10;
  CHECK(m.write(op_by(verb::lock, "a", session_b)).body == "true");
}

TEST_CASE("replay: rows that cannot be are refused", "[kv][core]") {
  machine m;
  m.apply(create_session{make_session(session_a)});
  m.write(op(verb::set, "a"));
  const auto rows = m.core.take_changed_rows();
  REQUIRE(rows.size() == 3);
  const auto& good_entry = *rows[0].value;
  const auto& good_session = *rows[1].value;
  auto odd = make_session(session_a);
  odd.behavior = session_behavior{9};
  const std::vector<row> bad = {
    {"kv", "k", std::nullopt},
    {"kv", "k", ""},
    {"kv", "k", good_entry + "x"},
    {"kv", "", good_entry},
    {"kv_index", "k", ""},
    {"lock_delay", "k", "\xff"},
    {"session", session_b, good_session},
    {"session", session_a, good_entry},
    {"session", session_a, encode(odd)},
    {"session_index", "", "\x80"},
    {"nodes", "k", good_entry},
  };
  for (const auto& x : bad) {
    kv_core core;
    const auto y = core.load(x);
    REQUIRE_FALSE(y);
    CHECK(y.error().code == errc::corruption);
  }
  kv_core core;
  for (const auto& x : rows)
    CHECK(core.load(x));
  CHECK_FALSE(core.load(rows[0]));
  CHECK_FALSE(core.load(rows[1]));
}
