#include "actors/raft/core/types.hpp"

#include "actors/raft/core/membership.hpp"

namespace praetor::raft {

namespace {

bool known_kind(const log_entry& x) {
  switch (x.kind) {
    case entry_kind::noop:
    case entry_kind::command: return true;
    case entry_kind::config: {
      const auto decoded = decode<membership>(x.payload);
      return decoded && check(*decoded);
    }
  }
  return false;
}

bool entries_well_formed(const append& x, log_term term) {
  auto index = x.previous.index;
  auto entry_term = x.previous.term;
  for (const auto& entry : x.entries.items) {
    if (entry->index != ++index || entry->term < entry_term
        || entry->term > term || !known_kind(*entry))
      return false;
    entry_term = entry->term;
  }
  return true;
}

/// A checkpoint that can be taken over: of an index, with a membership.
bool mark_well_formed(const checkpoint_mark& x, log_term term) {
  const auto decoded = decode<membership>(x.membership);
  return x.index > 0 && x.term > 0 && x.term <= term && decoded
         && check(*decoded) && x.membership_index <= x.index;
}

/// Far beyond what any cluster reaches: sums of such numbers do not overflow.
constexpr std::uint64_t number_max = std::uint64_t{1} << 60U;

/// The terms and indexes of a message.
struct bounded {
  bool operator()(const pre_vote& x) const {
    return all(x.next_term, x.last.index, x.last.term);
  }
  bool operator()(const pre_vote_reply& x) const {
    return all(x.asked_term, x.voter_term);
  }
  bool operator()(const vote& x) const {
    return all(x.last.index, x.last.term);
  }
  bool operator()(const vote_reply& x) const { return all(x.asked_term); }
  bool operator()(const append& x) const {
    return all(x.previous.index, x.previous.term, x.commit);
  }
  bool operator()(const append_reply& x) const {
    return all(x.match, x.rejected, x.hint.index, x.hint.term);
  }
  bool operator()(const heartbeat& x) const { return all(x.commit); }
  bool operator()(const heartbeat_reply& x) const {
    return all(x.lost_behind.value_or(0));
  }
  bool operator()(const timeout_now& x) const { return all(x.leader_last); }
  bool operator()(const read_index_request&) const { return true; }
  bool operator()(const read_index_reply& x) const { return all(x.index); }
  bool operator()(const state_offer& x) const {
    return all(x.mark.index, x.mark.term);
  }
  bool operator()(const state_chunk& x) const { return all(x.number); }
  bool operator()(const state_reply& x) const { return all(x.next, x.match); }

  template <class... Ts>
  static bool all(Ts... xs) {
    return ((xs <= number_max) && ...);
  }
};

} // namespace

bool well_formed(const message& x) {
  // A server that has seen nothing yet is in term 0, and may be asked.
  if (x.term == 0 && !std::holds_alternative<pre_vote>(x.body)
      && !std::holds_alternative<pre_vote_reply>(x.body))
    return false;
  if (x.term > number_max || !std::visit(bounded{}, x.body))
    return false;
  if (const auto* body = std::get_if<append>(&x.body))
    return body->previous.term <= x.term && entries_well_formed(*body, x.term);
  if (const auto* body = std::get_if<state_offer>(&x.body))
    return mark_well_formed(body->mark, x.term);
  return true;
}

} // namespace praetor::raft
