#include "tests/sim/invariants.hpp"

#include "runtime/base/sometimes.hpp"
#include "tests/sim/check/harness.hpp"

#include <algorithm>
#include <string_view>

namespace praetor::sim {

namespace {

/// Writes that may wait for one disk.
constexpr std::size_t writes_max = 20'000;

std::uint64_t mix(std::uint64_t hash, std::uint64_t x) {
  hash = (hash ^ x) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 29U);
}

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const auto c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return mix(hash, text.size());
}

std::uint64_t hash_of(const log_entry& x, log_term previous) {
  auto hash = mix(previous, static_cast<std::uint64_t>(x.kind));
  hash = mix(hash, static_cast<std::uint64_t>(x.ts));
  hash = mix(hash, x.origin.seq);
  return mix(hash, x.payload);
}

std::string name_of(log_index index, log_term term) {
  return "(" + std::to_string(index) + ", term " + std::to_string(term) + ")";
}

} // namespace

invariants::invariants(std::vector<watched_node> nodes, report to)
  : nodes_{std::move(nodes)}, report_{std::move(to)}, states_(nodes_.size()) {}

void invariants::fail(const char* invariant, std::size_t node,
                      const std::string& text) {
  report_(invariant, nodes_[node].id + ": " + text);
}

// -- what happens -------------------------------------------------------------

void invariants::started(std::size_t node, moment now) {
  auto& x = states_[node];
  const auto& disk = *nodes_[node].disk;
  if (disk.hard().term < x.durable_term)
    fail("I6", node,
         "term " + std::to_string(disk.hard().term) + " after a restart, was "
           + std::to_string(x.durable_term));
  const auto durable = x.durable_term;
  x = {};
  x.durable_term = durable;
  x.view.up = true;
  x.view.given = disk.mark().index;
  x.running_since = now;
}

void invariants::crashed(std::size_t node) {
  states_[node].view.up = false;
  states_[node].core = nullptr;
  states_[node].view.role = raft::role::follower;
  states_[node].lease_until = moment{0};
}

void invariants::paused(std::size_t node, bool on, moment now) {
  states_[node].paused = on;
  states_[node].running_since = now;
}

void invariants::stepped(std::size_t node, const raft::raft_core& core,
                         const raft::effects& done, moment now) {
  auto& x = states_[node];
  if (x.core == nullptr)
    check_start(node, core);
  x.core = &core;
  auto& view = x.view;
  if (core.term() < view.term || core.commit() < view.commit)
    fail("I6", node, "term or commit fell");
  if (done.write)
    check_entries(node, core, done);
  check_messages(node, core, done);
  const auto leads = core.role() == raft::role::leader;
  if (leads && (view.role != raft::role::leader || view.term != core.term()))
    check_new_leader(node, core, now);
  if (core.commit() > view.commit)
    check_commit(node, core);
  check_reads(node, core, done, now);
  view.role = core.role();
  view.term = core.term();
  view.commit = core.commit();
  view.applied = core.applied();
  view.last = core.entries().last();
  view.leader = core.leader().value;
  if (view.members_index != core.memberships().latest_index()
      || view.members.members.empty()) {
    view.members_index = core.memberships().latest_index();
    view.members = core.memberships().latest();
  }
  x.durable_term = std::max(x.durable_term, nodes_[node].disk->hard().term);
  check_contact(node, core, now);
  check_disk(node, core, now);
}

// -- the log ------------------------------------------------------------------

const invariants::content* invariants::known(log_index index,
                                             log_term term) const {
  if (index == 0 || index > contents_.size())
    return nullptr;
  const auto& all = contents_[index - 1];
  const auto found =
    std::find_if(all.begin(), all.end(),
                 [term](const content& x) { return x.term == term; });
  return found == all.end() ? nullptr : &*found;
}

