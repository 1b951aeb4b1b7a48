// Several processes with the same template share the work: one holds a lock in
// the store, watches, and writes what it learns to a key; the others watch only
// that key. Whoever loses the lock or the session competes again.
//
//   PREFIX<template>/lock   held by the session of the one that watches
//   PREFIX<template>/data   see actors/template/watch/shared_data.hpp
//
// What cannot be shared (files, the own node) everyone watches. Everything
// happens on the io thread.
// Source: consul-template 0.19.3, manager/dedup.go.

#pragma once

#include "actors/template/core/dependencies.hpp"
#include "actors/template/watch/settings.hpp"
#include "actors/template/watch/shared_data.hpp"
#include "actors/template/watch/view.hpp"
#include "runtime/net/http_link.hpp"
#include "runtime/template/watcher.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it
#include <vector>

namespace praetor::templates {

struct dedup_listener {
  /// Template `number` is watched by another process, or by this one.
  std::function<void(std::size_t number, bool followed)> on_role;
  /// Another process has learned something.
  std::function<void(const std::string& name, value data)> on_data;
};

/// The name of a template among processes: the MD5 of its text, in hex.
std::string template_id(const std::string& text, const template_settings& how);

/// What there is to tell about the dependencies of a template.
std::vector<shared_entry> shared_data_of(const std::vector<dependency>& used,
                                         const watcher& source);

/// See the head of the file.
class dedup {
public:
  /// After a lock or a request was lost, before the next attempt.
  static constexpr duration lock_retry = std::chrono::seconds{10};
  /// After the session was lost.
  static constexpr duration session_retry = std::chrono::seconds{15};

  dedup(boost::asio::io_context& io, net::link_factory make_link,
        dedup_settings how, const view_options& options,
        dedup_listener listener);
  ~dedup();
  dedup(const dedup&) = delete;
  dedup& operator=(const dedup&) = delete;

  /// Adds the next template. Before start().
  void add(const std::string& id);

  void start();

  /// Tells the others, if this process watches for them and it is news.
  void publish(std::size_t number, std::vector<shared_entry> entries);

  /// Gives locks and session back.
  boost::asio::awaitable<void> stop();

private:
  class state;
  std::shared_ptr<state> state_;
};

} // namespace praetor::templates
