#include "runtime/node/actors.hpp"

#include "actors/agent/agent_actor.hpp"
#include "actors/gossip/gossip_actor.hpp"
#include "actors/health/health_actor.hpp"
#include "actors/router/servers_actor.hpp"
#include "actors/storage/storage_actor.hpp"
#include "api/http/bridge.hpp"
#include "runtime/base/log.hpp"
#include "runtime/node/coordinate_actor.hpp"
#include "runtime/node/departure_actor.hpp"
#include "runtime/node/facts.hpp"
#include "runtime/node/members_actor.hpp"
#include "runtime/node/pool_options.hpp"
#include "runtime/node/regex.hpp"
#include "runtime/node/server_actors.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

namespace praetor::node {

namespace {

/// Messages that an actor handles before it lets another one run.
constexpr std::size_t throughput_max = 64;

/// CAF gets its settings here and nowhere else: no file, no command line.
caf::actor_system_config make_config(const config::settings& x) {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const auto workers = x.scheduler.workers > 0
                         ? static_cast<std::size_t>(x.scheduler.workers)
                         : std::min<std::size_t>(2, (cores + 1) / 2);
  caf::actor_system_config out;
  out.set("scheduler.policy", caf::atom("sharing"))
    .set("scheduler.max-threads", workers)
    .set("scheduler.max-throughput", throughput_max);
  return out;
}

/// What the agent is told about this node, but for what it remembers.
agent::agent_options agent_options_of(const config::settings& x,
                                      const std::string& node_id) {
  agent::agent_options out;
  out.node = node_record(x, node_id);
  out.lan = lan_member(x, node_id);
  if (x.server)
    out.wan = wan_member(x, node_id);
  out.local.node = x.node_name;
  out.local.scripts = {x.enable_script_checks,
                       x.enable_script_checks || x.enable_local_script_checks};
  out.local.check_update_interval = x.check_update_interval;
  out.local.check_output_max_size = x.check_output_max_size;
  out.local.discard_check_output = x.discard_check_output;
  out.local.sidecar_port_min = x.ports.sidecar_min_port;
  out.local.sidecar_port_max = x.ports.sidecar_max_port;
  out.search = regex_matches;
  return out;
}

} // namespace

struct actors::parts {
  explicit parts(actor_options o)
    : options{std::move(o)},
      config{make_config(options.settings)},
      sys{config} {}

  status start();
  status start_server(const server_options& x);
  void start_client(std::uint64_t boot);
  status start_pool();
  status start_agent(std::vector<row> stored);
  void on_settled(const std::string& cluster_id);
  void begin(const server_options& x);
  void subscribe();
  std::vector<caf::actor> all() const;

  actor_options options;
  caf::actor_system_config config;
  caf::actor_system sys;

  /// Nothing of it on client agents.
  server_actors server;
  /// Nothing of these on servers: who stands for the state, and the storage of
  /// the local database.
  router::servers_actor servers;
  disk::storage_actor local;

