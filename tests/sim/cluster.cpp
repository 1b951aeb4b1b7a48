#include "tests/sim/cluster.hpp"

#include "runtime/base/sometimes.hpp"
#include "tests/sim/check/harness.hpp"
#include "tests/sim/random.hpp"

#include <algorithm>
#include <utility>

namespace praetor::sim {

namespace {

/// More steps than this without time moving: something turns in circles.
constexpr std::uint64_t steps_at_once_max = 2'000'000;

std::string role_name(raft::role x) {
  switch (x) {
    case raft::role::follower: return "follower";
    case raft::role::pre_candidate: return "pre-candidate";
    case raft::role::candidate: return "candidate";
    case raft::role::leader: return "leader";
  }
  return "?";
}

} // namespace

// -- construction -------------------------------------------------------------

std::vector<cluster::server> cluster::make_nodes(const sim_case& x,
                                                 const settings& values) {
  auto random = stream(x.seed, "clocks");
  std::vector<server> out(x.nodes + static_cast<std::size_t>(values.learners));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].name = "s" + std::to_string(i + 1);
    out[i].disk = std::make_unique<node_disk>(
      stream(x.seed, out[i].name).next(),
      disk_speed{std::chrono::microseconds{values.sync_min_us},
                 std::chrono::microseconds{values.sync_mean_us}},
      values.leveldb != 0,
      static_cast<std::size_t>(values.leveldb_buffer_kb) << 10U);
    // Clocks begin anywhere: comparing those of two machines must not work.
    const auto offset =
      std::chrono::seconds{1'000 + between(random, 0, 1'000'000)};
    out[i].clock = std::make_unique<node_clock>(
      offset, between(random, -values.clock_ppm, values.clock_ppm),
      between(random, -values.wall_ms, values.wall_ms));
  }
  return out;
}

std::vector<watched_node> cluster::watched() const {
  std::vector<watched_node> out;
  for (const auto& x : nodes_)
    out.push_back({x.name, x.disk.get(), x.clock.get()});
  return out;
}

cluster::cluster(const sim_case& x, const settings& values, trace& log)
  : seed_{x.seed},
    values_{values},
    trace_{log},
    events_{stream(x.seed, "ties"), std::chrono::microseconds{values.grain_us}},
    founders_{x.nodes},
    nodes_{make_nodes(x, values)},
    invariants_{watched(),
                [this](std::string invariant, std::string text) {
                  report(std::move(invariant), std::move(text));
                }},
    net_{x.seed,
         nodes_.size(),
         values_,
         events_,
         now_,
         trace_,
         [this](std::size_t to, raft::message m) {
           if (nodes_[to].process)
             nodes_[to].process->deliver(std::move(m));
         }},
    calls_{x.seed, events_, now_, net_,
           [this](std::size_t node) {
             return nodes_[node].process ? &nodes_[node].process->service()
                                         : nullptr;
           }},
    choices_{stream(x.seed, "sched")},
    luck_{stream(x.seed, "crash")} {}

cluster::~cluster() {
  killing_ = true;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    calls_.gone(i);
    nodes_[i].process.reset();
  }
}

std::optional<std::size_t> cluster::find(const std::string& name) const {
  if (name == "leader")
    return leader();
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].name == name)
      return i;
  return std::nullopt;
}

std::size_t cluster::running() const {
  return static_cast<std::size_t>(
    std::count_if(nodes_.begin(), nodes_.end(), [](const server& x) {
      return x.process != nullptr && !x.paused;
    }));
}

void cluster::report(std::string invariant, std::string text) {
  if (finding_)
    return;
  trace_.line(now_, "FINDING " + invariant + " " + text);
  finding_ = {std::move(invariant), std::move(text), now_};
}

// -- time ---------------------------------------------------------------------

void cluster::run_until(moment end) {
  std::uint64_t at_once = 0;
  auto last = now_;
  while (!finding_ && step(end)) {
    ++steps_;
    at_once = now_ == last ? at_once + 1 : 0;
    last = now_;
    if (at_once > steps_at_once_max)
      report("endless", "actors go on without end at one moment");
    if (!watchers_.empty())
      ask_watchers();
  }
}

