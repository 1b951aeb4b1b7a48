// One core among members that the test speaks for: packets go in as bytes, and
// what the core believes, and says, comes out.

#pragma once

#include "tests/gossip/pool.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::gossip::test {

/// The core under test, called self; the others are played by the test.
struct bench {
  explicit bench(core_options opts = {}, std::optional<pool_snapshot> disk = {})
    : core{(opts.self = facts_of("self"), opts), std::move(disk), start} {
    out = core.step(begin{}, now);
  }

  void hear(const message& x, const std::string& from = "x") {
    packet_writer packet{cluster_mark_of("cluster"), packet_bytes_max};
    packet.add(encode_part(x));
    feed(packet_received{facts_of(from).at, packet.bytes()});
  }

  void feed(const input& x) {
    out = core.step(x, now);
    core.check_invariants();
    for (const auto& s : out.opens)
      if (const auto opened = decode_frame(s.bytes);
          std::holds_alternative<stream_ping>(opened->content))
        probe_stream = s.stream;
  }

  /// Lets time pass; returns all that was sent.
  std::vector<std::pair<endpoint, message>> run(duration span) {
    std::vector<std::pair<endpoint, message>> sent;
    const auto end = now + span;
    for (auto next = out.next_timer; next && *next <= end;
         next = out.next_timer) {
      now = *next;
      feed(tick{});
      const auto parts = said();
      sent.insert(sent.end(), parts.begin(), parts.end());
    }
    now = end;
    return sent;
  }

  /// What the last step sent.
  std::vector<std::pair<endpoint, message>> said() const {
    std::vector<std::pair<endpoint, message>> parts;
    for (const auto& p : out.packets) {
      const auto packet = decode_packet(p.bytes);
      for (const auto& m : packet->parts)
        parts.emplace_back(p.to, m);
    }
    return parts;
  }

  void know(const std::string& name, std::uint32_t incarnation = 1) {
    hear(alive{facts_of(name), incarnation}, name);
  }

  const member* find(const std::string& name) const {
    return core.members().find(key_of(name));
  }

  /// Whether news about `x` is to be spread.
  bool spreads(member_key about) const {
    return core.queue().contains({broadcast_queue::kind::claim, about});
  }

  gossip_core core;
  effects out;
  time_point now = start;
  /// The last stream on which the core pinged somebody.
  stream_id probe_stream = 0;
};

} // namespace praetor::gossip::test
