#include "runtime/node/rpc_service.hpp"

#include "actors/raft/core/wire.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_proxy.hpp>
#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::node {

namespace {

namespace rpc = router::rpc;

/// How long another founder may take to answer.
constexpr duration promise_wait = std::chrono::seconds{1};

/// Watches of other nodes are numbered apart from those of this one's API, and
/// from those that owners number themselves.
constexpr std::uint64_t watch_ids = std::uint64_t{1} << 62U;

/// A reply that encodes what it gets.
template <class T>
reply<T> encoded(reply<std::string> to) {
  return reply<T>{[to = std::move(to)](const result<T>& x) {
    if (x)
      to.complete(rpc::encode_answer(*x));
    else
      to.complete(x.error());
  }};
}

/// A reply that says that it is done.
reply<std::monostate> encoded_done(reply<std::string> to) {
  return reply<std::monostate>{[to = std::move(to)](const status& x) {
    if (x)
      to.complete(rpc::encode_answer(rpc::done{}));
    else
      to.complete(x.error());
  }};
}

/// Collects the outcomes of commands that came together. Replies come in any
/// thread, each writes its own place; the last one answers.
struct collection {
  collection(std::size_t size, reply<std::string> answer)
    : left{size}, to{std::move(answer)} {
    outcomes.items.resize(size);
  }

  void put(std::size_t at, result<command_result> x) {
    auto& place = outcomes.items[at];
    if (x) {
      place.taken = *std::move(x);
    } else {
      place.refused = x.error().code;
      place.why = x.error().context;
    }
    if (left.fetch_sub(1) == 1)
      to.complete(rpc::encode_answer(outcomes));
  }

  std::atomic<std::size_t> left;
  rpc::command_outcomes outcomes;
  reply<std::string> to;
};

/// Heartbeats and votes overtake entries, entries overtake tables.
lane lane_of(const raft::message& x) {
  const auto& body = x.body;
  if (std::holds_alternative<raft::state_chunk>(body))
    return lane::bulk;
  return std::holds_alternative<raft::append>(body)
             || std::holds_alternative<raft::append_reply>(body)
             || std::holds_alternative<raft::state_offer>(body)
             || std::holds_alternative<raft::state_reply>(body)
           ? lane::normal
           : lane::urgent;
}

/// An actor without a mailbox: what it is sent is encoded at once.
class peers_proxy final : public caf::actor_proxy {
public:
  peers_proxy(caf::actor_config& cfg, std::shared_ptr<peer_network> network)
    : actor_proxy{cfg}, network_{std::move(network)} {}

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    auto content = x->move_content_to_message();
    if (!content.match_elements<raft::peer_message>())
      return;
    const auto& m = content.get_as<raft::peer_message>(0).content;
    network_->post(m.to.value, lane_of(m), raft::encode_message(m));
  }

  void kill_proxy(caf::execution_unit* ctx, caf::error reason) override {
    cleanup(std::move(reason), ctx);
  }

private:
  std::shared_ptr<peer_network> network_;
};

template <class Query>
owner::read<Query> local_read(std::uint64_t number, rpc::read<Query>&& x,
                              reply<std::string> to) {
  owner::read<Query> out;
  out.query = std::move(x.query);
  out.options = {x.mode, x.min_index, x.wait, watch_ids | number};
  out.to = encoded<owner::read_answer>(std::move(to));
  return out;
}

} // namespace

void rpc_service::connect(rpc_actors actors) {
  actors_ = std::move(actors);
  connected_ = true;
}

void rpc_service::on_message(const std::string& from, std::string bytes) {
  if (!connected_)
    return;
  auto x = raft::decode_message(bytes);
  if (!x || x->from.value != from || x->cluster_id.empty()) {
    ++malformed_;
    return;
  }
  caf::anon_send(actors_.raft, raft::peer_message{*std::move(x)});
}

