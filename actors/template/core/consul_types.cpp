#include "actors/template/core/consul_types.hpp"

#include <initializer_list>

namespace praetor::templates {

namespace {

type_ref record_type(std::string name, std::vector<field> fields) {
  auto x = std::make_shared<type>();
  x->what = kind::record;
  x->name = std::move(name);
  x->fields = std::move(fields);
  x->named = true;
  return x;
}

type_ref with_element(const char* name, const type_ref& element,
                      bool named = false) {
  auto x = std::make_shared<type>(*type_named(name));
  x->element = element;
  x->named = named;
  return x;
}

type_ref named_list(const char* name, const type_ref& element) {
  auto x = std::make_shared<type>();
  x->what = kind::list;
  x->name = name;
  x->element = element;
  x->named = true;
  return x;
}

record_types family(const type_ref& record) {
  record_types out;
  out.record = record;
  out.pointer = with_element(("*" + record->name).c_str(), record);
  out.list = with_element(("[]*" + record->name).c_str(), out.pointer);
  return out;
}

const type_ref& text_type() {
  static const auto x = type_named("string");
  return x;
}

const type_ref& int_type() {
  static const auto x = type_named("int");
  return x;
}

const type_ref& natural_type() {
  static const auto x = type_named("uint64");
  return x;
}

const type_ref& boolean_type() {
  static const auto x = type_named("bool");
  return x;
}

const type_ref& texts_type() {
  static const auto x = type_named("[]string");
  return x;
}

} // namespace

const type_ref& text_map_type() {
  static const auto x = type_named("map[string]string");
  return x;
}

const type_ref& service_tags_type() {
  static const auto x = named_list("dependency.ServiceTags", text_type());
  return x;
}

const type_ref& weights_type() {
  static const auto x = record_type(
    "api.AgentWeights", {{"Passing", int_type()}, {"Warning", int_type()}});
  return x;
}

const type_ref& service_address_type() {
  static const auto x = record_type(
    "api.ServiceAddress", {{"Address", text_type()}, {"Port", int_type()}});
  return x;
}

const type_ref& address_map_type() {
  static const auto x =
    with_element("map[string]api.ServiceAddress", service_address_type());
  return x;
}

const record_types& health_check_types() {
  static const auto x = [] {
    auto out =
      family(record_type("api.HealthCheck", {{"Node", text_type()},
                                             {"CheckID", text_type()},
                                             {"Name", text_type()},
                                             {"Status", text_type()},
                                             {"Notes", text_type()},
                                             {"Output", text_type()},
                                             {"ServiceID", text_type()},
                                             {"ServiceName", text_type()},
                                             {"ServiceTags", texts_type()},
                                             {"Type", text_type()}}));
    out.list = named_list("api.HealthChecks", out.pointer);
    return out;
  }();
  return x;
}

const record_types& health_service_types() {
  static const auto x = family(record_type(
    "dependency.HealthService", {{"Node", text_type()},
                                 {"NodeID", text_type()},
                                 {"NodeAddress", text_type()},
                                 {"NodeTaggedAddresses", text_map_type()},
                                 {"NodeMeta", text_map_type()},
                                 {"ServiceMeta", text_map_type()},
                                 {"Address", text_type()},
                                 {"ServiceTaggedAddresses", address_map_type()},
                                 {"ID", text_type()},
                                 {"Name", text_type()},
                                 {"Tags", service_tags_type()},
                                 {"Checks", health_check_types().list},
                                 {"Status", text_type()},
                                 {"Port", int_type()},
                                 {"Weights", weights_type()}}));
  return x;
}

const record_types& snippet_types() {
  static const auto x =
    family(record_type("dependency.CatalogSnippet",
                       {{"Name", text_type()}, {"Tags", service_tags_type()}}));
  return x;
}

const record_types& node_types() {
  static const auto x =
    family(record_type("dependency.Node", {{"ID", text_type()},
                                           {"Node", text_type()},
                                           {"Address", text_type()},
                                           {"Datacenter", text_type()},
                                           {"TaggedAddresses", text_map_type()},
                                           {"Meta", text_map_type()}}));
  return x;
}

const record_types& node_service_types() {
  static const auto x = family(record_type(
    "dependency.CatalogNodeService", {{"ID", text_type()},
                                      {"Service", text_type()},
                                      {"Tags", service_tags_type()},
                                      {"Meta", text_map_type()},
                                      {"Port", int_type()},
                                      {"Address", text_type()},
                                      {"EnableTagOverride", boolean_type()}}));
  return x;
}

const record_types& catalog_node_types() {
  static const auto x = family(record_type(
    "dependency.CatalogNode",
    {{"Node", node_types().pointer}, {"Services", node_service_types().list}}));
  return x;
}

const record_types& key_pair_types() {
  static const auto x =
    family(record_type("dependency.KeyPair", {{"Path", text_type()},
                                              {"Key", text_type()},
                                              {"Value", text_type()},
                                              {"CreateIndex", natural_type()},
                                              {"ModifyIndex", natural_type()},
                                              {"LockIndex", natural_type()},
                                              {"Flags", natural_type()},
                                              {"Session", text_type()}}));
  return x;
}

const record_types& ca_root_types() {
  static const auto x =
    family(record_type("api.CARoot", {{"ID", text_type()},
                                      {"Name", text_type()},
                                      {"SerialNumber", natural_type()},
                                      {"SigningKeyID", text_type()},
                                      {"ExternalTrustDomain", text_type()},
                                      {"NotBefore", text_type()},
                                      {"NotAfter", text_type()},
                                      {"RootCertPEM", text_type()},
                                      {"IntermediateCertsPEM", texts_type()},
                                      {"Active", boolean_type()},
                                      {"CreateIndex", natural_type()},
                                      {"ModifyIndex", natural_type()}}));
  return x;
}

const record_types& leaf_types() {
  static const auto x =
    family(record_type("api.LeafCert", {{"SerialNumber", text_type()},
                                        {"CertPEM", text_type()},
                                        {"PrivateKeyPEM", text_type()},
                                        {"Service", text_type()},
                                        {"ServiceURI", text_type()},
                                        {"ValidAfter", text_type()},
                                        {"ValidBefore", text_type()},
                                        {"CreateIndex", natural_type()},
                                        {"ModifyIndex", natural_type()}}));
  return x;
}

const value* field_of(const value& x, std::string_view name) {
  const value* at = &x;
  if (at->what() == kind::pointer)
    at = at->as_pointer().target.get();
  if (at == nullptr || at->what() != kind::record)
    return nullptr;
  const auto i = field_index(*at->as_record().what, name);
  return i < 0 ? nullptr : &at->as_record().fields[static_cast<std::size_t>(i)];
}

} // namespace praetor::templates
