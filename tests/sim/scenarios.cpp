#include "tests/sim/scenarios.hpp"

#include "tests/sim/random.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

namespace praetor::sim {

namespace {

using std::chrono::milliseconds;

/// Positions of messages in raft::message_body.
constexpr std::size_t heartbeat_reply_kind = 7;
constexpr std::size_t timeout_now_kind = 8;

/// What scripts are made of. Lives as long as one of its steps waits.
class script : public std::enable_shared_from_this<script> {
public:
  script(cluster& c, std::int64_t flavour) : c_{c}, flavour_{flavour} {}

  void run(std::uint64_t number);

private:
  using self = std::shared_ptr<script>;

  void older_term();
  void slow_vote();
  void reboots(int left);
  void late_confirmation();
  void impatient();
  void sleeping_leader();
  void late_order();
  void common_power_loss();
  void stacked_members();
  void interrupted_transfer();
  void tables_into_tail();
  void old_acknowledgement();
  void lost_tail();

  // -- words ------------------------------------------------------------------

  duration election() const { return milliseconds{c_.values().election_ms}; }

  /// Does `then` as soon as `condition` holds; forgets it after a while.
  void when(std::function<bool()> condition, std::function<void()> then) {
    c_.watch(c_.now() + 6 * election(),
             [me = shared_from_this(), condition = std::move(condition),
              then = std::move(then)] {
               if (me->c_.calm())
                 return true;
               if (!condition())
                 return false;
               then();
               return true;
             });
  }

  void after(duration span, std::function<void()> then) {
    c_.events().add(c_.now() + span,
                    [me = shared_from_this(), then = std::move(then)] {
                      if (!me->c_.calm())
                        then();
                    });
  }

  void isolate(std::size_t node, bool on) {
    for (std::size_t i = 0; i < c_.size(); ++i)
      if (i != node)
        separate(node, i, on);
  }

  void separate(std::size_t a, std::size_t b, bool on) {
    c_.net().cut(a, b, on);
    c_.net().cut(b, a, on);
  }

  void reboot(std::size_t node, bool power, duration away) {
    c_.crash(node, power);
    after(away, [this, node] { c_.start(node); });
  }

  bool leads(std::size_t node) const {
    return c_.up(node) && c_.state().view(node).role == raft::role::leader;
  }

  std::optional<std::size_t> other_leader(std::size_t than) const {
    const auto found = c_.leader();
    return found && *found != than ? found : std::nullopt;
  }

  std::vector<std::size_t> others(std::size_t than) const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < c_.founders(); ++i)
      if (i != than && c_.up(i))
        out.push_back(i);
    if (!out.empty())
      std::rotate(out.begin(),
                  out.begin()
                    + static_cast<std::ptrdiff_t>(
                      static_cast<std::size_t>(flavour_) % out.size()),
                  out.end());
    return out;
  }

  cluster& c_;
  std::int64_t flavour_;
};

void script::run(std::uint64_t number) {
  c_.note("scenario " + std::to_string(number));
  switch (number) {
    case 1: return older_term();
    case 2: return slow_vote();
    case 3: return reboots(12);
    case 4: return late_confirmation();
    case 5: return impatient();
    case 6: return sleeping_leader();
    case 7: return late_order();
    case 8: return common_power_loss();
    case 9: return stacked_members();
    case 10: return interrupted_transfer();
    case 11: return tables_into_tail();
    case 12: return old_acknowledgement();
    default: return lost_tail();
  }
}

/// Raft paper, figure 8.
void script::older_term() {
  const auto a = c_.leader();
  if (!a)
    return;
  const auto before = c_.disk(*a).position().last;
  isolate(*a, true);
  // It gets entries that nobody else has.
  when([this, a, before] { return c_.disk(*a).position().last > before; },
       [this, a] {
         const auto index = c_.disk(*a).position().last;
         c_.crash(*a, false);
         isolate(*a, false);
         when([this, a] { return other_leader(*a).has_value(); },
              [this, a, index] {
                // A rival begins a newer term that nobody hears of.
                const auto b = *other_leader(*a);
                isolate(b, true);
                after(milliseconds{20}, [this, a, b, index] {
                  c_.crash(b, false);
                  isolate(b, false);
                  c_.start(*a);
                  // The first one spreads its old entry, then goes.
                  when(
                    [this, a, index] {
                      std::size_t holders = 0;
                      for (std::size_t i = 0; i < c_.founders(); ++i)
                        holders += c_.disk(i).position().last >= index ? 1 : 0;
                      return leads(*a) && 2 * holders > c_.founders();
                    },
                    [this, a, b] {
                      after(milliseconds{flavour_ % 3}, [this, a, b] {
                        c_.crash(*a, false);
                        c_.start(b);
                        after(4 * election(), [this, a] { c_.start(*a); });
                      });
                    });
                });
              });
       });
}

