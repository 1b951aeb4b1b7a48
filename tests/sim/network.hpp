// The network between servers: links that delay, lose, repeat and reorder
// messages, hold them back, or are cut, each direction for itself.
//
// Messages cross it as the bytes that production would send.

#pragma once

#include "actors/raft/core/types.hpp"
#include "runtime/base/rng.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/settings.hpp"
#include "tests/sim/trace.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace praetor::sim {

class network {
public:
  using receiver = std::function<void(std::size_t to, raft::message)>;

  /// @pre All references outlive the network.
  network(std::uint64_t seed, std::size_t nodes, const settings& values,
          agenda& events, const moment& now, trace& log, receiver deliver);

  void send(std::size_t from, std::size_t to, const raft::message& m);

  // -- faults -----------------------------------------------------------------

  void cut(std::size_t from, std::size_t to, bool on) { at(from, to).cut = on; }

  bool is_cut(std::size_t from, std::size_t to) const {
    return links_[from * nodes_ + to].cut;
  }

  /// Whether messages of both directions pass.
  bool connected(std::size_t a, std::size_t b) const {
    return !is_cut(a, b) && !is_cut(b, a);
  }

  void heal();

  /// The link is silent until then, and then delivers everything at once.
  void clog(std::size_t from, std::size_t to, moment until) {
    at(from, to).clogged_until = until;
  }

  /// Messages of that kind (position in the variant) are held until then.
  void hold(std::size_t kind, moment until);

  /// No more losses, repetitions and long delays.
  void calm();

  std::uint64_t sent() const { return sent_; }

private:
  struct link {
    bool cut = false;
    moment clogged_until{0};
    std::int64_t under_way = 0;
  };

  link& at(std::size_t from, std::size_t to) {
    return links_[from * nodes_ + to];
  }

  void transmit(std::size_t from, std::size_t to, moment at,
                std::shared_ptr<const std::string> bytes);
  moment arrival(const link& x);

  rng random_;
  std::size_t nodes_;
  settings values_;
  agenda& events_;
  const moment& now_;
  trace& trace_;
  receiver deliver_;
  std::vector<link> links_;
  std::size_t held_kind_ = 0;
  moment held_until_{0};
  std::uint64_t sent_ = 0;
};

} // namespace praetor::sim
