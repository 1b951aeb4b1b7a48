#include "actors/gossip/file_keeper.hpp"

#include "actors/spawn.hpp"

namespace praetor::gossip {

namespace {

class file_keeper_state {
public:
  static constexpr auto name = "file_keeper";

  using self_pointer = file_keeper_actor::stateful_pointer<file_keeper_state>;

  explicit file_keeper_state(self_pointer) {}

  file_keeper_actor::behavior_type make_behavior() {
    return {
      [](const store_file& msg) {
        msg.to.complete(replace_file(msg.path, msg.content));
      },
    };
  }
};

} // namespace

file_keeper_actor spawn_file_keeper(caf::actor_system& sys) {
  return spawn_state<file_keeper_state, caf::detached>(sys);
}

} // namespace praetor::gossip