void rpc_service::on_request(const std::string&, std::uint64_t number,
                             std::string bytes, reply<std::string> to) {
  if (!connected_)
    return to.complete(error{errc::rejected, "this node is not a server"});
  auto question = rpc::decode_question(bytes);
  if (!question) {
    ++malformed_;
    return to.complete(question.error());
  }
  std::visit([this, number, &to](auto& x) { ask(number, std::move(x), to); },
             *question);
}

void rpc_service::on_canceled(std::uint64_t number) {
  if (!connected_)
    return;
  caf::anon_send(actors_.kv, owner::forget_watch{watch_ids | number});
  caf::anon_send(actors_.catalog, owner::forget_watch{watch_ids | number});
}

void rpc_service::ask(std::uint64_t, rpc::propose_all x, answer to) {
  const auto all =
    std::make_shared<collection>(x.commands.size(), std::move(to));
  for (std::size_t i = 0; i < x.commands.size(); ++i) {
    auto& command = x.commands[i];
    const reply<command_result> one{
      [all, i](result<command_result> y) { all->put(i, std::move(y)); }};
    if (x.to_leader)
      caf::anon_send(actors_.raft, raft::propose{std::move(command.payload),
                                                 std::move(command.origin),
                                                 {},
                                                 one});
    else
      caf::anon_send(actors_.router,
                     router::pass_on{std::move(command.payload),
                                     std::move(command.origin), one});
  }
}

void rpc_service::ask(std::uint64_t, rpc::renew_session x, answer to) {
  caf::anon_send(actors_.router, router::renew_session{
                                   std::move(x.id), x.ttl,
                                   encoded_done(std::move(to)), x.to_leader});
}

void rpc_service::ask(std::uint64_t number, rpc::read_kv x, answer to) {
  caf::anon_send(actors_.kv, local_read(number, std::move(x), std::move(to)));
}

void rpc_service::ask(std::uint64_t number, rpc::read_catalog x, answer to) {
  caf::anon_send(actors_.catalog,
                 local_read(number, std::move(x), std::move(to)));
}

void rpc_service::ask(std::uint64_t, rpc::get_status, answer to) {
  caf::anon_send(actors_.raft,
                 raft::get_status{encoded<raft::raft_status>(std::move(to))});
}

void rpc_service::ask(std::uint64_t, rpc::change_members x, answer to) {
  caf::anon_send(actors_.raft,
                 raft::change_members{std::move(x.next), x.expected,
                                      encoded<log_index>(std::move(to))});
}

void rpc_service::ask(std::uint64_t, rpc::transfer_leadership x, answer to) {
  caf::anon_send(actors_.raft,
                 raft::transfer_leadership{std::move(x.target),
                                           encoded_done(std::move(to))});
}

void rpc_service::ask(std::uint64_t, rpc::promise x, answer to) {
  caf::anon_send(
    actors_.founder,
    founder::ask_promise{std::move(x.content),
                         encoded<founder::promise_answer>(std::move(to))});
}

void rpc_service::ask(std::uint64_t, rpc::at_leader x, answer to) {
  std::visit(
    [this](auto&& y) {
      caf::anon_send(actors_.router, std::forward<decltype(y)>(y));
    },
    router::request_of(std::move(x), std::move(to)));
}

raft::peer_sink_actor raft_peers(caf::actor_system& sys,
                                 std::shared_ptr<peer_network> network) {
  caf::actor_config cfg;
  return caf::actor_cast<raft::peer_sink_actor>(
    caf::make_actor<peers_proxy, caf::strong_actor_ptr>(
      sys.next_actor_id(), sys.node(), &sys, cfg, std::move(network)));
}

void ask_promise(peer_network& network, const peer_id& whom,
                 const founder::promise& what,
                 const reply<founder::promise_answer>& to) {
  network.request(
    whom.value, rpc::encode_question(rpc::promise{what}), promise_wait,
    reply<std::string>{[to](const result<std::string>& bytes) {
      if (bytes)
        to.complete(rpc::decode_answer<founder::promise_answer>(*bytes));
      else
        to.complete(bytes.error());
    }});
}

} // namespace praetor::node
