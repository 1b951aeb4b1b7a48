#include "tests/sim/check/linearizability.hpp"

#include "tests/sim/check/linearize.hpp"
#include "tests/sim/check/lock_object.hpp"
#include "tests/sim/check/time_line.hpp"

#include <algorithm>
#include <utility>

namespace praetor::sim {

namespace {

/// Merges groups of names.
class union_find {
public:
  const std::string& root(const std::string& name) {
    auto at = parents_.try_emplace(name, name).first;
    while (at->second != at->first)
      at = parents_.find(at->second);
    return at->first;
  }

  void join(const std::string& a, const std::string& b) {
    const auto ra = root(a);
    parents_[ra] = root(b);
  }

private:
  std::map<std::string, std::string> parents_;
};

std::string session_name(const std::string& id) {
  return "session " + id;
}

void add_names(const kv::key_operation& op, const std::set<std::string>& keys,
               std::vector<std::string>& out) {
  const auto prefix =
    op.what == kv::verb::remove_tree || op.what == kv::verb::get_tree;
  if (!prefix)
    out.push_back("key " + op.key);
  for (const auto& key : keys)
    if (prefix && key.starts_with(op.key))
      out.push_back("key " + key);
  if (!op.session.empty())
    out.push_back(session_name(op.session));
}

/// What an operation ties together; empty: it is of no concern here.
std::vector<std::string> names_of(const operation& op,
                                  const std::set<std::string>& keys) {
  std::vector<std::string> out;
  if (const auto* read = std::get_if<key_read>(&op.what)) {
    // Stale reads promise nothing.
    if (!op.answered() || read->options.mode == consistency::stale)
      return out;
    if (read->query.kind == kv::query_kind::key)
      out.push_back("key " + read->query.name);
    else if (read->query.kind == kv::query_kind::prefix)
      for (const auto& key : keys)
        if (key.starts_with(read->query.name))
          out.push_back("key " + key);
    if (read->query.kind == kv::query_kind::session)
      out.push_back(session_name(read->query.name));
    return out;
  }
  const auto* write = std::get_if<write_request>(&op.what);
  if (write == nullptr || !op.may_take_effect())
    return out;
  const auto add_all = [&keys, &out](const kv::transaction& x) {
    for (const auto& each : x.operations)
      add_names(each.operation, keys, out);
  };
  if (const auto* mixed =
        std::get_if<state::mixed_transaction>(&write->command))
    add_all(mixed->keys);
  const auto* command = std::get_if<kv::command>(&write->command);
  if (command == nullptr)
    return out;
  if (const auto* put = std::get_if<kv::write_key>(command))
    add_names(put->operation, keys, out);
  else if (const auto* all = std::get_if<kv::transaction>(command))
    add_all(*all);
  else if (const auto* made = std::get_if<kv::create_session>(command))
    out.push_back(session_name(made->session.id));
  else if (const auto* gone = std::get_if<kv::destroy_session>(command))
    out.push_back(session_name(gone->id));
  return out;
}

/// Everything that clients ever named.
struct vocabulary {
  std::set<std::string> keys;
  std::map<std::string, kv::session_row> sessions;

  void learn(const kv::transaction& x) {
    for (const auto& each : x.operations)
      keys.insert(each.operation.key);
  }

  void learn(const operation& op) {
    if (const auto* read = std::get_if<key_read>(&op.what))
      if (read->query.kind == kv::query_kind::key)
        keys.insert(read->query.name);
    const auto* write = std::get_if<write_request>(&op.what);
    if (write == nullptr)
      return;
    if (const auto* x = std::get_if<state::mixed_transaction>(&write->command))
      learn(x->keys);
    const auto* command = std::get_if<kv::command>(&write->command);
    if (command == nullptr)
      return;
    if (const auto* put = std::get_if<kv::write_key>(command))
      keys.insert(put->operation.key);
    else if (const auto* all = std::get_if<kv::transaction>(command))
      learn(*all);
    else if (const auto* made = std::get_if<kv::create_session>(command))
      sessions[made->session.id] = made->session;
  }
};

/// Between when an operation took effect; nothing: it never did.
std::optional<call_times> times_of(const operation& op,
                                   const applied_first* applied) {
  call_times out{op.invoked, op.answered() ? op.returned : std::nullopt};
  const auto* write = std::get_if<write_request>(&op.what);
  if (out.to || applied == nullptr || write == nullptr)
    return out;
  const auto found = applied->find(state::encode_command(write->command));
  if (found == applied->end())
    return std::nullopt;
  if (found->second.size() == 1) {
    out.from = std::max(found->second.front(), op.invoked);
    out.to = out.from;
  }
  return out;
}

struct group {
  std::vector<lock_call> calls;
  std::vector<call_times> times;
};

std::string text_of(const std::vector<std::string>& sessions) {
  std::string out = "sessions";
  for (const auto& id : sessions)
    out += " " + id;
  return out;
}

std::string text_of(const group& g, std::size_t culprit) {
  std::vector<line> lines;
  for (std::size_t i = 0; i < g.calls.size(); ++i) {
    const auto& call = g.calls[i];
    const auto* op = call.client;
    lines.push_back(
      {op != nullptr ? "client " + std::to_string(op->client) : "cluster",
       g.times[i].from, g.times[i].to,
       op != nullptr ? describe(op->what) + " -> " + describe(*op)
                     : text_of(call.ended) + " end",
       i == culprit});
  }
  return draw(std::move(lines));
}

} // namespace

blind_report check_blind(const history& clients,
                         const std::vector<silent_end>& ends,
                         const applied_first* applied, blind_options options) {
  vocabulary words;
  for (const auto& op : clients.operations())
    words.learn(op);
  union_find ties;
  for (const auto& op : clients.operations()) {
    const auto names = names_of(op, words.keys);
    if (names.empty() || !times_of(op, applied))
      continue;
    for (const auto& name : names)
      ties.join(names.front(), name);
  }
  std::map<std::string, group> groups;
  for (const auto& op : clients.operations()) {
    const auto names = names_of(op, words.keys);
    const auto times = times_of(op, applied);
    if (names.empty() || !times)
      continue;
    auto& g = groups[ties.root(names.front())];
    g.calls.push_back({&op, {}});
    g.times.push_back(*times);
  }
  for (const auto& end : ends) {
    // At once: their order would only multiply what has to be looked at.
    std::map<std::string, std::vector<std::string>> by_group;
    for (const auto& id : end.sessions)
      if (words.sessions.contains(id))
        by_group[ties.root(session_name(id))].push_back(id);
    for (auto& [root, ids] : by_group) {
      groups[root].calls.push_back({nullptr, std::move(ids)});
      groups[root].times.push_back({end.at, end.at});
    }
  }
  blind_report out;
  for (auto& [root, g] : groups) {
    ++out.groups;
    const lock_object object{g.calls, words.sessions};
    const auto found =
      linearizer<lock_object>{object, g.times, options.effort_max}.run({});
    out.effort += found.effort;
    out.inconclusive += found.what == linearize_verdict::inconclusive;
    if (found.what == linearize_verdict::no)
      out.findings.push_back(
        {"linearizability",
         "no order of these operations explains the marked one\n"
           + text_of(g, found.culprit),
         g.times[found.culprit].to.value_or(moment{0})});
  }
  return out;
}

} // namespace praetor::sim
