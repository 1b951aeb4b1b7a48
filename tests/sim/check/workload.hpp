// What clients of a simulated cluster ask next: few keys, every value written
// once, so that lost and stale values show.
//
// Pure. A step follows from the seed, the client, its number, and what that
// client learned before; leaving out the steps of one client does not change
// those of the others. A client asks one thing at a time. After an unknown
// outcome it goes on as a new logical process.
//
// Names: keys "a", "b", ... and "d/a", "d/b", ...; nodes "n1", ... with the
// check "alive"; services "s1", ... with one instance and one check per node.

#pragma once

#include "runtime/base/rng.hpp"
#include "tests/sim/check/history.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace praetor::sim {

struct workload_options {
  /// Half of them lie below "d/".
  std::size_t keys = 5;
  std::size_t nodes = 2;
  std::size_t services = 2;
  /// A client has at most so many sessions that it believes in.
  std::size_t sessions_max = 2;
  duration timeout_min = std::chrono::milliseconds{500};
  duration timeout_max = std::chrono::seconds{10};
  /// Of sessions; up to 20 s more.
  duration ttl_min = std::chrono::seconds{10};
  duration think_max = std::chrono::milliseconds{500};
  /// Parts of a hundred.
  unsigned reads = 35;
  unsigned catalog = 15;
  unsigned transactions = 12;
  unsigned sessions = 14;
};

/// One request of a client, and how it asks it.
struct step {
  request what;
  /// When it stops waiting, from its invocation on.
  duration timeout{0};
  /// What it does before: nothing, for so long.
  duration think{0};
  /// The logical process that asks.
  std::uint64_t process = 0;
  /// Any number; modulo the number of servers it says which one to ask.
  std::uint64_t server_pick = 0;
};

/// See the head of the file.
class workload {
public:
  workload(std::uint64_t seed, workload_options options);

  /// Returns the client's next step.
  /// @pre its previous one is answered.
  step next(std::uint64_t client);

  /// Tells a client what became of its step.
  void answered(std::uint64_t client, const request& what, const outcome& x);

private:
  struct known_session {
    std::string id;
    duration ttl{0};
    /// The client goes on renewing it; others run out.
    bool cared_for = false;
  };

  struct client_state {
    std::uint64_t steps = 0;
    std::uint64_t values = 0;
    std::uint64_t incarnation = 0;
    std::vector<known_session> sessions;
    /// Last ModifyIndex seen or made, by key.
    std::map<std::string, log_index> seen;
    /// Last index of an answer, by what was asked.
    std::map<std::string, log_index> indexes;
  };

  request choose(client_state& me, std::uint64_t client, rng& random) const;
  request read_keys(const client_state& me, rng& random) const;
  request read_catalog(const client_state& me, rng& random) const;
  request write_key(client_state& me, std::uint64_t client, rng& random) const;
  request use_session(const client_state& me, rng& random) const;
  request write_catalog(rng& random) const;
  request transact(client_state& me, std::uint64_t client, rng& random) const;

  kv::key_operation key_verb(client_state& me, std::uint64_t client,
                             rng& random, bool in_transaction) const;
  catalog::operation row_verb(std::uint32_t position, rng& random) const;
  catalog::register_node registration(rng& random) const;
  owner::read_options options_for(const client_state& me,
                                  const std::string& query, rng& random) const;

  std::string pick_key(rng& random) const;
  std::string pick_node(rng& random) const;
  std::string pick_service(rng& random) const;
  static std::string pick_session(const client_state& me, rng& random);
  static std::string fresh_value(client_state& me, std::uint64_t client);

  void learn_read(client_state& me, const key_read& q, const outcome& x) const;
  void learn_write(client_state& me, const state::command& c,
                   const outcome& x) const;

  std::uint64_t seed_;
  workload_options options_;
  std::map<std::uint64_t, client_state> clients_;
};

} // namespace praetor::sim
