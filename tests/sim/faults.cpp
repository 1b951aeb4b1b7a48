#include "tests/sim/faults.hpp"

#include "runtime/base/sometimes.hpp"
#include "tests/sim/check/harness.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace praetor::sim {

namespace {

using std::chrono::milliseconds;

/// Which servers are in the first of two groups.
std::vector<bool> random_group(rng& random, std::size_t n) {
  std::vector<bool> out(n);
  for (std::size_t i = 0; i < n; ++i)
    out[i] = random.below(2) == 0;
  return out;
}

/// Whether a link is cut by a shape. `special` is the lone one or the bridge.
bool separates(shape x, const std::vector<bool>& group, std::size_t special,
               std::size_t a, std::size_t b) {
  const auto n = group.size();
  switch (x) {
    case shape::halves: return group[a] != group[b];
    case shape::alone: return (a == special) != (b == special);
    case shape::bridge:
      return a != special && b != special && group[a] != group[b];
    case shape::ring: return (a + 1) % n != b && (b + 1) % n != a;
  }
  return false;
}

} // namespace

faults::faults(const sim_case& x, cluster& servers, clients& who)
  : list_{x.faults}, servers_{servers}, clients_{who}, seed_{x.seed} {}

void faults::begin() {
  for (const auto& x : list_)
    servers_.events().add(duration{static_cast<std::int64_t>(x.at_ns)},
                          [this, &x] {
                            if (!servers_.calm())
                              befall(x);
                          });
}

void faults::befall(const decision& x) {
  if (x.kind == "crash" || x.kind == "crash_at" || x.kind == "damage")
    crash(x);
  else if (x.kind == "power_loss")
    power_loss(x);
  else if (x.kind == "pause")
    pause(x);
  else if (x.kind == "partition")
    partition(x);
  else if (x.kind == "clog")
    clog(x);
  else if (x.kind == "stall" || x.kind == "hang" || x.kind == "sync_error"
           || x.kind == "clock_jump")
    disk_fault(x);
  else if (x.kind == "numb")
    numb(x);
  else if (x.kind == "transfer" || x.kind == "members")
    change_members(x);
  else if (x.kind == "scenario")
    begin_scenario(servers_, x);
}

void faults::restart_after(std::size_t node, std::int64_t ms) {
  servers_.events().add(servers_.now() + milliseconds{ms}, [this, node] {
    if (!servers_.calm())
      servers_.start(node);
  });
}

void faults::crash(const decision& x) {
  const auto node = servers_.find(x.node);
  if (!node || !servers_.up(*node))
    return;
  // The failing disk ends the process, which comes back by itself.
  if (x.kind == "crash_at" && !harness_mutant("H4"))
    return servers_.disk(*node).crash_within(x.number);
  servers_.crash(*node, x.number == 1);
  if (x.kind == "damage")
    servers_.disk(*node).damage();
  restart_after(*node, x.value);
}

void faults::power_loss(const decision& x) {
  sometimes("sim: all servers lost power");
  for (std::size_t i = 0; i < servers_.size(); ++i)
    if (servers_.up(i)) {
      servers_.crash(i, true);
      restart_after(i, x.value + static_cast<std::int64_t>(i) * 50);
    }
}

void faults::pause(const decision& x) {
  const auto node = servers_.find(x.node);
  if (!node)
    return;
  servers_.pause(*node, true);
  servers_.events().add(servers_.now() + milliseconds{x.value},
                        [this, node] { servers_.pause(*node, false); });
}

void faults::numb(const decision& x) {
  const auto node = servers_.find(x.node);
  if (!node || !servers_.up(*node))
    return;
  servers_.note(servers_.name(*node) + " applies nothing");
  servers_.running(*node)->numb(true);
  servers_.events().add(servers_.now() + milliseconds{x.value}, [this, node] {
    if (auto* process = servers_.running(*node))
      process->numb(false);
  });
}

void faults::partition(const decision& x) {
  auto random = stream(seed_ ^ x.at_ns, "partition");
  const auto n = servers_.size();
  const auto group = random_group(random, n);
  const auto special = servers_.find(x.node).value_or(random.below(n));
  const auto form = static_cast<shape>(x.number % 4);
  std::vector<std::pair<std::size_t, std::size_t>> cut;
  for (std::size_t a = 0; a < n; ++a)
    for (std::size_t b = 0; b < n; ++b)
      if (a != b && separates(form, group, special, a, b)
          && (x.client == 0 || a == special || (a != special && group[a])))
        cut.emplace_back(a, b);
  std::string text = "cut:";
  for (const auto& [a, b] : cut) {
    servers_.net().cut(a, b, true);
    text += " " + servers_.name(a) + ">" + servers_.name(b);
  }
  servers_.note(text);
  sometimes("sim: a bridge joined two groups",
            form == shape::bridge && servers_.leader() == special);
  servers_.events().add(servers_.now() + milliseconds{x.value}, [this, cut] {
    for (const auto& [a, b] : cut)
      servers_.net().cut(a, b, false);
    servers_.note("cut ends");
  });
}

void faults::clog(const decision& x) {
  const auto a = servers_.find(x.node);
  const auto b = servers_.find(x.peer);
  if (a && b && *a != *b)
    servers_.net().clog(*a, *b, servers_.now() + milliseconds{x.value});
}

void faults::disk_fault(const decision& x) {
  const auto node = servers_.find(x.node);
  if (!node)
    return;
  auto& disk = servers_.disk(*node);
  if (x.kind == "stall")
    disk.stall(servers_.now() + milliseconds{x.value});
  else if (x.kind == "hang")
    disk.hang();
  else if (x.kind == "clock_jump")
    servers_.clock(*node).jump(x.value);
  else if (servers_.up(*node))
    disk.fail_next(x.number == 1 || harness_mutant("H4") ? write_fault::kept
                                                         : write_fault::lost);
  servers_.note(servers_.name(*node) + " " + x.kind);
}

/// Asks whoever leads; what comes of it, is up to Raft.
void faults::change_members(const decision& x) {
  const auto leader = servers_.leader();
  if (!leader)
    return;
  auto* process = servers_.running(*leader);
  if (x.kind == "transfer") {
    std::optional<peer_id> heir;
    if (!x.peer.empty())
      heir = peer_id{x.peer};
    servers_.note("transfer to " + (heir ? x.peer : "anybody"));
    return process->transfer_leadership(heir);
  }
  auto next = servers_.state().view(*leader).members;
  auto& all = next.members;
  const auto node = servers_.find(x.node);
  if (!node)
    return;
  const auto found =
    std::find_if(all.begin(), all.end(),
                 [&x](const raft::member& m) { return m.id.value == x.node; });
  if (x.number == 2 && found != all.end() && all.size() > 1)
    all.erase(found);
  else if (x.number != 2 && found == all.end())
    all.push_back(
      {{x.node}, "10.0.0." + std::to_string(*node + 1), x.number == 1});
  else if (x.number == 1 && found != all.end())
    found->voter = true;
  else
    return;
  // Now and then another voter as well, which must be refused.
  if (x.at_ns % 4 == 0)
    if (const auto more = std::find_if(all.begin(), all.end(),
                                       [&x](const raft::member& m) {
                                         return m.voter && m.id.value != x.node;
                                       });
        more != all.end() && all.size() > 2)
      all.erase(more);
  servers_.note("members change: " + x.node + " " + std::to_string(x.number));
  servers_.start(*node);
  process->change_members(std::move(next), [](bool done) {
    sometimes("sim: the membership was changed", done);
  });
}

} // namespace praetor::sim
