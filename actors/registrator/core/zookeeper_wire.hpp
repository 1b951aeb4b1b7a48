// ZooKeeper's protocol as far as registration needs it. Pure; total over any
// bytes.
// Source: Apache ZooKeeper 3.8, zookeeper.jute; ZooDefs.OpCode.

#pragma once

#include "actors/registrator/core/service.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::registrator {

inline constexpr std::int32_t zookeeper_session_ms = 10'000;

enum class zookeeper_code : std::int32_t {
  ok = 0,
  no_node = -101,
  node_exists = -110,
  not_empty = -111,
};

/// Opens a session. Frames here are without their length.
std::string zookeeper_connect();

/// Keeps it open.
std::string zookeeper_ping();

std::string zookeeper_create(std::int32_t xid, const std::string& path,
                             const std::string& data, bool ephemeral);
std::string zookeeper_delete(std::int32_t xid, const std::string& path);
std::string zookeeper_exists(std::int32_t xid, const std::string& path);

/// Reads how the server answered. Errors: corruption.
result<zookeeper_code> zookeeper_outcome(std::string_view frame,
                                         std::int32_t xid);

/// The content of a service's node.
std::string zookeeper_body(const service& x);

} // namespace praetor::registrator
