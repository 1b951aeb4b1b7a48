#include "actors/founder/core/founder_core.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <utility>

namespace praetor::founder {

founder_core::founder_core(peer_id self, std::string cluster_id,
                           std::optional<promise> kept, rng random)
  : self_{std::move(self)},
    random_{random},
    settled_{!cluster_id.empty()},
    keeper_{self_, settled_, std::move(kept)} {
  if (!settled_ && keeper_.kept())
    round_.emplace(*keeper_.kept());
}

effects founder_core::saw(std::vector<server> servers, time_point now) {
  effects out;
  servers_ = std::move(servers);
  if (settled_)
    return out;
  const auto member =
    std::find_if(servers_.begin(), servers_.end(),
                 [](const server& x) { return !x.cluster_id.empty(); });
  if (member != servers_.end())
    meet(out, *member);
  else if (keeper_.kept())
    ask(out, now);
  else
    choose(out, now);
  return out;
}

std::pair<promise_answer, effects> founder_core::asked(const promise& x) {
  effects out;
  const auto had_one = keeper_.kept().has_value();
  const auto answer = keeper_.ask(x);
  if (answer == promise_answer::promised && !had_one)
    out.keep = x;
  return {answer, std::move(out)};
}

effects founder_core::stored(time_point now) {
  effects out;
  if (settled_ || round_ || !keeper_.kept())
    return out;
  round_.emplace(*keeper_.kept());
  ask(out, now);
  return out;
}

effects founder_core::answered(const peer_id& from, promise_answer x) {
  effects out;
  if (settled_ || !round_
      || round_->state() != founding_round::outcome::pending)
    return out;
  round_->answered(from, x);
  switch (round_->state()) {
    case founding_round::outcome::pending: break;
    case founding_round::outcome::founded: {
      const auto& p = round_->proposal();
      settled_ = true;
      keeper_.found_cluster();
      out.settled = {p.cluster_id, p.members};
      out.remark = "all founders have promised, a cluster begins";
      break;
    }
    case founding_round::outcome::refused:
      out.remark = "server " + from.value
                   + " will not found a cluster with this one: it belongs to "
                     "another, or promised something else";
      break;
  }
  return out;
}

effects founder_core::tick(time_point now) {
  effects out;
  if (settled_)
    return out;
  if (keeper_.kept())
    ask(out, now);
  else
    choose(out, now);
  return out;
}

/// A cluster exists: this server joins it, unless it gave its word elsewhere.
void founder_core::meet(effects& out, const server& x) {
  const auto& kept = keeper_.kept();
  if (kept && kept->cluster_id != x.cluster_id && !is_dead(*kept)) {
    out.remark = "server " + x.id.value + " belongs to cluster " + x.cluster_id
                 + ", but this one promised to found " + kept->cluster_id;
    return;
  }
  settled_ = true;
  out.settled = {x.cluster_id, std::nullopt};
  if (kept && kept->cluster_id == x.cluster_id)
    out.settled->founders = kept->members;
  else
    keeper_.release();
  keeper_.found_cluster();
  out.remark = "joining the cluster of server " + x.id.value;
}

/// Whether one of its founders belongs to another cluster: it never gave, and
/// never will give, this promise.
bool founder_core::is_dead(const promise& x) const {
  return std::any_of(servers_.begin(), servers_.end(), [&x](const server& s) {
    return !s.cluster_id.empty() && s.cluster_id != x.cluster_id
           && x.members.is_voter(s.id);
  });
}

/// The first of the founders makes the choice binding, once it has lasted.
void founder_core::choose(effects& out, time_point now) {
  auto choice = choose_founders(servers_);
  if (!choice || choice->members.front().id != self_) {
    chosen_.reset();
    return;
  }
  if (chosen_ != choice) {
    chosen_ = std::move(choice);
    chosen_at_ = now;
  }
  if (now < chosen_at_ + quiet_time) {
    out.next_timer = chosen_at_ + quiet_time;
    return;
  }
  const promise mine{make_uuid(random_), *chosen_};
  if (keeper_.ask(mine) == promise_answer::promised) {
    out.keep = mine;
    out.remark = "proposing to found a cluster of "
                 + std::to_string(mine.members.members.size()) + " servers";
  }
}

void founder_core::ask(effects& out, time_point now) {
  if (!round_ || round_->state() != founding_round::outcome::pending)
    return;
  if (now >= ask_at_) {
    out.asks = round_->missing();
    ask_at_ = now + ask_again;
  }
  out.next_timer = ask_at_;
}

} // namespace praetor::founder
