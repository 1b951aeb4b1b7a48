// Goal: owners see entries in log order, commands that span owners happen at
// once for readers, repeated commands take effect once, and checkpoints stand
// exactly for the entries before them.
// Method: the pipeline with an outlet that writes down what it is told, in one
// word each; the test plays the owners.

#include "actors/state/core/pipeline.hpp"

#include "runtime/base/codec.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace praetor;
using state::committed_command;

namespace {

state::command set_key(std::string key) {
  return kv::command{
    kv::write_key{{kv::verb::set, std::move(key), "v", 0, 0, {}}}};
}

state::command drop_node() {
  return catalog::command{catalog::deregister_node{"n", {}, {}}};
}

state::command make_session() {
  kv::create_session x;
  x.session.id = "s";
  x.session.node = "n";
  x.session.node_checks = {"serfHealth"};
  return kv::command{x};
}

/// Plays raft, owners and storage.
class stage : public state::outlet {
public:
  explicit stage(state::checkpoint_policy policy = {})
    : line{*this, checkpoint_mark{}, state::origin_windows{}, policy} {}

  /// Commits one entry; answers are collected in `answers` under its index.
  void commit(state::command x, std::uint64_t seq = 0) {
    log_entry e;
    e.index = ++last;
    e.term = 1;
    e.kind = entry_kind::command;
    e.ts = ts;
    if (seq != 0)
      e.origin = {"node", 1, seq};
    e.payload = state::encode_command(x);
    enter(std::move(e));
  }

  void enter(log_entry e) {
    const auto i = e.index;
    line.commit({committed_command{
      std::make_shared<log_entry>(std::move(e)),
      reply<command_result>{[this, i](result<command_result> r) {
        if (r)
          answers[i] = *r;
      }}}});
  }

  std::vector<std::string> take() { return std::exchange(told, {}); }

  owner::applied done(log_index upto, std::vector<std::string> bodies = {},
                      std::size_t sessions = 0) {
    owner::applied x;
    x.upto = upto;
    for (auto& b : bodies)
      x.results.push_back({{}, std::move(b), 0});
    x.session_count = sessions;
    return x;
  }

  void apply_kv(kv::apply x) override {
    told.push_back("kv:" + std::to_string(x.upto) + "/"
                   + std::to_string(x.commands.size()));
    last_kv = std::move(x);
  }
  void apply_catalog(catalog::apply x) override {
    told.push_back("catalog:" + std::to_string(x.upto) + "/"
                   + std::to_string(x.commands.size()));
  }
  void hold_kv(log_index i) override {
    told.push_back("hold:" + std::to_string(i));
  }
  void prepare_kv(kv::prepare x) override {
    told.push_back("prepare-kv:" + std::to_string(x.command.index));
  }
  void prepare_catalog(catalog::prepare x) override {
    told.push_back("prepare-catalog:" + std::to_string(x.command.index));
  }
  void decide_kv(owner::decide x) override {
    told.push_back(std::string{"decide-kv:"} + (x.commit ? "yes" : "no")
                   + (x.more ? "+" : ""));
  }
  void decide_catalog(owner::decide x) override {
    told.push_back(std::string{"decide-catalog:"} + (x.commit ? "yes" : "no"));
  }
  void take_checkpoint(log_index i) override {
    told.push_back("checkpoint:" + std::to_string(i));
  }
  void write_checkpoint(checkpoint_mark cut, std::vector<row> rows) override {
    told.push_back("write:" + std::to_string(cut.index) + "/"
                   + std::to_string(rows.size()));
    written = std::move(rows);
  }
  void fetch_state(std::uint64_t generation) override {
    told.push_back("fetch:" + std::to_string(generation));
  }
  void published(log_index i) override {
    told.push_back("published:" + std::to_string(i));
  }
  void fatal(std::string) override { told.emplace_back("fatal"); }

  std::vector<std::string> told;
  std::map<log_index, command_result> answers;
  std::vector<row> written;
  kv::apply last_kv;
  log_index last = 0;
  cluster_time ts = 1000;
  state::pipeline line;
};

using words = std::vector<std::string>;

/// Brings the session count to what kv reports; it starts as "maybe one".
void settle_sessions(stage& s, std::size_t count) {
  s.commit(set_key("a"));
  s.line.catalog_applied(s.done(s.last));
  s.line.kv_applied(s.done(s.last, {"true"}, count));
  s.take();
}

std::string outcome(std::vector<std::pair<std::uint32_t, std::string>> results,
                    std::vector<std::pair<std::uint32_t, std::string>> errors) {
  return encode(kv::transaction_outcome{std::move(results), std::move(errors)});
}

state::command mixed() {
  state::mixed_transaction x;
  x.keys.operations.push_back({1, {kv::verb::set, "a", "v", 0, 0, {}}});
  x.catalog.operations.push_back({0, catalog::verb::get, {}});
  return x;
}

} // namespace

