// The child of exec mode: started once all templates are rendered, told of
// changes by a signal or a restart, and stopped with us. Everything happens on
// the io thread.
//
// Source: consul-template 0.19.3, child/child.go.

#pragma once

#include "actors/template/watch/settings.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/template/child.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

namespace praetor::templates {

/// See the head of the file.
class exec_child {
public:
  /// @param on_end called with the exit code when the child ends by itself
  exec_child(boost::asio::io_context& io, exec_settings how,
             variable_map variables, rng random,
             std::function<void(int)> on_end);

  bool started() const { return started_; }
  bool running() const { return current_ != nullptr; }

  /// Errors: io_error, `child: fork/exec /x: no such file or directory`.
  status start();

  /// Tells the child of a change, after the splay.
  boost::asio::awaitable<status> reload();

  /// Stops the child: first with the kill signal, then for good.
  boost::asio::awaitable<void> stop();

  /// Passes a signal on.
  void send(int signal) const;

  /// Ends the splay early.
  void hurry() { splay_.cancel(); }

private:
  /// Waits for the end of one child, and tells.
  boost::asio::awaitable<void> follow(std::shared_ptr<child> which);

  boost::asio::awaitable<void> wait_for_splay();

  boost::asio::io_context& io_;
  exec_settings how_;
  variable_map variables_;
  rng random_;
  std::function<void(int)> on_end_;
  std::shared_ptr<child> current_;
  boost::asio::steady_timer splay_;
  /// Canceled when the child ends.
  boost::asio::steady_timer gone_;
  bool started_ = false;
  bool stopping_ = false;
};

} // namespace praetor::templates
