#include "runtime/net/url.hpp"

#include "runtime/base/text.hpp"

#include <netdb.h>

#include <algorithm>
#include <array>

namespace praetor::net {

namespace {

bool is_scheme(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (text.empty() || !letter(text.front()))
    return false;
  return std::all_of(text.begin(), text.end(), [letter](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-'
           || c == '.';
  });
}

/// Blanks and control characters would end or split the request line.
std::string escape(std::string_view target) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const auto c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F) {
      out += c;
      continue;
    }
    out += '%';
    out += hex[byte >> 4U];
    out += hex[byte & 0xFU];
  }
  return out;
}

error bad(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

} // namespace

result<url> parse_url(std::string_view text) {
  url out;
  text = text.substr(0, text.find('#'));
  const auto colon = text.find(':');
  if (colon != text.npos && is_scheme(text.substr(0, colon))
      && text.substr(colon).starts_with("://")) {
    out.scheme = to_lower(text.substr(0, colon));
    text.remove_prefix(colon + 3);
  }
  if (out.scheme != "http" && out.scheme != "https")
    return bad("unsupported protocol scheme \"" + out.scheme + "\"");
  const auto end = std::min(text.find_first_of("/?"), text.size());
  auto authority = text.substr(0, end);
  out.target = escape(text.substr(end));
  if (!out.target.starts_with('/'))
    out.target.insert(0, "/");
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    out.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  out.authority = escape(authority);
  out.port = out.scheme == "http" ? 80 : 443;
  // A colon after the brackets, if there are any, separates the port.
  const auto bracket = authority.rfind(']');
  const auto port =
    authority.find(':', bracket == authority.npos ? 0 : bracket);
  auto host = authority.substr(0, port);
  if (port != authority.npos && port + 1 < authority.size()) {
    auto number = parse_port(std::string{authority.substr(port + 1)});
    if (!number)
      return number.error();
    out.port = *number;
  }
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  out.host = host;
  if (out.host.empty())
    return bad("http: no Host in request URL");
  return out;
}

std::string resolve_url(const url& base, std::string_view reference) {
  const auto colon = reference.find(':');
  if (colon != reference.npos && is_scheme(reference.substr(0, colon)))
    return std::string{reference};
  if (reference.starts_with("//"))
    return base.scheme + ":" + std::string{reference};
  const auto root = base.scheme + "://" + base.authority;
  if (reference.starts_with('/'))
    return root + std::string{reference};
  const auto path = base.target.substr(0, base.target.find('?'));
  if (reference.starts_with('?'))
    return root + path + std::string{reference};
  return root + path.substr(0, path.rfind('/') + 1) + std::string{reference};
}

result<host_port> split_host_port(std::string_view text) {
  const auto failed = [text](const char* why) {
    return bad("address " + std::string{text} + ": " + why);
  };
  const auto colon = text.rfind(':');
  if (colon == text.npos || text.ends_with(']'))
    return failed("missing port in address");
  auto host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']'))
      return failed("missing ']' in address");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != host.npos) {
    return failed("too many colons in address");
  }
  return host_port{std::string{host}, std::string{text.substr(colon + 1)}};
}

result<std::uint16_t> parse_port(const std::string& text) {
  if (const auto number = parse_uint(text)) {
    if (*number > 65535)
      return bad("address " + text + ": invalid port");
    return static_cast<std::uint16_t>(*number);
  }
  servent entry{};
  servent* found = nullptr;
  std::array<char, 1024> scratch{};
  if (getservbyname_r(text.c_str(), "tcp", &entry, scratch.data(),
                      scratch.size(), &found)
        != 0
      || found == nullptr)
    return bad("address tcp/" + text + ": unknown port");
  const auto port = static_cast<std::uint16_t>(found->s_port);
  return static_cast<std::uint16_t>((port >> 8U) | (port << 8U));
}

std::string join_host_port(const std::string& host, std::uint16_t port) {
  const auto v6 = host.find(':') != host.npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

} // namespace praetor::net
