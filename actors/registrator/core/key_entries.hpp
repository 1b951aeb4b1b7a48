// Services as keys of a store: `PREFIX/NAME/ID` with the address as value, and
// how stores list them. Pure.

#pragma once

#include "actors/registrator/core/ownership.hpp"
#include "actors/registrator/core/service.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace praetor::registrator {

/// "NAME/ID" under a prefix, and its value, as a registration. Nothing legal:
/// an empty id.
registered parse_entry(std::string_view key, std::string_view prefix,
                       std::string_view value);

/// Only what a value can hold: no tags, no metadata.
registered shown_as_entry(const service& x);

/// Reads GET /v1/kv/PREFIX?recurse of Consul. Errors: corruption.
result<std::vector<registered>> parse_consul_keys(std::string_view json,
                                                  std::string_view prefix);

/// Reads GET /v2/keys/PREFIX?recursive=true of etcd; `prefix` begins with a
/// slash. Errors: corruption.
result<std::vector<registered>> parse_etcd2_keys(std::string_view json,
                                                 std::string_view prefix);

/// Reads the answer of /v3/kv/range of etcd. Errors: corruption.
result<std::vector<registered>> parse_etcd3_keys(std::string_view json,
                                                 std::string_view prefix);

/// The value that SkyDNS wants: {"host":"10.0.0.1","port":80}
std::string skydns_value(const service& x);

/// "cluster.local" becomes "local/cluster".
std::string reversed_domain(std::string_view domain);

/// Escapes a value of a form.
std::string escape_form(std::string_view text);

} // namespace praetor::registrator
