// Goal: the server speaks HTTP with real clients, keeps its limits, and
// survives hostile ones.
// Method: a server on port 0 in a thread of its own, plain blocking sockets
// against it; handlers talk to a fake kv. Waits end with events, not times.

#include "api/http/http_server.hpp"
#include "runtime/base/rng.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

namespace praetor::http {
namespace {

namespace asio = boost::asio;

/// A blocking client.
class client {
public:
  explicit client(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
      ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  explicit client(const std::string& path)
    : fd_{::socket(AF_UNIX, SOCK_STREAM, 0)} {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path.copy(to.sun_path, sizeof to.sun_path - 1);
    connected_ =
      ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }

  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() { ::close(fd_); }

  bool connected() const { return connected_; }

  /// Sends what it can; a closed peer is not an error here.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  /// Reads until `end` was seen (and returns all before and including it), or
  /// the server closed.
  std::string read_until(std::string_view end) {
    for (;;) {
      const auto at = in_.find(end);
      if (at != std::string::npos && !end.empty())
        return take(at + end.size());
      char bytes[4096];
      const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0)
        return take(in_.size());
      in_.append(bytes, static_cast<std::size_t>(n));
    }
  }

  /// Reads one answer with a Content-Length.
  std::string read_answer() {
    auto head = read_until("\r\n\r\n");
    const std::string name = "Content-Length: ";
    const auto at = head.find(name);
    if (at == std::string::npos)
      return head;
    const auto size = std::stoul(head.substr(at + name.size()));
    while (in_.size() < size) {
      char bytes[4096];
      const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0)
        break;
      in_.append(bytes, static_cast<std::size_t>(n));
    }
    return head + take(std::min<std::size_t>(size, in_.size()));
  }

  std::string read_all() { return read_until(""); }

private:
  std::string take(std::size_t size) {
    auto out = in_.substr(0, size);
    in_.erase(0, size);
    return out;
  }

  int fd_;
  bool connected_ = false;
  std::string in_;
};

/// A server in its own thread. kv answers at once, except waiting reads.
class running_server {
public:
  explicit running_server(server_options options = {}) {
    connect(to_);
    to_.post = [this](std::function<void()> f) {
      asio::post(io_, std::move(f));
    };
    to_.forget_watch = [this](std::uint64_t id) {
      const std::lock_guard guard{mutex_};
      waiting_.erase(id);
      tell(forgotten_, was_forgotten_);
    };
    to_.submit = [this](const router::submit& s) {
      s.to.complete(command_result{errc{}, "true", 2});
      const std::lock_guard guard{mutex_};
      for (auto& [id, r] : waiting_)
        r.to.complete(owner::read_answer{{2, true, share("[2]")}});
      waiting_.clear();
    };
    to_.monitor = [](const std::shared_ptr<body_stream>& out,
                     const std::string& level,
                     bool) { out->write("level " + level + "\n"); };
    if (options.addresses.empty())
      options.addresses = {"127.0.0.1:0"};
    options.connect = [this](backends& other) { connect(other); };
    auto started = http_server::start(io_, to_, std::move(options));
    REQUIRE(started);
    server_ = std::move(*started);
    if (!server_->ports().empty())
      port = server_->ports().front();
    thread_ = std::thread{[this] { io_.run(); }};
  }

  running_server(const running_server&) = delete;
  running_server& operator=(const running_server&) = delete;

  ~running_server() {
    asio::post(io_, [this] {
      server_->end_threads();
      waiting_.clear(); // nobody answers any more
      server_.reset();
    });
    thread_.join();
  }

  void stop() {
    asio::post(io_, [this] { server_->stop(); });
  }

  /// Asks in the server's thread.
  std::size_t connections() {
    std::promise<std::size_t> answer;
    asio::post(io_, [&] { answer.set_value(server_->connections()); });
    return answer.get_future().get();
  }

  /// Reads that wait for a change.
  std::size_t waiting() {
    const std::lock_guard guard{mutex_};
    return waiting_.size();
  }

  std::future<void> next_forgotten() { return forgotten_.get_future(); }
  std::future<void> next_waiting() { return waits_.get_future(); }

