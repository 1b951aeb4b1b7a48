// Registrator inside an agent: an `actor "registrator" { ... }` block. The
// actor is that of the command; only its registry differs, which is this agent,
// asked by message: no socket lies between them.
//
// A Docker Engine that is away is waited for; nothing here ends the agent.

#pragma once

#include "api/http/dispatch.hpp"
#include "runtime/base/result.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/node/docker_place.hpp"
#include "runtime/node/registrator_program.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace caf {
class actor_system;
} // namespace caf

namespace praetor::node {

/// Reads the block for registrator among those of the configuration; nothing:
/// there is none. Errors: invalid_argument naming the block's place.
result<std::optional<registrator_settings>>
registrator_settings_of(const std::vector<config::actor_block>& blocks,
                        const variable_reader& variable);

/// See the head of the file.
class registrator_part {
public:
  /// What it lives in; all outlive the part.
  struct home {
    boost::asio::io_context& io;
    caf::actor_system& sys;
    /// Its `post` leads to the thread in which handlers run.
    http::backends& to;
    http::site site;
    /// Of services without an address of their own.
    std::string address;
  };

  /// Errors: io_error naming a file for TLS that cannot be read.
  static result<std::unique_ptr<registrator_part>>
  start(const registrator_settings& how, home where);

  /// Stops; what is registered stays.
  ~registrator_part();

  registrator_part(const registrator_part&) = delete;
  registrator_part& operator=(const registrator_part&) = delete;

private:
  struct state;
  explicit registrator_part(std::unique_ptr<state> x);
  std::unique_ptr<state> state_;
};

} // namespace praetor::node
