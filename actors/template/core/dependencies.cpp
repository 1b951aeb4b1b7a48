#include "actors/template/core/dependencies.hpp"

#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"
#include "runtime/base/percent.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace praetor::templates {

namespace {

#define PRAETOR_QUERY R"((?:\?(?P<query>[\w=&-]+))?)"
#define PRAETOR_DC R"((?:@(?P<dc>[\w.-]+))?)"
#define PRAETOR_NEAR R"((?:~(?P<near>[\w.-]+))?)"
#define PRAETOR_FILTER R"((?:\|(?P<filter>[\w,]+))?)"

/// How a kind is written down and asked for.
struct kind_row {
  dependency_kind what;
  const char* name;    ///< in dependency names
  const char* parser;  ///< in errors of parse_dependency
  const char* pattern; ///< of the argument; null: it takes none
  const char* path;    ///< of the request; the subject follows
};

constexpr std::array<kind_row, 16> kinds = {{
  {dependency_kind::key_value, "kv.block", "kv.get",
   "/?(?P<subject>[^@?]+)" PRAETOR_QUERY PRAETOR_DC, "/v1/kv/"},
  {dependency_kind::key_lookup, "kv.get", "kv.get",
   "/?(?P<subject>[^@?]+)" PRAETOR_QUERY PRAETOR_DC, "/v1/kv/"},
  {dependency_kind::key_list, "kv.list", "kv.list",
   "/?(?P<subject>[^@?]+)" PRAETOR_QUERY PRAETOR_DC, "/v1/kv/"},
  {dependency_kind::service, "health.service", "health.service",
   R"((?:(?P<tag>[\w=:.-]+)\.)?(?P<subject>[\w-]+))" PRAETOR_QUERY PRAETOR_DC
     PRAETOR_NEAR PRAETOR_FILTER,
   "/v1/health/service/"},
  {dependency_kind::connect, "health.connect", "health.connect",
   R"((?:(?P<tag>[\w=:.-]+)\.)?(?P<subject>[\w-]+))" PRAETOR_QUERY PRAETOR_DC
     PRAETOR_NEAR PRAETOR_FILTER,
   "/v1/health/connect/"},
  {dependency_kind::services, "catalog.services", "catalog.services",
   PRAETOR_QUERY PRAETOR_DC, "/v1/catalog/services"},
  {dependency_kind::node, "catalog.node", "catalog.node",
   R"((?:(?P<subject>[\w.-]+))" PRAETOR_QUERY PRAETOR_DC ")?",
   "/v1/catalog/node/"},
  {dependency_kind::nodes, "catalog.nodes", "catalog.nodes",
   PRAETOR_QUERY PRAETOR_DC PRAETOR_NEAR, "/v1/catalog/nodes"},
  {dependency_kind::datacenters, "catalog.datacenters", "catalog.datacenters",
   nullptr, "/v1/catalog/datacenters"},
  {dependency_kind::file, "file", "file", nullptr, ""},
  {dependency_kind::ca_roots, "connect.caroots", "connect.caroots", nullptr,
   "/v1/agent/connect/ca/roots"},
  {dependency_kind::ca_leaf, "connect.caleaf", "connect.caleaf", nullptr,
   "/v1/agent/connect/ca/leaf/"},
  {dependency_kind::partitions, "list.partitions", "list.partitions", nullptr,
   "/v1/partitions"},
  {dependency_kind::peerings, "list.peerings", "list.peerings", nullptr,
   "/v1/peerings"},
  {dependency_kind::exported_services, "list.exportedServices",
   "list.exportedServices", nullptr, "/v1/exported-services"},
  {dependency_kind::imported_services, "list.importedServices",
   "list.importedServices", nullptr, "/v1/imported-services"},
}};

#undef PRAETOR_QUERY
#undef PRAETOR_DC
#undef PRAETOR_NEAR
#undef PRAETOR_FILTER

const kind_row& row_of(dependency_kind what) {
  return kinds[static_cast<std::size_t>(what)];
}

static_assert([] {
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (static_cast<std::size_t>(kinds[i].what) != i)
      return false;
  return true;
}());

const RE2& pattern_of(dependency_kind what) {
  static const auto patterns = [] {
    std::vector<std::unique_ptr<RE2>> out;
    for (const auto& row : kinds)
      out.push_back(
        row.pattern == nullptr ? nullptr : std::make_unique<RE2>(row.pattern));
    return out;
  }();
  return *patterns[static_cast<std::size_t>(what)];
}

error flaw(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (;;) {
    const auto end = std::min(text.find(separator), text.size());
    out.emplace_back(text.substr(0, end));
    if (end == text.size())
      return out;
    text.remove_prefix(end + 1);
  }
}

status read_filters(dependency& x, std::string_view filter,
                    std::string_view text) {
  constexpr std::array<std::string_view, 5> known{"any", "passing", "warning",
                                                  "critical", "maintenance"};
  for (auto& name : split(filter, ',')) {
    if (name.empty())
      continue;
    if (std::find(known.begin(), known.end(), name) == known.end())
      return flaw(std::string{row_of(x.what).parser}
                  + ": invalid filter: " + quote(name) + " in " + quote(text));
    x.filters.push_back(std::move(name));
  }
  if (x.filters.empty())
    x.filters.emplace_back("passing");
  std::sort(x.filters.begin(), x.filters.end());
  return ok;
}

status read_query(dependency& x, std::string_view query) {
  constexpr std::array<std::string_view, 4> known{"ns", "peer", "partition",
                                                  "sameness-group"};
  for (const auto& pair : split(query, '&')) {
    const auto end = std::min(pair.find('='), pair.size());
    const auto key = pair.substr(0, end);
    if (key.empty())
      continue;
    if (std::find(known.begin(), known.end(), key) == known.end())
      return flaw(std::string{row_of(x.what).parser}
                  + ": invalid query parameter key " + quote(key) + " in query "
                  + quote(query)
                  + ": supported keys: ns,peer,partition,sameness-group");
    x.query[key] = end < pair.size() ? pair.substr(end + 1) : "";
  }
  return ok;
}

std::string query_parameters(const dependency& x) {
  std::map<std::string, std::string> parameters{x.query};
  if (!x.datacenter.empty())
    parameters["dc"] = x.datacenter;
  if (!x.near.empty())
    parameters["near"] = x.near;
  if (!x.tag.empty())
    parameters["tag"] = x.tag;
  if (x.filters == std::vector<std::string>{"passing"})
    parameters["passing"] = "1";
  if (x.what == dependency_kind::key_list)
    parameters["recurse"] = "";
  std::string out;
  for (const auto& [key, content] : parameters)
    out += (out.empty() ? "?" : "&") + key + "=" + percent_encode(content);
  return out;
}

} // namespace

