// The one way this code base says that an operation failed: `result<T>`.
//
// It has the shape of std::expected, so that it can be replaced by it when the
// project moves to C++23. Exceptions never cross a function of ours; asserts
// (runtime/base/assert.hpp) are for bugs. `api/http/http_error.cpp` holds the
// only table that turns an error into an HTTP status.

#pragma once

#include "runtime/base/assert.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace praetor {

/// What went wrong, for programs. Callers may branch on it. Values are sent to
/// peers: append, never renumber. Zero is reserved for "no error".
enum class errc : std::uint8_t {
  /// The request is malformed; the same call can never succeed (HTTP 400).
  invalid_argument = 1,
  /// The named key, service, session or node does not exist (HTTP 404).
  not_found,
  /// The state refused a well-formed request; the context says why (HTTP 500).
  rejected,
  /// A compare-and-set or transaction lost (HTTP 409).
  conflict,
  /// This node is not the Raft leader; ask the one named in the context.
  not_leader,
  /// No leader was found within the time that callers wait for one.
  no_leader,
  /// No answer within the deadline; the operation may still take effect.
  timeout,
  /// A named limit was reached; try again later.
  overloaded,
  /// Whoever should have answered went away without an answer.
  canceled,
  /// Stored or received bytes do not decode, or a checksum is wrong.
  corruption,
  /// The operating system refused: a file, a socket, a process.
  io_error,
  /// The caller lacks a right (HTTP 403).
  permission_denied,
};

/// Returns the enumerator's name, e.g. "not_found".
constexpr std::string_view to_string(errc code) {
  switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::not_found: return "not_found";
    case errc::rejected: return "rejected";
    case errc::conflict: return "conflict";
    case errc::not_leader: return "not_leader";
    case errc::no_leader: return "no_leader";
    case errc::timeout: return "timeout";
    case errc::overloaded: return "overloaded";
    case errc::canceled: return "canceled";
    case errc::corruption: return "corruption";
    case errc::io_error: return "io_error";
    case errc::permission_denied: return "permission_denied";
  }
  return "unknown";
}

/// A failure: a code for programs plus a sentence for people.
struct error {
  errc code{};
  std::string context;

  friend bool operator==(const error&, const error&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, error& x) {
    return f(x.code, x.context);
  }
};

/// Either a `T` or the `error` that prevented it.
template <class T>
class [[nodiscard]] result {
public:
  // Implicit, so that `return value;` and `return error{...};` both work.
  // NOLINTBEGIN(google-explicit-constructor)
  result(T value) : data_{std::in_place_index<0>, std::move(value)} {}
  result(praetor::error failure)
    : data_{std::in_place_index<1>, std::move(failure)} {}
  // NOLINTEND(google-explicit-constructor)

  explicit operator bool() const noexcept { return data_.index() == 0; }

  /// @pre `*this` holds a value.
  const T& operator*() const {
    PRAETOR_ASSERT(data_.index() == 0);
    return *std::get_if<0>(&data_);
  }

  /// @pre `*this` holds a value.
  T& operator*() {
    PRAETOR_ASSERT(data_.index() == 0);
    return *std::get_if<0>(&data_);
  }

  /// @pre `*this` holds a value.
  const T* operator->() const { return &**this; }

  /// @pre `*this` holds a value.
  T* operator->() { return &**this; }

  /// @pre `*this` holds an error.
  const praetor::error& error() const {
    PRAETOR_ASSERT(data_.index() == 1);
    return *std::get_if<1>(&data_);
  }

private:
  std::variant<T, praetor::error> data_;
};

/// The outcome of an operation that has no value; return `ok` on success.
using status = result<std::monostate>;

inline constexpr std::monostate ok{};

} // namespace praetor
