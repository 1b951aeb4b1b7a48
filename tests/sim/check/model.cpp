#include "tests/sim/check/model.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>

namespace praetor::sim {

namespace {

std::string text_of(const transaction_view& x) {
  std::string out = "results:";
  for (const auto& row : x.results)
    out += " " + std::to_string(row.position) + " " + row.kind + " " + row.name
           + "=" + row.value + "@" + std::to_string(row.modify_index);
  out += " errors:";
  for (const auto position : x.errors)
    out += " " + std::to_string(position);
  return out;
}

} // namespace

std::string expectation::differs_from(const command_result& x) const {
  if (x.code != code)
    return "code " + std::string{to_string(x.code)} + " instead of "
           + std::string{code == errc{} ? "success" : to_string(code)};
  if (view) {
    auto got = parse_transaction(x.body);
    if (!got)
      return "an outcome that does not decode";
    // What one owner alone would have given is shown even if others failed.
    if (!got->errors.empty())
      got->results.clear();
    return *got == *view ? "" : text_of(*got) + " instead of " + text_of(*view);
  }
  if (code == errc{} && x.body != body)
    return x.body + " instead of " + body;
  return {};
}

// -- entries ------------------------------------------------------------------

void model::apply(const log_entry& entry) {
  PRAETOR_ASSERT(entry.index == last_ + 1);
  last_ = entry.index;
  now_ = entry.ts;
  if (entry.kind != entry_kind::command)
    return;
  if (entry.origin.seq != 0) {
    const auto [at, fresh] = origins_.try_emplace(
      {entry.origin.node, entry.origin.boot, entry.origin.seq},
      std::pair{entry.index, entry.term});
    if (!fresh) {
      sometimes("sim: a later leader got a command again",
                entry.term > at->second.second);
      repeats_[entry.index] = at->second.first;
      return;
    }
  }
  const auto command = state::decode_command(entry.payload);
  PRAETOR_ASSERT(static_cast<bool>(command));
  expected_[entry.index] =
    std::visit([this](const auto& x) { return run(x); }, *command);
}

const expectation* model::expected(log_index index) const {
  const auto at = expected_.find(index);
  return at == expected_.end() ? nullptr : &at->second;
}

log_index model::repeats(log_index index) const {
  const auto at = repeats_.find(index);
  return at == repeats_.end() ? 0 : at->second;
}

expectation model::run(const state::mixed_transaction& x) {
  draft keys;
  catalog_draft rows;
  transaction_view view;
  run_keys(x.keys, keys, view);
  run_rows(x.catalog, rows, view);
  std::sort(view.results.begin(), view.results.end());
  std::sort(view.errors.begin(), view.errors.end());
  if (!view.errors.empty()) {
    view.results.clear();
    return {errc::conflict, {}, std::move(view)};
  }
  keep(rows);
  keep(keys);
  end_for(rows.losses);
  return {{}, {}, std::move(view)};
}

void model::note(scope s) {
  auto& all = changes_[s];
  if (all.empty() || all.back() != last_)
    all.push_back(last_);
}

// -- the past -----------------------------------------------------------------

const key_row* model::key_at(const std::string& key, log_index index) const {
  const auto at = keys_.find(key);
  return at == keys_.end() ? nullptr : at->second.at(index);
}

std::vector<key_view> model::keys_at(const std::string& prefix,
                                     log_index index) const {
  std::vector<key_view> out;
  for (auto at = keys_.lower_bound(prefix);
       at != keys_.end() && at->first.starts_with(prefix); ++at)
    if (const auto* row = at->second.at(index))
      out.push_back({at->first, row->value, row->flags, row->session,
                     row->lock_index, row->create_index, row->modify_index});
  return out;
}

const kv::session_row* model::session_at(const std::string& id,
                                         log_index index) const {
  const auto at = sessions_.find(id);
  return at == sessions_.end() ? nullptr : at->second.at(index);
}

std::vector<session_view> model::sessions_at(log_index index) const {
  std::vector<session_view> out;
  for (const auto& [id, rows] : sessions_)
    if (const auto* x = rows.at(index))
      out.push_back(
        {id, x->node,
         x->behavior == kv::session_behavior::release ? "release" : "delete",
         x->ttl_text, x->create_index});
  return out;
}

std::vector<std::string> model::live_sessions() const {
  std::vector<std::string> out;
  for (const auto& [id, rows] : sessions_)
    if (rows.now() != nullptr)
      out.push_back(id);
  return out;
}

std::vector<instance_view> model::health_at(const std::string& service,
                                            bool passing,
                                            log_index index) const {
  std::vector<instance_view> out;
  for (const auto& [id, rows] : services_) {
    const auto* x = rows.at(index);
    if (x == nullptr || x->name != service)
      continue;
    instance_view view{id.first, id.second, x->port, {}};
    auto well = true;
    for (const auto& check : checks_at(id.first, index)) {
      if (!check.service_id.empty() && check.service_id != id.second)
        continue;
      view.checks[check.id] = check.status;
      well &= check.status == "passing";
    }
    if (well || !passing)
      out.push_back(std::move(view));
  }
  return out;
}

std::vector<check_view> model::checks_at(const std::string& node,
                                         log_index index) const {
  std::vector<check_view> out;
  for (auto at = checks_.lower_bound({node, ""});
       at != checks_.end() && at->first.first == node; ++at)
    if (const auto* x = at->second.at(index))
      out.push_back({node, at->first.second, x->status, x->service_id});
  return out;
}

log_index model::key_change(const std::string& key, log_index index) const {
  const auto at = keys_.find(key);
  return at == keys_.end() ? 0 : at->second.last_change(index);
}

log_index model::prefix_change(const std::string& prefix,
                               log_index index) const {
  log_index out = 0;
  for (auto at = keys_.lower_bound(prefix);
       at != keys_.end() && at->first.starts_with(prefix); ++at)
    out = std::max(out, at->second.last_change(index));
  return out;
}

log_index model::last_change(scope s, log_index index) const {
  const auto all = changes_.find(s);
  if (all == changes_.end())
    return 0;
  const auto after =
    std::upper_bound(all->second.begin(), all->second.end(), index);
  return after == all->second.begin() ? 0 : *(after - 1);
}

std::optional<log_index> model::next_change(scope s, log_index after) const {
  const auto all = changes_.find(s);
  if (all == changes_.end())
    return std::nullopt;
  const auto next =
    std::upper_bound(all->second.begin(), all->second.end(), after);
  return next == all->second.end() ? std::nullopt : std::optional{*next};
}

} // namespace praetor::sim
