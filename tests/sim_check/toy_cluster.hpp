// A cluster of one server on one virtual clock: the real cores of kv, catalog,
// state and leader, called directly, with clients who lose requests and
// answers. Histories that checkers must accept; and, with one of `toy_bug`,
// histories that they must not.
//
// Header only, for tests.

#pragma once

#include "actors/catalog/core/catalog_core.hpp"
#include "actors/kv/core/encode_json.hpp"
#include "actors/kv/core/kv_core.hpp"
#include "actors/leader/core/session_clock.hpp"
#include "actors/state/core/pipeline.hpp"
#include "runtime/base/codec.hpp"
#include "tests/sim/check/checkers.hpp"
#include "tests/sim/check/workload.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace praetor::sim {

/// What the toy does wrong.
enum class toy_bug : std::uint8_t {
  none,
  /// Default reads are answered from a copy that is 30 entries old.
  old_reads,
  /// Some accepted writes of keys are forgotten.
  lost_writes,
  /// A request that is said to have failed is executed.
  false_failures,
  /// An entry is appended twice, with the same origin, and answered twice.
  repeated_answers,
  /// Sessions end after half their TTL.
  hasty_sessions,
  /// Sessions never end by themselves.
  eternal_sessions,
  /// Watches wake only when their time is up.
  deaf_watches,
  /// Indexes of answers are those of the log 10 entries ago.
  low_indexes,
  /// A lock is granted although another holds it.
  double_locks,
  /// One verb of each third transaction gets lost.
  half_transactions,
};

/// See the head of the file.
class toy_cluster final : public state::outlet {
public:
  toy_cluster(std::uint64_t seed, toy_bug bug, checker_options options = {})
    : random_{seed},
      bug_{bug},
      work_{seed, workload_options{}},
      checks{options},
      pipeline_{*this, {}, state::origin_windows{}} {
    checks.started("s1", moment{0});
    checks.leads("s1", true, moment{0});
  }

  /// Runs clients for some time, then lets everything become quiet.
  void run(std::uint64_t clients, duration time) {
    stop_ = time;
    for (std::uint64_t c = 1; c <= clients; ++c)
      at(now_, [this, c] { think(c); });
    while (!events_.empty() && now_ < time + std::chrono::seconds{200}) {
      auto next = events_.extract(events_.begin());
      now_ = next.key();
      next.mapped()();
      expire();
    }
  }

  moment now() const { return now_; }

private:
  void at(moment when, std::function<void()> f) {
    events_.emplace(when, std::move(f));
  }

  duration latency() {
    return std::chrono::microseconds{100 + random_.below(5000)};
  }

  // -- clients ----------------------------------------------------------------

  void think(std::uint64_t client) {
    if (now_ >= stop_)
      return;
    auto s = work_.next(client);
    at(now_ + s.think, [this, client, s = std::move(s)] { ask(client, s); });
  }

  void ask(std::uint64_t client, const step& s) {
    const auto id = checks.invoke(s.process, "s1", s.what, now_);
    owners_[id] = client;
    const auto luck = random_.below(100);
    at(now_ + s.timeout,
       [this, id] { finish(id, unknown_outcome("nobody answered in time")); });
    if (luck < 2) // the request gets lost
      return;
    if (luck < 4) {
      at(now_ + latency(), [this, id] {
        if (bug_ == toy_bug::false_failures)
          execute(id, false);
        finish(id, outcome_of(
                     result<command_result>{error{errc::not_leader, "toy"}}));
      });
      return;
    }
    const auto answer = luck >= 6; // or the answer gets lost
    at(now_ + latency(), [this, id, answer] { execute(id, answer); });
  }

  void finish(std::size_t id, outcome x) {
    if (checks.clients().at(id).returned)
      return;
    checks.complete(id, std::move(x), now_);
    const auto& op = checks.clients().at(id);
    work_.answered(owners_.at(id), op.what, op.out);
    think(owners_.at(id));
  }

  void answer_later(std::size_t id, outcome x) {
    at(now_ + latency(),
       [this, id, x = std::move(x)] { finish(id, std::move(x)); });
  }

  // -- the server -------------------------------------------------------------

  void execute(std::size_t id, bool answer) {
    const auto what = checks.clients().at(id).what;
    if (const auto* write = std::get_if<write_request>(&what)) {
      append(write->command, answer ? std::optional{id} : std::nullopt);
    } else if (const auto* renewal = std::get_if<renew_request>(&what)) {
      clock_.renew(renewal->session, time_point{now_});
      if (answer)
        answer_later(id, outcome_of(result<std::monostate>{ok}));
    } else if (answer) {
      checks.arrived(id, now_);
      read(id);
    }
  }

