// The order in which committed entries reach the owners.
//
// Pure: it talks to an `outlet`, which the state actor implements with messages
// and tests with vectors. Entries come in log order. Most concern one owner and
// flow in runs: both owners get each run (with their own commands, perhaps
// none) and answer in their own time. A command that concerns both is a
// *barrier*: it waits until everything before it is applied, goes through its
// phases, and only then the next entry moves.
//
//   create session      catalog: are node and checks well?  then kv: create
//   catalog command     kv: hold reads; catalog: apply; kv: end the sessions
//   while sessions live   that rested on what was lost
//   mixed transaction   both: prepare; both: commit or abort
//   checkpoint          both: hand over changed rows
//   tables from another server   both: replace all rows
//
// Reads see each of these happen at once, since an owner that takes part
// answers no reads between its phases.
//
// Invariants
// - published <= what each owner has applied <= what was handed out;
// - a reply is completed exactly when its index is published.

#pragma once

#include "actors/state/core/origin_windows.hpp"
#include "actors/state/messages.hpp"
#include "runtime/base/checkpoint.hpp"
#include "runtime/base/log_entry.hpp"
#include "runtime/base/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace praetor::state {

/// A committed entry with whom to answer (if the proposal came from here).
struct committed_command {
  entry_ptr entry;
  reply<command_result> to;
};

/// Where the pipeline's decisions go.
class outlet {
public:
  outlet() = default;
  outlet(const outlet&) = delete;
  outlet& operator=(const outlet&) = delete;
  virtual ~outlet() = default;

  virtual void apply_kv(kv::apply x) = 0;
  virtual void apply_catalog(catalog::apply x) = 0;
  virtual void hold_kv(log_index index) = 0;
  virtual void prepare_kv(kv::prepare x) = 0;
  virtual void prepare_catalog(catalog::prepare x) = 0;
  virtual void decide_kv(owner::decide x) = 0;
  virtual void decide_catalog(owner::decide x) = 0;
  /// Both owners hand over their rows.
  virtual void take_checkpoint(log_index index) = 0;
  /// Make it durable, then call `checkpoint_written`.
  virtual void write_checkpoint(checkpoint_mark cut, std::vector<row> rows) = 0;
  /// Replace the owners' rows by those of this generation of the state
  /// database, then call `installed`.
  virtual void fetch_state(std::uint64_t generation) {
    fatal("no state database to take over generation "
          + std::to_string(generation) + " from");
  }
  /// Everything up to `index` is applied by all owners.
  virtual void published(log_index index) = 0;
  /// The node cannot go on: the log holds what this binary does not know.
  virtual void fatal(std::string why) = 0;
};

/// When checkpoints are taken: after so many entries, but not more often than
/// the interval; and always after so many bytes of payload. Time is that of the
/// entries, so that nothing here needs a clock.
struct checkpoint_policy {
  std::size_t entries = 16'384;
  std::size_t bytes = std::size_t{64} << 20U;
  cluster_time interval_ms = 30'000;
};

/// See the head of the file.
class pipeline {
public:
  /// Entries handed to the owners in one message.
  static constexpr std::size_t run_max = 512;

  /// @pre `out` outlives the pipeline. `cut` is the checkpoint that the owners
  /// were loaded with, `windows` the rest of it.
  pipeline(outlet& out, checkpoint_mark cut, origin_windows windows,
           checkpoint_policy policy = {});

  // -- from raft
  // ----------------------------------------------------------------

  /// @pre Entries continue where the last call ended.
  void commit(std::vector<committed_command> entries);

  /// Entries up to `mark` will not come; what they did is in tables of another
  /// server. What comes behind them is held until these are in place.
  void install(std::uint64_t generation, checkpoint_mark mark);

  // -- from the owners
  // ----------------------------------------------------------

  void kv_applied(owner::applied x);
  void catalog_applied(owner::applied x);
  void kv_held();
  void kv_prepared(command_result vote);
  void catalog_prepared(command_result vote);
  void rows_from_owner(std::vector<row> rows);

  // -- from storage
  // -------------------------------------------------------------

  void checkpoint_written();

  /// The owners have the tables now; `windows` are the rest of them.
  void installed(origin_windows windows, std::size_t session_count);

  log_index published() const { return published_; }

private:
  enum class phase : std::uint8_t {
    /// No barrier: entries flow.
    flowing,
    /// create_session: the catalog looks at node and checks.
    guarding,
    /// catalog command: kv stops reads.
    holding,
    /// catalog command: the catalog applies it.
    losing,
    /// The last step is under way in kv.
    finishing,
    /// mixed_transaction: votes.
    preparing,
    /// mixed_transaction: the catalog decides, then kv.
    deciding_catalog,
    deciding_kv,
    /// The owners hand over rows.
    collecting,
    /// The owners' tables are being replaced.
    installing,
    /// After `fatal`.
    stopped,
  };

  struct in_flight {
    log_index index = 0;
    cluster_time ts = 0;
    command_origin origin;
    /// Its result is looked up in the windows when it is its turn.
    bool repeated = false;
    std::optional<command_result> result;
    reply<command_result> to;
  };

  void pump();
  bool drained() const { return flight_.empty(); }
  bool checkpoint_due() const;
  void send_run();
  bool is_barrier(const command& x) const;
  /// Decodes the next entry's command, once. False: the node has to stop.
  bool decode_next();
  /// Moves the next entry from the queue into flight.
  in_flight& take_next();

  void begin_barrier();
  void begin_session(log_index index);
  void begin_loss(log_index index);
  void begin_mixed(log_index index);
  void finish_barrier(command_result x);
  void decide_mixed();
  void begin_checkpoint();
  void begin_install();

  void resolve(std::deque<in_flight*>& waiting,
               std::vector<command_result>& results);
  void publish();

  outlet& out_;
  origin_windows windows_;
  checkpoint_policy policy_;
  /// Counts what comes after the last checkpoint.
  checkpoint_mark cut_;
  std::size_t entries_since_ = 0;
  std::size_t bytes_since_ = 0;
  /// The time of the newest entry in a checkpoint, or of the first one seen.
  std::optional<cluster_time> cut_ts_;
  bool writing_ = false;

  struct incoming {
    std::uint64_t generation = 0;
    checkpoint_mark mark;
  };
  std::optional<incoming> incoming_;

  std::deque<committed_command> queue_;
  /// Whether `next_` is the command of queue_.front(); nothing for entries that
  /// carry none.
  bool decoded_ = false;
  std::optional<command> next_;

  std::deque<in_flight> flight_;
  /// Those whose result the owner still owes, in order.
  std::deque<in_flight*> kv_waiting_;
  std::deque<in_flight*> catalog_waiting_;
  log_index kv_done_ = 0;
  log_index catalog_done_ = 0;
  log_index published_ = 0;
  /// Until kv says otherwise there may be one: barriers are always right.
  std::size_t session_count_ = 1;

  phase phase_ = phase::flowing;
  /// The barrier's command and what is known of it.
  std::optional<command> barrier_;
  cluster_time barrier_ts_ = 0;
  std::optional<command_result> barrier_result_;
  std::optional<command_result> kv_vote_;
  std::optional<command_result> catalog_vote_;
  std::vector<liveness_loss> losses_;
  std::vector<row> rows_;
  int owners_to_hand_over_ = 0;
};

} // namespace praetor::state
