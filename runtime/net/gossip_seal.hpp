// Encryption of gossip: AES-GCM with a ring of keys.
//
// Not thread-safe; owned by whoever reads and writes the sockets of a pool. The
// first key of the ring seals, all of them open, so that a key is changed
// without an interruption: install the new one everywhere, use it everywhere,
// remove the old one everywhere.
//
// Format of what is sealed:
//
//   1 byte    version
//   8 bytes   sender, big endian
//   4 bytes   boot of the sender
//   8 bytes   counter
//             ciphertext
//   16 bytes  tag
//
// Each start of a sender has a key of its own, derived from the ring's key by
// HKDF-SHA256 with sender and boot, and the counter is the nonce. Random nonces
// of 96 bits under one key of a pool of 10,000 nodes would reach the bound of
// 2^32 messages within hours. Authenticated, too: the pool's label and the
// first 21 bytes; so nothing of another pool is accepted.
//
// Source: NIST SP 800-38D; RFC 5869; the key ring of hashicorp/memberlist.

#pragma once

#include "runtime/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace praetor::net {

/// The keys of a pool: 16, 24 or 32 bytes each.
class gossip_key_ring {
public:
  /// Keys that can be installed.
  static constexpr std::size_t keys_max = 16;

  /// Errors: invalid_argument for a key of another size, or no key at all.
  static result<gossip_key_ring> make(const std::vector<std::string>& keys);

  /// The first one is the one that seals.
  const std::vector<std::string>& keys() const { return keys_; }

  /// Adds a key that only opens. One that is there already is a success.
  /// Errors: invalid_argument, overloaded.
  status install(const std::string& key);

  /// From now on that key seals. Errors: not_found.
  status use(std::string_view key);

  /// Errors: rejected for the key that seals. Others are gone afterwards.
  status remove(std::string_view key);

private:
  std::vector<std::string> keys_;
};

/// Seals and opens what goes between members of one pool.
class gossip_seal {
public:
  /// What sealing adds.
  static constexpr std::size_t overhead = 1 + 8 + 4 + 8 + 16;

  struct identity {
    /// Keeps pools apart; e.g. the datacenter and "lan".
    std::string label;
    /// A number that no other member of the pool has.
    std::uint64_t sender = 0;
    /// A number that this sender did not have before, e.g. the seconds since
    /// 1970 at start: the same twice would use a nonce twice.
    std::uint32_t boot = 0;
  };

  gossip_seal(gossip_key_ring keys, identity who);

  gossip_key_ring& keys() { return keys_; }
  const gossip_key_ring& keys() const { return keys_; }

  /// Errors: io_error, if the library fails.
  result<std::string> seal(std::string_view plain);

  /// Errors: corruption, if no key opens it.
  result<std::string> open(std::string_view sealed);

private:
  /// (ring key, header of the sender) to the key of that sender.
  using derived_keys =
    std::map<std::pair<std::string, std::string>, std::string>;

  const std::string* key_for(const std::string& ring_key,
                             std::string_view sender);

  gossip_key_ring keys_;
  identity who_;
  std::uint64_t counter_ = 0;
  derived_keys derived_;
};

} // namespace praetor::net
