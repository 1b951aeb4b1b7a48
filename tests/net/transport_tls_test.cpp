// Goal: with TLS only nodes with a certificate of the right authority, and the
// right name, talk to each other; who is refused reads why in its log.
// Method: transports on loopback with the certificates of tests/net/data.

#include "tests/net/transport_support.hpp"

using namespace praetor;
using namespace praetor::net;

namespace {

const std::string data = PRAETOR_TESTS_DIR "/net/data/";

peer_tls_options identity(const std::string& name) {
  peer_tls_options out;
  out.cert_file = data + name + ".pem";
  out.key_file = data + name + "-key.pem";
  return out;
}

/// Trusts `ca`, demands TLS in both directions.
peer_tls_options strict(const std::string& name, const std::string& ca = "ca") {
  auto out = identity(name);
  out.ca_file = data + ca + ".pem";
  out.verify_incoming = true;
  out.verify_outgoing = true;
  return out;
}

peer_tls_options checks_names(peer_tls_options x) {
  x.verify_server_hostname = true;
  return x;
}

peer_tls_options trusts_all_that_come(peer_tls_options x) {
  x.verify_incoming = false;
  return x;
}

peer_tls_options without_certificate() {
  peer_tls_options out;
  out.ca_file = data + "ca.pem";
  out.verify_outgoing = true;
  return out;
}

struct tls_fixture : transport_fixture {
  std::unique_ptr<test_node> start_with(const std::string& id,
                                        peer_tls_options tls) {
    auto x = options(id);
    x.tls = std::move(tls);
    auto out = start(std::move(x));
    out->answer = [](const auto&, const auto& bytes) { return bytes; };
    return out;
  }

  /// What a node with `a` hears from one with `b`: "x", or the error.
  std::string ask_with(const peer_tls_options& a, const peer_tls_options& b) {
    const auto from = start_with("a", a);
    const auto to = start_with("b", b);
    from->net->set_address("b", to->address());
    auto out = answer_of(*from, "b", "x");
    if (out != "x")
      wait_for([&to] { return to->net->counters().refused == 1; });
    return out;
  }
};

} // namespace

