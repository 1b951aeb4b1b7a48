// How a connection between nodes opens: TCP, TLS, hellos.

#include "runtime/net/dialer.hpp"
#include "runtime/net/peer_connection.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace praetor::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// The first byte of a TLS connection: a record of the handshake.
constexpr char tls_begins = 22;
constexpr char plain_begins = 'P';

error failed(std::string text, errc code = errc::io_error) {
  return {code, std::move(text)};
}

} // namespace

void peer_connection::dial(const peer_endpoint& to, std::string wanted) {
  wanted_ = std::move(wanted);
  place_ = join_host_port(to.address().to_string(), to.port());
  too_late_ = "dial tcp " + place_ + ": i/o timeout";
  open_until_ = std::chrono::steady_clock::now() + home_->times.connect_max;
  home_->wake(open_until_);
  asio::co_spawn(home_->where, open_to(shared_from_this(), to), asio::detached);
}

void peer_connection::accept(peer_socket socket, std::string from) {
  socket_ = std::move(socket);
  place_ = std::move(from);
  too_late_ = "it did not say hello in time";
  open_until_ = std::chrono::steady_clock::now() + home_->times.hello_max;
  home_->wake(open_until_);
  asio::co_spawn(home_->where, open_from(shared_from_this()), asio::detached);
}

// Parameters keep what a coroutine needs; members of `this` would not.
peer_task<> peer_connection::open_to(std::shared_ptr<peer_connection> self,
                                     peer_endpoint to) {
  auto done = co_await self->connect(to);
  if (done && self->home_->tls.outgoing)
    done = co_await self->shake_hands(self->home_->tls.outgoing);
  if (done)
    done = co_await self->greet_as_dialer();
  self->opened(done);
}

peer_task<> peer_connection::open_from(std::shared_ptr<peer_connection> self) {
  const auto done = co_await self->let_in();
  self->opened(done);
}

void peer_connection::opened(const status& how) {
  if (closed_)
    return;
  if (!how)
    return fail(how.error());
  const auto self = shared_from_this();
  ready_ = true;
  heard_ = used_ = std::chrono::steady_clock::now();
  reader_.set_payload_max(home_->limits.frame_bytes_max);
  home_->wake(step(heard_));
  user_->on_ready(theirs_);
  if (closed_)
    return;
  take_frames();
  flush();
  home_->flush();
}

// -- TCP and TLS
// ---------------------------------------------------------------------

peer_task<status> peer_connection::connect(peer_endpoint to) {
  error_code code;
  co_await socket_.async_connect(to, asio::redirect_error(use_peer_task, code));
  if (code)
    co_return failed("dial tcp " + place_
                     + ": connect: " + lower_message(code));
  error_code ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  too_late_ = "the other side did not say hello in time";
  open_until_ = std::chrono::steady_clock::now() + home_->times.hello_max;
  home_->wake(open_until_);
  co_return ok;
}

