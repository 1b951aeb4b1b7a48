#include "actors/leader/core/members.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace praetor::leader {

namespace {

using catalog::registered_node;
using gossip::member_facts;
using gossip::member_status;
using gossip::pool_member;

constexpr auto passing = "passing";
constexpr auto critical = "critical";

std::string tag(const member_facts& x, const char* name) {
  const auto found = x.tags.find(name);
  return found == x.tags.end() ? std::string{} : found->second;
}

catalog::check_row serf_health(const std::string& node, bool alive) {
  catalog::check_row out;
  out.node = node;
  out.id = catalog::serf_check;
  out.name = "Serf Health Status";
  out.status = alive ? passing : critical;
  out.output =
    alive ? "Agent alive and reachable" : "Agent not live or unreachable";
  return out;
}

/// Compares a pool with the catalog, member by member.
class comparison {
public:
  explicit comparison(const member_round& x) : round_{x} {
    for (const auto& node : x.nodes)
      nodes_.emplace(to_lower(node.node.name), &node);
    for (const auto& member : x.members) {
      const auto name = to_lower(member.facts->name);
      names_.insert(name);
      if (member.status != member_status::alive)
        continue;
      auto& owner = living_[to_lower(member.facts->node_id)];
      const auto known = nodes_.find(name);
      if (owner.empty()
          || (known != nodes_.end() && is_same(*member.facts, *known->second)))
        owner = name;
    }
  }

  std::vector<correction> run() {
    for (const auto& x : round_.nodes)
      look_for_member_of(x);
    for (const auto& x : round_.members)
      look_at(x);
    // A name must be free before somebody else can have it.
    std::move(joins_.begin(), joins_.end(), std::back_inserter(losses_));
    return std::move(losses_);
  }

private:
  void look_at(const pool_member& x) {
    const auto found = nodes_.find(to_lower(x.facts->name));
    const auto* known = found == nodes_.end() ? nullptr : found->second;
    switch (x.status) {
      case member_status::alive: return on_alive(*x.facts, known);
      case member_status::failed: return on_failed(*x.facts, known);
      case member_status::left: return on_left(*x.facts, known);
      case member_status::leaving: return; // until it has left
    }
  }

  void on_alive(const member_facts& x, const registered_node* known) {
    if (living_.at(to_lower(x.node_id)) != to_lower(x.name))
      joins_.push_back({member_event::refused, x.name, std::nullopt});
    else if (known != nullptr && holds_its_name(x, *known))
      mark_failed(*known); // the pool has given its name away
    else if (known == nullptr || !shows(*known, x))
      joins_.push_back({member_event::joined, x.name, joining(x, known)});
  }

  void on_failed(const member_facts& x, const registered_node* known) {
    if (known != nullptr && is_same(x, *known)
        && known->serf_status != critical)
      mark_failed(*known);
  }

  void on_left(const member_facts& x, const registered_node* known) {
    if (known != nullptr && is_same(x, *known) && x.node_id != round_.self)
      remove(*known, member_event::left);
  }

  /// Those who never were members have no id or no such check.
  void look_for_member_of(const registered_node& x) {
    const auto name = to_lower(x.node.name);
    if (!x.serf_status || x.node.id.empty() || names_.contains(name)
        || living_.contains(to_lower(x.node.id)))
      return;
    if (round_.vanished.contains(name)
        || (round_.settled && sees_most_servers()))
      remove(x, member_event::forgotten);
  }

  /// A leader that hardly sees any of the servers that the catalog believes
  /// alive does not see the pool, only a piece of it.
  bool sees_most_servers() const {
    std::size_t known = 0;
    std::size_t seen = 0;
    for (const auto& x : round_.nodes) {
      if (!x.server || x.serf_status != passing)
        continue;
      ++known;
      seen += living_.contains(to_lower(x.node.id)) ? 1U : 0U;
    }
    return 2 * seen > known;
  }

