#include "runtime/net/tls_client.hpp"

#include "runtime/net/dialer.hpp"

#include <unistd.h>

#include <cerrno>

namespace praetor::net {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

error io_failed(std::string text) {
  return {errc::io_error, std::move(text)};
}

/// OpenSSL does not say why it cannot read a file; the system does.
std::string reason(const std::string& path, const error_code& code) {
  if (::access(path.c_str(), R_OK) != 0)
    return lower_message({errno, boost::system::system_category()});
  return lower_message(code);
}

status load_trust(ssl::context& out, const tls_options& options) {
  error_code code;
  if (options.ca_file.empty() && options.ca_path.empty())
    out.set_default_verify_paths(code);
  if (!options.ca_file.empty())
    out.load_verify_file(options.ca_file, code);
  if (code)
    return io_failed("Error loading CA File: open " + options.ca_file + ": "
                     + reason(options.ca_file, code));
  if (!options.ca_path.empty())
    out.add_verify_path(options.ca_path, code);
  if (code)
    return io_failed("Error loading CA Path: " + options.ca_path + ": "
                     + lower_message(code));
  return ok;
}

} // namespace

result<std::unique_ptr<ssl::context>>
make_tls_context(const tls_options& options) {
  auto out = std::make_unique<ssl::context>(ssl::context::tls_client);
  if (auto done = load_trust(*out, options); !done)
    return done.error();
  error_code code;
  out->set_verify_mode(options.verify ? ssl::verify_peer : ssl::verify_none,
                       code);
  if (options.cert_file.empty() != options.key_file.empty())
    return io_failed("Both client cert and client key must be provided");
  if (!options.cert_file.empty()) {
    out->use_certificate_chain_file(options.cert_file, code);
    if (!code)
      out->use_private_key_file(options.key_file, ssl::context::pem, code);
    if (code)
      return io_failed("Error loading client cert " + options.cert_file
                       + " and key " + options.key_file + ": "
                       + lower_message(code));
  }
  return out;
}

} // namespace praetor::net
