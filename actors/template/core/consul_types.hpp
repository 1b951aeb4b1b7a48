// The Go types of what Consul answers, as templates see them. Pure.
//
// Source: consul-template, folder dependency; Consul's Go package api.

#pragma once

#include "actors/template/core/value.hpp"

#include <string>

namespace praetor::templates {

/// A record type, the pointer to it and the list of such pointers.
struct record_types {
  type_ref record;
  type_ref pointer; ///< *T
  type_ref list;    ///< []*T
};

const record_types& health_service_types();
const record_types& health_check_types(); ///< the list is api.HealthChecks
const record_types& snippet_types();
const record_types& node_types();
const record_types& catalog_node_types();
const record_types& node_service_types();
const record_types& key_pair_types();
const record_types& ca_root_types();
const record_types& leaf_types();

const type_ref& weights_type();
const type_ref& service_address_type();
const type_ref& service_tags_type(); ///< dependency.ServiceTags
const type_ref& text_map_type();     ///< map[string]string
const type_ref& address_map_type();  ///< map[string]api.ServiceAddress

/// Returns a field of a record or of a pointer to one; null if it has none.
const value* field_of(const value& x, std::string_view name);

} // namespace praetor::templates
