// Remembers which commands were applied, so that a repeated one (a retry after
// a lost answer) takes effect once and gets the first one's result.
//
// Pure and replicated: every server sees the same entries in the same order and
// must give the same verdicts, so the windows move by entry index and entry
// time only, and are part of the checkpoint.

#pragma once

#include "runtime/base/log_entry.hpp"
#include "runtime/base/owner.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace praetor::state {

/// What is known of a command by its origin.
enum class sighting : std::uint8_t {
  /// Not seen before: apply it.
  fresh,
  /// Applied before: `origin_windows::result` has or will have the result.
  repeated,
  /// Older than the window: it may or may not have been applied.
  forgotten,
};

/// See the head of the file.
class origin_windows {
public:
  /// Commands remembered for one process of one server.
  static constexpr std::size_t window_max = 1024;
  /// Results longer than this are not kept; a repeat gets "outcome unknown".
  static constexpr std::size_t result_bytes_max = 4096;
  /// A process that was silent for so many entries is forgotten...
  static constexpr log_index silence_entries_max = 100'000;
  /// ... if it was also silent for so long.
  static constexpr cluster_time silence_ms_max = 600'000;
  /// How often silent processes are looked for, in entries.
  static constexpr log_index sweep_every = 4096;

  origin_windows() = default;

  /// Remembers so many commands for one process: on all servers the same.
  explicit origin_windows(std::size_t size) : size_{size} {}

  /// Forgets silent processes, now and then.
  /// @pre Called for every entry of whatever kind, in log order.
  void pass(log_index index, cluster_time ts);

  /// Judges a command, and remembers it if it is fresh.
  /// @pre Called for every command entry, in log order, after `pass`.
  sighting see(const command_origin& who, log_index index, cluster_time ts);

  /// Stores the result of a fresh command.
  void store(const command_origin& who, const command_result& x);

  /// Returns the result of a repeated command. `timeout` if it was too long to
  /// keep.
  command_result result(const command_origin& who) const;

  /// Returns rows (table "origin") that changed since last asked.
  std::vector<row> take_changed_rows();

  /// Restores a row of a checkpoint. Errors: corruption.
  status load(const row& x);

private:
  using key = std::pair<std::string, std::uint64_t>;

  struct window {
    /// Everything at or below is forgotten.
    std::uint64_t forgotten_upto = 0;
    log_index last_index = 0;
    cluster_time last_ts = 0;
    std::map<std::uint64_t, std::optional<command_result>> results;

    template <class Inspector>
    friend auto inspect(Inspector& f, window& x) {
      return f(x.forgotten_upto, x.last_index, x.last_ts, x.results);
    }
  };

  std::size_t size_ = window_max;
  std::map<key, window> windows_;
  std::set<key> changed_;

  /// Only mutant F06 counts.
  std::uint64_t seen_here_ = 0;
};

} // namespace praetor::state