void script::slow_vote() {
  const auto old = c_.leader();
  if (!old)
    return;
  c_.crash(*old, false);
  after(5 * election(), [this, old] { c_.start(*old); });
  const auto candidate = [this] {
    for (std::size_t i = 0; i < c_.size(); ++i)
      if (c_.up(i) && c_.state().view(i).role == raft::role::candidate)
        return std::optional{i};
    return std::optional<std::size_t>{};
  };
  when([candidate] { return candidate().has_value(); },
       [this, candidate] {
         const auto who = *candidate();
         c_.disk(who).stall(c_.now() + milliseconds{300});
         when([this, who] { return leads(who); },
              [this, who] {
                // One of the voters gets its first entries, then it is gone.
                const auto rest = others(who);
                for (std::size_t i = 1; i < rest.size(); ++i)
                  separate(who, rest[i], true);
                after(milliseconds{5}, [this, who, rest] {
                  for (const auto i : rest)
                    separate(who, i, false);
                  reboot(who, true, milliseconds{flavour_ % 100});
                });
              });
       });
}

/// A server that the leader does not reach keeps asking; another that has just
/// promised the leader not to vote reboots.
void script::reboots(int left) {
  const auto leader = c_.leader();
  if (!leader || left == 0)
    return;
  const auto rest = others(*leader);
  if (rest.size() < 2)
    return;
  separate(*leader, rest[0], true);
  for (std::size_t i = 1; i < rest.size(); ++i)
    reboot(rest[i], false, milliseconds{1 + flavour_ % 5});
  after(election() / 7, [this, leader, rest, left] {
    if (left == 1 || !leads(*leader))
      separate(*leader, rest[0], false);
    else
      reboots(left - 1);
  });
}

/// Until a lease is over that it gave before, a leader that hands over can only
/// serve reads that a round confirms; the heir has changed something before the
/// answers to a round arrive that began earlier.
void script::late_confirmation() {
  const auto leader = c_.leader();
  if (!leader)
    return;
  const auto rest = others(*leader);
  if (rest.empty())
    return;
  c_.net().hold(heartbeat_reply_kind,
                c_.now() + election() * (880 + flavour_ % 110) / 1000);
  c_.running(*leader)->transfer_leadership(peer_id{c_.name(rest[0])});
  after(election() / 8, [this, leader, rest] {
    for (const auto i : rest)
      c_.net().clog(i, *leader, c_.now() + 2 * election());
  });
}

/// The impatient one (settings) and another one fall behind, then the leader
/// goes.
void script::impatient() {
  const auto who = static_cast<std::size_t>(
    std::max<std::int64_t>(c_.values().impatient, 1) - 1);
  const auto other = (who + 1) % c_.founders();
  isolate(who, true);
  isolate(other, true);
  const auto away = 2 * election() + milliseconds{7 * flavour_};
  after(away, [this, who, other] {
    isolate(who, false);
    isolate(other, false);
    const auto leader = c_.leader();
    if (leader && *leader != who)
      reboot(*leader, false, 8 * election());
  });
}

void script::sleeping_leader() {
  const auto leader = c_.leader();
  if (!leader)
    return;
  c_.pause(*leader, true);
  const auto span = election() / 2 + election() * flavour_ / 500;
  after(span, [this, leader] { c_.pause(*leader, false); });
}

void script::late_order() {
  const auto leader = c_.leader();
  if (!leader)
    return;
  c_.net().hold(timeout_now_kind,
                c_.now() + election() + 2 * election() * flavour_ / 1000);
  const auto rest = others(*leader);
  if (!rest.empty())
    c_.running(*leader)->transfer_leadership(peer_id{c_.name(rest[0])});
}

void script::common_power_loss() {
  for (std::size_t i = 0; i < c_.size(); ++i)
    if (c_.up(i) && flavour_ % 3 > 0)
      c_.disk(i).crash_within(1 + static_cast<std::uint64_t>(flavour_) % 40);
    else if (c_.up(i))
      after(milliseconds{flavour_ % 50},
            [this, i] { reboot(i, true, milliseconds{100}); });
}

void script::stacked_members() {
  const auto leader = c_.leader();
  if (!leader)
    return;
  const auto members = c_.state().view(*leader).members;
  isolate(*leader, true);
  const auto rest = others(*leader);
  // Out, and out; only the first may even be tried.
  for (std::size_t i = 0; i < rest.size() && i < 2; ++i) {
    auto next = members;
    std::erase_if(next.members, [&](const raft::member& m) {
      return m.id.value == c_.name(rest[i])
             || (i == 1 && m.id.value == c_.name(rest[0]));
    });
    if (c_.up(*leader))
      c_.running(*leader)->change_members(std::move(next), [](bool) {});
  }
  after(4 * election(), [this, leader] { isolate(*leader, false); });
}

