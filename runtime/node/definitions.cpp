#include "runtime/node/definitions.hpp"

#include "api/http/registration_rules.hpp"

#include <utility>

namespace praetor::node {

namespace {

health::check_plan plan_of(const config::check_definition& x) {
  health::check_plan out;
  out.id = x.id.empty() ? x.name : x.id;
  out.name = x.name;
  out.notes = x.notes;
  out.status = x.status;
  out.service_id = x.service_id;
  out.token = x.token;
  out.success_before_passing = x.success_before_passing;
  out.failures_before_critical = x.failures_before_critical;
  auto& how = out.how;
  how.interval = x.interval;
  how.timeout = x.timeout;
  how.deregister_after = x.deregister_critical_service_after;
  how.output_max_size = x.output_max_size;
  how.http = x.http;
  how.tls_skip_verify = x.tls_skip_verify;
  how.header = x.header;
  how.method = x.method;
  how.body = x.body;
  how.tcp = x.tcp;
  how.script_args = x.args;
  how.docker_container_id = x.docker_container_id;
  how.shell = x.shell;
  how.grpc = x.grpc;
  how.grpc_use_tls = x.grpc_use_tls;
  how.alias_node = x.alias_node;
  how.alias_service = x.alias_service;
  how.ttl = x.ttl;
  return out;
}

/// Gives the checks of a service the ids and names that they lack.
std::vector<health::check_plan> checks_of(const config::service_definition& x,
                                          const std::string& service_id) {
  std::vector<health::check_plan> out;
  for (std::size_t i = 0; i < x.checks.size(); ++i) {
    auto plan = plan_of(x.checks[i]);
    plan.service_id = service_id;
    if (plan.id.empty())
      plan.id = "service:" + service_id
                + (x.checks.size() > 1 ? ":" + std::to_string(i + 1) : "");
    if (plan.name.empty())
      plan.name = "Service '" + x.name + "' check";
    out.push_back(std::move(plan));
  }
  return out;
}

catalog::service_row row_of(const config::service_definition& x) {
  catalog::service_row out;
  out.id = x.id.empty() ? x.name : x.id;
  out.name = x.name;
  out.kind = x.kind;
  out.tags = x.tags;
  out.address = x.address;
  out.port = x.port;
  out.meta = x.meta;
  for (const auto& [name, where] : x.tagged_addresses)
    out.tagged_addresses[name] = {where.address, where.port};
  if (x.weights) {
    out.weight_passing = x.weights->passing;
    out.weight_warning = x.weights->warning;
  }
  out.enable_tag_override = x.enable_tag_override;
  http::add_tagged_addresses(out);
  return out;
}

error invalid(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

status check_service(const agent::register_service& x) {
  const auto& row = x.service;
  if (row.name.empty())
    return invalid("Missing service name");
  const auto violation = [&row](const std::string& text) {
    return invalid("Failed to validate service \"" + row.id + "\": " + text);
  };
  if (http::is_any_address(row.address))
    return violation("Invalid service address");
  if (auto text =
        http::weights_violation(row.weight_passing, row.weight_warning);
      !text.empty())
    return violation("Invalid weight definition: " + text);
  if (auto text = http::metadata_violation(*row.meta); !text.empty())
    return violation(text);
  if (auto text = http::tagged_address_violation(row.tagged_addresses);
      !text.empty())
    return violation(text);
  for (const auto& check : x.checks)
    if (auto text = http::check_violation(check); !text.empty())
      return invalid("Failed to validate checks for service \"" + row.name
                     + "\": " + text);
  return ok;
}

} // namespace

result<agent::load_definitions> definitions_of(const config::settings& x) {
  agent::load_definitions out;
  for (const auto& definition : x.services) {
    agent::register_service entry;
    entry.service = row_of(definition);
    entry.token = definition.token;
    entry.checks = checks_of(definition, entry.service.id);
    entry.from = agent::origin::file;
    if (auto checked = check_service(entry); !checked)
      return checked.error();
    out.services.push_back(std::move(entry));
  }
  for (const auto& definition : x.checks) {
    auto plan = plan_of(definition);
    if (plan.name.empty())
      return invalid("Missing check name");
    if (auto text = http::check_violation(plan); !text.empty())
      return invalid("Failed to validate check \"" + plan.name + "\": " + text);
    out.checks.push_back({std::move(plan), agent::origin::file, {}});
  }
  return out;
}

} // namespace praetor::node