  std::uint16_t port = 0;

private:
  /// Tests wait for the first time only.
  static void tell(std::promise<void>& who, bool& told) {
    if (!std::exchange(told, true))
      who.set_value();
  }

  /// What all threads have.
  void connect(backends& to) {
    to.facts.datacenter = "dc1";
    to.read_kv = [this](kv::read r) { on_read(std::move(r)); };
    to.forget_watch = [](std::uint64_t) {};
  }

  void on_read(kv::read r) {
    std::ostringstream value;
    if (r.query.name == "which-thread")
      value << std::this_thread::get_id();
    else
      value << '"' << r.query.name << '"';
    if (r.options.min_index == 0)
      return r.to.complete(owner::read_answer{{1, true, share(value.str())}});
    const std::lock_guard guard{mutex_};
    waiting_.emplace(r.options.watch_id, std::move(r));
    tell(waits_, did_wait_);
  }

  asio::io_context io_{1};
  backends to_;
  std::mutex mutex_;
  std::map<std::uint64_t, kv::read> waiting_;
  std::promise<void> forgotten_;
  std::promise<void> waits_;
  bool was_forgotten_ = false;
  bool did_wait_ = false;
  std::unique_ptr<http_server> server_;
  std::thread thread_;
};

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n"));
}

std::string get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n"
         + std::string{more} + "\r\n";
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

constexpr auto soon = std::chrono::seconds{20};

} // namespace

TEST_CASE("server: a connection serves many requests", "[http]") {
  running_server s;
  client c{s.port};
  for (int i = 0; i < 3; ++i) {
    c.send(get("/v1/kv/a" + std::to_string(i)));
    const auto answer = c.read_answer();
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with("\"a" + std::to_string(i) + "\""));
  }
}

TEST_CASE("server: pipelined requests are answered in order", "[http]") {
  running_server s;
  client c{s.port};
  c.send(get("/v1/kv/a") + get("/v1/kv/b") + get("/v1/nope")
         + "PUT /v1/kv/c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
         + get("/v1/kv/d"));
  CHECK(c.read_answer().ends_with("\"a\""));
  CHECK(c.read_answer().ends_with("\"b\""));
  CHECK(c.read_answer().starts_with("HTTP/1.1 404 "));
  CHECK(c.read_answer().ends_with("true"));
  CHECK(c.read_answer().ends_with("\"d\""));
}

TEST_CASE("server: requests may come byte by byte", "[http]") {
  running_server s;
  client c{s.port};
  const std::string rq =
    "PUT /v1/kv/c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
    "chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  for (const auto byte : rq)
    c.send({&byte, 1});
  CHECK(c.read_answer().ends_with("true"));
}

TEST_CASE("server: connections end when clients say so", "[http]") {
  running_server s;
  client close{s.port};
  close.send(get("/v1/kv/a", "Connection: close\r\n"));
  CHECK(has(close.read_all(), "Connection: close\r\n"));
  client old{s.port};
  old.send("GET /v1/kv/a HTTP/1.0\r\n\r\n");
  CHECK(old.read_all().starts_with("HTTP/1.0 200 OK\r\n"));
  client half{s.port};
  half.send(get("/v1/kv/a"));
  half.finish_sending();
  CHECK(half.read_all().ends_with("\"a\""));
}

