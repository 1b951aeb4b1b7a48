#include "api/http/dispatch.hpp"

#include "api/http/respond.hpp"
#include "api/http/url.hpp"
#include "api/ui/page.hpp"

#include <algorithm>
#include <optional>

namespace praetor::http {
namespace {

constexpr std::string_view ui_path = "/ui/";

response redirect(const request& rq, std::string_view path,
                  std::string_view query) {
  auto to = escape_path(path);
  if (!query.empty())
    to.append("?").append(query);
  auto r = empty(301);
  if (rq.method == "GET") {
    r.content_type = "text/html; charset=utf-8";
    std::string shown;
    for (const auto c : to) {
      switch (c) {
        case '<': shown += "&lt;"; break;
        case '>': shown += "&gt;"; break;
        case '&': shown += "&amp;"; break;
        case '"': shown += "&#34;"; break;
        case '\'': shown += "&#39;"; break;
        default: shown.push_back(c);
      }
    }
    r.body = share("<a href=\"" + shown + "\">Moved Permanently</a>.\n\n");
  }
  r.headers.emplace_back("Location", std::move(to));
  return r;
}

/// Paths outside /v1.
admission admit_page(const site& s, const request& rq, std::string_view query) {
  static const auto page = share(std::string{ui::page});
  static const auto robots = share("User-agent: *\nDisallow: /\n");
  admission a;
  if (rq.path == "/") {
    a.answer = s.ui ? redirect(rq, ui_path, {}) : plain(200, "Consul Agent");
  } else if (s.ui && rq.path == "/ui") {
    a.answer = redirect(rq, ui_path, query);
  } else if (s.ui && rq.path.starts_with(ui_path)) {
    a.endpoint = true;
    a.answer.content_type = "text/html; charset=utf-8";
    a.answer.body = page;
  } else if (s.ui && rq.path == "/robots.txt") {
    a.answer.content_type = "text/plain; charset=utf-8";
    a.answer.body = robots;
  } else {
    a.answer = empty(404);
  }
  return a;
}

response with_allow(const route& to, response r) {
  r.headers.emplace_back("Allow", "OPTIONS," + std::string{to.methods});
  return r;
}

/// Checks of the contents; nothing if the handler may have it.
std::optional<response> refuse(const site& s, const route& to, request& rq,
                               std::string_view query) {
  auto parameters = parse_query(query);
  if (!parameters)
    return empty(500);
  rq.parameters = std::move(*parameters);
  const auto blocked = [&rq](const std::string& prefix) {
    return rq.path.starts_with(prefix);
  };
  if (std::any_of(s.blocked_endpoints.begin(), s.blocked_endpoints.end(),
                  blocked))
    return plain(403, "Endpoint is blocked by agent configuration");
  if (rq.method == "OPTIONS")
    return with_allow(to, empty());
  if (!to.allows(rq.method))
    return with_allow(to, plain(405, "method " + rq.method + " not allowed"));
  if (rq.method != "GET" && s.may_write && !s.may_write(rq.client))
    return plain(403, "Access is restricted");
  const std::string enterprise =
    " - Namespaces are a Consul Enterprise feature";
  if (to.refuses_namespace && rq.has("ns"))
    return plain(400,
                 "Bad request: Invalid query parameter: \"ns\"" + enterprise);
  if (to.refuses_namespace && !rq.header("x-consul-namespace").empty())
    return plain(400, "Bad request: Invalid header: \"X-Consul-Namespace\""
                        + enterprise);
  return std::nullopt;
}

/// A body that its Content-Length shows to be too large.
std::optional<response> refuse_body(const node_facts& facts, const route& to,
                                    const request& rq) {
  if (rq.method != "PUT" || to.limit == body_limit::general)
    return std::nullopt;
  const auto value = to.limit == body_limit::value;
  const auto limit =
    value ? facts.kv_max_value_size
          : std::max(facts.kv_max_value_size, facts.txn_max_req_len);
  if (rq.content_length.value_or(0) <= limit)
    return std::nullopt;
  return plain(413,
               "Request body(" + std::to_string(*rq.content_length)
                 + " bytes) too large, max size: " + std::to_string(limit)
                 + " bytes. See https://www.consul.io/docs/agent/options.html#"
                 + (value ? "kv_max_value_size." : "txn_max_req_len."));
}

} // namespace

admission admit(const site& s, const node_facts& facts, std::string_view target,
                request& rq) {
  const auto parts = split_target(target);
  auto path = parts ? percent_decode(parts->path, false) : std::nullopt;
  if (!path)
    return {.answer = plain(400, "400 Bad Request")};
  rq.path = std::move(*path);
  if (s.printable_paths && !is_printable(rq.path))
    return {.answer = empty(400)};
  if (!is_clean_path(rq.path))
    return {.answer = redirect(rq, clean_path(rq.path), parts->query)};
  const auto found = find_route(rq.path);
  if (found.to == nullptr)
    return admit_page(s, rq, parts->query);
  if (found.add_slash)
    return {.answer = redirect(rq, found.to->path, parts->query)};
  rq.argument = rq.path.substr(found.to->path.size());
  if (auto refusal = refuse(s, *found.to, rq, parts->query))
    return {.answer = std::move(*refusal), .endpoint = true};
  if (auto refusal = refuse_body(facts, *found.to, rq))
    return {
      .answer = std::move(*refusal), .endpoint = true, .refuse_body = true};
  return {.to = found.to, .endpoint = true};
}

} // namespace praetor::http
