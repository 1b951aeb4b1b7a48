#include "runtime/node/agent_program.hpp"

#include "api/http/http_server.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/config/banner.hpp"
#include "runtime/config/host.hpp"
#include "runtime/config/load.hpp"
#include "runtime/net/prober.hpp"
#include "runtime/net/transport.hpp"
#include "runtime/node/actors.hpp"
#include "runtime/node/data_dir.hpp"
#include "runtime/node/definitions.hpp"
#include "runtime/node/facts.hpp"
#include "runtime/node/log_output.hpp"
#include "runtime/node/pid_file.hpp"
#include "runtime/node/pool_options.hpp"
#include "runtime/node/registrator_part.hpp"
#include "runtime/node/rpc_service.hpp"
#include "runtime/node/start_memory.hpp"
#include "runtime/node/template_part.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace praetor::node {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// How long answers may take to leave after a graceful leave.
constexpr auto farewell = 200ms;

/// After so long a node has done what it does only once.
constexpr auto settle_time = 1s;

/// How long a leader that stops may look for an heir.
constexpr auto hand_over_max = 2s;

/// How long a node that leaves may wait for the others to go on without it.
/// Source: Consul's grace period for the removal from Raft.
constexpr auto leave_max = 5s;

/// Threads that serve HTTP: more would only take cores from the actors.
constexpr std::size_t http_threads_max = 4;

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

net::peer_tls_options peer_tls_options_of(const config::settings& x) {
  net::peer_tls_options out;
  out.ca_file = x.tls.ca_file;
  out.ca_path = x.tls.ca_path;
  out.cert_file = x.tls.cert_file;
  out.key_file = x.tls.key_file;
  out.verify_incoming = x.tls.verify_incoming || x.tls.verify_incoming_rpc;
  out.verify_outgoing = x.tls.verify_outgoing;
  out.verify_server_hostname = x.tls.verify_server_hostname;
  out.domain = x.domain;
  while (out.domain.ends_with('.'))
    out.domain.pop_back();
  return out;
}

std::string signal_name(int number) {
  switch (number) {
    case SIGINT: return "interrupt";
    case SIGTERM: return "terminated";
    default: return "hangup";
  }
}

/// A node that is starting, running or stopping. Everything here happens in the
/// one io thread, which is the main thread.
class agent_program {
public:
  agent_program(std::span<const std::string> args, config::loaded from)
    : args_{args.begin(), args.end()},
      config_{std::move(from.config)},
      warnings_{std::move(from.warnings)} {}

  int run() {
    if (auto started = start(); !started)
      return fail(started.error().context);
    settled_.expires_after(settle_time);
    settled_.async_wait([](const auto& failure) {
      if (!failure)
        release_start_memory();
    });
    io_.run();
    stop();
    log::info("agent", "Exit code", {{"code", std::to_string(exit_code_)}});
    return exit_code_;
  }

private:
  // -- start
  // --------------------------------------------------------------------

  status start() {
    if (auto made = make_data_dir(config_.data_dir); !made)
      return made.error();
    rng random{random_seed()};
    auto id = settle_node_id(config_.data_dir, config_.node_id, random);
    if (!id)
      return id.error();
    if (auto opened = open_log(*id); !opened)
      return opened.error();
    auto definitions = definitions_of(config_);
    if (!definitions)
      return definitions.error();
    auto disks = open_databases(config_.data_dir, config_.server);
    if (!disks)
      return disks.error();
    if (auto opened = open_network(*id, random.next()); !opened)
      return opened;
    if (auto started = start_actors(*id, std::move(*disks), random.next());
        !started)
      return started;
    actors_->load(std::move(*definitions));
    if (auto listening = start_http(*id); !listening)
      return listening;
    if (auto started = start_templates(config_.actors); !started)
      return started;
    if (auto started = start_registrator(config_.actors); !started)
      return started;
    if (auto written = pid_.write(config_.pid_file); !written)
      return written;
    wait_for_signal();
    log::info("agent", "Consul agent running!");
    return ok;
  }

