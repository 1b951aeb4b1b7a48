#include "tests/sim/check/lock_object.hpp"

#include <algorithm>
#include <utility>

namespace praetor::sim {

namespace {

using old_row = std::optional<key_row>;

old_row find(const lock_state& s, const std::string& key) {
  const auto at = s.keys.find(key);
  return at == s.keys.end() ? std::nullopt : std::optional{at->second};
}

void put(lock_state& s, const std::string& key, old_row row) {
  if (!row)
    return void(s.keys.erase(key));
  row->create_index = 0; // not compared here
  s.keys[key] = std::move(*row);
}

void erase_below(lock_state& s, const std::string& prefix) {
  std::erase_if(
    s.keys, [&prefix](const auto& x) { return x.first.starts_with(prefix); });
}

/// Everything that a verb may find to be so, with what it then is told.
struct possibility {
  lock_state s;
  key_change change;
};

/// Where an index is not known, both outcomes of comparing it are possible, and
/// success tells what it is.
std::vector<possibility> possibilities(const lock_state& from,
                                       const kv::key_operation& verb,
                                       log_index index) {
  std::vector<possibility> out;
  const auto old = find(from, verb.key);
  key_facts facts;
  facts.index = index;
  facts.session_lives = from.sessions.contains(verb.session);
  const auto open = old && old->modify_index == 0 && compares_index(verb.what);
  const auto add = [&out, &from, &verb, &facts](old_row row) {
    auto s = from;
    if (row)
      put(s, verb.key, row);
    out.push_back({std::move(s), rule(verb, row, facts)});
  };
  facts.index_matches = !open && old && old->modify_index == verb.index;
  add(old);
  if (open && verb.index != 0) {
    auto known = old;
    known->modify_index = verb.index;
    facts.index_matches = true;
    add(known);
    facts.index_matches = false;
  }
  if (verb.what == kv::verb::lock && from.delayed.contains(verb.key)) {
    facts.delayed = true;
    add(old);
  }
  return out;
}

/// The index of what the operation writes; 0: not known.
log_index index_of(const operation& op) {
  return op.answered() ? op.out.result.index : 0;
}

/// Takes over the index that a client saw. False: it cannot have seen the row.
bool meets(lock_state& s, const std::string& key, const key_view& seen) {
  const auto at = s.keys.find(key);
  if (at == s.keys.end())
    return false;
  auto& row = at->second;
  if (row.value != seen.value || row.flags != seen.flags
      || row.session != seen.session || row.lock_index != seen.lock_index)
    return false;
  if (row.modify_index != 0 && row.modify_index != seen.modify_index)
    return false;
  row.modify_index = seen.modify_index;
  return true;
}

} // namespace

std::vector<lock_state> lock_object::step(const state& from,
                                          std::size_t call) const {
  const auto& what = calls_[call];
  if (what.client == nullptr) {
    auto s = from;
    for (const auto& id : what.ended)
      s = end(std::move(s), id);
    return {std::move(s)};
  }
  const auto& op = *what.client;
  if (const auto* keys = std::get_if<key_read>(&op.what))
    return read(from, op, keys->query);
  const auto& command = std::get<write_request>(op.what).command;
  if (const auto* mixed =
        std::get_if<praetor::state::mixed_transaction>(&command)) {
    auto out = transact(from, op, mixed->keys);
    if (!op.answered())
      out.push_back(from); // the catalog's half may have failed
    return out;
  }
  return run(from, op, std::get<kv::command>(command));
}

lock_state lock_object::end(lock_state s, const std::string& id) const {
  if (s.sessions.erase(id) == 0)
    return s;
  const auto known = sessions_.find(id);
  for (const auto& [key, row] : std::map{s.keys}) {
    if (row.session != id || known == sessions_.end())
      continue;
    auto left = row;
    left.session.clear();
    left.modify_index = 0;
    const auto stays = known->second.behavior == kv::session_behavior::release;
    put(s, key, stays ? std::optional{left} : std::nullopt);
    if (known->second.lock_delay > duration{0})
      s.delayed.insert(key);
  }
  return s;
}

std::vector<lock_state> lock_object::run(const state& from, const operation& op,
                                         const kv::command& x) const {
  const auto refused = op.answered() && op.out.result.code != errc{};
  if (const auto* put = std::get_if<kv::write_key>(&x))
    return write(from, op, put->operation);
  if (const auto* all = std::get_if<kv::transaction>(&x))
    return transact(from, op, *all);
  auto s = from;
  if (const auto* made = std::get_if<kv::create_session>(&x)) {
    if (!refused)
      s.sessions.insert(made->session.id);
  } else if (const auto* gone = std::get_if<kv::destroy_session>(&x)) {
    return {end(from, gone->id)};
  }
  return {std::move(s)};
}

std::vector<lock_state>
lock_object::write(const state& from, const operation& op,
                   const kv::key_operation& verb) const {
  if (verb.what == kv::verb::remove_tree) {
    auto s = from;
    erase_below(s, verb.key);
    return {std::move(s)};
  }
  std::vector<state> out;
  for (auto& [s, change] : possibilities(from, verb, index_of(op))) {
    if (op.answered()) {
      const auto& told = op.out.result;
      const auto as_told = told.code != errc{}   ? key_verdict::refused
                           : told.body == "true" ? key_verdict::accepted
                                                 : key_verdict::lost;
      if (as_told != change.what)
        continue;
    }
    if (change.changed)
      put(s, verb.key, change.row);
    out.push_back(std::move(s));
  }
  return out;
}

std::vector<lock_state> lock_object::transact(const state& from,
                                              const operation& op,
                                              const kv::transaction& x) const {
  transaction_view view;
  if (op.answered()) {
    auto parsed = parse_transaction(op.out.result.body);
    if (!parsed)
      return {};
    view = std::move(*parsed);
  }
  const auto failed = !view.errors.empty();
  // A lock-delay is told before all else, and may hide the rest.
  const auto may_be_delayed = [&from](const kv::positioned_operation& each) {
    return each.operation.what == kv::verb::lock
           && from.delayed.contains(each.operation.key);
  };
  if (failed
      && std::any_of(x.operations.begin(), x.operations.end(), may_be_delayed))
    return {from};
  std::vector<attempt> attempts{{from, {}}};
  for (const auto& each : x.operations) {
    std::vector<attempt> next;
    for (const auto& a : attempts)
      for (auto& b : run_verb(a, op, each, view))
        next.push_back(std::move(b));
    attempts = std::move(next);
  }
  std::vector<state> out;
  for (auto& a : attempts) {
    if (op.answered()) {
      const auto told = [&view](const kv::positioned_operation& each) {
        return std::count(view.errors.begin(), view.errors.end(), each.position)
               > 0;
      };
      const auto expected =
        std::all_of(x.operations.begin(), x.operations.end(),
                    [&a, &told](const kv::positioned_operation& each) {
                      return told(each) == a.errors.contains(each.position);
                    });
      if (!expected)
        continue;
    }
    out.push_back(failed || !a.errors.empty() ? from : std::move(a.s));
  }
  return out;
}

std::vector<lock_object::attempt>
lock_object::run_verb(const attempt& from, const operation& op,
                      const kv::positioned_operation& x,
                      const transaction_view& view) const {
  const auto& verb = x.operation;
  if (verb.what == kv::verb::remove_tree || verb.what == kv::verb::get_tree) {
    auto next = from;
    if (verb.what == kv::verb::remove_tree)
      erase_below(next.s, verb.key);
    return {std::move(next)};
  }
  std::vector<attempt> out;
  for (auto& [s, change] : possibilities(from.s, verb, index_of(op))) {
    attempt next{std::move(s), from.errors};
    if (change.what != key_verdict::accepted) {
      next.errors.insert(x.position);
    } else if (verb.what == kv::verb::get) {
      const auto shown = std::find_if(
        view.results.begin(), view.results.end(),
        [&x](const shown_row& row) { return row.position == x.position; });
      if (shown != view.results.end() && shown->value != change.row->value)
        continue;
    } else if (change.changed) {
      put(next.s, verb.key, change.row);
    }
    out.push_back(std::move(next));
  }
  return out;
}

std::vector<lock_state> lock_object::read(const state& from,
                                          const operation& op,
                                          const kv::query& q) const {
  const auto& data = op.out.answer.data;
  auto s = from;
  if (q.kind == kv::query_kind::session) {
    const auto rows = parse_sessions(*data.body);
    if (!rows || rows->empty() == from.sessions.contains(q.name))
      return {};
    return {std::move(s)};
  }
  const auto rows =
    data.found ? parse_keys(*data.body)
               : std::optional<std::vector<key_view>>{std::vector<key_view>{}};
  if (!rows)
    return {};
  std::size_t held = 0;
  for (const auto& [key, row] : from.keys)
    held +=
      q.kind == kv::query_kind::key ? key == q.name : key.starts_with(q.name);
  if (held != rows->size())
    return {};
  for (const auto& row : *rows)
    if (!meets(s, row.key, row))
      return {};
  return {std::move(s)};
}

} // namespace praetor::sim
