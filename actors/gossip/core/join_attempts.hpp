// Joins under way: from addresses as people write them to an answer in Consul's
// words. And when to try again what the configuration wants. Pure.

#pragma once

#include "actors/gossip/core/step.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::gossip {

/// Addresses of one join; further ones are ignored.
inline constexpr std::size_t join_addresses_max = 256;

/// "2 errors occurred:\n\t* a\n\t* b\n\n"; empty for none.
/// Source: hashicorp/go-multierror.
std::string list_errors(const std::vector<std::string>& errors);

/// See the head of the file.
class join_attempts {
public:
  struct ended {
    std::size_t joined = 0;
    /// As `list_errors` has them.
    std::string errors;
  };

  /// Begins a join of so many addresses, at least one, each of which is to be
  /// resolved. Returns its number, never 0.
  std::uint64_t start(std::size_t addresses);

  /// One address is resolved, or not. Returns the input for the core when it
  /// was the last one.
  std::optional<join_request> resolved(std::uint64_t id,
                                       const std::string& address,
                                       const result<std::vector<endpoint>>& x);

  /// The core is done with a join of ours.
  ended finish(const join_outcome& x);

private:
  struct attempt {
    std::size_t unresolved = 0;
    std::vector<endpoint> seeds;
    std::vector<std::string> errors;
  };

  std::map<std::uint64_t, attempt> attempts_;
  std::uint64_t last_ = 0;
};

/// When to try to join what `retry_join` names.
///
/// Nodes that start together miss each other at first: until the first interval
/// is over there are further attempts, which are not counted.
class retry_plan {
public:
  /// @param max How many failures are endured; 0: any.
  retry_plan(duration interval, int max) : interval_{interval}, max_{max} {}

  /// Whether an attempt that begins now is one of those that Consul makes.
  bool counts(time_point now) const { return !due_ || now >= *due_; }

  /// An attempt failed, of which `counts` was said when it began. Returns when
  /// to try again; nothing: give up.
  std::optional<time_point> failed(bool counted, time_point now);

private:
  duration interval_;
  int max_;
  int failures_ = 0;
  /// When the next counted attempt is due; nothing before the first failure.
  std::optional<time_point> due_;
  duration pause_ = std::chrono::milliseconds{100};
};

} // namespace praetor::gossip
