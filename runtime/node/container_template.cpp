#include "runtime/node/container_template.hpp"

#include "actors/template/core/environment.hpp"
#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/go_json.hpp"
#include "actors/template/core/render.hpp"
#include "runtime/net/http_session.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

namespace praetor::node {

namespace {

using namespace templates;

constexpr std::chrono::seconds read_time_max{10};
/// Up to here a double is exactly the number that was written.
constexpr double exact_max = 9007199254740992.0;

/// The fields of go-dockerclient's Container.
constexpr std::string_view container_fields[] = {
  "ID",           "Created",
  "Path",         "Args",
  "Config",       "State",
  "Image",        "NetworkSettings",
  "SysInitPath",  "ResolvConfPath",
  "HostnamePath", "HostsPath",
  "LogPath",      "Name",
  "Driver",       "Mounts",
  "Volumes",      "VolumesRW",
  "HostConfig",   "ExecIDs",
  "GraphDriver",  "RestartCount",
  "Platform",     "SizeRw",
  "SizeRootFs",   "AppArmorProfile",
  "MountLabel",   "ProcessLabel",
};

// -- the container as a value
// ---------------------------------------------------

bool all_texts(const value& x) {
  const auto is_text = [](const value& y) { return y.what() == kind::text; };
  if (x.what() == kind::list)
    return std::ranges::all_of(x.as_list().items, is_text);
  return std::ranges::all_of(x.as_map().entries, [&](const auto& entry) {
    return is_text(entry.second);
  });
}

/// JSON as Go's structs would hold it: whole numbers, lists and maps of texts.
value typed(const value& x) {
  switch (x.what()) {
    case kind::float64:
      if (x.as_real() == std::floor(x.as_real())
          && std::abs(x.as_real()) <= exact_max)
        return value::integer(static_cast<std::int64_t>(x.as_real()));
      return x;
    case kind::list: {
      std::vector<value> items;
      for (const auto& item : x.as_list().items)
        items.push_back(typed(item.unbox()));
      auto out = make_any_list(items);
      return all_texts(out) ? make_list(type_named("[]string"), items) : out;
    }
    case kind::map: {
      const auto out = all_texts(x) ? make_map(type_named("map[string]string"))
                                    : make_any_map();
      for (const auto& [key, item] : x.as_map().entries)
        put(out, key.as_text(), typed(item.unbox()));
      return out;
    }
    default: return x;
  }
}

const type_ref& container_type() {
  static const type_ref out = [] {
    auto x = std::make_shared<type>();
    x->what = kind::record;
    x->name = "docker.Container";
    x->named = true;
    for (const auto name : container_fields)
      x->fields.push_back({std::string{name}, type_named("interface {}")});
    return x;
  }();
  return out;
}

result<value> container_value(const std::string& document) {
  const auto json = parse_json(document);
  if (!json)
    return json.error();
  if (json->what() != kind::map)
    return error{errc::corruption, "the engine answered no container"};
  std::vector<value> fields;
  for (const auto name : container_fields) {
    const auto* found = find(*json, name == "ID" ? "Id" : name);
    fields.push_back(found == nullptr ? value{} : typed(found->unbox()));
  }
  return make_pointer(make_record(container_type(), std::move(fields)));
}

// -- functions
// ------------------------------------------------------------------

/// A machine on which there is nothing but, perhaps, the web.
class reading_host final : public host {
public:
  explicit reading_host(const url_reader& f) : read{f} {}

  std::optional<std::string> variable(const std::string&) override {
    return std::nullopt;
  }
  std::int64_t now_ns() override { return 0; }
  std::uint64_t random() override { return 0; }
  result<program_outcome>
  run_program(const std::vector<std::string>&) override {
    return error{errc::rejected, "no programs here"};
  }
  status write_file(const file_order&) override {
    return error{errc::rejected, "no files here"};
  }
  std::vector<interface_address> addresses() override { return {}; }

