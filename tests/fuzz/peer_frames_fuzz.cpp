// libFuzzer: bytes as what another node sends. Reading is total, memory follows
// what was received, and frames that come out encode to the bytes that went in,
// however these were cut. Since no fuzzer guesses checksums, every other input
// gets right heads first; then hellos and errors are decoded too.

#include "runtime/base/assert.hpp"
#include "runtime/net/peer_frames.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

namespace net = praetor::net;

constexpr std::size_t payload_max = 1U << 16U;

/// Makes frames of the bytes, keeping kinds, ids and payloads.
void repair(std::string& bytes) {
  for (std::size_t at = 0; at + net::frame_head_bytes <= bytes.size();) {
    const auto rest = bytes.size() - at - net::frame_head_bytes;
    const auto kind = 1 + static_cast<unsigned char>(bytes[at + 1]) % 10;
    const auto has_payload = kind < static_cast<int>(net::frame_kind::cancel);
    // Some are longer than what follows.
    const auto length =
      has_payload ? static_cast<unsigned char>(bytes[at + 4]) % (rest + 2) : 0;
    std::uint64_t id = 0;
    for (std::size_t i = 0; i < 8; ++i)
      id = id << 8U | static_cast<unsigned char>(bytes[at + 8 + i]);
    const auto payload =
      std::string_view{bytes}.substr(at + net::frame_head_bytes, length);
    const auto head = net::encode_frame_head(
      static_cast<net::frame_kind>(kind), id, length, praetor::crc32c(payload));
    std::copy(head.begin(), head.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(at));
    at += net::frame_head_bytes + length;
  }
}

void decode_payload(const net::frame& x) {
  static_cast<void>(net::decode_failure(x.payload));
  const auto hello = net::decode_hello(x.payload);
  if (!hello)
    return;
  const auto again = net::decode_hello(net::encode_hello(*hello));
  PRAETOR_ASSERT(again);
  PRAETOR_ASSERT(*again == *hello);
  net::peer_hello mine;
  mine.cluster_id = "c";
  mine.node_id = "n";
  const auto why = net::objection(mine, *hello);
  PRAETOR_ASSERT(!why || why->size() < net::hello_bytes_max);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2)
    return 0;
  std::string bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  if (data[0] % 2 == 0)
    repair(bytes);
  const std::size_t step = 1 + data[1] * std::size_t{16};
  net::frame_reader reader{payload_max};
  std::string out;
  std::size_t fed = 0;
  while (fed < bytes.size() && reader.broken().empty()) {
    const auto room = reader.room();
    PRAETOR_ASSERT(!room.empty());
    const auto n = std::min({room.size(), bytes.size() - fed, step});
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(fed), n,
                room.begin());
    reader.add(n);
    fed += n;
    while (const auto x = reader.next()) {
      out += net::encode_frame(*x);
      decode_payload(*x);
    }
    PRAETOR_ASSERT(reader.footprint() <= 4 * (4096 + fed));
  }
  PRAETOR_ASSERT(std::string_view{bytes}.substr(0, fed).starts_with(out));
  return 0;
}
