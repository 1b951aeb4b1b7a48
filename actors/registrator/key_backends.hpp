// Services as keys in Consul's KV store and in etcd.

#pragma once

#include "actors/registrator/core/registry_uri.hpp"
#include "actors/registrator/http_backend.hpp"

#include <memory>

namespace praetor::registrator {

/// @pre `where.kind` is consulkv, etcd, etcd3 or skydns2
std::unique_ptr<backend> make_key_backend(const registry_address& where,
                                          wire to);

} // namespace praetor::registrator