void cluster::watch(moment until, std::function<bool()> condition) {
  watchers_.push_back({until, std::move(condition)});
}

/// A condition may add others.
void cluster::ask_watchers() {
  for (auto& x : std::exchange(watchers_, {}))
    if (now_ <= x.until && !x.condition())
      watchers_.push_back(std::move(x));
}

bool cluster::step(moment end) {
  if (run_actor())
    return true;
  auto next = events_.next();
  process* rings = nullptr;
  for (const auto& x : nodes_) {
    if (!x.process || x.paused)
      continue;
    const auto timer = x.process->next_timer();
    if (timer && (!next || *timer < *next)) {
      next = timer;
      rings = x.process.get();
    }
  }
  if (!next || *next > end) {
    set_time(end);
    return false;
  }
  set_time(std::max(*next, now_));
  if (rings != nullptr) {
    trace_.add(static_cast<std::uint64_t>(now_.count()));
    rings->ring();
  } else {
    events_.take()();
  }
  bury();
  return true;
}

void cluster::set_time(moment at) {
  if (at <= now_)
    return;
  now_ = at;
  for (const auto& x : nodes_)
    if (x.process)
      x.process->set_time();
}

cluster::choice cluster::choose() {
  std::size_t total = 0;
  for (const auto& x : nodes_)
    if (x.process && !x.paused)
      total += x.process->ready();
  if (total == 0)
    return {};
  auto n = values_.schedule == 1 ? total - 1 : choices_.below(total);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& x = nodes_[i];
    if (!x.process || x.paused)
      continue;
    if (n < x.process->ready())
      return {x.process.get(), i, n};
    n -= x.process->ready();
  }
  return {};
}

bool cluster::run_actor() {
  auto next = choose();
  if (next.process == nullptr)
    return false;
  if (values_.schedule == 2
      && next.process->who(next.number) % 16
           == static_cast<std::uint64_t>(values_.starved)
      && choices_.below(8) != 0)
    next = choose();
  const auto id = next.process->step(next.number);
  trace_.add((next.node << 32U) | id);
  bury();
  return true;
}

/// Ends the processes that asked for it.
void cluster::bury() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i].stopping)
      continue;
    const auto why = *std::exchange(nodes_[i].stopping, std::nullopt);
    if (!nodes_[i].process)
      continue;
    note(name(i) + " stops itself: " + why);
    sometimes("sim: a server stopped itself");
    crash(i, luck_.below(2) == 0);
    const auto back = std::chrono::seconds{1 + luck_.below(5)};
    events_.add(now_ + back, [this, i] { start(i); });
  }
}

// -- what befalls servers
// -------------------------------------------------------

void cluster::crash(std::size_t node, bool power) {
  auto& x = nodes_[node];
  if (!x.process)
    return;
  note(x.name + (power ? " loses power" : " crashes"));
  killing_ = true;
  x.process->crash(luck_, !power || harness_mutant("H4"));
  calls_.gone(node);
  x.process.reset();
  killing_ = false;
  x.stopping.reset();
  x.paused = false;
  x.disk->close(power && !harness_mutant("H4"));
  invariants_.crashed(node);
  if (observer_ != nullptr)
    observer_->node_leads(x.name, false, now_);
}

void cluster::start(std::size_t node) {
  auto& x = nodes_[node];
  if (x.process || finding_)
    return;
  process_options o;
  o.node = node;
  o.id = x.name;
  o.values = values_;
  o.seed = seed_;
  o.host = this;
  o.events = &events_;
  o.now = &now_;
  o.disk = x.disk.get();
  o.clock = x.clock.get();
  if (values_.forward != 0)
    o.network = network_of(
      calls_, node, [this](const std::string& name) { return find(name); });
  if (node < founders_) {
    o.founders.emplace();
    for (std::size_t i = 0; i < founders_; ++i)
      o.founders->members.push_back(
        {{nodes_[i].name}, "10.0.0." + std::to_string(i + 1), true});
  }
  // Fewer lines: the first start is no news.
  if (std::exchange(x.started_before, true))
    note(x.name + " starts again");
  auto started = process::start(std::move(o));
  if (!started) {
    note(x.name + " cannot start: " + started.error().context);
    sometimes("sim: a server refused its disk");
    x.disk->close(false);
    if (!x.disk->damaged())
      report("start", x.name + ": " + started.error().context);
    return;
  }
  x.process = std::move(*started);
  // Loading has settled what of the last writes is there.
  invariants_.started(node, now_);
  if (observer_ != nullptr)
    observer_->node_started(x.name, now_);
}

