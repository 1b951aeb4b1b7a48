// ZooKeeper as registry: an ephemeral node /BASE/NAME/IP:PORT for each service,
// which vanishes when registrator's session ends.
//
// Source: gliderlabs/registrator 7.4, zookeeper/zookeeper.go.

#pragma once

#include "actors/registrator/backend.hpp"
#include "runtime/base/frame_client.hpp"

#include <memory>
#include <string>

namespace praetor::registrator {

/// @param base without slashes at its ends
std::unique_ptr<backend>
make_zookeeper_backend(std::shared_ptr<frame_client> line, executor post,
                       const std::string& base);

} // namespace praetor::registrator
