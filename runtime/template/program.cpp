#include "runtime/template/program.hpp"

#include "runtime/base/log.hpp"
#include "runtime/net/tls_client.hpp"
#include "runtime/template/agent_address.hpp"
#include "runtime/template/daemon.hpp"
#include "runtime/template/disk.hpp"
#include "runtime/template/exit_codes.hpp"
#include "runtime/template/flags.hpp"
#include "runtime/template/program_log.hpp"
#include "runtime/template/settings_reader.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <random>

namespace praetor::templates {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// The release whose behavior this is, and who says so.
constexpr std::string_view version_text =
  "consul-template v0.19.3 (praetor " PRAETOR_VERSION ")";

/// All signals a program may get and survive.
constexpr std::array handled_signals = {
  SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1,  SIGUSR2, SIGPIPE, SIGALRM,
  SIGTERM, SIGCHLD, SIGCONT, SIGTSTP,  SIGTTIN, SIGTTOU, SIGURG,
  SIGXCPU, SIGXFSZ, SIGPROF, SIGWINCH, SIGIO,
};

std::string environment_variable(std::string_view name) {
  const char* found = std::getenv(std::string{name}.c_str());
  return found == nullptr ? "" : found;
}

std::string trimmed(std::string text) {
  while (!text.empty()
         && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

/// Errors before there is a log have its form, but whole seconds.
int fail_early(int code, const std::string& text) {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%Y/%m/%d %H:%M:%S", &parts);
  std::cerr << time.data() << " [ERR] (cli) " << text << '\n';
  return code;
}

/// Merges all sources.
result<settings> load_settings(const command_line& line,
                               std::vector<std::string>& warnings) {
  settings out;
  apply_environment(environment_variable, out);
  const auto local = environment_variable("CT_LOCAL_CONFIG");
  if (auto good = read_settings(local, out, warnings); !good)
    return error{errc::invalid_argument,
                 "from CT_LOCAL_CONFIG: " + good.error().context};
  for (const auto& path : line.paths)
    if (auto good = read_settings_path(path, out, warnings); !good)
      return good.error();
  apply_flags(line.flags, out);
  complete(out);
  return out;
}

result<std::string> token_of(const consul_settings& x) {
  if (!x.token.empty() || x.token_file.empty())
    return x.token;
  auto text = read_whole_file(x.token_file);
  if (!text)
    return text.error();
  return trimmed(std::move(*text));
}

/// Where the agent is, with what is needed to reach it.
struct agent_access {
  net::http_server_address where;
  std::unique_ptr<asio::ssl::context> tls;
  variable_map derived;
};

result<agent_access> reach_agent(const consul_settings& x) {
  const auto token = token_of(x);
  if (!token)
    return token.error();
  auto where = agent_address(x, *token);
  if (!where)
    return where.error();
  agent_access out{std::move(*where), nullptr, derived_environment(x, *token)};
  if (uses_tls(x)) {
    auto made = net::make_tls_context(tls_of(x));
    if (!made)
      return made.error();
    out.tls = std::move(*made);
    out.where.tls = out.tls.get();
  }
  return out;
}

/// Passes signals on for as long as the run lasts.
void listen(asio::signal_set& signals, daemon& to) {
  signals.async_wait([&signals, &to](const error_code& code, int number) {
    if (code)
      return;
    to.on_signal(number);
    listen(signals, to);
  });
}

/// One run, up to the end or a reload.
run_outcome run_once(const settings& how, agent_access access) {
  asio::io_context io{1};
  asio::signal_set signals{io};
  error_code ignored;
  for (const auto number : handled_signals)
    signals.add(number, ignored);
  std::random_device seed;
  const auto make_link = [where = access.where](asio::io_context& thread) {
    return std::make_unique<net::http_link>(thread, where);
  };
  daemon one{io, how, make_link, std::move(access.derived),
             rng{(std::uint64_t{seed()} << 32U) | seed()}};
  listen(signals, one);
  run_outcome out;
  asio::co_spawn(io, one.run(),
                 [&out, &io](const std::exception_ptr&, run_outcome done) {
                   out = std::move(done);
                   io.stop();
                 });
  io.run();
  return out;
}

} // namespace

int run_program(std::span<const std::string> args) {
  if (config::wants_help(args)) {
    std::cerr << template_help();
    return 0;
  }
  const auto line = parse_command_line(args);
  if (!line) {
    std::cerr << line.error().context << '\n';
    return exit_flags;
  }
  if (line->flags.boolean("v") || line->flags.boolean("version")) {
    std::cout << version_text << '\n';
    return 0;
  }
  for (;;) {
    std::vector<std::string> warnings;
    const auto how = load_settings(*line, warnings);
    if (!how)
      return fail_early(exit_settings, how.error().context);
    if (auto good = start_log(*how); !good)
      return fail_early(exit_settings, good.error().context);
    log::info("", version_text);
    for (const auto& text : warnings)
      log::warn("config", text);
    auto access = reach_agent(how->consul);
    auto done =
      access
        ? run_once(*how, std::move(*access))
        : run_outcome{exit_runner, "consul: " + access.error().context, false};
    if (!done.failure.empty())
      log::error("cli", done.failure);
    if (!done.reload)
      return done.exit_code;
  }
}

} // namespace praetor::templates
