// Goal: datagrams and frames reach another link whole and in order, only if it
// has a key that opens them; streams end with a reason; names are resolved;
// strangers cost no more than the limits say.
// Method: links on free ports of 127.0.0.1, run by the test until something is
// there or a deadline has passed; plain sockets play strangers.

#include "runtime/net/gossip_link.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <functional>
#include <optional>
#include <utility>
#include <variant>

using namespace praetor;
using namespace praetor::gossip;
using namespace praetor::net;
using namespace std::chrono_literals;

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;

namespace {

const std::string key_a(32, 'a');
const std::string key_b(16, 'b');

/// A link and what came in.
struct side {
  std::shared_ptr<gossip_link> link;
  std::vector<packet_received> packets;
  std::vector<packet_unsent> unsent;
  std::vector<frame_received> frames;
  std::vector<stream_closed> closed;
  /// What is not handled yet, if the test keeps it.
  std::vector<std::shared_ptr<void>> rooms;
  bool keep_rooms = false;

  endpoint at() const { return link->place(); }

  void take(link_batch batch) {
    if (keep_rooms)
      rooms.push_back(batch.room);
    for (auto& x : batch.events)
      std::visit([this](auto& y) { add(std::move(y)); }, x);
  }

  void add(packet_received x) { packets.push_back(std::move(x)); }
  void add(packet_unsent x) { unsent.push_back(std::move(x)); }
  void add(frame_received x) { frames.push_back(std::move(x)); }
  void add(stream_closed x) { closed.push_back(std::move(x)); }
};

struct links {
  asio::io_context io{1};

  std::unique_ptr<side> make(std::vector<std::string> keys = {},
                             std::function<void(gossip_place&)> change = {}) {
    gossip_place place;
    place.bind = {"127.0.0.1", 0};
    place.label = "test/lan";
    place.keys = std::move(keys);
    place.sender = ++last_sender_;
    if (change)
      change(place);
    auto made = make_gossip_link(io, std::move(place));
    REQUIRE(made);
    auto out = std::make_unique<side>();
    out->link = std::move(*made);
    out->link->begin(
      [to = out.get()](link_batch x) { to->take(std::move(x)); });
    return out;
  }

  /// Runs until the condition holds; fails after some seconds.
  void until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      io.run_one_for(50ms);
      io.restart();
    }
  }

  /// Runs what can run now.
  void poll() {
    while (io.run_one_for(20ms) > 0) {
    }
    io.restart();
  }

  ~links() { poll(); }

private:
  std::uint64_t last_sender_ = 0;
};

link_work datagram(const endpoint& to, std::string bytes) {
  link_work out;
  out.packets.push_back({to, std::move(bytes)});
  return out;
}

link_work opened(stream_id id, const endpoint& to, std::string bytes) {
  link_work out;
  out.opens.push_back({id, to, std::move(bytes)});
  return out;
}

link_work framed(stream_id id, std::string bytes, bool close = false) {
  link_work out;
  out.frames.push_back({id, std::move(bytes)});
  if (close)
    out.closes.push_back(id);
  return out;
}

struct pairing {
  const char* name;
  std::vector<std::string> first;
  std::vector<std::string> second;
  bool works;
};

} // namespace

TEST_CASE("gossip_link: who shares a key hears each other", "[net]") {
  const pairing rows[] = {
    {"no keys", {}, {}, true},
    {"one key", {key_a}, {key_a}, true},
    {"the other encrypts with another one of both",
     {key_a, key_b},
     {key_b, key_a},
     true},
    {"another key", {key_a}, {key_b}, false},
    {"only the receiver has keys", {}, {key_a}, false},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      links net;
      const auto a = net.make(row.first);
      const auto b = net.make(row.second);
      a->link->send(datagram(b->at(), "datagram"));
      a->link->send(opened(2, b->at(), "frame"));
      if (row.works) {
        net.until([&] { return !b->packets.empty() && !b->frames.empty(); });
        CHECK(b->packets[0].bytes == "datagram");
        CHECK(b->packets[0].from == a->at());
        CHECK(b->frames[0].bytes == "frame");
        CHECK(b->frames[0].stream % 2 == 1);
      } else {
        net.until([&] {
          return b->link->counters().sealed_otherwise == 2
                 && !a->closed.empty();
        });
        CHECK(a->closed[0].reason
              == "No installed keys could decrypt the message");
        CHECK(b->packets.empty());
        CHECK(b->frames.empty());
      }
      a->link->end();
      b->link->end();
    }
  }
}

