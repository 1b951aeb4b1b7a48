#include "actors/agent/core/remote_aliases.hpp"

#include <utility>

namespace praetor::agent {

namespace {

alias_verdict judge(const catalog::node_snapshot& snapshot,
                    const catalog::check_definition_row& how) {
  std::vector<const catalog::check_row*> rows;
  for (const auto& x : snapshot.checks)
    rows.push_back(&x);
  auto known = false;
  for (const auto& x : snapshot.services)
    known = known || x.id == how.alias_service;
  return judge_alias(rows, how.alias_service, how.alias_node, known);
}

} // namespace

std::vector<remote_aliases::question>
remote_aliases::poll(const local_state& state, time_point now) {
  std::erase_if(entries_, [&state](const auto& x) {
    const auto check = state.checks().find(x.first);
    return check == state.checks().end()
           || check->second.plan.how.alias_node != x.second.node;
  });
  for (const auto& [id, x] : state.checks()) {
    const auto& node = x.plan.how.alias_node;
    if (!node.empty() && !entries_.contains(id))
      entries_.emplace(id, entry{node, 0, ++generation_, now});
  }
  std::vector<question> out;
  for (auto& [id, x] : entries_) {
    if (!x.due || *x.due > now)
      continue;
    x.due.reset();
    out.push_back({id, x.node, x.generation, x.index});
  }
  return out;
}

std::optional<alias_verdict>
remote_aliases::answered(const local_state& state, const std::string& check,
                         std::uint64_t generation, log_index index,
                         const catalog::node_snapshot& snapshot,
                         const std::string& failure, time_point now) {
  const auto i = entries_.find(check);
  if (i == entries_.end() || i->second.generation != generation)
    return std::nullopt;
  i->second.due = now + (failure.empty() ? pause : wait);
  i->second.index = failure.empty() ? index : 0;
  const auto own = state.checks().find(check);
  if (own == state.checks().end())
    return std::nullopt;
  if (!failure.empty())
    return alias_verdict{
      "critical", "Failure checking aliased node or service: " + failure};
  return judge(snapshot, own->second.plan.how);
}

std::optional<time_point> remote_aliases::next_deadline() const {
  std::optional<time_point> out;
  for (const auto& [id, x] : entries_)
    if (x.due && (!out || *x.due < *out))
      out = x.due;
  return out;
}

} // namespace praetor::agent
