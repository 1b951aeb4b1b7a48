// Reads request bodies as the API would, as far as the recorded ones go, so
// that transcripts of a real Consul can be replayed against the core.

#pragma once

#include "actors/catalog/core/vocabulary.hpp"
#include "runtime/base/text.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>
#include <vector>

namespace praetor::catalog::recorded {

using value = rapidjson::Value;

inline const value& member(const value& x, const char* name) {
  static const value null;
  const auto found = x.FindMember(name);
  return found == x.MemberEnd() ? null : found->value;
}

inline std::string text(const value& x) {
  return x.IsString() ? std::string{x.GetString(), x.GetStringLength()} : "";
}

inline std::string text(const value& x, const char* name) {
  return text(member(x, name));
}

inline std::int64_t number(const value& x, const char* name,
                           std::int64_t otherwise = 0) {
  const auto& y = member(x, name);
  return y.IsInt64() ? y.GetInt64() : otherwise;
}

inline bool flag(const value& x, const char* name) {
  const auto& y = member(x, name);
  return y.IsBool() && y.GetBool();
}

inline std::vector<std::string> texts(const value& x) {
  std::vector<std::string> out;
  if (x.IsArray())
    for (const auto& y : x.GetArray())
      out.push_back(text(y));
  return out;
}

inline std::optional<string_map> map_of(const value& x) {
  if (!x.IsObject())
    return std::nullopt;
  string_map out;
  for (const auto& y : x.GetObject())
    out[text(y.name)] = text(y.value);
  return out;
}

inline duration span(const value& x, const char* name) {
  const auto& y = member(x, name);
  return y.IsString() ? *parse_duration(text(y)) : duration{number(x, name)};
}

inline node_row node(const value& x, const char* meta) {
  node_row out;
  out.id = text(x, "ID");
  out.name = text(x, "Node");
  out.address = text(x, "Address");
  out.datacenter = "dc1";
  out.tagged_addresses = map_of(member(x, "TaggedAddresses"));
  out.meta = map_of(member(x, meta));
  out.modify_index = static_cast<log_index>(number(x, "ModifyIndex"));
  return out;
}

inline service_row service(const value& x) {
  service_row out;
  out.name = text(x, "Service");
  out.id = x.HasMember("ID") ? text(x, "ID") : out.name;
  out.kind = text(x, "Kind");
  out.tags = texts(member(x, "Tags"));
  out.address = text(x, "Address");
  if (const auto& all = member(x, "TaggedAddresses"); all.IsObject())
    for (const auto& y : all.GetObject())
      out.tagged_addresses[text(y.name)] = {text(y.value, "Address"),
                                            number(y.value, "Port")};
  out.meta = map_of(member(x, "Meta"));
  out.port = number(x, "Port");
  if (const auto& weights = member(x, "Weights"); weights.IsObject()) {
    out.weight_passing = number(weights, "Passing");
    out.weight_warning = number(weights, "Warning");
  }
  out.enable_tag_override = flag(x, "EnableTagOverride");
  if (const auto& proxy = member(x, "Proxy"); proxy.IsObject()) {
    out.proxy_destination = text(proxy, "DestinationServiceName");
    out.proxy_json =
      R"("DestinationServiceName":")" + out.proxy_destination + '"';
  }
  if (const auto& connect = member(x, "Connect"); connect.IsObject())
    out.connect_native = flag(connect, "Native");
  out.modify_index = static_cast<log_index>(number(x, "ModifyIndex"));
  return out;
}

inline std::string default_type(const check_definition_row& x) {
  if (!x.grpc.empty())
    return "grpc";
  if (!x.http.empty())
    return "http";
  if (!x.tcp.empty())
    return "tcp";
  return "";
}

inline check_row check(const value& x) {
  check_row out;
  out.node = text(x, "Node");
  out.name = text(x, "Name");
  out.id = x.HasMember("CheckID") ? text(x, "CheckID") : out.name;
  out.status = x.HasMember("Status") ? text(x, "Status") : "critical";
  out.notes = text(x, "Notes");
  out.output = text(x, "Output");
  out.service_id = text(x, "ServiceID");
  out.service_name = text(x, "ServiceName");
  out.service_tags = texts(member(x, "ServiceTags"));
  if (const auto& d = member(x, "Definition"); d.IsObject()) {
    auto& to = out.definition;
    to.interval = span(d, "Interval");
    to.timeout = span(d, "Timeout");
    to.deregister_after = span(d, "DeregisterCriticalServiceAfter");
    to.output_max_size = number(d, "OutputMaxSize");
    to.http = text(d, "HTTP");
    to.tls_skip_verify = flag(d, "TLSSkipVerify");
    if (const auto& header = member(d, "Header"); header.IsObject())
      for (const auto& y : header.GetObject())
        to.header[text(y.name)] = texts(y.value);
    to.method = text(d, "Method");
    to.body = text(d, "Body");
    to.tcp = text(d, "TCP");
    to.script_args = texts(member(d, "ScriptArgs"));
    to.docker_container_id = text(d, "DockerContainerID");
    to.shell = text(d, "Shell");
    to.grpc = text(d, "GRPC");
    to.grpc_use_tls = flag(d, "GRPCUseTLS");
    to.alias_node = text(d, "AliasNode");
    to.alias_service = text(d, "AliasService");
    to.ttl = span(d, "TTL");
  }
  out.type =
    x.HasMember("Type") ? text(x, "Type") : default_type(out.definition);
  out.modify_index = static_cast<log_index>(number(x, "ModifyIndex"));
  return out;
}

inline command registration(const value& x) {
  register_node out;
  out.node = node(x, "NodeMeta");
  out.skip_node_update = flag(x, "SkipNodeUpdate");
  if (const auto& y = member(x, "Service"); y.IsObject())
    out.service = service(y);
  if (const auto& all = member(x, "Checks"); all.IsArray())
    for (const auto& y : all.GetArray())
      out.checks.push_back(check(y));
  if (const auto& y = member(x, "Check"); y.IsObject())
    out.checks.push_back(check(y));
  return out;
}

inline command deregistration(const value& x) {
  return deregister_node{text(x, "Node"), text(x, "ServiceID"),
                         text(x, "CheckID")};
}

inline verb verb_of(const std::string& x) {
  if (x == "get")
    return verb::get;
  if (x == "set")
    return verb::set;
  if (x == "cas")
    return verb::cas;
  return x == "delete" ? verb::remove : verb::remove_cas;
}

inline command operations(const value& x) {
  transaction out;
  for (const auto& y : x.GetArray()) {
    const auto kind = text(y.MemberBegin()->name);
    const auto& body = y.MemberBegin()->value;
    operation op;
    op.position = static_cast<std::uint32_t>(out.operations.size());
    op.what = verb_of(text(body, "Verb"));
    const auto& target = member(body, kind.c_str());
    if (kind == "Node") {
      op.target = node(target, "Meta");
    } else if (kind == "Service") {
      auto row = service(target);
      row.node = text(body, "Node");
      op.target = std::move(row);
    } else {
      op.target = check(target);
    }
    out.operations.push_back(std::move(op));
  }
  return out;
}

} // namespace praetor::catalog::recorded
