// Nodes with transports on loopback, all in one io_context; what they receive
// is recorded. Ports are the system's choice; waiting is polling with a limit.

#pragma once

#include "runtime/base/log.hpp"
#include "runtime/net/peer_frames.hpp"
#include "runtime/net/transport.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it
#include <vector>

namespace praetor::net {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

/// One node: its transport and what came.
class test_node final : public peer_receiver {
public:
  test_node(boost::asio::io_context& io, transport_options options) {
    auto started = transport::start(io, std::move(options), *this);
    REQUIRE(started);
    net = std::move(*started);
  }

  void on_message(const std::string& from, std::string bytes) override {
    messages.push_back(from + ": " + bytes);
  }

  void on_request(const std::string& from, std::uint64_t number,
                  std::string bytes, reply<std::string> to) override {
    if (answer) {
      to.complete(answer(from, bytes));
      return;
    }
    requests.push_back(bytes);
    numbers.push_back(number);
    unanswered.push_back(std::move(to));
  }

  void on_canceled(std::uint64_t number) override {
    canceled.push_back(number);
  }

  void on_connection(const std::string& node, bool up) override {
    connections.push_back(node + (up ? " up" : " down"));
  }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(net->port());
  }

  std::unique_ptr<transport> net;
  /// If set, answers requests; else they are kept.
  std::function<result<std::string>(const std::string& from,
                                    const std::string& bytes)>
    answer;
  std::vector<std::string> messages;
  std::vector<std::string> requests;
  std::vector<std::uint64_t> numbers;
  std::vector<reply<std::string>> unanswered;
  std::vector<std::uint64_t> canceled;
  std::vector<std::string> connections;
};

/// See the head of the file.
struct transport_fixture {
  transport_fixture() {
    log::set_threshold(log::level::info);
    log::set_sink(
      [this](const log::record& x) { lines.push_back(log::format_plain(x)); });
  }
  transport_fixture(const transport_fixture&) = delete;
  transport_fixture& operator=(const transport_fixture&) = delete;
  ~transport_fixture() { log::set_sink({}); }

  static transport_options options(const std::string& id) {
    transport_options out;
    out.listen = "127.0.0.1:0";
    out.node_id = id;
    out.node_name = "node-" + id;
    out.datacenter = "dc1";
    return out;
  }

  std::unique_ptr<test_node> start(const std::string& id) {
    return start(options(id));
  }

  std::unique_ptr<test_node> start(transport_options x) {
    return std::make_unique<test_node>(io, std::move(x));
  }

  /// Runs the sockets until that holds. Fails after a while.
  template <class Condition>
  void wait_for(Condition holds, duration limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds() && std::chrono::steady_clock::now() < end)
      io.run_one_for(20ms);
    REQUIRE(holds());
  }

  /// Runs the sockets for a while in which nothing should happen.
  void run_for(duration span) {
    const auto end = std::chrono::steady_clock::now() + span;
    while (std::chrono::steady_clock::now() < end)
      io.run_one_until(end);
  }

  /// The answer, or "<code>: <text>".
  std::shared_ptr<std::optional<std::string>> ask(test_node& from,
                                                  const std::string& to,
                                                  std::string bytes,
                                                  duration limit = 10s) {
    auto out = std::make_shared<std::optional<std::string>>();
    last_request =
      from.net->request(to, std::move(bytes), limit,
                        reply<std::string>{[out](const result<std::string>& x) {
                          REQUIRE(!*out);
                          *out = x ? *x
                                   : std::string{to_string(x.error().code)}
                                       + ": " + x.error().context;
                        }});
    return out;
  }

  std::string answer_of(test_node& from, const std::string& to,
                        std::string bytes, duration limit = 10s) {
    const auto out = ask(from, to, std::move(bytes), limit);
    wait_for([&out] { return out->has_value(); });
    return **out;
  }

  std::size_t lines_with(const std::string& text) const {
    std::size_t out = 0;
    for (const auto& x : lines)
      out += x.find(text) != x.npos ? 1U : 0U;
    return out;
  }

  /// A bare TCP connection.
  tcp::socket connect(const test_node& to) {
    tcp::socket out{io};
    out.connect({boost::asio::ip::make_address("127.0.0.1"), to.net->port()});
    return out;
  }

  /// Says hello on a bare connection and reads the answer to it.
  frame greet(tcp::socket& on, const peer_hello& hello) {
    write(on, {frame_kind::hello, 0, encode_hello(hello)});
    return read_frame(on);
  }

  static void write(tcp::socket& to, const frame& x) {
    const auto bytes = encode_frame(x);
    boost::system::error_code ignored;
    boost::asio::write(to, boost::asio::buffer(bytes), ignored);
  }

  /// The next frame, or one of kind {} if the other side closes.
  frame read_frame(tcp::socket& from) {
    frame_reader reader{1U << 20U};
    std::optional<frame> out;
    bool closed = false;
    std::string bytes(1, '\0');
    std::function<void()> more = [&] {
      from.async_read_some(boost::asio::buffer(bytes),
                           [&](const auto& code, std::size_t) {
                             closed = bool(code);
                             if (closed)
                               return;
                             reader.room()[0] = bytes[0];
                             reader.add(1);
                             out = reader.next();
                             if (!out)
                               more();
                           });
    };
    more();
    wait_for([&] { return closed || out; });
    return out.value_or(frame{});
  }

  boost::asio::io_context io;
  std::vector<std::string> lines;
  std::uint64_t last_request = 0;
};

} // namespace praetor::net
