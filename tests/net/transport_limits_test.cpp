// Goal: nobody who connects can harm a node: strangers, garbage, floods, peers
// that are gone or do not read; and nodes that do not belong together part with
// a sentence in both logs.
// Method: transports and bare sockets on loopback in one io_context; limits and
// times are lowered to what a test can reach.

#include "tests/net/transport_support.hpp"

#include <algorithm>
#include <fstream>

using namespace praetor;
using namespace praetor::net;

namespace {

peer_hello hello_of(const std::string& id, const std::string& wanted) {
  peer_hello out;
  out.node_id = id;
  out.node_name = "node-" + id;
  out.wanted = wanted;
  return out;
}

#ifdef __SANITIZE_ADDRESS__
/// The sanitizer keeps freed memory for a while.
constexpr std::size_t kept_kib = 256 * 1024;
#else
constexpr std::size_t kept_kib = 0;
#endif

std::size_t resident_kib() {
  std::ifstream in{"/proc/self/status"};
  std::string word;
  while (in >> word)
    if (word == "VmRSS:") {
      std::size_t out = 0;
      in >> out;
      return out;
    }
  return 0;
}

} // namespace

// -- who does not belong here
// --------------------------------------------------------

TEST_CASE_METHOD(transport_fixture,
                 "transport: nodes of two clusters refuse each other",
                 "[net][transport]") {
  auto first = options("a");
  first.cluster_id = "red";
  auto second = options("b");
  second.cluster_id = "blue";
  const auto a = start(first);
  const auto b = start(second);
  a->net->set_address("b", b->address());
  const std::string why =
    R"(node "node-a" (a) belongs to cluster red, node "node-b" (b) to cluster blue)";
  CHECK(answer_of(*a, "b", "x") == "io_error: node b: refused: " + why);
  for (auto i = 0; i < 20; ++i) {
    a->net->post("b", lane::urgent, "heartbeat");
    run_for(5ms);
  }
  CHECK(b->messages.empty());
  CHECK(a->net->counters().connects_failed >= 2);
  CHECK(b->net->counters().refused >= 2);
  // Once a minute in each log.
  CHECK(lines_with("Cannot connect to a node") == 1);
  CHECK(lines_with("Refused a connection") == 1);
  CHECK(lines_with("cluster red") == 2);
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: who has no cluster yet may ask, until it has one",
                 "[net][transport]") {
  auto first = options("a");
  first.cluster_id = "red";
  const auto a = start(first);
  const auto b = start("b");
  const auto c = start("c");
  for (auto* x : {a.get(), b.get(), c.get()})
    x->answer = [](const auto&, const auto& bytes) { return bytes; };
  a->net->set_address("b", b->address());
  b->net->set_address("a", a->address());
  b->net->set_address("c", c->address());
  CHECK(answer_of(*a, "b", "x") == "x");
  CHECK(answer_of(*b, "a", "x") == "x");
  CHECK(answer_of(*b, "c", "x") == "x");
  b->net->set_cluster("red");
  CHECK(answer_of(*a, "b", "x") == "x");
  CHECK(answer_of(*b, "a", "x") == "x");
  // On second thoughts it is another one: both connections end.
  b->net->set_cluster("blue");
  wait_for([&] { return b->connections.back() == "a down"; });
  wait_for([&] { return a->connections.back() == "b down"; });
  CHECK(answer_of(*b, "c", "x") == "x");
  CHECK(answer_of(*b, "a", "x").starts_with("io_error: node a: "));
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: an address may lead to another node",
                 "[net][transport]") {
  const auto a = start("a");
  const auto b = start("b");
  a->net->set_address("c", b->address());
  CHECK(answer_of(*a, "c", "x")
        == R"(io_error: node c: refused: node "node-a" (a) wants node c, )"
           R"(but this is node "node-b" (b))");
  CHECK(a->connections.empty());
  // Or to somebody who pretends to have the same id.
  const auto twin = start("a");
  a->net->set_address("a", twin->address());
  a->answer = [](const auto&, const auto&) { return std::string{"me"}; };
  CHECK(answer_of(*a, "a", "x") == "me");
  auto socket = connect(*b);
  CHECK(greet(socket, hello_of("b", "")).payload
        == R"(node "node-b" (b) has the id of node "node-b" (b))");
}

