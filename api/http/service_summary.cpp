#include "api/http/service_summary.hpp"

#include "api/http/json_decode.hpp"
#include "runtime/base/json.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace praetor::http {

namespace {

struct summary {
  std::string kind;
  std::set<std::string> tags;
  std::multiset<std::string> nodes;
  std::set<std::string> proxy_for;
  std::set<std::string> sources;
  std::int64_t instances = 0;
  std::int64_t passing = 0;
  std::int64_t warning = 0;
  std::int64_t critical = 0;
};

const json_value& member(const json_value& from, const char* name) {
  static const json_value none;
  if (!from.IsObject())
    return none;
  const auto at = from.FindMember(name);
  return at == from.MemberEnd() ? none : at->value;
}

std::string_view text(const json_value& from, const char* name) {
  const auto& x = member(from, name);
  return x.IsString() ? std::string_view{x.GetString(), x.GetStringLength()}
                      : std::string_view{};
}

/// Returns the health entry of one instance: what filters are about.
rapidjson::Document entry_of(const json_value& node,
                             const json_value& service) {
  rapidjson::Document entry{rapidjson::kObjectType};
  auto& pool = entry.GetAllocator();
  json_value checks{rapidjson::kArrayType};
  const auto& all = member(node, "Checks");
  if (all.IsArray())
    for (const auto& check : all.GetArray()) {
      const auto of = text(check, "ServiceID");
      if (of.empty() || of == text(service, "ID"))
        checks.PushBack(json_value{check, pool}, pool);
    }
  entry.AddMember("Node", json_value{node, pool}, pool);
  entry.AddMember("Service", json_value{service, pool}, pool);
  entry.AddMember("Checks", checks, pool);
  return entry;
}

void count_check(std::string_view status, summary& to) {
  if (status == "passing")
    ++to.passing;
  else if (status == "warning")
    ++to.warning;
  else if (status == "critical")
    ++to.critical;
}

void add(const json_value& entry, summary& to) {
  const auto& service = member(entry, "Service");
  to.kind = text(service, "Kind");
  to.nodes.emplace(text(member(entry, "Node"), "Node"));
  ++to.instances;
  if (const auto of = text(member(service, "Proxy"), "DestinationServiceName");
      to.kind == "connect-proxy" && !of.empty())
    to.proxy_for.emplace(of);
  if (const auto from = text(member(service, "Meta"), "external-source");
      !from.empty())
    to.sources.emplace(from);
  if (const auto& tags = member(service, "Tags"); tags.IsArray())
    for (const auto& tag : tags.GetArray())
      if (tag.IsString())
        to.tags.emplace(tag.GetString(), tag.GetStringLength());
  for (const auto& check : member(entry, "Checks").GetArray())
    count_check(text(check, "Status"), to);
}

template <class Texts>
void write(json_writer& w, const Texts& texts) {
  w.begin_array();
  for (const auto& x : texts)
    w.string(x);
  w.end_array();
}

template <class Texts>
void write_or_null(json_writer& w, const Texts& texts) {
  if (texts.empty())
    w.null();
  else
    write(w, texts);
}

void write(json_writer& w, const std::string& name, const summary& s) {
  w.begin_object();
  if (!s.kind.empty())
    w.key("Kind").string(s.kind);
  w.key("Name").string(name);
  write_or_null(w.key("Tags"), s.tags);
  write(w.key("Nodes"), s.nodes);
  w.key("InstanceCount").number(s.instances);
  if (!s.proxy_for.empty())
    write(w.key("ProxyFor"), s.proxy_for);
  w.key("ChecksPassing").number(s.passing);
  w.key("ChecksWarning").number(s.warning);
  w.key("ChecksCritical").number(s.critical);
  write_or_null(w.key("ExternalSources"), s.sources);
  w.key("GatewayConfig").raw("{}").end_object();
}

} // namespace

result<shared_text> summarize_services(const shared_text& nodes,
                                       const filter::predicate& keep) {
  const auto parsed = parse_json(nodes ? *nodes : "");
  if (!parsed || !parsed->IsArray())
    return error{errc::corruption, "an answer to be summed up is not a list"};
  std::map<std::string, summary> summaries;
  for (const auto& node : parsed->GetArray()) {
    const auto& services = member(node, "Services");
    if (!services.IsArray())
      continue;
    for (const auto& service : services.GetArray()) {
      const auto entry = entry_of(node, service);
      if (keep.matches(entry))
        add(entry, summaries[std::string{text(service, "Service")}]);
    }
  }
  std::string out;
  json_writer w{out};
  w.begin_array();
  for (const auto& [name, sum] : summaries)
    write(w, name, sum);
  w.end_array();
  return share(std::move(out));
}

} // namespace praetor::http
