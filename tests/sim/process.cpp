#include "tests/sim/process.hpp"

#include "actors/catalog/catalog_actor.hpp"
#include "actors/kv/kv_actor.hpp"
#include "actors/raft/raft_actor.hpp"
#include "actors/router/router_actor.hpp"
#include "actors/state/state_actor.hpp"
#include "actors/storage/storage_actor.hpp"
#include "runtime/node/rpc_service.hpp"
#include "runtime/node/supervisor_actor.hpp"
#include "tests/sim/check/commands.hpp"
#include "tests/sim/inline_actor.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/slow_lane.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::sim {

namespace {

caf::actor_system_config make_config() {
  caf::actor_system_config out;
  out.set("scheduler.policy", caf::atom("testing"));
  return out;
}

/// What the supervisor registers of its own server.
catalog::register_node registration(const std::string& name) {
  catalog::register_node out;
  out.node.id = name;
  out.node.name = name;
  out.node.address = "10.0.0." + name.substr(1);
  out.node.datacenter = "dc1";
  out.skip_node_update = true;
  auto& service = out.service.emplace();
  service.node = name;
  service.id = "consul";
  service.name = "consul";
  service.port = 8300;
  auto& check = out.checks.emplace_back();
  check.node = name;
  check.id = "serfHealth";
  check.name = "Serf Health Status";
  check.status = "passing";
  check.output = "Agent alive and reachable";
  return out;
}

std::int64_t number_of(const std::string& id) {
  return id[1] - '0';
}

raft::raft_options raft_options_of(const process_options& x,
                                   std::uint64_t boot) {
  using std::chrono::milliseconds;
  const auto number = [](std::int64_t n) {
    return static_cast<std::uint64_t>(n);
  };
  raft::raft_options out;
  out.core.self = {x.id};
  out.core.cluster_id = "sim";
  out.core.election_base = milliseconds{x.values.election_ms};
  if (x.values.impatient == number_of(x.id))
    out.core.election_base /= 4;
  out.core.read_base = 2 * out.core.election_base;
  out.core.boot = boot;
  out.core.seed = stream(x.seed, x.id + " raft").next() + boot;
  out.core.append_max.entries = number(x.values.append_entries);
  out.core.inflight_max.entries = number(x.values.inflight);
  out.core.cache_max.entries = number(x.values.cache_entries);
  out.core.trailing.entries = number(x.values.trailing_entries);
  out.core.apply_stall_max = 5 * out.core.election_base;
  out.core.transfers.chunk_bytes = number(x.values.chunk_bytes);
  out.core.transfers.patience = milliseconds{x.values.transfer_patience_ms};
  out.core.transfers.resend_after = 3 * out.core.heartbeat_period();
  out.batch_max.entries = number(x.values.batch_entries);
  out.leader_wait = 7 * out.core.election_base;
  return out;
}

} // namespace

struct process::parts {
  explicit parts(process_options o)
    : options{std::move(o)},
      log_lane{*options.events, *options.now, *options.disk, 1,
               [this] { count_operation(); }},
      rows_lane{*options.events, *options.now, *options.disk,
                options.values.rows_factor, [this] { count_operation(); }},
      config{make_config()},
      sys{config},
      scheduler{
        dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler())} {
    sys.await_actors_before_shutdown(false);
    scheduler.clock().current_time = options.clock->local(*options.now);
  }

  status start();
  void spawn(const log_image& log, state_image state, raft::restored restored);
  void attach();
  void on_log_request(caf::message& msg, const caf::strong_actor_ptr& sender);
  void on_persisted(const disk::persisted& msg);
  void on_rows_request(caf::message& msg);
  void on_new_rows(caf::message& msg);
  template <class Owner>
  Owner observed(const Owner& real, bool is_kv);
  void count_operation();
  void to_state(caf::message& msg, const caf::strong_actor_ptr& sender);
  void numb(bool on);
  std::vector<caf::actor> all() const;
  void kill();

  process_options options;
  slow_lane log_lane;
  slow_lane rows_lane;
  caf::actor_system_config config;
  caf::actor_system sys;
  caf::scheduler::test_coordinator& scheduler;

  /// An observer and whom it stands between; cleared to let go of it.
  struct link {
    caf::strong_actor_ptr front;
    caf::actor asker;
  };

  node_disk::stores stores;
  /// Until storage has taken over another server's rows.
  std::weak_ptr<state_store> state_in_use;
  std::shared_ptr<state_store> state_rows;
  std::vector<std::shared_ptr<link>> links;
  caf::actor log_front;
  caf::strong_actor_ptr log_asker;
  std::uint64_t last_token = 0;

  /// What is for the state, while it applies nothing.
  bool is_numb = false;
  std::vector<std::pair<caf::message, caf::strong_actor_ptr>> numbed;

  disk::storage_actor storage;
  disk::storage_actor rows;
  raft::raft_actor raft;
  kv::kv_actor kv;
  catalog::catalog_actor catalog;
  state::state_actor state;
  router::router_actor router;
  node::supervisor_actor supervisor;
  node::rpc_service service;
};