  void append(state::command command, std::optional<std::size_t> id) {
    log_entry entry;
    entry.kind = entry_kind::command;
    entry.term = 1;
    entry.origin = {"s1", 1, ++seq_};
    entry.payload = state::encode_command(command);
    commit(entry, bug_ == toy_bug::repeated_answers && seq_ % 9 == 0
                    ? std::nullopt
                    : id);
    if (bug_ == toy_bug::repeated_answers && seq_ % 9 == 0)
      commit(entry, id);
  }

  void commit(log_entry entry, std::optional<std::size_t> id) {
    entry.index = ++last_;
    entry.ts = 1'700'000'000'000 + now_.count() / 1'000'000;
    checks.applied("s1", entry, now_);
    reply<command_result> to;
    if (id)
      to = reply<command_result>{[this, id = *id](result<command_result> x) {
        if (x && bug_ == toy_bug::repeated_answers)
          x->index = last_;
        answer_later(id, outcome_of(x));
      }};
    pipeline_.commit({{std::make_shared<log_entry>(std::move(entry)), to}});
    while (!steps_.empty()) {
      auto next = std::move(steps_.front());
      steps_.pop_front();
      next();
    }
    old_.push_back(keys_.evaluate(everything()));
    follow_sessions();
    if (bug_ != toy_bug::deaf_watches)
      wake();
  }

  static kv::query everything() { return {kv::query_kind::prefix, "", {}, {}}; }

  // -- reads ------------------------------------------------------------------

  answer evaluate(const kv::query& q) const {
    auto x = keys_.evaluate(q);
    if (bug_ == toy_bug::low_indexes && last_ % 5 == 0 && x.index > 10)
      x.index -= 10;
    if (bug_ != toy_bug::old_reads || q.kind != kv::query_kind::key
        || old_.size() < 30)
      return x;
    const auto& then = old_[old_.size() - 30];
    const auto rows =
      then.found ? parse_keys(*then.body) : std::vector<key_view>{};
    for (const auto& row : *rows)
      if (row.key == q.name && row.session.empty())
        return {row.modify_index, true, share(json_of(row))};
    return x;
  }

  static std::string json_of(const key_view& x) {
    std::string out;
    kv::key_tree tree;
    tree.put(x.key, {x.value, x.flags, x.session, x.lock_index, x.create_index,
                     x.modify_index});
    json_writer json{out};
    json.begin_array();
    tree.visit(x.key, [&json](const std::string& key, const kv::entry& e) {
      kv::write_entry(json, key, e);
      return std::size_t{0};
    });
    json.end_array();
    return out;
  }

  answer evaluate(const request& what) const {
    if (const auto* keys = std::get_if<key_read>(&what))
      return evaluate(keys->query);
    return rows_.evaluate(std::get<catalog_read>(what).query);
  }

  void read(std::size_t id) {
    const auto& op = checks.clients().at(id);
    const auto options = *options_of(op.what);
    if (options.min_index == 0 || evaluate(op.what).index > options.min_index)
      return answer_read(id);
    watches_.push_back(id);
    at(now_ + options.wait, [this, id] {
      if (std::erase(watches_, id) > 0)
        answer_read(id);
    });
  }

  void answer_read(std::size_t id) {
    answer_later(id, outcome_of(result<owner::read_answer>{owner::read_answer{
                       evaluate(checks.clients().at(id).what)}}));
  }

  void wake() {
    std::erase_if(watches_, [this](std::size_t id) {
      const auto& op = checks.clients().at(id);
      if (evaluate(op.what).index <= options_of(op.what)->min_index)
        return false;
      answer_read(id);
      return true;
    });
  }

  // -- sessions ---------------------------------------------------------------

  void follow_sessions() {
    auto ttls = *decode<leader::session_clock::ttls>(
      *keys_.evaluate({kv::query_kind::session_ttls, {}, {}, {}}).body);
    if (bug_ == toy_bug::eternal_sessions)
      ttls.clear();
    if (bug_ == toy_bug::hasty_sessions)
      for (auto& [id, ttl] : ttls)
        ttl /= 4;
    clock_.follow(ttls, time_point{now_});
    if (const auto next = clock_.next_deadline())
      at(std::max(now_, next->time_since_epoch()), [] {});
  }

