#include "runtime/net/peer_tls.hpp"

#include "runtime/net/dialer.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <unistd.h>

#include <cerrno>

namespace praetor::net {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using context_result = result<peer_tls::context_ptr>;

error bad_options(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

error cannot_load(const std::string& what, const std::string& path,
                  const error_code& code) {
  // OpenSSL does not say why it cannot read a file; the system does.
  const auto why = ::access(path.c_str(), R_OK) != 0
                     ? lower_message({errno, boost::system::system_category()})
                     : lower_message(code);
  return {errc::io_error, "Failed to load " + what + " " + path + ": " + why};
}

status check(const peer_tls_options& x, bool outgoing) {
  const auto trusts = !x.ca_file.empty() || !x.ca_path.empty();
  if (x.cert_file.empty() != x.key_file.empty())
    return bad_options("cert_file and key_file must be given together");
  if (outgoing && !trusts)
    return bad_options("VerifyOutgoing set, and no CA certificate provided!");
  if (x.verify_incoming && !trusts)
    return bad_options("VerifyIncoming set, and no CA certificate provided!");
  if (x.verify_incoming && x.cert_file.empty())
    return bad_options("VerifyIncoming set, and no Cert/Key pair provided!");
  return ok;
}

status load_trust(ssl::context& to, const peer_tls_options& x) {
  error_code code;
  if (!x.ca_file.empty())
    to.load_verify_file(x.ca_file, code);
  if (code)
    return cannot_load("CA file", x.ca_file, code);
  if (!x.ca_path.empty() && ::access(x.ca_path.c_str(), R_OK | X_OK) != 0)
    return cannot_load("CA path", x.ca_path, code);
  if (!x.ca_path.empty())
    to.add_verify_path(x.ca_path, code);
  if (code)
    return cannot_load("CA path", x.ca_path, code);
  return ok;
}

status load_identity(ssl::context& to, const peer_tls_options& x) {
  error_code code;
  if (x.cert_file.empty())
    return ok;
  to.use_certificate_chain_file(x.cert_file, code);
  if (code)
    return cannot_load("certificate", x.cert_file, code);
  to.use_private_key_file(x.key_file, ssl::context::pem, code);
  if (code)
    return cannot_load("key", x.key_file, code);
  return ok;
}

context_result make_context(ssl::context::method method,
                            const peer_tls_options& x,
                            ssl::verify_mode verify) {
  const auto out = std::make_shared<ssl::context>(method);
  error_code code;
  out->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1
                     | ssl::context::no_sslv3,
                   code);
  out->set_verify_mode(verify, code);
  // A connection that waits holds no buffers.
  SSL_CTX_set_mode(out->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(out->native_handle(), SSL_SESS_CACHE_OFF);
  if (auto done = load_trust(*out, x); !done)
    return done.error();
  if (auto done = load_identity(*out, x); !done)
    return done.error();
  return out;
}

} // namespace

result<peer_tls> make_peer_tls(const peer_tls_options& options,
                               const std::string& datacenter) {
  peer_tls out;
  const auto verify_outgoing =
    options.verify_outgoing || options.verify_server_hostname;
  if (auto done = check(options, verify_outgoing); !done)
    return done.error();
  if (!options.cert_file.empty()) {
    const auto verify = options.verify_incoming
                          ? ssl::verify_peer | ssl::verify_fail_if_no_peer_cert
                          : ssl::verify_none;
    auto made = make_context(ssl::context::tls_server, options, verify);
    if (!made)
      return made.error();
    out.incoming = std::move(*made);
    out.demanded = options.verify_incoming;
  }
  if (verify_outgoing) {
    auto made =
      make_context(ssl::context::tls_client, options, ssl::verify_peer);
    if (!made)
      return made.error();
    out.outgoing = std::move(*made);
  }
  if (options.verify_server_hostname)
    out.server_name = "server." + datacenter + "." + options.domain;
  return out;
}

std::string explain_tls(ssl_st* handle, const error_code& code,
                        const std::string& name) {
  const auto verdict = SSL_get_verify_result(handle);
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH)
    return "the certificate of the other side is not for " + name;
  if (verdict != X509_V_OK)
    return std::string{"the certificate of the other side is not trusted: "}
           + X509_verify_cert_error_string(verdict);
  if (code == boost::asio::error::eof || code == ssl::error::stream_truncated
      || code == boost::asio::error::connection_reset)
    return SSL_is_init_finished(handle) != 0
             ? "the other side closed the connection"
             : "the other side ended the handshake; it may lack a certificate";
  return lower_message(code);
}

} // namespace praetor::net