  const url_reader& read; // not null where there is httpGet
};

/// Counts from the end if it is negative; beyond the ends are the ends.
value item_at(std::int64_t i, const std::vector<std::string>& from) {
  if (from.empty())
    return value::text({});
  const auto size = static_cast<std::int64_t>(from.size());
  const auto at =
    i < 0 ? std::max<std::int64_t>(size + i, 0) : std::min(i, size - 1);
  return value::text(from[static_cast<std::size_t>(at)]);
}

result<value> str_slice(const call& c) {
  const auto& text = c.text(0);
  const auto size = static_cast<std::int64_t>(text.size());
  const auto from = c.size() > 1 ? c[1].as_integer() : 0;
  const auto to = c.size() > 2 ? c[2].as_integer() : size;
  if (from < 0 || from > size || to > size || to < 0)
    return c[0];
  const auto start = static_cast<std::size_t>(from);
  return value::text(
    to < from ? text.substr(start)
              : text.substr(start, static_cast<std::size_t>(to) - start));
}

result<value> s_index(const call& c) {
  return item_at(c[0].as_integer(), texts_of(c[1]));
}

result<value> m_index(const call& c) {
  const auto* found = find(c[1], c.text(0));
  return found == nullptr ? value::text({}) : *found;
}

result<value> replace(const call& c) {
  const auto count = c[0].as_integer();
  return bounded(replace_text(c.text(3), c.text(1), c.text(2),
                              static_cast<std::size_t>(count)));
}

result<value> split(const call& c) {
  return make_texts(split_text(c.text(1), c.text(0)));
}

result<value> split_index(const call& c) {
  return item_at(c[0].as_integer(), split_text(c.text(2), c.text(1)));
}

result<std::vector<std::string>> matching(const call& c) {
  const auto pattern = c.env.pattern(c.text(0));
  if (!pattern)
    return pattern.error();
  std::vector<std::string> out;
  for (auto& text : texts_of(c[1]))
    if (re2::RE2::PartialMatch(text, **pattern))
      out.push_back(std::move(text));
  return out;
}

result<value> match_first(const call& c) {
  const auto found = matching(c);
  if (!found)
    return found.error();
  return value::text(found->empty() ? "" : found->front());
}

result<value> match_all(const call& c) {
  auto found = matching(c);
  if (!found)
    return found.error();
  return make_texts(std::move(*found));
}

result<value> http_get(const call& c) {
  return bounded(static_cast<reading_host&>(c.env.machine()).read(c.text(0)));
}

/// "a::b" of {"a": {"b": 1}}; what is not there is "".
result<value> json_parse(const call& c) {
  auto at = parse_json(c.text(0));
  if (!at)
    return value::text({});
  for (const auto& key : split_text(c.text(1), "::")) {
    const auto* found = at->what() == kind::map ? find(*at, key) : nullptr;
    if (found == nullptr)
      return value::text({});
    at = value{found->unbox()};
  }
  return typed(*at);
}

constexpr function_row rows[] = {
  {"strSlice", "func(string, ...int) string", str_slice},
  {"sIndex", "func(int, []string) string", s_index},
  {"mIndex", "func(string, map[string]string) string", m_index},
  {"replace", "func(int, string, string, string) string", replace},
  {"split", "func(string, string) []string", split},
  {"splitIndex", "func(int, string, string) string", split_index},
  {"matchFirstElement", "func(string, []string) (string, error)", match_first},
  {"matchAllElements", "func(string, []string) ([]string, error)", match_all},
  {"jsonParse", "func(string, string) interface {}", json_parse},
};

constexpr function_row reading_rows[] = {
  {"httpGet", "func(string) string", http_get},
};

const function_table& functions(bool reading) {
  static const auto make = [](bool with) {
    function_table out;
    for (const auto* name : {"toUpper", "toLower", "join"})
      out.emplace(name, consul_functions().at(name));
    add_functions(out, rows);
    if (with)
      add_functions(out, reading_rows);
    return out;
  };
  static const function_table plain = make(false);
  static const function_table all = make(true);
  return reading ? all : plain;
}

} // namespace

result<registrator::container_text> container_template(std::string_view text,
                                                       url_reader read) {
  const bool reading = read != nullptr;
  auto parsed = parse_template(text, {.name = "tags"}, functions(reading));
  if (!parsed)
    return parsed.error();
  return registrator::container_text{
    [parsed = std::move(*parsed), read = std::move(read)](
      const std::string& document) -> result<std::string> {
      const auto dot = container_value(document);
      if (!dot)
        return dot.error();
      reading_host machine{read};
      render_options how;
      how.missing = missing_key::invalid;
      auto done = render(parsed, data_cache{}, machine, how, *dot);
      if (done.error)
        return error{errc::invalid_argument, std::move(*done.error)};
      return std::move(done.output);
    }};
}

std::string read_url(const std::string& text) {
  const auto where = net::parse_url(text);
  if (!where)
    return {};
  net::http_place place;
  place.host = where->host;
  place.port = where->port;
  place.tls = where->scheme == "https";
  place.time_limit = read_time_max;
  boost::asio::io_context io{1};
  const auto session = net::make_http_session(io, std::move(place));
  if (!session)
    return {};
  // Shared: the last copy of the reply may go with `io`.
  const auto out = std::make_shared<std::string>();
  const std::weak_ptr<http_client> client = *session;
  (*session)->send({"GET", where->target, {}, {}},
                   reply<http_answer>{[out, client](const auto& x) {
                     if (x)
                       *out = x->body;
                     if (const auto still = client.lock())
                       still->stop();
                   }});
  io.run_for(read_time_max);
  return *out;
}

} // namespace praetor::node
