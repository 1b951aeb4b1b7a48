#include "tests/sim/check/checkers.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace praetor::sim {

namespace {

const kv::command* key_command(const request& x) {
  const auto* write = std::get_if<write_request>(&x);
  return write == nullptr ? nullptr : std::get_if<kv::command>(&write->command);
}

} // namespace

checkers::checkers(checker_options options)
  : options_{options}, sessions_{options.sessions} {}

// -- clients ------------------------------------------------------------------

std::size_t checkers::invoke(std::uint64_t client, std::string server,
                             request what, moment now) {
  if (const auto* renewal = std::get_if<renew_request>(&what))
    sessions_.asked_to_renew(renewal->session, now);
  if (const auto* command = key_command(what)) {
    if (const auto* made = std::get_if<kv::create_session>(command))
      sessions_.created(made->session, now);
    if (const auto* gone = std::get_if<kv::destroy_session>(command))
      sessions_.asked_to_end(gone->id);
  }
  return clients_.invoke(client, std::move(server), std::move(what), now);
}

void checkers::complete(std::size_t id, outcome x, moment now) {
  clients_.complete(id, std::move(x), now);
  const auto& op = clients_.at(id);
  ++counts_.operations;
  counts_.answered += op.out.kind == outcome_kind::ok;
  counts_.failed += op.out.kind == outcome_kind::fail;
  counts_.unknown += op.out.kind == outcome_kind::unknown;
  note_renewal(op);
  indexes_.answered(op);
  staleness_.answered(op);
}

void checkers::note_renewal(const operation& op) {
  const auto* renewal = std::get_if<renew_request>(&op.what);
  if (renewal != nullptr && op.answered())
    sessions_.renewed(renewal->session, op.invoked, *op.returned);
}

// -- nodes --------------------------------------------------------------------

void checkers::applied(const std::string& node, const log_entry& entry,
                       moment now) {
  servers_.applied(node, entry.index, now);
  if (auto bad = log_.add(node, entry, now))
    findings_.push_back(std::move(*bad));
}

void checkers::started(const std::string& node, moment now) {
  servers_.started(node, now);
  indexes_.started(node);
  staleness_.started(node);
}

void checkers::leads(const std::string& node, bool on, moment now) {
  servers_.leads(node, on, now);
  staleness_.leads(node, on);
}

void checkers::heard(const std::string& node, moment now) {
  staleness_.heard(node, now);
}

void checkers::members_seen(std::map<std::string, bool> alive) {
  alive_ = std::move(alive);
}

void checkers::calm(moment now) {
  calm_ = now;
}

// -- results ------------------------------------------------------------------

void checkers::take_from(std::vector<finding> more) {
  std::move(more.begin(), more.end(), std::back_inserter(findings_));
}

std::vector<finding> checkers::take() {
  take_from(indexes_.take());
  take_from(staleness_.take());
  return std::exchange(findings_, {});
}

std::vector<finding> checkers::finish(moment now) {
  counts_.entries = log_.all().size();
  auto out = take();
  if (const auto gap = log_.gap()) {
    out.push_back(
      {"harness", "no node was seen to apply the entry " + std::to_string(*gap),
       now});
    return out;
  }
  model state;
  for (const auto& [index, x] : log_.all())
    state.apply(x.entry);
  follow_locks(state);
  take_from(locks_.take());
  if (calm_)
    sessions_.finish(state.live_sessions(), *calm_, now);
  take_from(sessions_.take());
  take_from(check_order(clients_, log_, state));
  auto watches = options_.watches;
  watches.calm = calm_.value_or(now);
  take_from(check_watches(clients_, state, servers_, now, watches));
  compare_members(state, now);
  if (options_.blind_search) {
    applied_first applied;
    for (const auto& [index, x] : log_.all())
      if (x.entry.kind == entry_kind::command && state.repeats(index) == 0)
        applied[x.entry.payload].push_back(x.first);
    auto blind =
      check_blind(clients_, silent_ends(state), &applied, options_.blind);
    counts_.blind_groups = blind.groups;
    counts_.blind_inconclusive = blind.inconclusive;
    take_from(std::move(blind.findings));
  }
  take_from(std::move(out));
  return std::exchange(findings_, {});
}

