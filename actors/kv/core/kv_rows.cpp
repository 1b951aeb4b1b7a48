// What checkpoints store: the rows of `kv_core`.

#include "actors/kv/core/kv_core.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/mutant.hpp"

#include <utility>

namespace praetor::kv {

namespace {

error corrupt(const row& x) {
  return {errc::corruption, "row of table " + x.table + " does not decode"};
}

template <class T>
row make_row(std::string_view table, const std::string& key, const T* value) {
  row out{std::string{table}, key, std::nullopt};
  if (value != nullptr)
    out.value = encode(*value);
  return out;
}

template <class T>
row make_row(std::string_view table, const std::string& key,
             const std::optional<T>& value) {
  return make_row(table, key, value ? &*value : nullptr);
}

} // namespace

std::vector<row> kv_core::take_changed_rows() {
  PRAETOR_ASSERT(!prepared_);
  std::vector<row> out;
  for (const auto& key : std::exchange(changed_keys_, {}))
    out.push_back(make_row("kv", key, keys_.find(key)));
  for (const auto& [path, index] : keys_.take_changed_floors())
    out.push_back(make_row("kv_index", path, index));
  for (const auto& [key, until] : locks_.take_changed_delays())
    out.push_back(make_row("lock_delay", key, until));
  const auto ids = sessions_.take_changed();
  for (const auto& id : ids)
    out.push_back(make_row("session", id, sessions_.find(id)));
  if (!ids.empty())
    out.push_back(
      make_row("session_index", "", std::optional{sessions_.max_index()}));
  return out;
}

status kv_core::load(const row& x) {
  if (!x.value)
    return corrupt(x);
  if (x.table == "kv")
    return load_entry(x);
  if (x.table == "session")
    return load_session(x);
  if (x.table == "lock_delay") {
    if (mutant("F12")) // a new process knows no lock-delays
      return ok;
    const auto until = decode<cluster_time>(*x.value);
    if (!until)
      return corrupt(x);
    locks_.load_delay(x.key, *until);
    return ok;
  }
  const auto index = decode<log_index>(*x.value);
  if (!index)
    return corrupt(x);
  if (mutant("F11")) // indexes of what is gone are lost
    return ok;
  if (x.table == "kv_index")
    keys_.load_floor(x.key, *index);
  else if (x.table == "session_index")
    sessions_.load_max_index(*index);
  else
    return corrupt(x);
  return ok;
}

status kv_core::load_entry(const row& x) {
  auto stored = decode<entry>(*x.value);
  if (!stored || x.key.empty())
    return corrupt(x);
  const auto holder = stored->session;
  if (!keys_.load(x.key, std::move(*stored)))
    return corrupt(x);
  locks_.hand_over(x.key, {}, holder);
  return ok;
}

status kv_core::load_session(const row& x) {
  auto stored = decode<session_row>(*x.value);
  if (!stored || stored->id != x.key || sessions_.find(x.key) != nullptr
      || (stored->behavior != session_behavior::release
          && stored->behavior != session_behavior::remove))
    return corrupt(x);
  sessions_.load(std::move(*stored));
  return ok;
}

} // namespace praetor::kv