  static bool is_same(const member_facts& x, const registered_node& known) {
    return equal_fold(x.node_id, known.node.id);
  }

  /// Whether the catalog would refuse to give the node's name to `x`.
  static bool holds_its_name(const member_facts& x,
                             const registered_node& known) {
    return !known.node.id.empty() && !is_same(x, known) && known.serf_status
           && *known.serf_status != critical;
  }

  static bool shows(const registered_node& known, const member_facts& x) {
    if (!is_same(x, known) || known.node.address != x.at.address
        || known.serf_status != passing)
      return false;
    const auto wanted = server_service_of(x);
    return !wanted
           || (known.server && known.server->port == wanted->port
               && known.server->meta == wanted->meta);
  }

  /// What the agent registered of its node stays, also if that came after we
  /// looked; so does the spelling of its name.
  static catalog::command joining(const member_facts& x,
                                  const registered_node* known) {
    catalog::register_node out;
    if (known != nullptr)
      out.node = known->node;
    else
      out.node.name = x.name;
    out.skip_node_update =
      known == nullptr
      || (is_same(x, *known) && known->node.address == x.at.address);
    out.node.id = x.node_id;
    out.node.address = x.at.address;
    out.node.datacenter = x.datacenter;
    out.service = server_service_of(x);
    out.checks = {serf_health(out.node.name, true)};
    return out;
  }

  void mark_failed(const registered_node& x) {
    catalog::register_node out;
    out.node = x.node;
    out.skip_node_update = true;
    out.checks = {serf_health(x.node.name, false)};
    losses_.push_back({member_event::failed, x.node.name, std::move(out)});
  }

  void remove(const registered_node& x, member_event why) {
    losses_.push_back(
      {why, x.node.name, catalog::deregister_node{x.node.name, {}, {}}});
  }

  const member_round& round_;
  /// By name.
  std::map<std::string, const registered_node*> nodes_;
  std::set<std::string> names_;
  /// The name of each id that is alive; of two with one id, the node that the
  /// catalog knows by it.
  std::map<std::string, std::string> living_;

  std::vector<correction> losses_;
  std::vector<correction> joins_;
};

} // namespace

std::vector<correction> corrections(const member_round& x) {
  return comparison{x}.run();
}

bool is_server(const gossip::member_facts& x) {
  return tag(x, "role") == "consul";
}

std::string server_address(const gossip::member_facts& x) {
  constexpr std::uint64_t port_max = 65535;
  const auto port = parse_uint(tag(x, "port"));
  if (!is_server(x) || !port || *port == 0 || *port > port_max)
    return {};
  const auto v6 = x.at.address.find(':') != std::string::npos;
  return (v6 ? "[" + x.at.address + "]" : x.at.address) + ":"
         + std::to_string(*port);
}

std::string version_of(const gossip::member_facts& x) {
  const auto build = tag(x, "build");
  return build.substr(0, build.find(':'));
}

bool is_non_voter(const gossip::member_facts& x) {
  return tag(x, "nonvoter") == "1" || tag(x, "non_voter") == "1";
}

std::optional<catalog::service_row>
server_service_of(const gossip::member_facts& x) {
  if (server_address(x).empty())
    return std::nullopt;
  catalog::service_row out;
  out.id = catalog::server_service;
  out.name = catalog::server_service;
  out.port = static_cast<std::int64_t>(parse_uint(tag(x, "port")).value_or(0));
  // The versions of Serf's protocol are those that Consul 1.8 speaks; clients
  // compare them.
  out.meta.emplace(
    catalog::string_map{{"non_voter", is_non_voter(x) ? "true" : "false"},
                        {"raft_version", tag(x, "raft_vsn")},
                        {"serf_protocol_current", "2"},
                        {"serf_protocol_min", "1"},
                        {"serf_protocol_max", "5"},
                        {"version", version_of(x)}});
  return out;
}

} // namespace praetor::leader
