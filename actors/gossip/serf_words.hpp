// What gossip logs, in Consul's and Serf's words: operators and scripts look
// for them. Owned by the gossip actor.

#pragma once

#include "actors/gossip/core/gossip_core.hpp"
#include "actors/gossip/core/options.hpp"
#include "actors/gossip/core/step.hpp"
#include "runtime/base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace praetor::gossip {

class serf_words {
public:
  serf_words() = default;

  /// @param module Whose log lines these are, e.g. "agent.server"; ".serf.lan"
  /// is appended.
  serf_words(const std::string& module, pool_kind pool);

  void say(const member_event& x) const;

  /// Packets and frames that a step dropped, once in a while.
  void say_dropped(const input& x, const gossip_counters& before,
                   const gossip_counters& after, time_point now);

  void say_joining(const std::vector<std::string>& addresses) const;
  void say_joined(std::size_t joined, const std::string& errors) const;
  void say_unresolved(const std::string& address, const std::string& why) const;

  void say_retry_begins() const;
  void say_retry_later(duration interval) const;
  void say_retry_succeeded(std::size_t joined) const;
  std::string retries_exhausted() const;

  /// Streams to members of before the restart.
  void say_rejoining(const std::vector<stream_open>& opens,
                     const std::optional<pool_snapshot>& before) const;
  void say_rejoined(bool success) const;

  void say_not_stored(const std::string& why) const;
  static void say_keys_not_stored(const std::string& why);

private:
  std::string module_;
  /// "LAN"
  std::string pool_;
  time_point next_drop_;
};

} // namespace praetor::gossip
