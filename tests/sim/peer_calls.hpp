// What servers ask each other, as the transport would carry it: a question and
// its answer may be late or lost, and a broken connection does not tell which.
//
// In production these are runtime/net and runtime/node/rpc_service; the latter
// is the real one here as well.

#pragma once

#include "runtime/base/peer_network.hpp"
#include "runtime/base/rng.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/network.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace praetor::sim {

class peer_calls {
public:
  /// Returns who answers for a server; null: it is not up.
  using service_of = std::function<peer_receiver*(std::size_t node)>;

  /// @pre The references outlive the calls.
  peer_calls(std::uint64_t seed, agenda& events, const moment& now,
             const network& net, service_of find);

  /// See `peer_network::request`.
  std::uint64_t ask(std::size_t from, std::size_t to, std::string bytes,
                    duration limit, reply<std::string> answer);

  /// See `peer_network::cancel`.
  void cancel(std::uint64_t number);

  /// The process is gone: nobody hears its answers, and whoever asked it learns
  /// of a broken connection.
  void gone(std::size_t node);

private:
  struct call {
    std::size_t from = 0;
    std::size_t to = 0;
    reply<std::string> answer;
    /// Whatever the other side says now is not heard.
    bool broken = false;
  };

  void arrive(std::uint64_t number, std::string bytes);
  void answered(std::uint64_t number, result<std::string> x);
  void breaks(std::uint64_t number);
  void end_after(duration span, std::uint64_t number, result<std::string> x);
  duration delay();

  rng random_;
  agenda& events_;
  const moment& now_;
  const network& net_;
  service_of find_;
  std::map<std::uint64_t, call> open_;
  std::uint64_t last_ = 0;
};

/// Returns the network as one server sees it. `index` knows all names.
std::shared_ptr<peer_network>
network_of(peer_calls& calls, std::size_t self,
           std::function<std::optional<std::size_t>(const std::string&)> index);

} // namespace praetor::sim