void script::interrupted_transfer() {
  const auto leader = c_.leader();
  if (!leader)
    return;
  const auto rest = others(*leader);
  if (rest.empty())
    return;
  const auto behind = rest[0];
  c_.crash(behind, false);
  after(3 * election(), [this, behind] {
    c_.start(behind);
    after(milliseconds{1 + flavour_ % 200}, [this, behind] {
      if (flavour_ % 2 == 0)
        reboot(behind, true, milliseconds{10});
      else if (const auto now = c_.leader())
        reboot(*now, false, election());
    });
  });
}

void script::tables_into_tail() {
  const auto a = c_.leader();
  if (!a)
    return;
  const auto common = c_.disk(*a).position().last;
  isolate(*a, true);
  // It has got entries that nobody else has.
  when([this, a, common] { return c_.disk(*a).position().last > common + 1; },
       [this, a, common] {
         when(
           [this, a, common] {
             const auto b = other_leader(*a);
             return b && c_.disk(*b).mark().index > common;
           },
           [this, a] { isolate(*a, false); });
       });
}

/// Of the servers, `a` and `f` are cut off, and then `f` alone.
void script::old_acknowledgement() {
  const auto a = c_.leader();
  if (!a)
    return;
  const auto rest = others(*a);
  if (rest.size() < 4)
    return;
  const auto f = rest[0];
  const auto before = c_.disk(f).position().last;
  isolate(*a, true);
  isolate(f, true);
  separate(*a, f, false);
  const auto alone = [this, a, f, before] {
    return c_.disk(f).position().last > before && other_leader(*a).has_value();
  };
  when(alone, [this, a, f] {
    isolate(*a, false);
    separate(*a, f, true);
    const auto b = *other_leader(*a);
    when([this, a, b] { return c_.state().view(*a).leader == c_.name(b); },
         [this, a, b, f] {
           if (c_.up(b))
             c_.running(b)->transfer_leadership(peer_id{c_.name(*a)});
           when([this, a] { return leads(*a); },
                [this, f] {
                  after(milliseconds{flavour_ % 300},
                        [this, f] { isolate(f, false); });
                });
           after(6 * election(), [this, f] { isolate(f, false); });
         });
  });
  after(12 * election(), [this, a, f] {
    isolate(*a, false);
    isolate(f, false);
  });
}

/// The leader lives, and all others have what gets lost: it comes back.
void script::lost_tail() {
  const auto leader = c_.leader();
  if (!leader)
    return;
  const auto rest = others(*leader);
  if (rest.size() + 1 < c_.founders())
    return;
  const auto alive = others(rest[0]);
  auto& disk = c_.disk(rest[0]);
  c_.crash(rest[0], true);
  const auto last = disk.position().last;
  std::uint64_t n = 0;
  const auto known = [&](log_index index) {
    return index > disk.mark().index + 1 && index > disk.position().start.index
           && std::all_of(alive.begin(), alive.end(), [&](std::size_t i) {
                return c_.disk(i).holds(index, disk.entry(index)->term);
              });
  };
  while (n < 1 + static_cast<std::uint64_t>(flavour_) % 8 && known(last - n))
    ++n;
  disk.lose_tail(n);
  c_.start(rest[0]);
}

/// Logs that begin near their end, and checkpoints that come often.
void few_entries(sim_case& x, std::int64_t checkpoint_entries) {
  x.settings["trailing_entries"] = static_cast<std::int64_t>(x.seed % 5);
  x.settings["checkpoint_entries"] = checkpoint_entries;
  x.settings["checkpoint_interval_ms"] = 0;
}

} // namespace

void prepare_scenario(sim_case& x, std::uint64_t number) {
  auto& values = x.settings;
  x.nodes = std::max<std::uint64_t>(x.nodes, 3);
  switch (number) {
    case 1:
      x.nodes |= 1U;
      values["append_entries"] = 1;
      values["inflight"] = 1;
      break;
    case 3: x.nodes = 3; break;
    case 4:
      x.clients = 8;
      values["election_ms"] = 2000;
      break;
    case 5:
      x.nodes = 5;
      values["impatient"] = 1 + static_cast<std::int64_t>(x.seed % x.nodes);
      break;
    case 8: values["leveldb"] = static_cast<std::int64_t>(x.seed % 2); break;
    case 10: few_entries(x, 8); break;
    case 11:
      x.clients = 8;
      few_entries(x, 1 + static_cast<std::int64_t>(x.seed % 4));
      break;
    case 12: x.nodes = 5; break;
    case 13:
      x.faults.clear();
      values["leveldb"] = 0;
      values["loss_ppm"] = 0;
      values["buggify"] = 0;
      values["queue_max"] = 200;
      break;
    default: break;
  }
}

void begin_scenario(cluster& servers, const decision& x) {
  std::make_shared<script>(servers, x.value)->run(x.number);
}

} // namespace praetor::sim
