// libFuzzer: bytes as messages between Raft servers. Decoding is total, what
// decodes encodes again to something equal, and a core that gets a well-formed
// message of its own cluster keeps its invariants.

#include "actors/raft/core/raft_core.hpp"
#include "actors/raft/core/wire.hpp"
#include "runtime/base/assert.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  using namespace praetor;
  const auto x = raft::decode_message(
    std::string_view{reinterpret_cast<const char*>(bytes), size});
  if (!x)
    return 0;
  const auto again = raft::encode_message(*x);
  const auto twice = raft::decode_message(again);
  PRAETOR_ASSERT(twice);
  PRAETOR_ASSERT(raft::encode_message(*twice) == again);
  raft::core_options opts;
  opts.self = {"self"};
  opts.cluster_id = x->cluster_id;
  auto m = *x;
  m.to = opts.self;
  const auto start = time_point{} + std::chrono::hours{1};
  raft::raft_core core{opts, {}, start};
  core.step(raft::begin{}, start);
  core.step(m, start);
  core.check_invariants();
  return 0;
}
