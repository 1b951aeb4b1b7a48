// One thread's share of the HTTP server: its connections, and the clock that
// they are measured by. Everything runs in the thread of its io_context,
// which is the only one that touches these connections.

#pragma once

#include "api/http/connection.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace praetor::http {

/// Serves the connections that it is given.
class worker : public std::enable_shared_from_this<worker> {
public:
  /// @pre `to` outlives it; `to.post` runs its argument in `io`.
  worker(asio::io_context& io, backends& to, site settings, limits most,
         std::shared_ptr<client_counts> counts);

  /// Starts its clock; once, from any thread.
  void run();

  executor where() const { return where_; }

  /// Connections that it has, or will when they arrive in its thread.
  std::size_t load() const { return home_->load; }

  /// Serves a client from now on; from any thread. @pre `client` has entered
  /// the counts.
  void serve(stream socket, std::string client);

  /// Ends connections between requests; those under way have a second.
  void stop();

  /// Ends all. Also right in another thread once the io_context has stopped.
  void abandon();

private:
  using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               executor>;

  static task<> tick(std::shared_ptr<worker> self);
  void refresh_time();
  template <class F>
  void for_each_open(F f);

  executor where_;
  std::shared_ptr<lobby> home_;
  timer clock_;
  /// Nobody owns the server any more.
  bool abandoned_ = false;
};

} // namespace praetor::http
