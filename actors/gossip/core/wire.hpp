// What members of a pool send to each other, as values and as bytes.
//
// Pure. A packet is one datagram, a frame is one message on a stream:
//
//   1 byte    version
//   varint    cluster mark: a hash of the cluster's id; 0: belongs to none
//   packet:   parts until the end, each a varint length and a message
//   frame:    one stream message
//
// Any bytes give a value or an error; what decodes is within the limits below,
// and memory stays proportional to the bytes. Encryption is around all of this.

#pragma once

#include "actors/gossip/core/coordinate.hpp"
#include "actors/gossip/core/types.hpp"
#include "runtime/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace praetor::gossip {

/// Another version is refused.
inline constexpr std::uint8_t wire_version = 1;

/// The largest datagram that is looked at.
inline constexpr std::size_t packet_bytes_max = 2048;

/// The largest frame, and what may be in it.
inline constexpr std::size_t frame_bytes_max = std::size_t{20} << 20U;
inline constexpr std::size_t frame_members_max = std::size_t{1} << 20U;

/// Names, as texts of facts. An alive claim has to fit into one packet.
inline constexpr std::size_t name_bytes_max = 256;
inline constexpr std::size_t fact_bytes_max = 64;

/// All tags, with two bytes for each text. Source: memberlist, MetaMaxSize.
inline constexpr std::size_t tags_bytes_max = 512;

/// Name and payload. Source: serf, UserEventSizeLimit.
inline constexpr std::size_t event_bytes_max = 512;

/// What an `event_answer` carries. Source: serf, QueryResponseSizeLimit.
inline constexpr std::size_t answer_bytes_max = 1024;

/// A node that meets another limit is damaged or hostile.
inline constexpr std::uint32_t incarnation_max = std::uint32_t{1} << 31U;

/// Parts that members are put in, to compare them.
inline constexpr std::size_t digest_buckets = 256;

// -- messages in packets ------------------------------------------------------

/// Are you there?
struct ping {
  std::uint64_t seq = 0;
  /// Whoever has this address now may be somebody else.
  member_key target;

  template <class Inspector>
  friend auto inspect(Inspector& f, ping& x) {
    return f(x.seq, x.target);
  }
};

/// Ping the target for me, and tell me what you hear.
struct ping_request {
  std::uint64_t seq = 0;
  member_key target;
  endpoint at;

  template <class Inspector>
  friend auto inspect(Inspector& f, ping_request& x) {
    return f(x.seq, x.target, x.at);
  }
};

struct ack {
  std::uint64_t seq = 0;
  /// Where the answering node is; nothing if another one passed it on.
  std::optional<coordinate> where;

  template <class Inspector>
  friend auto inspect(Inspector& f, ack& x) {
    return f(x.seq, x.where);
  }
};

/// I live, but whom you asked me to ping gave no answer.
struct nack {
  std::uint64_t seq = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, nack& x) {
    return f(x.seq);
  }
};

/// I am here.
struct alive {
  member_facts facts;
  std::uint32_t incarnation = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, alive& x) {
    return f(x.facts, x.incarnation);
  }
};

/// `from` got no answer of the subject.
struct suspect {
  member_key subject;
  std::uint32_t incarnation = 0;
  member_key from;

  template <class Inspector>
  friend auto inspect(Inspector& f, suspect& x) {
    return f(x.subject, x.incarnation, x.from);
  }
};

/// `from` gave the subject up; if it is the subject itself, it left.
struct dead {
  member_key subject;
  std::uint32_t incarnation = 0;
  member_key from;

  template <class Inspector>
  friend auto inspect(Inspector& f, dead& x) {
    return f(x.subject, x.incarnation, x.from);
  }
};

/// The subject is here to stay.
struct join_intent {
  member_key subject;
  std::uint64_t ltime = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, join_intent& x) {
    return f(x.subject, x.ltime);
  }
};

/// The subject is going to leave, or an operator says that it has left.
struct leave_intent {
  member_key subject;
  std::uint64_t ltime = 0;
  /// And is to be forgotten.
  bool prune = false;

  template <class Inspector>
  friend auto inspect(Inspector& f, leave_intent& x) {
    return f(x.subject, x.ltime, x.prune);
  }
};

struct user_event {
  std::uint64_t ltime = 0;
  std::string name;
  std::string payload;

  friend bool operator==(const user_event&, const user_event&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, user_event& x) {
    return f(x.ltime, x.name, x.payload);
  }
};

/// Two nodes have that name: where is the one that you know?
struct vote_request {
  std::uint64_t seq = 0;
  member_key subject;

