#include "runtime/node/registrator_program.hpp"

#include "actors/registrator/consul_backend.hpp"
#include "actors/registrator/core/zookeeper_wire.hpp"
#include "actors/registrator/key_backends.hpp"
#include "actors/registrator/registrator_actor.hpp"
#include "actors/registrator/zookeeper_backend.hpp"
#include "runtime/base/log.hpp"
#include "runtime/config/addresses.hpp"
#include "runtime/config/host.hpp"
#include "runtime/config/version.hpp"
#include "runtime/net/frame_link.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <netdb.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>
#include <utility>

namespace praetor::node {

namespace {

namespace asio = boost::asio;
using namespace registrator;

/// How long deregistering everything may take at the end.
constexpr auto deregistering_max = std::chrono::seconds{10};

/// 2006/01/02 15:04:05 text, in local time.
void write_line(const log::record& line) {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  std::array<char, 32> stamp{};
  std::strftime(stamp.data(), stamp.size(), "%Y/%m/%d %H:%M:%S ", &parts);
  auto text = std::string{stamp.data()}.append(line.message);
  for (const auto& [key, value] : line.fields)
    text.append(" ").append(key).append("=").append(value);
  text.push_back('\n');
  std::fputs(text.c_str(), stderr);
}

void say(const std::string& text) {
  log::info("registrator", text);
}

[[noreturn]] void end_with(const std::string& why) {
  log::error("registrator", why);
  std::_Exit(1);
}

caf::actor_system_config make_config() {
  caf::actor_system_config out;
  out.set("scheduler.policy", caf::atom("sharing"))
    .set("scheduler.max-threads", std::size_t{1});
  return out;
}

/// A running registrator.
class registrator_program {
public:
  explicit registrator_program(registrator_settings settings)
    : settings_{std::move(settings)} {}

  int run() {
    auto engine = net::make_http_session(io_, settings_.engine);
    if (!engine)
      end_with(engine.error().context);
    auto registry = net::make_http_session(io_, settings_.registry_place);
    if (!registry)
      end_with(registry.error().context);
    if (settings_.registry.kind == registry_kind::zookeeper)
      keeper_ = net::make_frame_link(io_, keeper_place());
    engine_ = *engine;
    registry_ = *registry;
    actor_ = spawn_registrator(sys_, actor_options(), engine_, maker());
    signals_.async_wait([this](const auto&, int) { end(); });
    io_.run();
    stop();
    return 0;
  }

private:
  registrator_options actor_options() const {
    registrator_options out;
    out.how = settings_.how;
    out.hostname = own_hostname();
    out.address = [host = out.hostname] { return resolve_host(host); };
    out.forced_address = settings_.forced_address;
    out.wall_clock = nanoseconds_since_1970;
    out.retry_attempts = settings_.retry_attempts;
    out.retry_interval = settings_.retry_interval;
    out.on_fatal = end_with;
    return out;
  }

  net::frame_place keeper_place() const {
    net::frame_place out;
    out.host = settings_.registry_place.host;
    out.port = settings_.registry_place.port;
    out.greeting = zookeeper_connect();
    out.idle = zookeeper_ping();
    out.idle_every = std::chrono::milliseconds{zookeeper_session_ms / 3};
    return out;
  }

  backend_maker maker() const {
    return [client = registry_, keeper = keeper_, where = settings_.registry,
            host = own_hostname()](executor post) -> std::unique_ptr<backend> {
      if (keeper)
        return make_zookeeper_backend(keeper, std::move(post), where.path);
      wire to{client, std::move(post)};
      if (where.kind == registry_kind::consul)
        return make_consul_backend(std::move(to), host);
      return make_key_backend(where, std::move(to));
    };
  }

  void end() {
    if (!settings_.deregister_at_end)
      return io_.stop();
    say("Deregistering everything ...");
    patience_.expires_after(deregistering_max);
    patience_.async_wait([this](const boost::system::error_code& canceled) {
      if (canceled)
        return;
      log::error("registrator", "not everything is deregistered");
      io_.stop();
    });
    signals_.async_wait([this](const auto&, int) { io_.stop(); });
    caf::anon_send(actor_, retire{reply<std::monostate>{[this](const status&) {
                     asio::post(io_, [this] { io_.stop(); });
                   }}});
  }

