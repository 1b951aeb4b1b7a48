// The gossip machine: comparing all that is known with another member, on a
// stream of three frames: offer, answer, rest. Only what differs is sent.

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace praetor::gossip {

namespace {

std::size_t bucket_of(member_key key) {
  return key.value % digest_buckets;
}

std::uint64_t hash_of_member(member_key key, const member& m) {
  const auto state = static_cast<std::uint64_t>(m.state) * 2
                     + static_cast<std::uint64_t>(m.leaving);
  return mix(mix(key.value, m.incarnation), mix(state, m.status_time));
}

} // namespace

// -- both sides ---------------------------------------------------------------

std::vector<std::uint64_t> gossip_core::digest() const {
  std::vector<std::uint64_t> out(digest_buckets);
  for (const auto& [key, m] : members_)
    out[bucket_of(key)] ^= hash_of_member(key, m);
  return out;
}

std::vector<member_entry>
gossip_core::entries(const std::vector<std::uint16_t>& buckets) const {
  std::vector<bool> wanted(digest_buckets);
  for (const auto b : buckets)
    wanted[b] = true;
  std::vector<member_entry> out;
  for (const auto& [key, m] : members_)
    if (wanted[bucket_of(key)])
      out.push_back(
        {{*m.facts, m.incarnation}, m.state, m.leaving, m.status_time});
  return out;
}

void gossip_core::send_frame(stream_id id, const stream_message& x) {
  out_.frames.push_back(
    {id, encode_frame(cluster_mark_of(self_facts_->cluster_id), x)});
}

/// Why these two pools must not become one; empty if they may.
std::string
gossip_core::merge_objection(const alive& peer,
                             const std::vector<member_entry>& xs) const {
  auto reason =
    peer.facts.name == self_facts_->name ? "" : objection(peer.facts);
  if (!reason.empty())
    return reason;
  auto lowest = self_facts_->protocol.min;
  auto highest = self_facts_->protocol.max;
  const auto narrow = [&lowest, &highest](const protocol_range& x) {
    lowest = std::max(lowest, x.min);
    highest = std::min(highest, x.max);
  };
  for (const auto& [key, m] : members_)
    if (m.state == member_state::alive)
      narrow(m.facts->protocol);
  for (const auto& x : xs) {
    if (x.state != member_state::alive
        || x.claim.facts.name == self_facts_->name)
      continue;
    reason = objection(x.claim.facts);
    if (!reason.empty())
      return reason;
    narrow(x.claim.facts.protocol);
  }
  return lowest <= highest ? ""
                           : "no version of the gossip protocol is "
                             "spoken by all members";
}

void gossip_core::witness(const pool_clocks& x) {
  if (x.membership > 0 && clock_.plausible(x.membership))
    clock_.witness(x.membership - 1);
  events_.witness(x.events);
}

void gossip_core::merge(const std::vector<member_entry>& xs) {
  const auto before = counters_.refutations;
  const auto events = out_.members.size();
  for (const auto& x : xs)
    merge(x);
  sometimes("gossip.sync_healed",
            out_.members.size() > events || counters_.refutations > before);
}

void gossip_core::merge(const member_entry& x) {
  const auto key = key_of(x.claim.facts.name);
  switch (x.state) {
    case member_state::alive: accept(x.claim); break;
    case member_state::left: accept(dead{key, x.claim.incarnation, key}); break;
    case member_state::dead:
      if (mutant("G01")) { // believe a peer that somebody is dead
        accept(dead{key, x.claim.incarnation, self_});
        break;
      }
      [[fallthrough]];
    case member_state::suspect:
      // Not dead on hearsay: the member shall have a chance to refute. Nor
      // does hearsay confirm a suspicion; this node did not probe.
      if (!suspicions_.contains(key))
        accept(suspect{key, x.claim.incarnation, self_});
      break;
  }
  if (x.status_time == 0 || members_.find(key) == nullptr)
    return;
  if (x.leaving || x.state == member_state::left)
    accept(leave_intent{key, x.status_time, false});
  else
    accept(join_intent{key, x.status_time});
}

void gossip_core::merge(const std::vector<user_event>& xs) {
  const auto first = out_.events.size();
  for (const auto& x : xs)
    if (events_.accept(x))
      out_.events.push_back(x);
  // Who missed some gets them in the order in which they were fired.
  std::stable_sort(
    out_.events.begin() + static_cast<std::ptrdiff_t>(first), out_.events.end(),
    [](const user_event& a, const user_event& b) { return a.ltime < b.ltime; });
}

// -- the side that begins -----------------------------------------------------

void gossip_core::tick_sync() {
  if (now_ < next_sync_)
    return;
  next_sync_ = now_ + sync_period(opts_, pool_size());
  if (buggify("gossip.sync_again_soon"))
    next_sync_ = now_ + opts_.probe_interval;
  if (departure_ != departure::none)
    return;
  const auto peers = members_.choose(
    1,
    [this](member_key key, const member& m) {
      return !is_self(key) && m.state == member_state::alive;
    },
    rng_);
  for (const auto& key : peers)
    start_sync(members_.find(key)->facts->at, false, 0);
}

void gossip_core::start_sync(const endpoint& to, bool join,
                             std::uint64_t join_id) {
  last_stream_ += 2;
  streams_[last_stream_] = {stream_state::kind::sync, to, join, join_id,
                            now_ + opts_.stream_timeout};
  const sync_offer offer{join, self_claim(), clocks(), digest(),
                         events_.hash()};
  out_.opens.push_back(
    {last_stream_, to,
     encode_frame(cluster_mark_of(self_facts_->cluster_id), offer)});
}

void gossip_core::receive(stream_id id, const sync_answer& x) {
  const auto found = streams_.find(id);
  if (found == streams_.end()
      || found->second.what != stream_state::kind::sync) {
    end_stream(id, "an answer to nothing");
    return;
  }
  const auto join = found->second.join;
  if (const auto reason = merge_objection(x.self, x.members);
      join && !reason.empty()) {
    send_frame(id, refusal{reason});
    end_stream(id, reason);
    return;
  }
  send_frame(id, sync_rest{entries(x.buckets), x.events_differ
                                                 ? events_.recent()
                                                 : std::vector<user_event>{}});
  // Newcomers are not told what happened before.
  if (join && pool_size() == 1)
    events_.ignore_upto(x.clocks.events);
  witness(x.clocks);
  accept(x.self);
  merge(x.members);
  merge(x.events);
  end_stream(id, "");
}

// -- the side that answers ----------------------------------------------------

void gossip_core::receive(stream_id id, const sync_offer& x) {
  if (!begun_ || departure_ != departure::none) {
    send_frame(id, refusal{"this node is leaving"});
    end_stream(id, "leaving");
    return;
  }
  if (const auto reason = merge_objection(x.self, {}); !reason.empty()) {
    ++counters_.refused;
    send_frame(id, refusal{reason});
    end_stream(id, reason);
    return;
  }
  streams_[id].join = x.join;
  sync_answer answer;
  answer.self = self_claim();
  answer.clocks = clocks();
  const auto own = digest();
  for (std::size_t i = 0; i < own.size(); ++i)
    if (own[i] != x.digest[i] || buggify("gossip.send_equal_buckets"))
      answer.buckets.push_back(static_cast<std::uint16_t>(i));
  answer.members = entries(answer.buckets);
  answer.events_differ = x.events_hash != events_.hash();
  if (answer.events_differ)
    answer.events = events_.recent();
  send_frame(id, answer);
  witness(x.clocks);
}

void gossip_core::receive(stream_id id, const sync_rest& x) {
  const auto found = streams_.find(id);
  if (found == streams_.end()
      || found->second.what != stream_state::kind::inbound)
    return;
  if (found->second.join) {
    // The same check as on the other side, which may be of another mind.
    const auto reason = merge_objection(self_claim(), x.members);
    if (!reason.empty()) {
      ++counters_.refused;
      end_stream(id, reason);
      return;
    }
  }
  merge(x.members);
  merge(x.events);
  end_stream(id, "");
}

void gossip_core::receive(stream_id id, const stream_ping& x) {
  if (begun_ && is_self(x.target))
    send_frame(id, stream_ack{x.target});
  end_stream(id, "");
}

// -- streams ------------------------------------------------------------------

void gossip_core::receive(stream_id id, const stream_ack& x) {
  if (probe_ && probe_->stream == id && probe_->target == x.target)
    probe_->stream_answered = true;
  end_stream(id, "");
}

void gossip_core::receive(stream_id id, const refusal& x) {
  end_stream(id, x.reason);
}

/// Forgets a stream; an empty `failure` is success.
void gossip_core::end_stream(stream_id id, const std::string& failure) {
  out_.closes.push_back(id);
  const auto found = streams_.find(id);
  if (found == streams_.end())
    return;
  const auto x = found->second;
  streams_.erase(found);
  if (x.what == stream_state::kind::sync && x.join)
    end_join(x.join_id, x.peer, failure);
}

void gossip_core::expire_streams() {
  std::vector<stream_id> expired;
  for (const auto& [id, x] : streams_)
    if (x.deadline <= now_)
      expired.push_back(id);
  for (const auto id : expired)
    end_stream(id, "i/o timeout");
}

} // namespace praetor::gossip
