// Goal: HTTP and TCP checks find what is there, with Go's texts, in time, also
// against servers that hang, drop, flood, lie or redirect for ever.
// Method: real sockets on loopback with ports that the system chose; one
// io_context carries servers and prober. Texts were recorded from Consul 1.8.7.

#include "runtime/net/prober.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility> // awaitable.hpp of Boost 1.74 forgets it

using namespace praetor;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

/// Accepts connections and answers each request with fixed bytes.
class server {
public:
  enum class then { close, hang, reset };

  /// @param until What a request ends with.
  server(boost::asio::io_context& io, std::string answer, then after,
         std::string until = "\r\n\r\n")
    : acceptor_{io, {boost::asio::ip::make_address("127.0.0.1"), 0}},
      answer_{std::move(answer)},
      after_{after},
      until_{std::move(until)} {
    accept();
  }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

  std::vector<std::string> requests;

private:
  struct client {
    explicit client(tcp::socket x) : socket{std::move(x)} {}
    tcp::socket socket;
    std::string input;
  };

  void accept() {
    acceptor_.async_accept([this](const auto& code, tcp::socket socket) {
      if (code)
        return;
      serve(std::make_shared<client>(std::move(socket)));
      accept();
    });
  }

  void serve(std::shared_ptr<client> x) {
    clients_.push_back(x);
    boost::asio::async_read_until(
      x->socket, boost::asio::dynamic_buffer(x->input), until_,
      [this, x](const auto&, std::size_t) {
        requests.push_back(x->input);
        boost::asio::async_write(
          x->socket, boost::asio::buffer(answer_),
          [this, x](const auto&, std::size_t) { finish(*x); });
      });
  }

  void finish(client& x) {
    boost::system::error_code ignored;
    if (after_ == then::reset)
      x.socket.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
    if (after_ != then::hang)
      x.socket.close(ignored);
  }

  tcp::acceptor acceptor_;
  std::string answer_;
  then after_;
  std::string until_;
  std::vector<std::shared_ptr<client>> clients_;
};

struct fixture {
  boost::asio::io_context io;
  std::shared_ptr<health::prober> prober = net::make_prober(io);

  /// "200 OK: body" or the error's text.
  std::string get(health::http_probe what, duration timeout = 5s) {
    std::optional<std::string> out;
    what.timeout = timeout;
    if (what.method.empty())
      what.method = "GET";
    prober->http(1, what,
                 reply<health::http_outcome>{
                   [&out](const result<health::http_outcome>& x) {
                     out = x ? std::to_string(x->status) + " " + x->reason
                                 + ": " + x->body
                             : x.error().context;
                   }});
    run_until(out);
    return *out;
  }

  std::string get(const std::string& url, duration timeout = 5s) {
    health::http_probe what;
    what.url = url;
    return get(what, timeout);
  }

  std::string connect(const std::string& address) {
    std::optional<std::string> out;
    prober->tcp(1, {address, 5s},
                reply<std::monostate>{[&out](const status& x) {
                  out = x ? "ok" : x.error().context;
                }});
    run_until(out);
    return *out;
  }

  void run_until(const std::optional<std::string>& out) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!out && std::chrono::steady_clock::now() < end)
      io.run_one_for(100ms);
    REQUIRE(out);
  }

  /// Closed again, so nobody listens there.
  std::string free_port() {
    tcp::acceptor x{io, {boost::asio::ip::make_address("127.0.0.1"), 0}};
    return "127.0.0.1:" + std::to_string(x.local_endpoint().port());
  }
};

std::string ok_with(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size())
         + "\r\n\r\n" + body;
}

using then = server::then;

} // namespace

TEST_CASE_METHOD(fixture, "prober: requests look like Consul's",
                 "[net][http]") {
  server s{io, ok_with("hi"), then::close};
  CHECK(get("http://" + s.address() + "/x?q=1") == "200 OK: hi");
  CHECK(s.requests.at(0)
        == "GET /x?q=1 HTTP/1.1\r\nHost: " + s.address()
             + "\r\nUser-Agent: Consul Health Check\r\nAccept: text/plain, "
               "text/*, */*\r\nConnection: close\r\n\r\n");
  health::http_probe what;
  what.url = "http://" + s.address();
  what.method = "post";
  what.body = "hello";
  what.header = {{"Host", {"my.host"}}, {"x-a", {"1", "2"}}};
  CHECK(get(what) == "200 OK: hi");
  const auto& seen = s.requests.at(1);
  CHECK(seen.starts_with("post / HTTP/1.1\r\n"));
  CHECK(seen.find("Host: my.host\r\n") != seen.npos);
  CHECK(seen.find("X-A: 1\r\nX-A: 2\r\n") != seen.npos);
  CHECK(seen.find("Content-Length: 5\r\n") != seen.npos);
  what.header = {{"X", {"a\r\nY: b"}}};
  CHECK(get(what)
        == "post \"" + what.url
             + "\": net/http: invalid header field value for \"X\"");
}

