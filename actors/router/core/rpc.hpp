// What nodes ask each other: the closed list of questions and answers. Pure.
//
//   byte 0    version of this format
//   then      the question or answer, encoded (runtime/base/codec.hpp)
//
// Everything that decodes is within the limits here. Errors of the node that
// answers travel beside the answer, by the transport.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/founder/messages.hpp"
#include "actors/kv/messages.hpp"
#include "actors/leader/messages.hpp"
#include "actors/owner/messages.hpp"
#include "actors/raft/messages.hpp"
#include "runtime/base/log_entry.hpp"
#include "runtime/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::router::rpc {

/// Peers that meet another version are refused.
inline constexpr std::uint8_t version = 1;

/// Commands in one question.
inline constexpr std::size_t commands_max = 512;

/// Payload of the commands in one question; a larger one travels alone.
inline constexpr std::size_t command_bytes_max = std::size_t{1} << 20U;

/// Longest wait of a read. Source: Consul's longest blocking query, with what
/// is added to it at random.
inline constexpr duration read_wait_max = std::chrono::minutes{11};

// -- questions ----------------------------------------------------------------

/// A command with its origin: repeated, it takes effect once.
struct command {
  std::string payload;
  command_origin origin;

  template <class Inspector>
  friend auto inspect(Inspector& f, command& x) {
    return f(x.payload, x.origin);
  }
};

/// Put these into the log; answered by `command_outcomes` when all are done.
struct propose_all {
  std::vector<command> commands;
  /// False: who is asked may not be the leader, and passes them on.
  bool to_leader = false;

  template <class Inspector>
  friend auto inspect(Inspector& f, propose_all& x) {
    return f(x.commands, x.to_leader);
  }
};

/// Answered by `done`.
struct renew_session {
  std::string id;
  duration ttl{0};
  bool to_leader = false;

  template <class Inspector>
  friend auto inspect(Inspector& f, renew_session& x) {
    return f(x.id, x.ttl, x.to_leader);
  }
};

/// A read without what only counts in the asker's process.
template <class Query>
struct read {
  Query query;
  consistency mode = consistency::leader_default;
  log_index min_index = 0;
  duration wait{0};

  template <class Inspector>
  friend auto inspect(Inspector& f, read& x) {
    return f(x.query, x.mode, x.min_index, x.wait);
  }
};

/// Answered by `owner::read_answer`.
using read_kv = read<kv::query>;
using read_catalog = read<catalog::query>;

/// Answered by `raft::raft_status`.
struct get_status {
  template <class Inspector>
  friend auto inspect(Inspector& f, get_status&) {
    return f();
  }
};

/// Answered by the entry's index.
struct change_members {
  raft::membership next;
  std::optional<log_index> expected;

  template <class Inspector>
  friend auto inspect(Inspector& f, change_members& x) {
    return f(x.next, x.expected);
  }
};

/// Answered by `done`.
struct transfer_leadership {
  std::optional<peer_id> target;

  template <class Inspector>
  friend auto inspect(Inspector& f, transfer_leadership& x) {
    return f(x.target);
  }
};

/// Answered by `founder::promise_answer`.
struct promise {
  founder::promise content;

  template <class Inspector>
  friend auto inspect(Inspector& f, promise& x) {
    return f(x.content);
  }
};

/// Answered by `leader::health_report`.
struct get_health {
  template <class Inspector>
  friend auto inspect(Inspector& f, get_health&) {
    return f();
  }
};

/// What an operator asks, for the server that leads; answered as the one that
/// it is made of. Appended to only.
struct at_leader {
  std::variant<get_health, get_status, change_members, transfer_leadership>
    what;
  bool to_leader = false;

  template <class Inspector>
  friend auto inspect(Inspector& f, at_leader& x) {
    return f(x.what, x.to_leader);
  }
};

/// Appended to only: positions are on the wire.
using question =
  std::variant<propose_all, renew_session, read_kv, read_catalog, get_status,
               change_members, transfer_leadership, promise, at_leader>;

std::string encode_question(const question& x);

/// Errors: invalid_argument for another version, corruption for bytes that do
/// not decode or exceed a limit.
result<question> decode_question(std::string_view bytes);

// -- answers ------------------------------------------------------------------

/// It is done.
struct done {
  template <class Inspector>
  friend auto inspect(Inspector& f, done&) {
    return f();
  }
};

/// What became of a command that was proposed: a result, or why it was not
/// taken (`refused` is not zero).
struct command_outcome {
  errc refused{};
  std::string why;
  command_result taken;

  template <class Inspector>
  friend auto inspect(Inspector& f, command_outcome& x) {
    return f(x.refused, x.why, x.taken);
  }
};

/// In the order of the commands.
struct command_outcomes {
  std::vector<command_outcome> items;

  template <class Inspector>
  friend auto inspect(Inspector& f, command_outcomes& x) {
    return f(x.items);
  }
};

std::string encode_answer(const owner::read_answer& x);
std::string encode_answer(const command_outcomes& x);
std::string encode_answer(const raft::raft_status& x);
std::string encode_answer(const leader::health_report& x);
std::string encode_answer(log_index x);
std::string encode_answer(founder::promise_answer x);
std::string encode_answer(const done& x);

/// Errors: invalid_argument for another version, corruption. Defined for the
/// types above.
template <class T>
result<T> decode_answer(std::string_view bytes);

template <>
result<owner::read_answer> decode_answer(std::string_view bytes);
template <>
result<command_outcomes> decode_answer(std::string_view bytes);
template <>
result<leader::health_report> decode_answer(std::string_view bytes);
template <>
result<raft::raft_status> decode_answer(std::string_view bytes);
template <>
result<log_index> decode_answer(std::string_view bytes);
template <>
result<founder::promise_answer> decode_answer(std::string_view bytes);
template <>
result<done> decode_answer(std::string_view bytes);

} // namespace praetor::router::rpc
