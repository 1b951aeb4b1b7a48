// A deterministic actor system for tests: one thread, virtual time, nothing
// moves unless the test says so.
//
// We use CAF's test scheduler, but not <caf/test/dsl.hpp>: its macros `expect`,
// `allow` and `inject` are too common to define globally.

#pragma once

#include "actors/message_traits.hpp"
#include "runtime/base/time.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace praetor::test {

class actor_fixture {
public:
  actor_fixture() : sys{init(cfg_)}, self{sys, true} {}

  /// Delivers messages until all mailboxes are empty. Time stands still.
  void settle() {
    while (scheduler().try_run_once()) {
    }
  }

  /// Lets `span` pass, then settles.
  void advance(duration span) {
    scheduler().advance_time(span);
    settle();
  }

private:
  static caf::actor_system_config& init(caf::actor_system_config& cfg) {
    cfg.set("scheduler.policy", caf::atom("testing"));
    return cfg;
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  }

  caf::actor_system_config cfg_;

public:
  caf::actor_system sys;

  /// Speaks to the actors under test.
  caf::scoped_actor self;
};

} // namespace praetor::test
