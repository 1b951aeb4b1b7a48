// A cluster of servers in one thread of virtual time.
//
// One step is one message to one actor, chosen by the seed among all that have
// one; when nobody has, time moves to the next timer or event. Faults are done
// through this class; when and which is decided elsewhere (faults.hpp).
//
// What is not simulated: the transport's sockets and their back-pressure,
// gossip, the HTTP front end, and the time that handlers take.

#pragma once

#include "tests/sim/agenda.hpp"
#include "tests/sim/invariants.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/node_clock.hpp"
#include "tests/sim/node_disk.hpp"
#include "tests/sim/peer_calls.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/settings.hpp"
#include "tests/sim/trace.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor::sim {

/// What a cluster tells whoever observes it from outside.
class cluster_observer {
public:
  cluster_observer() = default;
  cluster_observer(const cluster_observer&) = delete;
  cluster_observer& operator=(const cluster_observer&) = delete;
  virtual ~cluster_observer() = default;

  virtual void node_started(const std::string& node, moment now) = 0;
  virtual void entry_applied(const std::string& node, const log_entry& entry,
                             moment now) = 0;
  virtual void tables_installed(const std::string& node, log_index index,
                                moment now) = 0;
  virtual void node_paused(const std::string& node, moment now) = 0;
  virtual void node_leads(const std::string& node, bool on, moment now) = 0;
};

class cluster final : private process_host {
public:
  /// @pre `x` names known settings only; `log` outlives the cluster.
  cluster(const sim_case& x, const settings& values, trace& log);

  ~cluster() override;

  void observe(cluster_observer* by) { observer_ = by; }

  // -- time -------------------------------------------------------------------

  const moment& now() const { return now_; }

  agenda& events() { return events_; }

  /// Goes on until that moment, or until something is broken.
  void run_until(moment end);

  /// Checked after every step until `until`; true ends it.
  void watch(moment until, std::function<bool()> condition);

  std::uint64_t steps() const { return steps_; }

  /// What did not hold, if something did not.
  const std::optional<finding>& broken() const { return finding_; }

  void report(std::string invariant, std::string text);

  /// For people.
  void note(std::string text) { trace_.line(now_, std::move(text)); }

  // -- servers ----------------------------------------------------------------

  std::size_t size() const { return nodes_.size(); }
  const std::string& name(std::size_t node) const { return nodes_[node].name; }
  std::optional<std::size_t> find(const std::string& name) const;

  /// Founders are voters from the start; others join later.
  std::size_t founders() const { return founders_; }

  bool up(std::size_t node) const { return nodes_[node].process != nullptr; }
  bool paused(std::size_t node) const { return nodes_[node].paused; }
  std::size_t running() const;

  /// Null if it is not up.
  process* running(std::size_t node) { return nodes_[node].process.get(); }

  node_disk& disk(std::size_t node) { return *nodes_[node].disk; }
  node_clock& clock(std::size_t node) { return *nodes_[node].clock; }
  sim::network& net() { return net_; }
  const invariants& state() const { return invariants_; }
  const settings& values() const { return values_; }

  std::optional<std::size_t> leader() const { return invariants_.leader(); }

  /// Faults are over: who causes them must stop.
  void calm_down() { calm_ = true; }
  bool calm() const { return calm_; }

  // -- what befalls them
  // --------------------------------------------------------

  /// With `power`, what the machine did not sync is at risk.
  void crash(std::size_t node, bool power);

  /// Does nothing if it is up, or its disk is damaged.
  void start(std::size_t node);

  void pause(std::size_t node, bool on);

  /// The machine gets a good disk with the same content.
  void repair_disk(std::size_t node);

  /// Says for each server why nothing goes on.
  std::string describe() const;

private:
  struct server {
    std::string name;
    std::unique_ptr<node_disk> disk;
    std::unique_ptr<node_clock> clock;
    std::unique_ptr<sim::process> process;
    bool paused = false;
    bool started_before = false;
    /// Why the process wants to end.
    std::optional<std::string> stopping;
  };

  static std::vector<server> make_nodes(const sim_case& x,
                                        const settings& values);
  std::vector<watched_node> watched() const;

  /// An actor that has something to do; without process: there is none.
  struct choice {
    sim::process* process = nullptr;
    std::size_t node = 0;
    /// Its place in the process's queue.
    std::size_t number = 0;
  };

  bool step(moment end);
  void ask_watchers();
  bool run_actor();
  choice choose();
  void bury();
  void set_time(moment at);

  // process_host
  void raft_stepped(std::size_t node, const raft::raft_core& core,
                    const raft::effects& done) override;
  void sends(std::size_t node, raft::message m) override;
  void commits(std::size_t node, const raft::committed& entries) override;
  void installs(std::size_t node, log_index index) override;
  void applied(std::size_t node, bool kv,
               const owner::applied& results) override;
  void leads(std::size_t node, const raft::leadership& x) override;
  void checkpointed(std::size_t node) override;
  void broken(std::size_t node, std::string invariant,
              std::string text) override;
  void stops(std::size_t node, std::string why) override;

  struct watcher {
    moment until{0};
    std::function<bool()> condition;
  };

  std::uint64_t seed_;
  settings values_;
  trace& trace_;
  moment now_{0};
  agenda events_;
  std::size_t founders_;
  std::vector<server> nodes_;
  invariants invariants_;
  sim::network net_;
  peer_calls calls_;
  rng choices_;
  rng luck_;
  cluster_observer* observer_ = nullptr;
  std::vector<watcher> watchers_;
  std::optional<finding> finding_;
  std::uint64_t steps_ = 0;
  bool calm_ = false;
  /// A process is being killed: what its actors say is not heard.
  bool killing_ = false;
};

} // namespace praetor::sim