TEST_CASE("pipeline: both owners see every entry, in order", "[state][core]") {
  stage s;
  s.commit(set_key("a"));
  CHECK(s.take() == words{"kv:1/1", "catalog:1/0"});
  s.line.kv_applied(s.done(1, {"true"}));
  CHECK(s.answers.empty());
  CHECK(s.take().empty());
  s.line.catalog_applied(s.done(1));
  CHECK(s.answers.at(1).body == "true");
  CHECK(s.answers.at(1).index == 1);
  CHECK(s.take() == words{"published:1"});
}

TEST_CASE("pipeline: noop and config entries move the index", "[state][core]") {
  stage s;
  log_entry e;
  e.index = ++s.last;
  e.kind = entry_kind::noop;
  s.enter(e);
  CHECK(s.take() == words{"kv:1/0", "catalog:1/0"});
  s.line.kv_applied(s.done(1));
  s.line.catalog_applied(s.done(1));
  CHECK(s.take() == words{"published:1"});
}

TEST_CASE("pipeline: catalog commands flow while no session lives",
          "[state][core]") {
  stage s;
  settle_sessions(s, 0);
  s.commit(drop_node());
  s.commit(set_key("b"));
  CHECK(s.take() == words{"kv:2/0", "catalog:2/1", "kv:3/1", "catalog:3/0"});
}

TEST_CASE("pipeline: a lost node ends sessions in the same entry",
          "[state][core]") {
  stage s;
  settle_sessions(s, 1);
  s.commit(drop_node());
  s.commit(set_key("b"));
  CHECK(s.take() == words{"hold:2"});
  s.line.kv_held();
  CHECK(s.take() == words{"catalog:2/1"});
  auto lost = s.done(2, {"true"});
  lost.losses.push_back({"n", std::nullopt});
  s.line.catalog_applied(lost);
  CHECK(s.take() == words{"kv:2/1"});
  CHECK(
    std::holds_alternative<kv::end_sessions>(s.last_kv.commands.at(0).command));
  s.line.kv_applied(s.done(2, {"ignored"}, 0));
  CHECK(s.answers.at(2).body == "true");
  CHECK(s.take() == words{"published:2", "kv:3/1", "catalog:3/0"});
}

TEST_CASE("pipeline: a session is created only if the catalog agrees",
          "[state][core]") {
  stage s;
  s.commit(make_session());
  CHECK(s.take() == words{"catalog:1/1"});
  SECTION("it does") {
    s.line.catalog_applied(s.done(1, {""}));
    CHECK(s.take() == words{"kv:1/1"});
    s.line.kv_applied(s.done(1, {"{\"ID\":\"s\"}"}, 1));
    CHECK(s.answers.at(1).body == "{\"ID\":\"s\"}");
  }
  SECTION("it does not") {
    auto no = s.done(1);
    no.results.push_back({errc::rejected, "Missing node registration", 0});
    s.line.catalog_applied(no);
    CHECK(s.take() == words{"kv:1/0"});
    s.line.kv_applied(s.done(1));
    CHECK(s.answers.at(1).code == errc::rejected);
    CHECK(s.answers.at(1).body == "Missing node registration");
  }
  CHECK(s.take() == words{"published:1"});
}

TEST_CASE("pipeline: a mixed transaction is decided by both owners",
          "[state][core]") {
  stage s;
  s.commit(mixed());
  CHECK(s.take() == words{"prepare-kv:1", "prepare-catalog:1"});
  s.line.catalog_prepared({{}, outcome({{0, "c"}}, {}), 0});
  CHECK(s.take().empty());
  SECTION("both agree: results in the client's order") {
    s.line.kv_prepared({{}, outcome({{1, "k"}}, {}), 0});
    CHECK(s.take() == words{"decide-catalog:yes"});
    s.line.catalog_applied(s.done(1));
    CHECK(s.take() == words{"decide-kv:yes"});
    s.line.kv_applied(s.done(1));
    CHECK(s.answers.at(1).code == errc{});
    CHECK(s.answers.at(1).body == outcome({{0, "c"}, {1, "k"}}, {}));
  }
  SECTION("one refuses: both undo, only errors are left") {
    s.line.kv_prepared({errc::conflict, outcome({}, {{1, "stale"}}), 0});
    CHECK(s.take() == words{"decide-catalog:no"});
    s.line.catalog_applied(s.done(1));
    CHECK(s.take() == words{"decide-kv:no"});
    s.line.kv_applied(s.done(1));
    CHECK(s.answers.at(1).code == errc::conflict);
    CHECK(s.answers.at(1).body == outcome({}, {{1, "stale"}}));
  }
  SECTION("what the catalog lost ends sessions before reads go on") {
    s.line.kv_prepared({{}, outcome({}, {}), 0});
    auto lost = s.done(1);
    lost.losses.push_back({"n", std::nullopt});
    s.take();
    s.line.catalog_applied(lost);
    CHECK(s.take() == words{"decide-kv:yes+"});
    s.line.kv_applied(s.done(1));
    CHECK(s.take() == words{"kv:1/1"});
    s.line.kv_applied(s.done(1, {"ignored"}));
    CHECK(s.answers.at(1).code == errc{});
  }
}

