#include "api/http/encode.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>

namespace praetor::http {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "200 OK";
    case 301: return "301 Moved Permanently";
    case 400: return "400 Bad Request";
    case 401: return "401 Unauthorized";
    case 403: return "403 Forbidden";
    case 404: return "404 Not Found";
    case 405: return "405 Method Not Allowed";
    case 408: return "408 Request Timeout";
    case 409: return "409 Conflict";
    case 413: return "413 Request Entity Too Large";
    case 415: return "415 Unsupported Media Type";
    case 429: return "429 Too Many Requests";
    case 431: return "431 Request Header Fields Too Large";
    case 500: return "500 Internal Server Error";
    case 503: return "503 Service Unavailable";
    default: return {};
  }
}

/// Values may come from clients: no line break gets through.
void append_header(std::string& head, std::string_view name,
                   std::string_view value) {
  head.append(name).append(": ");
  for (const auto c : value)
    head.push_back(static_cast<unsigned char>(c) < ' ' ? ' ' : c);
  head.append("\r\n");
}

void append_number(std::string& out, std::uint64_t x) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, x).ptr;
  out.append(digits, end);
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t'))
    text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t'))
    text.remove_suffix(1);
  return text;
}

/// Whether ";q=..." is zero.
bool refuses(std::string_view parameters) {
  const auto at = parameters.find("q=");
  if (at == std::string_view::npos)
    return false;
  return parameters.substr(at + 2).find_first_of("123456789")
         == std::string_view::npos;
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const auto comma =
      std::min(accept_encoding.find(','), accept_encoding.size());
    const auto part = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const auto semicolon = std::min(part.find(';'), part.size());
    if (equal_fold(trim(part.substr(0, semicolon)), "gzip"))
      return !refuses(part.substr(semicolon));
  }
  return false;
}

delivery delivery_of(const site& s, const request& rq, bool endpoint) {
  delivery how;
  how.endpoint = endpoint;
  how.pretty = s.always_pretty || rq.has("pretty");
  how.gzip = endpoint && accepts_gzip(rq.header("accept-encoding"));
  how.headless = rq.method == "HEAD";
  return how;
}

shared_text encode_response(const site& s, const delivery& how,
                            std::string_view date, const response& r,
                            std::string& head) {
  auto body = r.body && !r.body->empty() ? r.body : nullptr;
  if (body && r.is_json && how.pretty)
    body = share(json_pretty(*body));
  const auto packed = body && how.gzip;
  if (packed)
    body = share(gzip(*body));
  head.assign(how.old ? "HTTP/1.0 " : "HTTP/1.1 ");
  if (const auto reason = reason_of(r.status); !reason.empty())
    head.append(reason);
  else
    head.append(std::to_string(r.status)).append(" Status");
  head.append("\r\n");
  if (!r.content_type.empty())
    append_header(head, "Content-Type", r.content_type);
  if (how.endpoint)
    head.append("Vary: Accept-Encoding\r\n");
  if (packed)
    head.append("Content-Encoding: gzip\r\n");
  for (const auto& [name, value] : r.headers)
    append_header(head, name, value);
  for (const auto& [name, value] : s.response_headers)
    append_header(head, name, value);
  if (s.translate_addresses)
    head.append("X-Consul-Translate-Addresses: true\r\n");
  head.append("Date: ").append(date).append("\r\n");
  if (!r.stream) {
    head.append("Content-Length: ");
    append_number(head, body ? body->size() : 0);
    head.append("\r\n");
  } else if (!how.old) {
    head.append("Transfer-Encoding: chunked\r\n");
  }
  if (!how.keep_alive)
    head.append("Connection: close\r\n");
  else if (how.old)
    head.append("Connection: keep-alive\r\n");
  head.append("\r\n");
  return how.headless ? nullptr : body;
}

std::string gzip(std::string_view bytes) {
  constexpr int gzip_format = 15 + 16; // largest window, gzip header
  constexpr int memory = 8;
  z_stream z{};
  auto rc = deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, gzip_format, memory,
                         Z_DEFAULT_STRATEGY);
  PRAETOR_ASSERT(rc == Z_OK);
  std::string out(deflateBound(&z, static_cast<uLong>(bytes.size())), '\0');
  // zlib does not write to its input, but is older than const.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  rc = deflate(&z, Z_FINISH);
  PRAETOR_ASSERT(rc == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

} // namespace praetor::http
