#include "tests/sim/check/order.hpp"

#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <queue>
#include <utility>

namespace praetor::sim {

namespace {

// -- answers of reads ---------------------------------------------------------

bool same_key(const model& state, log_index at, const kv::query& q,
              const answer& x) {
  const auto* row = state.key_at(q.name, at);
  if (row == nullptr)
    return !x.found && x.index == state.last_change(scope::keys, at);
  if (!x.found || x.index != row->modify_index)
    return false;
  if (q.kind == kv::query_kind::key_raw)
    return *x.body == row->value;
  const auto got = parse_keys(*x.body);
  // The keys below it have its name as their prefix, and come behind it.
  return got && got->size() == 1
         && got->front() == state.keys_at(q.name, at).front();
}

bool same_prefix(const model& state, log_index at, const kv::query& q,
                 const answer& x) {
  // How long a delete is remembered for its prefix is the server's choice.
  if (x.index < state.prefix_change(q.name, at)
      || x.index > state.last_change(scope::keys, at))
    return false;
  const auto rows = state.keys_at(q.name, at);
  if (rows.empty())
    return !x.found || (q.name.empty() && *x.body == "[]");
  if (!x.found)
    return false;
  if (q.kind == kv::query_kind::prefix) {
    const auto got = parse_keys(*x.body);
    return got && *got == rows;
  }
  const auto names = parse_names(*x.body);
  return names && names->size() == rows.size()
         && std::equal(names->begin(), names->end(), rows.begin(),
                       [](const std::string& name, const key_view& row) {
                         return name == row.key;
                       });
}

bool same_sessions(const model& state, log_index at, const kv::query& q,
                   const answer& x) {
  auto rows = state.sessions_at(at);
  std::erase_if(rows, [&q](const session_view& row) {
    return (q.kind == kv::query_kind::session && row.id != q.name)
           || (q.kind == kv::query_kind::sessions_of_node
               && row.node != q.name);
  });
  const auto got = parse_sessions(*x.body);
  return got && *got == rows
         && x.index == state.last_change(scope::sessions, at);
}

bool same_answer(const model& state, log_index at, const kv::query& q,
                 const answer& x) {
  switch (q.kind) {
    case kv::query_kind::key:
    case kv::query_kind::key_raw: return same_key(state, at, q, x);
    case kv::query_kind::prefix:
    case kv::query_kind::keys: return same_prefix(state, at, q, x);
    case kv::query_kind::session:
    case kv::query_kind::sessions_of_node:
    case kv::query_kind::sessions: return same_sessions(state, at, q, x);
    case kv::query_kind::session_ttls:
    case kv::query_kind::transaction: return true;
  }
  return false;
}

template <class T>
bool same_rows(std::optional<std::vector<T>> got, std::vector<T> rows) {
  if (!got)
    return false;
  std::sort(got->begin(), got->end());
  std::sort(rows.begin(), rows.end());
  return *got == rows;
}

bool same_answer(const model& state, log_index at, const catalog::query& q,
                 const answer& x) {
  switch (q.kind) {
    case catalog::query_kind::health_service:
      return same_rows(parse_health(*x.body),
                       state.health_at(q.name, q.passing, at));
    case catalog::query_kind::checks_of_node:
      return same_rows(parse_checks(*x.body), state.checks_at(q.name, at));
    default: return true;
  }
}

scope scope_of(const operation& op) {
  const auto* keys = std::get_if<key_read>(&op.what);
  if (keys == nullptr)
    return scope::catalog;
  switch (keys->query.kind) {
    case kv::query_kind::session:
    case kv::query_kind::sessions_of_node:
    case kv::query_kind::sessions: return scope::sessions;
    default: return scope::keys;
  }
}

// -- the check ----------------------------------------------------------------

class order_check {
public:
  order_check(const history& clients, const applied_log& log,
              const model& state)
    : clients_{clients}, log_{log}, state_{state} {
    for (const auto& [index, x] : log.all())
      if (x.entry.kind == entry_kind::command)
        by_payload_[x.entry.payload].push_back(index);
  }

  std::vector<finding> run() {
    for (const auto& op : clients_.operations()) {
      // What was finished before this one began has its place already.
      while (!open_.empty() && open_.top().when < op.invoked) {
        if (open_.top().index > floor_.index)
          floor_ = open_.top();
        open_.pop();
      }
      if (const auto* write = std::get_if<write_request>(&op.what))
        judge_write(op, *write);
      else if (const auto* options = options_of(op.what))
        judge_read(op, *options);
    }
    return std::move(findings_);
  }

private:
  void judge_write(const operation& op, const write_request& write) {
    const auto payload = state::encode_command(write.command);
    if (op.out.kind == outcome_kind::fail)
      return judge_failure(op, payload);
    if (!op.answered()) {
      const auto took_effect = by_payload_.contains(payload);
      sometimes("sim: an unknown outcome took effect", took_effect);
      sometimes("sim: an unknown outcome took none", !took_effect);
      return;
    }
    const auto index = op.out.result.index;
    const auto* applied = log_.find(index);
    if (applied == nullptr)
      return report("order", op, "its entry was never applied");
    if (state_.repeats(index) != 0)
      return report("I22", op,
                    "its entry repeats the one at "
                      + std::to_string(state_.repeats(index))
                      + ", which alone may have an effect and an answer");
    if (applied->entry.payload != payload)
      return report("order", op, "the entry at its index is another command");
    if (*op.returned < applied->first)
      return report("order", op, "it was answered before it was applied");
    if (const auto what = state_.expected(index)->differs_from(op.out.result);
        !what.empty())
      report(name_of(write), op, "it was told " + what);
    if (index <= floor_.index)
      report("order", op,
             "it began when clients knew index " + text_of_floor());
    finish(op, index);
  }

