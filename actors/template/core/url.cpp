#include "actors/template/core/url.hpp"

#include <algorithm>

namespace praetor::templates {

namespace {

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

/// Takes what follows the last or first `mark` away; empty without a mark.
std::string take_after(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos)
    return {};
  std::string out{text.substr(at + 1)};
  text = text.substr(0, at);
  return out;
}

/// "host:80" and "[::1]:80" without the port.
std::string without_port(std::string_view host) {
  if (host.starts_with('['))
    return std::string{host.substr(1, host.find(']') - 1)};
  return std::string{host.substr(0, host.rfind(':'))};
}

std::string part(const url_parts& parts, const char* name) {
  const auto i = parts.find(name);
  return i == parts.end() ? "" : i->second;
}

} // namespace

url_parts parse_url(std::string_view text) {
  url_parts out{{"scheme", ""},   {"userinfo", ""}, {"host", ""},
                {"hostname", ""}, {"path", ""},     {"query", ""},
                {"opaque", ""},   {"fragment", ""}};
  out["fragment"] = take_after(text, '#');
  out["query"] = take_after(text, '?');
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && is_scheme(text.substr(0, colon))) {
    out["scheme"] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    if (!text.starts_with('/')) {
      out["opaque"] = text;
      return out;
    }
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto end = std::min(text.find('/'), text.size());
    auto authority = text.substr(0, end);
    text.remove_prefix(end);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      out["userinfo"] = authority.substr(0, at);
      authority.remove_prefix(at + 1);
    }
    out["host"] = authority;
    out["hostname"] = without_port(authority);
  }
  out["path"] = text;
  return out;
}

std::string join_url(const url_parts& parts) {
  std::string out;
  if (const auto scheme = part(parts, "scheme"); !scheme.empty())
    out += scheme + ":";
  const auto opaque = part(parts, "opaque");
  const auto host = part(parts, "host");
  const auto user = part(parts, "userinfo");
  const auto path = part(parts, "path");
  if (!opaque.empty()) {
    out += opaque;
  } else {
    if (!host.empty() || !user.empty() || !out.empty())
      out += "//" + user + (user.empty() ? "" : "@") + host;
    if (!path.empty() && path[0] != '/' && !host.empty())
      out += '/';
    out += path;
  }
  if (const auto query = part(parts, "query"); !query.empty())
    out += "?" + query;
  if (const auto fragment = part(parts, "fragment"); !fragment.empty())
    out += "#" + fragment;
  return out;
}

} // namespace praetor::templates
