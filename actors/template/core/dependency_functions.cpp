// The functions that ask for data: services, nodes, keys, files, ...
//
// Each names a dependency and returns what is known of it, or something empty
// of the right type in a pass in which it is missing.

#include "actors/template/core/consul_types.hpp"
#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/utf8.hpp"

namespace praetor::templates {

namespace {

value empty_list(const type_ref& what) {
  return make_list(what, {});
}

/// Asks for what `text` names; `otherwise` stands for missing data.
result<value> ask(const call& c, dependency_kind what, std::string_view text,
                  value otherwise) {
  const auto wanted = parse_dependency(what, text);
  if (!wanted)
    return failure(wanted.error().context);
  const auto* found = c.env.ask(*wanted);
  return found == nullptr ? std::move(otherwise) : *found;
}

/// Several arguments mean one: `service "web" "any"` is `service "web|any"`.
std::string joined(const call& c, const char* separator = "") {
  std::string out;
  for (std::size_t i = 0; i < c.size(); ++i)
    out += (i == 0 ? "" : separator) + c.text(i);
  return out;
}

result<value> health(const call& c, dependency_kind what) {
  auto none = empty_list(health_service_types().list);
  if (c.size() == 0 || c.text(0).empty())
    return none;
  return ask(c, what, joined(c, "|"), std::move(none));
}

result<value> service(const call& c) {
  return health(c, dependency_kind::service);
}

result<value> connect(const call& c) {
  return health(c, dependency_kind::connect);
}

result<value> services(const call& c) {
  return ask(c, dependency_kind::services, joined(c),
             empty_list(snippet_types().list));
}

result<value> nodes(const call& c) {
  return ask(c, dependency_kind::nodes, joined(c),
             empty_list(node_types().list));
}

result<value> node(const call& c) {
  return ask(c, dependency_kind::node, joined(c),
             make_nil_pointer(catalog_node_types().pointer));
}

result<value> datacenters(const call& c) {
  if (c.size() > 1)
    return failure("datacenters: wrong number of arguments, expected 0 or 1, "
                   "but got "
                   + std::to_string(c.size()));
  dependency wanted;
  wanted.what = dependency_kind::datacenters;
  wanted.ignore_failing = c.size() == 1 && c[0].as_boolean();
  const auto* found = c.env.ask(wanted);
  return found == nullptr ? make_texts({}) : *found;
}

// -- keys --------------------------------------------------------------------

result<value> key(const call& c) {
  if (c.text(0).empty())
    return value::text("");
  return ask(c, dependency_kind::key_value, c.text(0), value::text(""));
}

result<value> key_exists(const call& c) {
  if (c.text(0).empty())
    return value::boolean(false);
  const auto found = ask(c, dependency_kind::key_lookup, c.text(0), {});
  if (!found)
    return found;
  return value::boolean(found->valid());
}

result<value> key_or_default(const call& c) {
  if (c.text(0).empty())
    return c[1];
  auto found = ask(c, dependency_kind::key_lookup, c.text(0), {});
  if (!found)
    return found;
  return found->valid() && !found->as_text().empty() ? *found : c[1];
}

bool is_direct_child(std::string_view key) {
  return !key.empty() && key.find('/') == std::string_view::npos;
}

/// Folders are keys that end in a slash; they are no leaves.
bool is_leaf(std::string_view key) {
  return !key.empty() && !key.ends_with('/');
}

result<value> pairs(const call& c, bool (*wanted)(std::string_view),
                    bool blocks_when_empty) {
  const auto& what = key_pair_types().list;
  if (c.text(0).empty())
    return empty_list(what);
  const auto listed = parse_dependency(dependency_kind::key_list, c.text(0));
  if (!listed)
    return failure(listed.error().context);
  const auto* found = c.env.ask(*listed);
  if (found == nullptr)
    return empty_list(what);
  std::vector<value> out;
  for (const auto& pair : found->as_list().items)
    if (wanted(field_of(pair, "Key")->as_text()))
      out.push_back(pair);
  if (blocks_when_empty && out.empty())
    c.env.declare_missing(*listed);
  return make_list(what, std::move(out));
}

result<value> ls(const call& c) {
  return pairs(c, is_direct_child, false);
}

result<value> safe_ls(const call& c) {
  return pairs(c, is_direct_child, true);
}

result<value> tree(const call& c) {
  return pairs(c, is_leaf, false);
}

result<value> safe_tree(const call& c) {
  return pairs(c, is_leaf, true);
}

// -- files and certificates --------------------------------------------------

/// Removes "." and "..", as far as the text alone tells.
std::string cleaned(std::string_view path) {
  std::vector<std::string> parts;
  for (auto& part : split_text(path, "/")) {
    if (part.empty() || part == ".")
      continue;
    if (part == ".." && !parts.empty() && parts.back() != "..")
      parts.pop_back();
    else if (part != ".." || !path.starts_with('/'))
      parts.push_back(std::move(part));
  }
  std::string out = path.starts_with('/') ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : "/") + parts[i];
  return out.empty() ? "." : out;
}

result<value> file(const call& c) {
  const auto given = trim_space(c.text(0));
  if (given.empty())
    return value::text("");
  const auto path = cleaned(given);
  const auto& sandbox = c.env.options().sandbox_path;
  if (!sandbox.empty()) {
    const auto inside = cleaned(sandbox);
    if (path != inside && !path.starts_with(inside + "/"))
      return failure("'" + path + "' is outside of sandbox");
  }
  return ask(c, dependency_kind::file, path, value::text(""));
}

result<value> ca_roots(const call& c) {
  return ask(c, dependency_kind::ca_roots, "",
             empty_list(ca_root_types().list));
}

result<value> ca_leaf(const call& c) {
  if (c.text(0).empty())
    return make_nil_pointer(leaf_types().pointer);
  return ask(c, dependency_kind::ca_leaf, c.text(0),
             make_nil_pointer(leaf_types().pointer));
}

// -- newer and other servers -------------------------------------------------

result<value> partitions(const call& c) {
  return ask(c, dependency_kind::partitions, "", make_any_list({}));
}

result<value> peerings(const call& c) {
  return ask(c, dependency_kind::peerings, "", make_any_list({}));
}

result<value> exported_services(const call& c) {
  return ask(c, dependency_kind::exported_services, "", make_any_list({}));
}

result<value> imported_services(const call& c) {
  return ask(c, dependency_kind::imported_services, "", make_any_list({}));
}

result<value> vault(const call&) {
  return failure("Vault is not supported");
}

result<value> nomad(const call&) {
  return failure("Nomad is not supported");
}

constexpr std::string_view any_texts = "func(...string) (interface {}, error)";

constexpr function_row rows[] = {
  {"caLeaf", "func(string) (interface {}, error)", ca_leaf},
  {"caRoots", "func(...string) ([]*api.CARoot, error)", ca_roots},
  {"connect", "func(...string) ([]*dependency.HealthService, error)", connect},
  {"datacenters", "func(...bool) ([]string, error)", datacenters},
  {"exportedServices", any_texts, exported_services},
  {"file", "func(string) (string, error)", file},
  {"importedServices", any_texts, imported_services},
  {"key", "func(string) (string, error)", key},
  {"keyExists", "func(string) (bool, error)", key_exists},
  {"keyOrDefault", "func(string, string) (string, error)", key_or_default},
  {"ls", "func(string) ([]*dependency.KeyPair, error)", ls},
  {"node", "func(...string) (*dependency.CatalogNode, error)", node},
  {"nodes", "func(...string) ([]*dependency.Node, error)", nodes},
  {"nomadService", any_texts, nomad},
  {"nomadServices", any_texts, nomad},
  {"nomadVar", any_texts, nomad},
  {"nomadVarExists", any_texts, nomad},
  {"nomadVarList", any_texts, nomad},
  {"nomadVarListSafe", any_texts, nomad},
  {"partitions", any_texts, partitions},
  {"peerings", any_texts, peerings},
  {"pkiCert", any_texts, vault},
  {"safeLs", "func(string) ([]*dependency.KeyPair, error)", safe_ls},
  {"safeTree", "func(string) ([]*dependency.KeyPair, error)", safe_tree},
  {"secret", any_texts, vault},
  {"secrets", any_texts, vault},
  {"service", "func(...string) ([]*dependency.HealthService, error)", service},
  {"services", "func(...string) ([]*dependency.CatalogSnippet, error)",
   services},
  {"tree", "func(string) ([]*dependency.KeyPair, error)", tree},
};

} // namespace

std::span<const function_row> dependency_rows() {
  return rows;
}

} // namespace praetor::templates