  gossip::gossip_actor gossip;
  gossip::member_sink_actor members;
  caf::actor coordinates;
  health::health_actor health;
  agent::agent_actor agent;
};

status actors::parts::start() {
  auto found = options.disks.local->load();
  if (!found)
    return found.error();
  const server_options x{options.settings, options.node_id, options.disks,
                         found->rows,      options.network, options.seed,
                         options.on_fatal};
  if (options.settings.server) {
    if (auto started = start_server(x); !started)
      return started;
  } else {
    start_client(options.seed);
  }
  if (auto started = start_pool(); !started)
    return started;
  if (auto started = start_agent(std::move(found->rows)); !started)
    return started;
  if (options.settings.server)
    begin(x);
  subscribe();
  return ok;
}

status actors::parts::start_server(const server_options& x) {
  if (auto started = server.start_state(sys, x); !started)
    return started;
  if (!options.network)
    return ok;
  if (!server.cluster_id.empty())
    options.network->set_cluster(server.cluster_id);
  // Gossip may know better, but not yet.
  for (const auto& known : server.known_servers)
    options.network->set_address(known.id.value, known.address);
  return server.start_founder(
    sys, x, [this](const std::string& cluster) { on_settled(cluster); });
}

void actors::parts::start_client(std::uint64_t boot) {
  disk::storage_options for_local;
  for_local.local = std::move(options.disks.local);
  for_local.on_fatal = options.on_fatal;
  local = disk::spawn_storage(sys, std::move(for_local));
  router::servers_options x;
  x.network = options.network;
  x.node_id = options.node_id;
  x.boot = boot;
  x.leader_wait = options.settings.performance.rpc_hold_timeout;
  servers = router::spawn_servers(sys, std::move(x));
}

/// Called by the founder: from now on this server belongs to a cluster.
void actors::parts::on_settled(const std::string& cluster_id) {
  options.network->set_cluster(cluster_id);
  caf::anon_send(gossip, gossip::update_facts{cluster_id, std::nullopt, {}});
}

status actors::parts::start_pool() {
  if (!options.lan)
    return ok;
  auto x = pool_options(options.settings, options.node_id, server.cluster_id);
  if (!x)
    return x.error();
  x->core.seed = options.seed + 4;
  x->on_join_failed = options.on_parted;
  x->on_name_lost = options.on_parted;
  gossip = gossip::spawn_gossip(sys, std::move(*x), options.lan);
  members = spawn_members(sys, {options.settings.datacenter, options.node_id,
                                options.network, server.founder, servers});
  return ok;
}

status actors::parts::start_agent(std::vector<row> stored) {
  const auto& x = options.settings;
  health::schedule_options schedule;
  schedule.check_output_max_size = x.check_output_max_size;
  schedule.seed = options.seed + 1;
  health = health::spawn_health(sys, schedule, options.probes);
  auto o = agent_options_of(x, options.node_id);
  o.stored = std::move(stored);
  o.seed = options.seed + 2;
  const agent::agent_peers peers =
    x.server ? agent::agent_peers{server.router, server.catalog, server.rows,
                                  health, gossip}
             : agent::agent_peers{servers, servers, local, health, gossip};
  auto spawned = agent::spawn_agent(sys, std::move(o), peers);
  if (!spawned)
    return spawned.error();
  agent = *spawned;
  return ok;
}

void actors::parts::begin(const server_options& x) {
  server.begin(sys, x,
               {{"health", caf::actor_cast<caf::actor>(health)},
                {"agent", caf::actor_cast<caf::actor>(agent)}});
}

void actors::parts::subscribe() {
  if (!gossip)
    return;
  if (const auto& x = options.settings; !x.disable_coordinates) {
    coordinate_options o{x.node_name, gossip, {}, options.seed + 5};
    if (x.server)
      o.commands = server.router;
    else
      o.commands = servers;
    coordinates = spawn_coordinates(sys, std::move(o));
  }
  std::vector<gossip::member_sink_actor> sinks{members, agent};
  if (server.supervisor)
    sinks.emplace_back(server.supervisor);
  caf::anon_send(gossip, gossip::subscribe{std::move(sinks), {agent}});
}

std::vector<caf::actor> actors::parts::all() const {
  std::vector<caf::actor> out;
  const auto add = [&out](const auto& x) {
    if (x)
      out.push_back(caf::actor_cast<caf::actor>(x));
  };
  // Who asks goes before who answers.
  add(coordinates);
  add(members);
  add(gossip);
  add(agent);
  add(health);
  add(servers);
  for (const auto& x : server.all())
    add(x);
  add(local);
  return out;
}

actors::actors(std::unique_ptr<parts> p) : parts_{std::move(p)} {}

result<std::unique_ptr<actors>> actors::start(actor_options options) {
  std::unique_ptr<actors> out{
    new actors{std::make_unique<parts>(std::move(options))}};
  if (auto started = out->parts_->start(); !started)
    return started.error();
  return out;
}

actors::~actors() {
  for (const auto& x : parts_->all())
    caf::anon_send<caf::message_priority::high>(
      x, caf::exit_msg{caf::actor_addr{}, caf::exit_reason::user_shutdown});
  // ~actor_system waits for them once nobody holds their handles.
}

void actors::connect(http::backends& to) const {
  const auto& p = *parts_;
  if (p.options.settings.server)
    http::connect_actors(to, {p.server.kv, p.server.catalog, p.server.router,
                              p.server.raft, p.agent});
  else
    http::connect_actors(to,
                         {p.servers, p.servers, p.servers, p.servers, p.agent});
}

void actors::connect(rpc_service& to) const {
  const auto& p = *parts_;
  if (p.options.settings.server)
    to.connect({p.server.kv, p.server.catalog, p.server.router, p.server.raft,
                p.server.founder});
}

caf::actor_system& actors::system() const {
  return parts_->sys;
}

void actors::load(agent::load_definitions definitions) const {
  caf::anon_send(parts_->agent, std::move(definitions));
}

void actors::join(gossip::join what) const {
  caf::anon_send(parts_->gossip, std::move(what));
}

void actors::force_leave(gossip::force_leave what) const {
  caf::anon_send(parts_->gossip, std::move(what));
}

void actors::change_keys(gossip::change_keys what) const {
  caf::anon_send(parts_->gossip, std::move(what));
}

void actors::pool_stats(gossip::get_stats what) const {
  caf::anon_send(parts_->gossip, std::move(what));
}

void actors::leave(duration patience, reply<std::monostate> to) const {
  spawn_departure(parts_->sys, {parts_->options.node_id, parts_->server.raft,
                                parts_->gossip, patience, std::move(to)});
}

void actors::hand_over(duration patience, reply<std::monostate> to) const {
  spawn_departure(parts_->sys, {parts_->options.node_id,
                                parts_->server.raft,
                                {},
                                patience,
                                std::move(to)});
}

} // namespace praetor::node
