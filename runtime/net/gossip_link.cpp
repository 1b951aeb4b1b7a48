#include "runtime/net/gossip_link.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"
#include "runtime/net/dialer.hpp"
#include "runtime/net/gossip_stream.hpp"
#include "runtime/net/url.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <utility>

namespace praetor::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;
using gossip::endpoint;
using gossip::stream_id;

namespace {

/// Source: memberlist, udpRecvBufSize.
constexpr int receive_buffer_bytes = 2 << 20;

/// How often port 0 is tried: TCP's may be taken for UDP.
constexpr int free_port_tries = 16;

/// Between two log lines of one kind.
constexpr duration complaint_pause = std::chrono::seconds{10};

/// When there are too many open files.
constexpr auto accept_pause = std::chrono::milliseconds{200};

std::string text_of(const endpoint& x) {
  return join_host_port(x.address, x.port);
}

template <class Place>
endpoint endpoint_of(const Place& x) {
  return {x.address().to_string(), x.port()};
}

/// Go's sentence.
error listen_failure(const char* network, const endpoint& at,
                     const error_code& code) {
  return {errc::io_error, std::string{"listen "} + network + " " + text_of(at)
                            + ": bind: " + lower_message(code)};
}

class asio_gossip_link : public gossip_link,
                         public gossip_stream_owner,
                         public std::enable_shared_from_this<asio_gossip_link> {
public:
  asio_gossip_link(asio::io_context& io, gossip_place place,
                   gossip_envelope envelope)
    : io_{io},
      how_{std::move(place)},
      envelope_{std::move(envelope)},
      packets_{io},
      acceptor_{io},
      accept_timer_{io},
      resolver_{io},
      frame_budget_{std::make_shared<byte_budget>(how_.limits.frame_bytes_max)},
      packet_budget_{
        std::make_shared<byte_budget>(how_.limits.packet_bytes_max)} {}

  ~asio_gossip_link() { close_all(); }

  status bind() {
    error_code code;
    const auto address = asio::ip::make_address(how_.bind.address, code);
    if (code)
      return error{errc::invalid_argument,
                   "\"" + how_.bind.address + "\" is not an IP address"};
    auto done = status{ok};
    for (auto i = 0; i < free_port_tries; ++i) {
      done = bind_to(address);
      if (done || how_.bind.port != 0)
        break;
    }
    if (done)
      how_.bind.port = packets_.local_endpoint(code).port();
    if (how_.default_port == 0)
      how_.default_port = how_.bind.port;
    return done;
  }

  // -- pool_link, from any thread ---------------------------------------------

  void begin(sink to) override {
    asio::post(io_, [me = shared_from_this(), to = std::move(to)]() mutable {
      if (me->ended_)
        return;
      me->sink_ = std::move(to);
      me->wait_for_packets();
      me->accept();
    });
  }

  void send(gossip::link_work what) override {
    asio::post(io_,
               [me = shared_from_this(), what = std::move(what)]() mutable {
                 me->perform(std::move(what));
               });
  }

  void resolve(std::string address,
               reply<gossip::resolved_address> to) override {
    asio::post(io_, [me = shared_from_this(), address = std::move(address),
                     to = std::move(to)] { me->look_up(address, to); });
  }

  void keys(gossip::key_action what, std::string key,
            reply<std::vector<std::string>> to) override {
    asio::post(io_, [me = shared_from_this(), what, key = std::move(key),
                     to = std::move(to)] {
      to.complete(me->envelope_.keys(what, key));
    });
  }

  void end() override {
    asio::post(io_, [me = shared_from_this()] { me->close_all(); });
  }

  endpoint place() const override { return how_.bind; }

  const gossip_link_counters& counters() const override { return counters_; }

  // -- gossip_stream_owner ----------------------------------------------------

  gossip_envelope& envelope() override { return envelope_; }

  const gossip_limits& limits() const override { return how_.limits; }

  std::shared_ptr<byte_budget::share> frame_room() override {
    return frame_budget_->open();
  }

  void on_frame(gossip::frame_received x,
                std::shared_ptr<byte_budget::share> room) override {
    tell(std::move(x), std::move(room));
  }

  void on_refused(const endpoint& from, bool sealed_otherwise) override {
    ++(sealed_otherwise ? counters_.sealed_otherwise : counters_.malformed);
    if (!sealed_otherwise || !may_complain(next_frame_complaint_))
      return;
    log::error(how_.module,
               "memberlist: failed to receive: No installed keys could decrypt "
               "the message",
               {{"from", text_of(from)}});
  }

  void on_end(stream_id id, const std::string& reason) override {
    streams_.erase(id);
    tell(gossip::stream_closed{id, reason}, {});
  }

private:
  // -- sockets ----------------------------------------------------------------

  status bind_to(const asio::ip::address& address) {
    error_code code;
    const auto v6 = address.is_v6();
    acceptor_ = tcp::acceptor{io_};
    packets_ = udp::socket{io_};
    acceptor_.open(v6 ? tcp::v6() : tcp::v4(), code);
    if (!code)
      acceptor_.set_option(asio::socket_base::reuse_address{true}, code);
    if (!code)
      acceptor_.bind({address, how_.bind.port}, code);
    if (!code)
      acceptor_.listen(asio::socket_base::max_listen_connections, code);
    if (code)
      return listen_failure("tcp", how_.bind, code);
    const auto port = acceptor_.local_endpoint(code).port();
    packets_.open(v6 ? udp::v6() : udp::v4(), code);
    if (!code)
      packets_.bind({address, port}, code);
    if (code)
      return listen_failure("udp", {how_.bind.address, port}, code);
    packets_.non_blocking(true, code);
    // As much as the system gives.
    error_code ignored;
    packets_.set_option(
      asio::socket_base::receive_buffer_size{receive_buffer_bytes}, ignored);
    return ok;
  }

  void close_all() {
    ended_ = true;
    sink_ = {};
    error_code ignored;
    packets_.close(ignored);
    acceptor_.close(ignored);
    accept_timer_.cancel();
    resolver_.cancel();
    for (const auto& [id, x] : std::exchange(streams_, {}))
      x->abort();
  }

  bool is_allowed(const endpoint& x) {
    if (!how_.allowed || how_.allowed(x.address))
      return true;
    ++counters_.not_allowed;
    return false;
  }

  void tell(gossip::link_event x, std::shared_ptr<void> room) {
    if (!sink_)
      return;
    gossip::link_batch batch;
    batch.events.push_back(std::move(x));
    batch.room = std::move(room);
    sink_(std::move(batch));
  }

  bool may_complain(std::chrono::steady_clock::time_point& next) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next)
      return false;
    next = now
           + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
             complaint_pause);
    return true;
  }

  // -- datagrams in -----------------------------------------------------------

  void wait_for_packets() {
    packets_.async_wait(udp::socket::wait_read,
                        [me = shared_from_this()](const error_code& code) {
                          if (code || me->ended_)
                            return;
                          me->receive_packets();
                          me->wait_for_packets();
                        });
  }

  void receive_packets() {
    gossip::link_batch batch;
    const auto room = packet_budget_->open();
    batch.room = room;
    // One byte more, to see what is too long.
    std::array<char, gossip_envelope::packet_bytes_max + 1> buffer;
    for (std::size_t i = 0; i < how_.limits.batch_max; ++i) {
      udp::endpoint from;
      error_code code;
      const auto size =
        packets_.receive_from(asio::buffer(buffer), from, 0, code);
      if (code == asio::error::would_block)
        break;
      if (code)
        continue; // what the system says about an earlier datagram
      take_packet({buffer.data(), size}, endpoint_of(from), *room, batch);
    }
    if (!batch.events.empty() && sink_)
      sink_(std::move(batch));
  }

  void take_packet(std::string_view bytes, endpoint from,
                   byte_budget::share& room, gossip::link_batch& to) {
    if (!is_allowed(from))
      return;
    if (bytes.size() > gossip_envelope::packet_bytes_max) {
      ++counters_.malformed;
      return;
    }
    auto plain = envelope_.unwrap(bytes);
    if (!plain)
      return refuse_packet(from);
    if (!room.grow(bytes.size())) {
      ++counters_.too_many;
      return;
    }
    to.events.emplace_back(
      gossip::packet_received{std::move(from), std::move(*plain)});
  }

  void refuse_packet(const endpoint& from) {
    ++counters_.sealed_otherwise;
    if (may_complain(next_packet_complaint_))
      log::error(how_.module,
                 "memberlist: Decrypt packet failed: No installed keys could "
                 "decrypt the message",
                 {{"from", text_of(from)}});
  }

  // -- going out --------------------------------------------------------------

  void perform(gossip::link_work what) {
    if (ended_)
      return;
    for (auto& x : what.packets)
      send_packet(std::move(x));
    for (auto& x : what.opens)
      open_stream(std::move(x));
    for (auto& x : what.frames)
      if (const auto found = streams_.find(x.stream); found != streams_.end())
        std::shared_ptr {
          found->second
          } -> write(std::move(x.bytes));
    for (const auto id : what.closes)
      if (const auto node = streams_.extract(id))
        node.mapped()->close();
  }

  void send_packet(gossip::packet_out x) {
    error_code code;
    const auto address = asio::ip::make_address(x.to.address, code);
    auto sealed = envelope_.wrap(std::move(x.bytes));
    if (code || x.to.port == 0 || !sealed)
      return tell(gossip::packet_unsent{x.to}, {});
    if (!unsent_.empty())
      return keep_unsent({address, x.to.port}, std::move(*sealed));
    send_now({address, x.to.port}, std::move(*sealed));
  }

  void send_now(const udp::endpoint& to, std::string bytes) {
    error_code code;
    packets_.send_to(asio::buffer(bytes), to, 0, code);
    if (code == asio::error::would_block
        || code == asio::error::no_buffer_space)
      return keep_unsent(to, std::move(bytes));
    if (code)
      tell(gossip::packet_unsent{endpoint_of(to)}, {});
  }

  void keep_unsent(const udp::endpoint& to, std::string bytes) {
    if (unsent_.size() >= how_.limits.unsent_max) {
      ++counters_.too_many;
      return;
    }
    unsent_.emplace_back(to, std::move(bytes));
    if (unsent_.size() > 1)
      return;
    packets_.async_wait(udp::socket::wait_write,
                        [me = shared_from_this()](const error_code& code) {
                          if (!code && !me->ended_)
                            me->send_unsent();
                        });
  }

  void send_unsent() {
    for (auto& [to, bytes] : std::exchange(unsent_, {}))
      if (unsent_.empty())
        send_now(to, std::move(bytes));
      else
        keep_unsent(to, std::move(bytes));
  }

  void open_stream(gossip::stream_open x) {
    error_code code;
    // Names are not looked up here: these come from other members.
    asio::ip::make_address(x.to.address, code);
    if (code || x.to.port == 0)
      return tell(gossip::stream_closed{x.stream, "dial tcp " + text_of(x.to)
                                                    + ": invalid address"},
                  {});
    const auto made =
      std::make_shared<gossip_stream>(tcp::socket{io_}, *this, x.stream, x.to);
    streams_[x.stream] = made;
    made->connect();
    made->write(std::move(x.bytes));
  }

  // -- streams of others ------------------------------------------------------

  void accept() {
    acceptor_.async_accept(
      [me = shared_from_this()](const error_code& code, tcp::socket socket) {
        if (me->ended_)
          return;
        if (!code)
          me->admit(std::move(socket));
        else if (code != asio::error::connection_aborted)
          return me->accept_later();
        me->accept();
      });
  }

  void accept_later() {
    accept_timer_.expires_after(accept_pause);
    accept_timer_.async_wait([me = shared_from_this()](const error_code& code) {
      if (!code && !me->ended_)
        me->accept();
    });
  }

  void admit(tcp::socket socket) {
    error_code code;
    const auto remote = socket.remote_endpoint(code);
    if (code)
      return;
    const auto from = endpoint_of(remote);
    if (!is_allowed(from))
      return;
    std::size_t all = 0;
    std::size_t same = 0;
    for (const auto& [id, x] : streams_) {
      all += id % 2;
      same += id % 2 == 1 && x->peer().address == from.address ? 1 : 0;
    }
    if (all >= how_.limits.streams_max
        || same >= how_.limits.streams_per_address_max) {
      ++counters_.too_many;
      return;
    }
    last_accepted_ += 2;
    const auto made = std::make_shared<gossip_stream>(std::move(socket), *this,
                                                      last_accepted_, from);
    streams_[last_accepted_] = made;
    made->start();
  }

  // -- names ------------------------------------------------------------------

  void look_up(const std::string& text,
               const reply<gossip::resolved_address>& to) {
    auto host = text;
    auto port = std::uint64_t{how_.default_port};
    error_code code;
    asio::ip::make_address(text, code);
    if (code) {
      if (const auto parts = split_host_port(text)) {
        const auto given = parse_uint(parts->port);
        if (!given || *given > 65535)
          return to.complete(
            error{errc::io_error,
                  "strconv.ParseUint: parsing \"" + parts->port + "\": "
                    + (given ? "value out of range" : "invalid syntax")});
        host = parts->host;
        port = *given;
      }
    }
    const auto number = static_cast<std::uint16_t>(port);
    code.clear();
    const auto literal = asio::ip::make_address(host, code);
    if (!code)
      return to.complete(
        gossip::resolved_address{{{literal.to_string(), number}}});
    ask_resolver(host, number, to);
  }

  void ask_resolver(const std::string& host, std::uint16_t port,
                    const reply<gossip::resolved_address>& to) {
    resolver_.async_resolve(
      host, "",
      [v6 = is_v6(), host, port, to](const error_code& code,
                                     const auto& found) {
        gossip::resolved_address out;
        if (!code)
          for (const tcp::resolver::results_type::value_type& x : found)
            if (const auto address = x.endpoint().address();
                address.is_v6() == v6)
              out.places.push_back({address.to_string(), port});
        if (out.places.empty())
          return to.complete(
            error{errc::io_error, "lookup " + host + ": no such host"});
        to.complete(std::move(out));
      });
  }

  bool is_v6() const {
    return how_.bind.address.find(':') != std::string::npos;
  }

  // -- member variables -------------------------------------------------------

  asio::io_context& io_;
  gossip_place how_;
  gossip_envelope envelope_;
  udp::socket packets_;
  tcp::acceptor acceptor_;
  asio::steady_timer accept_timer_;
  tcp::resolver resolver_;
  sink sink_;
  bool ended_ = false;

  std::map<stream_id, std::shared_ptr<gossip_stream>> streams_;
  stream_id last_accepted_ = 1;

  /// Datagrams that the system has no room for.
  std::deque<std::pair<udp::endpoint, std::string>> unsent_;

  std::shared_ptr<byte_budget> frame_budget_;
  std::shared_ptr<byte_budget> packet_budget_;

  gossip_link_counters counters_;
  std::chrono::steady_clock::time_point next_frame_complaint_;
  std::chrono::steady_clock::time_point next_packet_complaint_;
};

} // namespace

result<std::shared_ptr<gossip_link>> make_gossip_link(asio::io_context& io,
                                                      gossip_place place) {
  using namespace std::chrono;
  const auto boot =
    duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
  auto envelope = gossip_envelope::make(
    place.keys, {place.label, place.verify_incoming, place.verify_outgoing,
                 place.sender, static_cast<std::uint32_t>(boot)});
  if (!envelope)
    return envelope.error();
  auto out = std::make_shared<asio_gossip_link>(io, std::move(place),
                                                std::move(*envelope));
  if (auto bound = out->bind(); !bound)
    return bound.error();
  return std::shared_ptr<gossip_link>{std::move(out)};
}

} // namespace praetor::net