TEST_CASE_METHOD(fixture, "prober: bad servers give Go's texts",
                 "[net][http]") {
  server drop{io, "", then::close};
  server garbage{io, "garbage\r\n\r\n", then::close};
  server hang{io, "", then::hang};
  server slow{io, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
              then::hang};
  server reset{io, "", then::reset};
  const auto refused = free_port();
  const auto url = [](const std::string& x) { return "http://" + x + "/p"; };
  const auto failed = [&url](const std::string& x, const std::string& why) {
    return "Get \"" + url(x) + "\": " + why;
  };
  CHECK(get(url(refused))
        == failed(refused,
                  "dial tcp " + refused + ": connect: connection refused"));
  CHECK(get(url(drop.address())) == failed(drop.address(), "EOF"));
  CHECK(get(url(garbage.address()))
        == failed(garbage.address(),
                  "net/http: HTTP/1.x transport connection broken: malformed "
                  "HTTP response \"garbage\""));
  CHECK(get(url(hang.address()), 200ms)
        == failed(hang.address(),
                  "context deadline exceeded (Client.Timeout exceeded while "
                  "awaiting headers)"));
  CHECK(get(url(slow.address()), 200ms) == "200 OK: part");
  CHECK(get(url(reset.address())).ends_with("read: connection reset by peer"));
  CHECK(get("ftp://h/")
        == "Get \"ftp://h/\": unsupported protocol scheme \"ftp\"");
  const std::string hello = "\x16"; // how TLS begins
  server tls_drop{io, "", then::close, hello};
  CHECK(get("https://" + tls_drop.address() + "/").ends_with("\": EOF"));
  server plain{io, "HTTP/1.1 400 Bad Request\r\n\r\n", then::close, hello};
  CHECK(get("https://" + plain.address() + "/")
          .ends_with("\": http: server gave HTTP response to HTTPS client"));
  server tls_hang{io, "", then::hang};
  CHECK(get("https://" + tls_hang.address() + "/", 200ms)
          .ends_with("awaiting headers)"));
}

TEST_CASE_METHOD(fixture, "prober: bodies are cut to their end",
                 "[net][http]") {
  server s{io, ok_with(std::string(100'000, 'x') + "end"), then::close};
  health::http_probe what;
  what.url = "http://" + s.address();
  what.body_max = 5;
  CHECK(get(what) == "200 OK: xxend");
}

TEST_CASE_METHOD(fixture, "prober: redirects are followed, ten of them",
                 "[net][http]") {
  server last{io, "HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nx", then::close};
  server first{io,
               "HTTP/1.1 302 Found\r\nLocation: http://" + last.address()
                 + "/end\r\nContent-Length: 0\r\n\r\n",
               then::close};
  health::http_probe what;
  what.url = "http://" + first.address();
  what.method = "POST";
  what.body = "b";
  what.header = {{"Authorization", {"secret"}}};
  CHECK(get(what) == "503 No: x");
  CHECK(last.requests.at(0).starts_with("GET /end HTTP/1.1\r\n"));

  server ring{io,
              "HTTP/1.1 301 Moved\r\nLocation: /again\r\n"
              "Content-Length: 0\r\n\r\n",
              then::close};
  CHECK(get("http://" + ring.address() + "/")
        == "Get \"/again\": stopped after 10 redirects");
  CHECK(ring.requests.size() == 10);
}

TEST_CASE_METHOD(fixture, "prober: TCP connects or says why", "[net][tcp]") {
  server s{io, "", then::hang};
  CHECK(connect(s.address()) == "ok");
  const auto refused = free_port();
  CHECK(connect(refused)
        == "dial tcp " + refused + ": connect: connection refused");
  CHECK(connect("127.0.0.1")
        == "dial tcp: address 127.0.0.1: missing port in address");
  CHECK(connect("127.0.0.1:99999") == "dial tcp: address 99999: invalid port");
}

TEST_CASE_METHOD(fixture, "prober: canceled probes end at once",
                 "[net][http]") {
  server s{io, "", then::hang};
  std::optional<std::string> http;
  std::optional<std::string> script;
  health::http_probe what;
  what.url = "http://" + s.address();
  what.method = "GET";
  what.timeout = 60s;
  prober->http(7, what, reply<health::http_outcome>{[&http](const auto& x) {
                 http = to_string(x.error().code);
               }});
  prober->script(8, {{"/bin/sleep", "60"}, 60s, 10},
                 reply<health::script_outcome>{[&script](const auto& x) {
                   script = to_string(x.error().code);
                 }});
  io.run_for(50ms);
  CHECK_FALSE(http);
  prober->cancel(7);
  prober->cancel(8);
  prober->cancel(9);
  run_until(http);
  run_until(script);
  CHECK(*http == "canceled");
  CHECK(*script == "canceled");
  io.run_for(2s);
}