TEST_CASE("gossip_link: plain bytes pass while encryption is introduced",
          "[net]") {
  links net;
  const auto a = net.make({key_a}, [](auto& x) { x.verify_outgoing = false; });
  const auto b = net.make({key_a}, [](auto& x) { x.verify_incoming = false; });
  a->link->send(datagram(b->at(), "plain"));
  b->link->send(datagram(a->at(), "sealed"));
  net.until([&] { return !a->packets.empty() && !b->packets.empty(); });
  CHECK(b->packets[0].bytes == "plain");
  CHECK(a->packets[0].bytes == "sealed");
  a->link->end();
  b->link->end();
}

TEST_CASE("gossip_link: frames go both ways in order, the end comes last",
          "[net]") {
  links net;
  const auto a = net.make({key_a});
  const auto b = net.make({key_a});
  const std::string large(5'000'000, 'x');
  a->link->send(opened(2, b->at(), large));
  net.until([&] { return b->frames.size() == 1; });
  CHECK(b->frames[0].bytes == large);
  const auto id = b->frames[0].stream;
  b->link->send(framed(id, "answer 1"));
  b->link->send(framed(id, large));
  net.until([&] { return a->frames.size() == 2; });
  CHECK(a->frames[0].bytes == "answer 1");
  CHECK(a->frames[1].bytes == large);
  a->link->send(framed(2, "rest", true));
  net.until([&] { return b->frames.size() == 2 && !b->closed.empty(); });
  CHECK(b->frames[1].bytes == "rest");
  CHECK(b->closed[0].stream == id);
  CHECK(b->closed[0].reason == "EOF");
  CHECK(a->closed.empty()); // it ended the stream itself
  a->link->end();
  b->link->end();
}

TEST_CASE("gossip_link: a stream to nobody fails in Go's words", "[net]") {
  links net;
  const auto a = net.make();
  auto gone = net.make();
  const auto nowhere = gone->at();
  gone->link->end();
  net.poll();
  a->link->send(opened(2, nowhere, "hello"));
  a->link->send(opened(4, {"example.org", 8301}, "no look-up for members"));
  net.until([&] { return a->closed.size() == 2; });
  CHECK(a->closed[0].stream == 4);
  CHECK(a->closed[1].stream == 2);
  CHECK(a->closed[1].reason
        == "dial tcp 127.0.0.1:" + std::to_string(nowhere.port)
             + ": connect: connection refused");
  a->link->send(datagram({"not an address", 1}, "x"));
  net.until([&] { return a->unsent.size() == 1; });
  a->link->end();
}

TEST_CASE("gossip_link: a port is taken once", "[net]") {
  links net;
  const auto a = net.make();
  gossip_place second;
  second.bind = a->at();
  const auto refused = make_gossip_link(net.io, second);
  REQUIRE(!refused);
  CHECK(refused.error().context
        == "listen tcp 127.0.0.1:" + std::to_string(a->at().port)
             + ": bind: address already in use");
  second.bind = {"localhost", 0};
  CHECK(!make_gossip_link(net.io, second));
  a->link->end();
}

TEST_CASE("gossip_link: addresses as people write them", "[net]") {
  struct row {
    const char* text;
    const char* address;
    int port;
    const char* failure;
  };
  const row rows[] = {
    {"10.0.0.1", "10.0.0.1", 8301, nullptr},
    {"10.0.0.1:9", "10.0.0.1", 9, nullptr},
    {"fe80::1", "fe80::1", 8301, nullptr},
    {"[::1]:77", "::1", 77, nullptr},
    {"localhost", "127.0.0.1", 8301, nullptr},
    {"localhost:99", "127.0.0.1", 99, nullptr},
    {"10.0.0.1:xx", "", 0, "strconv.ParseUint: parsing \"xx\": invalid syntax"},
    {"10.0.0.1:70000", "", 0,
     "strconv.ParseUint: parsing \"70000\": value out of range"},
  };
  links net;
  const auto a = net.make({}, [](auto& x) { x.default_port = 8301; });
  for (const auto& x : rows) {
    INFO(x.text);
    std::optional<result<resolved_address>> got;
    a->link->resolve(
      x.text, reply<resolved_address>{[&got](auto y) { got = std::move(y); }});
    net.until([&] { return got.has_value(); });
    REQUIRE(static_cast<bool>(*got) == (x.failure == nullptr));
    if (x.failure != nullptr) {
      CHECK(got->error().context == x.failure);
    } else {
      CHECK((*got)->places.at(0)
            == endpoint{x.address, static_cast<std::uint16_t>(x.port)});
    }
  }
  a->link->end();
}

