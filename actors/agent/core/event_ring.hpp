// User events: what may be fired, who is meant, and the last ones received.
// Pure. Not stored, not replicated.
// Source: Consul 1.8, agent/user_event.go and agent/event_endpoint.go.

#pragma once

#include "actors/agent/core/local_state.hpp"
#include "actors/gossip/messages.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/rng.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace praetor::agent {

/// A user event.
struct user_event {
  std::string id;
  std::string name;
  std::string payload;
  std::string node_filter;
  std::string service_filter;
  std::string tag_filter;
  /// Lamport time of the event clock; 0 for one that is just being fired.
  std::uint64_t ltime = 0;
};

/// Whether `text` contains a match of the RE2 expression `pattern`. Error: the
/// library's sentence, `error parsing regexp: ...`. Handed in, because no
/// regular expression library is safe to use and part of the standard.
using regex_search = std::function<result<bool>(const std::string& pattern,
                                                const std::string& text)>;

/// The last events that this node received.
class event_ring {
public:
  /// Source: Consul, the size of Agent.eventBuf.
  static constexpr std::size_t events_max = 256;

  /// Source: Consul, SerfUserEventSizeLimit default; name, payload and filters
  /// as gossip encodes them.
  static constexpr std::size_t bytes_max = 512;

  /// Gives the event an id. Errors: rejected with the text for the client.
  result<user_event> make(const fire_event& what, const regex_search& search,
                          rng& random) const;

  /// Keeps the event, if its filters match this node.
  /// @returns Whether they did.
  bool receive(user_event event, const local_state& state,
               const regex_search& search);

  /// JSON and index of those named `name` (empty: all), oldest first.
  list_events::found list(const std::string& name) const;

  /// The index that `list` would give.
  std::uint64_t index(const std::string& name) const;

private:
  std::deque<user_event> events_;
  std::uint64_t clock_ = 1;
};

/// An event as gossip carries it: what its name begins with there, and the
/// payload, without the Lamport time.
inline constexpr std::string_view pool_event_prefix = "event:";
std::string encode_for_pool(const user_event& x);

/// Errors: corruption; another member may send anything.
result<user_event> decode_from_pool(const gossip::event_received& x);

/// The event as JSON.
std::string encode_event(const user_event& x);

/// XOR of the two halves of a UUID.
std::uint64_t index_of(const std::string& uuid);

} // namespace praetor::agent
