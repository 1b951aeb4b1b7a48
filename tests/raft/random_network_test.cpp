// Goal: no order of messages, losses, crashes and slow disks breaks Raft's
// promises, and when the faults stop, the cluster works again.
// Method: cores under a seeded random network (loss, repetition, reordering,
// isolation), disks that finish late and crashes that lose what is not durable.
// core_network checks the promises after each step. A failure prints its seed;
// PRAETOR_SEED=n runs that one alone. With PRAETOR_SIMULATION the cores also
// make the odd choices of runtime/base/buggify.hpp.

#include "runtime/base/buggify.hpp"
#include "runtime/base/rng.hpp"
#include "tests/raft/core_network.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iterator>
#include <string>

using namespace praetor;
using namespace praetor::raft;
using namespace praetor::raft::test;
using namespace std::chrono_literals;

namespace {

class random_run {
public:
  random_run(std::uint64_t seed, std::size_t size)
    : random_{seed},
      net_{{[this](const auto&, const effects& out) {
              installed += out.install ? 1 : 0;
            },
            [this](const std::string& what) {
              if (failure.empty())
                failure = what;
            }}} {
    membership members;
    for (std::size_t i = 1; i <= size; ++i)
      members.members.push_back(
        {{std::to_string(i)}, "10.0.0." + std::to_string(i), true});
    core_options opts;
    opts.append_max.entries = 1 + random_.below(4);
    opts.inflight_max.entries = 1 + random_.below(8);
    opts.cache_max.entries = random_.below(6);
    opts.trailing.entries = random_.below(5);
    opts.transfers.window = 1 + random_.below(4);
    net_.late_begins = seed % 3 == 0;
    for (const auto& m : members.members) {
      opts.self = m.id;
      opts.seed = random_.next();
      ids_.push_back(m.id);
      net_.add(opts, first_disk(members));
    }
  }

  void chaos(int steps) {
    for (auto i = 0; i < steps && failure.empty(); ++i)
      act();
  }

  /// Ends all faults; within a minute everybody must agree.
  void recover() {
    net_.isolated.clear();
    net_.network.clear();
    for (const auto& id : ids_)
      if (!net_.servers.at(id).core)
        net_.start(id);
    net_.run(30s);
    const auto* leader = find_leader();
    if (leader == nullptr)
      return fail("nobody leads after the faults" + describe());
    const auto before = leader->commit();
    propose(leader->options().self);
    net_.run(5s);
    leader = find_leader();
    if (leader == nullptr || leader->commit() <= before)
      return fail("nothing is committed after the faults");
    for (const auto& id : ids_)
      if (net_.servers.at(id).core->commit() != leader->commit())
        fail("server " + id.value + " does not catch up");
  }

  std::string failure;

  /// Servers that took over a leader's tables.
  std::size_t installed = 0;

  log_index committed() const {
    return net_.committed().empty() ? 0 : net_.committed().rbegin()->first;
  }

private:
  /// Who believes what, for a failure's message.
  std::string describe() const {
    std::string out;
    for (const auto& [id, x] : net_.servers) {
      const auto& core = *x.core;
      out += "\n  " + id.value + ": term " + std::to_string(core.term())
             + " log " + std::to_string(core.entries().last()) + "/"
             + std::to_string(core.entries().last_term()) + " commit "
             + std::to_string(core.commit()) + " voters";
      for (const auto& voter : core.memberships().latest().voters())
        out += " " + voter.value;
    }
    return out;
  }

  void fail(const std::string& what) {
    if (failure.empty())
      failure = what;
  }

  const peer_id& any() { return ids_[random_.below(ids_.size())]; }

  const raft_core* find_leader() const {
    const raft_core* best = nullptr;
    for (const auto& [id, x] : net_.servers)
      if (x.core && x.core->leads()
          && (best == nullptr || x.core->term() > best->term()))
        best = x.core.get();
    return best;
  }

  void propose(const peer_id& id) {
    proposals batch{{}, static_cast<cluster_time>(random_.below(1000))};
    for (auto n = 1 + random_.below(3); n > 0; --n)
      batch.batch.push_back({std::to_string(++count_), {}, {}});
    net_.step(id, batch);
  }

