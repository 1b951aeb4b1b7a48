// A catalog core with short words for what tests do to it.

#pragma once

#include "actors/catalog/core/catalog_core.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace praetor::catalog {

inline node_row make_node(std::string name, std::string address = "10.0.0.1") {
  node_row out;
  out.name = std::move(name);
  out.address = std::move(address);
  out.datacenter = "dc1";
  return out;
}

inline service_row make_service(std::string id, std::string name) {
  service_row out;
  out.id = std::move(id);
  out.name = std::move(name);
  return out;
}

inline service_row make_proxy(std::string id, std::string name,
                              std::string destination) {
  auto out = make_service(std::move(id), std::move(name));
  out.kind = "connect-proxy";
  out.port = 1;
  out.proxy_destination = std::move(destination);
  return out;
}

inline check_row make_check(std::string id, std::string status,
                            std::string service_id = {}) {
  check_row out;
  out.id = std::move(id);
  out.name = out.id;
  out.status = std::move(status);
  out.service_id = std::move(service_id);
  return out;
}

inline register_node registration(node_row node) {
  register_node out;
  out.node = std::move(node);
  return out;
}

inline register_node registration(node_row node, service_row service) {
  auto out = registration(std::move(node));
  out.service = std::move(service);
  return out;
}

inline register_node registration(node_row node, check_row check) {
  auto out = registration(std::move(node));
  out.checks.push_back(std::move(check));
  return out;
}

inline query ask(query_kind kind, std::string name = {}) {
  query out;
  out.kind = kind;
  out.name = std::move(name);
  return out;
}

/// Whether one of the names that moved is one that the query depends on.
inline bool concerns(const std::vector<std::string>& touched, const query& q) {
  const auto topics = topics_of(q);
  return std::any_of(touched.begin(), touched.end(), [&topics](const auto& x) {
    return std::any_of(topics.begin(), topics.end(), [&x](const topic& t) {
      return t.prefix ? x.starts_with(t.name) : x == t.name;
    });
  });
}

/// Applies commands at indexes 100, 101, ...
struct catalog_fixture {
  catalog_core core;
  log_index next = 100;

  command_result apply(const command& x) { return core.apply(next++, 0, x); }

  log_index index(const query& q) const { return core.evaluate(q).index; }

  std::string body(const query& q) const { return *core.evaluate(q).body; }
};

} // namespace praetor::catalog
