// What travels between nodes, as bytes. Pure and total: any bytes give frames
// or an end, and memory stays proportional to what was received.
//
// A connection is a sequence of frames in both directions:
//
//   'P'  kind  0  0  | length, 4 | id, 8 | checksum, 4 | payload
//
// Numbers are little endian; `length` is that of the payload; the checksum is
// CRC32C of the payload, then of the 16 bytes before the checksum. The first
// frame of each side is a hello. (TLS begins with 22, which is not 'P'.)

#pragma once

#include "runtime/base/crc32c.hpp"
#include "runtime/base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace praetor::net {

/// What a frame says. Sent to peers: append, never renumber.
enum class frame_kind : std::uint8_t {
  /// The first from each side; `hello`.
  hello = 1,
  /// Instead of a hello, then the end: a sentence.
  refusal,
  /// Bytes for the receiver, which may get lost.
  message,
  /// Bytes that want an answer; the asker chose the id.
  request,
  /// The beginning of an answer, or more of it.
  answer_part,
  /// The end of an answer.
  answer,
  /// Instead of an answer: an error.
  failure,
  /// Nobody waits for the answer with this id.
  cancel,
  /// Wants a pong with its id.
  ping,
  pong,
};

inline constexpr std::size_t frame_head_bytes = 20;

/// A hello or refusal has at most this payload.
inline constexpr std::size_t hello_bytes_max = 4096;

/// What a node of this version says first; others are refused.
inline constexpr std::uint32_t peer_protocol = 1;

struct frame {
  frame_kind kind{};
  std::uint64_t id = 0;
  std::string payload;

  friend bool operator==(const frame&, const frame&) = default;
};

/// Returns what precedes the payload. @param payload_crc Of the payload.
std::array<char, frame_head_bytes> encode_frame_head(frame_kind kind,
                                                     std::uint64_t id,
                                                     std::size_t payload_bytes,
                                                     std::uint32_t payload_crc);

/// Returns a whole frame.
std::string encode_frame(const frame& x);

/// Cuts a stream of bytes into frames. The caller reads from its socket into
/// `room`, says by `add` how much that was, and takes frames by `next` until
/// there is none.
class frame_reader {
public:
  /// Refuses longer payloads as soon as their head is there.
  explicit frame_reader(std::size_t payload_max) : payload_max_{payload_max} {}

  /// From now on payloads may have that many bytes.
  void set_payload_max(std::size_t n) { payload_max_ = n; }

  /// Where the next bytes of the stream go; never empty. Grows when reads fill
  /// it, shrinks when they do not. @pre `next` returned nothing.
  std::span<char> room();

  /// The first `n` bytes of `room` are there.
  void add(std::size_t n);

  /// Returns the next frame, if it is complete.
  std::optional<frame> next();

  /// Why the stream cannot be understood any more; empty while it can.
  const std::string& broken() const { return broken_; }

  /// For tests: bytes that it holds.
  std::size_t footprint() const;

private:
  struct head {
    frame_kind kind{};
    std::uint64_t id = 0;
    std::size_t length = 0;
    std::uint32_t checksum = 0;
    /// Of the bytes before the checksum.
    std::array<char, frame_head_bytes - 4> bytes{};
  };
  /// A payload that does not fit into the buffer.
  struct large_frame {
    head from;
    std::string payload;
    std::size_t got = 0;
  };

  std::optional<head> parse_head(std::string_view bytes);
  std::optional<frame> next_large();
  std::optional<frame> finish(const head& from, std::string payload);
  void begin_large(head from, std::string_view have);
  void resize_buffer();

  std::size_t payload_max_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  /// What was received and not taken.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<large_frame> large_;
  bool was_full_ = false;
  unsigned small_reads_ = 0;
  std::string broken_;
};

/// Who somebody is, and whom he expects.
struct peer_hello {
  std::uint32_t protocol = peer_protocol;
  /// Empty: belongs to none yet.
  std::string cluster_id;
  std::string node_id;
  std::string node_name;
  std::string datacenter;
  /// The id of the node that the dialer wants; empty from who was dialed.
  std::string wanted;

  friend bool operator==(const peer_hello&, const peer_hello&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, peer_hello& x) {
    return f(x.protocol, x.cluster_id, x.node_id, x.node_name, x.datacenter,
             x.wanted);
  }
};

/// @pre All of it fits into hello_bytes_max.
std::string encode_hello(const peer_hello& x);

/// Errors: corruption, or rejected if it is of another protocol, both with a
/// sentence.
result<peer_hello> decode_hello(std::string_view bytes);

/// Returns why a node that is `mine` refuses one that says `theirs`, as a
/// sentence that both sides understand; nothing if they fit together.
std::optional<std::string> objection(const peer_hello& mine,
                                     const peer_hello& theirs);

/// A text of somebody else, fit for a log line; cut if it is long.
std::string printable(std::string_view text, std::size_t bytes_max = 512);

std::string encode_failure(const error& x);

/// Total: what does not decode is errc::corruption.
error decode_failure(std::string_view bytes);

} // namespace praetor::net
