#include "actors/agent/core/local_json.hpp"

#include "runtime/base/json.hpp"

#include <array>
#include <cstdio>

namespace praetor::agent {

namespace {

/// What the gossip protocol of Consul 1.8 speaks; clients show it.
constexpr int protocol_min = 1;
constexpr int protocol_max = 5;
constexpr int protocol_now = 2;
constexpr int delegate_min = 2;
constexpr int delegate_max = 5;
constexpr int delegate_now = 4;

void put_strings(json_writer& json, const std::vector<std::string>& xs) {
  json.begin_array();
  for (const auto& x : xs)
    json.string(x);
  json.end_array();
}

/// A member whose name comes from a user.
void put_key(json_writer& json, const std::string& name) {
  const auto quoted = json_quote(name);
  json.key(std::string_view{quoted}.substr(1, quoted.size() - 2));
}

void put_map(json_writer& json, const catalog::string_map& xs) {
  json.begin_object();
  for (const auto& [name, value] : xs) {
    put_key(json, name);
    json.string(value);
  }
  json.end_object();
}

void put_service(json_writer& json, const catalog::service_row& x,
                 const std::string& hash) {
  json.begin_object();
  if (!x.kind.empty())
    json.key("Kind").string(x.kind);
  json.key("ID").string(x.id);
  json.key("Service").string(x.name);
  put_strings(json.key("Tags"), x.tags);
  put_map(json.key("Meta"), x.meta ? *x.meta : catalog::string_map{});
  json.key("Port").number(x.port);
  json.key("Address").string(x.address);
  if (!x.tagged_addresses.empty()) {
    json.key("TaggedAddresses").begin_object();
    for (const auto& [name, value] : x.tagged_addresses) {
      put_key(json, name);
      json.begin_object();
      json.key("Address").string(value.address);
      json.key("Port").number(value.port);
      json.end_object();
    }
    json.end_object();
  }
  json.key("Weights").begin_object();
  json.key("Passing").number(x.weight_passing);
  json.key("Warning").number(x.weight_warning);
  json.end_object();
  json.key("EnableTagOverride").boolean(x.enable_tag_override);
  if (!hash.empty())
    json.key("ContentHash").string(hash);
  if (!x.kind.empty())
    json.key("Proxy").raw("{" + x.proxy_json + (x.proxy_json.empty() ? "" : ",")
                          + R"("MeshGateway":{},"Expose":{}})");
  if (x.connect_native)
    json.key("Connect").raw(R"({"Native":true})");
  json.end_object();
}

/// The members that both views of a check share.
void put_check_head(json_writer& json, const catalog::check_row& x) {
  json.key("Node").string(x.node);
  json.key("CheckID").string(x.id);
  json.key("Name").string(x.name);
  json.key("Status").string(x.status);
  json.key("Notes").string(x.notes);
  json.key("Output").string(x.output);
  json.key("ServiceID").string(x.service_id);
  json.key("ServiceName").string(x.service_name);
}

void put_health_check(json_writer& json, const catalog::check_row& x) {
  json.begin_object();
  put_check_head(json, x);
  json.key("ServiceTags");
  if (x.service_tags.empty())
    json.null();
  else
    put_strings(json, x.service_tags);
  json.key("Type").string("");
  json.key("Definition")
    .raw(R"({"Interval":"0s","Timeout":"0s",)"
         R"("DeregisterCriticalServiceAfter":"0s","HTTP":"","Header":null,)"
         R"("Method":"","Body":"","TLSSkipVerify":false,"TCP":""})");
  json.key("CreateIndex").number(0);
  json.key("ModifyIndex").number(0);
  json.end_object();
}

/// maintenance > critical > warning > passing; no checks are passing.
std::string aggregate(const std::vector<const catalog::check_row*>& checks) {
  static constexpr std::array<const char*, 4> names = {
    "passing", "warning", "critical", "maintenance"};
  std::size_t worst = 0;
  for (const auto* x : checks) {
    std::size_t rank = 0;
    if (is_maintenance_id(x->id))
      rank = 3;
    else if (x->status == "critical")
      rank = 2;
    else if (x->status == "warning")
      rank = 1;
    worst = std::max(worst, rank);
  }
  return names[worst];
}

/// The HTTP status that a state becomes; critical and maintenance are equals.
int severity(const std::string& state) {
  if (state == "passing")
    return 0;
  return state == "warning" ? 1 : 2;
}

/// Writes one instance; returns its state.
std::string put_health(json_writer& json, const local_state& state,
                       const catalog::service_row& service) {
  std::vector<const catalog::check_row*> checks;
  for (const auto& [id, x] : state.checks())
    if (x.row.service_id.empty() || x.row.service_id == service.id)
      checks.push_back(&x.row);
  auto out = aggregate(checks);
  json.begin_object();
  json.key("AggregatedStatus").string(out);
  json.key("Service");
  put_service(json, service, "");
  json.key("Checks").begin_array();
  for (const auto* x : checks)
    put_health_check(json, *x);
  json.end_array();
  json.end_object();
  return out;
}

/// Source: the enumeration of hashicorp/serf, in which 0 is "none".
int number_of(gossip::member_status x) {
  switch (x) {
    case gossip::member_status::alive: return 1;
    case gossip::member_status::leaving: return 2;
    case gossip::member_status::left: return 3;
    case gossip::member_status::failed: return 4;
  }
  return 0;
}

void put_member(json_writer& json, const std::string& name,
                const std::string& address, std::uint16_t port,
                const catalog::string_map& tags, gossip::member_status status) {
  json.begin_object();
  json.key("Name").string(name);
  json.key("Addr").string(address);
  json.key("Port").number(port);
  put_map(json.key("Tags"), tags);
  json.key("Status").number(number_of(status));
  json.key("ProtocolMin").number(protocol_min);
  json.key("ProtocolMax").number(protocol_max);
  json.key("ProtocolCur").number(protocol_now);
  json.key("DelegateMin").number(delegate_min);
  json.key("DelegateMax").number(delegate_max);
  json.key("DelegateCur").number(delegate_now);
  json.end_object();
}

} // namespace

std::string encode_services(const std::map<std::string, local_service>& all) {
  std::string out;
  json_writer json{out};
  json.begin_object();
  for (const auto& [id, x] : all) {
    put_key(json, id);
    put_service(json, x.row, "");
  }
  json.end_object();
  return out;
}

std::string encode_checks(const std::map<std::string, local_check>& all) {
  std::string out;
  json_writer json{out};
  json.begin_object();
  for (const auto& [id, x] : all) {
    put_key(json, id);
    json.begin_object();
    put_check_head(json, x.row);
    put_strings(json.key("ServiceTags"), x.row.service_tags);
    json.key("Type").string(x.row.type);
    json.key("Definition").raw("{}");
    json.key("CreateIndex").number(0);
    json.key("ModifyIndex").number(0);
    json.end_object();
  }
  json.end_object();
  return out;
}

std::string content_hash(const catalog::service_row& service) {
  std::string text;
  json_writer json{text};
  put_service(json, service, "");
  std::uint64_t hash = 0xCBF29CE484222325ULL; // FNV-1a
  for (const auto c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3ULL;
  }
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx",
                static_cast<unsigned long long>(hash));
  return hex.data();
}

