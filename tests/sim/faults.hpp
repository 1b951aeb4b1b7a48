// What can befall a cluster. Each fault is one decision of a case:
//
//   kind          fields
//   crash         node, value: ms until it starts again, number: 1 = power
//   power_loss    value: ms; all servers at once
//   crash_at      node, number: n-th disk operation from here, value
//   pause         node, value: ms
//   numb          node, value: ms in which its tables apply nothing
//   partition     number: shape, node: who is special, value: ms, client: 1 =
//                 one direction only; clients then stay with the majority if
//                 peer is "majority"
//   clog          node, peer, value: ms
//   stall         node, value: ms in which its disk does nothing
//   hang          node; its disk does nothing until it is repaired
//   sync_error    node, number: 1 = the data is there all the same
//   damage        node; it crashes, and cannot start any more
//   clock_jump    node, value: ms by which its wall clock jumps
//   transfer      node (may be "leader"), peer (may be nothing)
//   members       number: 0 add, 1 promote, 2 remove; node
//   scenario      number: which of scenarios.hpp, value: a parameter
//
// "leader" is whoever leads then.

#pragma once

#include "tests/sim/clients.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/plan.hpp"

#include <cstdint>
#include <vector>

namespace praetor::sim {

/// Shapes of partitions.
enum class shape : std::uint8_t {
  /// Two groups of any sizes.
  halves,
  /// One server alone.
  alone,
  /// Two groups that share one server.
  bridge,
  /// Each sees its two neighbours.
  ring,
};

/// Puts faults on the agenda of a cluster. None strikes when it is calm.
class faults {
public:
  /// @pre The references outlive the faults.
  faults(const sim_case& x, cluster& servers, clients& who);

  void begin();

private:
  void befall(const decision& x);
  void crash(const decision& x);
  void power_loss(const decision& x);
  void pause(const decision& x);
  void numb(const decision& x);
  void partition(const decision& x);
  void clog(const decision& x);
  void disk_fault(const decision& x);
  void change_members(const decision& x);
  void restart_after(std::size_t node, std::int64_t ms);

  std::vector<decision> list_;
  cluster& servers_;
  clients& clients_;
  std::uint64_t seed_;
};

} // namespace praetor::sim
