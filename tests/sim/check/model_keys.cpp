// The model's keys, sessions and locks.

#include "tests/sim/check/model.hpp"

#include <algorithm>
#include <utility>

namespace praetor::sim {

namespace {

/// No lock-delay is longer.
constexpr duration delay_max = std::chrono::seconds{60};

bool shows_row(kv::verb what) {
  return what != kv::verb::remove && what != kv::verb::remove_cas
         && what != kv::verb::check_not_exists;
}

shown_row show(std::uint32_t position, const std::string& key,
               const key_row& row, bool with_value) {
  return {position, "KV", key, with_value ? row.value : "", row.modify_index};
}

} // namespace

expectation model::run(const kv::command& x) {
  if (const auto* put = std::get_if<kv::write_key>(&x))
    return write(put->operation);
  if (const auto* made = std::get_if<kv::create_session>(&x))
    return create(made->session);
  if (const auto* gone = std::get_if<kv::destroy_session>(&x))
    return destroy(gone->id);
  if (const auto* losses = std::get_if<kv::end_sessions>(&x)) {
    end_for(losses->losses);
    return {{}, "true", std::nullopt};
  }
  draft d;
  transaction_view view;
  run_keys(std::get<kv::transaction>(x), d, view);
  if (!view.errors.empty()) {
    view.results.clear();
    return {errc::conflict, {}, std::move(view)};
  }
  keep(d);
  return {{}, {}, std::move(view)};
}

// -- keys ---------------------------------------------------------------------

expectation model::write(const kv::key_operation& op) {
  draft d;
  if (op.what == kv::verb::remove_tree) {
    for (const auto& key : below(d, op.key))
      d[key].reset();
    keep(d);
    return {{}, "true", std::nullopt};
  }
  const auto old = find(d, op.key);
  auto change = rule(op, old, facts_of(op, old));
  switch (change.what) {
    case key_verdict::refused: return {errc::rejected, {}, std::nullopt};
    case key_verdict::lost: return {{}, "false", std::nullopt};
    case key_verdict::accepted: break;
  }
  if (change.changed)
    d[op.key] = std::move(change.row);
  keep(d);
  return {{}, "true", std::nullopt};
}

key_facts model::facts_of(const kv::key_operation& op,
                          const std::optional<key_row>& old) const {
  key_facts out;
  out.index = last_;
  out.session_lives = session_at(op.session, last_) != nullptr;
  const auto until = delayed_until_.find(op.key);
  out.delayed = until != delayed_until_.end() && until->second > now_;
  out.index_matches = old && old->modify_index == op.index;
  return out;
}

void model::run_keys(const kv::transaction& x, draft& d,
                     transaction_view& out) const {
  // What a lock-delay forbids is told before anything else is looked at.
  for (const auto& [position, op] : x.operations)
    if (op.what == kv::verb::lock && facts_of(op, std::nullopt).delayed)
      out.errors.push_back(position);
  if (!out.errors.empty())
    return;
  for (const auto& [position, op] : x.operations)
    run_verb(position, op, d, out);
}

void model::run_verb(std::uint32_t position, const kv::key_operation& op,
                     draft& d, transaction_view& out) const {
  if (op.what == kv::verb::remove_tree) {
    for (const auto& key : below(d, op.key))
      d[key].reset();
    return;
  }
  if (op.what == kv::verb::get_tree) {
    for (const auto& key : below(d, op.key))
      out.results.push_back(show(position, key, *find(d, key), true));
    return;
  }
  const auto old = find(d, op.key);
  auto change = rule(op, old, facts_of(op, old));
  if (change.what != key_verdict::accepted)
    return out.errors.push_back(position);
  if (shows_row(op.what))
    out.results.push_back(
      show(position, op.key, *change.row, op.what == kv::verb::get));
  if (change.changed)
    d[op.key] = std::move(change.row);
}

std::optional<key_row> model::find(const draft& d,
                                   const std::string& key) const {
  if (const auto at = d.find(key); at != d.end())
    return at->second;
  const auto* row = key_at(key, last_);
  return row == nullptr ? std::nullopt : std::optional{*row};
}

std::vector<std::string> model::below(const draft& d,
                                      const std::string& prefix) const {
  std::set<std::string> names;
  for (const auto& row : keys_at(prefix, last_))
    names.insert(row.key);
  for (const auto& [key, row] : d)
    if (key.starts_with(prefix))
      names.insert(key);
  std::vector<std::string> out;
  for (const auto& name : names)
    if (find(d, name))
      out.push_back(name);
  return out;
}

void model::keep(const draft& d) {
  for (const auto& [key, row] : d)
    set_key(key, row);
}

void model::set_key(const std::string& key, std::optional<key_row> row) {
  const auto* old = key_at(key, last_);
  const auto before = old != nullptr ? old->session : "";
  const auto after = row ? row->session : "";
  if (before != after)
    lock_events_.push_back({last_, now_, key, after});
  keys_[key].set(last_, std::move(row));
  note(scope::keys);
}

// -- sessions -----------------------------------------------------------------

expectation model::create(const kv::session_row& x) {
  if (!guard(x) || session_at(x.id, last_) != nullptr)
    return {errc::rejected, {}, std::nullopt};
  auto row = x;
  row.create_index = row.modify_index = last_;
  sessions_[x.id].set(last_, std::move(row));
  note(scope::sessions);
  return {{}, "{\"ID\":\"" + x.id + "\"}", std::nullopt};
}

expectation model::destroy(const std::string& id) {
  if (session_at(id, last_) != nullptr)
    end(id, session_cause::destroyed);
  return {{}, "true", std::nullopt};
}

void model::end_for(const std::vector<liveness_loss>& losses) {
  for (const auto& id : live_sessions()) {
    const auto row = *session_at(id, last_);
    const auto hit = [&row](const liveness_loss& x) {
      if (x.node != row.node)
        return false;
      const auto rests = [&x](const std::vector<std::string>& checks) {
        return std::count(checks.begin(), checks.end(), *x.check) > 0;
      };
      return !x.check || rests(row.node_checks) || rests(row.service_checks);
    };
    if (std::any_of(losses.begin(), losses.end(), hit))
      end(id, session_cause::loss);
  }
}

void model::end(const std::string& id, session_cause why) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  const auto gone = *session_at(id, last_);
  const auto delay = ceil<milliseconds>(std::min(gone.lock_delay, delay_max));
  for (const auto& view : keys_at("", last_)) {
    if (view.session != id)
      continue;
    std::optional<key_row> row;
    if (gone.behavior == kv::session_behavior::release) {
      row = *key_at(view.key, last_);
      row->session.clear();
      row->modify_index = last_;
    }
    set_key(view.key, std::move(row));
    if (delay.count() > 0)
      delayed_until_[view.key] = now_ + delay.count();
  }
  sessions_[id].set(last_, std::nullopt);
  ends_[id] = {last_, why};
  note(scope::sessions);
}

} // namespace praetor::sim
