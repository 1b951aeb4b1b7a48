// Keeps the data of one dependency fresh: which request comes next, what an
// answer means, how long to rest after a failure. Pure; whoever owns the socket
// sends `target()`, reports what came of it and obeys the step it gets.
//
//   target -> answered --> fresh data, ask again
//          -> failed   --> rest 250 ms, 500 ms, 1 s, ... then give up
//
// Rules: an answer with the index of the last one is no news; a smaller index
// means that the server started over, and so do we; data equal to the last
// data is no news; an answer that is older than `max_stale` is asked again from
// the leader.
//
// Source: consul-template 0.19.3, watch/view.go, config/retry.go.

#pragma once

#include "actors/template/core/dependencies.hpp"
#include "actors/template/watch/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace praetor::templates {

/// What all views share.
struct view_options {
  retry_settings retry = {};
  duration max_stale = std::chrono::seconds{2};
  duration wait = std::chrono::seconds{60};
  bool once = false;
};

/// An answer of the server.
struct server_answer {
  int status = 0;
  std::string body;
  std::uint64_t index = 0;  ///< X-Consul-Index, or 0
  duration last_contact{0}; ///< X-Consul-LastContact
};

/// What to do next.
struct view_step {
  enum class next : std::uint8_t {
    ask,  ///< again, after `rest`
    stop, ///< the data is here, and once was enough
    fail, ///< `failure` has repeated too often
  };
  next what = next::ask;
  duration rest{0};
  /// New data, if there is any.
  std::optional<value> data = {};
  /// `kv.block(a): Unexpected response code: 500 (No cluster leader)`
  std::string failure = {};
  /// How often it has been repeated, from 1; 0 if `failure` is final.
  int attempt = 0;
};

/// The delay before repetition `attempt`, from 1.
duration back_off(const retry_settings& retry, int attempt);

/// `path?query` with index, wait and stale added; parameters are sorted.
std::string with_parameters(const std::string& target, std::uint64_t index,
                            duration wait, bool stale);

/// See the head of the file.
class view {
public:
  /// How often an endpoint without blocking queries is asked.
  static constexpr duration poll_interval = std::chrono::seconds{15};
  /// The least time from one request to the next.
  static constexpr duration request_interval = std::chrono::milliseconds{100};

  view(dependency what, const view_options& options)
    : what_{std::move(what)}, name_{what_.name()}, options_{options} {}

  const std::string& name() const { return name_; }
  const dependency& subject() const { return what_; }

  /// Whether an answer has arrived, with data or without.
  bool answered() const { return answered_; }

  /// Why there is no data, e.g. after a failure; empty if there is data.
  std::string waiting_for() const;

  /// The body from which the data was made, nothing in it for "not found";
  /// null without data.
  const std::optional<std::string>* body() const {
    return has_data_ ? &body_ : nullptr;
  }

  /// Path and query of the next request. @param self_node see request_path()
  std::string target(std::string_view self_node = "") const;

  /// @param asked_ago how long ago the request was sent
  view_step on_answer(const server_answer& x, duration asked_ago);

  /// No answer: `reason` is `Get "http://...": dial tcp ...`.
  view_step on_failure(std::string reason);

private:
  view_step on_news(const server_answer& x, duration asked_ago);
  duration rest_after(duration asked_ago) const;
  /// The retries begin anew.
  void succeed();

  dependency what_;
  std::string name_;
  view_options options_;

  std::uint64_t index_ = 0;
  /// The body of the last answer that counted.
  std::optional<std::string> body_;
  bool answered_ = false;
  bool has_data_ = false;
  /// Whether the next request must go to the leader.
  bool fresh_ = false;
  int attempts_ = 0;
  std::string failure_;
};

} // namespace praetor::templates
