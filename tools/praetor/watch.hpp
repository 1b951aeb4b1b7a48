// What `praetor watch` asks for and how it shows the answer. Pure.
//
// Data has its members in the order in which Consul's Go structs have them,
// which is not the order of the HTTP API.

#pragma once

#include "runtime/base/time.hpp"
#include "runtime/config/go_flags.hpp"
#include "tools/praetor/client.hpp"
#include "tools/praetor/json_value.hpp"

#include <optional>

namespace praetor::tools {

/// One watch.
struct watch_plan {
  std::string type;
  /// Without index.
  api_request request;
};

/// Errors: invalid_argument with the line to print.
result<watch_plan> plan_watch(const config::parsed_flags& flags);

/// Follows the answers to one plan.
class watch_state {
public:
  explicit watch_state(watch_plan plan) : plan_{std::move(plan)} {}

  /// The next query, which blocks on what was seen.
  api_request next() const;

  /// Takes an answer with status 200, or 404 for what does not exist. Returns
  /// the data if it is new.
  /// Errors: invalid_argument if the answer is not JSON.
  result<std::optional<json_value>> take(const http_answer& answer);

  std::uint64_t index() const { return index_; }

private:
  /// Leaves only the events after the last one seen.
  void drop_old_events(json_value& events);

  watch_plan plan_;
  std::uint64_t index_ = 0;
  std::optional<std::string> shown_;
  std::string last_event_;
};

/// How long to wait after so many failures in a row.
duration retry_delay(int failures);

} // namespace praetor::tools