peer_task<status> peer_connection::shake_hands(peer_tls::context_ptr how) {
  tls_ = std::make_unique<tls_stream>(socket_, *how);
  auto* handle = tls_->native_handle();
  const auto& name = home_->tls.server_name;
  if (!wanted_.empty() && !name.empty()) {
    SSL_set_hostflags(handle, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(handle, name.c_str());
    SSL_set_tlsext_host_name(handle, name.c_str());
  }
  error_code code;
  co_await tls_->async_handshake(wanted_.empty() ? tls_stream::server
                                                 : tls_stream::client,
                                 asio::redirect_error(use_peer_task, code));
  if (code)
    co_return failed("TLS: " + explain_tls(handle, code, name),
                     errc::permission_denied);
  co_return ok;
}

peer_task<status> peer_connection::choose_tls() {
  char first = 0;
  error_code code;
  co_await socket_.async_receive(asio::buffer(&first, 1),
                                 tcp::socket::message_peek,
                                 asio::redirect_error(use_peer_task, code));
  if (code) // Somebody looked whether the port is open.
    co_return failed(lower_message(code), errc::canceled);
  if (first == tls_begins) {
    if (!home_->tls.incoming)
      co_return failed("it speaks TLS, but this node has no certificate");
    co_return co_await shake_hands(home_->tls.incoming);
  }
  if (!home_->tls.demanded)
    co_return ok;
  const std::string why = "this node accepts connections with TLS only";
  if (first == plain_begins)
    co_await refuse(why);
  co_return failed("it does not speak TLS, which verify_incoming demands",
                   errc::permission_denied);
}

// -- hellos
// ---------------------------------------------------------------------------

peer_task<status> peer_connection::greet_as_dialer() {
  auto mine = home_->me;
  mine.wanted = wanted_;
  auto written = co_await write_first(frame_kind::hello, encode_hello(mine));
  if (!written)
    co_return written;
  auto x = co_await read_first();
  if (!x)
    co_return x.error();
  if (x->kind == frame_kind::refusal)
    co_return failed("refused: " + printable(x->payload), errc::rejected);
  if (x->kind != frame_kind::hello)
    co_return failed("the other side did not say hello", errc::corruption);
  auto hello = decode_hello(x->payload);
  if (!hello)
    co_return hello.error();
  theirs_ = std::move(*hello);
  mine.cluster_id = home_->me.cluster_id; // It may have been founded meanwhile.
  if (auto why = objection(mine, theirs_))
    co_return failed(std::move(*why), errc::rejected);
  co_return ok;
}

peer_task<status> peer_connection::let_in() {
  error_code ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  auto chosen = co_await choose_tls();
  if (!chosen)
    co_return chosen;
  co_return co_await greet_as_accepter();
}

peer_task<status> peer_connection::greet_as_accepter() {
  auto x = co_await read_first();
  if (!x)
    co_return x.error();
  if (x->kind != frame_kind::hello)
    co_return failed("it did not say hello", errc::corruption);
  auto hello = decode_hello(x->payload);
  if (!hello) {
    co_await refuse(hello.error().context);
    co_return hello.error();
  }
  theirs_ = std::move(*hello);
  if (auto why = objection(home_->me, theirs_)) {
    co_await refuse(*why);
    co_return failed(std::move(*why), errc::rejected);
  }
  co_return co_await write_first(frame_kind::hello, encode_hello(home_->me));
}

peer_task<result<frame>> peer_connection::read_first() {
  for (;;) {
    if (auto x = reader_.next())
      co_return std::move(*x);
    if (!reader_.broken().empty()) {
      ++home_->counts.corrupt;
      co_return failed(reader_.broken(), errc::corruption);
    }
    const auto room = reader_.room();
    const asio::mutable_buffer to{room.data(), room.size()};
    error_code code;
    std::size_t n = 0;
    if (tls_)
      n = co_await tls_->async_read_some(
        to, asio::redirect_error(use_peer_task, code));
    else
      n = co_await socket_.async_read_some(
        to, asio::redirect_error(use_peer_task, code));
    if (code && tls_)
      co_return failed("TLS: " + explain_tls(tls_->native_handle(), code, ""));
    if (code)
      co_return failed(code == asio::error::eof
                         ? "the other side closed the connection"
                         : lower_message(code));
    reader_.add(n);
  }
}

peer_task<status> peer_connection::write_first(frame_kind kind,
                                               std::string payload) {
  const auto bytes = encode_frame({kind, 0, std::move(payload)});
  error_code code;
  if (tls_)
    co_await asio::async_write(*tls_, asio::buffer(bytes),
                               asio::redirect_error(use_peer_task, code));
  else
    co_await asio::async_write(socket_, asio::buffer(bytes),
                               asio::redirect_error(use_peer_task, code));
  if (code)
    co_return failed(lower_message(code));
  co_return ok;
}

peer_task<> peer_connection::refuse(std::string why) {
  // Nothing depends on whether that arrives.
  static_cast<void>(co_await write_first(frame_kind::refusal, std::move(why)));
}

} // namespace praetor::net