  void expire() {
    for (auto& id : clock_.expire(time_point{now_}))
      append(kv::command{kv::destroy_session{id}}, std::nullopt);
    if (const auto next = clock_.next_deadline();
        next && next->time_since_epoch() > now_ && events_.empty())
      at(next->time_since_epoch(), [] {});
  }

  // -- outlet -----------------------------------------------------------------

  void apply_kv(kv::apply x) override {
    steps_.push_back([this, x = std::move(x)]() mutable {
      owner::applied out;
      for (auto& c : x.commands)
        out.results.push_back(apply_one(c));
      pipeline_.kv_applied(done(std::move(out), x.upto));
    });
  }

  command_result apply_one(owner::numbered<kv::command>& c) {
    auto* put = std::get_if<kv::write_key>(&c.command);
    ++applied_;
    if (put != nullptr && bug_ == toy_bug::lost_writes && applied_ % 11 == 0
        && put->operation.what == kv::verb::set)
      return {{}, "true", c.index};
    if (put != nullptr && bug_ == toy_bug::double_locks
        && put->operation.what == kv::verb::lock) {
      auto x = keys_.apply(c.index, c.ts, c.command);
      if (x.body == "false")
        x.body = "true";
      return x;
    }
    auto* all = std::get_if<kv::transaction>(&c.command);
    if (all != nullptr && bug_ == toy_bug::half_transactions && c.index % 3 == 0
        && all->operations.size() > 1) {
      // Answers as if it were whole.
      const auto whole = keys_.prepare(c.index, c.ts, c.command);
      keys_.abort();
      if (whole.code == errc{}) {
        all->operations.pop_back();
        (void)keys_.apply(c.index, c.ts, std::move(c.command));
      }
      return whole;
    }
    return keys_.apply(c.index, c.ts, std::move(c.command));
  }

  owner::applied done(owner::applied out, log_index upto) {
    out.upto = upto;
    out.session_count = keys_.session_count();
    (void)keys_.take_touched();
    return out;
  }

  void apply_catalog(catalog::apply x) override {
    steps_.push_back([this, x = std::move(x)] {
      owner::applied out;
      for (const auto& c : x.commands)
        out.results.push_back(rows_.apply(c.index, c.ts, c.command));
      out.upto = x.upto;
      out.losses = rows_.take_losses();
      pipeline_.catalog_applied(std::move(out));
    });
  }

  void hold_kv(log_index) override {
    steps_.push_back([this] { pipeline_.kv_held(); });
  }

  void prepare_kv(kv::prepare x) override {
    steps_.push_back([this, x = std::move(x)] {
      pipeline_.kv_prepared(
        keys_.prepare(x.command.index, x.command.ts, x.command.command));
    });
  }

  void prepare_catalog(catalog::prepare x) override {
    steps_.push_back([this, x = std::move(x)] {
      pipeline_.catalog_prepared(
        rows_.prepare(x.command.index, x.command.ts, x.command.command));
    });
  }

  void decide_kv(owner::decide x) override {
    steps_.push_back([this, x] {
      x.commit ? keys_.commit() : keys_.abort();
      pipeline_.kv_applied(done({}, x.index));
    });
  }

  void decide_catalog(owner::decide x) override {
    steps_.push_back([this, x] {
      x.commit ? rows_.commit() : rows_.abort();
      owner::applied out;
      out.upto = x.index;
      out.losses = rows_.take_losses();
      pipeline_.catalog_applied(std::move(out));
    });
  }

  void take_checkpoint(log_index) override {}
  void write_checkpoint(checkpoint_mark, std::vector<row>) override {}
  void published(log_index) override {}
  void fatal(std::string) override {}

  // -- member variables -------------------------------------------------------

  rng random_;
  toy_bug bug_;
  workload work_;

public:
  checkers checks;

private:
  kv::kv_core keys_;
  catalog::catalog_core rows_;
  leader::session_clock clock_;
  state::pipeline pipeline_;
  std::deque<std::function<void()>> steps_;
  std::multimap<moment, std::function<void()>> events_;
  std::map<std::size_t, std::uint64_t> owners_;
  /// Reads that wait.
  std::vector<std::size_t> watches_;
  std::vector<answer> old_;
  moment now_{0};
  moment stop_{0};
  log_index last_ = 0;
  std::uint64_t seq_ = 0;
  std::uint64_t applied_ = 0;
};

} // namespace praetor::sim
