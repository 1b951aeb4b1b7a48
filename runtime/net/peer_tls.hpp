// TLS between nodes: who must show a certificate, and whose are trusted.
// Names and meaning of the options are Consul's.

#pragma once

#include "runtime/base/result.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string>

namespace praetor::net {

/// Without files there is no TLS. A node with a certificate accepts TLS; it
/// accepts plain connections too unless it verifies those that come in.
struct peer_tls_options {
  /// Certificate authorities; in PEM. A file, a folder made by c_rehash, or
  /// both.
  std::string ca_file;
  std::string ca_path;
  /// Of this node; the certificate may be followed by its chain.
  std::string cert_file;
  std::string key_file;
  /// Connections from others must be TLS, with a certificate of our CA.
  bool verify_incoming = false;
  /// Connections to others are TLS, and they must show one of our CA.
  bool verify_outgoing = false;
  /// It must also be made out to server.<datacenter>.<domain>. Implies
  /// verify_outgoing.
  bool verify_server_hostname = false;
  std::string domain = "consul";

  friend bool operator==(const peer_tls_options&,
                         const peer_tls_options&) = default;
};

/// What connections are made with. Replaced as a whole when files change.
struct peer_tls {
  using context_ptr = std::shared_ptr<boost::asio::ssl::context>;

  /// For connections that come in; null if they cannot be TLS.
  context_ptr incoming;
  /// For connections to others; null if they are plain.
  context_ptr outgoing;
  /// Plain connections are refused.
  bool demanded = false;
  /// Whom others must be; empty: anyone of the CA.
  std::string server_name;
};

/// Reads the files. Errors: invalid_argument if options contradict each other,
/// io_error with the file's name and what is wrong with it.
result<peer_tls> make_peer_tls(const peer_tls_options& options,
                               const std::string& datacenter);

/// Returns why a handshake or what followed failed, as a sentence.
/// @param name Whom the other side had to be, or empty.
std::string explain_tls(ssl_st* handle, const boost::system::error_code& code,
                        const std::string& name);

} // namespace praetor::net
