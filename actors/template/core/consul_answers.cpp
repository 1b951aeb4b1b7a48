// What Consul answers, turned into the values that templates see.

#include "actors/template/core/consul_types.hpp"
#include "actors/template/core/dependencies.hpp"
#include "runtime/base/text.hpp"

#include <rapidjson/document.h>

#include <algorithm>

namespace praetor::templates {

namespace {

using json = rapidjson::Value;

/// Answers nest a handful of levels; RapidJSON's iterative parser takes any.
constexpr unsigned parse_flags = rapidjson::kParseIterativeFlag;

const json* member(const json& x, const char* name) {
  if (!x.IsObject())
    return nullptr;
  const auto i = x.FindMember(name);
  return i == x.MemberEnd() || i->value.IsNull() ? nullptr : &i->value;
}

std::string text(const json& x) {
  return x.IsString() ? std::string{x.GetString(), x.GetStringLength()}
                      : std::string{};
}

std::string text(const json& x, const char* name) {
  const auto* found = member(x, name);
  return found == nullptr ? std::string{} : text(*found);
}

value text_value(const json& x, const char* name) {
  return value::text(text(x, name));
}

value int_value(const json& x, const char* name) {
  const auto* found = member(x, name);
  return value::integer(found != nullptr && found->IsInt64() ? found->GetInt64()
                                                             : 0);
}

value natural_value(const json& x, const char* name) {
  const auto* found = member(x, name);
  return value::natural(
    found != nullptr && found->IsUint64() ? found->GetUint64() : 0);
}

value boolean_value(const json& x, const char* name) {
  const auto* found = member(x, name);
  return value::boolean(found != nullptr && found->IsBool()
                        && found->GetBool());
}

value text_map(const json& x, const char* name) {
  const auto* found = member(x, name);
  if (found == nullptr || !found->IsObject())
    return zero_of(text_map_type());
  const auto out = make_map(text_map_type());
  for (const auto& entry : found->GetObject())
    put(out, text(entry.name), value::text(text(entry.value)));
  return out;
}

value text_list(const json* x, const type_ref& what, bool sorted) {
  std::vector<std::string> texts;
  if (x != nullptr && x->IsArray())
    for (const auto& item : x->GetArray())
      texts.push_back(text(item));
  if (sorted)
    std::sort(texts.begin(), texts.end());
  std::vector<value> items;
  for (auto& item : texts)
    items.push_back(value::text(std::move(item)));
  return make_list(what, std::move(items));
}

value tags(const json* x) {
  return text_list(x, service_tags_type(), true);
}

value texts(const json& x, const char* name) {
  static const auto what = type_named("[]string");
  return text_list(member(x, name), what, false);
}

value pointer_to(const record_types& types, std::vector<value> fields) {
  return make_pointer(make_record(types.record, std::move(fields)),
                      types.pointer);
}

// -- services ----------------------------------------------------------------

/// The worst of the checks counts; maintenance wins over everything.
std::string aggregated_status(const json* checks) {
  int worst = 0;
  if (checks != nullptr && checks->IsArray())
    for (const auto& check : checks->GetArray()) {
      const auto id = text(check, "CheckID");
      if (id == "_node_maintenance" || id.starts_with("_service_maintenance:"))
        return "maintenance";
      const auto status = text(check, "Status");
      worst = std::max(worst, status == "critical"  ? 2
                              : status == "warning" ? 1
                                                    : 0);
    }
  return worst == 2 ? "critical" : worst == 1 ? "warning" : "passing";
}

value checks_of(const json* checks) {
  std::vector<value> out;
  if (checks != nullptr && checks->IsArray())
    for (const auto& x : checks->GetArray())
      out.push_back(
        pointer_to(health_check_types(),
                   {text_value(x, "Node"), text_value(x, "CheckID"),
                    text_value(x, "Name"), text_value(x, "Status"),
                    text_value(x, "Notes"), text_value(x, "Output"),
                    text_value(x, "ServiceID"), text_value(x, "ServiceName"),
                    texts(x, "ServiceTags"), text_value(x, "Type")}));
  return make_list(health_check_types().list, std::move(out));
}

value tagged_addresses(const json& service) {
  const auto* found = member(service, "TaggedAddresses");
  if (found == nullptr || !found->IsObject())
    return zero_of(address_map_type());
  const auto out = make_map(address_map_type());
  for (const auto& entry : found->GetObject())
    put(out, text(entry.name),
        make_record(service_address_type(), {text_value(entry.value, "Address"),
                                             int_value(entry.value, "Port")}));
  return out;
}

value weights_of(const json& service) {
  const json none{rapidjson::kObjectType};
  const auto* found = member(service, "Weights");
  const auto& x = found == nullptr ? none : *found;
  return make_record(weights_type(),
                     {int_value(x, "Passing"), int_value(x, "Warning")});
}

value health_service(const json& entry, std::string status) {
  const json none{rapidjson::kObjectType};
  const auto* given_node = member(entry, "Node");
  const auto* given_service = member(entry, "Service");
  const auto& node = given_node == nullptr ? none : *given_node;
  const auto& service = given_service == nullptr ? none : *given_service;
  auto address = text(service, "Address");
  if (address.empty())
    address = text(node, "Address");
  return pointer_to(
    health_service_types(),
    {text_value(node, "Node"), text_value(node, "ID"),
     text_value(node, "Address"), text_map(node, "TaggedAddresses"),
     text_map(node, "Meta"), text_map(service, "Meta"),
     value::text(std::move(address)), tagged_addresses(service),
     text_value(service, "ID"), text_value(service, "Service"),
     tags(member(service, "Tags")), checks_of(member(entry, "Checks")),
     value::text(std::move(status)), int_value(service, "Port"),
     weights_of(service)});
}

/// Sorts records by two of their text fields.
void sort_by(std::vector<value>& items, std::string_view first,
             std::string_view second) {
  std::stable_sort(
    items.begin(), items.end(), [&](const value& a, const value& b) {
      const auto& x = field_of(a, first)->as_text();
      const auto& y = field_of(b, first)->as_text();
      if (x != y)
        return x < y;
      return field_of(a, second)->as_text() < field_of(b, second)->as_text();
    });
}

value health_services(const dependency& x, const json& body) {
  const auto& wanted = x.filters;
  const bool all =
    std::find(wanted.begin(), wanted.end(), "any") != wanted.end();
  std::vector<value> out;
  if (body.IsArray())
    for (const auto& entry : body.GetArray()) {
      auto status = aggregated_status(member(entry, "Checks"));
      if (all
          || std::find(wanted.begin(), wanted.end(), status) != wanted.end())
        out.push_back(health_service(entry, std::move(status)));
    }
  if (x.near.empty()) // otherwise the server's order is the distance
    sort_by(out, "Node", "ID");
  return make_list(health_service_types().list, std::move(out));
}

value services(const json& body) {
  std::vector<value> out;
  if (body.IsObject())
    for (const auto& entry : body.GetObject())
      out.push_back(pointer_to(
        snippet_types(), {value::text(text(entry.name)), tags(&entry.value)}));
  sort_by(out, "Name", "Name");
  return make_list(snippet_types().list, std::move(out));
}

// -- nodes -------------------------------------------------------------------

value node_record(const json& x) {
  return pointer_to(node_types(),
                    {text_value(x, "ID"), text_value(x, "Node"),
                     text_value(x, "Address"), text_value(x, "Datacenter"),
                     text_map(x, "TaggedAddresses"), text_map(x, "Meta")});
}

value nodes(const dependency& x, const json& body) {
  std::vector<value> out;
  if (body.IsArray())
    for (const auto& entry : body.GetArray())
      out.push_back(node_record(entry));
  if (x.near.empty())
    sort_by(out, "Node", "Address");
  return make_list(node_types().list, std::move(out));
}

value catalog_node(const json& body) {
  const auto* node = member(body, "Node");
  const auto* services = member(body, "Services");
  std::vector<value> out;
  if (services != nullptr && services->IsObject())
    for (const auto& entry : services->GetObject()) {
      const auto& x = entry.value;
      out.push_back(pointer_to(node_service_types(),
                               {text_value(x, "ID"), text_value(x, "Service"),
                                tags(member(x, "Tags")), text_map(x, "Meta"),
                                int_value(x, "Port"), text_value(x, "Address"),
                                boolean_value(x, "EnableTagOverride")}));
    }
  sort_by(out, "Service", "ID");
  return pointer_to(catalog_node_types(),
                    {node == nullptr ? make_nil_pointer(node_types().pointer)
                                     : node_record(*node),
                     make_list(node_service_types().list, std::move(out))});
}

// -- keys --------------------------------------------------------------------

std::string value_of(const json& pair) {
  const auto decoded = base64_decode(text(pair, "Value"));
  return decoded ? *decoded : std::string{};
}

std::optional<value> key_value(const dependency& x, const json& body) {
  if (body.IsArray() && !body.Empty())
    return value::text(value_of(body[0]));
  if (x.what == dependency_kind::key_value)
    return std::nullopt; // waits until there is one
  return value{};
}

value key_list(const dependency& x, const json& body) {
  std::vector<value> out;
  if (body.IsArray())
    for (const auto& pair : body.GetArray()) {
      const auto path = text(pair, "Key");
      auto key =
        path.starts_with(x.subject) ? path.substr(x.subject.size()) : path;
      key.erase(0, std::min(key.find_first_not_of('/'), key.size()));
      out.push_back(pointer_to(
        key_pair_types(),
        {value::text(path), value::text(std::move(key)),
         value::text(value_of(pair)), natural_value(pair, "CreateIndex"),
         natural_value(pair, "ModifyIndex"), natural_value(pair, "LockIndex"),
         natural_value(pair, "Flags"), text_value(pair, "Session")}));
    }
  return make_list(key_pair_types().list, std::move(out));
}

// -- certificates ------------------------------------------------------------

value ca_roots(const json& body) {
  std::vector<value> out;
  const auto* roots = member(body, "Roots");
  if (roots != nullptr && roots->IsArray())
    for (const auto& x : roots->GetArray())
      out.push_back(pointer_to(
        ca_root_types(),
        {text_value(x, "ID"), text_value(x, "Name"),
         natural_value(x, "SerialNumber"), text_value(x, "SigningKeyID"),
         text_value(x, "ExternalTrustDomain"), text_value(x, "NotBefore"),
         text_value(x, "NotAfter"), text_value(x, "RootCert"),
         texts(x, "IntermediateCerts"), boolean_value(x, "Active"),
         natural_value(x, "CreateIndex"), natural_value(x, "ModifyIndex")}));
  return make_list(ca_root_types().list, std::move(out));
}

value leaf(const json& x) {
  return pointer_to(leaf_types(),
                    {text_value(x, "SerialNumber"), text_value(x, "CertPEM"),
                     text_value(x, "PrivateKeyPEM"), text_value(x, "Service"),
                     text_value(x, "ServiceURI"), text_value(x, "ValidAfter"),
                     text_value(x, "ValidBefore"),
                     natural_value(x, "CreateIndex"),
                     natural_value(x, "ModifyIndex")});
}

// -- anything else -----------------------------------------------------------

/// Lists of newer servers, without a Go type of ours.
value plain(const json& x) {
  switch (x.GetType()) {
    case rapidjson::kFalseType:
    case rapidjson::kTrueType: return value::boolean(x.GetBool());
    case rapidjson::kNumberType: return value::real(x.GetDouble());
    case rapidjson::kStringType: return value::text(text(x));
    case rapidjson::kArrayType: {
      std::vector<value> items;
      for (const auto& item : x.GetArray())
        items.push_back(plain(item));
      return make_any_list(std::move(items));
    }
    case rapidjson::kObjectType: {
      const auto out = make_any_map();
      for (const auto& entry : x.GetObject())
        put(out, text(entry.name), plain(entry.value));
      return out;
    }
    default: return {};
  }
}

/// Whether lists and objects nest at most `left` deep.
bool shallow(const json& x, int left) {
  if (left == 0)
    return !x.IsArray() && !x.IsObject();
  if (x.IsArray())
    return std::all_of(x.Begin(), x.End(), [left](const json& item) {
      return shallow(item, left - 1);
    });
  if (x.IsObject())
    return std::all_of(
      x.MemberBegin(), x.MemberEnd(),
      [left](const auto& entry) { return shallow(entry.value, left - 1); });
  return true;
}

std::optional<value> from_json(const dependency& x, const json& body) {
  switch (x.what) {
    case dependency_kind::key_value:
    case dependency_kind::key_lookup: return key_value(x, body);
    case dependency_kind::key_list: return key_list(x, body);
    case dependency_kind::service:
    case dependency_kind::connect: return health_services(x, body);
    case dependency_kind::services: return services(body);
    case dependency_kind::node: return catalog_node(body);
    case dependency_kind::nodes: return nodes(x, body);
    case dependency_kind::datacenters: {
      static const auto what = type_named("[]string");
      return text_list(&body, what, true);
    }
    case dependency_kind::ca_roots: return ca_roots(body);
    case dependency_kind::ca_leaf: return leaf(body);
    default: return plain(body);
  }
}

} // namespace

result<std::optional<value>>
decode_answer(const dependency& x, const std::optional<std::string>& body) {
  if (x.what == dependency_kind::file)
    return std::optional{value::text(body.value_or(""))};
  rapidjson::Document document;
  constexpr int nesting_max = 50;
  if (body) {
    document.Parse<parse_flags>(body->data(), body->size());
    if (document.HasParseError() || !shallow(document, nesting_max))
      return error{errc::corruption, x.name() + ": answer is not JSON"};
  }
  return from_json(x, document);
}

} // namespace praetor::templates
