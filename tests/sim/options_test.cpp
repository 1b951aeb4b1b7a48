// Goal: `praetor sim` says what is wrong with its arguments, and a replay's
// command line gives the same run.
// Method: tables of arguments.

#include "tools/sim/options.hpp"

#include <catch2/catch.hpp>

using praetor::tools::parse_sim_options;
using praetor::tools::replay_command;

TEST_CASE("options: what is wrong is named", "[sim][core]") {
  struct row {
    std::vector<std::string> args;
    const char* says;
  };
  const row rows[] = {
    {{"-sead", "3"}, "unknown option -sead"},
    {{"seed"}, "'seed' is not an option"},
    {{"-seed"}, "-seed: '' is not a number"},
    {{"-seed", "x"}, "-seed: 'x' is not a number"},
    {{"-seed", "1..2"}, "-seed: '1..2' is not a number"},
    {{"-seeds", "9..3"}, "-seeds: '9..3' is not a range such as 1..300"},
    {{"-seeds", "1..3..5"}, "-seeds: '1..3..5' is not a range such as 1..300"},
    {{"-servers", "8"}, "-servers: '8' is not a number from 1 to 7"},
    {{"-servers", "0"}, "-servers: '0' is not a number from 1 to 7"},
    {{"-clients=21"}, "-clients: '21' is not a number from 1 to 20"},
    {{"-time", "0s"}, "-time: '0s' is not a time from 1s to 3600s"},
    {{"-time", "61m"}, "-time: '61m' is not a time from 1s to 3600s"},
    {{"-jobs", "2"}, "-jobs needs -seeds"},
    {{"-scenario", "14"}, "-scenario: '14' is not a number from 1 to 13"},
    {{"-set", "loss"}, "-set: 'loss' is not of the form name=number"},
    {{"-set", "loss=3"}, "unknown setting loss"},
    {{"-set", "leveldb=3"}, "setting leveldb must be from 0 to 1"},
  };
  for (const auto& x : rows) {
    CAPTURE(x.args);
    const auto parsed = parse_sim_options(x.args);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().context == x.says);
  }
}

TEST_CASE("options: a replay has what the run had", "[sim][core]") {
  const auto parsed =
    parse_sim_options({"-seeds=3..9", "--servers", "5", "-time", "2m", "-jobs",
                       "2", "-set", "keys=2"});
  REQUIRE(parsed);
  CHECK(parsed->first_seed == 3);
  CHECK(parsed->last_seed == 9);
  CHECK(replay_command(*parsed, 7)
        == "praetor sim -seed 7 -time 120s -servers 5 -set keys=2");
}