  void act() {
    const auto dice = random_.below(1000);
    if (dice < 480)
      deliver();
    else if (dice < 700)
      net_.persist(any());
    else if (dice < 850)
      pass_time();
    else if (dice < 910)
      propose(any());
    else if (dice < 950)
      net_.step(any(), read_request{++count_, random_.below(2) == 0});
    else if (dice < 960)
      net_.read_disk(any());
    else if (dice < 975)
      net_.work_on_tables(any());
    else
      disturb();
  }

  void deliver() {
    net_.now += std::chrono::microseconds{random_.below(3000)};
    if (net_.network.empty())
      return;
    // Mostly in order, sometimes not.
    const auto position =
      random_.below(4) == 0
        ? random_.below(net_.network.size())
        : random_.below(std::min<std::size_t>(net_.network.size(), 3));
    const auto at =
      net_.network.begin() + static_cast<std::ptrdiff_t>(position);
    const auto m = *at;
    const auto fate = random_.below(100);
    if (fate >= 3) // else it is repeated later
      net_.network.erase(at);
    if (fate < 94) // else it is lost
      net_.deliver(m);
  }

  void pass_time() {
    const auto next = net_.next_timer();
    if (random_.below(2) == 0 && next) {
      net_.now = std::max(net_.now, next->second);
      net_.step(next->first, tick{});
    } else {
      net_.now += std::chrono::milliseconds{random_.below(60)};
      net_.step(any(), tick{});
    }
  }

  void disturb() {
    const auto id = any();
    auto& x = net_.servers.at(id);
    switch (random_.below(9)) {
      case 0: // crash
        if (random_.below(3) == 0)
          net_.crash(id);
        break;
      case 1:
      case 2: // restart
        if (!x.core)
          net_.start(id);
        break;
      case 3:
        if (random_.below(3) == 0)
          net_.isolated.insert(id);
        break;
      case 4: net_.isolated.clear(); break;
      case 5:
        if (random_.below(2) == 0)
          net_.step(id, transfer_request{});
        break;
      case 6: change(id); break;
      case 7: net_.step(id, peer_unreachable{any()}); break;
      case 8: net_.checkpoint(id); break;
    }
  }

  /// Makes a voter a learner or the reverse, if the leader agrees.
  void change(const peer_id& leader) {
    const auto& core = net_.servers.at(leader).core;
    if (!core || core->role() != role::leader)
      return;
    auto next = core->memberships().latest();
    auto& m = next.members[random_.below(next.members.size())];
    m.voter = !m.voter || next.voters().size() < 2;
    net_.step(leader, change_membership{next, {}});
  }

  rng random_;
  core_network net_;
  std::vector<peer_id> ids_;
  std::uint64_t count_ = 0;
};

struct totals {
  log_index committed = 0;
  std::size_t installed = 0;
};

void run(std::uint64_t seed, std::size_t size, totals& sum) {
#ifdef PRAETOR_SIMULATION
  simulation::begin_buggify(seed);
#endif
  random_run it{seed, size};
  it.chaos(3000);
#ifdef PRAETOR_SIMULATION
  simulation::end_buggify();
#endif
  if (it.failure.empty())
    it.recover();
  INFO("seed=" << seed << " servers=" << size);
  CHECK(it.failure == "");
  sum.committed += it.committed();
  sum.installed += it.installed;
}

} // namespace

TEST_CASE("raft: its promises hold under any faults", "[raft][sim]") {
  totals sum;
  if (const auto* seed = std::getenv("PRAETOR_SEED")) {
    const auto n = std::strtoull(seed, nullptr, 10);
    run(n, n % 2 == 0 ? 3 : 5, sum);
    return;
  }
  for (std::uint64_t seed = 1; seed <= 300; ++seed)
    run(seed, seed % 2 == 0 ? 3 : 5, sum);
  // The faults must leave room for work, or they would test nothing.
  CHECK(sum.committed > 300 * 25);
  CHECK(sum.installed > 100);
}
