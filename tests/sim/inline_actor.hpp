// An actor without a mailbox: what it is sent is handled at once, by whoever
// sends. Stands in for the disk, the network and observers, so that the actors
// of production talk to the simulation as they would to their neighbours.

#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_proxy.hpp>
#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/message.hpp>

#include <functional>
#include <utility>

namespace praetor::sim {

class inline_actor final : public caf::actor_proxy {
public:
  using handler =
    std::function<void(caf::message&, const caf::strong_actor_ptr& sender)>;

  inline_actor(caf::actor_config& cfg, handler f)
    : actor_proxy{cfg}, f_{std::move(f)} {}

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    auto content = x->move_content_to_message();
    f_(content, x->sender);
  }

  void kill_proxy(caf::execution_unit* ctx, caf::error reason) override {
    cleanup(std::move(reason), ctx);
  }

private:
  handler f_;
};

/// Returns a handle of type `Handle` to `f`, which must take all its messages.
template <class Handle>
Handle make_inline_actor(caf::actor_system& sys, inline_actor::handler f) {
  caf::actor_config cfg;
  return caf::actor_cast<Handle>(
    caf::make_actor<inline_actor, caf::strong_actor_ptr>(
      sys.next_actor_id(), sys.node(), &sys, cfg, std::move(f)));
}

} // namespace praetor::sim
