#include "actors/kv/core/verbs.hpp"

#include "actors/kv/core/texts.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/sometimes.hpp"

#include <utility>

namespace praetor::kv {

namespace {

verdict lost_verdict() {
  return {ruling::lost, {}, std::nullopt, false};
}

verdict refuse(std::string why) {
  return {ruling::refused, std::move(why), std::nullopt, false};
}

verdict check(bool holds, std::string (*why)(std::string_view),
              const std::string& key) {
  return holds ? verdict{} : refuse(why(key));
}

/// Whether a client's spelling of an id names the session that holds a lock.
bool same_session(const std::string& holder, const std::string& given) {
  if (holder == given)
    return true;
  const auto id = session_id(given);
  return id && *id == holder;
}

/// Stores what the operation brings. Writing what is there changes nothing.
verdict store(key_operation& op, const entry* old, std::string session,
              log_index lock_index, log_index now) {
  if (old != nullptr && old->lock_index == lock_index && old->flags == op.flags
      && old->value == op.value && old->session == session)
    return {};
  const auto create_index = old != nullptr ? old->create_index : now;
  verdict out;
  out.content = entry{std::move(op.value), op.flags,     std::move(session),
                      lock_index,          create_index, now};
  return out;
}

/// A plain write keeps the holder, but not the lock's counter.
verdict set(key_operation& op, const entry* old, const surroundings& around) {
  return store(op, old, old != nullptr ? old->session : "", 0, around.index);
}

/// Index 0 asks for a key that is not there.
verdict cas(key_operation& op, const entry* old, const surroundings& around) {
  if ((old != nullptr ? old->modify_index : 0) != op.index)
    return lost_verdict();
  return set(op, old, around);
}

verdict lock(key_operation& op, const entry* old, const surroundings& around) {
  if (too_early(op, around)) {
    sometimes("kv.lock_refused_by_delay");
    return lost_verdict();
  }
  if (op.session.empty())
    return refuse(std::string{missing_session});
  auto id = session_id(op.session);
  if (!id)
    return refuse(id.error().context);
  if (around.sessions.find(*id) == nullptr)
    return refuse(invalid_session(op.session));
  log_index lock_index = 1;
  if (old != nullptr) {
    const auto again = old->session == *id;
    if (!again && !old->session.empty())
      return lost_verdict();
    lock_index = again ? old->lock_index : old->lock_index + 1;
    sometimes("kv.lock_handed_over", lock_index > 1 && !again);
  }
  return store(op, old, std::move(*id), lock_index, around.index);
}

verdict unlock(key_operation& op, const entry* old,
               const surroundings& around) {
  if (op.session.empty())
    return refuse(std::string{missing_session});
  if (old == nullptr || !same_session(old->session, op.session))
    return lost_verdict();
  return store(op, old, {}, old->lock_index, around.index);
}

verdict check_session(const key_operation& op, const entry* old) {
  if (old == nullptr)
    return refuse(no_key_to_check_session(op.key));
  if (!same_session(old->session, op.session))
    return refuse(other_session(op.key, old->session, op.session));
  return {};
}

verdict check_index(const key_operation& op, const entry* old) {
  if (old == nullptr)
    return refuse(no_key_to_check_index(op.key));
  if (old->modify_index != op.index)
    return refuse(other_index(op.key, old->modify_index, op.index));
  return {};
}

verdict remove(const entry* old) {
  verdict out;
  out.erases = old != nullptr;
  return out;
}

} // namespace

bool concerns_prefix(verb what) {
  return what == verb::get_tree || what == verb::remove_tree;
}

bool only_reads(verb what) {
  switch (what) {
    case verb::get:
    case verb::get_tree:
    case verb::check_index:
    case verb::check_session:
    case verb::check_not_exists: return true;
    default: return false;
  }
}

bool too_early(const key_operation& op, const surroundings& around) {
  return op.what == verb::lock && around.locks.delayed(op.key, around.now);
}

verdict judge(key_operation& op, const entry* old, const surroundings& around) {
  PRAETOR_ASSERT(!concerns_prefix(op.what));
  switch (op.what) {
    case verb::set: return set(op, old, around);
    case verb::cas: return cas(op, old, around);
    case verb::lock: return lock(op, old, around);
    case verb::unlock: return unlock(op, old, around);
    case verb::get: return check(old != nullptr, key_is_missing, op.key);
    case verb::check_index: return check_index(op, old);
    case verb::check_session: return check_session(op, old);
    case verb::check_not_exists:
      return check(old == nullptr, key_exists, op.key);
    case verb::remove: return remove(old);
    case verb::remove_cas:
      if (old != nullptr && old->modify_index != op.index)
        return lost_verdict();
      return remove(old);
    default: return refuse(unknown_verb(op.value));
  }
}

} // namespace praetor::kv
