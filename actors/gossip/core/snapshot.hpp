// What a node must remember of its pool over a restart: its incarnation, its
// clocks, and where the others were. Pure.
//
// Failed members are in it, too: after a power cut of a whole room all others
// have failed, and these are the ones to look for.
//
// Format: 1 byte version, then the fields (runtime/base/codec.hpp). Whoever
// stores it adds a checksum.

#pragma once

#include "actors/gossip/core/types.hpp"
#include "actors/gossip/core/wire.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::gossip {

struct pool_snapshot {
  struct place {
    std::string name;
    endpoint at;

    template <class Inspector>
    friend auto inspect(Inspector& f, place& x) {
      return f(x.name, x.at);
    }
  };

  std::uint32_t incarnation = 0;
  pool_clocks clocks;
  /// The node left on purpose.
  bool left = false;
  std::vector<place> members;

  template <class Inspector>
  friend auto inspect(Inspector& f, pool_snapshot& x) {
    return f(x.incarnation, x.clocks, x.left, x.members);
  }
};

std::string encode_snapshot(const pool_snapshot& x);

/// Errors: invalid_argument for another version, corruption.
result<pool_snapshot> decode_snapshot(std::string_view bytes);

} // namespace praetor::gossip