TEST_CASE_METHOD(tls_fixture, "tls: nodes of one authority talk",
                 "[net][transport][tls]") {
  struct row {
    const char* name;
    peer_tls_options a;
    peer_tls_options b;
  };
  const row rows[] = {
    {"both verify all", strict("client"), strict("server")},
    {"the name too", checks_names(strict("client")), strict("server")},
    {"only the dialer verifies", without_certificate(),
     trusts_all_that_come(strict("server"))},
    {"plain where TLS is possible", {}, trusts_all_that_come(strict("server"))},
    {"neither", {}, {}},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION(x.name) {
      CHECK(ask_with(x.a, x.b) == "x");
      CHECK(lines.empty());
    }
}

TEST_CASE_METHOD(tls_fixture, "tls: who is not trusted is refused, both told",
                 "[net][transport][tls]") {
  struct row {
    const char* name;
    peer_tls_options a;
    peer_tls_options b;
    /// What the dialer and the other side say.
    std::string dialer;
    std::string other;
  };
  const row rows[] = {
    {"the other side is of another authority", strict("client"),
     strict("stranger", "other-ca"),
     "TLS: the certificate of the other side is not trusted: self-signed "
     "certificate in certificate chain",
     "TLS: tlsv1 alert unknown ca"},
    {"the dialer is of another authority",
     trusts_all_that_come(strict("stranger")), strict("server"),
     "TLS: tlsv1 alert unknown ca",
     "TLS: the certificate of the other side is not trusted: unable to get "
     "local issuer certificate"},
    {"the dialer has no certificate", without_certificate(), strict("server"),
     "TLS: tlsv13 alert certificate required",
     "TLS: peer did not return a certificate"},
    {"the wrong name", checks_names(strict("server")), strict("client"),
     "TLS: the certificate of the other side is not for server.dc1.consul",
     "TLS: sslv3 alert bad certificate"},
    {"plain where TLS is demanded",
     {},
     strict("server"),
     "refused: this node accepts connections with TLS only",
     "it does not speak TLS, which verify_incoming demands"},
    {"TLS where there is none",
     strict("client"),
     {},
     "TLS: the other side ended the handshake; it may lack a certificate",
     "it speaks TLS, but this node has no certificate"},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION(x.name) {
      CHECK(ask_with(x.a, x.b) == "io_error: node b: " + x.dialer);
      CAPTURE(lines);
      CHECK(lines_with(x.dialer) == 1);
      CHECK(lines_with(x.other) == 1);
    }
}

TEST_CASE_METHOD(tls_fixture, "tls: much travels in both directions",
                 "[net][transport][tls]") {
  const auto a = start_with("a", strict("client"));
  const auto b = start_with("b", strict("server"));
  a->net->set_address("b", b->address());
  std::vector<std::shared_ptr<std::optional<std::string>>> answers;
  for (auto i = 0; i < 50; ++i)
    answers.push_back(
      ask(*a, "b", std::string(static_cast<std::size_t>(i) * 10'000, 'x')));
  for (auto i = 0; i < 50; ++i)
    wait_for([&] { return answers[static_cast<std::size_t>(i)]->has_value(); });
  for (auto i = 0U; i < 50; ++i)
    CHECK(answers[i]->value().size() == i * 10'000);
}

TEST_CASE_METHOD(tls_fixture, "tls: an attacker gets no further than TLS",
                 "[net][transport][tls]") {
  const auto b = start_with("b", strict("server"));
  const std::string rows[] = {
    std::string{"\x16\x03\x01\x00\x05hello", 10},
    "\x16" + std::string(5000, '\xff'),
    std::string(100, '\0'),
    encode_frame({frame_kind::message, 0, "plain"}),
  };
  for (const auto& x : rows) {
    auto socket = connect(*b);
    boost::system::error_code ignored;
    boost::asio::write(socket, boost::asio::buffer(x), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }
  wait_for([&b] { return b->net->counters().refused == 4; });
  CHECK(b->messages.empty());
}

TEST_CASE_METHOD(tls_fixture, "tls: files are read again for new connections",
                 "[net][transport][tls]") {
  const auto a = start_with("a", strict("client"));
  const auto b = start_with("b", strict("stranger", "other-ca"));
  a->net->set_address("b", b->address());
  CHECK(answer_of(*a, "b", "x").starts_with("io_error: node b: TLS: "));
  auto bad = strict("server");
  bad.key_file = data + "client-key.pem";
  const auto failed = b->net->reload_tls(bad);
  REQUIRE(!failed);
  CHECK(failed.error().context.find(bad.key_file) != std::string::npos);
  CHECK(b->net->reload_tls(strict("server")));
  wait_for([&] { return answer_of(*a, "b", "x") == "x"; });
  // Connections that exist stay.
  CHECK(b->net->reload_tls(strict("stranger", "other-ca")));
  CHECK(answer_of(*a, "b", "x") == "x");
}

TEST_CASE("tls: options that cannot work are errors", "[net][transport][tls]") {
  const auto missing = [](auto change) {
    auto out = strict("server");
    change(out);
    return out;
  };
  struct row {
    const char* name;
    peer_tls_options x;
    errc code;
    std::string text;
  };
  const auto nowhere = data + "nowhere.pem";
  const auto not_pem = data + "make_certificates";
  const row rows[] = {
    {"no authority", missing([](auto& x) { x.ca_file.clear(); }),
     errc::invalid_argument,
     "VerifyOutgoing set, and no CA certificate provided!"},
    {"no authority for others", missing([](auto& x) {
       x.ca_file.clear();
       x.verify_outgoing = false;
     }),
     errc::invalid_argument,
     "VerifyIncoming set, and no CA certificate provided!"},
    {"no identity", missing([](auto& x) {
       x.cert_file.clear();
       x.key_file.clear();
     }),
     errc::invalid_argument,
     "VerifyIncoming set, and no Cert/Key pair provided!"},
    {"no key", missing([](auto& x) { x.key_file.clear(); }),
     errc::invalid_argument, "cert_file and key_file must be given together"},
    {"no such authority", missing([&](auto& x) { x.ca_file = nowhere; }),
     errc::io_error,
     "Failed to load CA file " + nowhere + ": no such file or directory"},
    {"no such folder", missing([&](auto& x) { x.ca_path = nowhere; }),
     errc::io_error,
     "Failed to load CA path " + nowhere + ": no such file or directory"},
    {"no such certificate", missing([&](auto& x) { x.cert_file = nowhere; }),
     errc::io_error,
     "Failed to load certificate " + nowhere + ": no such file or directory"},
    {"not a key", missing([&](auto& x) { x.key_file = not_pem; }),
     errc::io_error, "Failed to load key " + not_pem + ": "},
  };
  for (const auto& x : rows)
    DYNAMIC_SECTION(x.name) {
      const auto made = make_peer_tls(x.x, "dc1");
      REQUIRE(!made);
      CHECK(made.error().code == x.code);
      CHECK_THAT(made.error().context, Catch::StartsWith(x.text));
    }
  peer_tls_options named;
  named.ca_path = data;
  named.verify_server_hostname = true;
  named.domain = "example";
  const auto made = make_peer_tls(named, "dc2");
  REQUIRE(made);
  CHECK(made->outgoing);
  CHECK(!made->incoming);
  CHECK(made->server_name == "server.dc2.example");
}