  void judge_failure(const operation& op, const std::string& payload) {
    const auto at = by_payload_.find(payload);
    if (at == by_payload_.end() || !is_unique(op))
      return;
    report("order", op,
           "it was told to have failed, but it was applied at index "
             + std::to_string(at->second.front()));
  }

  void judge_read(const operation& op, const owner::read_options& options) {
    if (!op.answered())
      return;
    const auto stale = options.mode == consistency::stale;
    const auto& x = op.out.answer.data;
    auto at = std::max(stale ? 0 : floor_.index, x.index);
    while (at <= state_.last() && !explains(state_, at, op)) {
      const auto next = state_.next_change(scope_of(op), at);
      at = next.value_or(state_.last() + 1);
    }
    if (at > state_.last() && state_.last() > 0)
      return report(name_of_read(op), op,
                    stale ? "no state of the log gives this answer"
                          : "no state gives this answer from index "
                              + text_of_floor() + " on");
    if (!stale)
      finish(op, at);
  }

  static bool has_value(const kv::transaction& x) {
    return std::any_of(x.operations.begin(), x.operations.end(),
                       [](const kv::positioned_operation& each) {
                         return !each.operation.value.empty();
                       });
  }

  /// Two equal commands cannot be told apart in the log.
  static bool is_unique(const operation& op) {
    const auto& command = std::get<write_request>(op.what).command;
    if (const auto* mixed = std::get_if<state::mixed_transaction>(&command))
      return has_value(mixed->keys);
    const auto* keys = std::get_if<kv::command>(&command);
    if (keys == nullptr)
      return false;
    if (const auto* put = std::get_if<kv::write_key>(keys))
      return !put->operation.value.empty();
    if (const auto* all = std::get_if<kv::transaction>(keys))
      return has_value(*all);
    return std::holds_alternative<kv::create_session>(*keys);
  }

  /// A wrong answer to a lock or a transaction has a name of its own.
  static std::string name_of(const write_request& write) {
    const auto* keys = std::get_if<kv::command>(&write.command);
    if (keys == nullptr)
      return std::holds_alternative<state::mixed_transaction>(write.command)
               ? "I21"
               : "order";
    if (std::holds_alternative<kv::transaction>(*keys))
      return "I21";
    const auto* put = std::get_if<kv::write_key>(keys);
    return put != nullptr && put->operation.what == kv::verb::lock ? "I13"
                                                                   : "order";
  }

  /// An answer that shows a lock of a session that had ended.
  std::string name_of_read(const operation& op) const {
    const auto* keys = std::get_if<key_read>(&op.what);
    if (keys == nullptr || !op.out.answer.data.body)
      return "order";
    const auto rows = parse_keys(*op.out.answer.data.body);
    if (!rows)
      return "order";
    for (const auto& row : *rows) {
      const auto end = state_.session_ends().find(row.session);
      if (end != state_.session_ends().end()
          && end->second.index <= floor_.index)
        return "I14";
    }
    return "order";
  }

  void finish(const operation& op, log_index at) {
    open_.push({*op.returned, at, op.id});
  }

  void report(std::string invariant, const operation& op,
              const std::string& why) {
    findings_.push_back({std::move(invariant),
                         "client " + std::to_string(op.client) + " at "
                           + describe(op.invoked) + " asked " + op.server + ": "
                           + describe(op.what) + " -> " + describe(op) + "; "
                           + why,
                         op.returned.value_or(op.invoked)});
  }

  /// An operation with its place in the log.
  struct finished {
    moment when{0};
    log_index index = 0;
    std::size_t operation = 0;

    friend bool operator>(const finished& a, const finished& b) {
      return a.when > b.when;
    }
  };

  /// What an operation comes after.
  std::string text_of_floor() const {
    if (floor_.index == 0)
      return "0";
    const auto& op = clients_.at(floor_.operation);
    return std::to_string(floor_.index) + " (" + describe(op.what) + " of "
           + op.server + ", answered at " + describe(floor_.when) + ")";
  }

  const history& clients_;
  const applied_log& log_;
  const model& state_;
  std::map<std::string, std::vector<log_index>> by_payload_;
  std::priority_queue<finished, std::vector<finished>, std::greater<>> open_;
  /// Everything finished before the operation at hand is at or below.
  finished floor_;
  std::vector<finding> findings_;
};

} // namespace

bool explains(const model& state, log_index index, const operation& read) {
  const auto& x = read.out.answer.data;
  if (!x.body)
    return false;
  if (const auto* keys = std::get_if<key_read>(&read.what))
    return same_answer(state, index, keys->query, x);
  if (const auto* rows = std::get_if<catalog_read>(&read.what))
    return same_answer(state, index, rows->query, x);
  return true;
}

std::vector<finding> check_order(const history& clients, const applied_log& log,
                                 const model& state) {
  return order_check{clients, log, state}.run();
}

} // namespace praetor::sim
