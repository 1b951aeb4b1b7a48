// The one way to spawn an actor of ours: from a state class.

#pragma once

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <type_traits>
#include <utility>

namespace praetor {

/// Spawns an actor whose behavior is `State::make_behavior(args...)`.
///
/// A state class provides
/// - `static constexpr auto name`, which appears in logs,
/// - `using self_pointer = some_actor::stateful_pointer<State>`,
/// - `explicit State(self_pointer)`, and
/// - `some_actor::behavior_type make_behavior(args...)`.
///
/// The explicit constructor is not a formality. CAF 0.17 constructs the state
/// from the self pointer whenever that compiles, and in C++20 it compiles for
/// an aggregate whose first member converts from a pointer: a leading
/// `bool busy = false` would silently become true.
///
/// `Options` is caf::detached for the one actor that blocks; under simulation
/// there is none.
template <class State, caf::spawn_options Options = caf::no_spawn_options,
          class... Args>
auto spawn_state(caf::actor_system& sys, Args... args) {
  static_assert(!std::is_aggregate_v<State>,
                "a state needs an explicit constructor from its self pointer");
  return sys.spawn<Options>(
    [](typename State::self_pointer self, Args... xs) {
      return self->state.make_behavior(std::move(xs)...);
    },
    std::move(args)...);
}

} // namespace praetor