// -- wiring -------------------------------------------------------------------

status process::parts::start() {
  auto opened = options.disk->open();
  if (!opened)
    return opened.error();
  stores = std::move(*opened);
  auto log = stores.log->load();
  if (!log)
    return log.error();
  auto state_in_force = stores.states->open(log->state);
  if (!state_in_force)
    return state_in_force.error();
  state_rows = std::move(*state_in_force);
  auto image = state_rows->load();
  if (!image)
    return image.error();
  if (const auto why = options.disk->differs(*log, *image))
    options.host->broken(options.node, "I5", "after a restart: " + *why);
  if (!log->identity)
    if (auto s = stores.log->write_identity({"sim", {options.id}}); !s)
      return s;
  auto restored = raft::restore(*log, image->mark, options.founders);
  if (!restored)
    return restored.error();
  spawn(*log, std::move(*image), std::move(*restored));
  return ok;
}

void process::parts::spawn(const log_image& log, state_image image,
                           raft::restored restored) {
  const auto fatal = [this](const std::string& why) {
    options.host->stops(options.node, why);
  };
  disk::storage_options for_log;
  for_log.log = stores.log;
  for_log.on_fatal = fatal;
  for_log.detached = false;
  storage = disk::spawn_storage(sys, std::move(for_log));
  disk::storage_options for_rows;
  for_rows.state = state_rows;
  for_rows.place = stores.states;
  for_rows.generation = log.state;
  for_rows.on_fatal = fatal;
  for_rows.detached = false;
  rows = disk::spawn_storage(sys, std::move(for_rows));
  state_in_use = std::exchange(state_rows, nullptr);
  auto for_raft = raft_options_of(options, log.boot);
  for_raft.wall_clock = [this] { return options.clock->wall(*options.now); };
  for_raft.observe = [this](const raft::raft_core& core,
                            const raft::effects& done) {
    options.host->raft_stepped(options.node, core, done);
  };
  raft = raft::spawn_raft(sys, for_raft, std::move(restored), image.mark);
  auto good = [this](auto x) {
    if (!x)
      options.host->stops(options.node, x.error().context);
    return std::move(*x);
  };
  kv = good(kv::spawn_kv(sys, image.mark.index, image.rows, raft));
  catalog =
    good(catalog::spawn_catalog(sys, image.mark.index, image.rows, raft));
  state::options x;
  x.kv = observed(kv, true);
  x.catalog = observed(catalog, false);
  x.raft = raft;
  x.storage = make_inline_actor<state::checkpoint_sink_actor>(
    sys, [this](caf::message& msg, const auto&) { on_rows_request(msg); });
  x.tables = make_inline_actor<state::table_source_actor>(
    sys, [this](caf::message& msg, const auto&) { on_new_rows(msg); });
  x.mark = image.mark;
  x.rows = std::move(image.rows);
  x.policy.entries =
    static_cast<std::size_t>(options.values.checkpoint_entries);
  x.policy.interval_ms = options.values.checkpoint_interval_ms;
  x.origin_window = static_cast<std::size_t>(options.values.origin_window);
  x.on_fatal = fatal;
  state = good(state::spawn_state_actor(sys, std::move(x)));
  router = router::spawn_router(
    sys,
    {raft, options.id, log.boot, for_raft.leader_wait, options.network, {}});
  service.connect({kv, catalog, router, raft, {}});
  attach();
}

void process::parts::attach() {
  node::supervisor_options x;
  x.kv = kv;
  x.catalog = catalog;
  x.router = router;
  x.self = registration(options.id);
  x.vital = {{"storage", caf::actor_cast<caf::actor>(storage)},
             {"rows", caf::actor_cast<caf::actor>(rows)},
             {"raft", caf::actor_cast<caf::actor>(raft)},
             {"kv", caf::actor_cast<caf::actor>(kv)},
             {"catalog", caf::actor_cast<caf::actor>(catalog)},
             {"state", caf::actor_cast<caf::actor>(state)},
             {"router", caf::actor_cast<caf::actor>(router)}};
  x.on_fatal = [this](const std::string& why) {
    options.host->stops(options.node, why);
  };
  supervisor = node::spawn_supervisor(sys, std::move(x));
  log_front = make_inline_actor<caf::actor>(
    sys, [this](caf::message& msg, const caf::strong_actor_ptr& sender) {
      on_log_request(msg, sender);
    });
  raft::attach hello;
  hello.storage = caf::actor_cast<raft::log_sink_actor>(log_front);
  hello.state = make_inline_actor<raft::committed_sink_actor>(
    sys, [this](caf::message& msg, const caf::strong_actor_ptr& sender) {
      if (is_numb)
        numbed.emplace_back(std::move(msg), sender);
      else
        to_state(msg, sender);
    });
  hello.leadership = {supervisor,
                      make_inline_actor<raft::leadership_sink_actor>(
                        sys, [this](caf::message& msg, const auto&) {
                          options.host->leads(options.node,
                                              msg.get_as<raft::leadership>(0));
                        })};
  hello.peers = make_inline_actor<raft::peer_sink_actor>(
    sys, [this](caf::message& msg, const auto&) {
      options.host->sends(
        options.node,
        std::move(msg.get_mutable_as<raft::peer_message>(0).content));
    });
  hello.tables = rows;
  caf::anon_send(raft, std::move(hello));
}

