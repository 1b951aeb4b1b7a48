#include "actors/router/core/rpc.hpp"

#include "runtime/base/codec.hpp"

#include <algorithm>

namespace praetor::router::rpc {

namespace {

/// `read_answer` as it travels: with its text, not a pointer to it.
struct plain_answer {
  log_index index = 0;
  bool found = true;
  std::string body;
  bool known_leader = true;
  duration last_contact{0};

  template <class Inspector>
  friend auto inspect(Inspector& f, plain_answer& x) {
    return f(x.index, x.found, x.body, x.known_leader, x.last_contact);
  }
};

template <class T>
std::string versioned(const T& x) {
  std::string out(1, static_cast<char>(version));
  encoder{out}(x);
  return out;
}

template <class T>
result<T> parse(std::string_view bytes) {
  if (bytes.empty())
    return error{errc::corruption, "nothing where a node should speak"};
  if (static_cast<std::uint8_t>(bytes.front()) != version)
    return error{errc::invalid_argument,
                 "the other node speaks another version of this protocol"};
  auto out = decode<T>(bytes.substr(1));
  if (!out)
    return error{errc::corruption, "what the other node says does not decode"};
  return out;
}

// -- limits -------------------------------------------------------------------

bool good(const propose_all& x) {
  return !x.commands.empty() && x.commands.size() <= commands_max
         && std::all_of(x.commands.begin(), x.commands.end(),
                        [](const command& c) { return c.origin.seq != 0; });
}

bool good(const kv::query& x) {
  const auto reads = [](const kv::positioned_operation& o) {
    const auto what = o.operation.what;
    return what == kv::verb::get || what == kv::verb::get_tree
           || what == kv::verb::check_index || what == kv::verb::check_session
           || what == kv::verb::check_not_exists
           || what == kv::verb{}; // kv refuses it, and says by which name
  };
  return x.kind <= kv::query_kind::transaction
         && std::all_of(x.operations.begin(), x.operations.end(), reads);
}

bool good(const catalog::query& x) {
  return x.kind <= catalog::last_query_kind;
}

template <class Query>
bool good(const read<Query>& x) {
  return good(x.query) && x.mode <= consistency::consistent
         && x.wait >= duration::zero() && x.wait <= read_wait_max;
}

bool good(const change_members& x) {
  return static_cast<bool>(check(x.next));
}

template <class T>
bool good(const T&) {
  return true;
}

bool good(const at_leader& x) {
  return std::visit([](const auto& y) { return good(y); }, x.what);
}

} // namespace

std::string encode_question(const question& x) {
  return versioned(x);
}

result<question> decode_question(std::string_view bytes) {
  auto out = parse<question>(bytes);
  if (out && !std::visit([](const auto& x) { return good(x); }, *out))
    return error{errc::corruption, "a question exceeds a limit"};
  return out;
}

std::string encode_answer(const owner::read_answer& x) {
  // Not through `plain_answer`: the body may be large.
  std::string out(1, static_cast<char>(version));
  static const std::string nothing;
  const auto& body = x.data.body ? *x.data.body : nothing;
  out.reserve(body.size() + 32);
  encoder{out}(x.data.index, x.data.found, body, x.known_leader,
               x.last_contact);
  return out;
}

std::string encode_answer(const command_outcomes& x) {
  return versioned(x);
}

std::string encode_answer(const raft::raft_status& x) {
  return versioned(x);
}

std::string encode_answer(const leader::health_report& x) {
  return versioned(x);
}

std::string encode_answer(log_index x) {
  return versioned(x);
}

std::string encode_answer(founder::promise_answer x) {
  return versioned(x);
}

std::string encode_answer(const done& x) {
  return versioned(x);
}

template <>
result<owner::read_answer> decode_answer(std::string_view bytes) {
  auto x = parse<plain_answer>(bytes);
  if (!x)
    return x.error();
  return owner::read_answer{{x->index, x->found, share(std::move(x->body))},
                            x->known_leader,
                            x->last_contact};
}

template <>
result<command_outcomes> decode_answer(std::string_view bytes) {
  return parse<command_outcomes>(bytes);
}

template <>
result<raft::raft_status> decode_answer(std::string_view bytes) {
  return parse<raft::raft_status>(bytes);
}

template <>
result<leader::health_report> decode_answer(std::string_view bytes) {
  return parse<leader::health_report>(bytes);
}

template <>
result<log_index> decode_answer(std::string_view bytes) {
  return parse<log_index>(bytes);
}

template <>
result<founder::promise_answer> decode_answer(std::string_view bytes) {
  auto x = parse<founder::promise_answer>(bytes);
  if (x
      && (*x < founder::promise_answer::promised
          || *x > founder::promise_answer::invalid))
    return error{errc::corruption, "an unknown answer about a promise"};
  return x;
}

template <>
result<done> decode_answer(std::string_view bytes) {
  return parse<done>(bytes);
}

} // namespace praetor::router::rpc
