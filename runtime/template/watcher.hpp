// Fetches what templates depend on, over HTTP or from files, and tells the
// daemon. One view, one connection and one coroutine for each dependency;
// everything happens on the io thread.

#pragma once

#include "actors/template/watch/view.hpp"
#include "runtime/net/http_link.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace praetor::templates {

/// Who is told.
struct watch_listener {
  /// New data of a dependency.
  std::function<void(const std::string& name, value data)> on_data;
  /// A dependency cannot be had: the program ends with this text.
  std::function<void(const std::string& text)> on_failure;
  /// A dependency was answered, or refused, for the first time.
  std::function<void()> on_progress;
};

/// See the head of the file.
class watcher {
public:
  /// How often a file is looked at.
  static constexpr duration file_interval = std::chrono::seconds{2};

  watcher(boost::asio::io_context& io, net::link_factory make_link,
          const view_options& options, watch_listener listener);
  ~watcher();
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;

  void add(const dependency& x);
  void remove(const std::string& name);

  /// Ends all views; nobody is told any more.
  void stop();

  /// Whether every dependency was answered or refused at least once.
  bool settled() const;

  /// What a dependency waits for; empty if its data is here.
  std::string waiting_for(const std::string& name) const;

  /// The body from which a dependency's data was made; null without data.
  const std::optional<std::string>* body_of(const std::string& name) const;

private:
  class poller;

  boost::asio::io_context& io_;
  net::link_factory make_link_;
  view_options options_;
  std::shared_ptr<watch_listener> listener_;
  std::map<std::string, std::shared_ptr<poller>> pollers_;
};

} // namespace praetor::templates
