// In-memory twins of the stores, for the simulator and for `-dev`.
//
// What has to survive a crash lives in a disk object which outlives the store:
// drop the store and open another on the same disk, as a restarted process
// would. Every successful write is durable at once. One thread at a time.

#pragma once

#include "storage/log_position.hpp"
#include "storage/log_store.hpp"
#include "storage/state_store.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace praetor {

/// What happens to a write that is reported as failed.
enum class write_fault : std::uint8_t {
  none,
  /// Nothing reached the disk.
  lost,
  /// Everything did, but the error came all the same.
  kept,
};

/// What survives of a `log_store`.
struct memory_log_disk {
  std::optional<log_identity> identity;
  log_position position;
  std::deque<entry_ptr> entries;
  std::uint64_t boot = 0;
  /// The state database in force.
  std::uint64_t state = 0;
  /// Befalls the next write, once.
  write_fault next_write = write_fault::none;
};

/// What survives of a `state_store`.
struct memory_state_disk {
  checkpoint_mark mark;
  /// By table and key.
  std::map<std::pair<std::string, std::string>, std::string> rows;
  /// Befalls the next write, once.
  write_fault next_write = write_fault::none;
};

/// What survives of a `state_place`: the state databases by generation.
struct memory_place_disk {
  std::map<std::uint64_t, std::shared_ptr<memory_state_disk>> generations;
};

/// @pre No other store uses `disk`.
std::unique_ptr<log_store>
open_memory_log(std::shared_ptr<memory_log_disk> disk);

/// @pre No other store uses `disk`.
std::unique_ptr<state_store>
open_memory_state(std::shared_ptr<memory_state_disk> disk);

std::unique_ptr<state_place>
open_memory_place(std::shared_ptr<memory_place_disk> disk);

} // namespace praetor
