// libFuzzer: bytes as packets and as frames between members of a pool. Decoding
// is total, what decodes encodes again to something equal, and a core that gets
// them keeps its invariants.

#include "actors/gossip/core/gossip_core.hpp"
#include "actors/gossip/core/wire.hpp"
#include "runtime/base/assert.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace praetor;
using namespace praetor::gossip;

void check_packet(const std::string& bytes) {
  const auto x = decode_packet(bytes);
  if (!x)
    return;
  packet_writer again{x->cluster_mark, packet_bytes_max};
  for (const auto& part : x->parts)
    again.add(encode_part(part));
  const auto twice = decode_packet(again.bytes());
  // Lengths may be written longer than needed, never shorter.
  PRAETOR_ASSERT(again.bytes().size() <= bytes.size());
  PRAETOR_ASSERT(static_cast<bool>(twice));
  PRAETOR_ASSERT(twice->parts.size() == x->parts.size());
}

void check_frame(const std::string& bytes) {
  const auto x = decode_frame(bytes);
  if (!x)
    return;
  const auto again = encode_frame(x->cluster_mark, x->content);
  const auto twice = decode_frame(again);
  PRAETOR_ASSERT(static_cast<bool>(twice));
  PRAETOR_ASSERT(encode_frame(twice->cluster_mark, twice->content) == again);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string bytes{reinterpret_cast<const char*>(data), size};
  check_packet(bytes);
  check_frame(bytes);
  core_options opts;
  opts.self.name = "self";
  opts.self.at = {"10.0.0.1", 8301};
  opts.self.datacenter = "dc1";
  auto now = time_point{} + std::chrono::hours{1};
  gossip_core core{opts, {}, now};
  core.step(begin{}, now);
  core.step(packet_received{{"10.0.0.2", 8301}, bytes}, now);
  core.step(frame_received{1, {"10.0.0.2", 8301}, bytes}, now);
  core.check_invariants();
  for (int i = 0; i < 100; ++i) {
    const auto out = core.step(tick{}, now);
    PRAETOR_ASSERT(out.next_timer && *out.next_timer >= now);
    now = *out.next_timer;
    core.check_invariants();
  }
  return 0;
}
