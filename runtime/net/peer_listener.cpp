#include "runtime/net/peer_listener.hpp"

#include "runtime/net/dialer.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>

namespace praetor::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// How long to wait when the process has no file descriptors left.
constexpr auto accept_pause = std::chrono::milliseconds{100};

} // namespace

peer_listener::peer_listener(std::shared_ptr<peer_home> home)
  : home_{std::move(home)}, acceptor_{home_->where} {}

status peer_listener::listen(const std::string& address) {
  const auto at = parse_endpoint(address);
  if (!at)
    return at.error();
  const auto failed = [&address](std::string_view step,
                                 const error_code& code) {
    return error{errc::io_error, "listen tcp " + address + ": "
                                   + std::string{step} + ": "
                                   + lower_message(code)};
  };
  error_code code;
  acceptor_.open(at->protocol(), code);
  if (code)
    return failed("socket", code);
  acceptor_.set_option(asio::socket_base::reuse_address{true}, code);
  if (at->address().is_v6())
    acceptor_.set_option(asio::ip::v6_only{true}, code);
  acceptor_.bind(*at, code);
  if (code)
    return failed("bind", code);
  acceptor_.listen(asio::socket_base::max_listen_connections, code);
  if (code)
    return failed("listen", code);
  return ok;
}

void peer_listener::run() {
  if (acceptor_.is_open())
    asio::co_spawn(home_->where, accept_all(shared_from_this()),
                   asio::detached);
}

void peer_listener::close() {
  closed_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (const auto& [serial, x] : peers_) {
    x->close();
    --home_->counts.incoming;
  }
}

std::uint16_t peer_listener::port() const {
  error_code ignored;
  return acceptor_.local_endpoint(ignored).port();
}

// -- who comes in
// --------------------------------------------------------------------

// Parameters keep what a coroutine needs; members of `this` would not.
peer_task<> peer_listener::accept_all(std::shared_ptr<peer_listener> self) {
  while (!self->closed_) {
    error_code code;
    peer_socket socket{self->home_->where};
    peer_endpoint from;
    co_await self->acceptor_.async_accept(
      socket, from, asio::redirect_error(use_peer_task, code));
    if (self->closed_)
      break;
    if (!code) {
      self->let_in(std::move(socket), from);
    } else if (code != asio::error::connection_aborted) {
      log::warn(peer_log, "Cannot accept a connection",
                {{"error", code.message()}});
      peer_timer pause{self->home_->where, accept_pause};
      co_await pause.async_wait(asio::redirect_error(use_peer_task, code));
    }
  }
}

void peer_listener::let_in(peer_socket socket, const peer_endpoint& from) {
  const auto address = from.address().to_string();
  if (!make_room(address)) {
    ++home_->counts.refused;
    home_->complain("limit " + address, "Refused a connection",
                    {{"from", address}, {"error", "too many connections"}});
    return; // The socket closes.
  }
  const auto serial = ++last_serial_;
  auto x = std::make_shared<incoming_peer>(home_, address,
                                           [weak = weak_from_this(), serial] {
                                             if (const auto alive = weak.lock())
                                               alive->forget(serial);
                                           });
  ++per_address_[address];
  ++home_->counts.accepted;
  ++home_->counts.incoming;
  peers_.emplace(serial, x);
  x->accept(std::move(socket), join_host_port(address, from.port()));
}

bool peer_listener::make_room(const std::string& from) {
  const auto& most = home_->limits;
  const auto mine = per_address_.find(from);
  if (mine != per_address_.end()
      && mine->second >= most.incoming_per_address_max)
    return drop_oldest_stranger(from);
  const auto strangers =
    std::count_if(peers_.begin(), peers_.end(),
                  [](const auto& x) { return x.second->stranger(); });
  if (peers_.size() >= most.incoming_max
      || static_cast<std::size_t>(strangers) >= most.strangers_max)
    return drop_oldest_stranger({});
  return true;
}

bool peer_listener::drop_oldest_stranger(const std::string& from) {
  const auto i =
    std::find_if(peers_.begin(), peers_.end(), [&from](const auto& x) {
      return x.second->stranger() && (from.empty() || x.second->from() == from);
    });
  if (i == peers_.end())
    return false;
  const auto x = i->second; // `refuse` removes it.
  x->refuse("others came before it said hello");
  return true;
}

void peer_listener::forget(std::uint64_t serial) {
  const auto i = peers_.find(serial);
  if (i == peers_.end())
    return;
  const auto count = per_address_.find(i->second->from());
  if (--count->second == 0)
    per_address_.erase(count);
  peers_.erase(i);
  --home_->counts.incoming;
}

// -- all of them
// ---------------------------------------------------------------------

std::vector<std::shared_ptr<incoming_peer>> peer_listener::all() const {
  std::vector<std::shared_ptr<incoming_peer>> out;
  out.reserve(peers_.size());
  for (const auto& [serial, x] : peers_)
    out.push_back(x);
  return out;
}

void peer_listener::check_clusters() {
  for (const auto& x : all())
    if (!x->stranger())
      if (auto why = objection(home_->me, x->theirs()))
        x->refuse(std::move(*why));
}

time_point peer_listener::step(time_point now) {
  auto next = time_point::max();
  for (const auto& x : all())
    next = std::min(next, x->step(now));
  return next;
}

} // namespace praetor::net