void process::parts::to_state(caf::message& msg,
                              const caf::strong_actor_ptr& sender) {
  if (msg.match_elements<raft::committed>())
    options.host->commits(options.node, msg.get_as<raft::committed>(0));
  else
    options.host->installs(options.node,
                           msg.get_as<raft::install_state>(0).mark.index);
  caf::send_as(caf::actor_cast<caf::actor>(sender),
               caf::actor_cast<caf::actor>(state), std::move(msg));
}

void process::parts::numb(bool on) {
  is_numb = on;
  if (!on)
    for (auto& [msg, sender] : std::exchange(numbed, {}))
      to_state(msg, sender);
}

void process::parts::count_operation() {
  if (options.disk->operation_done())
    options.host->stops(options.node, "the machine stopped there");
}

/// Between Raft and its storage, in both directions.
void process::parts::on_log_request(caf::message& msg,
                                    const caf::strong_actor_ptr& sender) {
  if (msg.match_elements<disk::persisted>())
    return on_persisted(msg.get_as<disk::persisted>(0));
  log_asker = sender;
  if (msg.match_elements<disk::persist>()) {
    auto x = std::make_shared<disk::persist>(
      std::move(msg.get_mutable_as<disk::persist>(0)));
    log_lane.add({[this, x] {
                    last_token = x->token;
                    caf::send_as(log_front, storage, disk::persist{*x});
                  },
                  [this, x] { (void)stores.log->append({&x->batch}); },
                  x->token});
  } else {
    auto x = std::make_shared<disk::read_entries>(
      std::move(msg.get_mutable_as<disk::read_entries>(0)));
    log_lane.add({[this, x] {
                    caf::send_as(log_front, storage,
                                 disk::read_entries{std::move(*x)});
                  },
                  {},
                  0});
  }
}

void process::parts::on_persisted(const disk::persisted& msg) {
  caf::send_as(log_front,
               caf::actor_cast<disk::persisted_sink_actor>(log_asker), msg);
  log_lane.finished_upto(msg.token);
  if (msg.token >= last_token)
    log_lane.finished();
}

void process::parts::on_rows_request(caf::message& msg) {
  auto x = std::make_shared<disk::write_checkpoint>(
    std::move(msg.get_mutable_as<disk::write_checkpoint>(0)));
  const auto to = std::exchange(x->to, {});
  const auto handed_on = [this, to](status done) {
    if (done)
      options.host->checkpointed(options.node);
    to.complete(std::move(done));
    rows_lane.finished();
  };
  rows_lane.add({[this, x, handed_on] {
                   caf::anon_send(rows, disk::write_checkpoint{
                                          x->mark, std::move(x->rows),
                                          reply<std::monostate>{handed_on}});
                 },
                 [this, x] {
                   if (const auto store = state_in_use.lock())
                     (void)store->write(x->mark, x->rows);
                 },
                 0});
}

/// Another server's rows come into use behind what the state has written: in
/// production both are asked of one actor.
void process::parts::on_new_rows(caf::message& msg) {
  auto x = std::make_shared<disk::use_state>(
    std::move(msg.get_mutable_as<disk::use_state>(0)));
  rows_lane.add(
    {[this, x] { caf::anon_send(rows, disk::use_state{std::move(*x)}); },
     {},
     0});
}

/// Sees what an owner answers, and passes everything on.
template <class Owner>
Owner process::parts::observed(const Owner& real, bool is_kv) {
  auto ends = links.emplace_back(std::make_shared<link>());
  const auto target = caf::actor_cast<caf::actor>(real);
  auto front = make_inline_actor<Owner>(
    sys, [this, ends, target, is_kv](caf::message& msg,
                                     const caf::strong_actor_ptr& sender) {
      if (sender == caf::actor_cast<caf::strong_actor_ptr>(target)) {
        if (msg.match_elements<owner::applied>())
          options.host->applied(options.node, is_kv,
                                msg.get_as<owner::applied>(0));
        caf::send_as(caf::actor_cast<caf::actor>(ends->front), ends->asker,
                     std::move(msg));
      } else {
        ends->asker = caf::actor_cast<caf::actor>(sender);
        caf::send_as(caf::actor_cast<caf::actor>(ends->front), target,
                     std::move(msg));
      }
    });
  ends->front = caf::actor_cast<caf::strong_actor_ptr>(front);
  return front;
}