TEST_CASE("gossip_link: keys change while it runs", "[net]") {
  links net;
  const auto a = net.make({key_a});
  const auto b = net.make({key_a});
  const auto change = [&](side& x, key_action what, const std::string& key) {
    std::optional<result<std::vector<std::string>>> got;
    x.link->keys(what, key, reply<std::vector<std::string>>{[&got](auto y) {
                   got = std::move(y);
                 }});
    net.until([&] { return got.has_value(); });
    return *got;
  };
  for (auto* x : {a.get(), b.get()})
    REQUIRE(change(*x, key_action::install, key_b));
  CHECK(*change(*a, key_action::use, key_b) == std::vector{key_b, key_a});
  a->link->send(datagram(b->at(), "with the new one"));
  net.until([&] { return b->packets.size() == 1; });
  CHECK(change(*a, key_action::remove, key_b).error().context
        == "Removing the primary key is not allowed");
  REQUIRE(change(*b, key_action::use, key_b));
  REQUIRE(change(*b, key_action::remove, key_a));
  CHECK(*change(*b, key_action::list, "") == std::vector{key_b});
  const auto plain = net.make();
  CHECK(change(*plain, key_action::list, "").error().context
        == "Keyring is empty (encryption not enabled)");
  for (auto* x : {a.get(), b.get(), plain.get()})
    x->link->end();
}

TEST_CASE("gossip_link: only allowed addresses get in", "[net]") {
  links net;
  const auto a = net.make();
  const auto b = net.make({}, [](auto& x) {
    x.allowed = [](std::string_view address) { return address != "127.0.0.1"; };
  });
  a->link->send(datagram(b->at(), "datagram"));
  a->link->send(opened(2, b->at(), "frame"));
  net.until(
    [&] { return b->link->counters().not_allowed == 2 && !a->closed.empty(); });
  CHECK(b->packets.empty());
  CHECK(b->frames.empty());
  a->link->end();
  b->link->end();
}

TEST_CASE("gossip_link: strangers are bounded", "[net]") {
  links net;
  const auto a = net.make({}, [](auto& x) {
    x.limits.streams_per_address_max = 2;
    x.limits.frame_bytes_max = 1000;
    x.limits.packet_bytes_max = 300;
  });
  const tcp::endpoint where{asio::ip::address_v4::loopback(), a->at().port};
  boost::system::error_code code;
  std::vector<tcp::socket> strangers;
  const auto call = [&] {
    auto& x = strangers.emplace_back(net.io);
    x.connect(where);
    x.non_blocking(true);
  };
  const auto hung_up = [&](tcp::socket& x) {
    char byte = 0;
    x.read_some(asio::buffer(&byte, 1), code);
    return code != asio::error::would_block;
  };
  SECTION("streams of one address") {
    for (auto i = 0; i < 3; ++i)
      call();
    net.until([&] { return a->link->counters().too_many == 1; });
    net.until([&] { return hung_up(strangers[2]); });
    CHECK(!hung_up(strangers[0]));
  }
  SECTION("a frame longer than any") {
    call();
    asio::write(strangers[0], asio::buffer("\xFF\xFF\xFF\xFF", 4));
    net.until([&] { return hung_up(strangers[0]); });
    CHECK(a->link->counters().malformed == 1);
  }
  SECTION("frames, all together") {
    call();
    asio::write(strangers[0], asio::buffer(std::string{"\0\0\x10\0", 4}));
    net.until([&] { return !a->closed.empty(); });
    CHECK(a->closed[0].reason == "too much is being received");
  }
  SECTION("frames of one stream") {
    call();
    for (auto i = 0; i < 5; ++i)
      asio::write(strangers[0], asio::buffer(std::string{"\0\0\0\1x", 5}));
    net.until([&] { return hung_up(strangers[0]); });
    CHECK(a->frames.size() == 4);
  }
  SECTION("datagrams that nobody has handled") {
    a->keep_rooms = true;
    udp::socket stranger{net.io, udp::v4()};
    const udp::endpoint there{where.address(), where.port()};
    for (auto i = 0; i < 5; ++i)
      stranger.send_to(asio::buffer(std::string(100, 'x')), there);
    net.until([&] { return a->link->counters().too_many == 2; });
    CHECK(a->packets.size() == 3);
    a->rooms.clear();
    stranger.send_to(asio::buffer(std::string(100, 'x')), there);
    net.until([&] { return a->packets.size() == 4; });
    stranger.send_to(asio::buffer(std::string(3000, 'x')), there);
    net.until([&] { return a->link->counters().malformed == 1; });
  }
  a->link->end();
}
