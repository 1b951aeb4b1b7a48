#include "actors/gossip/core/snapshot.hpp"

#include "runtime/base/codec.hpp"

namespace praetor::gossip {

namespace {

constexpr std::uint8_t snapshot_version = 1;

} // namespace

std::string encode_snapshot(const pool_snapshot& x) {
  return encode(snapshot_version, x);
}

result<pool_snapshot> decode_snapshot(std::string_view bytes) {
  decoder in{bytes};
  std::uint8_t version = 0;
  if (!in(version))
    return error{errc::corruption, "a snapshot of members is empty"};
  if (version != snapshot_version)
    return error{errc::invalid_argument,
                 "a snapshot of members of version " + std::to_string(version)};
  pool_snapshot out;
  if (!in(out) || !in.rest().empty() || out.incarnation > incarnation_max)
    return error{errc::corruption, "a snapshot of members does not decode"};
  return out;
}

} // namespace praetor::gossip
