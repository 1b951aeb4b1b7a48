#include "tests/sim/simulation.hpp"

#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"
#include "tests/sim/check/harness.hpp"
#include "tests/sim/clients.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace praetor::sim {

namespace {

/// Counts and passes on what checkers want to know.
class to_checkers final : public cluster_observer {
public:
  to_checkers(checkers& judge, trace& log, std::uint64_t& elections)
    : judge_{judge}, trace_{log}, elections_{elections} {}

  void node_started(const std::string& node, moment now) override {
    judge_.started(node, now);
  }

  void entry_applied(const std::string& node, const log_entry& entry,
                     moment now) override {
    judge_.applied(node, entry, now);
    if (trace_.echo() && entry.index > shown_) {
      shown_ = entry.index;
      const auto command = state::decode_command(entry.payload);
      trace_.remark(now, "entry " + std::to_string(entry.index) + " of term "
                           + std::to_string(entry.term) + " "
                           + (entry.kind == entry_kind::command && command
                                ? describe(request{write_request{*command}})
                                : ""));
    }
  }

  void tables_installed(const std::string& node, log_index,
                        moment now) override {
    judge_.started(node, now);
  }

  void node_paused(const std::string& node, moment now) override {
    judge_.paused(node, now);
  }

  void node_leads(const std::string& node, bool on, moment now) override {
    elections_ += on ? 1 : 0;
    judge_.leads(node, on, now);
  }

private:
  checkers& judge_;
  trace& trace_;
  std::uint64_t& elections_;
  /// The newest entry in the trace.
  log_index shown_ = 0;
};

checker_options options_of(const settings& x) {
  checker_options out;
  out.blind_search = x.blind_search != 0;
  return out;
}

class a_run {
public:
  a_run(const sim_case& x, bool echo)
    : case_{x},
      values_{*read_settings(x.settings)},
      trace_{echo},
      judge_{options_of(values_)},
      observer_{judge_, trace_, report_.elections},
      servers_{x, values_, trace_},
      clients_{x, servers_, judge_, trace_},
      faults_{x, servers_, clients_} {
    servers_.observe(&observer_);
  }

  run_report run();

private:
  void begin();
  void choose_core();
  void become_well();
  void ask_members_only();
  bool recovered(std::uint64_t answered_before) const;
  void await_recovery();
  void compare_tables();
  std::vector<std::string> tables_of(std::size_t node);
  void judge(std::vector<finding> found);

  sim_case case_;
  settings values_;
  run_report report_;
  trace trace_;
  checkers judge_;
  to_checkers observer_;
  cluster servers_;
  clients clients_;
  faults faults_;
  /// Who shall work again.
  std::vector<std::size_t> core_;
};

void a_run::begin() {
  auto random = stream(case_.seed, "start");
  for (std::size_t i = 0; i < servers_.founders(); ++i)
    servers_.events().add(std::chrono::milliseconds{between(random, 0, 300)},
                          [this, i] { servers_.start(i); });
  clients_.begin();
  faults_.begin();
}

/// The servers that shall work again: a majority of the founders at least. If
/// members changed, all: nobody outside knows which majority it takes. Likewise
/// if a log was lost: until it is back, its server is no part of a majority.
void a_run::choose_core() {
  auto random = stream(case_.seed, "core");
  const auto changed = std::any_of(
    case_.faults.begin(), case_.faults.end(), [](const decision& x) {
      return x.kind == "members"
             || (x.kind == "scenario"
                 && (x.number == members_scenario
                     || x.number == lost_log_scenario));
    });
  std::size_t healthy_founders = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i)
    if (!servers_.disk(i).damaged()) {
      healthy_founders += i < servers_.founders() ? 1 : 0;
      if (i < servers_.founders() || changed)
        core_.push_back(i);
    }
  const auto majority = servers_.founders() / 2 + 1;
  if (healthy_founders < majority
      || (changed && core_.size() < servers_.size()))
    return core_.clear();
  if (changed || random.below(2) == 0)
    return;
  for (auto i = core_.size(); i > 1; --i)
    std::swap(core_[i - 1], core_[random.below(i)]);
  core_.resize(majority + random.below(core_.size() - majority + 1));
  // Whether the impatient one that is behind can keep the others from electing
  // anybody shows if nobody can be done without.
  if (const auto who = static_cast<std::size_t>(values_.impatient);
      who > 0 && random.below(2) == 0) {
    core_.clear();
    for (std::size_t i = 0; i < majority; ++i)
      if (const auto x = (who - 1 + i) % servers_.founders();
          !servers_.disk(x).damaged())
        core_.push_back(x);
    if (core_.size() < majority)
      return core_.clear();
  }
  std::sort(core_.begin(), core_.end());
}

void a_run::become_well() {
  servers_.calm_down();
  praetor::simulation::end_buggify();
  servers_.net().heal();
  servers_.net().calm();
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const auto in = std::find(core_.begin(), core_.end(), i) != core_.end();
    if (!in) {
      servers_.crash(i, false);
      continue;
    }
    servers_.repair_disk(i);
    servers_.pause(i, false);
    servers_.start(i);
    if (auto* process = servers_.running(i))
      process->numb(false);
  }
  clients_.limit_to(core_);
  judge_.calm(servers_.now());
  servers_.note("all is well from here");
}

