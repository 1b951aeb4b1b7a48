// Requests that wait for their answers, with their time limits. Pure; lives in
// one thread.
//
// There is no timer for each: `next` says when to look again, and looking costs
// a walk over all. It is the earliest limit when last looked, or that of a
// newer request; most are answered long before.

#pragma once

#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace praetor::net {

/// See the head of the file.
class peer_pending {
public:
  using numbered = std::pair<std::uint64_t, reply<std::string>>;

  /// @pre `number` is not here.
  void add(std::uint64_t number, time_point deadline, reply<std::string> to);

  /// Keeps the beginning of an answer. Returns false if it is too long.
  bool add_part(std::uint64_t number, const std::string& part,
                std::size_t bytes_max);

  /// Completes a request with an answer, whose beginning may be here, or with
  /// an error. Unknown numbers are ignored.
  void complete(std::uint64_t number, result<std::string> x);

  /// Removes a request.
  std::optional<reply<std::string>> take(std::uint64_t number);

  /// Removes all whose time has passed.
  std::vector<numbered> take_expired(time_point now);

  /// Completes all with that error.
  void fail_all(const error& why);

  /// When `take_expired` should be called, at the latest.
  time_point next() const { return next_; }

  std::size_t size() const { return all_.size(); }

private:
  struct entry {
    reply<std::string> to;
    time_point deadline;
    std::string parts;
  };

  std::unordered_map<std::uint64_t, entry> all_;
  time_point next_ = time_point::max();
};

} // namespace praetor::net