  template <class Inspector>
  friend auto inspect(Inspector& f, vote_request& x) {
    return f(x.seq, x.subject);
  }
};

struct name_vote {
  std::uint64_t seq = 0;
  endpoint at;

  template <class Inspector>
  friend auto inspect(Inspector& f, name_vote& x) {
    return f(x.seq, x.at);
  }
};

/// What a member has to say to an event that asks for answers.
struct event_answer {
  /// Chosen by who asks.
  std::uint64_t id = 0;
  member_key from;
  std::string payload;

  template <class Inspector>
  friend auto inspect(Inspector& f, event_answer& x) {
    return f(x.id, x.from, x.payload);
  }
};

/// Sent by index: append, never reorder.
using message =
  std::variant<ping, ping_request, ack, nack, suspect, alive, dead, join_intent,
               leave_intent, user_event, vote_request, name_vote, event_answer>;

// -- messages on streams ------------------------------------------------------

/// What one node knows about a member.
struct member_entry {
  alive claim;
  member_state state{};
  bool leaving = false;
  std::uint64_t status_time = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, member_entry& x) {
    return f(x.claim, x.state, x.leaving, x.status_time);
  }
};

struct pool_clocks {
  std::uint64_t membership = 0;
  std::uint64_t events = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, pool_clocks& x) {
    return f(x.membership, x.events);
  }
};

/// The first of three: this is what I know, in short.
struct sync_offer {
  /// The sender wants to become a member, rather than to compare.
  bool join = false;
  alive self;
  pool_clocks clocks;
  std::vector<std::uint64_t> digest;
  std::uint64_t events_hash = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, sync_offer& x) {
    return f(x.join, x.self, x.clocks, x.digest, x.events_hash);
  }
};

/// The second: in these buckets we differ, here are mine.
struct sync_answer {
  alive self;
  pool_clocks clocks;
  std::vector<std::uint16_t> buckets;
  std::vector<member_entry> members;
  bool events_differ = false;
  std::vector<user_event> events;

  template <class Inspector>
  friend auto inspect(Inspector& f, sync_answer& x) {
    return f(x.self, x.clocks, x.buckets, x.members, x.events_differ, x.events);
  }
};

/// The third: and here are mine.
struct sync_rest {
  std::vector<member_entry> members;
  std::vector<user_event> events;

  template <class Inspector>
  friend auto inspect(Inspector& f, sync_rest& x) {
    return f(x.members, x.events);
  }
};

/// Are you there, if packets do not come through?
struct stream_ping {
  member_key target;

  template <class Inspector>
  friend auto inspect(Inspector& f, stream_ping& x) {
    return f(x.target);
  }
};

struct stream_ack {
  member_key target;

  template <class Inspector>
  friend auto inspect(Inspector& f, stream_ack& x) {
    return f(x.target);
  }
};

/// I will have nothing to do with you, because.
struct refusal {
  std::string reason;

  template <class Inspector>
  friend auto inspect(Inspector& f, refusal& x) {
    return f(x.reason);
  }
};

/// Sent by index: append, never reorder.
using stream_message = std::variant<sync_offer, sync_answer, sync_rest,
                                    stream_ping, stream_ack, refusal>;

// -- bytes --------------------------------------------------------------------

/// Stands for a cluster in each packet, so that two never mix by accident. Zero
/// for an empty id.
std::uint64_t cluster_mark_of(std::string_view cluster_id);

/// Errors: invalid_argument with a sentence, if facts are beyond the limits.
status check(const member_facts& x);

std::string encode_part(const message& x);

/// Fills one packet.
class packet_writer {
public:
  packet_writer(std::uint64_t cluster_mark, std::size_t bytes);

  /// What `add` needs in addition to a part.
  static constexpr std::size_t overhead = 2;

  /// How much still fits.
  std::size_t room() const;

  void add(std::string_view part);

  bool empty() const { return bytes_.size() == header_; }

  const std::string& bytes() const { return bytes_; }

private:
  std::string bytes_;
  std::size_t header_;
  std::size_t bytes_max_;
};

struct packet {
  std::uint64_t cluster_mark = 0;
  std::vector<message> parts;
};

/// Errors: invalid_argument for another version, corruption for bytes that do
/// not decode or exceed a limit.
result<packet> decode_packet(std::string_view bytes);

struct frame {
  std::uint64_t cluster_mark = 0;
  stream_message content;
};

std::string encode_frame(std::uint64_t cluster_mark, const stream_message& x);

/// Errors: as `decode_packet`.
result<frame> decode_frame(std::string_view bytes);

} // namespace praetor::gossip
