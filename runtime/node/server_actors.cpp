#include "runtime/node/server_actors.hpp"

#include "runtime/base/text.hpp"
#include "runtime/node/facts.hpp"
#include "runtime/node/rpc_service.hpp"

#include <chrono>
#include <optional>

namespace praetor::node {

namespace {

cluster_time wall_clock() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch())
    .count();
}

/// What was found on the disks.
struct images {
  log_image log;
  state_image state;
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
  return images{std::move(*log), std::move(*state)};
}

/// Whether this server begins a cluster of one, at its first start.
bool founds_alone(const config::settings& x) {
  return x.bootstrap || x.dev || x.bootstrap_expect == 1;
}

std::string rpc_address(const config::settings& x) {
  return to_string(
    config::endpoint{x.network.advertise_lan, x.network.server.port});
}

/// A log database belongs to one node and one cluster for ever. Returns the
/// cluster; empty if there is none yet.
result<std::string> settle_identity(log_store& log, const log_image& image,
                                    const server_options& x) {
  if (image.identity) {
    if (image.identity->node.value != x.node_id)
      return error{errc::corruption,
                   x.settings.data_dir + "/raft/log belongs to node "
                     + image.identity->node.value + ", but this node is "
                     + x.node_id
                     + "; restore the file node-id or use another data_dir"};
    return image.identity->cluster_id;
  }
  if (!founds_alone(x.settings))
    return std::string{};
  rng random{x.seed};
  auto cluster = make_uuid(random);
  if (auto written = log.write_identity({cluster, {x.node_id}}); !written)
    return written.error();
  return cluster;
}

/// The first membership, for a log that is still empty: alone, or as all
/// founders have promised.
std::optional<raft::membership>
founding(const server_options& x, const std::string& cluster_id,
         const std::optional<founder::promise>& kept) {
  if (kept && kept->cluster_id == cluster_id)
    return kept->members;
  if (!founds_alone(x.settings))
    return std::nullopt;
  return raft::membership{{{{x.node_id}, rpc_address(x.settings), true}}};
}

raft::raft_options raft_options_of(const server_options& x,
                                   std::string cluster_id, std::uint64_t boot) {
  const auto& s = x.settings;
  raft::raft_options out;
  out.core.self = {x.node_id};
  out.core.cluster_id = std::move(cluster_id);
  out.core.raft_multiplier =
    static_cast<std::uint32_t>(s.performance.raft_multiplier);
  out.core.boot = boot;
  out.core.seed = x.seed;
  out.core.trailing.entries = static_cast<std::uint64_t>(s.raft_trailing_logs);
  out.wall_clock = wall_clock;
  out.leader_wait = s.performance.rpc_hold_timeout;
  return out;
}

state::options state_options(const server_actors& to, const server_options& x,
                             state_image&& found) {
  state::options out;
  out.kv = to.kv;
  out.catalog = to.catalog;
  out.raft = to.raft;
  out.storage = to.rows;
  out.tables = to.rows;
  out.mark = std::move(found.mark);
  out.rows = std::move(found.rows);
  out.policy.entries =
    static_cast<std::size_t>(x.settings.raft_snapshot_threshold);
  out.policy.interval_ms =
    std::chrono::duration_cast<std::chrono::milliseconds>(
      x.settings.raft_snapshot_interval)
      .count();
  out.on_fatal = x.on_fatal;
  return out;
}

/// What autopilot begins with, until an operator sets something else.
leader::autopilot::config autopilot_of(const config::autopilot_settings& x) {
  leader::autopilot::config out;
  out.cleanup_dead_servers = x.cleanup_dead_servers;
  out.last_contact_threshold = x.last_contact_threshold;
  out.max_trailing_logs = static_cast<std::uint64_t>(x.max_trailing_logs);
  out.min_quorum = x.min_quorum;
  out.server_stabilization_time = x.server_stabilization_time;
  return out;
}

/// The newest membership that the disks know.
raft::membership newest(const raft::restored& x) {
  auto out = x.members;
  for (const auto& entry : x.entries)
    if (entry->kind == entry_kind::config)
      if (auto later = decode<raft::membership>(entry->payload))
        out = *std::move(later);
  return out;
}

} // namespace

