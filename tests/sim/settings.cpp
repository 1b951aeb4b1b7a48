#include "tests/sim/settings.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace praetor::sim {

namespace {

struct setting {
  std::string_view name;
  std::int64_t settings::*where;
  std::int64_t min;
  std::int64_t max;
};

constexpr setting table[] = {
  {"append_entries", &settings::append_entries, 1, 512},
  {"batch_entries", &settings::batch_entries, 1, 512},
  {"blind_search", &settings::blind_search, 0, 1},
  {"buggify", &settings::buggify, 0, 1},
  {"cache_entries", &settings::cache_entries, 0, 100'000},
  {"checkpoint_entries", &settings::checkpoint_entries, 1, 1'000'000},
  {"checkpoint_interval_ms", &settings::checkpoint_interval_ms, 0, 1'000'000},
  {"chunk_bytes", &settings::chunk_bytes, 1, 1'000'000},
  {"client_delay_us", &settings::client_delay_us, 0, 1'000'000},
  {"clock_ppm", &settings::clock_ppm, 0, 100'000},
  {"delay_mean_us", &settings::delay_mean_us, 0, 1'000'000},
  {"delay_min_us", &settings::delay_min_us, 0, 1'000'000},
  {"election_ms", &settings::election_ms, 50, 10'000},
  {"forward", &settings::forward, 0, 1},
  {"grain_us", &settings::grain_us, 0, 1'000'000},
  {"impatient", &settings::impatient, 0, 7},
  {"inflight", &settings::inflight, 1, 1024},
  {"keys", &settings::keys, 1, 100},
  {"learners", &settings::learners, 0, 2},
  {"leveldb", &settings::leveldb, 0, 1},
  {"leveldb_buffer_kb", &settings::leveldb_buffer_kb, 4, 16'384},
  {"loss_ppm", &settings::loss_ppm, 0, 1'000'000},
  {"origin_window", &settings::origin_window, 1, 1024},
  {"queue_max", &settings::queue_max, 1, 100'000},
  {"repeat_ms", &settings::repeat_ms, 0, 60'000},
  {"repeat_ppm", &settings::repeat_ppm, 0, 1'000'000},
  {"rows_factor", &settings::rows_factor, 0, 100},
  {"schedule", &settings::schedule, 0, 2},
  {"starved", &settings::starved, 0, 15},
  {"sync_mean_us", &settings::sync_mean_us, 0, 5'000'000},
  {"sync_min_us", &settings::sync_min_us, 0, 5'000'000},
  {"trailing_entries", &settings::trailing_entries, 0, 1'000'000},
  {"transfer_patience_ms", &settings::transfer_patience_ms, 10, 60'000},
  {"ttl_s", &settings::ttl_s, 1, 60},
  {"wall_ms", &settings::wall_ms, 0, 10'000'000},
};

} // namespace

result<settings>
read_settings(const std::map<std::string, std::int64_t>& values) {
  settings out;
  for (const auto& [name, value] : values) {
    const auto* found =
      std::find_if(std::begin(table), std::end(table),
                   [&name](const setting& x) { return x.name == name; });
    if (found == std::end(table))
      return error{errc::invalid_argument, "unknown setting " + name};
    if (value < found->min || value > found->max)
      return error{errc::invalid_argument, "setting " + name + " must be from "
                                             + std::to_string(found->min)
                                             + " to "
                                             + std::to_string(found->max)};
    out.*found->where = value;
  }
  return out;
}

} // namespace praetor::sim
