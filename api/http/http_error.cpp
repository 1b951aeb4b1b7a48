#include "api/http/http_error.hpp"

#include "api/http/respond.hpp"

namespace praetor::http {

int status_of(errc code) {
  switch (code) {
    case errc::invalid_argument: return 400;
    case errc::permission_denied: return 403;
    case errc::not_found: return 404;
    case errc::conflict: return 409;
    case errc::overloaded: return 429;
    // The servers' own refusals are 500, as clients of Consul expect.
    case errc::rejected:
    case errc::not_leader:
    case errc::no_leader:
    case errc::timeout:
    case errc::canceled:
    case errc::corruption:
    case errc::io_error: return 500;
  }
  return 500;
}

response failure(const error& e) {
  if (e.code == errc::no_leader || e.code == errc::not_leader)
    return plain(status_of(e.code), "No cluster leader");
  const auto text =
    e.context.empty() ? std::string{to_string(e.code)} : e.context;
  return plain(status_of(e.code), text);
}

} // namespace praetor::http
