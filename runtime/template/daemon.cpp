#include "runtime/template/daemon.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"
#include "runtime/config/go_flags.hpp"
#include "runtime/template/disk.hpp"
#include "runtime/template/exit_codes.hpp"
#include "runtime/template/explain.hpp"
#include "runtime/template/ready.hpp"
#include "runtime/template/settings_json.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>

namespace praetor::templates {

namespace asio = boost::asio;
using boost::system::error_code;
using config::go_quote;

namespace {

error refused(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

view_options view_options_of(const settings& x) {
  return {.retry = x.consul.retry,
          .max_stale = x.max_stale,
          .wait = x.block_query_wait,
          .once = x.once || x.explain};
}

write_options write_options_of(const template_settings& x) {
  return {.mode = x.perms,
          .user = x.user,
          .group = x.group,
          .backup = x.backup,
          .create_directories = x.create_dest_dirs};
}

result<std::string> text_of(const template_settings& how) {
  if (how.contents && !how.source.empty())
    return refused("template: cannot specify both 'source' and 'content'");
  if (how.contents)
    return *how.contents;
  if (how.source.empty())
    return refused(
      "template: must specify exactly one of 'source' or 'content'");
  auto text = read_whole_file(how.source);
  if (!text)
    return refused("failed to read template: " + text.error().context);
  return text;
}

/// Whether a dependency is watched since this pass.
bool is_new(const pass_result& done, const std::string& name) {
  return std::ranges::any_of(
    done.watch, [&name](const auto& x) { return x.name() == name; });
}

/// The original's way to list errors.
std::string error_list(const std::vector<std::string>& all) {
  auto out = std::to_string(all.size())
             + (all.size() == 1 ? " error" : " errors") + " occurred:\n";
  for (const auto& x : all)
    out.append("\n* ").append(x);
  return out;
}

std::string exit_failure(const std::string& command) {
  return "command exited with a non-zero exit status:\n\n    " + command
         + "\n\nThis is assumed to be a failure. Please ensure the command\n"
           "exits with a zero exit status.";
}

std::string time_failure(const std::string& command, duration limit) {
  return "command did not exit within " + go_quote(format_duration(limit))
         + ":\n\n    " + command
         + "\n\nCommands must exit in a timely manner in order for processing "
           "to\ncontinue. Consider using a process supervisor or utilizing "
           "the\nbuilt-in exec mode instead.";
}

} // namespace

std::string loaded_template::shown() const {
  return go_quote(how.shown_source()) + " => " + go_quote(how.destination);
}

result<loaded_template> load_template(const template_settings& how,
                                      bool with_caret) {
  auto text = text_of(how);
  if (!text)
    return text.error();
  loaded_template out;
  out.how = how;
  out.id = template_id(*text, how);
  out.text = std::move(*text);
  parse_options options;
  options.left_delimiter = how.left_delimiter;
  options.right_delimiter = how.right_delimiter;
  auto parsed = parse_template(out.text, options);
  if (!parsed)
    return refused(with_caret_lines(
      how.shown_source() + ": parse: " + parsed.error().context, out.text,
      parsed.error().context, with_caret));
  out.parsed = std::move(*parsed);
  out.options.missing =
    how.error_on_missing_key ? missing_key::error : missing_key::zero;
  out.options.function_denylist = how.function_denylist;
  out.options.sandbox_path = how.sandbox_path;
  return out;
}

daemon::daemon(asio::io_context& io, settings how, net::link_factory make_link,
               variable_map derived, rng random)
  : io_{io},
    how_{std::move(how)},
    derived_{std::move(derived)},
    random_{random},
    machine_{derived_, rng{random_.next()}},
    watcher_{io,
             make_link,
             view_options_of(how_),
             {.on_data =
                [this](const std::string& name, value data) {
                  log::debug("runner", "receiving dependency " + name);
                  cache_.store(name, std::move(data));
                  wake();
                },
              .on_failure =
                [this](const std::string& text) {
                  if (how_.explain)
                    return;
                  log::error("runner", "watcher reported error: " + text);
                  end(exit_runner, text);
                },
              .on_progress =
                [this] {
                  if (how_.explain)
                    wake();
                }}},
    timer_{io} {
  if (how_.dedup.enabled.value_or(false) && !how_.once && !how_.explain)
    dedup_ = std::make_unique<dedup>(
      io, std::move(make_link), how_.dedup, view_options_of(how_),
      dedup_listener{.on_role =
                       [this](std::size_t number, bool followed) {
                         runner_->follow(number, followed);
                         wake();
                       },
                     .on_data =
                       [this](const std::string& name, value data) {
                         cache_.store(name, std::move(data));
                         wake();
                       }});
}

// -- start -------------------------------------------------------------------

bool daemon::with_caret() const {
  return how_.explain || how_.parse_only || ::isatty(STDERR_FILENO) != 0;
}

status daemon::load() {
  log::info("runner", std::string{"creating new runner (dry: "}
                        + (how_.dry ? "true" : "false")
                        + ", once: " + (how_.once ? "true" : "false") + ")");
  log::debug("runner", "final config: " + settings_json(how_));
  log::info("runner", "creating watcher");
  std::vector<runner::unit_options> units;
  for (const auto& x : how_.templates) {
    auto one = load_template(x, with_caret());
    if (!one)
      return one.error();
    const bool waits = x.wait.enabled.value_or(false) && !how_.once;
    units.push_back({.wait = waits ? std::optional{x.wait.range} : std::nullopt,
                     .command = x.command});
    templates_.push_back(std::move(*one));
  }
  runner_.emplace(std::move(units), rng{random_.next()});
  if (how_.exec.enabled.value_or(false) && !how_.explain && !how_.dry)
    add_child();
  if (!how_.pid_file.empty()) {
    write_options how;
    how.mode = 0644;
    const auto done =
      write_destination(how_.pid_file, std::to_string(::getpid()), how);
    if (!done)
      return refused("could not write pid file: " + done.error().context);
  }
  return ok;
}

void daemon::add_child() {
  child_ = std::make_unique<exec_child>(
    io_, how_.exec,
    child_environment(own_environment(), derived_, how_.exec.environment),
    rng{random_.next()}, [this](int code) {
      const auto text =
        "child process died with exit code " + std::to_string(code);
      if (code == 0)
        log::info("cli", text);
      end(code < 0 ? exit_signaled : code, code == 0 ? "" : text);
    });
}

asio::awaitable<run_outcome> daemon::run() {
  if (auto good = load(); !good)
    co_return run_outcome{exit_runner, good.error().context};
  log::info("runner", "starting");
  log::debug("runner", "running initial templates");
  if (dedup_) {
    for (const auto& x : templates_)
      dedup_->add(x.id);
    for (std::size_t i = 0; i < templates_.size(); ++i)
      runner_->follow(i, true);
    dedup_->start();
  }
  while (!outcome_) {
    co_await turn();
    if (!outcome_)
      co_await wait_for_event();
  }
  log::info("runner", "stopping");
  log::debug("runner", "stopping watcher");
  log::debug("watcher", "stopping all views");
  watcher_.stop();
  if (dedup_)
    co_await dedup_->stop();
  if (child_)
    co_await child_->stop();
  if (!how_.pid_file.empty())
    ::unlink(how_.pid_file.c_str());
  co_return *outcome_;
}

// -- events ------------------------------------------------------------------

void daemon::wake() {
  dirty_ = true;
  timer_.cancel();
}

void daemon::end(int exit_code, std::string failure) {
  if (outcome_)
    return;
  outcome_ = run_outcome{exit_code, std::move(failure), false};
  if (child_)
    child_->hurry();
  if (command_)
    command_->send(SIGTERM);
  wake();
}

void daemon::on_signal(int number) {
  const bool has_child = child_ && child_->running();
  if (number == how_.reload_signal) {
    std::cerr << "Reloading configuration...\n";
    end(0);
    outcome_->reload = true;
  } else if (number == how_.kill_signal || (number == SIGTERM && !has_child)) {
    std::cerr << "Cleaning up...\n";
    end(exit_interrupted);
  } else if (number != SIGCHLD && number != SIGURG && has_child) {
    child_->send(number);
  }
}

asio::awaitable<void> daemon::wait_for_event() {
  if (dirty_)
    co_return;
  const auto deadline = runner_->deadline();
  timer_.expires_at(deadline.value_or(time_point::max()));
  error_code ignored;
  co_await timer_.async_wait(
    asio::redirect_error(asio::use_awaitable, ignored));
}

// -- one turn ----------------------------------------------------------------

evaluation daemon::evaluate(std::size_t number) {
  auto& x = templates_[number];
  log::debug("runner", "checking template " + x.id);
  auto done = render(x.parsed, cache_, machine_, x.options);
  return {.output = std::move(done.output),
          .used = std::move(done.used),
          .missing = std::move(done.missing),
          .failure = std::move(done.error)};
}

asio::awaitable<void> daemon::turn() {
  log::info("runner", "initiating run");
  dirty_ = false;
  const auto done =
    runner_->pass(std::chrono::steady_clock::now(),
                  [this](std::size_t number) { return evaluate(number); });
  apply(done);
  if (outcome_)
    co_return;
  const bool only_looks = how_.parse_only || how_.explain;
  for (const auto& x : done.outputs)
    if (!only_looks && !write(x))
      co_return;
  update_dependencies(done);
  if (only_looks) {
    if (how_.explain && (!done.watch.empty() || !watcher_.settled()))
      co_return;
    if (how_.explain)
      std::cout << explain() << std::flush;
    co_return end(0);
  }
  co_await run_commands();
  const bool changed = runner_->take_changed();
  if (dedup_)
    for (std::size_t i = 0; i < templates_.size(); ++i)
      dedup_->publish(i, shared_data_of(runner_->used_by(i), watcher_));
  if (!outcome_)
    co_await keep_child(changed);
  if (!outcome_)
    finish_if_done();
}

void daemon::apply(const pass_result& done) {
  if (!done.watch.empty())
    log::debug("runner", "was not watching " + std::to_string(done.watch.size())
                           + " dependencies");
  if (!how_.parse_only)
    for (const auto& x : done.watch)
      watcher_.add(x);
  failures_.clear();
  for (const auto& x : done.failures) {
    const auto& one = templates_[x.unit];
    const auto text =
      with_caret_lines(one.how.shown_source() + ": execute: " + x.text,
                       one.text, x.text, with_caret());
    if (how_.explain)
      failures_[x.unit] = text;
    else if (one.how.error_fatal.value_or(true))
      return end(exit_runner, text);
    else
      log::error("runner", text);
  }
}

void daemon::update_dependencies(const pass_result& done) {
  log::debug("runner", "diffing and updating dependencies");
  for (const auto& name : runner_->watched())
    if (!is_new(done, name))
      log::debug("runner", name + " is still needed");
  for (const auto& name : done.forget) {
    log::debug("runner", name + " is no longer needed");
    watcher_.remove(name);
    cache_.forget(name);
  }
  log::debug("runner", "watching " + std::to_string(runner_->watched().size())
                         + " dependencies");
}

bool daemon::write(const output& x) {
  const auto& one = templates_[x.unit];
  if (how_.dry) {
    const auto changes = would_change(one.how.destination, x.content);
    if (changes && *changes)
      std::cout << "> " << one.how.destination << '\n'
                << x.content << std::flush;
    runner_->written(x.unit, false);
    return true;
  }
  log::debug("runner", "rendering " + one.shown());
  const auto done = write_destination(one.how.destination, x.content,
                                      write_options_of(one.how));
  if (!done) {
    end(exit_runner, "error rendering " + one.shown()
                       + ": failed writing file: " + done.error().context);
    return false;
  }
  if (*done)
    log::info("runner", "rendered " + one.shown());
  runner_->written(x.unit, *done);
  return true;
}

asio::awaitable<void> daemon::run_commands() {
  std::vector<std::string> failures;
  for (const auto& x : runner_->commands()) {
    auto good = co_await run_command(x);
    if (good)
      continue;
    failures.push_back(
      "failed to execute command " + go_quote(shown_command(x.words)) + " from "
      + templates_[x.unit].shown() + ": child: " + good.error().context);
    if (!how_.exit_on_command_error.value_or(true))
      log::error("runner", failures.back());
  }
  if (!failures.empty() && how_.exit_on_command_error.value_or(true))
    end(exit_runner, error_list(failures));
}

asio::awaitable<status> daemon::run_command(const due_command& x) {
  const auto& one = templates_[x.unit];
  const auto shown = shown_command(x.words);
  log::info("runner",
            "executing command " + go_quote(shown) + " from " + one.shown());
  log::info("child", "spawning: " + shown);
  auto variables =
    child_environment(own_environment(), derived_, one.how.environment);
  auto made = child::start(io_, order_of(x.words, std::move(variables)));
  if (!made)
    co_return made.error();
  const auto limit = one.how.command_timeout;
  command_ = &*made;
  const auto code = co_await made->wait(limit);
  command_ = nullptr;
  if (code && *code == 0)
    co_return ok;
  if (code)
    co_return refused(exit_failure(shown));
  made->send(SIGKILL);
  co_await made->wait();
  co_return refused(time_failure(shown, limit));
}

asio::awaitable<void> daemon::keep_child(bool changed) {
  if (!child_ || !runner_->all_rendered())
    co_return;
  status good = ok;
  if (!child_->started())
    good = child_->start();
  else if (changed)
    good = co_await child_->reload();
  if (!good)
    end(exit_runner, good.error().context);
}

void daemon::finish_if_done() {
  if (!runner_->all_rendered())
    return;
  log::debug("runner", "all templates rendered");
  if (!announced_) {
    announced_ = true;
    notify_ready();
  }
  if (!how_.once)
    return;
  log::info("runner", "once mode and all templates rendered");
  if (!child_)
    end(0);
}

std::string daemon::explain() const {
  std::vector<explained_template> all;
  for (std::size_t i = 0; i < templates_.size(); ++i) {
    explained_template one{.title = templates_[i].shown()};
    for (const auto& x : runner_->used_by(i))
      one.needs.push_back({x.name(), watcher_.waiting_for(x.name())});
    if (const auto failed = failures_.find(i); failed != failures_.end())
      one.failure = failed->second;
    all.push_back(std::move(one));
  }
  return explain_text(all);
}

} // namespace praetor::templates