void invariants::check_entries(std::size_t node, const raft::raft_core& core,
                               const raft::effects& done) {
  for (const auto& entry : done.write->batch.entries) {
    const auto previous = core.entries().term(entry->index - 1).value_or(0);
    const auto& log = core.entries();
    if (log.in_memory(entry->index - 1)
        && log.at(entry->index - 1)->ts > entry->ts)
      fail("I6", node, "time fell at " + name_of(entry->index, entry->term));
    const auto hash = hash_of(*entry, previous);
    if (contents_.size() < entry->index)
      contents_.resize(entry->index);
    const auto* found = known(entry->index, entry->term);
    if (found == nullptr)
      contents_[entry->index - 1].push_back({entry->term, hash});
    else if (found->hash != hash && !harness_mutant("H3"))
      fail("I2", node,
           "other content at " + name_of(entry->index, entry->term));
    if (entry->kind == entry_kind::config)
      check_config(node, core, *entry);
  }
  if (done.truncated_from)
    sometimes("sim: entries were truncated");
}

void invariants::check_config(std::size_t node, const raft::raft_core& core,
                              const log_entry& entry) {
  if (core.role() != raft::role::leader || entry.term != core.term())
    return;
  const auto next = decode<raft::membership>(entry.payload);
  const auto [index, before] = core.memberships().at(entry.index - 1);
  if (!next || raft::voters_changed(*before, *next) > 1)
    fail("I9", node,
         "more than one voter changed at " + name_of(entry.index, entry.term));
  if (index > core.commit())
    fail("I9", node,
         "the membership before the one at " + name_of(entry.index, entry.term)
           + " is not committed");
  if (core.noop_index() > core.commit())
    fail("I9", node, "a membership before this term committed anything");
}

