// A small model of a Consul server: takes the requests that prepare a case and
// answers those of templates with the JSON that the real one sends.
//
// It starts like an empty development server: the node consul-server01 in dc1
// with the service consul.

#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates::cases {

class consul_model {
public:
  consul_model();

  /// Carries out a request of a case's setup.
  void apply(std::string_view method, std::string_view target,
             const rapidjson::Value* body);

  /// Returns the body for a GET; nothing is status 404.
  std::optional<std::string> answer(std::string_view target) const;

private:
  using document = rapidjson::Document;
  using texts = std::map<std::string, std::string>;

  struct check_state {
    texts fields; // CheckID, Name, Status, Notes, Output, ServiceID, Type
  };

  struct service_state {
    std::string id;
    std::string name;
    std::string address;
    std::string rest; // tags, meta, port, ... as JSON members
    std::vector<std::string> tags;
  };

  struct node_state {
    std::string address;
    std::string id;
    std::string rest; // tagged addresses and metadata as JSON members
    std::map<std::string, service_state> services;
    std::map<std::string, check_state> checks;
  };

  struct pair {
    std::string content;
    std::uint64_t flags = 0;
    std::uint64_t created = 0;
    std::uint64_t modified = 0;
  };

  void register_node(const rapidjson::Value& body);
  void add_service(node_state& to, const rapidjson::Value& x);
  void add_check(node_state& to, const rapidjson::Value& x);
  void deregister(const rapidjson::Value& body);
  void set_key(const std::string& key, const texts& query,
               const rapidjson::Value* body);

  std::string health(const std::string& name, const texts& query) const;
  std::string services() const;
  std::string nodes() const;
  std::string node_named(const std::string& name) const;
  std::optional<std::string> keys(const std::string& key,
                                  const texts& query) const;
  std::string node_json(const std::string& name, const node_state& x) const;
  std::string checks_json(const std::string& name, const node_state& x,
                          const service_state& of) const;

  std::map<std::string, node_state> nodes_;
  std::map<std::string, pair> keys_;
  std::uint64_t index_ = 10;
};

} // namespace praetor::templates::cases