std::string dependency::name() const {
  const auto& row = row_of(what);
  std::string inside;
  if (!tag.empty())
    inside += tag + ".";
  inside += subject;
  if (!datacenter.empty())
    inside += "@" + datacenter;
  for (const auto& [key, content] : query)
    inside += "@" + key + "=" + content;
  if (!near.empty())
    inside += "~" + near;
  for (std::size_t i = 0; i < filters.size(); ++i)
    inside += (i == 0 ? "|" : ",") + filters[i];
  if (ignore_failing)
    inside += "ignoring";
  return inside.empty() ? row.name : row.name + ("(" + inside + ")");
}

result<dependency> parse_dependency(dependency_kind what,
                                    std::string_view text) {
  const auto& row = row_of(what);
  dependency x;
  x.what = what;
  if (row.pattern == nullptr) {
    x.subject = text;
    return x;
  }
  const auto& pattern = pattern_of(what);
  constexpr int groups_max = 8;
  std::array<re2::StringPiece, groups_max> groups;
  const re2::StringPiece whole{text.data(), text.size()};
  const auto count = pattern.NumberOfCapturingGroups() + 1;
  if (!pattern.Match(whole, 0, whole.size(), RE2::ANCHOR_BOTH, groups.data(),
                     count))
    return flaw(std::string{row.parser} + ": invalid format: " + quote(text));
  const auto group = [&](const char* name) {
    const auto& all = pattern.NamedCapturingGroups();
    const auto i = all.find(name);
    return i == all.end()
             ? std::string{}
             : std::string{groups[static_cast<std::size_t>(i->second)]};
  };
  x.subject = group("subject");
  x.tag = group("tag");
  x.datacenter = group("dc");
  x.near = group("near");
  if (const auto read = read_query(x, group("query")); !read)
    return read.error();
  const bool of_health =
    what == dependency_kind::service || what == dependency_kind::connect;
  if (of_health)
    if (const auto read = read_filters(x, group("filter"), text); !read)
      return read.error();
  return x;
}

watch_style style_of(const dependency& x) {
  switch (x.what) {
    case dependency_kind::file: return watch_style::file;
    case dependency_kind::datacenters:
    case dependency_kind::partitions:
    case dependency_kind::peerings:
    case dependency_kind::exported_services:
    case dependency_kind::imported_services: return watch_style::polled;
    default: return watch_style::blocking;
  }
}

bool shareable(const dependency& x) {
  switch (x.what) {
    case dependency_kind::file:
    case dependency_kind::node:
    case dependency_kind::ca_roots:
    case dependency_kind::ca_leaf: return false;
    default: return true;
  }
}

std::string request_path(const dependency& x, std::string_view self_node) {
  if (x.what == dependency_kind::file)
    return {};
  const bool own_node = x.what == dependency_kind::node && x.subject.empty();
  const auto subject = own_node ? self_node : std::string_view{x.subject};
  // What Go's url package leaves alone in a path.
  return row_of(x.what).path + percent_encode(subject, "$&+,/:;=@")
         + query_parameters(x);
}

} // namespace praetor::templates
