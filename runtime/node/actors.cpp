#include "runtime/node/actors.hpp"

#include "actors/agent/agent_actor.hpp"
#include "actors/catalog/catalog_actor.hpp"
#include "actors/health/health_actor.hpp"
#include "actors/kv/kv_actor.hpp"
#include "actors/raft/raft_actor.hpp"
#include "actors/router/router_actor.hpp"
#include "actors/state/state_actor.hpp"
#include "actors/storage/storage_actor.hpp"
#include "api/http/bridge.hpp"
#include "runtime/base/text.hpp"
#include "runtime/node/facts.hpp"
#include "runtime/node/regex.hpp"
#include "runtime/node/supervisor_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
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

cluster_time wall_clock() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch())
    .count();
}

/// What was found on the disks.
struct images {
  log_image log;
  state_image state;
  state_image local;
};

/// Also opens the state database that is in force, into `rows`.
result<images> load_images(const databases& disks,
                           std::shared_ptr<state_store>& rows) {
  auto log = disks.log->load();
  if (!log)
    return log.error();
  auto opened = disks.states->open(log->state);
  if (!opened)
    return opened.error();
  rows = std::move(*opened);
  auto state = rows->load();
  if (!state)
    return state.error();
  auto local = disks.local->load();
  if (!local)
    return local.error();
  return images{std::move(*log), std::move(*state), std::move(*local)};
}

/// A log database belongs to one node and one cluster for ever.
result<std::string> settle_identity(log_store& log, const log_image& image,
                                    const actor_options& options) {
  if (image.identity) {
    if (image.identity->node.value != options.node_id)
      return error{errc::corruption,
                   options.settings.data_dir + "/raft/log belongs to node "
                     + image.identity->node.value + ", but this node is "
                     + options.node_id
                     + "; restore the file node-id or use another data_dir"};
    return image.identity->cluster_id;
  }
  rng random{options.seed};
  auto cluster = make_uuid(random);
  if (auto written = log.write_identity({cluster, {options.node_id}}); !written)
    return written.error();
  return cluster;
}

raft::raft_options raft_options_of(const actor_options& options,
                                   std::string cluster_id) {
  const auto& x = options.settings;
  raft::raft_options out;
  out.core.self = {options.node_id};
  out.core.cluster_id = std::move(cluster_id);
  out.core.raft_multiplier =
    static_cast<std::uint32_t>(x.performance.raft_multiplier);
  out.core.seed = options.seed;
  out.core.trailing.entries = static_cast<std::uint64_t>(x.raft_trailing_logs);
  out.wall_clock = wall_clock;
  out.leader_wait = x.performance.rpc_hold_timeout;
  return out;
}

/// The first membership, if this server may found a cluster by itself.
std::optional<raft::membership> founding(const actor_options& options) {
  const auto& x = options.settings;
  if (!x.bootstrap && !x.dev && x.bootstrap_expect != 1)
    return std::nullopt;
  const auto address =
    to_string(config::endpoint{x.network.advertise_lan, x.network.server.port});
  return raft::membership{{{{options.node_id}, address, true}}};
}

} // namespace

struct actors::parts {
  explicit parts(actor_options o)
    : options{std::move(o)},
      config{make_config(options.settings)},
      sys{config} {}

  status start_state(images& found);
  void start_duties();
  status start_agent(images& found);
  std::vector<caf::actor> all() const;

  actor_options options;
  caf::actor_system_config config;
  caf::actor_system sys;

  std::shared_ptr<log_store> log;
  std::shared_ptr<state_place> states;
  std::shared_ptr<state_store> state_rows;
  std::shared_ptr<state_store> local_rows;

  /// Two threads, so that a large checkpoint delays no commit.
  disk::storage_actor storage;
  disk::storage_actor rows;
  raft::raft_actor raft;
  kv::kv_actor kv;
  catalog::catalog_actor catalog;
  state::state_actor state;
  router::router_actor router;
  supervisor_actor supervisor;
  health::health_actor health;
  agent::agent_actor agent;
};

