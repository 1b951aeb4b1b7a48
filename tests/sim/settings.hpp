// The values of a run, with their defaults: what a case names overrides them.
// Pure.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace praetor::sim {

/// Units are in the names; rates are in parts per million.
struct settings {
  // -- the cluster ------------------------------------------------------------

  std::int64_t learners = 0;
  std::int64_t election_ms = 1000;
  /// The server of this number has a quarter of that; 0: none.
  std::int64_t impatient = 0;
  std::int64_t append_entries = 64;
  std::int64_t inflight = 64;
  std::int64_t cache_entries = 1024;
  std::int64_t trailing_entries = 10240;
  std::int64_t checkpoint_entries = 2000;
  std::int64_t checkpoint_interval_ms = 1000;
  /// Sending the tables: one chunk, and when it is given up for a while.
  std::int64_t chunk_bytes = 262'144;
  std::int64_t transfer_patience_ms = 30'000;
  std::int64_t batch_entries = 512;
  /// Commands remembered for each process that sent some.
  std::int64_t origin_window = 1024;
  /// 1: LevelDB on a disk in memory, instead of plain memory.
  std::int64_t leveldb = 0;
  std::int64_t leveldb_buffer_kb = 64;

  // -- scheduling -------------------------------------------------------------

  /// Messages arrive and disks end at multiples of this; 0: at any time.
  std::int64_t grain_us = 0;
  /// 0: any actor next; 1: the newest; 2: one kind of actor seldom.
  std::int64_t schedule = 0;
  std::int64_t starved = 0;
  std::int64_t buggify = 0;

  // -- network ----------------------------------------------------------------

  std::int64_t delay_min_us = 100;
  std::int64_t delay_mean_us = 500;
  std::int64_t loss_ppm = 0;
  std::int64_t repeat_ppm = 0;
  std::int64_t repeat_ms = 100;
  /// Messages under way on one link; beyond: one of them is lost.
  std::int64_t queue_max = 200;

  // -- disks ------------------------------------------------------------------

  std::int64_t sync_min_us = 100;
  std::int64_t sync_mean_us = 300;
  /// A checkpoint takes so many times as long as a write of the log.
  std::int64_t rows_factor = 1;

  // -- clocks -----------------------------------------------------------------

  /// Each server's rate differs by at most this.
  std::int64_t clock_ppm = 0;
  std::int64_t wall_ms = 0;

  // -- clients ----------------------------------------------------------------

  std::int64_t keys = 4;
  /// Sessions end after so many seconds, or up to 20 more.
  std::int64_t ttl_s = 10;
  /// 1: servers hand on what only the leader can do.
  std::int64_t forward = 1;
  /// 1: half of the clients reach only the side that has a majority.
  std::int64_t client_delay_us = 300;
  /// 1: also search for a linearization without trusting indexes.
  std::int64_t blind_search = 0;
};

/// Errors: invalid_argument for an unknown name or a value out of bounds.
result<settings>
read_settings(const std::map<std::string, std::int64_t>& values);

} // namespace praetor::sim