  status open_log(const std::string& node_id) {
    if (!config_.log_json) {
      std::cout << config::banner(config_, node_id) << std::flush;
    }
    log_options options;
    options.threshold =
      log::parse_level(config_.log_level).value_or(log::level::info);
    options.json = config_.log_json;
    options.syslog = config_.enable_syslog;
    options.file = config_.log_file;
    options.rotate_bytes = static_cast<std::uint64_t>(config_.log_rotate_bytes);
    options.rotate_duration = config_.log_rotate_duration;
    options.rotate_max_files = config_.log_rotate_max_files;
    auto opened = log_output::open(std::move(options));
    if (!opened)
      return opened.error();
    log_ = std::move(*opened);
    for (const auto& text : warnings_)
      log::warn("agent", text);
    warn_of_gaps();
    return ok;
  }

  /// Says what an operator might take for granted and this version lacks.
  void warn_of_gaps() const {
    log::warn("agent",
              "this version has no DNS and no WAN pool; their ports stay "
              "closed");
    for (const auto& block : config_.actors)
      if (block.name != "template" && block.name != "registrator")
        log::warn("agent",
                  "this version has no such actor; the block has no effect",
                  {{"actor", block.name}, {"where", block.where}});
  }

  /// Opens the ports for other nodes.
  status open_network(const std::string& node_id, std::uint64_t seed) {
    net::transport_options options;
    if (config_.server)
      options.listen = to_string(config_.network.server);
    options.node_id = node_id;
    options.node_name = config_.node_name;
    options.datacenter = config_.datacenter;
    options.tls = peer_tls_options_of(config_);
    options.limits.incoming_per_address_max =
      static_cast<std::size_t>(config_.limits.rpc_max_conns_per_client);
    auto started = net::transport::start(io_, std::move(options), rpc_);
    if (!started)
      return error{started.error().code,
                   "Failed to start RPC layer: " + started.error().context};
    transport_ = std::move(*started);
    auto opened = open_pool(io_, config_, seed);
    if (!opened)
      return error{opened.error().code,
                   "Failed to start LAN Serf: " + opened.error().context};
    lan_ = std::move(*opened);
    return ok;
  }

  status start_actors(const std::string& node_id, databases disks,
                      std::uint64_t seed) {
    actor_options options;
    options.settings = config_;
    options.node_id = node_id;
    options.disks = std::move(disks);
    options.probes = net::make_prober(io_);
    options.network = transport_;
    options.lan = lan_;
    options.seed = seed;
    options.on_parted = [](const std::string& why) {
      log::error("agent", "Error starting agent", {{"error", why}});
      std::fflush(stdout);
      std::_Exit(1);
    };
    options.on_fatal = [](const std::string& why) {
      log::error("agent", "cannot go on", {{"error", why}});
      std::fflush(stdout);
      std::_Exit(exit_disk_failed);
    };
    auto started = actors::start(std::move(options));
    if (!started)
      return started.error();
    actors_ = std::move(*started);
    actors_->connect(rpc_);
    return ok;
  }

  status start_http(const std::string& node_id) {
    backends_.post = [this](std::function<void()> f) {
      asio::post(io_, std::move(f));
    };
    const auto connect = [this, node_id](http::backends& to) {
      to.facts = http_facts(config_, node_id);
      to.random = rng{random_seed()};
      actors_->connect(to);
      connect_membership(to);
      connect_program(to);
    };
    connect(backends_);
    http::server_options options;
    for (const auto& where : config_.network.http)
      options.addresses.push_back(to_string(where));
    options.settings = http_site(config_);
    options.connections_per_client_max =
      static_cast<std::size_t>(config_.limits.http_max_conns_per_client);
    options.threads = std::clamp<std::size_t>(
      std::thread::hardware_concurrency(), 1, http_threads_max);
    options.connect = connect;
    auto started = http::http_server::start(io_, backends_, std::move(options));
    if (!started)
      return started.error();
    http_ = std::move(*started);
    for (const auto& where : config_.network.http)
      log::info("agent", "Started HTTP server",
                {{"address", to_string(where)},
                 {"network", where.port < 0 ? "unix" : "tcp"}});
    return ok;
  }

