// One run of the template program, from its settings to its end or a reload:
// reads the templates, watches what they need, renders, runs commands and keeps
// the child of exec mode. Everything happens on the io thread.
//
//   watcher --data--> daemon: pass --> files --> commands --> exec child
//
// Source: consul-template 0.19.3, manager/runner.go.

#pragma once

#include "actors/template/core/render.hpp"
#include "actors/template/watch/runner.hpp"
#include "runtime/net/http_link.hpp"
#include "runtime/template/dedup.hpp"
#include "runtime/template/exec_child.hpp"
#include "runtime/template/machine.hpp"
#include "runtime/template/watcher.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it
#include <vector>

namespace praetor::templates {

/// How a run ended.
struct run_outcome {
  int exit_code = 0;
  /// For the log, if not empty.
  std::string failure;
  bool reload = false;
};

/// A template, read and parsed.
struct loaded_template {
  template_settings how;
  /// See template_id().
  std::string id;
  std::string text;
  parsed_template parsed;
  render_options options;

  /// `"SOURCE" => "DESTINATION"`, for logs.
  std::string shown() const;
};

/// Reads and parses a template. Errors: invalid_argument with the original's
/// text, e.g. `failed to read template: open P: no such file or directory`.
/// @param with_caret whether a syntax error shows its line
result<loaded_template> load_template(const template_settings& how,
                                      bool with_caret);

/// See the head of the file.
class daemon {
public:
  daemon(boost::asio::io_context& io, settings how, net::link_factory make_link,
         variable_map derived, rng random);

  /// Runs to the end; once only.
  boost::asio::awaitable<run_outcome> run();

  void on_signal(int number);

  /// Lets run() come to its end.
  void stop() { end(0); }

private:
  status load();
  void add_child();

  /// One turn: a pass and everything that follows from it.
  boost::asio::awaitable<void> turn();
  evaluation evaluate(std::size_t number);
  void apply(const pass_result& done);

  /// What a pass no longer used is watched no more.
  void update_dependencies(const pass_result& done);
  bool write(const output& x);
  boost::asio::awaitable<void> run_commands();
  boost::asio::awaitable<status> run_command(const due_command& x);
  boost::asio::awaitable<void> keep_child(bool changed);
  boost::asio::awaitable<void> wait_for_event();
  void finish_if_done();

  std::string explain() const;
  bool with_caret() const;
  void end(int exit_code, std::string failure = {});
  void wake();

  boost::asio::io_context& io_;
  settings how_;
  variable_map derived_;
  rng random_;
  machine machine_;
  std::vector<loaded_template> templates_;
  std::optional<runner> runner_;
  data_cache cache_;
  watcher watcher_;
  std::unique_ptr<dedup> dedup_;
  std::unique_ptr<exec_child> child_;
  boost::asio::steady_timer timer_;
  /// The command that runs now, or null.
  child* command_ = nullptr;
  /// Why templates failed in the last pass.
  std::map<std::size_t, std::string> failures_;
  /// Something happened since the last pass.
  bool dirty_ = true;
  bool announced_ = false;
  std::optional<run_outcome> outcome_;
};

} // namespace praetor::templates
