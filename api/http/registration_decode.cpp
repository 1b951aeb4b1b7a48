#include "api/http/registration_decode.hpp"

#include "api/http/proxy_decode.hpp"
#include "api/http/registration_rules.hpp"
#include "api/http/registration_tables.hpp"

#include <array>
#include <utility>

namespace praetor::http {

namespace {

using catalog::check_definition_row;
using catalog::check_row;
using catalog::node_row;
using catalog::service_row;

error bad_request(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

error refused(std::string text) {
  return {errc::rejected, std::move(text)};
}

// -- tables: nodes

constexpr json_member<node_row> node_members[] = {
  field<&node_row::id>("ID"),
  field<&node_row::name>("Node"),
  field<&node_row::address>("Address"),
  field<&node_row::datacenter>("Datacenter"),
  field<&node_row::tagged_addresses>("TaggedAddresses"),
  field<&node_row::meta>("Meta"),
  ignored<node_row>("CreateIndex"),
  field<&node_row::modify_index>("ModifyIndex"),
};

// -- tables: services

struct connect_body {
  bool native = false;
};

constexpr json_member<connect_body> connect_members[] = {
  field<&connect_body::native>("Native"),
};

/// A service at the catalog.
struct service_body {
  service_row row;
  std::optional<weights_body> weights;
  proxy_body proxy;
  connect_body connect;
};

constexpr auto service_members =
  common_service_members<service_body>
  + std::array<json_member<service_body>, 5>{{
    field<&service_body::row, &service_row::name>("Service"),
    {"TaggedAddresses", take_tagged<service_body>},
    object<&service_body::connect, connect_members, unknown_members::ignore>(
      "Connect"),
    ignored<service_body>("CreateIndex"),
    field<&service_body::row, &service_row::modify_index>("ModifyIndex"),
  }};

/// Moves what was decoded into the row. Unusable weights become 1/1.
service_row finish(service_body&& body) {
  auto row = std::move(body.row);
  row.connect_native = body.connect.native;
  store_proxy(body.proxy, row);
  if (body.weights
      && weights_violation(body.weights->passing, body.weights->warning)
           .empty()) {
    row.weight_passing = body.weights->passing;
    row.weight_warning = body.weights->warning;
  }
  return row;
}

// -- tables: checks

constexpr auto plain_definition_members =
  definition_members<check_definition_row>;

/// A check at the catalog.
constexpr json_member<check_row> check_members[] = {
  field<&check_row::node>("Node"),
  field<&check_row::id>("CheckID"),
  field<&check_row::name>("Name"),
  field<&check_row::status>("Status"),
  field<&check_row::notes>("Notes"),
  field<&check_row::output>("Output"),
  field<&check_row::service_id>("ServiceID"),
  field<&check_row::service_name>("ServiceName"),
  field<&check_row::service_tags>("ServiceTags"),
  field<&check_row::type>("Type"),
  object<&check_row::definition, plain_definition_members,
         unknown_members::ignore>("Definition"),
  ignored<check_row>("CreateIndex"),
  field<&check_row::modify_index>("ModifyIndex"),
};

// -- tables: whole registrations

struct node_body {
  node_row node;
  bool skip_node_update = false;
  std::optional<service_body> service;
  std::optional<check_row> check;
  std::vector<check_row> checks;
};

constexpr json_member<node_body> node_body_members[] = {
  field<&node_body::node, &node_row::id>("ID"),
  field<&node_body::node, &node_row::name>("Node"),
  field<&node_body::node, &node_row::address>("Address"),
  field<&node_body::node, &node_row::datacenter>("Datacenter"),
  field<&node_body::node, &node_row::tagged_addresses>("TaggedAddresses"),
  field<&node_body::node, &node_row::meta>("NodeMeta"),
  field<&node_body::skip_node_update>("SkipNodeUpdate"),
  object<&node_body::service, service_members>("Service"),
  object<&node_body::check, check_members>("Check"),
  objects<&node_body::checks, check_members>("Checks"),
  ignored<node_body>("CreateIndex"),
  ignored<node_body>("ModifyIndex"),
  ignored<node_body>("Token"),
};

struct deregistration_body {
  std::string datacenter;
  catalog::deregister_node command;
};

constexpr json_member<deregistration_body> deregistration_members[] = {
  field<&deregistration_body::datacenter>("Datacenter"),
  field<&deregistration_body::command, &catalog::deregister_node::node>("Node"),
  field<&deregistration_body::command, &catalog::deregister_node::service_id>(
    "ServiceID"),
  field<&deregistration_body::command, &catalog::deregister_node::check_id>(
    "CheckID"),
  ignored<deregistration_body>("Address"),
  ignored<deregistration_body>("Token"),
};

// -- catalog

/// Fills in what the catalog's checks have by default.
void complete(check_row& check, const std::string& node) {
  if (check.id.empty())
    check.id = check.name;
  if (check.node.empty())
    check.node = node;
  if (check.status.empty())
    check.status = "critical";
  if (check.type.empty())
    check.type = check_type(check.definition);
}

status check_node(const node_body& body) {
  if (body.node.name.empty())
    return refused("Must provide node");
  if (body.node.address.empty() && !body.skip_node_update)
    return refused("Must provide address if SkipNodeUpdate is not set");
  if (!body.node.id.empty())
    if (const auto why = node_id_violation(body.node.id); !why.empty())
      return refused("Bad node ID: " + why);
  return ok;
}

/// Checks and completes the service of a catalog registration.
status complete(service_body& body, const std::string& node) {
  auto& row = body.row;
  row.connect_native = body.connect.native;
  if (auto why = proxy_violations(row, body.proxy); !why.empty())
    return refused(std::move(why));
  if (row.id.empty())
    row.id = row.name;
  if (!row.id.empty() && row.name.empty())
    return refused("Must provide service name with ID");
  if (is_any_address(row.address))
    return refused("Invalid service address");
  if (row.id.empty())
    return refused("failed inserting service: failed inserting service: "
                   "object missing primary index");
  if (row.meta)
    if (const auto why = metadata_violation(*row.meta); !why.empty())
      return refused("failed inserting service: Invalid Service Meta for node "
                     + node + " and serviceID " + row.id + ": " + why);
  row.node = node;
  return ok;
}

status complete_checks(std::vector<check_row>& checks,
                       const std::string& node) {
  for (auto& check : checks) {
    complete(check, node);
    if (check.node != node)
      return refused("check node \"" + check.node + "\" does not match node \""
                     + node + "\"");
    if (check.id.empty())
      return refused("failed inserting check: failed inserting check: object "
                     "missing primary index on node \""
                     + node + "\"");
  }
  return ok;
}

/// Indexes are accepted for the sake of clients that send back what they read.
void forget_indexes(catalog::register_node& command) {
  if (command.service)
    command.service->modify_index = 0;
  for (auto& check : command.checks)
    check.modify_index = 0;
}

/// Returns the refusal of a body at the catalog.
error catalog_decode_failure(const error& e) {
  // Consul says where the member would be known.
  const auto enterprise = e.context == json_unknown_field("Namespace").context;
  return bad_request(
    "Request decode failed: " + e.context
    + (enterprise ? " - Namespaces are a Consul Enterprise feature" : ""));
}

status check_datacenter(const std::string& wanted, const std::string& own) {
  if (!wanted.empty() && wanted != own)
    return refused("No path to datacenter");
  return ok;
}

} // namespace

result<catalog::register_node>
decode_node_registration(std::string_view text,
                         const std::string& own_datacenter) {
  auto body = decode_json(text, node_body_members);
  if (!body)
    return catalog_decode_failure(body.error());
  auto& node = body->node;
  if (auto done = check_datacenter(node.datacenter, own_datacenter); !done)
    return done.error();
  if (auto done = check_node(*body); !done)
    return done.error();
  if (body->service)
    if (auto done = complete(*body->service, node.name); !done)
      return done.error();
  if (body->check)
    body->checks.push_back(std::move(*body->check));
  if (auto done = complete_checks(body->checks, node.name); !done)
    return done.error();
  catalog::register_node command;
  command.node = std::move(node);
  command.node.datacenter = own_datacenter;
  command.skip_node_update = body->skip_node_update;
  if (body->service)
    command.service = finish(std::move(*body->service));
  command.checks = std::move(body->checks);
  forget_indexes(command);
  return command;
}

result<catalog::deregister_node>
decode_node_deregistration(std::string_view text,
                           const std::string& own_datacenter) {
  auto body = decode_json(text, deregistration_members);
  if (!body)
    return catalog_decode_failure(body.error());
  if (auto done = check_datacenter(body->datacenter, own_datacenter); !done)
    return done.error();
  if (body->command.node.empty())
    return refused("Must provide node");
  return std::move(body->command);
}

// -- transactions

status take_node_row(const json_value& from, std::string_view field,
                     node_row& to) {
  return decode_object(from, field, node_members, to);
}

status take_service_row(const json_value& from, std::string_view field,
                        service_row& to) {
  service_body body;
  if (auto done = decode_object(from, field, service_members, body); !done)
    return done;
  to = finish(std::move(body));
  return ok;
}

status take_check_row(const json_value& from, std::string_view field,
                      check_row& to) {
  return decode_object(from, field, check_members, to);
}

} // namespace praetor::http