  /// Starts what renders templates, in place of what did so before.
  status start_templates(const std::vector<config::actor_block>& blocks) {
    auto how = template_settings_of(blocks);
    if (!how)
      return how.error();
    templates_.reset();
    if (!how->templates.empty())
      templates_ = std::make_unique<template_part>(
        std::move(*how), backends_, http_site(config_), random_seed());
    return ok;
  }

  /// Starts registrator, in place of the one before.
  status start_registrator(const std::vector<config::actor_block>& blocks) {
    auto how = registrator_settings_of(blocks, [](std::string_view name) {
      const auto* found = std::getenv(std::string{name}.c_str());
      return std::string{found == nullptr ? "" : found};
    });
    if (!how)
      return how.error();
    registrator_.reset();
    if (!*how)
      return ok;
    auto started = registrator_part::start(
      **how, {io_, actors_->system(), backends_, http_site(config_),
              config_.network.advertise_lan});
    if (!started)
      return started.error();
    registrator_ = std::move(*started);
    return ok;
  }

  /// What this program does itself, in its own thread.
  void connect_program(http::backends& to) {
    to.reload = [this](const reply<std::monostate>& done) {
      asio::post(io_, [this, done] { done.complete(reload()); });
    };
    to.leave = [this](const reply<std::monostate>& done) {
      asio::post(io_, [this, done] { leave(done); });
    };
    to.monitor = [this](const std::shared_ptr<http::body_stream>& out,
                        const std::string& level, bool json) {
      asio::post(io_, [this, out, level, json] { monitor(out, level, json); });
    };
  }

  void connect_membership(http::backends& to) {
    to.join = [this](const std::string& address, bool wan,
                     const reply<std::monostate>& done) {
      if (wan)
        return done.complete(
          error{errc::rejected, "this version has no WAN pool"});
      actors_->join({{address},
                     reply<gossip::join_answer>{
                       [done](const result<gossip::join_answer>& x) {
                         done.complete(outcome_of(x));
                       }}});
    };
    to.force_leave = [this](const std::string& node, bool prune,
                            const reply<std::monostate>& done) {
      actors_->force_leave({node, prune, done});
    };
    to.pool_stats = [this](gossip::get_stats what) {
      actors_->pool_stats(std::move(what));
    };
    to.change_keys = [this](gossip::change_keys what) {
      actors_->change_keys(std::move(what));
    };
  }

  /// Joining one address worked, or this is why not.
  static status outcome_of(const result<gossip::join_answer>& x) {
    if (!x)
      return x.error();
    if (x->joined > 0)
      return ok;
    return error{errc::rejected, x->errors};
  }

  // -- life
  // -----------------------------------------------------------------------

  void wait_for_signal() {
    signals_.async_wait([this](const auto& failure, int number) {
      if (failure)
        return;
      log::info("agent", "Caught", {{"signal", signal_name(number)}});
      if (number == SIGHUP)
        static_cast<void>(reload());
      else
        end(number);
      wait_for_signal();
    });
  }

  void end(int number) {
    const auto graceful = number == SIGINT ? config_.leaves_on_interrupt()
                                           : config_.leaves_on_terminate();
    if (std::exchange(ending_, true)) {
      exit_code_ = 1;
      return io_.stop();
    }
    if (graceful)
      return leave({});
    log::info("agent", "Graceful shutdown disabled. Exiting");
    exit_code_ = 1;
    actors_->hand_over(hand_over_max, in_io([this] { io_.stop(); }));
  }

  /// Runs `f` in the io thread when it is completed.
  reply<std::monostate> in_io(std::function<void()> f) {
    return reply<std::monostate>{
      [this, f = std::move(f)](const status&) { asio::post(io_, f); }};
  }

  void leave(const reply<std::monostate>& to) {
    ending_ = true;
    log::info("agent", "Gracefully shutting down agent...");
    exit_code_ = 0;
    actors_->leave(leave_max, in_io([this, to] { say_goodbye(to); }));
  }

