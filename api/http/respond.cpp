#include "api/http/respond.hpp"

namespace praetor::http {

response json(shared_text body) {
  response r;
  r.content_type = "application/json";
  r.body = std::move(body);
  r.is_json = true;
  return r;
}

response json(std::string body) {
  return json(share(std::move(body)));
}

response plain(int status, std::string text) {
  response r;
  r.status = status;
  r.content_type = "text/plain; charset=utf-8";
  r.body = share(std::move(text));
  return r;
}

response empty(int status) {
  response r;
  r.status = status;
  return r;
}

} // namespace praetor::http
