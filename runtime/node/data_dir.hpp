// The data directory of a node: who the node is, and where its databases lie.
//
//   <data-dir>/node-id     the node's UUID, 36 characters, mode 0600
//   <data-dir>/raft/log    log database (servers)
//   <data-dir>/raft/state  state database (servers); state-1, state-2, ... when
//                          another server's state was taken over
//   <data-dir>/local       services and checks of this node's agent

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/rng.hpp"
#include "storage/log_store.hpp"
#include "storage/state_store.hpp"

#include <memory>
#include <string>

namespace praetor::node {

/// The databases of one node. Log and states are null on client agents.
struct databases {
  std::unique_ptr<log_store> log;
  /// The log knows which one is in force.
  std::unique_ptr<state_place> states;
  std::unique_ptr<state_store> local;
};

/// Creates the directory, if need be. Errors: io_error.
status make_data_dir(const std::string& path);

/// Returns `wanted` if it is not empty, else the id in `<path>/node-id`, else a
/// random one; writes it there if nothing was. An empty `path` keeps nothing.
/// Errors: invalid_argument, io_error naming the file.
result<std::string> settle_node_id(const std::string& path,
                                   const std::string& wanted, rng& random);

/// Opens what a node needs; in memory if `path` is empty (-dev).
/// Errors: io_error, corruption naming the file; nothing is overwritten.
result<databases> open_databases(const std::string& path, bool server);

} // namespace praetor::node