  void say_goodbye(const reply<std::monostate>& to) {
    to.complete(ok);
    goodbye_.expires_after(farewell);
    goodbye_.async_wait([this](const auto&) {
      log::info("agent", "Graceful exit completed");
      io_.stop();
    });
  }

  /// Reads the configuration again. What cannot change while running stays.
  status reload() {
    log::info("agent", "Reloading configuration...");
    auto fresh = config::prepare_agent(args_, config::disk_files{},
                                       config::host_environment());
    if (!fresh.run)
      return refuse_reload(fresh.end.err);
    auto definitions = definitions_of(fresh.run->config);
    if (!definitions)
      return refuse_reload(definitions.error().context);
    config_.log_level = fresh.run->config.log_level;
    log_->set_threshold(
      log::parse_level(config_.log_level).value_or(log::level::info));
    for (const auto& text : fresh.run->warnings)
      log::warn("agent", text);
    if (auto started = start_templates(fresh.run->config.actors); !started)
      return refuse_reload(started.error().context);
    if (fresh.run->config.actors != config_.actors)
      if (auto started = start_registrator(fresh.run->config.actors); !started)
        return refuse_reload(started.error().context);
    config_.actors = fresh.run->config.actors;
    if (auto read =
          transport_->reload_tls(peer_tls_options_of(fresh.run->config));
        !read)
      return refuse_reload(read.error().context);
    actors_->load(std::move(*definitions));
    return ok;
  }

  static status refuse_reload(std::string text) {
    while (text.ends_with('\n'))
      text.pop_back();
    if (text.starts_with("==> "))
      text.erase(0, 4);
    log::error("agent", "Reload config failed", {{"error", text}});
    return error{errc::rejected, std::move(text)};
  }

  void monitor(const std::shared_ptr<http::body_stream>& to,
               const std::string& level, bool json) {
    const auto number = std::make_shared<std::uint64_t>(0);
    *number = log_->listen(
      log::parse_level(level).value_or(log::level::info), json,
      [this, to, number](std::string line) {
        if (to->closed())
          return asio::post(io_, [this, number] { log_->ignore(*number); });
        to->write(std::move(line) + "\n");
      });
  }

  // -- end
  // ------------------------------------------------------------------------

  void stop() {
    templates_.reset();
    registrator_.reset();
    if (http_)
      http_->end_threads();
    if (transport_)
      transport_->stop();
    if (lan_)
      lan_->end();
    actors_.reset();
    pid_.remove();
  }

  int fail(const std::string& text) {
    if (!log_) {
      std::cerr << "==> " << text << "\n";
      return 1;
    }
    log::error("agent", "Error starting agent", {{"error", text}});
    stop();
    log::info("agent", "Exit code", {{"code", "1"}});
    return 1;
  }

  std::vector<std::string> args_;
  config::settings config_;
  std::vector<std::string> warnings_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_, SIGINT, SIGTERM, SIGHUP};
  asio::steady_timer goodbye_{io_};
  asio::steady_timer settled_{io_};
  std::unique_ptr<log_output> log_;
  /// Ends after all that may still answer a request.
  http::backends backends_;
  std::unique_ptr<http::http_server> http_;
  rpc_service rpc_;
  std::shared_ptr<net::transport> transport_;
  std::shared_ptr<net::gossip_link> lan_;
  std::unique_ptr<actors> actors_;
  std::unique_ptr<template_part> templates_;
  std::unique_ptr<registrator_part> registrator_;
  pid_file pid_;
  bool ending_ = false;
  int exit_code_ = 0;
};

} // namespace

int run_agent(std::span<const std::string> args) {
  auto start = config::prepare_agent(args, config::disk_files{},
                                     config::host_environment());
  if (!start.run) {
    std::cout << start.end.out << std::flush;
    std::cerr << start.end.err << std::flush;
    return start.end.exit_code;
  }
  std::signal(SIGPIPE, SIG_IGN);
  return agent_program{args, std::move(*start.run)}.run();
}

} // namespace praetor::node