void cluster::pause(std::size_t node, bool on) {
  auto& x = nodes_[node];
  if (!x.process || x.paused == on)
    return;
  note(x.name + (on ? " is paused" : " goes on"));
  x.paused = on;
  invariants_.paused(node, on, now_);
  if (observer_ != nullptr)
    observer_->node_paused(x.name, now_);
}

void cluster::repair_disk(std::size_t node) {
  auto& x = nodes_[node];
  x.disk->repair();
  if (x.process)
    x.process->wake_disk();
}

std::string cluster::describe() const {
  std::string out;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& v = invariants_.view(i);
    out += "\n  " + nodes_[i].name + " ";
    if (!nodes_[i].process) {
      out += "down";
      continue;
    }
    out += role_name(v.role) + " term " + std::to_string(v.term) + " commit "
           + std::to_string(v.commit) + " last " + std::to_string(v.last)
           + " given " + std::to_string(v.given) + " applied "
           + std::to_string(v.applied) + " durable "
           + std::to_string(nodes_[i].disk->position().last) + " checkpoint "
           + std::to_string(nodes_[i].disk->mark().index) + " leader '"
           + v.leader + "'" + " writes waiting "
           + std::to_string(nodes_[i].process->writes_waiting());
    out += invariants_.peers_of(i);
    if (nodes_[i].paused)
      out += " paused";
    if (nodes_[i].disk->hanging())
      out += " disk hangs";
  }
  return out;
}

// -- process_host -------------------------------------------------------------

void cluster::raft_stepped(std::size_t node, const raft::raft_core& core,
                           const raft::effects& done) {
  if (killing_)
    return;
  const auto before = invariants_.view(node).role;
  invariants_.stepped(node, core, done, now_);
  if (nodes_[node].process)
    invariants_.writes_waiting(node, nodes_[node].process->writes_waiting());
  if (before != core.role())
    note(nodes_[node].name + " " + role_name(core.role()) + " in term "
         + std::to_string(core.term()));
}

void cluster::sends(std::size_t node, raft::message m) {
  if (killing_ || nodes_[node].stopping)
    return;
  if (const auto to = find(m.to.value))
    net_.send(node, *to, m);
}

void cluster::commits(std::size_t node, const raft::committed& entries) {
  if (killing_)
    return;
  invariants_.committed(node, entries);
  if (observer_ != nullptr)
    for (const auto& x : entries.entries)
      observer_->entry_applied(nodes_[node].name, *x.entry, now_);
}

void cluster::installs(std::size_t node, log_index index) {
  if (killing_)
    return;
  sometimes("sim: tables were taken over");
  note(nodes_[node].name + " takes over tables of " + std::to_string(index));
  invariants_.installed(node, index);
  if (observer_ != nullptr)
    observer_->tables_installed(nodes_[node].name, index, now_);
}

void cluster::applied(std::size_t node, bool kv,
                      const owner::applied& results) {
  if (!killing_)
    invariants_.applied(node, kv, results);
}

void cluster::leads(std::size_t node, const raft::leadership& x) {
  if (!killing_ && observer_ != nullptr)
    observer_->node_leads(nodes_[node].name, x.self, now_);
}

void cluster::checkpointed(std::size_t node) {
  if (killing_)
    return;
  sometimes("sim: a checkpoint was written");
  invariants_.checkpointed(node);
}

void cluster::broken(std::size_t node, std::string invariant,
                     std::string text) {
  report(std::move(invariant), nodes_[node].name + ": " + text);
}

void cluster::stops(std::size_t node, std::string why) {
  if (!killing_ && !nodes_[node].stopping)
    nodes_[node].stopping = std::move(why);
}

} // namespace praetor::sim