  void stop() {
    engine_->stop();
    registry_->stop();
    if (keeper_)
      keeper_->stop();
    caf::anon_send<caf::message_priority::high>(
      caf::actor_cast<caf::actor>(actor_),
      caf::exit_msg{caf::actor_addr{}, caf::exit_reason::user_shutdown});
    actor_ = nullptr;
    // The sessions complete what is open; nobody waits for it any more.
    io_.restart();
    io_.poll();
  }

  registrator_settings settings_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{
    io_.get_executor()};
  asio::signal_set signals_{io_, SIGINT, SIGTERM};
  asio::steady_timer patience_{io_};
  std::shared_ptr<http_client> engine_;
  std::shared_ptr<http_client> registry_;
  /// Instead of `registry_`, for a ZooKeeper.
  std::shared_ptr<frame_client> keeper_;
  caf::actor_system_config config_{make_config()};
  caf::actor_system sys_{config_};
  registrator_actor actor_;
};

/// Errors: what is wrong with the template, and with which.
status add_template(const char* option, const std::string& text,
                    url_reader read, container_text& to) {
  if (!is_template(text))
    return ok;
  auto made = container_template(text, std::move(read));
  if (!made)
    return error{made.error().code,
                 std::string{option} + ": " + made.error().context};
  to = std::move(*made);
  return ok;
}

} // namespace

int run_registrator(registrator_settings settings) {
  std::signal(SIGPIPE, SIG_IGN);
  log::set_sink(write_line);
  say("Starting registrator v" + std::string{PRAETOR_VERSION} + " ...");
  if (!settings.how.ip.empty())
    say("Forcing host IP to " + settings.how.ip);
  if (settings.forced_address)
    say("Forcing host IP to " + settings.forced_address());
  say("Using " + settings.registry.scheme
      + " adapter: " + settings.registry_uri);
  return registrator_program{std::move(settings)}.run();
}

status complete_options(const option_texts& from, url_reader read,
                        options& to) {
  auto plain = from;
  if (is_template(from.name_from))
    plain.name_from = "image";
  if (auto done = read_options(plain, to); !done)
    return done;
  if (auto done = add_template("-tags", from.tags, read, to.more_tags); !done)
    return done;
  return add_template("-name-from", from.name_from, std::move(read),
                      to.own_names);
}

result<address_source> take_address_template(std::string& ip) {
  if (!is_template(ip))
    return address_source{};
  if (auto good = config::expand_template(ip, {}); !good)
    return error{good.error().code, "-ip: " + good.error().context};
  return address_source{[text = std::exchange(ip, {})] {
    const auto now =
      config::expand_template(text, config::host_environment().interfaces);
    return now && config::is_ip(*now) ? *now : std::string{};
  }};
}

std::string resolve_host(const std::string& hostname) {
  ::addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  ::addrinfo* found = nullptr;
  if (::getaddrinfo(hostname.c_str(), nullptr, &hints, &found) != 0)
    return {};
  const std::unique_ptr<::addrinfo, decltype(&::freeaddrinfo)> guard{
    found, ::freeaddrinfo};
  std::string out;
  for (const auto* x = found; x != nullptr; x = x->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(x->ai_addr, x->ai_addrlen, text.data(), text.size(),
                      nullptr, 0, NI_NUMERICHOST)
        != 0)
      continue;
    if (x->ai_family == AF_INET)
      return text.data();
    if (out.empty())
      out = text.data();
  }
  return out;
}

std::string own_hostname() {
  std::array<char, 256> text{};
  if (::gethostname(text.data(), text.size() - 1) != 0)
    return {};
  return text.data();
}

std::int64_t nanoseconds_since_1970() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch())
    .count();
}

} // namespace praetor::node
