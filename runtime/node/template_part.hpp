// Templates inside an agent: `actor "template" { source = ... }` blocks. They
// are rendered as by the program `consul-template`, in a thread of their own,
// but ask the owners by message: no HTTP, no copy, and a change arrives as soon
// as it is applied.
//
//   owners --answer--> io thread of the agent --> thread of the templates
//
// A template that fails ends this part, with an error in the log, never the
// agent.

#pragma once

#include "actors/template/watch/settings.hpp"
#include "api/http/dispatch.hpp"
#include "runtime/base/result.hpp"
#include "runtime/config/settings.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace praetor::node {

/// Reads the blocks for templates among those of the configuration.
/// Errors: invalid_argument naming the block's place.
result<templates::settings>
template_settings_of(const std::vector<config::actor_block>& blocks);

/// See the head of the file.
class template_part {
public:
  /// Starts the thread. @pre `to` outlives this; its `post` leads to the thread
  /// in which handlers run. Destroy it before that thread's queue ends.
  template_part(templates::settings how, http::backends& to, http::site site,
                std::uint64_t seed);

  /// Stops and waits.
  ~template_part();

  template_part(const template_part&) = delete;
  template_part& operator=(const template_part&) = delete;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace praetor::node
