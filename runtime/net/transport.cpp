#include "runtime/net/transport.hpp"

#include "runtime/net/outgoing_peer.hpp"
#include "runtime/net/peer_listener.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <map>

namespace praetor::net {

namespace asio = boost::asio;

namespace {

/// Looking more often what is due would gain nothing.
constexpr duration step_min = std::chrono::milliseconds{2};

time_point now() {
  return std::chrono::steady_clock::now();
}

} // namespace

/// Outlives the transport as long as operations are under way.
struct transport::parts final : peer_answers,
                                std::enable_shared_from_this<parts> {
  parts(asio::io_context& io, const transport_options& options,
        peer_receiver& to)
    : home{std::make_shared<peer_home>(io, options.limits, options.times)},
      datacenter{options.datacenter},
      clock{home->where} {
    home->me.cluster_id = options.cluster_id;
    home->me.node_id = options.node_id;
    home->me.node_name = options.node_name;
    home->me.datacenter = options.datacenter;
    home->receiver = &to;
  }

  status start(const transport_options& options) {
    const auto weak = weak_from_this();
    home->inbox = std::make_shared<peer_inbox>([weak, where = home->where] {
      asio::post(where, [weak] {
        if (const auto self = weak.lock())
          self->take_calls();
      });
    });
    home->wake = [this](time_point at) { wake(at); };
    auto tls = make_peer_tls(options.tls, options.datacenter);
    if (!tls)
      return tls.error();
    home->tls = std::move(*tls);
    if (options.listen.empty())
      return ok;
    listener = std::make_shared<peer_listener>(home);
    if (auto done = listener->listen(options.listen); !done)
      return done;
    listener->run();
    return ok;
  }

  void stop() {
    if (std::exchange(stopped, true))
      return;
    home->receiver = nullptr;
    home->inbox->close();
    clock.cancel();
    home->wake = [](time_point) {};
    if (listener)
      listener->close();
    const error why{errc::canceled, "this node is stopping"};
    auto gone = std::exchange(peers, {});
    for (const auto& [id, x] : gone)
      x->close(why);
    local.fail_all(why);
    home->unwritten.clear();
    // One of them may be calling us.
    asio::post(home->where, [gone = std::move(gone), last = listener] {});
  }

  // -- calls
  // ----------------------------------------------------------------------

  void take_calls() {
    if (stopped)
      return;
    ++home->counts.wakeups;
    home->inbox->take(calls);
    for (auto& x : calls) {
      if (stopped) // By the receiver.
        break;
      std::visit([this](auto& y) { carry_out(std::move(y)); }, x);
    }
    calls.clear();
    home->flush();
  }

  void carry_out(peer_post x) {
    if (x.node == home->me.node_id)
      return home->receiver->on_message(x.node, std::move(x.bytes));
    if (const auto to = find(x.node))
      return to->post(std::move(x));
    ++home->counts.messages_dropped;
  }

  void carry_out(peer_request x) {
    if (x.node == home->me.node_id)
      return ask_myself(std::move(x));
    if (const auto to = find(x.node))
      return to->request(std::move(x));
    x.to.complete(
      error{errc::io_error, "node " + x.node + ": its address is not known"});
  }

  void carry_out(peer_cancel x) {
    if (const auto to = local.take(x.number)) {
      home->receiver->on_canceled(x.number);
      return to->complete(error{errc::canceled, "the request was canceled"});
    }
    for (const auto& peer : all_peers())
      if (peer->cancel(x.number))
        return;
  }

  void carry_out(peer_answer x) {
    if (const auto to = x.to.lock())
      to->on_answer(x.id, std::move(x.x), x.crc);
  }

  void carry_out(peer_address x) {
    if (x.node == home->me.node_id)
      return;
    auto peer = find(x.node);
    if (!peer)
      peer = peers[x.node] = std::make_shared<outgoing_peer>(home, x.node);
    peer->set_address(std::move(x.address));
    if (peer->forgotten())
      peers.erase(x.node);
  }

  void carry_out(peer_cluster x) {
    home->me.cluster_id = std::move(x.id);
    if (listener)
      listener->check_clusters();
    for (const auto& peer : all_peers())
      peer->check_cluster();
  }

  // -- talking to this node
  // -------------------------------------------------------

  void ask_myself(peer_request x) {
    local.add(x.number, x.deadline, std::move(x.to));
    wake(x.deadline);
    auto answer = [inbox = home->inbox, me = weak_from_this(),
                   number = x.number](result<std::string> y) {
      inbox->push(peer_answer{me, number, std::move(y), 0});
    };
    home->receiver->on_request(x.node, x.number, std::move(x.bytes),
                               reply<std::string>{std::move(answer)});
  }

  void on_answer(std::uint64_t number, result<std::string> x,
                 std::uint32_t) override {
    local.complete(number, std::move(x));
  }

  // -- time
  // -----------------------------------------------------------------------

  /// Looks at everything by `at`.
  void wake(time_point at) {
    if (at >= wake_at || stopped)
      return;
    wake_at = at;
    clock.expires_at(at);
    clock.async_wait([weak = weak_from_this()](const auto& code) {
      const auto self = weak.lock();
      if (self && !code)
        self->step();
    });
  }

  void step() {
    if (stopped)
      return;
    const auto at = now();
    wake_at = time_point::max();
    auto next = time_point::max();
    if (listener)
      next = listener->step(at);
    for (const auto& peer : all_peers())
      next = std::min(next, peer->step(at));
    for (const auto& [number, to] : local.take_expired(at)) {
      home->receiver->on_canceled(number);
      to.complete(error{errc::timeout, "this node did not answer in time"});
    }
    next = std::min(next, local.next());
    home->flush();
    if (next != time_point::max())
      wake(std::max(next, at + step_min));
  }

  // -- peers
  // ----------------------------------------------------------------------

  std::shared_ptr<outgoing_peer> find(const std::string& id) const {
    const auto i = peers.find(id);
    return i == peers.end() ? nullptr : i->second;
  }

  std::vector<std::shared_ptr<outgoing_peer>> all_peers() const {
    std::vector<std::shared_ptr<outgoing_peer>> out;
    for (const auto& [id, x] : peers)
      out.push_back(x);
    return out;
  }

  const std::shared_ptr<peer_home> home;
  const std::string datacenter;
  peer_timer clock;
  time_point wake_at = time_point::max();
  std::shared_ptr<peer_listener> listener;
  std::map<std::string, std::shared_ptr<outgoing_peer>> peers;
  /// Requests of this node to itself.
  peer_pending local;
  std::vector<peer_call> calls;
  bool stopped = false;
};

// -- the public side
// -----------------------------------------------------------------

transport::transport(std::shared_ptr<parts> p) : parts_{std::move(p)} {}

transport::~transport() {
  parts_->stop();
}

result<std::unique_ptr<transport>> transport::start(asio::io_context& io,
                                                    transport_options options,
                                                    peer_receiver& receiver) {
  if (options.node_id.empty())
    return error{errc::invalid_argument, "a node needs an id"};
  auto p = std::make_shared<parts>(io, options, receiver);
  if (auto done = p->start(options); !done) {
    p->stop();
    return done.error();
  }
  return std::unique_ptr<transport>{new transport{std::move(p)}};
}

void transport::stop() {
  parts_->stop();
}

void transport::set_address(const std::string& node, std::string address) {
  parts_->home->inbox->push(peer_address{node, std::move(address)});
}

void transport::set_cluster(const std::string& cluster_id) {
  parts_->home->inbox->push(peer_cluster{cluster_id});
}

void transport::post(const std::string& node, lane how, std::string bytes) {
  const auto crc = crc32c(bytes);
  parts_->home->inbox->push(peer_post{node, how, std::move(bytes), crc});
}

std::uint64_t transport::request(const std::string& node, std::string bytes,
                                 duration time_limit, reply<std::string> to) {
  const auto number = ++parts_->home->last_number;
  const auto crc = crc32c(bytes);
  parts_->home->inbox->push(peer_request{node, number, std::move(bytes), crc,
                                         now() + time_limit, std::move(to)});
  return number;
}

void transport::cancel(std::uint64_t request) {
  parts_->home->inbox->push(peer_cancel{request});
}

status transport::reload_tls(const peer_tls_options& options) {
  auto tls = make_peer_tls(options, parts_->datacenter);
  if (!tls)
    return tls.error();
  parts_->home->tls = std::move(*tls);
  return ok;
}

std::uint16_t transport::port() const {
  return parts_->listener ? parts_->listener->port() : 0;
}

transport_counters transport::counters() const {
  const auto& x = parts_->home->counts;
  transport_counters out;
  out.frames_sent = x.frames_sent.get();
  out.frames_received = x.frames_received.get();
  out.bytes_sent = x.bytes_sent.get();
  out.bytes_received = x.bytes_received.get();
  out.writes = x.writes.get();
  out.wakeups = x.wakeups.get();
  out.messages_dropped = x.messages_dropped.get();
  out.overloaded = x.overloaded.get();
  out.connects = x.connects.get();
  out.connects_failed = x.connects_failed.get();
  out.accepted = x.accepted.get();
  out.refused = x.refused.get();
  out.corrupt = x.corrupt.get();
  out.incoming = x.incoming.get();
  out.outgoing = x.outgoing.get();
  return out;
}

} // namespace praetor::net
