// What is around datagrams and frames of gossip: encryption, if there are keys,
// and the policy of a pool that is about to introduce it. And how much of what
// came in may wait.
//
// `gossip_envelope` is not thread-safe; the io thread has it. No sockets.

#pragma once

#include "actors/gossip/pool_link.hpp"
#include "runtime/base/result.hpp"
#include "runtime/net/gossip_seal.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::net {

/// See the head of the file.
class gossip_envelope {
public:
  struct policy {
    std::string label;
    bool verify_incoming = true;
    bool verify_outgoing = true;
    std::uint64_t sender = 0;
    std::uint32_t boot = 0;
  };

  /// The largest datagram and frame with what is around them.
  static constexpr std::size_t packet_bytes_max =
    gossip::packet_bytes_max + gossip_seal::overhead;
  static constexpr std::size_t frame_bytes_max =
    gossip::frame_bytes_max + gossip_seal::overhead;

  /// @param keys None: no encryption. Errors: invalid_argument.
  static result<gossip_envelope> make(const std::vector<std::string>& keys,
                                      policy how);

  /// Errors: io_error.
  result<std::string> wrap(std::string plain);

  /// Errors: corruption, if no key opens it.
  result<std::string> unwrap(std::string_view bytes);

  /// Looks at or changes the keys. Errors: as `gossip_key_ring`; rejected, if
  /// there is no encryption.
  result<std::vector<std::string>> keys(gossip::key_action what,
                                        const std::string& key);

private:
  policy how_;
  std::optional<gossip_seal> seal_;
};

/// Behind its length in four bytes, big endian.
std::string with_length(std::string_view frame);

/// The length of a frame from its four bytes.
std::size_t length_of(const std::array<unsigned char, 4>& head);

/// Bytes that were received and are not handled yet. Thread-safe.
class byte_budget : public std::enable_shared_from_this<byte_budget> {
public:
  explicit byte_budget(std::size_t max) : max_{max} {}

  /// A part of the budget; given back when the last owner is gone.
  class share {
  public:
    explicit share(std::shared_ptr<byte_budget> of) : of_{std::move(of)} {}
    share(const share&) = delete;
    share& operator=(const share&) = delete;
    ~share() { of_->used_ -= bytes_; }

    /// Returns false, and takes nothing, if there is not so much.
    bool grow(std::size_t bytes);

  private:
    std::shared_ptr<byte_budget> of_;
    std::size_t bytes_ = 0;
  };

  std::shared_ptr<share> open() {
    return std::make_shared<share>(shared_from_this());
  }

  std::size_t used() const { return used_; }

private:
  std::size_t max_;
  std::atomic<std::size_t> used_{0};
};

} // namespace praetor::net
