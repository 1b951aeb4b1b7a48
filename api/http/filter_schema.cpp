#include "api/http/filter.hpp"

namespace praetor::http::filter {

namespace {

using enum field_type;

constexpr field any_text[] = {{"*", text}};

constexpr field address_fields[] = {{"Address", text}, {"Port", number}};

constexpr field any_address[] = {{"*", object, address_fields}};

constexpr field weight_fields[] = {{"Passing", number}, {"Warning", number}};

constexpr field mesh_gateway_fields[] = {{"Mode", text}};

constexpr field upstream_fields[] = {
  {"DestinationType", text},
  {"DestinationNamespace", text},
  {"DestinationName", text},
  {"Datacenter", text},
  {"LocalBindAddress", text},
  {"LocalBindPort", number},
  {"MeshGateway", object, mesh_gateway_fields},
};

constexpr field exposed_path_fields[] = {
  {"ListenerPort", number},   {"Path", text},
  {"LocalPathPort", number},  {"Protocol", text},
  {"ParsedFromCheck", truth},
};

constexpr field expose_fields[] = {
  {"Checks", truth},
  {"Paths", objects, exposed_path_fields},
};

constexpr field proxy_fields[] = {
  {"DestinationServiceName", text},
  {"DestinationServiceID", text},
  {"LocalServiceAddress", text},
  {"LocalServicePort", number},
  {"Upstreams", objects, upstream_fields},
  {"MeshGateway", object, mesh_gateway_fields},
  {"Expose", object, expose_fields},
};

constexpr field connect_fields[] = {{"Native", truth}};

constexpr field node_fields[] = {
  {"ID", text},
  {"Node", text},
  {"Address", text},
  {"Datacenter", text},
  {"TaggedAddresses", map, any_text},
  {"Meta", map, any_text},
};

constexpr field service_node_fields[] = {
  {"ID", text},
  {"Node", text},
  {"Address", text},
  {"Datacenter", text},
  {"TaggedAddresses", map, any_text},
  {"NodeMeta", map, any_text},
  {"ServiceKind", text},
  {"ServiceID", text},
  {"ServiceName", text},
  {"ServiceTags", texts},
  {"ServiceAddress", text},
  {"ServiceTaggedAddresses", map, any_address},
  {"ServiceWeights", object, weight_fields},
  {"ServiceMeta", map, any_text},
  {"ServicePort", number},
  {"ServiceEnableTagOverride", truth},
  {"ServiceProxy", object, proxy_fields},
  {"ServiceConnect", object, connect_fields},
};

constexpr field service_fields[] = {
  {"Kind", text},
  {"ID", text},
  {"Service", text},
  {"Tags", texts},
  {"Address", text},
  {"TaggedAddresses", map, any_address},
  {"Meta", map, any_text},
  {"Port", number},
  {"Weights", object, weight_fields},
  {"EnableTagOverride", truth},
  {"Proxy", object, proxy_fields},
  {"Connect", object, connect_fields},
};

constexpr field check_fields[] = {
  {"Node", text},      {"CheckID", text},     {"Name", text},
  {"Status", text},    {"Notes", text},       {"Output", text},
  {"ServiceID", text}, {"ServiceName", text}, {"ServiceTags", texts},
  {"Type", text},
};

constexpr field health_entry_fields[] = {
  {"Node", object, node_fields},
  {"Service", object, service_fields},
  {"Checks", objects, check_fields},
};

constexpr field ui_node_fields[] = {
  {"ID", text},
  {"Node", text},
  {"Address", text},
  {"TaggedAddresses", map, any_text},
  {"Meta", map, any_text},
  {"Services", objects, service_fields},
  {"Checks", objects, check_fields},
};

} // namespace

schema node_schema() {
  return node_fields;
}

schema service_node_schema() {
  return service_node_fields;
}

schema service_schema() {
  return service_fields;
}

schema check_schema() {
  return check_fields;
}

schema health_entry_schema() {
  return health_entry_fields;
}

schema ui_node_schema() {
  return ui_node_fields;
}

} // namespace praetor::http::filter
