#include "actors/state/core/origin_windows.hpp"

#include "runtime/base/codec.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

namespace praetor::state {

namespace {

command_result unknown_outcome() {
  return {errc::timeout,
          "the command was sent before; its outcome is not known any more", 0};
}

std::string row_key(const std::pair<std::string, std::uint64_t>& who) {
  return encode(who);
}

} // namespace

sighting origin_windows::see(const command_origin& who, log_index index,
                             cluster_time ts) {
  const auto id = key{who.node, who.boot};
  auto& w = windows_[id];
  w.last_index = index;
  w.last_ts = ts;
  changed_.insert(id);
  if (w.results.contains(who.seq)) {
    sometimes("state.repeated_command");
    return sighting::repeated;
  }
  if (who.seq <= w.forgotten_upto) {
    sometimes("state.forgotten_command");
    return sighting::forgotten;
  }
  // F06: what only this process knows (how long it runs) decides what is
  // forgotten.
  if (mutant("F06") && ++seen_here_ % 32 == 0)
    w.results.clear();
  w.results.emplace(who.seq, std::nullopt);
  while (w.results.size() > size_) {
    w.forgotten_upto = w.results.begin()->first;
    w.results.erase(w.results.begin());
  }
  return sighting::fresh;
}

void origin_windows::store(const command_origin& who, const command_result& x) {
  const auto at = windows_.find(key{who.node, who.boot});
  if (at == windows_.end())
    return;
  const auto slot = at->second.results.find(who.seq);
  if (slot != at->second.results.end() && x.body.size() <= result_bytes_max)
    slot->second = x;
}

command_result origin_windows::result(const command_origin& who) const {
  const auto at = windows_.find(key{who.node, who.boot});
  if (at == windows_.end())
    return unknown_outcome();
  const auto slot = at->second.results.find(who.seq);
  if (slot == at->second.results.end() || !slot->second)
    return unknown_outcome();
  return *slot->second;
}

std::vector<row> origin_windows::take_changed_rows() {
  std::vector<row> rows;
  if (mutant("F05")) // checkpoints do not have the windows
    return rows;
  rows.reserve(changed_.size());
  for (const auto& id : std::exchange(changed_, {})) {
    const auto at = windows_.find(id);
    auto value = at == windows_.end()
                   ? std::nullopt
                   : std::optional<std::string>{encode(at->second)};
    rows.push_back({"origin", row_key(id), std::move(value)});
  }
  return rows;
}

status origin_windows::load(const row& x) {
  auto id = decode<key>(x.key);
  if (!id || !x.value)
    return error{errc::corruption, "row of table origin does not decode"};
  auto w = decode<window>(*x.value);
  if (!w)
    return error{errc::corruption, "row of table origin does not decode"};
  windows_[*id] = std::move(*w);
  return ok;
}

void origin_windows::pass(log_index index, cluster_time ts) {
  // Nothing else but the entry may decide, such as where this process began.
  if (index % sweep_every != 0)
    return;
  for (auto i = windows_.begin(); i != windows_.end();) {
    const auto& w = i->second;
    if (w.last_index + silence_entries_max < index
        && w.last_ts + silence_ms_max < ts) {
      changed_.insert(i->first);
      i = windows_.erase(i);
    } else {
      ++i;
    }
  }
}

} // namespace praetor::state
