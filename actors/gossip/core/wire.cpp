#include "actors/gossip/core/wire.hpp"

#include "runtime/base/codec.hpp"

#include <algorithm>

namespace praetor::gossip {

namespace {

std::size_t bytes_of(const std::map<std::string, std::string>& tags) {
  std::size_t sum = 0;
  for (const auto& [key, value] : tags)
    sum += key.size() + value.size() + 4;
  return sum;
}

bool fits(const endpoint& x) {
  return !x.address.empty() && x.address.size() <= fact_bytes_max
         && x.port != 0;
}

// Whether a message is within the limits; most are, once they decode.
template <class T>
bool fits(const T&) {
  return true;
}

bool fits(const ping_request& x) {
  return fits(x.at);
}

bool fits(const alive& x) {
  return static_cast<bool>(check(x.facts)) && x.incarnation <= incarnation_max;
}

bool fits(const suspect& x) {
  return x.incarnation <= incarnation_max;
}

bool fits(const dead& x) {
  return x.incarnation <= incarnation_max;
}

bool fits(const user_event& x) {
  return !x.name.empty() && x.name.size() + x.payload.size() <= event_bytes_max;
}

bool fits(const name_vote& x) {
  return fits(x.at);
}

bool fits(const event_answer& x) {
  return x.payload.size() <= answer_bytes_max;
}

bool fits(const member_entry& x) {
  return fits(x.claim) && x.state <= member_state::left;
}

template <class T>
bool all_fit(const std::vector<T>& xs) {
  return std::all_of(xs.begin(), xs.end(), [](const T& x) { return fits(x); });
}

bool fits(const sync_offer& x) {
  return fits(x.self) && x.digest.size() == digest_buckets;
}

bool fits(const sync_answer& x) {
  return fits(x.self) && x.members.size() <= frame_members_max
         && x.buckets.size() <= digest_buckets
         && std::all_of(x.buckets.begin(), x.buckets.end(),
                        [](std::uint16_t b) { return b < digest_buckets; })
         && all_fit(x.members) && all_fit(x.events);
}

bool fits(const sync_rest& x) {
  return x.members.size() <= frame_members_max && all_fit(x.members)
         && all_fit(x.events);
}

bool fits(const refusal& x) {
  return x.reason.size() <= 1024;
}

template <class Variant>
bool content_fits(const Variant& x) {
  return std::visit([](const auto& content) { return fits(content); }, x);
}

error corrupt(const char* what) {
  return {errc::corruption, what};
}

/// Reads version and cluster mark.
status read_header(decoder& in, std::uint64_t& cluster_mark) {
  std::uint8_t version = 0;
  if (!in(version))
    return corrupt("gossip without a header");
  if (version != wire_version)
    return error{errc::invalid_argument,
                 "gossip of version " + std::to_string(version)};
  if (!in(cluster_mark))
    return corrupt("gossip without a header");
  return ok;
}

} // namespace

std::uint64_t cluster_mark_of(std::string_view cluster_id) {
  return cluster_id.empty() ? 0
                            : std::max<std::uint64_t>(1, hash_of(cluster_id));
}

status check(const member_facts& x) {
  const auto refuse = [](const char* what) -> status {
    return error{errc::invalid_argument, what};
  };
  if (x.name.empty() || x.name.size() > name_bytes_max)
    return refuse("a member's name must have 1 to 256 bytes");
  if (!fits(x.at))
    return refuse("a member needs an address and a port");
  for (const auto* text :
       {&x.node_id, &x.cluster_id, &x.datacenter, &x.segment})
    if (text->size() > fact_bytes_max)
      return refuse("a member's ids must have at most 64 bytes");
  if (bytes_of(x.tags) > tags_bytes_max)
    return refuse("the tags of a member must have at most 512 bytes");
  if (x.protocol.min > x.protocol.max || x.protocol.current < x.protocol.min
      || x.protocol.current > x.protocol.max)
    return refuse("a member's protocol versions contradict each other");
  return ok;
}

std::string encode_part(const message& x) {
  return encode(x);
}

packet_writer::packet_writer(std::uint64_t cluster_mark, std::size_t bytes)
  : bytes_{encode(wire_version, cluster_mark)},
    header_{bytes_.size()},
    bytes_max_{bytes} {
  PRAETOR_ASSERT(bytes <= packet_bytes_max);
}

std::size_t packet_writer::room() const {
  return bytes_max_ - std::min(bytes_max_, bytes_.size());
}

void packet_writer::add(std::string_view part) {
  encoder{bytes_}.put_varint(part.size());
  bytes_.append(part);
}

result<packet> decode_packet(std::string_view bytes) {
  if (bytes.size() > packet_bytes_max)
    return corrupt("a packet of gossip is too large");
  packet out;
  decoder in{bytes};
  if (const auto header = read_header(in, out.cluster_mark); !header)
    return header.error();
  while (!in.rest().empty()) {
    const auto size = in.get_varint();
    const auto rest = in.rest();
    if (in.failed() || size == 0 || size > rest.size())
      return corrupt("a part of a packet has a wrong length");
    auto part = decode<message>(rest.substr(0, size));
    if (!part || !content_fits(*part))
      return corrupt("a part of a packet does not decode");
    out.parts.push_back(std::move(*part));
    in = decoder{rest.substr(size)};
  }
  return out;
}

std::string encode_frame(std::uint64_t cluster_mark, const stream_message& x) {
  return encode(wire_version, cluster_mark, x);
}

result<frame> decode_frame(std::string_view bytes) {
  if (bytes.size() > frame_bytes_max)
    return corrupt("a frame of gossip is too large");
  frame out;
  decoder in{bytes};
  if (const auto header = read_header(in, out.cluster_mark); !header)
    return header.error();
  if (!in(out.content) || !in.rest().empty() || !content_fits(out.content))
    return corrupt("a frame of gossip does not decode");
  return out;
}

} // namespace praetor::gossip
