#include "actors/kv/core/kv_core.hpp"

#include "actors/kv/core/texts.hpp"
#include "actors/kv/core/transaction.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <utility>
#include <variant>

namespace praetor::kv {

namespace {

constexpr auto no_error = errc{};
constexpr auto sessions_topic = "s";

std::string text_of(bool x) {
  return x ? "true" : "false";
}

} // namespace

// -- commands -----------------------------------------------------------------

command_result kv_core::apply(log_index index, cluster_time now, command&& x) {
  auto p = make_plan(index, now, std::move(x));
  auto result = std::move(p.result);
  carry_out(std::move(p));
  return result;
}

command_result kv_core::apply(log_index index, cluster_time now,
                              const command& x) {
  return apply(index, now, command{x});
}

command_result kv_core::prepare(log_index index, cluster_time now,
                                command&& x) {
  PRAETOR_ASSERT(!prepared_);
  prepared_ = make_plan(index, now, std::move(x));
  return prepared_->result;
}

command_result kv_core::prepare(log_index index, cluster_time now,
                                const command& x) {
  return prepare(index, now, command{x});
}

void kv_core::commit() {
  PRAETOR_ASSERT(prepared_.has_value());
  carry_out(std::move(*prepared_));
  prepared_.reset();
}

void kv_core::abort() {
  PRAETOR_ASSERT(prepared_.has_value());
  if (mutant("F02")) // the keys' half of a failed transaction stays
    return commit();
  sometimes("kv.transaction_of_both_owners_aborted");
  prepared_.reset();
}

// -- deciding -----------------------------------------------------------------

kv_core::plan kv_core::make_plan(log_index index, cluster_time now,
                                 command&& x) const {
  plan p;
  p.index = index;
  p.now = now;
  p.result.index = index;
  p.result.body = text_of(true);
  std::visit([this, &p](auto& c) { decide(p, std::move(c)); }, x);
  return p;
}

void kv_core::decide(plan& p, write_key&& x) const {
  auto& op = x.operation;
  if (op.what == verb::remove_tree)
    return p.keys.erased_prefixes.push_back(std::move(op.key));
  if (op.key.empty() || only_reads(op.what)) {
    p.result.code = errc::rejected;
    p.result.body =
      op.key.empty() ? std::string{must_provide_key} : unknown_verb(op.value);
    return;
  }
  auto ruled = judge(op, keys_.find(op.key), around(p));
  if (ruled.what == ruling::refused) {
    p.result.code = errc::rejected;
    p.result.body = std::move(ruled.why);
  } else if (ruled.what == ruling::lost) {
    p.result.body = text_of(false);
  } else if (ruled.content || ruled.erases) {
    p.keys.keys.emplace(std::move(op.key), std::move(ruled.content));
  }
}

void kv_core::decide(plan& p, transaction&& x) const {
  draft keys{keys_, p.keys};
  const auto outcome = run(std::move(x.operations), keys, around(p));
  p.result.code = outcome.errors.empty() ? no_error : errc::conflict;
  p.result.body = encode(outcome);
  if (!outcome.errors.empty())
    p.keys = {};
}

void kv_core::decide(plan& p, create_session&& x) const {
  const auto id = session_id(x.session.id);
  if (!id || sessions_.find(*id) != nullptr) {
    p.result.code = errc::rejected;
    p.result.body = id ? "session " + *id + " exists" : id.error().context;
    return;
  }
  x.session.id = *id;
  x.session.create_index = p.index;
  x.session.modify_index = p.index;
  p.result.body = "{\"ID\":" + json_quote(x.session.id) + "}";
  p.starts = std::move(x.session);
}

void kv_core::decide(plan& p, destroy_session&& x) const {
  auto id = session_id(x.id);
  if (!id) {
    p.result.code = errc::rejected;
    p.result.body = id.error().context;
  } else if (sessions_.find(*id) != nullptr) {
    sometimes("kv.session_destroyed");
    p.ends.push_back(std::move(*id));
  }
}

void kv_core::decide(plan& p, end_sessions&& x) const {
  std::set<std::string> ids;
  for (const auto& loss : x.losses)
    for (auto& id : sessions_.ended_by(loss)) {
      sometimes(loss.check ? "kv.session_ended_by_check"
                           : "kv.session_ended_by_node");
      ids.insert(std::move(id));
    }
  p.ends.assign(ids.begin(), ids.end());
  // A loss that ends nothing does not reach servers that know of no session;
  // whether one does is no part of the log.
  p.idle = p.ends.empty();
}

surroundings kv_core::around(const plan& p) const {
  return {p.index, p.now, sessions_, locks_};
}

// -- doing --------------------------------------------------------------------

void kv_core::carry_out(plan&& p) {
  if (p.idle)
    return;
  locks_.forget_past(p.now);
  for (const auto& prefix : p.keys.erased_prefixes)
    erase_prefix(prefix, p.index);
  for (auto& [key, content] : p.keys.keys) {
    if (content)
      put(key, std::move(*content));
    else
      erase(key, p.index);
  }
  if (mutant("F01")) { // sessions end with the next entry
    p.ends.swap(late_ends_);
    std::erase_if(p.ends, [this](const std::string& id) {
      return sessions_.find(id) == nullptr;
    });
  }
  for (const auto& id : p.ends)
    end_session(id, p.index, p.now);
  if (p.starts)
    sessions_.add(std::move(*p.starts));
  if (p.starts || !p.ends.empty())
    touched_.emplace_back(sessions_topic);
}

void kv_core::put(const std::string& key, entry x) {
  const auto* old = keys_.find(key);
  locks_.hand_over(key, old != nullptr ? old->session : "", x.session);
  keys_.put(key, std::move(x));
  note(key);
}

void kv_core::erase(const std::string& key, log_index index) {
  if (const auto* old = keys_.find(key))
    locks_.hand_over(key, old->session, {});
  keys_.erase(key, index);
  note(key);
}

void kv_core::erase_prefix(const std::string& prefix, log_index index) {
  keys_.erase_prefix(prefix, index,
                     [this](const std::string& key, const entry& x) {
                       locks_.hand_over(key, x.session, {});
                       note(key);
                     });
}

void kv_core::end_session(const std::string& id, log_index index,
                          cluster_time now) {
  const auto gone = sessions_.remove(id, index);
  for (const auto& key : locks_.held_by(id)) {
    if (gone.behavior == session_behavior::remove) {
      erase(key, index);
    } else {
      auto x = *keys_.find(key);
      x.session.clear();
      x.modify_index = index;
      put(key, std::move(x));
    }
    locks_.delay(key, now, gone.lock_delay);
  }
}

/// Notes that a key changed.
void kv_core::note(const std::string& key) {
  touched_.push_back("k/" + key);
  changed_keys_.insert(key);
}

std::vector<std::string> kv_core::take_touched() {
  return std::exchange(touched_, {});
}

void kv_core::check_invariants() const {
  keys_.check_invariants();
  sessions_.check_invariants();
  locks_.check_invariants();
  std::size_t held = 0;
  keys_.visit("", [this, &held](const std::string& key, const entry& x) {
    PRAETOR_ASSERT(x.create_index <= x.modify_index);
    PRAETOR_ASSERT(x.modify_index <= keys_.max_index());
    if (!x.session.empty()) {
      PRAETOR_ASSERT(sessions_.find(x.session) != nullptr);
      PRAETOR_ASSERT(locks_.held_by(x.session).contains(key));
      ++held;
    }
    return std::size_t{0};
  });
  for (const auto& [id, x] : sessions_.all())
    held -= locks_.held_by(id).size();
  PRAETOR_ASSERT(held == 0);
}

} // namespace praetor::kv
