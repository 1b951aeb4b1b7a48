// The gossip machine: two nodes with one name.
//
// Each of the two asks random members where the one that they know is. The one
// that most of them do not mean stops.
//
// Source: hashicorp/serf, serf.go (resolveNodeConflict).

#include "actors/gossip/core/gossip_core.hpp"
#include "runtime/base/sometimes.hpp"

namespace praetor::gossip {

namespace {

constexpr std::size_t voters_max = 32;

/// Between two disputes about one name.
constexpr duration dispute_pause = std::chrono::seconds{30};

} // namespace

/// Deals with a claim of another node to the name of a member.
void gossip_core::dispute(member_key key, const alive& x) {
  ++counters_.conflicts;
  sometimes("gossip.name_conflict");
  // Claims come again and again; one report in a while is enough.
  if (now_ < next_dispute_)
    return;
  next_dispute_ = now_ + dispute_pause;
  report(member_event::kind::conflict,
         std::make_shared<const member_facts>(x.facts));
  if (!is_self(key) || !opts_.resolve_conflicts)
    return;
  dispute_ = name_dispute{};
  dispute_->seq = ++seq_;
  dispute_->until = now_ + opts_.probe_interval + opts_.probe_timeout;
  const auto voters = members_.choose(
    voters_max,
    [this](member_key voter, const member& m) {
      return !is_self(voter) && m.state == member_state::alive;
    },
    rng_);
  for (const auto& voter : voters)
    send(members_.find(voter)->facts->at, {vote_request{dispute_->seq, self_}});
}

void gossip_core::receive(const endpoint& from, const vote_request& x) {
  const auto* m = members_.find(x.subject);
  if (m != nullptr && !is_self(x.subject))
    send(from, {name_vote{x.seq, m->facts->at}});
}

void gossip_core::receive(const endpoint& from, const name_vote& x) {
  if (!dispute_ || dispute_->seq != x.seq
      || !dispute_->voters.insert(from).second)
    return;
  ++(x.at == self_facts_->at ? dispute_->for_us : dispute_->for_other);
}

void gossip_core::tick_dispute() {
  if (!dispute_ || now_ < dispute_->until)
    return;
  if (dispute_->for_other > dispute_->for_us)
    out_.name_lost = true;
  dispute_.reset();
}

} // namespace praetor::gossip
