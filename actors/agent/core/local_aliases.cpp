// Part of local_state: checks that mirror another service's checks.
// Source: Consul 1.8, agent/checks/alias.go.

#include "actors/agent/core/local_state.hpp"

#include <set>
#include <utility>

namespace praetor::agent {

namespace {

/// Aliases of aliases settle after as many rounds as the chain is long; a ring
/// never does. The next change goes on.
constexpr int alias_rounds_max = 8;

/// An alias can see itself, directly or through other aliases. Its own words
/// that come back to it are no news, or they would pile up with each look.
bool repeats_itself(const local_check& alias, const alias_verdict& verdict) {
  const auto& said = alias.row.output;
  return alias.row.status == verdict.status
         && said.starts_with("Aliased check ")
         && verdict.output.ends_with(said);
}

} // namespace

alias_verdict judge_alias(const std::vector<const catalog::check_row*>& checks,
                          const std::string& service_id,
                          const std::string& node, bool known) {
  alias_verdict out{"passing", "No checks found."};
  auto found = known;
  for (const auto* x : checks) {
    if (!x->service_id.empty() && x->service_id != service_id)
      continue;
    found = found || (!service_id.empty() && x->service_id == service_id);
    if (x->status == "critical" || x->status == "warning") {
      if (out.status != "warning" || x->status == "critical")
        out = {x->status,
               "Aliased check " + go_quote(x->name) + " failing: " + x->output};
      if (x->status == "critical")
        break;
    } else if (out.status == "passing") {
      out.output = "All checks passing.";
    }
  }
  if (!found && !service_id.empty())
    return {"critical",
            "Service " + service_id + " could not be found on node " + node};
  return out;
}

void local_state::evaluate_aliases(time_point now, rng& random) {
  std::vector<local_check*> aliases;
  for (auto& [id, x] : checks_)
    if (x.row.type == "alias" && x.plan.how.alias_node.empty())
      aliases.push_back(&x);
  std::vector<const catalog::check_row*> rows;
  if (!aliases.empty())
    for (const auto& [id, x] : checks_)
      rows.push_back(&x.row);
  auto moved = !aliases.empty();
  for (auto round = 0; moved && round < alias_rounds_max; ++round) {
    moved = false;
    for (auto* x : aliases) {
      const auto& target = x->plan.how.alias_service;
      auto verdict = judge_alias(rows, target, "", services_.contains(target));
      if (repeats_itself(*x, verdict))
        continue;
      verdict.output =
        cut_output(verdict.output, options_.check_output_max_size);
      const auto before = x->row;
      set_result(*x, verdict.status, std::move(verdict.output), now, random);
      moved = moved || x->row != before;
    }
  }
}

} // namespace praetor::agent
