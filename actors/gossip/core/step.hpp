// What goes into a step of the gossip core, and what comes out. Pure data.

#pragma once

#include "actors/gossip/core/types.hpp"
#include "actors/gossip/core/wire.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::gossip {

/// Numbers a stream on this node. The core gives even numbers to those it
/// opens, the shell odd ones to those it accepts; none is used twice.
using stream_id = std::uint64_t;

// -- inputs -------------------------------------------------------------------

/// The first input.
struct begin {};

/// `effects::next_timer` has come. Harmless at any time.
struct tick {};

/// A datagram came in; `bytes` are decrypted.
struct packet_received {
  endpoint from;
  std::string bytes;
};

/// A datagram could not even be sent.
struct packet_unsent {
  endpoint to;
};

/// A frame came in, maybe the first one of a stream of somebody else.
struct frame_received {
  stream_id stream = 0;
  endpoint from;
  std::string bytes;
};

/// A stream could not be opened, or broke, or its other side closed it.
struct stream_closed {
  stream_id stream = 0;
  /// For people.
  std::string reason;
};

/// Become a member of the pool that these belong to. Answered by an
/// `effects::joins` of this id, which is not 0.
struct join_request {
  std::uint64_t id = 0;
  std::vector<endpoint> seeds;
};

/// Leave on purpose; answered by `effects::left`.
struct leave_request {};

/// The member is gone for good, says an operator; answered by
/// `effects::forced`.
struct force_leave_request {
  std::string name;
  /// Forget it at once.
  bool prune = false;
};

/// Tell all members; answered by `effects::fired`.
struct fire_request {
  std::string name;
  std::string payload;
};

/// Sends an answer to whoever fired an event that asks for some.
struct answer_request {
  endpoint to;
  std::uint64_t id = 0;
  /// At most `answer_bytes_max`.
  std::string payload;
};

/// This node's facts change; answered by `effects::updated`.
struct update_request {
  std::string cluster_id;
  std::map<std::string, std::string> tags;
};

using input =
  std::variant<begin, tick, packet_received, packet_unsent, frame_received,
               stream_closed, join_request, leave_request, force_leave_request,
               fire_request, answer_request, update_request>;

// -- outputs ------------------------------------------------------------------

/// Send this datagram; it may be lost.
struct packet_out {
  endpoint to;
  std::string bytes;
};

/// Connect, and send a frame.
struct stream_open {
  stream_id stream = 0;
  endpoint to;
  std::string bytes;
};

struct frame_out {
  stream_id stream = 0;
  std::string bytes;
};

/// What happened to a member, in Serf's words: EventMemberJoin and so on.
struct member_event {
  enum class kind : std::uint8_t {
    joined,
    /// Left on purpose, or was made to.
    left,
    failed,
    /// Its facts changed.
    updated,
    /// Is forgotten.
    reaped,
    /// Somebody else claims its name; `facts` are those of the other.
    conflict,
  };

  kind what{};
  facts_ptr facts;
};

struct join_outcome {
  /// The `join_request`; 0: the members of before the restart, one of which
  /// answered, or none did.
  std::uint64_t id = 0;
  /// How many of the seeds answered.
  std::size_t joined = 0;
  /// Why the others did not.
  std::vector<std::pair<endpoint, std::string>> failures;
};

/// What the shell has to do after a step.
///
/// In this order: the snapshot is durable before packets and frames leave, or
/// an incarnation could go back at a restart. Everything else in any order;
/// streams are opened before frames are sent on them, and closed at last, when
/// their frames are sent.
struct effects {
  std::optional<std::string> snapshot;

  std::vector<packet_out> packets;
  std::vector<stream_open> opens;
  std::vector<frame_out> frames;
  std::vector<stream_id> closes;

  std::vector<member_event> members;
  /// Users would see another list of members than before.
  bool changed = false;
  std::vector<user_event> events;
  /// Of members; a hostile one may answer for others.
  std::vector<event_answer> answers;

  std::vector<join_outcome> joins;
  /// Errors: not_found.
  std::optional<status> forced;
  /// Errors: invalid_argument.
  std::optional<status> fired;
  std::optional<status> updated;

  /// This node has left: stop.
  bool left = false;

  /// Most members know another node by this node's name: stop.
  bool name_lost = false;

  /// When to send `tick`; nothing: never again.
  std::optional<time_point> next_timer;
};

} // namespace praetor::gossip
