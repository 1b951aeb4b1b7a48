// A front door without sockets and actors: requests go through `admit` to the
// real handlers; what they send to actors is kept for the test to answer.

#pragma once

#include "api/http/dispatch.hpp"
#include "api/http/handler.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/owner.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::http {

/// A request on its way, and what came back.
struct call {
  request rq;
  admission decision;
  std::optional<response> answer;
  std::vector<std::function<void()>> hangups;

  int status() const { return answer ? answer->status : 0; }

  std::string body() const {
    return answer && answer->body ? *answer->body : std::string{};
  }

  /// "" if the header is absent.
  std::string header(std::string_view name) const {
    if (answer)
      for (const auto& [key, value] : answer->headers)
        if (key == name)
          return value;
    return {};
  }
};

/// Keeps every message of one kind.
template <class Message>
auto keep(std::vector<Message>& where) {
  return [&where](Message x) { where.push_back(std::move(x)); };
}

/// See above. One io thread is played by `to.post`, which calls at once.
struct handler_fixture {
  handler_fixture() {
    to.facts.node_name = "n1";
    to.facts.node_id = "6e4a5a0d-4f0c-4d3e-9c3a-0123456789ab";
    to.facts.datacenter = "dc1";
    to.facts.version = "1.8.7";
    to.post = [](const std::function<void()>& f) { f(); };
    to.read_kv = keep(kv_reads);
    to.read_catalog = keep(catalog_reads);
    to.submit = keep(submits);
    to.renew_session = keep(renewals);
    to.raft_status = keep(status_questions);
    to.leader_status = keep(status_questions);
    to.change_members = keep(changes);
    to.transfer_leadership = keep(transfers);
    to.server_health = keep(health_questions);
    to.forget_watch = [this](std::uint64_t id) { forgotten.push_back(id); };
    to.get_counts = keep(count_questions);
    to.get_members = keep(member_questions);
    to.fire_event = keep(events_fired);
    to.list_events = keep(event_questions);
    to.reload = [](const reply<std::monostate>& r) { r.complete(ok); };
    to.leave = to.reload;
    to.join = [](const std::string&, bool, const reply<std::monostate>& r) {
      r.complete(error{errc::rejected, "1 error occurred"});
    };
    to.force_leave = to.join;
    to.pool_stats = [](const gossip::get_stats& what) {
      what.to.complete(gossip::pool_stats{});
    };
  }

  handler_fixture(const handler_fixture&) = delete;
  handler_fixture& operator=(const handler_fixture&) = delete;

  /// Sends a request; the answer may come later.
  std::shared_ptr<call>
  send(std::string method, std::string_view target, std::string body = {},
       std::vector<std::pair<std::string, std::string>> headers = {}) {
    auto c = std::make_shared<call>();
    c->rq.method = std::move(method);
    c->rq.headers = std::move(headers);
    c->rq.client = "127.0.0.1";
    if (!body.empty())
      c->rq.content_length = body.size();
    c->decision = admit(settings, to.facts, target, c->rq);
    c->rq.body = std::move(body);
    if (c->decision.to == nullptr)
      c->answer = std::move(c->decision.answer);
    else
      c->decision.to->answer(exchange{
        c->rq, to, [c](response r) { c->answer = std::move(r); },
        [c](std::function<void()> f) { c->hangups.push_back(std::move(f)); }});
    return c;
  }

  /// Answers the last read of kv.
  void answer_kv(std::string body, log_index index, bool found = true) {
    kv_reads.back().to.complete(
      owner::read_answer{{index, found, share(std::move(body))}});
  }

  void answer_catalog(std::string body, log_index index, bool found = true) {
    catalog_reads.back().to.complete(
      owner::read_answer{{index, found, share(std::move(body))}});
  }

  /// Answers the last command.
  void answer_submit(errc code, std::string body) {
    submits.back().to.complete(command_result{code, std::move(body), 7});
  }

  /// The last command, which must be one of kv's.
  template <class Command>
  const Command& last_kv_command() const {
    return std::get<Command>(std::get<kv::command>(submits.back().command));
  }

  backends to;
  site settings;
  std::vector<kv::read> kv_reads;
  std::vector<catalog::read> catalog_reads;
  std::vector<router::submit> submits;
  std::vector<router::renew_session> renewals;
  std::vector<raft::get_status> status_questions;
  std::vector<raft::change_members> changes;
  std::vector<raft::transfer_leadership> transfers;
  std::vector<leader::get_health> health_questions;
  std::vector<agent::get_counts> count_questions;
  std::vector<agent::get_members> member_questions;
  std::vector<agent::fire_event> events_fired;
  std::vector<agent::list_events> event_questions;
  std::vector<std::uint64_t> forgotten;
};

} // namespace praetor::http
