#include "tests/sim/swarm.hpp"

#include "tests/sim/random.hpp"
#include "tests/sim/scenarios.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace praetor::sim {

namespace {

/// What a run may have, each with its own chance.
enum fault_class : std::size_t {
  delays,
  losses,
  repeats,
  clogs,
  partitions,
  crashes,
  power,
  pauses,
  slow_disks,
  stalls,
  disk_errors,
  damage,
  drift,
  jumps,
  transfers,
  members,
  numbness,
  unusual,
  class_count,
};

class drawing {
public:
  drawing(std::uint64_t seed, const swarm_options& options)
    : options_{options}, random_{stream(seed, "swarm")} {
    out_.seed = seed;
    out_.duration_ns = options.duration_ns;
  }

  sim_case draw() {
    draw_size();
    draw_classes();
    draw_limits();
    draw_network();
    draw_disks();
    draw_clocks();
    draw_crashes();
    draw_partitions();
    draw_members();
    // A third has a script; its faults would only be disturbed by a crowd.
    if (options_.scenario || in_hundred(30))
      draw_scenario();
    return std::move(out_);
  }

private:
  bool in_hundred(std::uint64_t percent) {
    return random_.below(100) < percent;
  }

  bool has(fault_class x) const { return classes_[x]; }

  std::int64_t number(std::int64_t low, std::int64_t high) {
    return between(random_, low, high);
  }

  void set(const char* name, std::int64_t value) {
    out_.settings[name] = value;
  }

  std::string some_node() {
    return "s" + std::to_string(1 + random_.below(out_.nodes));
  }

  void draw_size() {
    constexpr std::array<std::pair<std::uint64_t, std::uint64_t>, 6> sizes{
      {{1, 5}, {2, 5}, {3, 45}, {4, 5}, {5, 35}, {7, 5}}};
    auto left = random_.below(100);
    for (const auto& [size, part] : sizes) {
      out_.nodes = size;
      if (left < part)
        break;
      left -= part;
    }
    if (options_.nodes)
      out_.nodes = *options_.nodes;
    out_.clients = 1 + random_.below(8);
  }

  void draw_classes() {
    const auto kind = random_.below(10);
    const auto single = random_.below(class_count);
    for (std::size_t i = 0; i < class_count; ++i) {
      const auto coin = random_.below(2) == 0;
      classes_[i] = kind == 0 ? false : kind == 1 ? i == single : coin;
    }
  }

