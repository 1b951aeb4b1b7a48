#include "tools/praetor/watch.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace praetor::tools {

namespace {

constexpr int status_not_found = 404;

/// Errors: the line to print.
error refuse(std::string line) {
  return {errc::invalid_argument, std::move(line)};
}

// -- plans --------------------------------------------------------------------

result<api_request> plan_key(const config::parsed_flags& flags) {
  if (flags.string("key").empty())
    return refuse("Must specify a single key to watch");
  return api_request{.path = "/v1/kv/" + flags.string("key")};
}

result<api_request> plan_prefix(const config::parsed_flags& flags) {
  if (flags.string("prefix").empty())
    return refuse("Must specify a single prefix to watch");
  return api_request{.path = "/v1/kv/" + flags.string("prefix"),
                     .query = {{"recurse", ""}}};
}

result<api_request> plan_services(const config::parsed_flags&) {
  return api_request{.path = "/v1/catalog/services"};
}

result<api_request> plan_nodes(const config::parsed_flags&) {
  return api_request{.path = "/v1/catalog/nodes"};
}

result<api_request> plan_service(const config::parsed_flags& flags) {
  const auto& service = flags.string("service");
  if (service.empty())
    return refuse("Must specify a single service to watch");
  api_request out{.path = "/v1/health/service/" + service};
  for (const auto& tag : flags.list("tag"))
    out.query.emplace("tag", tag);
  if (parse_bool(flags.string("passingonly")).value_or(false))
    out.query.emplace("passing", "1");
  return out;
}

result<api_request> plan_checks(const config::parsed_flags& flags) {
  const auto& service = flags.string("service");
  const auto& state = flags.string("state");
  if (!service.empty() && !state.empty())
    return refuse("Cannot specify service and state");
  if (!service.empty())
    return api_request{.path = "/v1/health/checks/" + service};
  return api_request{.path =
                       "/v1/health/state/" + (state.empty() ? "any" : state)};
}

result<api_request> plan_event(const config::parsed_flags& flags) {
  api_request out{.path = "/v1/event/list"};
  if (const auto& name = flags.string("name"); !name.empty())
    out.query.emplace("name", name);
  return out;
}

struct planner {
  std::string_view type;
  result<api_request> (*plan)(const config::parsed_flags&);
};

constexpr planner planners[] = {
  {"key", plan_key},       {"keyprefix", plan_prefix},
  {"nodes", plan_nodes},   {"service", plan_service},
  {"checks", plan_checks}, {"services", plan_services},
  {"event", plan_event},
};

constexpr std::string_view configuration_only[] = {
  "agent_service", "connect_leaf", "connect_roots"};

// -- order of members ---------------------------------------------------------

using names = std::span<const std::string_view>;

constexpr std::string_view entry_names[] = {
  "Key",   "CreateIndex", "ModifyIndex", "LockIndex",
  "Flags", "Value",       "Session"};

constexpr std::string_view service_names[] = {
  "Kind",        "ID",
  "Service",     "Tags",
  "Meta",        "Port",
  "Address",     "TaggedAddresses",
  "Weights",     "EnableTagOverride",
  "CreateIndex", "ModifyIndex",
  "Proxy",       "Connect"};

/// Moves the named members to the front, in that order.
void reorder(json_value& object, names order) {
  std::ranges::stable_sort(object.members, {}, [order](const auto& x) {
    return std::ranges::find(order, x.first) - order.begin();
  });
}

void reorder_data(std::string_view type, json_value& data) {
  if (type == "services")
    std::ranges::sort(data.members, {}, &json_value::member::first);
  const bool entries = type == "key" || type == "keyprefix";
  for (auto& item : data.items) {
    if (entries) {
      // Go's struct always has the member.
      if (item["Session"].kind == json_kind::null)
        item.members.emplace_back("Session",
                                  json_value{.kind = json_kind::string});
      reorder(item, entry_names);
    }
    if (type == "service")
      for (auto& [name, part] : item.members)
        if (name == "Service")
          reorder(part, service_names);
  }
}

} // namespace

result<watch_plan> plan_watch(const config::parsed_flags& flags) {
  const auto& type = flags.string("type");
  if (std::ranges::count(configuration_only, type) > 0)
    return refuse("Type " + type + " is not supported in the CLI tool");
  if (const auto& text = flags.string("passingonly");
      !text.empty() && !parse_bool(text))
    return refuse("Failed to parse passingonly flag: strconv.ParseBool: "
                  "parsing "
                  + config::go_quote(text) + ": invalid syntax");
  const auto* found = std::ranges::find(planners, type, &planner::type);
  if (found == std::end(planners))
    return refuse("Unsupported watch type: " + type);
  auto request = found->plan(flags);
  if (!request)
    return request.error();
  return watch_plan{type, std::move(*request)};
}

api_request watch_state::next() const {
  auto out = plan_.request;
  if (index_ != 0)
    out.query.emplace("index", std::to_string(index_));
  return out;
}

result<std::optional<json_value>> watch_state::take(const http_answer& answer) {
  json_value data;
  if (answer.status != status_not_found) {
    auto tree = parse_json(answer.body);
    if (!tree)
      return tree.error();
    data = std::move(*tree);
  }
  // An index that goes back means that the state was restored. Those of events
  // are hashes and have no order.
  const bool events = plan_.type == "event";
  index_ = answer.index < index_ && !events ? 0 : answer.index;
  reorder_data(plan_.type, data);
  if (plan_.type == "key")
    data = data.items.empty() ? json_value{} : json_value{data.items.front()};
  if (events)
    drop_old_events(data);
  auto text = to_json(data);
  const bool nothing_new = events && shown_ && data.items.empty();
  if (shown_ == text || nothing_new)
    return std::optional<json_value>{};
  shown_ = std::move(text);
  return std::optional{std::move(data)};
}

void watch_state::drop_old_events(json_value& events) {
  auto& items = events.items;
  const auto last = std::ranges::find(
    items, last_event_, [](const json_value& x) { return x["ID"].text(); });
  if (last != items.end())
    items.erase(items.begin(), last + 1);
  if (!items.empty())
    last_event_ = items.back()["ID"].text();
}

duration retry_delay(int failures) {
  constexpr duration step = std::chrono::seconds{5};
  constexpr duration most = std::chrono::minutes{3};
  constexpr int failures_max = 6; // 5 s * 6 * 6 is the maximum
  const int count = std::min(failures, failures_max);
  return std::min(step * count * count, most);
}

} // namespace praetor::tools
