// /v1/event: user events.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/query_options.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"

#include <re2/re2.h>

namespace praetor::http {
namespace {

constexpr duration list_wait_default = std::chrono::minutes{10};

status check_pattern(std::string_view kind, const std::string& pattern) {
  const RE2 compiled{pattern, RE2::Quiet};
  if (compiled.ok())
    return ok;
  return error{errc::rejected,
               "Invalid " + std::string{kind}
                 + " filter: error parsing regexp: " + compiled.error()};
}

status check_event(const agent::fire_event& e) {
  if (e.service_filter.empty() && !e.tag_filter.empty())
    return error{errc::rejected,
                 "Cannot provide tag filter without service filter"};
  if (auto s = check_pattern("node", e.node_filter); !s)
    return s;
  if (auto s = check_pattern("service", e.service_filter); !s)
    return s;
  return check_pattern("tag", e.tag_filter);
}

} // namespace

void event_fire(exchange x) {
  agent::fire_event e;
  e.name = x.rq.argument;
  if (e.name.empty())
    return x.respond(plain(400, "Missing name"));
  e.node_filter = x.rq.parameter("node").value_or("");
  e.service_filter = x.rq.parameter("service").value_or("");
  e.tag_filter = x.rq.parameter("tag").value_or("");
  // Chunked payloads are not looked at, as in Consul.
  if (x.rq.content_length)
    e.payload = x.rq.body;
  if (const auto s = check_event(e); !s)
    return x.respond(failure(s.error()));
  if (const auto s = check_datacenter(x.rq, x.to.facts); !s)
    return x.respond(failure(s.error()));
  auto& to = x.to;
  e.to = reply_json(std::move(x));
  to.fire_event(std::move(e));
}

void event_list(exchange x) {
  const auto wait =
    parse_wait(x.rq, list_wait_default, list_wait_default, x.to.random);
  if (!wait)
    return x.respond(failure(wait.error()));
  auto& to = x.to;
  agent::list_events message;
  message.name = x.rq.parameter("name").value_or("");
  message.index = wait->min_index;
  message.wait = wait->wait;
  if (message.index > 0) {
    message.watch_id = to.next_watch_id++;
    x.on_hangup([&to, id = message.watch_id] { to.forget_watch(id); });
  }
  using found = agent::list_events::found;
  message.to = to.then<found>([x = std::move(x)](const result<found>& f) {
    if (!f)
      return x.respond(failure(f.error()));
    auto r = json(f->body);
    r.headers.emplace_back("X-Consul-Index", std::to_string(f->index));
    x.respond(std::move(r));
  });
  to.list_events(std::move(message));
}

} // namespace praetor::http
