#include "actors/catalog/core/rows_json.hpp"

#include "runtime/base/real_text.hpp"
#include "runtime/base/text.hpp"

#include <string_view>

namespace praetor::catalog {

namespace {

void write_object(json_writer& out, const string_map& xs) {
  out.begin_object();
  for (const auto& [name, value] : xs)
    write_key(out, name).string(value);
  out.end_object();
}

void write_strings(json_writer& out, const std::vector<std::string>& xs) {
  out.begin_array();
  for (const auto& x : xs)
    out.string(x);
  out.end_array();
}

void write_tags(json_writer& out, const std::vector<std::string>& xs,
                empty_tags style) {
  if (xs.empty() && style == empty_tags::null)
    out.null();
  else
    write_strings(out, xs);
}

void write_addresses(json_writer& out, std::string_view key,
                     const std::map<std::string, service_address>& xs) {
  if (xs.empty())
    return;
  out.key(key).begin_object();
  for (const auto& [name, x] : xs) {
    write_key(out, name).begin_object();
    out.key("Address").string(x.address);
    out.key("Port").number(x.port).end_object();
  }
  out.end_object();
}

void write_weights(json_writer& out, const service_row& x) {
  out.begin_object();
  out.key("Passing").number(x.weight_passing);
  out.key("Warning").number(x.weight_warning);
  out.end_object();
}

void write_proxy(json_writer& out, const service_row& x) {
  std::string text = "{";
  text += x.proxy_json;
  if (!x.proxy_json.empty())
    text += ',';
  out.raw(text + R"("MeshGateway":{},"Expose":{}})");
}

void write_connect(json_writer& out, const service_row& x) {
  out.raw(x.connect_native ? R"({"Native":true})" : "{}");
}

template <class Row>
void write_indexes(json_writer& out, const Row& x) {
  out.key("CreateIndex").number(x.create_index);
  out.key("ModifyIndex").number(x.modify_index);
}

// -- definitions of checks: members that are empty are left out ---------------

void write_text(json_writer& out, std::string_view key, const std::string& x) {
  if (!x.empty())
    out.key(key).string(x);
}

void write_flag(json_writer& out, std::string_view key, bool x) {
  if (x)
    out.key(key).boolean(true);
}

void write_duration(json_writer& out, std::string_view key, duration x) {
  if (x != duration{0})
    out.key(key).string(format_duration(x));
}

void write_number(json_writer& out, std::string_view key, std::int64_t x) {
  if (x != 0)
    out.key(key).number(x);
}

void write_header(json_writer& out,
                  const std::map<std::string, std::vector<std::string>>& xs) {
  if (xs.empty())
    return;
  out.key("Header").begin_object();
  for (const auto& [name, values] : xs)
    write_strings(write_key(out, name), values);
  out.end_object();
}

void write_definition(json_writer& out, const check_definition_row& x) {
  out.begin_object();
  write_duration(out, "Interval", x.interval);
  write_number(out, "OutputMaxSize", x.output_max_size);
  write_duration(out, "Timeout", x.timeout);
  write_duration(out, "DeregisterCriticalServiceAfter", x.deregister_after);
  write_text(out, "HTTP", x.http);
  write_flag(out, "TLSSkipVerify", x.tls_skip_verify);
  write_header(out, x.header);
  write_text(out, "Method", x.method);
  write_text(out, "Body", x.body);
  write_text(out, "TCP", x.tcp);
  if (!x.script_args.empty())
    write_strings(out.key("ScriptArgs"), x.script_args);
  write_text(out, "DockerContainerID", x.docker_container_id);
  write_text(out, "Shell", x.shell);
  write_text(out, "GRPC", x.grpc);
  write_flag(out, "GRPCUseTLS", x.grpc_use_tls);
  write_text(out, "AliasNode", x.alias_node);
  write_text(out, "AliasService", x.alias_service);
  write_number(out, "TTL", x.ttl.count());
  out.end_object();
}

} // namespace

json_writer& write_key(json_writer& out, std::string_view name) {
  // The writer puts the quotes; cut off those of json_quote.
  const auto text = json_quote(name);
  return out.key(std::string_view{text}.substr(1, text.size() - 2));
}

void write_map(json_writer& out, const std::optional<string_map>& x) {
  if (x)
    write_object(out, *x);
  else
    out.null();
}

void write_node(json_writer& out, const node_row& x) {
  out.begin_object();
  out.key("ID").string(x.id);
  out.key("Node").string(x.name);
  out.key("Address").string(x.address);
  out.key("Datacenter").string(x.datacenter);
  write_map(out.key("TaggedAddresses"), x.tagged_addresses);
  write_map(out.key("Meta"), x.meta);
  write_indexes(out, x);
  out.end_object();
}

void write_node_service(json_writer& out, const service_row& x,
                        empty_tags style) {
  out.begin_object();
  write_text(out, "Kind", x.kind);
  out.key("ID").string(x.id);
  out.key("Service").string(x.name);
  write_tags(out.key("Tags"), x.tags, style);
  out.key("Address").string(x.address);
  write_addresses(out, "TaggedAddresses", x.tagged_addresses);
  write_map(out.key("Meta"), x.meta);
  out.key("Port").number(x.port);
  write_weights(out.key("Weights"), x);
  out.key("EnableTagOverride").boolean(x.enable_tag_override);
  write_proxy(out.key("Proxy"), x);
  write_connect(out.key("Connect"), x);
  write_indexes(out, x);
  out.end_object();
}

void write_service_node(json_writer& out, const node_row& node,
                        const service_row& x) {
  out.begin_object();
  out.key("ID").string(node.id);
  out.key("Node").string(x.node);
  out.key("Address").string(node.address);
  out.key("Datacenter").string(node.datacenter);
  write_map(out.key("TaggedAddresses"), node.tagged_addresses);
  write_map(out.key("NodeMeta"), node.meta);
  out.key("ServiceKind").string(x.kind);
  out.key("ServiceID").string(x.id);
  out.key("ServiceName").string(x.name);
  write_strings(out.key("ServiceTags"), x.tags);
  out.key("ServiceAddress").string(x.address);
  write_addresses(out, "ServiceTaggedAddresses", x.tagged_addresses);
  write_weights(out.key("ServiceWeights"), x);
  write_object(out.key("ServiceMeta"), x.meta.value_or(string_map{}));
  out.key("ServicePort").number(x.port);
  out.key("ServiceEnableTagOverride").boolean(x.enable_tag_override);
  write_proxy(out.key("ServiceProxy"), x);
  write_connect(out.key("ServiceConnect"), x);
  write_indexes(out, x);
  out.end_object();
}

void write_check(json_writer& out, const check_row& x, empty_tags style) {
  out.begin_object();
  out.key("Node").string(x.node);
  out.key("CheckID").string(x.id);
  out.key("Name").string(x.name);
  out.key("Status").string(x.status);
  out.key("Notes").string(x.notes);
  out.key("Output").string(x.output);
  out.key("ServiceID").string(x.service_id);
  out.key("ServiceName").string(x.service_name);
  write_tags(out.key("ServiceTags"), x.service_tags, style);
  out.key("Type").string(x.type);
  write_definition(out.key("Definition"), x.definition);
  write_indexes(out, x);
  out.end_object();
}

void write_coordinate(json_writer& out, const coordinate_row& x) {
  const auto real = [&out](double value) {
    std::string text;
    append_real(value, text);
    out.raw(text);
  };
  out.begin_object();
  out.key("Node").string(x.node);
  out.key("Segment").string("");
  out.key("Coord").begin_object().key("Vec").begin_array();
  for (const auto value : x.where.at)
    real(value);
  out.end_array();
  out.key("Error");
  real(x.where.error);
  out.key("Adjustment");
  real(x.where.adjustment);
  out.key("Height");
  real(x.where.height);
  out.end_object().end_object();
}

} // namespace praetor::catalog