std::string encode_service(const catalog::service_row& service,
                           const std::string& hash) {
  std::string out;
  json_writer json{out};
  put_service(json, service, hash);
  return out;
}

get_service_health::found health_by_id(const local_state& state,
                                       const std::string& id) {
  const auto i = state.services().find(id);
  if (i == state.services().end())
    return {"critical", false,
            share(R"({"AggregatedStatus":"critical","Service":null,)"
                  R"("Checks":null})")};
  std::string body;
  json_writer json{body};
  auto status_text = put_health(json, state, i->second.row);
  return {std::move(status_text), true, share(std::move(body))};
}

get_service_health::found health_by_name(const local_state& state,
                                         const std::string& name) {
  get_service_health::found out{"critical", false, {}};
  std::string body;
  json_writer json{body};
  json.begin_array();
  for (const auto& [id, x] : state.services()) {
    if (x.row.name != name)
      continue;
    auto one = put_health(json, state, x.row);
    if (!out.exists || severity(one) > severity(out.status))
      out.status = std::move(one);
    out.exists = true;
  }
  json.end_array();
  out.body = share(std::move(body));
  return out;
}

get_counts::counts count(const local_state& state) {
  get_counts::counts out;
  out.checks = state.checks().size();
  out.services = state.services().size();
  for (const auto& [id, x] : state.checks()) {
    out.check_monitors += x.row.type == "script" ? 1 : 0;
    out.check_ttls += x.row.type == "ttl" ? 1 : 0;
  }
  return out;
}

std::string encode_members(const member_facts& self) {
  std::string out;
  json_writer json{out};
  json.begin_array();
  put_member(json, self.name, self.address, self.port, self.tags,
             gossip::member_status::alive);
  json.end_array();
  return out;
}

std::string encode_members(const std::vector<gossip::pool_member>& all) {
  std::string out;
  json_writer json{out};
  json.begin_array();
  for (const auto& x : all)
    put_member(json, x.facts->name, x.facts->at.address, x.facts->at.port,
               x.facts->tags, x.status);
  json.end_array();
  return out;
}

} // namespace praetor::agent