void invariants::check_new_leader(std::size_t node, const raft::raft_core& core,
                                  moment now) {
  const auto term = core.term();
  const auto [entry, fresh] = leaders_.emplace(term, node);
  if (!fresh && entry->second != node)
    fail("I1", node,
         "term " + std::to_string(term) + " has a leader, "
           + nodes_[entry->second].id);
  // Its own vote counts from here on; before, it may have been lost.
  vote(node, term, {nodes_[node].id});
  if (nodes_[node].disk->hard() != hard_state{term, {nodes_[node].id}})
    fail("I8", node, "leads before its own vote is durable");
  const auto& log = core.entries();
  for (auto i = log.start().index + 1; i <= committed_.size(); ++i) {
    const auto& x = committed_[i - 1];
    if (x.by < term && log.term(i) != x.what.term)
      return fail("I3", node,
                  "elected in term " + std::to_string(term)
                    + " without the committed " + name_of(i, x.what.term));
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (i != node && states_[i].view.up && states_[i].lease_term < term
        && states_[i].lease_until > now)
      fail("I10", node,
           "elected in term " + std::to_string(term) + " while " + nodes_[i].id
             + " has a lease");
}

void invariants::check_commit(std::size_t node, const raft::raft_core& core) {
  const auto& log = core.entries();
  for (auto i = states_[node].view.commit + 1; i <= core.commit(); ++i) {
    const auto term = log.term(i);
    if (!term)
      continue; // behind a checkpoint
    if (i <= committed_.size()) {
      if (committed_[i - 1].what.term != *term)
        return fail("I4", node,
                    "committed " + name_of(i, *term) + ", before it was term "
                      + std::to_string(committed_[i - 1].what.term));
      continue;
    }
    const auto* what = known(i, *term);
    committed_.resize(i);
    committed_[i - 1] = {what != nullptr ? *what : content{*term, 0},
                         core.term()};
  }
  if (core.role() != raft::role::leader || harness_mutant("H5"))
    return;
  const auto index = core.commit();
  const auto term = log.term(index).value_or(0);
  const auto voters = core.memberships().latest().voters();
  std::size_t holders = 0;
  for (const auto& x : nodes_)
    if (std::find(voters.begin(), voters.end(), peer_id{x.id}) != voters.end()
        && x.disk->holds(index, term))
      ++holders;
  if (2 * holders <= voters.size())
    fail("I5", node,
         "commits " + name_of(index, term) + " which is durable on "
           + std::to_string(holders) + " of " + std::to_string(voters.size()));
}

void invariants::committed(std::size_t node, const raft::committed& batch) {
  auto& given = states_[node].view.given;
  for (const auto& x : batch.entries) {
    const auto& entry = *x.entry;
    if (entry.index != given + 1)
      fail("I4", node,
           "applies " + std::to_string(entry.index) + " after "
             + std::to_string(given));
    given = entry.index;
    if (entry.index > committed_.size()
        || committed_[entry.index - 1].what.term != entry.term)
      fail("I4", node,
           "applies " + name_of(entry.index, entry.term)
             + " which is not what was committed");
  }
}

void invariants::installed(std::size_t node, log_index index) {
  auto& given = states_[node].view.given;
  if (index < given || index > committed_.size())
    fail("I4", node,
         "takes over tables of " + std::to_string(index) + " after "
           + std::to_string(given));
  given = index;
}

// -- promises in messages -----------------------------------------------------

void invariants::check_messages(std::size_t node, const raft::raft_core& core,
                                const raft::effects& done) {
  const auto& disk = *nodes_[node].disk;
  for (const auto& m : done.messages) {
    if (const auto* x = std::get_if<raft::append_reply>(&m.body)) {
      if (!x->ok || x->match == 0 || harness_mutant("H5"))
        continue;
      // Behind the start of the log, what is durable was committed.
      const auto term = core.entries().term(x->match);
      const auto safe = term ? disk.holds(x->match, *term)
                             : x->match <= core.entries().start().index
                                 && x->match <= std::max(disk.position().last,
                                                         disk.mark().index);
      if (!safe)
        fail("I8", node,
             "acknowledges " + name_of(x->match, term.value_or(0))
               + " before it is durable");
    } else if (const auto* v = std::get_if<raft::vote_reply>(&m.body)) {
      if (!v->granted)
        continue;
      vote(node, m.term, m.to);
      if (disk.hard() != hard_state{m.term, m.to})
        fail("I8", node,
             "votes in term " + std::to_string(m.term)
               + " before that is durable");
    }
  }
}

void invariants::vote(std::size_t node, log_term term, const peer_id& grantee) {
  const auto [entry, fresh] = votes_.emplace(std::pair{node, term}, grantee);
  if (!fresh && entry->second != grantee)
    fail("I7", node,
         "votes in term " + std::to_string(term) + " for " + grantee.value
           + ", and did for " + entry->second.value);
}

// -- time ---------------------------------------------------------------------

void invariants::check_reads(std::size_t node, const raft::raft_core& core,
                             const raft::effects& done, moment now) {
  auto& x = states_[node];
  x.lease_until = moment{0};
  if (core.role() == raft::role::leader) {
    x.lease_term = core.term();
    if (core.lease_granted() > nodes_[node].clock->local(now))
      x.lease_until = nodes_[node].clock->global(core.lease_granted());
  }
  for (const auto& read : done.reads) {
    if (!read.permit || read.permit->lease_until == time_point{})
      continue;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (states_[i].view.up && states_[i].view.role == raft::role::leader
          && states_[i].view.term > core.term())
        fail("I10", node,
             "serves a read by its lease of term " + std::to_string(core.term())
               + " while " + nodes_[i].id + " leads");
  }
}

/// A leader that has not heard of a majority for an election timeout must have
/// stepped down. Time in which it could not act does not count.
void invariants::check_contact(std::size_t node, const raft::raft_core& core,
                               moment now) {
  auto& x = states_[node];
  if (core.role() != raft::role::leader) {
    x.lonely_since.reset();
    return;
  }
  const auto local = nodes_[node].clock->local(now);
  std::vector<time_point> heard;
  for (const auto& voter : core.memberships().latest().voters()) {
    if (voter.value == nodes_[node].id) {
      heard.push_back(local);
      continue;
    }
    const auto* p = core.peer(voter);
    heard.push_back(p != nullptr && p->echoed ? *p->echoed : time_point{});
  }
  if (heard.empty())
    return;
  std::sort(heard.rbegin(), heard.rend());
  const auto contact = heard[heard.size() / 2];
  const auto& opts = core.options();
  const auto patience = opts.election_min() + 2 * opts.heartbeat_period();
  if (local - contact <= patience) {
    x.lonely_since.reset();
    return;
  }
  if (!x.lonely_since)
    x.lonely_since = now;
  const auto since = std::max(*x.lonely_since, x.running_since);
  if (!x.paused && now - since > patience)
    fail("I23", node, "leads without a majority");
}

/// A process remembers for whom it voted.
void invariants::check_start(std::size_t node, const raft::raft_core& core) {
  const auto& durable = nodes_[node].disk->hard();
  if (core.term() == durable.term && !durable.voted_for.value.empty()
      && core.hard().voted_for != durable.voted_for)
    fail("I7", node, "forgot its vote of term " + std::to_string(durable.term));
}

/// A leader whose disk hangs must have given up (hashicorp/raft issue 503).
void invariants::check_disk(std::size_t node, const raft::raft_core& core,
                            moment now) {
  auto& x = states_[node];
  const auto& position = nodes_[node].disk->position();
  const std::pair at{position.start.index, position.last};
  if (!core.writing() || core.role() != raft::role::leader
      || core.memberships().latest().voters().size() <= 1) {
    x.disk_waits_since.reset();
    return;
  }
  // From this step on: between its steps a server may have been elected.
  if (!x.disk_waits_since || at != x.disk_at)
    x.disk_waits_since = now;
  x.disk_at = at;
  const auto patience = 4 * core.options().election_min();
  if (!x.paused
      && now - std::max(*x.disk_waits_since, x.running_since) > patience)
    fail("I23", node, "leads although its disk hangs");
}

// -- the state ----------------------------------------------------------------

void invariants::applied(std::size_t node, bool kv,
                         const owner::applied& results) {
  for (const auto& x : results.results) {
    if (x.index == 0)
      continue;
    if (results_.size() < x.index)
      results_.resize(x.index);
    auto& pair = results_[x.index - 1];
    auto& mine = kv ? pair.first : pair.second;
    const auto hash =
      mix(mix(1, static_cast<std::uint64_t>(x.code)), x.body) | 1U;
    if (mine != 0 && mine != hash)
      fail("I12", node,
           std::string{kv ? "kv" : "the catalog"}
             + " made something else of entry " + std::to_string(x.index) + ": "
             + x.body);
    mine = hash;
  }
}

void invariants::checkpointed(std::size_t node) {
  const auto& disk = *nodes_[node].disk;
  const auto [entry, fresh] =
    checkpoints_.emplace(disk.mark().index, disk.rows_hash());
  if (!fresh && entry->second != disk.rows_hash()) {
    auto text = "another checkpoint of " + std::to_string(entry->first);
    for (const auto& x : nodes_)
      if (x.disk->mark() == disk.mark() && x.disk != &disk)
        text += ", unlike " + x.id + disk.rows_unlike(*x.disk);
    fail("I12", node, text);
  }
  if (!fresh)
    sometimes("sim: checkpoints were compared");
}

void invariants::writes_waiting(std::size_t node, std::size_t count) {
  if (count > writes_max)
    fail("I11", node, std::to_string(count) + " writes wait for the disk");
}

std::string invariants::peers_of(std::size_t node) const {
  std::string out;
  const auto* core = states_[node].core;
  if (core == nullptr || core->role() != raft::role::leader)
    return out;
  for (const auto& x : nodes_) {
    const auto* p = core->peer({x.id});
    if (p == nullptr)
      continue;
    constexpr std::string_view modes[] = {"probe", "replicate", "tables"};
    out += ", " + x.id + ": " + std::string{modes[static_cast<int>(p->mode())]}
           + " match " + std::to_string(p->match()) + " next "
           + std::to_string(p->next()) + (p->paused() ? " paused" : "")
           + (p->reading ? " reading" : "");
  }
  return out;
}

std::optional<std::size_t> invariants::leader() const {
  std::optional<std::size_t> out;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (states_[i].view.up && states_[i].view.role == raft::role::leader
        && (!out || states_[i].view.term > states_[*out].view.term))
      out = i;
  return out;
}

} // namespace praetor::sim
