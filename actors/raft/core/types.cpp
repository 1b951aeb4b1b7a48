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

} // namespace

bool well_formed(const message& x) {
  if (x.term == 0 && !std::holds_alternative<pre_vote>(x.body))
    return false;
  if (const auto* body = std::get_if<append>(&x.body))
    return body->previous.term <= x.term && entries_well_formed(*body, x.term);
  return true;
}

} // namespace praetor::raft