status server_actors::start_state(caf::actor_system& sys,
                                  const server_options& x) {
  std::shared_ptr<state_store> state_rows;
  auto found = load_images(x.disks, state_rows);
  if (!found)
    return found.error();
  auto kept = founder::kept_promise(x.local);
  if (!kept)
    return kept.error();
  auto cluster = settle_identity(*x.disks.log, found->log, x);
  if (!cluster)
    return cluster.error();
  cluster_id = *cluster;
  const auto mark = found->state.mark;
  auto restored =
    raft::restore(found->log, mark, founding(x, cluster_id, *kept));
  if (!restored)
    return error{restored.error().code, x.settings.data_dir
                                          + "/raft: log and state do not fit: "
                                          + restored.error().context};
  known_servers = newest(*restored).members;
  disk::storage_options for_log;
  for_log.log = std::move(x.disks.log);
  for_log.on_fatal = x.on_fatal;
  storage = disk::spawn_storage(sys, std::move(for_log));
  // Nobody else holds the state's rows: they are replaced when another server's
  // are taken over.
  disk::storage_options for_rows;
  for_rows.state = std::move(state_rows);
  for_rows.local = std::move(x.disks.local);
  for_rows.place = std::move(x.disks.states);
  for_rows.generation = found->log.state;
  for_rows.on_fatal = x.on_fatal;
  rows = disk::spawn_storage(sys, std::move(for_rows));
  const auto options = raft_options_of(x, cluster_id, found->log.boot);
  raft = raft::spawn_raft(sys, options, std::move(*restored), mark);
  auto spawned_kv = kv::spawn_kv(sys, mark.index, found->state.rows, raft);
  if (!spawned_kv)
    return spawned_kv.error();
  kv = *spawned_kv;
  auto spawned_catalog =
    catalog::spawn_catalog(sys, mark.index, found->state.rows, raft);
  if (!spawned_catalog)
    return spawned_catalog.error();
  catalog = *spawned_catalog;
  auto spawned_state = state::spawn_state_actor(
    sys, state_options(*this, x, std::move(found->state)));
  if (!spawned_state)
    return spawned_state.error();
  state = *spawned_state;
  router::options for_router;
  for_router.raft = raft;
  for_router.node_id = x.node_id;
  for_router.boot = found->log.boot;
  for_router.leader_wait = options.leader_wait;
  for_router.network = x.network;
  for_router.raft_control = raft;
  router = router::spawn_router(sys, std::move(for_router));
  return ok;
}

void server_actors::begin(
  caf::actor_system& sys, const server_options& x,
  std::vector<std::pair<std::string, caf::actor>> vital) {
  const auto add = [&vital](const char* name, const auto& actor) {
    vital.emplace_back(name, caf::actor_cast<caf::actor>(actor));
  };
  add("storage", storage);
  add("rows", rows);
  add("raft", raft);
  add("kv", kv);
  add("catalog", catalog);
  add("state", state);
  add("router", router);
  add("founder", founder);
  supervisor_options options;
  options.kv = kv;
  options.catalog = catalog;
  options.router = router;
  options.self = server_registration(x.settings, x.node_id);
  // Without a network there are no members to decide about.
  if (x.network) {
    options.raft = raft;
    options.autopilot = autopilot_of(x.settings.autopilot);
  }
  options.vital = std::move(vital);
  options.on_fatal = x.on_fatal;
  supervisor = spawn_supervisor(sys, std::move(options));
  raft::peer_sink_actor peers;
  if (x.network)
    peers = raft_peers(sys, x.network);
  caf::anon_send(raft, raft::attach{storage, state, {supervisor}, peers, rows});
}

status server_actors::start_founder(
  caf::actor_system& sys, const server_options& x,
  std::function<void(const std::string& cluster)> on_settled) {
  auto kept = founder::kept_promise(x.local);
  if (!kept)
    return kept.error();
  founder::options options;
  options.self = {x.node_id};
  options.cluster_id = cluster_id;
  options.kept = std::move(*kept);
  options.seed = x.seed + 3;
  options.log = storage;
  options.local = rows;
  options.raft = raft;
  options.ask = [network = x.network](const peer_id& to,
                                      const founder::promise& what,
                                      reply<founder::promise_answer> done) {
    ask_promise(*network, to, what, std::move(done));
  };
  options.on_settled = std::move(on_settled);
  founder = founder::spawn_founder(sys, std::move(options));
  return ok;
}

std::vector<caf::actor> server_actors::all() const {
  std::vector<caf::actor> out;
  const auto add = [&out](const auto& x) {
    if (x)
      out.push_back(caf::actor_cast<caf::actor>(x));
  };
  add(supervisor);
  add(founder);
  add(router);
  add(state);
  add(kv);
  add(catalog);
  add(raft);
  add(rows);
  add(storage);
  return out;
}

} // namespace praetor::node
