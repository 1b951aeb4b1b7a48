// News on its way to everybody: what to put into the next packet.
//
// Pure. Each piece is sent a limited number of times, to random members; that
// is enough for all to get it. What was sent least goes first, and of these the
// largest, since small ones fill the gaps. A new piece about a subject replaces
// the old one.
//
// Source: hashicorp/memberlist, queue.go (TransmitLimitedQueue).

#pragma once

#include "actors/gossip/core/types.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::gossip {

/// What goes first when not all fits.
enum class urgency : std::uint8_t { own_claim, claim, intent, event };

/// Invariants:
/// - at most one piece for each subject of a kind
/// - at most `class_max` pieces of one urgency
class broadcast_queue {
public:
  /// What news is about: claims and intents about one member are two subjects.
  /// A key of zero is no subject: such news replaces nothing.
  enum class kind : std::uint8_t { claim, intent, event };
  using subject = std::pair<kind, member_key>;

  /// Pieces of one urgency, whatever the size of the pool.
  static constexpr std::size_t class_min = 4096;

  void push(urgency how, subject about, std::string bytes);

  /// Takes what fits into `room` bytes, if each piece costs `overhead` more.
  /// Pieces that were taken `limit` times by then are gone.
  std::vector<std::string> take(std::size_t room, std::size_t overhead,
                                int limit);

  /// Whether news about that is still to be sent.
  bool contains(subject about) const { return subjects_.contains(about); }

  /// Drops the most transmitted pieces beyond the limit of a pool of that size.
  void prune(std::size_t members);

  bool empty() const { return pieces_.empty(); }
  std::size_t size() const { return pieces_.size(); }
  std::size_t size(urgency how) const {
    return sizes_.at(static_cast<std::size_t>(how));
  }
  std::size_t bytes() const { return bytes_; }

private:
  /// In the order in which pieces are sent.
  struct rank {
    urgency how{};
    int transmissions = 0;
    std::size_t missing_bytes = 0; // less is larger
    std::uint64_t age = 0;         // less is newer

    friend auto operator<=>(const rank&, const rank&) = default;
  };

  struct piece {
    subject about;
    std::string bytes;
  };

  using pieces = std::map<rank, piece>;

  void drop(pieces::iterator at);

  pieces pieces_;
  std::map<subject, rank> subjects_;
  std::array<std::size_t, 4> sizes_{};
  std::size_t bytes_ = 0;
  std::uint64_t next_age_ = ~std::uint64_t{0};
};

} // namespace praetor::gossip
