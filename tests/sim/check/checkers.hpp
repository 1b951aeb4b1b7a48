// All checkers of what clients see, behind one face.
//
// Pure. The simulation tells what clients ask and are told, and what each node
// applies; at the end of the run it asks for the findings. Calls cost little;
// `finish` costs about as much as all of them.

#pragma once

#include "tests/sim/check/applied_log.hpp"
#include "tests/sim/check/linearizability.hpp"
#include "tests/sim/check/observers.hpp"
#include "tests/sim/check/order.hpp"
#include "tests/sim/check/watches.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::sim {

struct checker_options {
  session_limits sessions;
  watch_limits watches;
  blind_options blind;
  /// Also search without looking at the indexes.
  bool blind_search = false;
};

/// What a run did besides findings.
struct check_counts {
  std::size_t operations = 0;
  std::size_t answered = 0;
  std::size_t failed = 0;
  std::size_t unknown = 0;
  std::size_t entries = 0;
  std::size_t blind_groups = 0;
  std::size_t blind_inconclusive = 0;
};

/// See the head of the file.
class checkers {
public:
  explicit checkers(checker_options options = {});

  // -- clients ----------------------------------------------------------------

  /// Returns the id of the operation.
  std::size_t invoke(std::uint64_t client, std::string server, request what,
                     moment now);
  /// The server got the request (watches are judged only if it did).
  void arrived(std::size_t id, moment now) { clients_.arrive(id, now); }
  void complete(std::size_t id, outcome x, moment now);

  // -- nodes ------------------------------------------------------------------

  /// A node's state is about to apply a committed entry.
  void applied(const std::string& node, const log_entry& entry, moment now);
  void started(const std::string& node, moment now);
  void leads(const std::string& node, bool on, moment now);
  /// A node was stopped or goes on: nobody is woken meanwhile.
  void paused(const std::string& node, moment now) {
    servers_.started(node, now);
  }
  /// A node heard from the leader of its term.
  void heard(const std::string& node, moment now);
  /// The leader's view of who is alive.
  void members_seen(std::map<std::string, bool> alive);

  /// From now on all is well.
  void calm(moment now);

  // -- results ----------------------------------------------------------------

  /// Returns what was found so far; cheap.
  std::vector<finding> take();

  /// Returns everything else. Once, at the end.
  std::vector<finding> finish(moment now);

  const history& clients() const { return clients_; }
  const check_counts& counts() const { return counts_; }

private:
  /// How long the catalog may lag behind the members.
  static constexpr duration members_lag = std::chrono::seconds{5};

  void take_from(std::vector<finding> more);
  void note_renewal(const operation& op);
  void follow_locks(const model& state);
  void follow_entry(const applied_entry& x, const model& state,
                    const command_result* told);
  void follow_key(const kv::key_operation& op, const applied_entry& x);
  std::vector<silent_end> silent_ends(const model& state) const;
  void compare_members(const model& state, moment now);

  checker_options options_;
  history clients_;
  applied_log log_;
  server_lives servers_;
  lock_observer locks_;
  session_observer sessions_;
  index_observer indexes_;
  staleness_observer staleness_;
  std::optional<moment> calm_;
  std::map<std::string, bool> alive_;
  check_counts counts_;
  std::vector<finding> findings_;
};

} // namespace praetor::sim