  /// Tiny limits lead to code that is hardly ever reached otherwise.
  void draw_limits() {
    set("election_ms", in_hundred(50) ? 1000 : number(150, 2000));
    set("append_entries", in_hundred(50) ? 64 : number(1, 16));
    set("inflight", in_hundred(50) ? 64 : number(1, 8));
    set("cache_entries", in_hundred(50) ? 1024 : number(0, 50));
    set("checkpoint_entries", in_hundred(30) ? 2000 : number(8, 200));
    set("checkpoint_interval_ms", in_hundred(50) ? 0 : number(100, 5000));
    set("trailing_entries", in_hundred(40) ? 10'240 : number(0, 100));
    set("chunk_bytes", in_hundred(50) ? 262'144 : number(64, 4096));
    set("transfer_patience_ms", in_hundred(50) ? 30'000 : number(100, 3000));
    set("ttl_s", in_hundred(50) ? 10 : number(1, 5));
    set("batch_entries", in_hundred(50) ? 512 : number(1, 8));
    set("origin_window", in_hundred(50) ? 1024 : number(1, 32));
    set("grain_us", in_hundred(60) ? 0 : number(100, 20'000));
    set("keys", number(2, 8));
    set("forward", in_hundred(50) ? 1 : 0);
    // What servers hand on may overtake each other: all of it must be
    // remembered.
    if (out_.settings["forward"] != 0)
      set("origin_window", 1024);
    set("schedule",
        static_cast<std::int64_t>(random_.below(10)) < 8 ? 0 : number(1, 2));
    set("starved", number(0, 15));
    set("buggify", has(unusual) ? 1 : 0);
    set("blind_search", in_hundred(10) ? 1 : 0);
    if (in_hundred(15)) {
      set("leveldb", 1);
      set("leveldb_buffer_kb", number(4, 256));
    }
  }

  void draw_network() {
    if (has(delays)) {
      const auto min = number(0, 15'000);
      set("delay_min_us", min);
      set("delay_mean_us", number(min, 40'000));
    }
    if (has(losses))
      set("loss_ppm", in_hundred(50) ? number(0, 20'000) : number(0, 200'000));
    if (has(repeats)) {
      set("repeat_ppm", number(0, 300'000));
      set("repeat_ms", in_hundred(50) ? number(1, 50) : number(1, 5000));
    }
    if (in_hundred(20))
      set("queue_max", number(2, 50));
    if (has(clogs))
      strew(number(1, 20), [this](decision& x) {
        x.kind = "clog";
        x.node = some_node();
        x.peer = some_node();
        x.value = number(10, 5000);
      });
  }

  void draw_disks() {
    if (has(slow_disks)) {
      const auto min = number(0, 10'000);
      set("sync_min_us", min);
      set("sync_mean_us",
          in_hundred(80) ? number(min, 40'000) : number(min, 400'000));
    }
    set("rows_factor", in_hundred(50) ? 1 : number(0, 20));
    if (has(numbness))
      strew(number(1, 3), [this](decision& x) {
        x.kind = "numb";
        x.node = in_hundred(60) ? "leader" : some_node();
        x.value = number(500, 15'000);
      });
    if (has(stalls))
      strew(number(1, 3), [this](decision& x) {
        x.kind = in_hundred(85) ? "stall" : "hang";
        x.node = in_hundred(50) ? "leader" : some_node();
        x.value = number(500, 15'000);
      });
    if (has(disk_errors))
      strew(number(1, 3), [this](decision& x) {
        x.kind = "sync_error";
        x.node = some_node();
        x.number = random_.below(2);
      });
    if (has(damage) && in_hundred(60))
      strew(1, [this](decision& x) {
        x.kind = "damage";
        x.node = some_node();
      });
  }

  void draw_clocks() {
    if (has(drift))
      set("clock_ppm", in_hundred(50) ? 500 : number(0, 50'000));
    if (has(jumps)) {
      set("wall_ms", number(0, 100'000));
      strew(number(1, 4), [this](decision& x) {
        x.kind = "clock_jump";
        x.node = some_node();
        x.value = number(-60'000, 60'000);
      });
    }
  }

  void draw_crashes() {
    if (has(crashes))
      strew(number(1, 2 + seconds() / 5), [this](decision& x) {
        x.kind = in_hundred(70) ? "crash" : "crash_at";
        x.node = in_hundred(40) ? "leader" : some_node();
        x.number = x.kind == "crash" ? random_.below(2) : 1 + random_.below(60);
        x.value = in_hundred(50) ? number(0, 1500) : number(0, 10'000);
      });
    if (has(power) && in_hundred(60))
      strew(1, [this](decision& x) {
        x.kind = "power_loss";
        x.value = number(0, 5000);
      });
    if (has(pauses))
      strew(number(1, 2 + seconds() / 10), [this](decision& x) {
        x.kind = "pause";
        x.node = in_hundred(60) ? "leader" : some_node();
        x.value = number(50, 8000);
      });
  }

  void draw_partitions() {
    if (!has(partitions) || out_.nodes < 2)
      return;
    const auto flapping = in_hundred(20);
    const auto count = flapping ? seconds() : number(1, 2 + seconds() / 4);
    strew(count, [this, flapping](decision& x) {
      x.kind = "partition";
      x.number = random_.below(4);
      x.node = in_hundred(50) ? "leader" : some_node();
      x.client = in_hundred(25) ? 1 : 0;
      const auto election = out_.settings["election_ms"];
      x.value =
        flapping ? number(election / 2, 3 * election) : number(500, 12'000);
    });
  }

  void draw_members() {
    if (has(transfers))
      strew(number(1, 5), [this](decision& x) {
        x.kind = "transfer";
        if (in_hundred(70))
          x.peer = some_node();
      });
    if (!has(members) || in_hundred(50))
      return;
    const auto learners = number(0, 2);
    set("learners", learners);
    strew(number(2, 10), [this, learners](decision& x) {
      x.kind = "members";
      x.number = random_.below(3);
      // Half of the changes are about those that have to be added first.
      const auto first =
        learners > 0 && in_hundred(50) ? out_.nodes : std::uint64_t{0};
      const auto all = out_.nodes + static_cast<std::uint64_t>(learners);
      x.node = "s" + std::to_string(1 + first + random_.below(all - first));
    });
  }

  void draw_scenario() {
    decision x;
    x.kind = "scenario";
    x.number = options_.scenario.value_or(1 + random_.below(scenario_count));
    const auto fixed = options_.nodes;
    prepare_scenario(out_, x.number);
    if (fixed)
      out_.nodes = *fixed;
    for (auto at = 3'000'000'000ULL; at < out_.duration_ns;
         at += 8'000'000'000ULL) {
      x.at_ns = at + random_.below(2'000'000'000);
      x.value = number(0, 1000);
      out_.faults.push_back(x);
    }
  }

  std::int64_t seconds() const {
    return static_cast<std::int64_t>(out_.duration_ns / 1'000'000'000);
  }

  /// Spreads faults over the run.
  template <class Fill>
  void strew(std::int64_t count, Fill fill) {
    for (std::int64_t i = 0; i < count; ++i) {
      decision x;
      x.at_ns = random_.below(out_.duration_ns);
      fill(x);
      out_.faults.push_back(std::move(x));
    }
  }

  swarm_options options_;
  rng random_;
  sim_case out_;
  std::array<bool, class_count> classes_{};
};

} // namespace

sim_case draw_case(std::uint64_t seed, const swarm_options& options) {
  return drawing{seed, options}.draw();
}

} // namespace praetor::sim
