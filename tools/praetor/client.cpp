#include "tools/praetor/client.hpp"

#include "runtime/base/text.hpp"
#include "tools/praetor/words.hpp"

namespace praetor::tools {

namespace {

constexpr int status_ok = 200;

/// Takes "scheme://" off the address and acts on it.
status resolve_scheme(client_options& out) {
  const auto end = out.address.find("://");
  if (end == std::string::npos)
    return ok;
  const auto scheme = out.address.substr(0, end);
  out.address.erase(0, end + 3);
  if (scheme == "http")
    return ok; // https by CONSUL_HTTP_SSL stays
  if (scheme == "https")
    out.scheme = scheme;
  else if (scheme == "unix")
    out.unix_socket = true;
  else
    return error{errc::invalid_argument, "Unknown protocol scheme: " + scheme};
  return ok;
}

/// Returns "Get" for "GET", as errors have it.
std::string verb(std::string_view method) {
  auto out = to_lower(method);
  if (!out.empty())
    out[0] = method[0];
  return out;
}

} // namespace

result<client_options> resolve_client_options(
  const lookup& flag, const lookup& variable,
  const std::function<result<std::string>(const std::string&)>& read_file) {
  const auto either = [&flag, &variable](std::string_view name,
                                         std::string_view other) {
    auto given = flag(name);
    return given.empty() ? variable(other) : given;
  };
  client_options out;
  if (auto address = either("http-addr", "CONSUL_HTTP_ADDR"); !address.empty())
    out.address = std::move(address);
  if (parse_bool(variable("CONSUL_HTTP_SSL")).value_or(false))
    out.scheme = "https";
  if (auto done = resolve_scheme(out); !done)
    return done.error();
  out.token = either("token", "CONSUL_HTTP_TOKEN");
  if (auto file = either("token-file", "CONSUL_HTTP_TOKEN_FILE");
      !file.empty()) {
    auto content = read_file(file);
    if (!content)
      return error{errc::io_error, "Error loading token file: open " + file
                                     + ": " + content.error().context};
    if (auto token = trimmed(*content); !token.empty())
      out.token = token;
  }
  out.basic_auth = variable("CONSUL_HTTP_AUTH");
  out.tls = {.ca_file = either("ca-file", "CONSUL_CACERT"),
             .ca_path = either("ca-path", "CONSUL_CAPATH"),
             .cert_file = either("client-cert", "CONSUL_CLIENT_CERT"),
             .key_file = either("client-key", "CONSUL_CLIENT_KEY"),
             .server_name = either("tls-server-name", "CONSUL_TLS_SERVER_NAME"),
             .verify =
               parse_bool(variable("CONSUL_HTTP_SSL_VERIFY")).value_or(true)};
  out.datacenter = flag("datacenter");
  out.stale = flag("stale") == "true";
  return out;
}

result<http_answer> client::send(const api_request& request,
                                 const body_sink& sink) {
  wire_request wire{.method = request.method,
                    .target = escape_path(request.path),
                    .headers = {},
                    .body = request.body};
  auto query = request.query;
  if (!options_.datacenter.empty())
    query.emplace("dc", options_.datacenter);
  if (!query.empty())
    wire.target.append("?").append(encode_query(query));
  if (!options_.token.empty())
    wire.headers.emplace("X-Consul-Token", options_.token);
  if (const auto& auth = options_.basic_auth; !auth.empty())
    wire.headers.emplace("Authorization",
                         "Basic "
                           + base64_encode(auth.find(':') == std::string::npos
                                             ? auth + ":"
                                             : auth));
  auto answer = wire_->exchange(wire, sink);
  if (answer)
    return answer;
  std::string host;
  for (char c : options_.address)
    host.append(options_.unix_socket && c == '/' ? "%2F" : std::string(1, c));
  return error{answer.error().code,
               verb(request.method) + " \"" + options_.scheme + "://" + host
                 + wire.target + "\": " + answer.error().context};
}

result<http_answer> client::read(api_request request) {
  return send(staled(std::move(request)));
}

result<http_answer> client::demand(const api_request& request,
                                   const body_sink& sink) {
  auto answer = send(request, sink);
  if (answer && answer->status != status_ok)
    return error{errc::rejected, unexpected_code(*answer)};
  return answer;
}

result<http_answer> client::demand_read(api_request request) {
  return demand(staled(std::move(request)));
}

api_request client::staled(api_request request) const {
  if (options_.stale)
    request.query.emplace("stale", "");
  return request;
}

std::string unexpected_code(const http_answer& answer) {
  return "Unexpected response code: " + std::to_string(answer.status) + " ("
         + answer.body + ")";
}

} // namespace praetor::tools
