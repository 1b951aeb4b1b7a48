#include "runtime/node/coordinate_actor.hpp"

#include "actors/spawn.hpp"
#include "runtime/base/rng.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace praetor::node {

namespace {

/// INTERNAL: what gossip said.
struct pool_looked_at {
  using is_message = void;
  result<gossip::pool_stats> stats = gossip::pool_stats{};
};

using coordinate_actor = caf::typed_actor<caf::reacts_to<pool_looked_at>,
                                          caf::reacts_to<caf::tick_atom>>;

class coordinate_state {
public:
  static constexpr auto name = "coordinates";

  using self_pointer = coordinate_actor::stateful_pointer<coordinate_state>;

  explicit coordinate_state(self_pointer self) : self_{self} {}

  coordinate_actor::behavior_type
  make_behavior(std::shared_ptr<coordinate_options> opts) {
    opts_ = std::move(*opts);
    random_ = rng{opts_.seed};
    self_->delayed_send(self_, part_of(opts_.period_min), caf::tick_atom_v);
    return {
      [this](const pool_looked_at& msg) { on_stats(msg); },
      [this](caf::tick_atom) { look(); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_stats(const pool_looked_at& msg) {
    if (!msg.stats)
      return;
    tell(msg.stats->where);
    const auto fair =
      std::chrono::seconds{msg.stats->members / opts_.per_second_max};
    const auto period = std::max<duration>(opts_.period_min, fair);
    self_->delayed_send(self_, period + part_of(period), caf::tick_atom_v);
  }

  // -- effects ----------------------------------------------------------------

  void look() {
    const auto me = caf::actor_cast<coordinate_actor>(self_);
    self_->send(opts_.gossip,
                gossip::get_stats{
                  reply<gossip::pool_stats>{[me](result<gossip::pool_stats> x) {
                    caf::anon_send(me, pool_looked_at{std::move(x)});
                  }}});
  }

  void tell(const coordinate& where) {
    self_->send(opts_.commands,
                router::submit{
                  state::command{catalog::command{
                    catalog::update_coordinates{{{opts_.node_name, where}}}}},
                  {}});
  }

  duration part_of(duration x) {
    return duration{static_cast<duration::rep>(
      random_.below(static_cast<std::uint64_t>(x.count())))};
  }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  coordinate_options opts_;
  rng random_{0};
};

} // namespace

caf::actor spawn_coordinates(caf::actor_system& sys, coordinate_options opts) {
  return caf::actor_cast<caf::actor>(spawn_state<coordinate_state>(
    sys, std::make_shared<coordinate_options>(std::move(opts))));
}

} // namespace praetor::node