/// Goes through the log with what clients were told, where they were.
void checkers::follow_locks(const model& state) {
  std::map<log_index, const command_result*> told;
  for (const auto& op : clients_.operations())
    if (op.answered() && std::holds_alternative<write_request>(op.what))
      told[op.out.result.index] = &op.out.result;
  std::map<log_term, moment> terms;
  for (const auto& [index, x] : log_.all())
    terms.emplace(x.entry.term, x.first);
  std::multimap<log_index, std::string> ends;
  for (const auto& [id, end] : state.session_ends())
    ends.emplace(end.index, id);
  for (const auto& [index, x] : log_.all()) {
    const auto known = told.find(index);
    follow_entry(x, state, known == told.end() ? nullptr : known->second);
    for (auto i = ends.lower_bound(index); i != ends.upper_bound(index); ++i) {
      locks_.ended(i->second, x.entry.ts);
      if (state.session_ends().at(i->second).why == session_cause::destroyed)
        sessions_.destroyed(i->second, x.first, terms.at(x.entry.term));
      else
        sessions_.lost(i->second);
    }
  }
}

void checkers::follow_entry(const applied_entry& x, const model& state,
                            const command_result* told) {
  const auto* expected = state.expected(x.entry.index);
  if (expected == nullptr)
    return;
  const auto command = state::decode_command(x.entry.payload);
  const auto code = told != nullptr ? told->code : expected->code;
  if (!command || code != errc{})
    return;
  const auto follow_all = [this, &x](const kv::transaction& all) {
    for (const auto& each : all.operations)
      follow_key(each.operation, x);
  };
  if (const auto* mixed = std::get_if<state::mixed_transaction>(&*command))
    return follow_all(mixed->keys);
  const auto* keys = std::get_if<kv::command>(&*command);
  if (keys == nullptr)
    return;
  if (const auto* all = std::get_if<kv::transaction>(keys))
    return follow_all(*all);
  if (const auto* made = std::get_if<kv::create_session>(keys))
    return locks_.created(made->session);
  const auto* put = std::get_if<kv::write_key>(keys);
  const auto& body = told != nullptr ? told->body : expected->body;
  if (put != nullptr && body == "true")
    follow_key(put->operation, x);
}

void checkers::follow_key(const kv::key_operation& op, const applied_entry& x) {
  switch (op.what) {
    case kv::verb::lock:
      return locks_.acquired(op.key, op.session, x.entry.index, x.entry.ts,
                             x.first);
    case kv::verb::unlock:
    case kv::verb::remove:
    case kv::verb::remove_cas: return locks_.released(op.key);
    case kv::verb::remove_tree: return locks_.released_below(op.key);
    default: return;
  }
}

std::vector<silent_end> checkers::silent_ends(const model& state) const {
  std::set<log_index> by_clients;
  for (const auto& op : clients_.operations()) {
    const auto* command = key_command(op.what);
    if (command != nullptr && op.answered()
        && std::holds_alternative<kv::destroy_session>(*command))
      by_clients.insert(op.out.result.index);
  }
  std::map<log_index, std::vector<std::string>> by_index;
  for (const auto& [id, end] : state.session_ends())
    if (!by_clients.contains(end.index))
      by_index[end.index].push_back(id);
  std::vector<silent_end> out;
  for (auto& [index, ids] : by_index)
    out.push_back({std::move(ids), log_.find(index)->first});
  return out;
}

void checkers::compare_members(const model& state, moment now) {
  if (alive_.empty() || !calm_ || now - *calm_ < members_lag)
    return;
  std::map<std::string, std::string> health;
  for (const auto& [node, lives] : alive_)
    for (const auto& check : state.checks_at(node, state.last()))
      if (check.id == "serfHealth")
        health[node] = check.status;
  take_from(check_members(alive_, health, now));
}

} // namespace praetor::sim
