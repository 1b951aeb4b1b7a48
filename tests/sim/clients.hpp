// Clients of the cluster: each asks one thing at a time, waits for the answer
// or gives up, and goes on. What they ask comes from the workload; what they
// see goes to the checkers.

#pragma once

#include "runtime/base/rng.hpp"
#include "tests/sim/check/checkers.hpp"
#include "tests/sim/check/workload.hpp"
#include "tests/sim/cluster.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::sim {

class clients {
public:
  /// @pre All references outlive the clients.
  clients(const sim_case& x, cluster& servers, checkers& judge, trace& log);

  void begin();

  /// No new requests; those under way go on.
  void stop() { stopped_ = true; }

  /// Requests under way.
  std::size_t waiting() const;

  /// From now on they ask these servers only.
  void limit_to(std::vector<std::size_t> nodes) {
    reachable_ = std::move(nodes);
  }

  /// Requests answered so far.
  std::uint64_t answered() const { return answered_; }

  /// How much each of them asked so far, dropped requests included.
  std::vector<std::uint64_t> asked() const;

private:
  struct client {
    std::uint64_t number = 0;
    std::uint64_t asked = 0;
    /// Of the request under way.
    std::optional<std::size_t> operation;
    request what;
    std::optional<std::size_t> hint;
    /// The last request was refused: it does not think long about the next.
    bool refused = false;
  };

  void next(client& c);
  void ask(client& c, const step& x);
  std::size_t pick(const client& c, const step& x) const;
  void end(client& c, std::size_t operation, outcome x);
  duration delay();

  std::uint64_t seed_;
  cluster& servers_;
  checkers& judge_;
  trace& trace_;
  workload work_;
  rng random_;
  std::vector<client> clients_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> dropped_;
  std::vector<std::size_t> reachable_;
  bool stopped_ = false;
  std::uint64_t answered_ = 0;
};

} // namespace praetor::sim