/// The replicated state: from the disk to the owners.
status actors::parts::start_state(images& found) {
  auto cluster = settle_identity(*log, found.log, options);
  if (!cluster)
    return cluster.error();
  const auto mark = found.state.mark;
  auto restored = raft::restore(found.log, mark, founding(options));
  if (!restored)
    return error{restored.error().code, options.settings.data_dir
                                          + "/raft: log and state do not fit: "
                                          + restored.error().context};
  storage = disk::spawn_storage(sys, {log, {}, {}, options.on_fatal, true});
  // Nobody else holds the state's rows: they are replaced when another server's
  // are taken over.
  rows = disk::spawn_storage(sys, {{},
                                   std::move(state_rows),
                                   local_rows,
                                   options.on_fatal,
                                   true,
                                   states,
                                   found.log.state});
  auto raft_options = raft_options_of(options, *cluster);
  raft = raft::spawn_raft(sys, raft_options, std::move(*restored), mark);
  auto spawned_kv = kv::spawn_kv(sys, mark.index, found.state.rows, raft);
  if (!spawned_kv)
    return spawned_kv.error();
  kv = *spawned_kv;
  auto spawned_catalog =
    catalog::spawn_catalog(sys, mark.index, found.state.rows, raft);
  if (!spawned_catalog)
    return spawned_catalog.error();
  catalog = *spawned_catalog;
  state::options for_state;
  for_state.kv = kv;
  for_state.catalog = catalog;
  for_state.raft = raft;
  for_state.storage = rows;
  for_state.tables = rows;
  for_state.mark = mark;
  for_state.rows = std::move(found.state.rows);
  for_state.policy.entries =
    static_cast<std::size_t>(options.settings.raft_snapshot_threshold);
  for_state.policy.interval_ms =
    std::chrono::duration_cast<std::chrono::milliseconds>(
      options.settings.raft_snapshot_interval)
      .count();
  for_state.on_fatal = options.on_fatal;
  auto spawned_state = state::spawn_state_actor(sys, std::move(for_state));
  if (!spawned_state)
    return spawned_state.error();
  state = *spawned_state;
  router = router::spawn_router(
    sys, {raft, options.node_id, found.log.boot, raft_options.leader_wait});
  return ok;
}

void actors::parts::start_duties() {
  supervisor_options x;
  x.kv = kv;
  x.catalog = catalog;
  x.router = router;
  x.self = server_registration(options.settings, options.node_id);
  x.vital = {{"storage", caf::actor_cast<caf::actor>(storage)},
             {"rows", caf::actor_cast<caf::actor>(rows)},
             {"raft", caf::actor_cast<caf::actor>(raft)},
             {"kv", caf::actor_cast<caf::actor>(kv)},
             {"catalog", caf::actor_cast<caf::actor>(catalog)},
             {"state", caf::actor_cast<caf::actor>(state)},
             {"router", caf::actor_cast<caf::actor>(router)},
             {"health", caf::actor_cast<caf::actor>(health)},
             {"agent", caf::actor_cast<caf::actor>(agent)}};
  x.on_fatal = options.on_fatal;
  supervisor = spawn_supervisor(sys, std::move(x));
  caf::anon_send(raft, raft::attach{storage, state, {supervisor}, {}, rows});
}

status actors::parts::start_agent(images& found) {
  const auto& x = options.settings;
  health::schedule_options schedule;
  schedule.check_output_max_size = x.check_output_max_size;
  schedule.seed = options.seed + 1;
  health = health::spawn_health(sys, schedule, options.probes);
  agent::agent_options o;
  o.node = node_record(x, options.node_id);
  o.lan = lan_member(x, options.node_id);
  if (x.server)
    o.wan = wan_member(x, options.node_id);
  o.local.node = x.node_name;
  o.local.scripts = {x.enable_script_checks,
                     x.enable_script_checks || x.enable_local_script_checks};
  o.local.check_update_interval = x.check_update_interval;
  o.local.check_output_max_size = x.check_output_max_size;
  o.local.discard_check_output = x.discard_check_output;
  o.local.sidecar_port_min = x.ports.sidecar_min_port;
  o.local.sidecar_port_max = x.ports.sidecar_max_port;
  o.stored = std::move(found.local.rows);
  o.seed = options.seed + 2;
  o.search = regex_matches;
  auto spawned =
    agent::spawn_agent(sys, std::move(o), {router, catalog, rows, health});
  if (!spawned)
    return spawned.error();
  agent = *spawned;
  return ok;
}

std::vector<caf::actor> actors::parts::all() const {
  std::vector<caf::actor> out;
  const auto add = [&out](const auto& x) {
    if (x)
      out.push_back(caf::actor_cast<caf::actor>(x));
  };
  // Who asks goes before who answers.
  add(supervisor);
  add(agent);
  add(health);
  add(router);
  add(state);
  add(kv);
  add(catalog);
  add(raft);
  add(rows);
  add(storage);
  return out;
}

actors::actors(std::unique_ptr<parts> p) : parts_{std::move(p)} {}

result<std::unique_ptr<actors>> actors::start(actor_options options) {
  std::shared_ptr<state_store> rows;
  auto found = load_images(options.disks, rows);
  if (!found)
    return found.error();
  auto p = std::make_unique<parts>(std::move(options));
  p->log = std::move(p->options.disks.log);
  p->states = std::move(p->options.disks.states);
  p->state_rows = std::move(rows);
  p->local_rows = std::move(p->options.disks.local);
  std::unique_ptr<actors> out{new actors{std::move(p)}};
  if (auto started = out->parts_->start_state(*found); !started)
    return started.error();
  if (auto started = out->parts_->start_agent(*found); !started)
    return started.error();
  out->parts_->start_duties();
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
  http::connect_actors(to, {p.kv, p.catalog, p.router, p.raft, p.agent});
}

void actors::load(agent::load_definitions definitions) const {
  caf::anon_send(parts_->agent, std::move(definitions));
}

} // namespace praetor::node