TEST_CASE("pipeline: a repeated command takes effect once", "[state][core]") {
  stage s;
  s.commit(set_key("a"), 1);
  s.commit(set_key("a"), 1);
  CHECK(s.take() == words{"kv:1/1", "catalog:1/0", "kv:2/0", "catalog:2/0"});
  s.line.kv_applied(s.done(1, {"first"}));
  s.line.catalog_applied(s.done(1));
  s.line.kv_applied(s.done(2));
  s.line.catalog_applied(s.done(2));
  CHECK(s.answers.at(1).body == "first");
  CHECK(s.answers.at(2).body == "first");
  CHECK(s.answers.at(2).index == 1);
}

TEST_CASE("pipeline: a repeated session creation is no barrier's work",
          "[state][core]") {
  stage s;
  s.commit(make_session(), 1);
  s.line.catalog_applied(s.done(1, {""}));
  s.line.kv_applied(s.done(1, {"made"}, 1));
  s.take();
  s.commit(make_session(), 1);
  // The owners hear of it: reads may wait for its index, and a checkpoint that
  // follows stands for it.
  CHECK(s.take() == words{"kv:2/0", "catalog:2/0"});
  CHECK(s.answers.count(2) == 0);
  s.line.kv_applied(s.done(2, {}, 1));
  s.line.catalog_applied(s.done(2));
  CHECK(s.answers.at(2).body == "made");
  CHECK(s.take() == words{"published:2"});
}

TEST_CASE("pipeline: a checkpoint stands between two entries",
          "[state][core]") {
  stage s{{2, 1U << 20U, 0}};
  s.commit(set_key("a"), 1);
  s.commit(set_key("b"), 2);
  s.commit(set_key("c"), 3);
  CHECK(s.take() == words{"kv:1/1", "catalog:1/0", "kv:2/1", "catalog:2/0"});
  s.line.kv_applied(s.done(2, {"1", "2"}));
  s.line.catalog_applied(s.done(2));
  CHECK(s.take() == words{"published:2", "checkpoint:2"});
  s.line.rows_from_owner({{"kv", "a", "x"}});
  s.line.rows_from_owner({});
  CHECK(s.take() == words{"write:2/2", "kv:3/1", "catalog:3/0"});
  // Loaded with these rows, command 2 is known and command 3 is not: it would
  // be lost otherwise.
  state::origin_windows loaded;
  for (const auto& x : s.written)
    if (x.table == "origin")
      REQUIRE(loaded.load(x));
  CHECK(loaded.result({"node", 1, 2}).body == "2");
  CHECK(loaded.see({"node", 1, 3}, 3, 0) == state::sighting::fresh);
}

TEST_CASE("pipeline: no second checkpoint while one is being written",
          "[state][core]") {
  stage s{{1, 1U << 20U, 0}};
  s.commit(set_key("a"));
  s.line.kv_applied(s.done(1, {"1"}));
  s.line.catalog_applied(s.done(1));
  s.line.rows_from_owner({});
  s.line.rows_from_owner({});
  s.commit(set_key("b"));
  s.line.kv_applied(s.done(2, {"2"}));
  s.line.catalog_applied(s.done(2));
  s.take();
  s.line.checkpoint_written();
  CHECK(s.take() == words{"checkpoint:2"});
}

