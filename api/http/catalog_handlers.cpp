// /v1/catalog: what is registered where.

#include "api/http/filtered_read.hpp"
#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/reads.hpp"
#include "api/http/registration_decode.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/json.hpp"

#include <utility>

namespace praetor::http {
namespace {

using catalog::query_kind;

read_style cached_style() {
  auto style = catalog_style();
  style.cacheable = true;
  return style;
}

/// Instances of a service, or of what stands before it (connect).
void read_instances(exchange x, query_kind kind) {
  if (x.rq.argument.empty())
    return x.respond(plain(400, "Missing service name"));
  catalog::query q;
  q.kind = kind;
  q.name = x.rq.argument;
  q.tags = parse_tags(x.rq);
  q.node_meta = parse_node_meta(x.rq);
  q.near = parse_near(x);
  read_filtered(std::move(x), std::move(q), cached_style(),
                {filter::service_node_schema()});
}

/// A node with its services, in the answer's member "Services".
void read_node(exchange x, query_kind kind) {
  if (x.rq.argument.empty())
    return x.respond(plain(400, "Missing node name"));
  catalog::query q;
  q.kind = kind;
  q.name = x.rq.argument;
  auto style = catalog_style();
  read_filtered(std::move(x), std::move(q), std::move(style),
                {filter::service_schema(), "Services"});
}

} // namespace

void catalog_register(exchange x) {
  auto command = decode_node_registration(x.rq.body, x.to.facts.datacenter);
  if (!command)
    return x.respond(failure(command.error()));
  submit_here(std::move(x), catalog::command{std::move(*command)});
}

void catalog_deregister(exchange x) {
  auto command = decode_node_deregistration(x.rq.body, x.to.facts.datacenter);
  if (!command)
    return x.respond(failure(command.error()));
  submit_here(std::move(x), catalog::command{std::move(*command)});
}

void catalog_datacenters(exchange x) {
  x.respond(json("[" + json_quote(x.to.facts.datacenter) + "]"));
}

void catalog_nodes(exchange x) {
  catalog::query q;
  q.kind = query_kind::nodes;
  q.node_meta = parse_node_meta(x.rq);
  q.near = parse_near(x);
  read_filtered(std::move(x), std::move(q), catalog_style(),
                {filter::node_schema()});
}

void catalog_services(exchange x) {
  catalog::query q;
  q.kind = query_kind::services;
  q.node_meta = parse_node_meta(x.rq);
  read_catalog(std::move(x), std::move(q), cached_style());
}

void catalog_service(exchange x) {
  read_instances(std::move(x), query_kind::service_nodes);
}

void catalog_connect(exchange x) {
  read_instances(std::move(x), query_kind::connect_nodes);
}

void catalog_node(exchange x) {
  read_node(std::move(x), query_kind::node);
}

void catalog_node_services(exchange x) {
  read_node(std::move(x), query_kind::node_services);
}

} // namespace praetor::http
