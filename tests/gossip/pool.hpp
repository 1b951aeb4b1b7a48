// A pool of gossip cores with a network and a clock under control of a test:
// packets and streams take a moment, and are lost if the test wants that. What
// happens follows from the seed alone.
//
// While it runs, the pool checks:
// - nobody believes an incarnation that its owner has not reached
// - each core's own invariants
// - queues stay bounded

#pragma once

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/rng.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::gossip::test {

inline constexpr time_point start = time_point{} + std::chrono::hours{1};

inline member_facts facts_of(const std::string& name) {
  member_facts x;
  x.name = name;
  x.node_id = "id-of-" + name;
  x.at = {"at-" + name, 8301};
  x.cluster_id = "cluster";
  x.datacenter = "dc1";
  x.tags = {{"role", "node"}, {"id", x.node_id}};
  return x;
}

class pool {
public:
  struct node {
    core_options opts;
    std::unique_ptr<gossip_core> core;
    std::optional<pool_snapshot> disk;
    std::optional<time_point> timer;
    stream_id last_accepted = 1;
    /// Nodes of other groups are out of reach.
    int group = 0;
    /// Until then it does nothing, like a process that is stopped: what
    /// arrives waits.
    time_point paused_until;
    /// What it reported, by kind: who.
    std::vector<std::pair<member_event::kind, std::string>> log;
    std::vector<user_event> events;
    std::vector<join_outcome> joins;
    bool left = false;
    bool name_lost = false;
    /// The highest incarnation that it ever had.
    std::uint32_t incarnation = 0;
    std::uint64_t packets = 0;
  };

  explicit pool(std::uint64_t seed) : rng_{seed} {}

  time_point now = start;
  std::uint64_t loss_percent = 0;
  duration delay_min = std::chrono::microseconds{200};
  duration delay_max = std::chrono::milliseconds{2};
  std::map<std::string, node> nodes;
  /// Only packets are lost between these, streams are not.
  std::set<std::pair<std::string, std::string>> no_packets;
  /// No streams can be opened between these.
  std::set<std::pair<std::string, std::string>> no_streams;
  /// Whether snapshots are kept; large pools have no room for them.
  bool keep_disks = true;
  /// Sees the effects of each step, if set.
  std::function<void(const std::string&, const effects&)> observer;
  /// What was violated; empty if nothing.
  std::vector<std::string> violations;

  node& add(core_options opts) {
    const auto name = opts.self.name;
    return add_as(name, std::move(opts));
  }

  /// Adds a node that the test knows by another name than the others do.
  node& add_as(const std::string& name, core_options opts) {
    auto& x = nodes[name];
    x.opts = std::move(opts);
    by_address_[x.opts.self.at.address] = name;
    boot(name);
    return x;
  }

  node& add(const std::string& name) {
    core_options opts;
    opts.self = facts_of(name);
    return add(std::move(opts));
  }

  /// Adds n1 to n<count>; all but the first join the first, or one before.
  void grow(std::size_t count) {
    for (std::size_t i = nodes.size() + 1; i <= count; ++i) {
      const auto name = "n" + std::to_string(i);
      add(name);
      if (i > 1)
        join(name, "n" + std::to_string(1 + rng_.below(i - 1)));
    }
  }

  void boot(const std::string& name) {
    auto& x = nodes.at(name);
    PRAETOR_ASSERT(!x.core);
    x.opts.seed = rng_.next();
    x.core = std::make_unique<gossip_core>(x.opts, x.disk, now);
    x.left = false;
    step(name, begin{});
  }

  void crash(const std::string& name) {
    auto& x = nodes.at(name);
    x.core.reset();
    set_timer(name, std::nullopt);
    for (auto it = streams_.begin(); it != streams_.end();) {
      if (it->first.first != name) {
        ++it;
        continue;
      }
      const auto peer = it->second;
      streams_.erase(it);
      streams_.erase(peer);
      it = streams_.begin();
      later([this, peer] { step(peer.first, stream_closed{peer.second, ""}); });
    }
  }

  void join(const std::string& name, const std::string& seed) {
    step(name, join_request{++last_join_, {nodes.at(seed).opts.self.at}});
  }

  void step(const std::string& name, const input& in) {
    const auto found = nodes.find(name);
    if (found == nodes.end() || !found->second.core)
      return;
    if (now < found->second.paused_until) {
      postpone(name, found->second, in);
      return;
    }
    auto out = found->second.core->step(in, now);
    perform(name, found->second, out);
  }

  /// Lets time pass.
  void run(duration span) {
    const auto end = now + span;
    for (;;) {
      const auto timer = timers_.empty() ? end : timers_.begin()->first;
      const auto event = agenda_.empty() ? end : agenda_.begin()->first.first;
      const auto next = std::min(timer, event);
      if (next >= end)
        break;
      now = std::max(now, next);
      if (event <= timer) {
        const auto what = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        what();
      } else {
        const auto name = timers_.begin()->second; // The step removes it.
        step(name, tick{});
      }
      check_if_due();
    }
    now = end;
    check_if_due();
  }

  /// Fills `violations`; looks at each member of each node.
  void check() {
    for (const auto& [name, x] : nodes) {
      if (!x.core)
        continue;
      x.core->check_invariants();
      if (x.core->queue().size()
          > 4 * std::max<std::size_t>(4096, 2 * nodes.size()))
        violations.push_back("the queue of " + name + " is too long");
      for (const auto& [key, m] : x.core->members()) {
        const auto owner = nodes.find(m.facts->name);
        if (owner != nodes.end()
            && owner->second.opts.self.node_id == m.facts->node_id
            && m.incarnation > owner->second.incarnation)
          violations.push_back(name + " believes an incarnation of "
                               + m.facts->name + " that never was");
      }
    }
  }

  /// Lets time pass until the condition holds; false if it did not in `span`.
  bool run_until(const std::function<bool()>& condition, duration span) {
    const auto end = now + span;
    while (!condition()) {
      if (now >= end)
        return false;
      run(std::chrono::milliseconds{20});
    }
    return true;
  }

  // -- questions --------------------------------------------------------------

  /// What `viewer` thinks of `about`; nothing if it does not know it.
  std::optional<member_status> status(const std::string& viewer,
                                      const std::string& about) const {
    const auto* m = nodes.at(viewer).core->members().find(key_of(about));
    if (m == nullptr)
      return std::nullopt;
    return m->status();
  }

  /// Whether all running nodes think that of `about`.
  bool all_think(const std::string& about,
                 std::optional<member_status> what) const {
    return std::all_of(nodes.begin(), nodes.end(), [&](const auto& n) {
      return !n.second.core || n.first == about
             || status(n.first, about) == what;
    });
  }

  /// Whether each running node sees exactly the running ones as alive, none as
  /// suspect.
  bool converged() const {
    std::size_t running = 0;
    for (const auto& [name, x] : nodes)
      running += x.core && !x.left ? 1 : 0;
    for (const auto& [name, x] : nodes)
      if (x.core && !x.left
          && x.core->members().count(member_state::alive) != running)
        return false;
    for (const auto& [name, x] : nodes)
      if (!x.core && !all_but_unknown(name))
        return false;
    return true;
  }

  std::size_t reports(member_event::kind what) const {
    std::size_t sum = 0;
    for (const auto& [name, x] : nodes)
      for (const auto& entry : x.log)
        sum += entry.first == what ? 1 : 0;
    return sum;
  }

  duration check_interval = std::chrono::milliseconds{100};

private:
  using stream_end = std::pair<std::string, stream_id>;

  bool all_but_unknown(const std::string& about) const {
    return std::all_of(nodes.begin(), nodes.end(), [&](const auto& n) {
      if (!n.second.core || n.second.left)
        return true;
      const auto s = status(n.first, about);
      return s != member_status::alive && s != member_status::leaving;
    });
  }

  duration delay() {
    return delay_min
           + duration{static_cast<duration::rep>(rng_.below(
             static_cast<std::uint64_t>((delay_max - delay_min).count())))};
  }

  void later(std::function<void()> what) {
    agenda_[{now + delay(), ++last_event_}] = std::move(what);
  }

  bool connected(const std::string& a, const std::string& b) const {
    const auto x = nodes.find(a);
    const auto y = nodes.find(b);
    return x != nodes.end() && y != nodes.end()
           && x->second.group == y->second.group;
  }

  void postpone(const std::string& name, node& x, const input& in) {
    if (std::holds_alternative<tick>(in))
      set_timer(name, x.paused_until);
    else
      agenda_[{x.paused_until, ++last_event_}] = [this, name, in] {
        step(name, in);
      };
  }

  void set_timer(const std::string& name, std::optional<time_point> at) {
    auto& x = nodes.at(name);
    if (x.timer)
      timers_.erase({*x.timer, name});
    x.timer = at;
    if (at)
      timers_.insert({*at, name});
  }

  void perform(const std::string& name, node& x, const effects& out) {
    if (out.snapshot && keep_disks) {
      auto stored = decode_snapshot(*out.snapshot);
      PRAETOR_ASSERT(static_cast<bool>(stored));
      x.disk = *stored;
    }
    for (const auto& p : out.packets)
      send_packet(name, p);
    x.packets += out.packets.size();
    for (const auto& s : out.opens)
      open_stream(name, s);
    for (const auto& f : out.frames)
      send_frame({name, f.stream}, f.bytes);
    for (const auto id : out.closes)
      close_stream({name, id});
    for (const auto& e : out.members)
      x.log.emplace_back(e.what, e.facts->name);
    x.events.insert(x.events.end(), out.events.begin(), out.events.end());
    x.joins.insert(x.joins.end(), out.joins.begin(), out.joins.end());
    x.left = x.left || out.left;
    x.name_lost = x.name_lost || out.name_lost;
    if (x.core->incarnation() < x.incarnation)
      violations.push_back("the incarnation of " + name + " went back");
    x.incarnation = std::max(x.incarnation, x.core->incarnation());
    set_timer(name, out.next_timer);
    if (observer)
      observer(name, out);
  }

  void send_packet(const std::string& from, const packet_out& p) {
    const auto to = by_address_.find(p.to.address);
    if (p.bytes.size() > nodes.at(from).opts.packet_bytes)
      violations.push_back("a packet of " + std::to_string(p.bytes.size()));
    if (to == by_address_.end() || rng_.below(100) < loss_percent
        || no_packets.contains({from, to->second}))
      return;
    later([this, from, name = to->second, bytes = p.bytes] {
      if (connected(from, name))
        step(name, packet_received{nodes.at(from).opts.self.at, bytes});
    });
  }

  void open_stream(const std::string& from, const stream_open& s) {
    const auto to = by_address_.find(s.to.address);
    if (to == by_address_.end() || !connected(from, to->second)
        || !nodes.at(to->second).core
        || no_streams.contains({from, to->second})) {
      later([this, from, id = s.stream] {
        step(from, stream_closed{id, "connection refused"});
      });
      return;
    }
    const stream_end near{from, s.stream};
    const stream_end far{to->second, nodes.at(to->second).last_accepted += 2};
    streams_[near] = far;
    streams_[far] = near;
    send_frame(near, s.bytes);
  }

  /// Frames of a stream stay in order, and ahead of its end.
  void send_frame(const stream_end& from, const std::string& bytes) {
    const auto to = streams_.find(from);
    if (to == streams_.end())
      return;
    in_order(from, [this, from, peer = to->second, bytes] {
      if (connected(from.first, peer.first))
        step(peer.first,
             frame_received{peer.second, nodes.at(from.first).opts.self.at,
                            bytes});
    });
  }

  void close_stream(const stream_end& from) {
    const auto to = streams_.find(from);
    if (to == streams_.end())
      return;
    in_order(from, [this, from, peer = to->second] {
      streams_.erase(from);
      streams_.erase(peer);
      if (connected(from.first, peer.first))
        step(peer.first, stream_closed{peer.second, ""});
    });
  }

  void in_order(const stream_end& from, std::function<void()> what) {
    auto& last = last_on_stream_[from];
    last = std::max(last, now + delay());
    agenda_[{last, ++last_event_}] = std::move(what);
  }

  void check_if_due() {
    if (now < next_check_)
      return;
    check();
    next_check_ = now + check_interval;
  }

  rng rng_;
  time_point next_check_ = start;
  std::map<std::string, std::string> by_address_;
  std::map<std::pair<time_point, std::uint64_t>, std::function<void()>> agenda_;
  std::set<std::pair<time_point, std::string>> timers_;
  std::map<stream_end, stream_end> streams_;
  std::map<stream_end, time_point> last_on_stream_;
  std::uint64_t last_event_ = 0;
  std::uint64_t last_join_ = 0;
};

} // namespace praetor::gossip::test
