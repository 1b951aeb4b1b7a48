// A server's disk: what survives the server's processes, and how it fails.
//
// Two kinds: plain memory, and LevelDB on a disk in memory that tears what was
// not synced. The stores are wrapped: what was written successfully is kept a
// second time as a *shadow*, so that invariants know what is durable, and so
// that a process which starts can be told from one that lost something.
//
// How long a write takes, and what of it survives a crash, is decided in front
// of the storage actor (slow_lane.hpp): a write reaches these stores in the
// moment in which it becomes durable.

#pragma once

#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"
#include "storage/faulty_env.hpp"
#include "storage/memory_stores.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace praetor::sim {

/// How long a disk takes.
struct disk_speed {
  duration min = std::chrono::microseconds{100};
  duration mean = std::chrono::microseconds{300};
};

class node_disk {
public:
  node_disk(std::uint64_t seed, disk_speed speed, bool leveldb,
            std::size_t buffer_bytes);

  node_disk(const node_disk&) = delete;
  node_disk& operator=(const node_disk&) = delete;

  // -- for a process ----------------------------------------------------------

  struct stores {
    std::shared_ptr<log_store> log;
    /// The log knows which state is in force.
    std::shared_ptr<state_place> states;
  };

  /// Opens the stores for a process. Errors: corruption, io_error.
  /// @pre No process uses the disk.
  result<stores> open();

  /// The process is gone; with `power`, whatever was not synced is at risk.
  void close(bool power);

  // -- what is durable --------------------------------------------------------

  const hard_state& hard() const { return log_shadow_.position.hard; }

  const log_position& position() const { return log_shadow_.position; }

  /// Of the state that is in force.
  const checkpoint_mark& mark() const;

  /// Returns the durable entry at `index`, or null.
  const log_entry* entry(log_index index) const;

  /// Whether the entry of that index and term is durable here, in the log or
  /// in the checkpoint.
  bool holds(log_index index, log_term term) const;

  /// A process loaded these. Returns what is not as it must be: everything
  /// durable is there, and nothing else but a write that was under way.
  std::optional<std::string> differs(const log_image& log,
                                     const state_image& state);

  /// A hash over all rows of the checkpoint.
  std::uint64_t rows_hash() const;

  /// For people: rows that are others than those of another disk.
  std::string rows_unlike(const node_disk& other) const;

  // -- time -------------------------------------------------------------------

  /// Returns when an operation that begins at `now` ends, `factor` times as
  /// long as a small one; nothing: never.
  std::optional<duration> ends(duration now, std::int64_t factor);

  /// An operation of one in plain memory ended. Returns whether the machine
  /// stops there.
  bool operation_done() { return crash_in_ > 0 && --crash_in_ == 0; }

  /// Nothing ends before `until`.
  void stall(duration until) { stalled_until_ = until; }

  /// Nothing ever ends, until the machine is exchanged.
  void hang() { hanging_ = true; }

  /// From now on it is a good disk.
  void repair() {
    hanging_ = false;
    stalled_until_ = duration{0};
    speed_ = {};
  }

  bool hanging() const { return hanging_; }

  // -- faults -----------------------------------------------------------------

  /// The next write fails; whether it reached the disk, is up to `fault`.
  void fail_next(write_fault fault);

  /// The machine stops in the middle of the n-th operation of LevelDB from
  /// here; without LevelDB, behind a group of writes a quarter as far away.
  void crash_within(std::uint64_t n);

  /// The last `n` entries of the log are gone, although they were durable; at
  /// least one is left. Without LevelDB only.
  /// @pre No process uses the disk.
  void lose_tail(std::uint64_t n);

  /// Something that was durable is damaged: no process can start any more,
  /// unless nobody needs it.
  /// @pre No process uses the disk.
  void damage();
  bool damaged() const { return damaged_; }

private:
  friend class watched_log;
  friend class watched_state;
  friend class watched_place;

  /// What is durable of one generation of the state.
  struct state_shadow {
    checkpoint_mark mark;
    std::map<std::pair<std::string, std::string>, std::string> rows;
    std::uint64_t hash = 0;
    /// A write that failed: it may be there all the same.
    std::optional<std::pair<checkpoint_mark, std::vector<row>>> uncertain;
  };

  result<std::unique_ptr<log_store>> open_log();
  void drain();
  bool flip_a_bit();
  void note(const std::vector<const log_batch*>& batches);
  static void note(state_shadow& to, const checkpoint_mark& mark,
                   const std::vector<row>& rows);
  void settle_part(std::uint64_t generation, const state_image& image);
  std::optional<std::string> log_differs(const log_image& have) const;

  rng random_;
  disk_speed speed_;
  duration stalled_until_{0};
  bool hanging_ = false;
  bool damaged_ = false;
  std::uint64_t crash_in_ = 0;
  std::size_t buffer_bytes_;
  std::unique_ptr<faulty_env> files_;
  /// Of the kind that is plain memory.
  std::shared_ptr<memory_log_disk> log_memory_;
  std::shared_ptr<memory_place_disk> states_memory_;
  memory_log_disk log_shadow_;
  std::map<std::uint64_t, state_shadow> state_shadows_;
  /// Writes that failed: they may be there all the same.
  std::vector<log_batch> uncertain_batches_;
};

} // namespace praetor::sim