TEST_CASE("server: clients may wait for leave to send", "[http]") {
  running_server s;
  client c{s.port};
  c.send("PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
         "Expect: 100-continue\r\n\r\n");
  CHECK(c.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  c.send("hi");
  CHECK(c.read_answer().ends_with("true"));
}

TEST_CASE("server: bodies too large are refused before they come", "[http]") {
  running_server s;
  client c{s.port};
  c.send("PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 524289\r\n"
         "Expect: 100-continue\r\n\r\n");
  const auto answer = c.read_answer();
  CHECK(answer.starts_with("HTTP/1.1 413 "));
  CHECK(has(answer, "Request body(524289 bytes) too large, max size: 524288"));
  client chunked{s.port};
  chunked.send("PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\n"
               "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n");
  CHECK(chunked.read_answer().starts_with("HTTP/1.1 413 "));
  client fits{s.port};
  fits.send("PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 524288\r\n\r\n"
            + std::string(524288, 'x'));
  CHECK(fits.read_answer().ends_with("true"));
}

TEST_CASE("server: heads too large are refused", "[http]") {
  running_server s;
  client c{s.port};
  c.send("GET /v1/kv/a HTTP/1.1\r\nHost: x\r\nX: " + std::string(70000, 'x'));
  CHECK(c.read_answer().starts_with("HTTP/1.1 431 "));
}

TEST_CASE("server: what is not HTTP is refused", "[http]") {
  running_server s;
  for (const std::string bytes :
       {"GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET /v1/kv/a HTTP/1.1\r\n\r\n",
        "PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "GET /v1/kv/a HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n"}) {
    CAPTURE(bytes);
    client c{s.port};
    c.send(bytes);
    CHECK(c.read_all().starts_with("HTTP/1.1 400 "));
  }
}

TEST_CASE("server: random bytes do no harm", "[http]") {
  running_server s;
  rng random{11};
  const std::string valid =
    get("/v1/kv/a?index=3") + "PUT /v1/kv/b HTTP/1.1\r\nHost: x\r\n"
    + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  for (int i = 0; i < 300; ++i) {
    auto bytes = valid;
    for (auto n = random.below(6) + 1; n > 0; --n)
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    client c{s.port};
    c.send(bytes.substr(0, random.below(bytes.size()) + 1));
  }
  client c{s.port};
  c.send(get("/v1/kv/a"));
  CHECK(c.read_answer().ends_with("\"a\""));
}

TEST_CASE("server: waiting reads are woken", "[http]") {
  running_server s;
  client waiter{s.port};
  auto waiting = s.next_waiting();
  waiter.send(get("/v1/kv/a?index=1"));
  REQUIRE(waiting.wait_for(soon) == std::future_status::ready);
  client writer{s.port};
  writer.send("PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1");
  CHECK(writer.read_answer().ends_with("true"));
  CHECK(waiter.read_answer().ends_with("[2]"));
  waiter.send(get("/v1/kv/b"));
  CHECK(waiter.read_answer().ends_with("\"b\""));
}

TEST_CASE("server: who hangs up while waiting is forgotten", "[http]") {
  running_server s;
  auto waiting = s.next_waiting();
  auto forgotten = s.next_forgotten();
  {
    client c{s.port};
    c.send(get("/v1/kv/a?index=1"));
    REQUIRE(waiting.wait_for(soon) == std::future_status::ready);
  }
  CHECK(forgotten.wait_for(soon) == std::future_status::ready);
}

TEST_CASE("server: streams go on until the client leaves", "[http]") {
  running_server s;
  client c{s.port};
  c.send(get("/v1/agent/monitor?loglevel=debug"));
  const auto head = c.read_until("\r\n\r\n");
  CHECK(has(head, "Transfer-Encoding: chunked\r\n"));
  CHECK_FALSE(has(head, "Content-Type"));
  CHECK(c.read_until("debug\n\r\n") == "c\r\nlevel debug\n\r\n");
}

TEST_CASE("server: a client has a limited number of connections", "[http]") {
  server_options o;
  o.connections_per_client_max = 2;
  running_server s{std::move(o)};
  client a{s.port};
  client b{s.port};
  for (auto* c : {&a, &b}) {
    c->send(get("/v1/kv/a"));
    CHECK(c->read_answer().ends_with("\"a\""));
  }
  client third{s.port};
  third.send(get("/v1/kv/a"));
  CHECK(third.read_all().empty());
  CHECK(s.connections() == 2);
}

TEST_CASE("server: clients are spread over the threads", "[http]") {
  constexpr std::size_t threads = 3;
  server_options o;
  o.threads = threads;
  o.connections_per_thread_min = 2;
  running_server s{std::move(o)};
  std::map<std::string, int> served;
  std::list<client> clients;
  for (std::size_t i = 0; i < 3 * threads; ++i) {
    auto& c = clients.emplace_back(s.port);
    c.send(get("/v1/kv/which-thread"));
    const auto first = body_of(c.read_answer());
    c.send(get("/v1/kv/which-thread"));
    CHECK(body_of(c.read_answer()) == first);
    ++served[first];
    // Two each to begin with, then one each.
    CHECK(served.size() == std::min(i / 2 + 1, threads));
  }
  for (const auto& [thread, connections] : served)
    CHECK(connections == 3);
  CHECK(s.connections() == 3 * threads);
}

TEST_CASE("server: a limit holds for all threads together", "[http]") {
  server_options o;
  o.threads = 2;
  o.connections_per_thread_min = 1;
  o.connections_per_client_max = 3;
  running_server s{std::move(o)};
  std::list<client> clients;
  for (int i = 0; i < 3; ++i) {
    auto& c = clients.emplace_back(s.port);
    c.send(get("/v1/kv/a"));
    CHECK(c.read_answer().ends_with("\"a\""));
  }
  client one_more{s.port};
  one_more.send(get("/v1/kv/a"));
  CHECK(one_more.read_all().empty());
}

TEST_CASE("server: a thread that ends takes its clients along", "[http]") {
  server_options o;
  o.threads = 2;
  o.connections_per_thread_min = 1;
  std::list<client> clients;
  {
    running_server s{std::move(o)};
    for (int i = 0; i < 4; ++i) {
      auto& c = clients.emplace_back(s.port);
      c.send(get("/v1/kv/a?index=1"));
    }
    const auto deadline = std::chrono::steady_clock::now() + soon;
    while (s.waiting() < clients.size()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::yield();
    }
  }
  for (auto& c : clients)
    CHECK(c.read_all().empty());
}

TEST_CASE("server: answers are compressed on request", "[http]") {
  running_server s;
  client c{s.port};
  c.send(get("/v1/kv/a", "Accept-Encoding: gzip\r\n"));
  const auto answer = c.read_answer();
  CHECK(has(answer, "Content-Encoding: gzip\r\n"));
  CHECK(has(answer, "\r\n\r\n\x1F\x8B"));
}

TEST_CASE("server: HEAD gets no body", "[http]") {
  running_server s;
  client c{s.port};
  c.send("HEAD /v1/kv/a HTTP/1.1\r\nHost: x\r\n\r\n" + get("/v1/kv/b"));
  CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 405 "));
  CHECK(c.read_answer().ends_with("\"b\""));
}

TEST_CASE("server: it listens on Unix sockets, again and again", "[http]") {
  const auto path = "/tmp/praetor-http-" + std::to_string(::getpid());
  for (int i = 0; i < 2; ++i) {
    server_options o;
    o.addresses = {"unix://" + path};
    running_server s{std::move(o)};
    client c{path};
    REQUIRE(c.connected());
    c.send(get("/v1/kv/a"));
    CHECK(c.read_answer().ends_with("\"a\""));
  }
  ::unlink(path.c_str());
}

TEST_CASE("server: addresses that cannot be used are named", "[http]") {
  running_server s;
  asio::io_context io;
  backends to;
  const auto address = "127.0.0.1:" + std::to_string(s.port);
  server_options taken;
  taken.addresses = {address};
  const auto second = http_server::start(io, to, taken);
  REQUIRE_FALSE(second);
  CHECK(second.error().context
        == "listen tcp " + address + ": bind: address already in use");
  for (const std::string bad :
       {"", "x", "localhost", "1.2.3.4:99999", "unix://", "[::1:80"}) {
    CAPTURE(bad);
    server_options o;
    o.addresses = {bad};
    CHECK_FALSE(http_server::start(io, to, o));
  }
}

TEST_CASE("server: stopping ends idle and waiting connections", "[http]") {
  running_server s;
  client idle{s.port};
  idle.send(get("/v1/kv/a"));
  CHECK(idle.read_answer().ends_with("\"a\""));
  client waiter{s.port};
  auto waiting = s.next_waiting();
  waiter.send(get("/v1/kv/a?index=1"));
  REQUIRE(waiting.wait_for(soon) == std::future_status::ready);
  s.stop();
  CHECK(idle.read_all().empty());
  CHECK(waiter.read_all().empty());
  CHECK_FALSE(client{s.port}.connected());
}

} // namespace praetor::http
