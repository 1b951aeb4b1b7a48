#include "actors/registrator/core/key_entries.hpp"

#include "actors/registrator/core/consul_body.hpp"
#include "actors/registrator/core/json_reading.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/percent.hpp"
#include "runtime/base/text.hpp"

#include <functional>
#include <limits>
#include <utility>

namespace praetor::registrator {

namespace {

/// Deeper than PREFIX/NAME/ID needs, and little enough for the stack.
constexpr int depth_max = 32;

error no_keys() {
  return {errc::corruption, "the registry answered no list of keys"};
}

/// "10.0.0.1:80", "[fd00::1]:80" or SkyDNS' object.
bool read_value(std::string_view value, registered& to) {
  rapidjson::Document document;
  if (value.starts_with('{') && parse_document(document, value)) {
    to.ip = text_member(document, "host");
    to.port = static_cast<std::uint16_t>(number_member(document, "port"));
    return !to.ip.empty();
  }
  const auto colon = value.rfind(':');
  if (colon == value.npos)
    return false;
  auto host = value.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  const auto port = parse_uint(value.substr(colon + 1));
  if (!port || *port > std::numeric_limits<std::uint16_t>::max())
    return false;
  to.ip = host;
  to.port = static_cast<std::uint16_t>(*port);
  return true;
}

void keep(std::vector<registered>& to, registered x) {
  if (!x.id.empty())
    to.push_back(std::move(x));
}

void read_nodes(const rapidjson::Value& node, std::string_view prefix,
                std::vector<registered>& to, int depth) {
  if (depth > depth_max)
    return;
  if (!truth_member(node, "dir"))
    keep(to, parse_entry(text_member(node, "key"), prefix,
                         text_member(node, "value")));
  each_item(member(node, "nodes"), [&](const rapidjson::Value& x) {
    read_nodes(x, prefix, to, depth + 1);
  });
}

} // namespace

registered parse_entry(std::string_view key, std::string_view prefix,
                       std::string_view value) {
  registered out;
  if (!key.starts_with(prefix))
    return out;
  key.remove_prefix(prefix.size());
  if (key.starts_with('/'))
    key.remove_prefix(1);
  const auto slash = key.find('/');
  if (slash == key.npos || slash == 0 || !read_value(value, out))
    return {};
  out.name = key.substr(0, slash);
  out.id = key.substr(slash + 1);
  out.own_place = true;
  return out;
}

registered shown_as_entry(const service& x) {
  registered out;
  out.id = x.id;
  out.name = x.name;
  out.ip = x.ip;
  out.port = x.port;
  out.own_place = true;
  return out;
}

result<std::vector<registered>> parse_consul_keys(std::string_view json,
                                                  std::string_view prefix) {
  rapidjson::Document document;
  if (!parse_document(document, json) || !document.IsArray())
    return no_keys();
  std::vector<registered> out;
  each_item(document, [&](const rapidjson::Value& x) {
    if (const auto value = base64_decode(text_member(x, "Value")))
      keep(out, parse_entry(text_member(x, "Key"), prefix, *value));
  });
  return out;
}

result<std::vector<registered>> parse_etcd2_keys(std::string_view json,
                                                 std::string_view prefix) {
  rapidjson::Document document;
  if (!parse_document(document, json) || !member(document, "node").IsObject())
    return no_keys();
  std::vector<registered> out;
  read_nodes(member(document, "node"), prefix, out, 0);
  return out;
}

result<std::vector<registered>> parse_etcd3_keys(std::string_view json,
                                                 std::string_view prefix) {
  rapidjson::Document document;
  if (!parse_document(document, json) || !document.IsObject())
    return no_keys();
  std::vector<registered> out;
  each_item(member(document, "kvs"), [&](const rapidjson::Value& x) {
    const auto key = base64_decode(text_member(x, "key"));
    const auto value = base64_decode(text_member(x, "value"));
    if (key && value)
      keep(out, parse_entry(*key, prefix, *value));
  });
  return out;
}

std::string skydns_value(const service& x) {
  std::string out;
  json_writer{out}
    .begin_object()
    .key("host")
    .string(x.ip)
    .key("port")
    .number(std::uint64_t{x.port})
    .end_object();
  return out;
}

std::string reversed_domain(std::string_view domain) {
  std::string out;
  while (!domain.empty()) {
    const auto dot = domain.rfind('.');
    const auto label = dot == domain.npos ? domain : domain.substr(dot + 1);
    if (!label.empty())
      out.append(out.empty() ? "" : "/").append(label);
    domain = dot == domain.npos ? "" : domain.substr(0, dot);
  }
  return out;
}

std::string escape_form(std::string_view text) {
  return percent_encode(text);
}

} // namespace praetor::registrator