// -- the end ------------------------------------------------------------------

std::vector<caf::actor> process::parts::all() const {
  std::vector<caf::actor> out;
  const auto add = [&out](const auto& x) {
    if (x)
      out.push_back(caf::actor_cast<caf::actor>(x));
  };
  add(supervisor);
  add(router);
  add(state);
  add(kv);
  add(catalog);
  add(raft);
  add(rows);
  add(storage);
  return out;
}

void process::parts::kill() {
  for (const auto& x : all())
    caf::anon_send<caf::message_priority::high>(
      x, caf::exit_msg{caf::actor_addr{}, caf::exit_reason::kill});
  while (scheduler.try_run_once()) {
  }
  scheduler.clock().cancel_all();
  for (const auto& x : links)
    *x = {};
  numbed.clear();
  service.disconnect();
  while (scheduler.try_run_once()) {
  }
}

process::process(std::unique_ptr<parts> p) : parts_{std::move(p)} {}

process::~process() {
  parts_->kill();
}

result<std::unique_ptr<process>> process::start(process_options options) {
  auto p = std::make_unique<parts>(std::move(options));
  if (auto s = p->start(); !s)
    return s.error();
  return std::unique_ptr<process>{new process{std::move(p)}};
}

// -- running ------------------------------------------------------------------

std::size_t process::ready() const {
  return parts_->scheduler.jobs.size();
}

std::uint64_t process::who(std::size_t n) const {
  const auto* job = parts_->scheduler.jobs[n];
  return dynamic_cast<const caf::abstract_actor*>(job)->id();
}

std::uint64_t process::step(std::size_t n) {
  auto& jobs = parts_->scheduler.jobs;
  std::swap(jobs[0], jobs[n]);
  const auto id = who(0);
  parts_->scheduler.try_run_once();
  return id;
}

std::optional<moment> process::next_timer() const {
  const auto& schedule = parts_->scheduler.clock().schedule();
  if (schedule.empty())
    return std::nullopt;
  return parts_->options.clock->global(schedule.begin()->first);
}

void process::ring() {
  parts_->scheduler.trigger_timeout();
}

void process::set_time() {
  parts_->scheduler.clock().current_time =
    parts_->options.clock->local(*parts_->options.now);
}

// -- talking to it ------------------------------------------------------------

void process::deliver(raft::message m) {
  caf::anon_send(parts_->raft, raft::peer_message{std::move(m)});
}

void process::execute(const request& what,
                      std::function<void(outcome)> answer) {
  auto& p = *parts_;
  const auto pass_on = [answer](const auto& x) { answer(outcome_of(x)); };
  if (const auto* write = std::get_if<write_request>(&what))
    caf::anon_send(
      p.router, router::submit{write->command, reply<command_result>{pass_on}});
  else if (const auto* keys = std::get_if<key_read>(&what))
    caf::anon_send(p.kv, kv::read{keys->query, keys->options,
                                  reply<owner::read_answer>{pass_on}});
  else if (const auto* rows = std::get_if<catalog_read>(&what))
    caf::anon_send(p.catalog,
                   catalog::read{rows->query, rows->options,
                                 reply<owner::read_answer>{pass_on}});
  else if (const auto* renew = std::get_if<renew_request>(&what))
    caf::anon_send(p.router,
                   router::renew_session{renew->session, renew->ttl,
                                         reply<std::monostate>{pass_on}});
}

peer_receiver& process::service() {
  return parts_->service;
}

void process::transfer_leadership(std::optional<peer_id> target) {
  caf::anon_send(parts_->raft,
                 raft::transfer_leadership{std::move(target), {}});
}

void process::change_members(raft::membership next,
                             std::function<void(bool)> done) {
  caf::anon_send(
    parts_->raft,
    raft::change_members{std::move(next), std::nullopt,
                         reply<log_index>{[done](const result<log_index>& x) {
                           done(static_cast<bool>(x));
                         }}});
}

void process::numb(bool on) {
  parts_->numb(on);
}

void process::wake_disk() {
  parts_->log_lane.wake();
  parts_->rows_lane.wake();
}

void process::crash(rng& luck, bool keep_all) {
  parts_->log_lane.crash(luck, keep_all);
  parts_->rows_lane.crash(luck, keep_all);
}

std::size_t process::writes_waiting() const {
  return parts_->log_lane.size();
}

} // namespace praetor::sim
