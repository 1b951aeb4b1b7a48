#include "tools/sim/options.hpp"

#include "tests/sim/scenarios.hpp"
#include "tests/sim/settings.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

namespace praetor::tools {

namespace {

constexpr std::uint64_t jobs_max = 64;
constexpr std::uint64_t servers_max = 7;
constexpr std::uint64_t clients_max = 20;
constexpr std::uint64_t seconds_max = 3600;

/// Mutants are named by one letter and two digits, those of the harness by
/// one digit; several of these may be chosen.
const std::set<std::string, std::less<>> harness_mutants{"H1", "H2", "H3", "H4",
                                                         "H5"};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t x = 0;
  const auto* end = text.data() + text.size();
  const auto [at, e] = std::from_chars(text.data(), end, x);
  if (e != std::errc{} || at != end || text.empty())
    return std::nullopt;
  return x;
}

error refused(std::string_view option, std::string_view value,
              std::string_view want) {
  return {errc::invalid_argument, std::string{option} + ": '"
                                    + std::string{value} + "' is not "
                                    + std::string{want}};
}

/// One option with a value.
class reader {
public:
  explicit reader(sim_options& out) : out_{out} {}

  /// False: there is no such option.
  result<bool> take(std::string_view name, std::string_view value) {
    name_ = name;
    value_ = value;
    if (name == "seed" || name == "seeds")
      return done(seeds());
    if (name == "servers")
      return done(bounded(out_.servers, 1, servers_max));
    if (name == "clients")
      return done(bounded(out_.clients, 1, clients_max));
    if (name == "scenario")
      return done(bounded(out_.scenario, 1, sim::scenario_count));
    if (name == "jobs")
      return done(jobs());
    if (name == "time")
      return done(time());
    if (name == "set")
      return done(setting());
    if (name == "mutant")
      return done(mutant());
    if (name == "case")
      out_.case_file = value;
    else if (name == "out")
      out_.out_file = value;
    else
      return false;
    return true;
  }

private:
  static result<bool> done(const status& s) {
    if (!s)
      return s.error();
    return true;
  }

  error refuse(std::string_view want) const {
    return refused("-" + std::string{name_}, value_, want);
  }

  status bounded(std::optional<std::uint64_t>& to, std::uint64_t min,
                 std::uint64_t max) {
    to = number(value_);
    if (!to || *to < min || *to > max)
      return refuse("a number from " + std::to_string(min) + " to "
                    + std::to_string(max));
    return ok;
  }

  status seeds() {
    const auto dots = value_.find("..");
    const auto first = number(value_.substr(0, dots));
    const auto last =
      dots == std::string_view::npos ? first : number(value_.substr(dots + 2));
    if (!first || !last || *first > *last
        || (name_ == "seed" && dots != std::string_view::npos))
      return refuse(name_ == "seed" ? "a number" : "a range such as 1..300");
    out_.first_seed = *first;
    out_.last_seed = *last;
    out_.campaign = name_ == "seeds";
    return ok;
  }

  status jobs() {
    const auto x = number(value_);
    if (!x || *x < 1 || *x > jobs_max)
      return refuse("a number from 1 to 64");
    out_.jobs = *x;
    return ok;
  }

  status time() {
    auto text = value_;
    std::uint64_t unit = 1;
    if (text.ends_with("m"))
      unit = 60;
    if (text.ends_with("s") || text.ends_with("m"))
      text.remove_suffix(1);
    const auto x = number(text);
    if (!x || *x < 1 || *x > seconds_max / unit)
      return refuse("a time from 1s to 3600s");
    out_.time_ns = *x * unit * 1'000'000'000;
    return ok;
  }

  status setting() {
    const auto equals = value_.find('=');
    const auto x = equals == std::string_view::npos
                     ? std::nullopt
                     : number(value_.substr(equals + 1));
    if (!x)
      return refuse("of the form name=number");
    out_.settings[std::string{value_.substr(0, equals)}] =
      static_cast<std::int64_t>(*x);
    if (auto known = sim::read_settings(out_.settings); !known)
      return known.error();
    return ok;
  }

