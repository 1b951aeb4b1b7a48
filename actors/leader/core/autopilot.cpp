#include "actors/leader/core/autopilot.hpp"

#include "actors/leader/core/members.hpp"

#include <algorithm>
#include <set>

namespace praetor::leader {

namespace {

using gossip::member_status;

constexpr std::size_t majority(std::size_t voters) {
  return voters / 2 + 1;
}

} // namespace

server_map servers_of(const std::vector<gossip::pool_member>& members) {
  server_map out;
  for (const auto& x : members) {
    const auto& facts = *x.facts;
    auto address = server_address(facts);
    if (address.empty() || facts.node_id.empty())
      continue;
    server found{facts.name, std::move(address), x.status, is_non_voter(facts),
                 version_of(facts)};
    auto& place = out[peer_id{facts.node_id}];
    if (place.name.empty() || x.status == member_status::alive)
      place = std::move(found);
  }
  return out;
}

void autopilot::observe(server_map servers, raft::raft_status raft,
                        time_point now) {
  const auto before = std::exchange(servers_, std::move(servers));
  const auto old = std::exchange(standings_, {});
  raft_ = std::move(raft);
  now_ = now;
  for (const auto& x : raft_.members) {
    const auto healthy = is_healthy(x);
    const auto known = old.find(x.id);
    auto& standing = standings_[x.id];
    if (known != old.end())
      standing = known->second;
    if (known == old.end() || standing.healthy != healthy)
      standing.since = now;
    standing.healthy = healthy;
    standing.forgotten =
      !servers_.contains(x.id) && (standing.forgotten || before.contains(x.id));
    if (is_alive(x.id))
      standing.gone_since.reset();
    else if (!standing.gone_since)
      standing.gone_since = now;
  }
  for (const auto& [id, standing] : old)
    if (!standings_.contains(id) && !standing.gone_since)
      expelled_[id] = now;
  std::erase_if(expelled_,
                [now](const auto& x) { return now - x.second >= exile; });
  voters_seen_ = std::max(voters_seen_, voters());
}

// -- what to do ---------------------------------------------------------------

decision autopilot::next() const {
  if (raft_.leader != self_ || raft_.members_index > raft_.commit)
    return {}; // the last change is still under way
  for (const auto step : {&autopilot::resign, &autopilot::remove_those_who_left,
                          &autopilot::follow_addresses, &autopilot::admit,
                          &autopilot::promote, &autopilot::remove_dead})
    if (auto x = (this->*step)(); x.index() != 0)
      return x;
  return {};
}

bool autopilot::waiting() const {
  return next().index() != 0
         || std::any_of(raft_.members.begin(), raft_.members.end(),
                        [this](const raft::member& x) {
                          return may_vote_later(x)
                                 || (!is_alive(x.id) && x.id != self_);
                        });
}

decision autopilot::resign() const {
  const auto* me = find(self_);
  const auto others = std::any_of(
    raft_.members.begin(), raft_.members.end(), [this](const auto& x) {
      return x.voter && x.id != self_ && standings_.at(x.id).healthy;
    });
  if (me == nullptr || !others
      || (me->status != member_status::leaving
          && me->status != member_status::left))
    return {};
  return hand_over{};
}

decision autopilot::remove_those_who_left() const {
  for (const auto& x : raft_.members) {
    if (has_left(x))
      return without(x, "removing server that left");
    if (is_replaced(x))
      return without(x, "removing server whose address another one has");
  }
  return {};
}

/// All at once: two may have swapped theirs. Peers are found by what gossip
/// says; the addresses of the membership are for operators, and for a time
/// without gossip.
decision autopilot::follow_addresses() const {
  membership_change out{{raft_.members}, "following the address of server", {}};
  std::set<std::string> addresses;
  for (auto& x : out.next.members) {
    if (is_alive(x.id) && find(x.id)->address != x.address) {
      x.address = find(x.id)->address;
      out.whom = x.id;
    }
    if (!addresses.insert(x.address).second)
      return {}; // until the one that was there before shows its new one
  }
  if (out.whom.value.empty())
    return {};
  return out;
}

decision autopilot::admit() const {
  if (raft_.members.size() >= raft::members_max)
    return {};
  for (const auto& [id, x] : servers_) {
    const auto taken =
      std::any_of(raft_.members.begin(), raft_.members.end(),
                  [&x = x](const auto& y) { return y.address == x.address; });
    if (!is_alive(id) || taken || member(id) != nullptr
        || expelled_.contains(id))
      continue;
    membership_change out{{raft_.members}, "adding server as a learner", id};
    out.next.members.push_back({id, x.address, false});
    return out;
  }
  return {};
}

decision autopilot::promote() const {
  for (const auto& x : raft_.members) {
    const auto& standing = standings_.at(x.id);
    if (!may_vote_later(x) || !standing.healthy || !for_long(standing.since))
      continue;
    membership_change out{{raft_.members}, "promoting server to voter", x.id};
    for (auto& y : out.next.members)
      y.voter = y.voter || y.id == x.id;
    return out;
  }
  return {};
}

decision autopilot::remove_dead() const {
  if (!config_.cleanup_dead_servers)
    return {};
  for (const auto& x : raft_.members)
    if (x.id != self_ && for_long(standings_.at(x.id).gone_since)
        && (!x.voter || may_remove_dead()))
      return without(x, "removing dead server");
  return {};
}

decision autopilot::without(const raft::member& x, const char* what) const {
  membership_change out{{raft_.members}, what, x.id};
  std::erase_if(out.next.members, [&x](const auto& y) { return y.id == x.id; });
  return out;
}

// -- rules --------------------------------------------------------------------

/// Only if all that are dead are a minority, also of the most voters that there
/// were, and if those who stay can go on by themselves.
bool autopilot::may_remove_dead() const {
  const auto all = voters();
  const auto dead = static_cast<std::size_t>(std::count_if(
    raft_.members.begin(), raft_.members.end(),
    [this](const auto& x) { return x.voter && !is_alive(x.id); }));
  const auto least =
    std::max<std::uint64_t>(config_.min_quorum, majority(voters_seen_));
  return all - dead >= least && healthy_voters() >= majority(all);
}

bool autopilot::has_left(const raft::member& x) const {
  const auto* known = find(x.id);
  return x.id != self_
         && (known != nullptr ? known->status == member_status::left
                              : standings_.at(x.id).forgotten);
}

/// Whether a server that wants to become a member has the address of a member
/// that is gone.
bool autopilot::is_replaced(const raft::member& x) const {
  return !is_alive(x.id) && x.id != self_
         && std::any_of(
           servers_.begin(), servers_.end(), [this, &x](const auto& y) {
             return y.second.address == x.address && is_alive(y.first)
                    && member(y.first) == nullptr;
           });
}

bool autopilot::may_vote_later(const raft::member& x) const {
  return !x.voter && is_alive(x.id) && !find(x.id)->non_voter;
}

/// One lost heartbeat is no sickness, however often they come.
bool autopilot::is_healthy(const raft::member& x) const {
  if (x.id == self_)
    return true;
  const auto* raft = peer(x.id);
  if (!is_alive(x.id) || raft == nullptr || !raft->last_contact)
    return false;
  const auto patience =
    std::max(config_.last_contact_threshold, 2 * raft_.heartbeat_period);
  return *raft->last_contact <= patience
         && raft->match_term == raft_.last_log_term
         && raft->match + config_.max_trailing_logs >= raft_.last_log_index;
}

bool autopilot::for_long(std::optional<time_point> since) const {
  return since && now_ - *since >= config_.server_stabilization_time;
}

std::size_t autopilot::voters() const {
  return static_cast<std::size_t>(
    std::count_if(raft_.members.begin(), raft_.members.end(),
                  [](const auto& x) { return x.voter; }));
}

std::size_t autopilot::healthy_voters() const {
  return static_cast<std::size_t>(std::count_if(
    raft_.members.begin(), raft_.members.end(),
    [this](const auto& x) { return x.voter && standings_.at(x.id).healthy; }));
}

const server* autopilot::find(const peer_id& id) const {
  const auto found = servers_.find(id);
  return found == servers_.end() ? nullptr : &found->second;
}

bool autopilot::is_alive(const peer_id& id) const {
  const auto* known = find(id);
  return known != nullptr && known->status == member_status::alive;
}

const raft::member* autopilot::member(const peer_id& id) const {
  const auto found = std::find_if(raft_.members.begin(), raft_.members.end(),
                                  [&id](const auto& x) { return x.id == id; });
  return found == raft_.members.end() ? nullptr : &*found;
}

const raft::peer_status* autopilot::peer(const peer_id& id) const {
  const auto found = std::find_if(raft_.peers.begin(), raft_.peers.end(),
                                  [&id](const auto& x) { return x.id == id; });
  return found == raft_.peers.end() ? nullptr : &*found;
}

// -- health -------------------------------------------------------------------

health_report autopilot::report() const {
  health_report out;
  out.healthy = !raft_.members.empty();
  for (const auto& x : raft_.members) {
    const auto& standing = standings_.at(x.id);
    auto& row = out.servers.emplace_back();
    row.id = x.id;
    row.address = x.address;
    if (const auto* known = find(x.id))
      row.known = *known;
    row.leader = x.id == self_;
    row.voter = x.voter;
    row.healthy = standing.healthy;
    row.stable_for = now_ - standing.since;
    if (row.leader) {
      row.last_contact = duration::zero();
      row.last_term = raft_.last_log_term;
      row.last_index = raft_.last_log_index;
    } else if (const auto* raft = peer(x.id)) {
      row.last_contact = raft->last_contact;
      row.last_term = raft->match_term;
      row.last_index = raft->match;
    }
    out.healthy = out.healthy && row.healthy;
  }
  const auto fit = healthy_voters();
  const auto needed = majority(voters());
  out.failure_tolerance = fit > needed ? fit - needed : 0;
  return out;
}

} // namespace praetor::leader