/// A server that was removed may never hear of it, and promises nothing.
void a_run::ask_members_only() {
  const auto leader = servers_.leader();
  if (!leader)
    return;
  const auto& members = servers_.state().view(*leader).members;
  auto in = core_;
  std::erase_if(in, [&](std::size_t i) {
    return members.find({servers_.name(i)}) == nullptr;
  });
  if (!in.empty())
    clients_.limit_to(std::move(in));
}

bool a_run::recovered(std::uint64_t answered_before) const {
  const auto leader = servers_.leader();
  if (!leader || clients_.answered() < answered_before + case_.clients)
    return false;
  const auto& state = servers_.state();
  const auto& members = state.view(*leader).members;
  for (const auto i : core_)
    if (members.find({servers_.name(i)}) != nullptr
        && (!servers_.up(i) || state.view(i).leader != servers_.name(*leader)
            || state.view(i).applied != state.view(*leader).commit))
      return false;
  return true;
}

void a_run::await_recovery() {
  const auto election = std::chrono::milliseconds{values_.election_ms};
  const auto limit =
    servers_.now()
    + std::max<duration>(30 * election, std::chrono::seconds{20});
  const auto before = clients_.answered();
  const auto slice = std::chrono::milliseconds{50};
  while (!servers_.broken() && !recovered(before)) {
    if (servers_.now() >= limit)
      return servers_.report("liveness",
                             "not well again" + servers_.describe());
    ask_members_only();
    trace_.remark(servers_.now(), servers_.describe());
    servers_.run_until(servers_.now() + slice);
  }
  clients_.stop();
  const auto patience = servers_.now() + std::chrono::seconds{60};
  while (!servers_.broken() && (clients_.waiting() > 0 || !recovered(0))) {
    if (servers_.now() >= patience)
      return servers_.report("liveness",
                             "requests stay unanswered" + servers_.describe());
    servers_.run_until(servers_.now() + slice);
  }
}

std::vector<std::string> a_run::tables_of(std::size_t node) {
  // By question: which of the owners answers first is chance.
  std::vector<std::string> out;
  out.reserve(8);
  const auto next_slot = [&out] {
    const auto n = out.size();
    out.emplace_back();
    return [&out, n](const outcome& x) {
      out[n] = x.answer.data.body ? *x.answer.data.body : x.why;
    };
  };
  owner::read_options stale;
  stale.mode = consistency::stale;
  auto* process = servers_.running(node);
  for (const auto kind : {kv::query_kind::prefix, kv::query_kind::sessions})
    process->execute(key_read{{kind, {}, {}, {}}, stale}, next_slot());
  for (const auto kind :
       {catalog::query_kind::nodes, catalog::query_kind::services,
        catalog::query_kind::checks_in_state}) {
    catalog::query q;
    q.kind = kind;
    if (kind == catalog::query_kind::checks_in_state)
      q.name = "any";
    process->execute(catalog_read{q, stale}, next_slot());
  }
  // Takes no time.
  servers_.run_until(servers_.now());
  return out;
}

void a_run::compare_tables() {
  std::optional<std::vector<std::string>> first;
  const auto& members = servers_.state().view(*servers_.leader()).members;
  for (const auto i : core_) {
    if (members.find({servers_.name(i)}) == nullptr || !servers_.up(i))
      continue; // removed: it hears of nothing any more
    const auto mine = tables_of(i);
    if (servers_.broken())
      return;
    if (!first)
      first = mine;
    for (std::size_t n = 0; n < mine.size(); ++n)
      if (mine[n] != (*first)[n])
        return servers_.report("I12", servers_.name(i) + " has other tables:\n"
                                        + mine[n] + "\ninstead of\n"
                                        + (*first)[n]);
  }
}

void a_run::judge(std::vector<finding> found) {
  if (!found.empty())
    servers_.report(found[0].invariant, found[0].text);
}

run_report a_run::run() {
  begin();
  const duration end{static_cast<std::int64_t>(case_.duration_ns)};
  while (!servers_.broken() && servers_.now() < end) {
    servers_.run_until(
      std::min<moment>(end, servers_.now() + std::chrono::seconds{1}));
    judge(judge_.take());
  }
  choose_core();
  if (!servers_.broken() && !core_.empty()) {
    become_well();
    await_recovery();
    if (!servers_.broken())
      compare_tables();
  }
  sometimes("sim: too much was damaged to go on", core_.empty());
  if (!servers_.broken())
    judge(judge_.finish(servers_.now()));
  report_.broken = servers_.broken();
  report_.counts = judge_.counts();
  report_.inconclusive = report_.counts.blind_inconclusive > 0;
  report_.hash = trace_.hash();
  report_.events = trace_.events();
  report_.steps = servers_.steps();
  report_.messages = servers_.net().sent();
  report_.entries = servers_.state().committed_upto();
  report_.time = servers_.now();
  report_.asked = clients_.asked();
  report_.lines = trace_.lines();
  return std::move(report_);
}

} // namespace

run_report run_case(const sim_case& x, bool echo) {
  praetor::simulation::end_buggify();
  if (const auto found = x.settings.find("buggify");
      found != x.settings.end() && found->second != 0)
    praetor::simulation::begin_buggify(x.seed);
#ifdef PRAETOR_MUTANTS
  praetor::simulation::choose_mutant(x.mutant);
#endif
  return a_run{x, echo}.run();
}

} // namespace praetor::sim
