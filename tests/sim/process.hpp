// One start of a server: the actors of production, wired as runtime/node wires
// them, with the simulation's disk, network and clock around them.
//
// Each process has an actor system of its own, so that its clock is its own and
// a crash is the end of the object. Nothing runs by itself: the cluster takes
// one step of one actor after the other. Hides CAF from whoever includes it.

#pragma once

#include "actors/raft/core/raft_core.hpp"
#include "actors/raft/messages.hpp"
#include "runtime/base/peer_network.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/check/history.hpp"
#include "tests/sim/node_clock.hpp"
#include "tests/sim/node_disk.hpp"
#include "tests/sim/settings.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace praetor::sim {

/// Whom a process tells what it does. All calls come from within a step.
class process_host {
public:
  process_host() = default;
  process_host(const process_host&) = delete;
  process_host& operator=(const process_host&) = delete;
  virtual ~process_host() = default;

  /// A step of Raft's core was made; its effects are not performed yet.
  virtual void raft_stepped(std::size_t node, const raft::raft_core& core,
                            const raft::effects& done) = 0;
  /// For another server.
  virtual void sends(std::size_t node, raft::message m) = 0;
  /// Raft hands these to the state.
  virtual void commits(std::size_t node, const raft::committed& entries) = 0;
  /// It takes over another server's tables, which have everything up to there.
  virtual void installs(std::size_t node, log_index index) = 0;
  /// An owner has applied commands with these results.
  virtual void applied(std::size_t node, bool kv,
                       const owner::applied& results) = 0;
  virtual void leads(std::size_t node, const raft::leadership& x) = 0;
  /// A checkpoint became durable.
  virtual void checkpointed(std::size_t node) = 0;
  /// Something is wrong that no fault excuses.
  virtual void broken(std::size_t node, std::string invariant,
                      std::string text) = 0;
  /// The process stops itself.
  virtual void stops(std::size_t node, std::string why) = 0;
};

/// What a process is made from. All pointers outlive it.
struct process_options {
  std::size_t node = 0;
  std::string id;
  settings values;
  std::uint64_t seed = 0;
  /// The members that found the cluster.
  std::optional<raft::membership> founders;
  process_host* host = nullptr;
  agenda* events = nullptr;
  const moment* now = nullptr;
  node_disk* disk = nullptr;
  const node_clock* clock = nullptr;
  /// The way to the other servers; null: clients must find the leader.
  std::shared_ptr<peer_network> network;
};

class process {
public:
  /// Loads what is on the disk, and spawns. Errors: corruption, io_error.
  static result<std::unique_ptr<process>> start(process_options options);

  process(const process&) = delete;
  process& operator=(const process&) = delete;

  /// Kills all actors. Requests under way are answered with errc::canceled.
  ~process();

  // -- running ----------------------------------------------------------------

  /// How many actors have something to do.
  std::size_t ready() const;

  /// Lets the n-th of them handle one message. Returns a number that tells
  /// which one it was: small, the same in every run.
  std::uint64_t step(std::size_t n);

  /// Returns the number of the n-th of those that have something to do.
  std::uint64_t who(std::size_t n) const;

  /// Returns when the next timer is due, in virtual time.
  std::optional<moment> next_timer() const;

  /// Lets the earliest timer go off.
  void ring();

  /// Virtual time has moved.
  void set_time();

  // -- talking to it ----------------------------------------------------------

  void deliver(raft::message m);

  /// @pre `what` is complete in itself; `answer` is called once.
  void execute(const request& what, std::function<void(outcome)> answer);

  /// Answers what other servers ask.
  peer_receiver& service();

  void transfer_leadership(std::optional<peer_id> target);
  void change_members(raft::membership next, std::function<void(bool)> done);

  /// The tables apply nothing as long as that is on.
  void numb(bool on);

  /// The disk hangs no more.
  void wake_disk();

  /// The process ends at once; what was under way to the disk is lost or not.
  void crash(rng& luck, bool keep_all);

  /// Writes under way to the disk.
  std::size_t writes_waiting() const;

private:
  struct parts;
  explicit process(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace praetor::sim
