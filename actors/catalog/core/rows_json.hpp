// Rows as JSON: the same members in the same order as Consul writes. Pure.
//
// Where a list or map is empty Consul shows [] or {} in some answers and null
// in others; the functions take what the answer wants.

#pragma once

#include "actors/catalog/core/rows.hpp"
#include "runtime/base/json.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace praetor::catalog {

/// How an empty list of tags is shown.
enum class empty_tags : std::uint8_t { list, null };

/// Starts a member whose name may need escaping.
json_writer& write_key(json_writer& out, std::string_view name);

/// {"ID","Node","Address","Datacenter","TaggedAddresses","Meta",indexes}
void write_node(json_writer& out, const node_row& x);

/// {"Kind","ID","Service",...}: a service as a part of its node.
void write_node_service(json_writer& out, const service_row& x,
                        empty_tags style);

/// {"ID","Node",...,"ServiceID",...}: a service with its node's members.
void write_service_node(json_writer& out, const node_row& node,
                        const service_row& x);

/// {"Node","CheckID",...,"Definition":{}}
void write_check(json_writer& out, const check_row& x, empty_tags style);

/// {"Node","Segment","Coord":{"Vec":[...],"Error","Adjustment","Height"}}
void write_coordinate(json_writer& out, const coordinate_row& x);

/// An object, or null.
void write_map(json_writer& out, const std::optional<string_map>& x);

} // namespace praetor::catalog
