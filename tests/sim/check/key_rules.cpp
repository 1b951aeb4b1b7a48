#include "tests/sim/check/key_rules.hpp"

#include "runtime/base/assert.hpp"

#include <utility>

namespace praetor::sim {

namespace {

using old_row = std::optional<key_row>;

key_change stays(const old_row& old) {
  return {key_verdict::accepted, old, false};
}

key_change loses(const old_row& old) {
  return {key_verdict::lost, old, false};
}

key_change refuses(const old_row& old) {
  return {key_verdict::refused, old, false};
}

key_change accept_if(bool holds, const old_row& old) {
  return holds ? stays(old) : refuses(old);
}

/// Writing what is there already is no change.
key_change store(const kv::key_operation& op, const old_row& old,
                 std::string session, log_index lock_index,
                 const key_facts& facts) {
  key_row next;
  next.value = op.value;
  next.flags = op.flags;
  next.session = std::move(session);
  next.lock_index = lock_index;
  next.create_index = old ? old->create_index : facts.index;
  next.modify_index = old ? old->modify_index : facts.index;
  if (old && next == *old)
    return stays(old);
  next.modify_index = facts.index;
  return {key_verdict::accepted, std::move(next), true};
}

key_change set(const kv::key_operation& op, const old_row& old,
               const key_facts& facts) {
  return store(op, old, old ? old->session : "", 0, facts);
}

key_change acquire(const kv::key_operation& op, const old_row& old,
                   const key_facts& facts) {
  if (facts.delayed)
    return loses(old);
  if (!facts.session_lives)
    return refuses(old);
  if (!old)
    return store(op, old, op.session, 1, facts);
  if (old->session == op.session)
    return store(op, old, op.session, old->lock_index, facts);
  if (!old->session.empty())
    return loses(old);
  return store(op, old, op.session, old->lock_index + 1, facts);
}

key_change release(const kv::key_operation& op, const old_row& old,
                   const key_facts& facts) {
  if (op.session.empty())
    return refuses(old);
  if (!old || old->session != op.session)
    return loses(old);
  return store(op, old, "", old->lock_index, facts);
}

key_change remove(const old_row& old) {
  return {key_verdict::accepted, std::nullopt, old.has_value()};
}

} // namespace

bool compares_index(kv::verb what) {
  return what == kv::verb::cas || what == kv::verb::remove_cas
         || what == kv::verb::check_index;
}

key_change rule(const kv::key_operation& op, const std::optional<key_row>& old,
                const key_facts& facts) {
  switch (op.what) {
    case kv::verb::set: return set(op, old, facts);
    case kv::verb::cas:
      return (old ? facts.index_matches : op.index == 0) ? set(op, old, facts)
                                                         : loses(old);
    case kv::verb::lock: return acquire(op, old, facts);
    case kv::verb::unlock: return release(op, old, facts);
    case kv::verb::get: return accept_if(old.has_value(), old);
    case kv::verb::check_index:
      return accept_if(old.has_value() && facts.index_matches, old);
    case kv::verb::check_session:
      return accept_if(old.has_value() && old->session == op.session, old);
    case kv::verb::check_not_exists: return accept_if(!old.has_value(), old);
    case kv::verb::remove: return remove(old);
    case kv::verb::remove_cas:
      return !old || facts.index_matches ? remove(old) : loses(old);
    case kv::verb::get_tree:
    case kv::verb::remove_tree: break;
  }
  PRAETOR_ASSERT(false);
  return {};
}

} // namespace praetor::sim
