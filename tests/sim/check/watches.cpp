#include "tests/sim/check/watches.hpp"

#include <algorithm>
#include <utility>

namespace praetor::sim {

namespace {

/// The first index above `after` at which the answer's index must move.
std::optional<log_index> next_move(const model& state, const kv::query& q,
                                   log_index after) {
  const auto of_session = q.kind == kv::query_kind::session
                          || q.kind == kv::query_kind::sessions
                          || q.kind == kv::query_kind::sessions_of_node;
  if (of_session)
    return state.next_change(scope::sessions, after);
  const auto prefix =
    q.kind == kv::query_kind::prefix || q.kind == kv::query_kind::keys;
  if (!prefix && q.kind != kv::query_kind::key
      && q.kind != kv::query_kind::key_raw)
    return std::nullopt;
  auto at = state.next_change(scope::keys, after);
  while (at) {
    const auto moved = prefix ? state.prefix_change(q.name, *at) == *at
                              : state.key_change(q.name, *at) == *at;
    if (moved)
      return at;
    at = state.next_change(scope::keys, *at);
  }
  return std::nullopt;
}

} // namespace

// -- what servers did ---------------------------------------------------------

void server_lives::started(const std::string& server, moment now) {
  auto& x = all_[server];
  x.starts.push_back(now);
  x.leadership.emplace_back(now, false);
}

void server_lives::leads(const std::string& server, bool on, moment now) {
  all_[server].leadership.emplace_back(now, on);
}

void server_lives::applied(const std::string& server, log_index index,
                           moment now) {
  all_[server].applied.emplace_back(now, index);
}

std::optional<moment> server_lives::when_applied(const std::string& server,
                                                 log_index index,
                                                 moment until) const {
  const auto at = all_.find(server);
  if (at == all_.end())
    return std::nullopt;
  const auto& x = at->second;
  moment born{0};
  for (const auto start : x.starts)
    if (start <= until)
      born = start;
  const auto first =
    std::lower_bound(x.applied.begin(), x.applied.end(), born,
                     [](const auto& a, moment t) { return a.first < t; });
  const auto found =
    std::find_if(first, x.applied.end(),
                 [index](const auto& a) { return a.second >= index; });
  if (found == x.applied.end() || found->second != index)
    return std::nullopt;
  return found->first;
}

bool server_lives::ran(const std::string& server, moment from, moment to,
                       bool leading) const {
  const auto at = all_.find(server);
  if (at == all_.end())
    return false;
  const auto inside = [from, to](moment t) { return t >= from && t <= to; };
  const auto& x = at->second;
  if (std::any_of(x.starts.begin(), x.starts.end(), inside))
    return false;
  if (!leading)
    return true;
  auto on = false;
  for (const auto& [when, value] : x.leadership) {
    if (when < from)
      on = value;
    else if (when <= to && !value)
      return false;
  }
  return on;
}

// -- the check ----------------------------------------------------------------

std::vector<finding> check_watches(const history& clients, const model& state,
                                   const server_lives& servers, moment now,
                                   watch_limits limits) {
  std::vector<finding> out;
  for (const auto& op : clients.operations()) {
    const auto* read = std::get_if<key_read>(&op.what);
    if (read == nullptr || read->options.min_index == 0
        || op.out.kind == outcome_kind::fail || !op.arrived)
      continue;
    const auto move = next_move(state, read->query, read->options.min_index);
    if (!move)
      continue;
    const auto end = op.returned.value_or(now);
    const auto applied = servers.when_applied(op.server, *move, end);
    if (!applied)
      continue;
    const auto due = std::max(*op.arrived, *applied) + limits.wake_max;
    const auto stale = read->options.mode == consistency::stale;
    // A leader that hears nobody may not answer; one that commits hears.
    if (!stale && *applied < *op.arrived)
      continue;
    if (end <= due || due > *op.arrived + read->options.wait
        || (!stale && *op.arrived < limits.calm)
        || !servers.ran(op.server, *op.arrived, due, !stale))
      continue;
    out.push_back({"I16",
                   describe(op.what) + " of client " + std::to_string(op.client)
                     + " waits at " + op.server + " since "
                     + describe(*op.arrived) + ", which applied "
                     + std::to_string(*move) + " at " + describe(*applied)
                     + ", and was not woken until " + describe(end),
                   end});
  }
  return out;
}

} // namespace praetor::sim
