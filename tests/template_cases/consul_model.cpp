#include "tests/template_cases/consul_model.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <set>

namespace praetor::templates::cases {

namespace {

using json = rapidjson::Value;

const json* member(const json& x, const char* name) {
  if (!x.IsObject())
    return nullptr;
  const auto i = x.FindMember(name);
  return i == x.MemberEnd() || i->value.IsNull() ? nullptr : &i->value;
}

std::string text(const json& x, const char* name) {
  const auto* found = member(x, name);
  return found != nullptr && found->IsString()
           ? std::string{found->GetString(), found->GetStringLength()}
           : std::string{};
}

std::string raw(const json& x) {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer{out};
  x.Accept(writer);
  return out.GetString();
}

std::string raw_or(const json& x, const char* name, const char* otherwise) {
  const auto* found = member(x, name);
  return found == nullptr ? otherwise : raw(*found);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(
        std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct request {
  std::string path;
  std::map<std::string, std::string> query;
};

request parse_target(std::string_view target) {
  request out;
  const auto mark = std::min(target.find('?'), target.size());
  out.path = decoded(target.substr(0, mark));
  target.remove_prefix(std::min(mark + 1, target.size()));
  while (!target.empty()) {
    const auto end = std::min(target.find('&'), target.size());
    const auto item = target.substr(0, end);
    const auto equals = std::min(item.find('='), item.size());
    out.query[decoded(item.substr(0, equals))] =
      decoded(item.substr(std::min(equals + 1, item.size())));
    target.remove_prefix(std::min(end + 1, target.size()));
  }
  return out;
}

bool take_prefix(std::string& path, std::string_view prefix) {
  if (!path.starts_with(prefix))
    return false;
  path.erase(0, prefix.size());
  return true;
}

std::string field(std::string_view name, std::string_view content) {
  return json_quote(name) + ":" + json_quote(content);
}

constexpr const char* self = "consul-server01";

} // namespace

consul_model::consul_model() {
  auto& node = nodes_[self];
  node.address = "127.0.0.1";
  node.id = "bca4bbe1-b8b0-9c5b-8f0d-3d1a4e3b2a11";
  node.rest = R"("TaggedAddresses":{"lan":"127.0.0.1","lan_ipv4":"127.0.0.1",)"
              R"("wan":"127.0.0.1","wan_ipv4":"127.0.0.1"},)"
              R"("Meta":{"consul-network-segment":""})";
  service_state consul{"consul",
                       "consul",
                       "",
                       R"("Tags":[],"Meta":{},"Port":8300,)"
                       R"("Weights":{"Passing":1,"Warning":1},)"
                       R"("EnableTagOverride":false)",
                       {}};
  node.services["consul"] = consul;
  node.checks["serfHealth"].fields = {{"CheckID", "serfHealth"},
                                      {"Name", "Serf Health Status"},
                                      {"Status", "passing"},
                                      {"Output", "Agent alive and reachable"}};
}

// -- setup -------------------------------------------------------------------

void consul_model::apply(std::string_view method, std::string_view target,
                         const json* body) {
  ++index_;
  auto [path, query] = parse_target(target);
  if (take_prefix(path, "/v1/kv/")) {
    if (method == "DELETE")
      std::erase_if(keys_, [&path = path, &query = query](const auto& x) {
        return query.contains("recurse") ? x.first.starts_with(path)
                                         : x.first == path;
      });
    else
      set_key(path, query, body);
    return;
  }
  if (body == nullptr)
    return;
  if (path == "/v1/catalog/register")
    register_node(*body);
  else if (path == "/v1/catalog/deregister")
    deregister(*body);
  else if (path == "/v1/agent/service/register")
    add_service(nodes_[self], *body);
}

void consul_model::set_key(const std::string& key, const texts& query,
                           const json* body) {
  auto& x = keys_[key];
  if (x.created == 0)
    x.created = index_;
  x.modified = index_;
  if (const auto flags = query.find("flags"); flags != query.end())
    x.flags = std::stoull(flags->second);
  x.content.clear();
  if (body != nullptr && body->IsString())
    x.content.assign(body->GetString(), body->GetStringLength());
  else if (body != nullptr && !body->IsNull())
    x.content = raw(*body);
}

void consul_model::register_node(const json& body) {
  auto& node = nodes_[text(body, "Node")];
  node.address = text(body, "Address");
  node.id = text(body, "ID");
  node.rest = "\"TaggedAddresses\":" + raw_or(body, "TaggedAddresses", "null")
              + ",\"Meta\":" + raw_or(body, "NodeMeta", "null");
  if (const auto* x = member(body, "Service"))
    add_service(node, *x);
  if (const auto* x = member(body, "Check"))
    add_check(node, *x);
  if (const auto* all = member(body, "Checks"))
    for (const auto& x : all->GetArray())
      add_check(node, x);
}

void consul_model::add_service(node_state& to, const json& x) {
  service_state made;
  made.name = text(x, "Service").empty() ? text(x, "Name") : text(x, "Service");
  made.id = text(x, "ID").empty() ? made.name : text(x, "ID");
  made.address = text(x, "Address");
  if (const auto* tags = member(x, "Tags"))
    for (const auto& tag : tags->GetArray())
      made.tags.emplace_back(tag.GetString(), tag.GetStringLength());
  made.rest =
    "\"Tags\":" + raw_or(x, "Tags", "[]")
    + ",\"Meta\":" + raw_or(x, "Meta", "null")
    + ",\"TaggedAddresses\":" + raw_or(x, "TaggedAddresses", "null")
    + ",\"Port\":" + raw_or(x, "Port", "0")
    + ",\"Weights\":" + raw_or(x, "Weights", R"({"Passing":1,"Warning":1})")
    + ",\"EnableTagOverride\":" + raw_or(x, "EnableTagOverride", "false");
  to.services[made.id] = made;
}

void consul_model::add_check(node_state& to, const json& x) {
  check_state made;
  for (const auto* name :
       {"CheckID", "Name", "Status", "Notes", "Output", "ServiceID", "Type"})
    made.fields[name] = text(x, name);
  auto& id = made.fields["CheckID"];
  if (id.empty())
    id = made.fields["Name"];
  if (made.fields["Status"].empty())
    made.fields["Status"] = "critical";
  to.checks[id] = made;
}

void consul_model::deregister(const json& body) {
  const auto name = text(body, "Node");
  const auto service_id = text(body, "ServiceID");
  const auto check_id = text(body, "CheckID");
  const auto i = nodes_.find(name);
  if (i == nodes_.end())
    return;
  if (!service_id.empty())
    i->second.services.erase(service_id);
  else if (!check_id.empty())
    i->second.checks.erase(check_id);
  else
    nodes_.erase(i);
}

// -- answers -----------------------------------------------------------------

std::optional<std::string> consul_model::answer(std::string_view target) const {
  auto [path, query] = parse_target(target);
  const auto dc = query.find("dc");
  if (dc != query.end() && dc->second != "dc1")
    return std::nullopt;
  if (take_prefix(path, "/v1/kv/"))
    return keys(path, query);
  if (take_prefix(path, "/v1/health/service/"))
    return health(path, query);
  if (take_prefix(path, "/v1/health/connect/"))
    return "[]";
  if (path == "/v1/catalog/services")
    return services();
  if (path == "/v1/catalog/nodes")
    return nodes();
  if (path == "/v1/catalog/datacenters")
    return R"(["dc1"])";
  if (take_prefix(path, "/v1/catalog/node/"))
    return node_named(path);
  return std::nullopt;
}

std::string consul_model::node_json(const std::string& name,
                                    const node_state& x) const {
  return "{" + field("ID", x.id) + "," + field("Node", name) + ","
         + field("Address", x.address) + "," + field("Datacenter", "dc1") + ","
         + x.rest + "}";
}

std::string consul_model::checks_json(const std::string& name,
                                      const node_state& x,
                                      const service_state& of) const {
  std::string out;
  for (const auto& [id, check] : x.checks) {
    const auto& service_id =
      check.fields.contains("ServiceID") ? check.fields.at("ServiceID") : "";
    if (!service_id.empty() && service_id != of.id)
      continue;
    out += out.empty() ? "{" : ",{";
    out += field("Node", name);
    for (const auto& [key, content] : check.fields)
      out += "," + field(key, content);
    out += "," + field("ServiceName", service_id.empty() ? "" : of.name)
           + ",\"ServiceTags\":[]}";
  }
  return "[" + out + "]";
}

std::string consul_model::health(const std::string& name,
                                 const texts& query) const {
  std::string out;
  const auto tag = query.find("tag");
  for (const auto& [node_name, node] : nodes_)
    for (const auto& [id, service] : node.services) {
      if (service.name != name
          || (tag != query.end()
              && std::find(service.tags.begin(), service.tags.end(),
                           tag->second)
                   == service.tags.end()))
        continue;
      const auto checks = checks_json(node_name, node, service);
      const bool healthy =
        checks.find("\"Status\":\"critical\"") == std::string::npos
        && checks.find("\"Status\":\"warning\"") == std::string::npos;
      if (query.contains("passing") && !healthy)
        continue;
      out += (out.empty() ? "" : ",")
             + ("{\"Node\":" + node_json(node_name, node)) + ",\"Service\":{"
             + field("ID", id) + "," + field("Service", service.name) + ","
             + field("Address", service.address) + "," + service.rest
             + "},\"Checks\":" + checks + "}";
    }
  return "[" + out + "]";
}

std::string consul_model::services() const {
  std::map<std::string, std::set<std::string>> found;
  for (const auto& [name, node] : nodes_)
    for (const auto& [id, service] : node.services)
      found[service.name].insert(service.tags.begin(), service.tags.end());
  std::string out;
  for (const auto& [name, tags] : found) {
    std::string list;
    for (const auto& tag : tags)
      list += (list.empty() ? "" : ",") + json_quote(tag);
    out += (out.empty() ? "" : ",") + json_quote(name) + ":[" + list + "]";
  }
  return "{" + out + "}";
}

std::string consul_model::nodes() const {
  std::string out;
  for (const auto& [name, node] : nodes_)
    out += (out.empty() ? "" : ",") + node_json(name, node);
  return "[" + out + "]";
}

std::string consul_model::node_named(const std::string& name) const {
  const auto i = nodes_.find(name);
  if (i == nodes_.end())
    return "null";
  std::string services;
  for (const auto& [id, service] : i->second.services)
    services += (services.empty() ? "" : ",") + json_quote(id) + ":{"
                + field("ID", id) + "," + field("Service", service.name) + ","
                + field("Address", service.address) + "," + service.rest + "}";
  return "{\"Node\":" + node_json(name, i->second) + ",\"Services\":{"
         + services + "}}";
}

std::optional<std::string> consul_model::keys(const std::string& key,
                                              const texts& query) const {
  std::string out;
  for (const auto& [name, x] : keys_) {
    if (query.contains("recurse") ? !name.starts_with(key) : name != key)
      continue;
    out += (out.empty() ? "" : ",") + ("{" + field("Key", name)) + ","
           + field("Value", base64_encode(x.content))
           + ",\"LockIndex\":0,\"Flags\":" + std::to_string(x.flags)
           + ",\"CreateIndex\":" + std::to_string(x.created)
           + ",\"ModifyIndex\":" + std::to_string(x.modified) + "}";
  }
  if (out.empty())
    return std::nullopt;
  return "[" + out + "]";
}

} // namespace praetor::templates::cases