  status mutant() {
    if (harness_mutants.count(value_) > 0) {
      out_.harness += value_;
      return ok;
    }
#ifdef PRAETOR_MUTANTS
    if (value_.size() != 3 || std::string_view{"MFG"}.find(value_[0]) > 2
        || !number(value_.substr(1)))
      return refuse("the name of a mutant, such as M05");
    out_.mutant = value_;
    return ok;
#else
    return refuse("in this build: tools/sim-mutants builds one with mutants");
#endif
  }

  sim_options& out_;
  std::string_view name_;
  std::string_view value_;
};

bool take_switch(sim_options& out, std::string_view name) {
  if (name == "h" || name == "help")
    out.help = true;
  else if (name == "trace")
    out.trace = true;
  else if (name == "shrink")
    out.shrink = true;
  else if (name == "twice")
    out.twice = true;
  else if (name == "calm")
    out.calm = true;
  else if (name == "keep-going")
    out.keep_going = true;
  else
    return false;
  return true;
}

} // namespace

std::string sim_usage() {
  return R"(usage: praetor sim [options]

  Runs a cluster of servers on virtual time in one thread, with faults of the
  network, the disks and the clocks that follow from a seed, and checks what a
  cluster promises. The same seed gives the same run.

  -seed N        one run (1)
  -seeds A..B    one run for each seed
  -jobs N        so many at a time (1)
  -time 30s      how long faults last, in virtual time
  -servers N     1 to 7; else drawn from the seed
  -clients N     1 to 20; else drawn from the seed
  -scenario N    only runs of this directed scenario, 1 to 13
  -calm          no faults
  -set NAME=N    overrides a value that the seed draws; may be repeated
  -twice         each run twice; the traces must be equal
  -keep-going    does not end at the first finding
  -trace         prints what happens
  -shrink        makes a failing run small, and writes it as a case
  -case FILE     runs that case
  -out FILE      where -shrink writes the case (sim-case.json)
  -mutant ID     runs with a deliberate bug

  Exit status: 0 all is well, 1 something did not hold, 2 wrong usage.
)";
}

result<sim_options> parse_sim_options(const std::vector<std::string>& args) {
  sim_options out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    std::string_view name = args[i];
    if (name.size() < 2 || name[0] != '-')
      return error{errc::invalid_argument,
                   "'" + args[i] + "' is not an option"};
    name.remove_prefix(name.starts_with("--") ? 2 : 1);
    const auto equals = name.find('=');
    if (equals == std::string_view::npos && take_switch(out, name))
      continue;
    const auto own_value = equals != std::string_view::npos;
    const auto last = i + 1 == args.size();
    const std::string_view value = own_value ? name.substr(equals + 1)
                                   : last    ? std::string_view{}
                                             : std::string_view{args[i + 1]};
    auto taken = reader{out}.take(name.substr(0, equals), value);
    if (!taken)
      return taken.error();
    if (!*taken)
      return error{errc::invalid_argument, "unknown option " + args[i]};
    if (!own_value && last)
      return error{errc::invalid_argument, args[i] + " needs a value"};
    i += own_value ? 0 : 1;
  }
  if (out.jobs > 1 && !out.campaign)
    return error{errc::invalid_argument, "-jobs needs -seeds"};
  return out;
}

std::string replay_command(const sim_options& x, std::uint64_t seed) {
  std::string out = "praetor sim -seed " + std::to_string(seed) + " -time "
                    + std::to_string(x.time_ns / 1'000'000'000) + "s";
  const auto add = [&out](const char* name,
                          const std::optional<std::uint64_t>& value) {
    if (value)
      out += std::string{" "} + name + " " + std::to_string(*value);
  };
  add("-servers", x.servers);
  add("-clients", x.clients);
  add("-scenario", x.scenario);
  if (x.calm)
    out += " -calm";
  for (const auto& [name, value] : x.settings)
    out += " -set " + name + "=" + std::to_string(value);
  if (!x.mutant.empty() || !x.harness.empty())
    out += " -mutant " + x.mutant + x.harness;
  return out;
}

} // namespace praetor::tools
