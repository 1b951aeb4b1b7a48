// /v1/health: checks, and services with their checks.

#include "api/http/filtered_read.hpp"
#include "api/http/handlers.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"

#include <string>
#include <utility>

namespace praetor::http {
namespace {

using catalog::query_kind;

/// A list of checks; the path's argument says whose. `missing` is the sentence
/// if there is none.
void read_checks(exchange x, query_kind kind, std::string missing) {
  if (x.rq.argument.empty())
    return x.respond(plain(400, std::move(missing)));
  catalog::query q;
  q.kind = kind;
  q.name = x.rq.argument;
  if (kind != query_kind::checks_of_node) {
    q.node_meta = parse_node_meta(x.rq);
    q.near = parse_near(x);
  }
  read_filtered(std::move(x), std::move(q), catalog_style(),
                {filter::check_schema()});
}

void read_entries(exchange x, query_kind kind) {
  if (x.rq.argument.empty())
    return x.respond(plain(400, "Missing service name"));
  const auto passing = parse_flag(x.rq, "passing");
  if (!passing)
    return x.respond(plain(400, "Invalid value for ?passing"));
  catalog::query q;
  q.kind = kind;
  q.name = x.rq.argument;
  q.tags = parse_tags(x.rq);
  q.node_meta = parse_node_meta(x.rq);
  q.passing = *passing;
  q.near = parse_near(x);
  auto style = catalog_style();
  style.cacheable = true;
  read_filtered(std::move(x), std::move(q), std::move(style),
                {filter::health_entry_schema()});
}

} // namespace

void health_node(exchange x) {
  read_checks(std::move(x), query_kind::checks_of_node, "Missing node name");
}

void health_checks(exchange x) {
  read_checks(std::move(x), query_kind::checks_of_service,
              "Missing service name");
}

void health_state(exchange x) {
  read_checks(std::move(x), query_kind::checks_in_state, "Missing check state");
}

void health_service(exchange x) {
  read_entries(std::move(x), query_kind::health_service);
}

void health_connect(exchange x) {
  read_entries(std::move(x), query_kind::health_connect);
}

} // namespace praetor::http
