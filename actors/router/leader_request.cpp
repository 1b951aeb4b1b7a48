#include "actors/router/leader_request.hpp"

#include <type_traits>
#include <utility>

namespace praetor::router {

namespace {

rpc::get_health wire_of(const leader::get_health&) {
  return {};
}

rpc::get_status wire_of(const raft::get_status&) {
  return {};
}

rpc::change_members wire_of(const raft::change_members& x) {
  return {x.next, x.expected};
}

rpc::transfer_leadership wire_of(const raft::transfer_leadership& x) {
  return {x.target};
}

template <class T>
void answer(const reply<T>& to, const result<std::string>& bytes) {
  if (!bytes)
    to.complete(bytes.error());
  else if constexpr (std::is_same_v<T, std::monostate>)
    to.complete(ok);
  else
    to.complete(rpc::decode_answer<T>(*bytes));
}

const auto& reply_of(const renew_session& x) {
  return x.to;
}

template <class T>
const auto& reply_of(const at_leader<T>& x) {
  return x.what.to;
}

template <class T>
reply<T> encoded(reply<std::string> to) {
  return reply<T>{[to = std::move(to)](const result<T>& x) {
    if (!x)
      to.complete(x.error());
    else if constexpr (std::is_same_v<T, std::monostate>)
      to.complete(rpc::encode_answer(rpc::done{}));
    else
      to.complete(rpc::encode_answer(*x));
  }};
}

} // namespace

rpc::question question_of(const leader_request& x, bool to_leader) {
  const auto translate = [to_leader]<class T>(const T& y) -> rpc::question {
    if constexpr (std::is_same_v<T, renew_session>)
      return rpc::renew_session{y.id, y.ttl, to_leader};
    else
      return rpc::at_leader{wire_of(y.what), to_leader};
  };
  return std::visit(translate, x);
}

void complete(const leader_request& x, const result<std::string>& bytes) {
  std::visit([&bytes](const auto& y) { answer(reply_of(y), bytes); }, x);
}

void refuse(const leader_request& x, error why) {
  complete(x, std::move(why));
}

bool only_here(const leader_request& x) {
  return std::visit([](const auto& y) { return y.only_here; }, x);
}

bool may_repeat(const leader_request& x, errc why) {
  const bool changes =
    std::holds_alternative<at_leader<raft::change_members>>(x)
    || std::holds_alternative<at_leader<raft::transfer_leadership>>(x);
  if (why == errc::not_leader || why == errc::no_leader)
    return true;
  return !changes
         && (why == errc::io_error || why == errc::canceled
             || why == errc::timeout || why == errc::overloaded);
}

leader_request request_of(rpc::at_leader x, reply<std::string> to) {
  const bool here = x.to_leader;
  const auto translate = [here, &to]<class T>(T& y) -> leader_request {
    if constexpr (std::is_same_v<T, rpc::get_health>)
      return at_leader<leader::get_health>{
        {encoded<leader::health_report>(std::move(to))}, here};
    else if constexpr (std::is_same_v<T, rpc::get_status>)
      return at_leader<raft::get_status>{
        {encoded<raft::raft_status>(std::move(to))}, here};
    else if constexpr (std::is_same_v<T, rpc::change_members>)
      return at_leader<raft::change_members>{
        {std::move(y.next), y.expected, encoded<log_index>(std::move(to))},
        here};
    else
      return at_leader<raft::transfer_leadership>{
        {std::move(y.target), encoded<std::monostate>(std::move(to))}, here};
  };
  return std::visit(translate, x.what);
}

} // namespace praetor::router