TEST_CASE_METHOD(transport_fixture, "transport: versions are told apart",
                 "[net][transport]") {
  const auto a = start("a");
  auto newer = hello_of("b", "");
  newer.protocol = 2;
  auto socket = connect(*a);
  const auto x = greet(socket, newer);
  CHECK(x.kind == frame_kind::refusal);
  CHECK(x.payload
        == "it speaks protocol 2 between nodes, this node protocol 1");
  CHECK(read_frame(socket).kind == frame_kind{});
}

// -- hostile bytes
// --------------------------------------------------------------------

TEST_CASE_METHOD(transport_fixture, "transport: garbage ends a connection",
                 "[net][transport]") {
  const auto a = start("a");
  const std::string rows[] = {
    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    std::string(32, '\0'),
    std::string(4096, '\xff'),
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    encode_frame({frame_kind::message, 0, "before hello"}),
    encode_frame({frame_kind::hello, 0, "no hello"}),
    encode_frame({frame_kind::hello, 0, std::string(5000, 'x')}),
    encode_frame({frame_kind::refusal, 0, "no"}),
  };
  for (const auto& x : rows) {
    CAPTURE(x);
    auto socket = connect(*a);
    boost::asio::write(socket, boost::asio::buffer(x));
    const auto got = read_frame(socket);
    CHECK((got.kind == frame_kind{} || got.kind == frame_kind::refusal));
  }
  wait_for([&a] { return a->net->counters().incoming == 0; });
  CHECK(a->net->counters().refused == std::size(rows));
  CHECK(a->messages.empty());
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: a peer must keep to its role and numbers",
                 "[net][transport]") {
  const auto a = start("a");
  const frame rows[] = {
    {frame_kind::hello, 0, encode_hello(hello_of("b", ""))},
    {frame_kind::answer, 1, "nobody asked"},
    {frame_kind::answer_part, 1, "nobody asked"},
    {frame_kind::failure, 1, "nobody asked"},
    {frame_kind::request, 5, "the second with that number"},
  };
  for (const auto& x : rows) {
    CAPTURE(static_cast<int>(x.kind));
    auto socket = connect(*a);
    CHECK(greet(socket, hello_of("b", "a")).kind == frame_kind::hello);
    write(socket, {frame_kind::request, 5, "first"});
    write(socket, x);
    CHECK(read_frame(socket).kind == frame_kind{});
  }
  // Requests of connections that ended are canceled.
  CHECK(a->requests.size() == std::size(rows));
  CHECK(a->canceled == a->numbers);
  CHECK(a->net->counters().corrupt == std::size(rows));
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: an answer from a liar ends the connection",
                 "[net][transport]") {
  tcp::acceptor listener{io, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  const auto a = start("a");
  a->net->set_address(
    "b", "127.0.0.1:" + std::to_string(listener.local_endpoint().port()));
  struct row {
    const char* name;
    frame greeting;
    std::optional<frame> then;
    std::string expected;
  };
  const frame good{frame_kind::hello, 0, encode_hello(hello_of("b", ""))};
  const row rows[] = {
    {"another node",
     {frame_kind::hello, 0, encode_hello(hello_of("c", ""))},
     {},
     "node b is wanted, but this is node \"node-c\" (c)"},
    {"no hello",
     {frame_kind::pong, 0, ""},
     {},
     "the other side did not say hello"},
    {"refusal", {frame_kind::refusal, 0, "go\naway"}, {}, "refused: go?away"},
    {"refusal later", good, frame{frame_kind::refusal, 0, "enough"},
     "refused: enough"},
    {"request", good, frame{frame_kind::request, 1, ""},
     "received a request on a connection for answers"},
    {"message", good, frame{frame_kind::message, 1, ""},
     "received a request on a connection for answers"},
  };
  for (const auto& x : rows) {
    DYNAMIC_SECTION(x.name) {
      const auto answer = ask(*a, "b", "question");
      std::optional<tcp::socket> socket;
      listener.async_accept(
        [&](const auto&, tcp::socket s) { socket = std::move(s); });
      wait_for([&socket] { return socket.has_value(); });
      CHECK(read_frame(*socket).kind == frame_kind::hello);
      write(*socket, x.greeting);
      if (x.then)
        write(*socket, *x.then);
      wait_for([&answer] { return answer->has_value(); });
      CHECK(answer->value() == "io_error: node b: " + x.expected);
    }
  }
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: thousands of hostile connections cost nothing",
                 "[net][transport]") {
  auto many = options("a");
  many.limits.strangers_max = 64;
  const auto a = start(many);
  const auto b = start("b");
  b->net->set_address("a", a->address());
  a->answer = [](const auto&, const auto& bytes) { return bytes; };
  const auto attack = [&](int count) {
    std::vector<tcp::socket> open;
    for (auto i = 0; i < count; ++i) {
      auto socket = connect(*a);
      std::string bytes = "P\x01";
      if (i % 3 == 0)
        bytes = encode_frame({frame_kind::hello, 0, std::string(4096, 'x')})
                  .substr(0, 4000);
      if (i % 3 == 1)
        bytes = std::string(100, static_cast<char>(i));
      boost::system::error_code ignored;
      boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
      open.push_back(std::move(socket));
      if (open.size() > 100)
        open.erase(open.begin());
      io.poll();
      if (i % 100 == 0) // Meanwhile others are served.
        CHECK(answer_of(*b, "a", "x") == "x");
    }
  };
  attack(300);
  const auto before = resident_kib();
  attack(2000);
  CHECK(resident_kib() < before + 2048 + kept_kib);
  wait_for([&a] { return a->net->counters().incoming <= 65; });
  CHECK(lines_with("Refused a connection") <= 4);
  CHECK(answer_of(*b, "a", "x") == "x");
}

TEST_CASE_METHOD(transport_fixture, "transport: strangers have little time",
                 "[net][transport]") {
  auto few = options("a");
  few.times.hello_max = 50ms;
  const auto a = start(few);
  auto silent = connect(*a);
  CHECK(read_frame(silent).kind == frame_kind{});
  CHECK(lines_with("it did not say hello in time") == 1);
  // Somebody who only looks is not worth a line.
  connect(*a).close();
  wait_for([&a] { return a->net->counters().accepted == 2; });
  wait_for([&a] { return a->net->counters().incoming == 0; });
  CHECK(lines_with("Refused a connection") == 1);
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: one address has a share of the connections",
                 "[net][transport]") {
  auto few = options("a");
  few.limits.incoming_per_address_max = 3;
  const auto a = start(few);
  std::vector<tcp::socket> known;
  for (auto i = 0; i < 2; ++i) {
    known.push_back(connect(*a));
    CHECK(greet(known.back(), hello_of("b", "a")).kind == frame_kind::hello);
  }
  auto stranger = connect(*a);
  wait_for([&a] { return a->net->counters().incoming == 3; });
  // A newer one takes the stranger's place.
  known.push_back(connect(*a));
  CHECK(greet(known.back(), hello_of("b", "a")).kind == frame_kind::hello);
  CHECK(read_frame(stranger).kind == frame_kind{});
  // There are no strangers any more.
  auto fourth = connect(*a);
  CHECK(read_frame(fourth).kind == frame_kind{});
  CHECK(lines_with("too many connections") == 1);
  known.pop_back();
  wait_for([&a] { return a->net->counters().incoming == 2; });
  auto fifth = connect(*a);
  CHECK(greet(fifth, hello_of("b", "a")).kind == frame_kind::hello);
}

// -- floods
// ---------------------------------------------------------------------------

TEST_CASE_METHOD(transport_fixture,
                 "transport: unanswered requests stop reading for a while only",
                 "[net][transport]") {
  auto few = options("b");
  few.limits.unanswered_max = 10;
  few.times.pause_max = 200ms;
  const auto a = start("a");
  const auto b = start(few);
  a->net->set_address("b", b->address());
  std::vector<std::shared_ptr<std::optional<std::string>>> answers;
  for (auto i = 0; i < 30; ++i)
    answers.push_back(ask(*a, "b", std::to_string(i)));
  wait_for([&b] { return b->requests.size() == 10; });
  a->net->post("b", lane::normal, "after them");
  run_for(50ms);
  CHECK(b->requests.size() == 10);
  CHECK(b->messages.empty());
  // Answers let others in.
  for (auto i = 0U; i < 5; ++i)
    b->unanswered[i].complete(std::string{"done"});
  wait_for([&b] { return b->requests.size() == 15; });
  CHECK(b->messages.empty());
  // Nobody answers any more: after the pause the rest is refused, and the
  // message gets through.
  wait_for([&b] { return b->messages.size() == 1; });
  CHECK(b->requests.size() == 15);
  wait_for([&answers] { return answers.back()->has_value(); });
  CHECK(answers.back()->value() == "overloaded: too many requests are waiting");
  CHECK(b->net->counters().overloaded == 15);
  // And later it is as before.
  for (const auto& x : b->unanswered)
    x.complete(std::string{"done"});
  const auto again = ask(*a, "b", "again");
  wait_for([&b] { return b->requests.size() == 16; });
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: who sends faster than others read is refused",
                 "[net][transport]") {
  auto few = options("a");
  few.limits.normal_bytes_max = 100'000;
  few.limits.pending_max = 50;
  const auto a = start(few);
  const auto b = start("b");
  a->net->set_address("b", b->address());
  for (auto i = 0; i < 20; ++i) // The connection is not there yet.
    a->net->post("b", lane::normal, std::string(10'000, 'x'));
  CHECK(answer_of(*a, "b", std::string(10'000, 'x'))
        == "overloaded: too many requests wait for node b");
  wait_for([&b] { return !b->messages.empty(); });
  CHECK(a->net->counters().messages_dropped == 11);
  std::vector<std::shared_ptr<std::optional<std::string>>> answers;
  for (auto i = 0; i < 51; ++i)
    answers.push_back(ask(*a, "b", "x"));
  wait_for([&b] { return b->requests.size() == 50; });
  CHECK(answers[50]->value()
        == "overloaded: too many requests wait for node b");
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: answers that nobody reads do not pile up",
                 "[net][transport]") {
  auto few = options("a");
  few.limits.normal_bytes_max = 1'000'000;
  few.limits.unanswered_bytes_max = 500'000;
  few.times.pause_max = 5ms;
  few.times.write_max = 300ms;
  const auto a = start(few);
  a->answer = [](const auto&, const auto&) {
    return std::string(100'000, 'x');
  };
  auto socket = connect(*a);
  CHECK(greet(socket, hello_of("b", "a")).kind == frame_kind::hello);
  const auto before = resident_kib();
  boost::system::error_code code;
  socket.non_blocking(true);
  // As much as the sockets' buffers take, or more than all answers could be.
  std::uint64_t id = 0;
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (a->net->counters().incoming > 0
         && std::chrono::steady_clock::now() < end) {
    const auto bytes = encode_frame({frame_kind::request, ++id, "more"});
    boost::asio::write(socket, boost::asio::buffer(bytes), code);
    io.run_one_for(1ms);
  }
  CHECK(a->net->counters().incoming == 0);
  CHECK(resident_kib() < before + 8192 + kept_kib);
  CHECK(a->net->counters().overloaded > 0);
}

// -- peers that are gone
// -------------------------------------------------------------

TEST_CASE_METHOD(transport_fixture,
                 "transport: a silent peer is noticed and given up",
                 "[net][transport]") {
  tcp::acceptor listener{io, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  auto quick = options("a");
  quick.times.ping_busy = 20ms;
  quick.times.pong_max = 60ms;
  const auto a = start(quick);
  a->net->set_address(
    "b", "127.0.0.1:" + std::to_string(listener.local_endpoint().port()));
  const auto answer = ask(*a, "b", "question", 1h);
  std::optional<tcp::socket> socket;
  listener.async_accept(
    [&](const auto&, tcp::socket s) { socket = std::move(s); });
  wait_for([&socket] { return socket.has_value(); });
  CHECK(read_frame(*socket).kind == frame_kind::hello);
  write(*socket, {frame_kind::hello, 0, encode_hello(hello_of("b", ""))});
  CHECK(read_frame(*socket).kind == frame_kind::request);
  CHECK(read_frame(*socket).kind == frame_kind::ping);
  CHECK(!answer->has_value());
  wait_for([&answer] { return answer->has_value(); });
  CHECK(answer->value().starts_with("io_error: node b: no sign of life for "));
  CHECK(a->connections == std::vector<std::string>{"b up", "b down"});
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: pings keep a connection that is quiet",
                 "[net][transport]") {
  auto quick = options("a");
  quick.times.ping_busy = 10ms;
  quick.times.ping_waiting = 10ms;
  quick.times.ping_idle = 10ms;
  quick.times.pong_max = 50ms;
  auto other = quick;
  other.node_id = "b";
  other.times.ping_idle = 150ms;
  const auto a = start(quick);
  const auto b = start(other);
  a->net->set_address("b", b->address());
  const auto answer = ask(*a, "b", "question", 1h);
  wait_for([&a] { return a->net->counters().frames_sent > 6; });
  CHECK(!answer->has_value());
  CHECK(a->connections == std::vector<std::string>{"b up"});
  // Whoever accepted notices too when the pings stop.
  auto silent = connect(*b);
  CHECK(greet(silent, hello_of("c", "b")).kind == frame_kind::hello);
  CHECK(b->net->counters().incoming == 2);
  wait_for([&b] { return b->net->counters().incoming == 1; });
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: an idle connection sleeps, and ends at last",
                 "[net][transport]") {
  auto quick = options("a");
  quick.times.idle_max = 150ms;
  const auto a = start(quick);
  const auto b = start("b");
  a->net->set_address("b", b->address());
  a->net->post("b", lane::normal, "hi");
  wait_for([&b] { return b->messages.size() == 1; });
  const auto began = std::chrono::steady_clock::now();
  wait_for([&a] { return a->connections.size() == 2; });
  CHECK(std::chrono::steady_clock::now() - began > 100ms);
  CHECK(a->connections.back() == "b down");
  CHECK(lines.empty());
  // The first message of a connection wants one sign of life.
  CHECK(a->net->counters().frames_sent <= 2);
  a->net->post("b", lane::normal, "again");
  wait_for([&b] { return b->messages.size() == 2; });
}

TEST_CASE_METHOD(transport_fixture,
                 "transport: an address that swallows everything fails in time",
                 "[net][transport]") {
  // A listener whose queue is full does not answer.
  tcp::acceptor listener{io};
  listener.open(tcp::v4());
  listener.bind({boost::asio::ip::make_address("127.0.0.1"), 0});
  listener.listen(0);
  std::vector<tcp::socket> filling;
  for (auto i = 0; i < 4; ++i) {
    filling.emplace_back(io);
    filling.back().async_connect(listener.local_endpoint(), [](const auto&) {});
  }
  run_for(20ms);
  auto quick = options("a");
  quick.times.connect_max = 100ms;
  const auto a = start(quick);
  const auto place =
    "127.0.0.1:" + std::to_string(listener.local_endpoint().port());
  a->net->set_address("b", place);
  CHECK(answer_of(*a, "b", "x")
        == "io_error: node b: dial tcp " + place + ": i/o timeout");
}
