#include "api/http/proxy_decode.hpp"
#include "api/http/registration_decode.hpp"
#include "api/http/registration_rules.hpp"
#include "api/http/registration_tables.hpp"

#include <array>
#include <chrono>
#include <utility>

namespace praetor::http {

namespace {

using catalog::check_definition_row;
using catalog::service_row;
using health::check_plan;

constexpr auto common_plan_members =
  definition_members<check_plan, &check_plan::how>
  + std::array<json_member<check_plan>, 6>{{
    field<&check_plan::name>("Name"),
    field<&check_plan::status>("Status"),
    field<&check_plan::notes>("Notes"),
    field<&check_plan::how, &check_definition_row::script_args>("Args"),
    field<&check_plan::success_before_passing>("SuccessBeforePassing"),
    field<&check_plan::failures_before_critical>("FailuresBeforeCritical"),
  }};

/// A check in the registration of a service.
constexpr auto service_check_members =
  common_plan_members
  + std::array<json_member<check_plan>, 4>{{
    field<&check_plan::id>("CheckID"),
    ignored<check_plan>("ServiceID", "service_id"),
    ignored<check_plan>("ProxyHTTP"),
    ignored<check_plan>("ProxyGRPC"),
  }};

/// A check of its own.
constexpr auto agent_check_members =
  common_plan_members
  + std::array<json_member<check_plan>, 3>{{
    field<&check_plan::id>("ID"),
    field<&check_plan::service_id>("ServiceID", "service_id"),
    field<&check_plan::token>("Token"),
  }};

/// What services and sidecars at an agent have in common.
struct agent_service_body {
  service_row row;
  std::optional<weights_body> weights;
  proxy_body proxy;
  check_plan check;
  std::vector<check_plan> checks;
  std::string token;
  bool native = false;
  /// There is a Connect.SidecarService: its whole object, as text.
  std::string sidecar;
};

status take_connect(const json_value& from, std::string_view name,
                    agent_service_body& to);

constexpr auto agent_service_members =
  common_service_members<agent_service_body>
  + std::array<json_member<agent_service_body>, 7>{{
    field<&agent_service_body::row, &service_row::name>("Name"),
    {"TaggedAddresses", take_tagged<agent_service_body>, "tagged_addresses"},
    {"Connect", take_connect},
    object<&agent_service_body::check, service_check_members>("Check"),
    objects<&agent_service_body::checks, service_check_members>("Checks"),
    field<&agent_service_body::token>("Token"),
    field<&agent_service_body::row, &service_row::enable_tag_override>(
      "enable_tag_override"),
  }};

constexpr json_member<agent_service_body> agent_connect_members[] = {
  field<&agent_service_body::native>("Native"),
  any<&agent_service_body::sidecar>("SidecarService", "sidecar_service"),
};

/// Unknown members are ignored, but those of the sidecar are not.
status take_connect(const json_value& from, std::string_view name,
                    agent_service_body& to) {
  return decode_object(from, name, agent_connect_members, to,
                       unknown_members::ignore);
}

error bad_request(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

status check_service(const agent_service_body& body) {
  const auto& row = body.row;
  if (is_any_address(row.address))
    return bad_request("Invalid service address");
  if (body.weights)
    if (auto why =
          weights_violation(body.weights->passing, body.weights->warning);
        !why.empty())
      return bad_request("Invalid Weights: " + why);
  if (row.meta)
    if (auto why = metadata_violation(*row.meta); !why.empty())
      return bad_request("Invalid Service Meta: " + why);
  return ok;
}

/// Checks the plans of a service and gives them ids and names.
status complete_plans(std::vector<check_plan>& plans, const service_row& row) {
  for (const auto& plan : plans)
    if (auto why = check_violation(plan); !why.empty())
      return bad_request("Invalid check: " + why);
  for (const auto& plan : plans)
    if (!plan.status.empty() && !is_check_status(plan.status))
      return bad_request(
        "Status for checks must 'passing', 'warning', 'critical'");
  auto number = 0;
  for (auto& plan : plans) {
    ++number;
    plan.service_id = row.id;
    if (plan.id.empty())
      plan.id = "service:" + row.id
                + (plans.size() > 1 ? ":" + std::to_string(number) : "");
    if (plan.name.empty())
      plan.name = "Service '" + row.name + "' check";
  }
  return ok;
}

/// Makes the message of a body whose id and name are set. `violations` of the
/// nesting of sidecars are added to those of the proxy.
result<agent::register_service>
complete(agent_service_body&& body,
         const std::vector<std::string>& violations) {
  if (auto done = check_service(body); !done)
    return done.error();
  agent::register_service out;
  auto& row = out.service = std::move(body.row);
  row.connect_native = body.native;
  if (auto why = proxy_violations(row, body.proxy, violations); !why.empty())
    return bad_request(std::move(why));
  store_proxy(body.proxy, row);
  if (body.weights) {
    row.weight_passing = body.weights->passing;
    row.weight_warning = body.weights->warning;
  }
  // "Check": {} is none; in "Checks" it is one that lacks everything.
  out.checks = std::move(body.checks);
  if (body.check != check_plan{})
    out.checks.insert(out.checks.begin(), std::move(body.check));
  if (auto done = complete_plans(out.checks, row); !done)
    return done.error();
  if (auto why = tagged_address_violation(row.tagged_addresses); !why.empty())
    return error{errc::rejected, std::move(why)};
  add_tagged_addresses(row);
  out.token = std::move(body.token);
  return out;
}

/// Fills in what a sidecar takes over from its service.
void inherit(agent_service_body& sidecar, const service_row& of,
             const std::string& token) {
  auto& row = sidecar.row;
  row.id = of.id + "-sidecar-proxy";
  if (row.name.empty())
    row.name = of.name + "-sidecar-proxy";
  if (row.kind.empty())
    row.kind = "connect-proxy";
  if (row.tags.empty())
    row.tags = of.tags;
  if (!row.meta)
    row.meta = of.meta;
  if (sidecar.token.empty())
    sidecar.token = token;
  auto& proxy = sidecar.proxy;
  if (proxy.destination_name.empty())
    proxy.destination_name = of.name;
  if (proxy.destination_id.empty())
    proxy.destination_id = of.id;
  if (proxy.local_address.empty())
    proxy.local_address = "127.0.0.1";
  if (proxy.local_port == 0)
    proxy.local_port = of.port;
}

/// Stands in for a port that is chosen later, so that validation passes.
constexpr std::int64_t some_port = 1;

result<agent::register_service> complete_sidecar(agent_service_body&& body,
                                                 const service_row& of,
                                                 const std::string& token) {
  inherit(body, of, token);
  const auto choose_port = body.row.port == 0;
  if (choose_port)
    body.row.port = some_port;
  auto out = complete(std::move(body), {});
  if (out && choose_port) {
    out->service.port = 0;
    for (auto& [tag, address] : out->service.tagged_addresses)
      if (address.port == some_port)
        address.port = 0;
  }
  return out;
}

} // namespace

result<service_registration>
decode_service_registration(std::string_view text) {
  auto body = decode_json(text, agent_service_members);
  if (!body)
    return bad_request("Request decode failed: " + body.error().context);
  std::optional<agent_service_body> sidecar;
  if (!body->sidecar.empty()) {
    auto inner = decode_json(body->sidecar, agent_service_members);
    if (!inner)
      return bad_request("Request decode failed: " + inner.error().context);
    sidecar = std::move(*inner);
  }
  auto& row = body->row;
  if (row.name.empty())
    return bad_request("Missing service name");
  if (row.id.empty())
    row.id = row.name;
  std::vector<std::string> violations;
  if (sidecar && !sidecar->row.id.empty())
    violations.emplace_back("A SidecarService cannot specify an ID as this is "
                            "managed by the agent");
  if (sidecar && !sidecar->sidecar.empty())
    violations.emplace_back(
      "A SidecarService cannot have a nested SidecarService");
  service_registration out;
  auto service = complete(std::move(*body), violations);
  if (!service)
    return service.error();
  out.service = std::move(*service);
  if (sidecar) {
    auto done = complete_sidecar(std::move(*sidecar), out.service.service,
                                 out.service.token);
    if (!done)
      return done.error();
    done->sidecar_of = out.service.service.id;
    out.sidecar = std::move(*done);
  }
  return out;
}

void complete_sidecar(agent::register_service& sidecar, std::int64_t port) {
  using namespace std::chrono_literals;
  auto& row = sidecar.service;
  if (row.port == 0) {
    row.port = port;
    for (auto& [tag, address] : row.tagged_addresses)
      if (address.port == 0)
        address.port = port;
  }
  if (!sidecar.checks.empty())
    return;
  const auto target = row.id.substr(0, row.id.rfind("-sidecar-proxy"));
  check_plan listening;
  listening.id = "service:" + row.id + ":1";
  listening.name = "Connect Sidecar Listening";
  listening.service_id = row.id;
  listening.how.tcp = "127.0.0.1:" + std::to_string(row.port);
  listening.how.interval = 10s;
  check_plan alias;
  alias.id = "service:" + row.id + ":2";
  alias.name = "Connect Sidecar Aliasing " + target;
  alias.service_id = row.id;
  alias.how.alias_service = target;
  sidecar.checks = {std::move(listening), std::move(alias)};
}

result<agent::register_check> decode_check_registration(std::string_view text) {
  auto plan = decode_json(text, agent_check_members);
  if (!plan)
    return bad_request("Request decode failed: " + plan.error().context);
  if (plan->name.empty())
    return bad_request("Missing check name");
  if (!plan->status.empty() && !is_check_status(plan->status))
    return bad_request("Bad check status");
  if (plan->id.empty())
    plan->id = plan->name;
  if (auto why = check_violation(*plan); !why.empty())
    return bad_request("Invalid check: " + why);
  agent::register_check out;
  out.check = std::move(*plan);
  return out;
}

bool runs_script(const health::check_plan& check) {
  return !check.how.script_args.empty();
}

error remote_scripts_disabled() {
  return {errc::rejected,
          "Scripts are disabled on this agent from remote calls; to enable, "
          "configure 'enable_script_checks' to true"};
}

} // namespace praetor::http
