#include "actors/registrator/core/consul_body.hpp"

#include "actors/registrator/core/consul_check.hpp"
#include "actors/registrator/core/container.hpp"
#include "actors/registrator/core/json_reading.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <utility>

namespace praetor::registrator {

namespace {

// Source: Consul 1.8, agent/structs/structs.go.
constexpr std::size_t meta_pairs_max = 64;
constexpr std::size_t meta_key_bytes_max = 128;
constexpr std::size_t meta_value_bytes_max = 512;
constexpr std::string_view reserved_meta = "consul-";
constexpr std::string_view meta_key_characters =
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

std::string meta_fault(const std::string& key, const std::string& value) {
  if (key.empty() || key.size() > meta_key_bytes_max)
    return "is not 1 to 128 characters long";
  if (key.find_first_not_of(meta_key_characters) != key.npos)
    return "contains invalid characters";
  if (key.starts_with(reserved_meta))
    return "starts with consul-, which is reserved";
  if (value.size() > meta_value_bytes_max)
    return "has a value of more than 512 bytes";
  return {};
}

/// Writes members as Go does: none if it is empty.
class member_writer {
public:
  explicit member_writer(json_writer& to) : to_{to} {}

  member_writer& text(std::string_view name, const std::string& value) {
    if (!value.empty())
      to_.key(name).string(value);
    return *this;
  }

  member_writer& truth(std::string_view name, bool value) {
    if (value)
      to_.key(name).boolean(true);
    return *this;
  }

  member_writer& texts(std::string_view name,
                       const std::vector<std::string>& values) {
    if (values.empty())
      return *this;
    to_.key(name).begin_array();
    for (const auto& value : values)
      to_.string(value);
    to_.end_array();
    return *this;
  }

private:
  json_writer& to_;
};

void write_check(json_writer& to, const consul_check& x) {
  to.begin_object();
  member_writer members{to};
  members.texts("ScriptArgs", x.script_args)
    .text("Interval", x.interval)
    .text("Timeout", x.timeout)
    .text("TTL", x.ttl)
    .text("HTTP", x.http);
  if (!x.header.first.empty())
    to.key("Header")
      .begin_object()
      .raw(json_quote(x.header.first) + ":[" + json_quote(x.header.second)
           + "]")
      .end_object();
  members.text("Method", x.method)
    .text("TCP", x.tcp)
    .text("Status", x.status)
    .truth("TLSSkipVerify", x.tls_skip_verify)
    .text("GRPC", x.grpc)
    .truth("GRPCUseTLS", x.grpc_use_tls)
    .text("DeregisterCriticalServiceAfter", x.deregister_after);
  to.end_object();
}

void write_meta(json_writer& to,
                const std::map<std::string, std::string>& meta) {
  if (meta.empty())
    return;
  to.key("Meta").begin_object();
  for (const auto& [key, value] : meta)
    to.key(key).string(value);
  to.end_object();
}

} // namespace

std::map<std::string, std::string>
consul_meta(const service& x, const std::string& hostname,
            std::vector<std::string>& notes) {
  std::map<std::string, std::string> out;
  const auto marked = parse_id(x.id) && parse_id(x.id)->hostname == hostname;
  if (!marked && !hostname.empty())
    out[std::string{owner_key}] = hostname;
  const auto complain = [&](const std::string& key, const std::string& why) {
    notes.push_back("warning: " + short_id(x.container_id) + " "
                    + x.container_name + ": metadata \"" + key + "\" " + why
                    + "; it is left out");
  };
  for (const auto& [key, value] : x.attributes) {
    if (auto fault = meta_fault(key, value); !fault.empty())
      complain(key, fault);
    else if (out.size() == meta_pairs_max)
      complain(key, "is more than the 64 that are allowed");
    else
      out.emplace(key, value);
  }
  return out;
}

std::string consul_body(const service& x, const std::string& hostname,
                        std::vector<std::string>& notes) {
  std::string out;
  json_writer to{out};
  to.begin_object();
  member_writer members{to};
  members.text("ID", x.id).text("Name", x.name).texts("Tags", x.tags);
  to.key("Port").number(std::uint64_t{x.port});
  members.text("Address", x.ip);
  write_meta(to, consul_meta(x, hostname, notes));
  const auto checks = checks_of(x, notes);
  if (checks.size() == 1)
    write_check(to.key("Check"), checks[0]);
  else
    to.key("Check").null();
  if (checks.size() > 1) {
    to.key("Checks").begin_array();
    for (const auto& check : checks)
      write_check(to, check);
    to.end_array();
  } else {
    to.key("Checks").null();
  }
  to.end_object();
  return out;
}

registered shown_by_consul(const service& x, const std::string& hostname) {
  std::vector<std::string> ignored;
  return {x.id, x.name, x.ip, x.port, x.tags, consul_meta(x, hostname, ignored),
          true, {},     false};
}

result<std::vector<registered>> parse_agent_services(std::string_view text) {
  rapidjson::Document document;
  if (!parse_document(document, text) || !document.IsObject())
    return error{errc::corruption, "the agent answered no map of its services"};
  std::vector<registered> out;
  each_member(document, [&out](std::string id, const rapidjson::Value& x) {
    registered one;
    one.id = std::move(id);
    one.name = text_member(x, "Service");
    one.ip = text_member(x, "Address");
    const auto port = number_member(x, "Port");
    one.port = static_cast<std::uint16_t>(port);
    each_item(member(x, "Tags"), [&one](const rapidjson::Value& tag) {
      one.tags.push_back(text_of(tag));
    });
    each_member(member(x, "Meta"),
                [&one](std::string key, const rapidjson::Value& value) {
                  one.meta[std::move(key)] = text_of(value);
                });
    out.push_back(std::move(one));
  });
  return out;
}

result<std::set<std::string>> parse_marks(std::string_view text,
                                          const std::string& hostname) {
  rapidjson::Document document;
  if (!parse_document(document, text) || !document.IsArray())
    return error{errc::corruption, "the agent answered no list of keys"};
  std::set<std::string> out;
  const auto prefix = mark_of("", hostname);
  each_item(document, [&](const rapidjson::Value& x) {
    if (const auto key = text_of(x); key.starts_with(prefix))
      out.insert(key.substr(prefix.size()));
  });
  return out;
}

result<std::map<std::string, other_mark>>
parse_other_marks(std::string_view text, const std::string& hostname) {
  rapidjson::Document document;
  if (!parse_document(document, text) || !document.IsArray())
    return error{errc::corruption, "the agent answered no list of pairs"};
  std::map<std::string, other_mark> out;
  each_item(document, [&](const rapidjson::Value& x) {
    const auto key = text_member(x, "Key");
    const auto container = base64_decode(text_member(x, "Value"));
    const auto slash = key.find('/', marks_prefix.size());
    if (!key.starts_with(marks_prefix) || slash == key.npos || !container
        || key.starts_with(mark_of("", hostname)))
      return;
    out.insert_or_assign(key.substr(slash + 1), other_mark{key, *container});
  });
  return out;
}

std::string mark_of(const std::string& id, const std::string& hostname) {
  return std::string{marks_prefix} + hostname + "/" + id;
}

bool follows_docker_health(const service& x) {
  return x.attributes.contains("check_docker");
}

std::string address_text(const service& x) {
  const auto v6 = x.ip.find(':') != x.ip.npos;
  return (v6 ? "[" + x.ip + "]" : x.ip) + ":" + std::to_string(x.port);
}

} // namespace praetor::registrator