TEST_CASE("pipeline: checkpoints are apart, unless the log grows much",
          "[state][core]") {
  struct row {
    const char* name;
    cluster_time passes;
    std::size_t bytes_max;
    bool due;
  };
  const row rows[] = {
    {"too early", 29'999, 1U << 20U, false},
    {"in time", 30'000, 1U << 20U, true},
    {"too early, but large", 0, 20, true},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      stage s{{2, row.bytes_max, 30'000}};
      s.commit(set_key("a"));
      s.ts += row.passes;
      s.commit(set_key("b"));
      s.line.kv_applied(s.done(2, {"1", "2"}));
      s.line.catalog_applied(s.done(2));
      const auto told = s.take();
      CHECK((told.back().starts_with("checkpoint")) == row.due);
    }
  }
}

TEST_CASE("pipeline: an unknown command version stops the node",
          "[state][core]") {
  stage s;
  log_entry e;
  e.index = ++s.last;
  e.kind = entry_kind::command;
  e.payload = "\x63garbage";
  s.enter(e);
  CHECK(s.take() == words{"fatal"});
  s.commit(set_key("a"));
  CHECK(s.take().empty());
}

TEST_CASE("origin windows: old commands are forgotten, never repeated",
          "[state][core]") {
  state::origin_windows w;
  for (std::uint64_t seq = 1; seq <= 2000; ++seq)
    REQUIRE(w.see({"n", 1, seq}, seq, 0) == state::sighting::fresh);
  CHECK(w.see({"n", 1, 1}, 2001, 0) == state::sighting::forgotten);
  CHECK(w.see({"n", 1, 2000}, 2002, 0) == state::sighting::repeated);
  CHECK(w.result({"n", 1, 1}).code == errc::timeout);
  CHECK(w.see({"n", 2, 1}, 2003, 0) == state::sighting::fresh);
}

TEST_CASE("origin windows: silent processes go", "[state][core]") {
  using windows = state::origin_windows;
  windows w;
  REQUIRE(w.see({"n", 1, 1}, 1, 0) == state::sighting::fresh);
  REQUIRE(w.take_changed_rows().size() == 1);
  const auto far = (windows::silence_entries_max / windows::sweep_every + 2)
                   * windows::sweep_every;
  const auto late = windows::silence_ms_max + 1;
  const auto deleted = [&w] {
    auto n = 0;
    for (const auto& x : w.take_changed_rows())
      n += x.value ? 0 : 1;
    return n;
  };
  w.pass(far, windows::silence_ms_max); // not yet so long
  w.pass(windows::sweep_every, late);   // not yet so many entries
  CHECK(deleted() == 0);
  w.pass(far, late);
  CHECK(deleted() == 1);
}

TEST_CASE("origin windows: a process that just started forgets like others",
          "[state][core]") {
  using windows = state::origin_windows;
  windows old;
  REQUIRE(old.see({"n", 1, 7}, 1, 0) == state::sighting::fresh);
  windows fresh;
  for (const auto& x : old.take_changed_rows())
    REQUIRE(fresh.load(x));
  const auto late = windows::silence_ms_max + 1;
  const auto index = windows::silence_entries_max + windows::sweep_every;
  REQUIRE(index % windows::sweep_every != 0);
  for (auto* w : {&old, &fresh}) {
    w->pass(index, late);
    CHECK(w->see({"n", 1, 7}, index, late) == state::sighting::repeated);
  }
}

TEST_CASE("pipeline: tables of another server replace what was to come",
          "[state][core]") {
  stage s;
  settle_sessions(s, 0);
  s.commit(set_key("a")); // under way
  s.line.install(4, {10, 2, "members", 8, 5000});
  CHECK(s.take() == words{"kv:2/1", "catalog:2/0"});
  s.commit(set_key("b")); // dropped
  s.line.catalog_applied(s.done(2));
  s.line.kv_applied(s.done(2, {"true"}));
  CHECK(s.take() == words{"published:2", "fetch:4"});
  CHECK(s.answers.count(3) == 0);
  s.last = 10;
  s.commit(set_key("c"));
  CHECK(s.take().empty()); // until the owners have the tables
  s.line.installed({}, 0);
  CHECK(s.take() == words{"published:10", "kv:11/1", "catalog:11/0"});
  s.line.catalog_applied(s.done(11));
  s.line.kv_applied(s.done(11, {"true"}));
  CHECK(s.take() == words{"published:11"});
  CHECK(s.answers.at(11).body == "true");
}

TEST_CASE("pipeline: a barrier and a checkpoint end before tables come",
          "[state][core]") {
  stage s{{2, 1U << 20U, 0}};
  settle_sessions(s, 1);
  s.commit(drop_node());
  s.line.install(4, {10, 2, {}, 0, 5000});
  CHECK(s.take() == words{"hold:2"});
  s.line.kv_held();
  s.line.catalog_applied(s.done(2, {"true"}));
  s.line.kv_applied(s.done(2, {}, 1));
  CHECK(s.take() == words{"catalog:2/1", "kv:2/0", "published:2", "fetch:4"});
  s.line.installed({}, 1);
  CHECK(s.take() == words{"published:10"});
}

TEST_CASE("pipeline: commands seen by another server are not repeated",
          "[state][core]") {
  stage s;
  settle_sessions(s, 0);
  state::origin_windows windows;
  REQUIRE(windows.see({"node", 1, 5}, 9, 1000) == state::sighting::fresh);
  windows.store({"node", 1, 5}, {{}, "done before", 9});
  s.line.install(1, {10, 1, {}, 0, 1000});
  s.line.installed(std::move(windows), 0);
  s.take();
  s.last = 10;
  s.commit(set_key("a"), 5);
  s.line.catalog_applied(s.done(11));
  s.line.kv_applied(s.done(11));
  CHECK(s.answers.at(11).body == "done before");
}
