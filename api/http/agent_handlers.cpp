// /v1/agent: this node's services, their health and maintenance.

#include "api/http/filter.hpp"
#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/query_options.hpp"
#include "api/http/reads.hpp"
#include "api/http/registration_decode.hpp"
#include "api/http/respond.hpp"
#include "api/http/sidecar_port.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace praetor::http {
namespace {

// -- registration

bool wants_script(const agent::register_service& service) {
  return std::any_of(service.checks.begin(), service.checks.end(), runs_script);
}

/// `?replace-existing-checks` without value or with a true one.
bool replaces_checks(const request& rq) {
  const auto value = rq.parameter("replace-existing-checks");
  return value && (value->empty() || parse_bool(*value).value_or(false));
}

/// Registers the service, then its sidecar, then answers.
void register_both(exchange x, service_registration both) {
  auto& to = x.to;
  auto message = std::move(both.service);
  if (both.sidecar)
    message.to = to.then<std::monostate>(
      [x = std::move(x),
       sidecar = std::move(*both.sidecar)](const status& done) mutable {
        if (!done)
          return x.respond(failure(done.error()));
        auto& next = x.to;
        sidecar.to = reply_empty(std::move(x));
        next.register_service(std::move(sidecar));
      });
  else
    message.to = reply_empty(std::move(x));
  to.register_service(std::move(message));
}

/// Finds out which port the sidecar can have, then registers.
void register_with_sidecar(exchange x, service_registration both) {
  auto& to = x.to;
  agent::get_services ask;
  ask.to = to.then<shared_text>([x = std::move(x), both = std::move(both)](
                                  const result<shared_text>& services) mutable {
    if (!services)
      return x.respond(failure(services.error()));
    const auto port = choose_sidecar_port(**services, both.sidecar->service.id);
    if (!port)
      return x.respond(failure(port.error()));
    complete_sidecar(*both.sidecar, *port);
    register_both(std::move(x), std::move(both));
  });
  to.get_services(std::move(ask));
}

// -- maintenance

struct maintenance {
  bool enable = false;
  std::string reason;
};

/// Errors: invalid_argument with the sentence for the client.
result<maintenance> parse_maintenance(const request& rq) {
  const auto given = rq.parameter("enable");
  if (!given)
    return error{errc::invalid_argument, "Missing value for enable"};
  const auto enable = parse_bool(*given);
  if (!enable)
    return error{errc::invalid_argument,
                 "Invalid value for enable: \"" + std::string{*given} + "\""};
  return maintenance{*enable, std::string{rq.parameter("reason").value_or("")}};
}

// -- health

using service_health = agent::get_service_health::found;

bool wants_text(const request& rq) {
  return rq.parameter("format") == "text"
         || rq.header("accept").starts_with("text/plain");
}

int status_of_health(const service_health& found) {
  if (!found.exists)
    return 404;
  if (found.status == "passing")
    return 200;
  return found.status == "warning" ? 429 : 503;
}

/// Returns what X-Consul-Reason says.
std::string reason_of(const service_health& found, const std::string& name,
                      bool by_name) {
  if (found.exists)
    return found.status;
  return by_name ? "ServiceName " + name + " Not Found"
                 : "ServiceId " + name + " not found";
}

response health_response(const service_health& found, const request& rq,
                         bool by_name) {
  const auto reason = reason_of(found, rq.argument, by_name);
  response r;
  if (wants_text(rq) && !found.exists && !by_name) {
    r = json(json_quote(reason));
  } else if (wants_text(rq)) {
    r.content_type = "text/plain";
    r.body = share(reason);
  } else if (found.exists) {
    r = json(found.body);
  } else {
    r = json(by_name ? "[]"
                     : R"({"AggregatedStatus":"critical","Service":null,)"
                       R"("Checks":null})");
  }
  r.status = status_of_health(found);
  r.headers.emplace_back("X-Consul-Reason", reason);
  return r;
}

void answer_health(exchange x, bool by_name, std::string missing) {
  if (x.rq.argument.empty())
    return x.respond(plain(500, std::move(missing)));
  auto& to = x.to;
  agent::get_service_health message;
  message.name_or_id = x.rq.argument;
  message.by_name = by_name;
  message.to = to.then<service_health>(
    [x = std::move(x), by_name](const result<service_health>& found) {
      x.respond(found ? health_response(*found, x.rq, by_name)
                      : failure(found.error()));
    });
  to.get_service_health(std::move(message));
}

} // namespace

void agent_services(exchange x) {
  const auto text = x.rq.parameter("filter").value_or("");
  std::optional<filter::predicate> keep;
  if (!text.empty()) {
    auto compiled = filter::compile(text, filter::service_schema());
    if (!compiled)
      return x.respond(failure(compiled.error()));
    keep = std::move(*compiled);
  }
  auto& to = x.to;
  agent::get_services message;
  message.to = to.then<shared_text>(
    [x = std::move(x), keep = std::move(keep)](result<shared_text> r) {
      if (r && keep)
        r = filter::keep_matching(*keep, *r);
      x.respond(r ? json(*r) : failure(r.error()));
    });
  to.get_services(std::move(message));
}

void agent_service(exchange x) {
  const auto& facts = x.to.facts;
  const auto wait = parse_wait(x.rq, facts.default_query_time,
                               facts.max_query_time, x.to.random);
  if (!wait)
    return x.respond(failure(wait.error()));
  auto& to = x.to;
  agent::get_service message;
  message.id = x.rq.argument;
  message.hash = x.rq.parameter("hash").value_or("");
  message.wait = wait->wait;
  if (!message.hash.empty()) {
    message.watch_id = to.next_watch_id++;
    x.on_hangup([&to, id = message.watch_id] { to.forget_watch(id); });
  }
  using found = agent::get_service::found;
  message.to = to.then<found>([x = std::move(x)](const result<found>& f) {
    if (!f && f.error().code == errc::not_found)
      return x.respond(plain(404, "unknown service ID: " + x.rq.argument));
    if (!f)
      return x.respond(failure(f.error()));
    auto r = json(f->body);
    r.headers.emplace_back("X-Consul-ContentHash", f->hash);
    x.respond(std::move(r));
  });
  to.get_service(std::move(message));
}

void agent_service_register(exchange x) {
  auto both = decode_service_registration(x.rq.body);
  if (!both)
    return x.respond(failure(both.error()));
  const auto scripts = wants_script(both->service)
                       || (both->sidecar && wants_script(*both->sidecar));
  if (scripts && !x.to.facts.remote_scripts)
    return x.respond(failure(remote_scripts_disabled()));
  both->service.replace_existing_checks = replaces_checks(x.rq);
  if (both->sidecar && both->sidecar->service.port == 0)
    return register_with_sidecar(std::move(x), std::move(*both));
  if (both->sidecar)
    complete_sidecar(*both->sidecar, 0);
  register_both(std::move(x), std::move(*both));
}

void agent_service_deregister(exchange x) {
  if (x.rq.argument.empty())
    return x.respond(plain(500, "ServiceID missing"));
  auto& to = x.to;
  agent::deregister_service message;
  message.id = x.rq.argument;
  message.to = reply_empty(std::move(x));
  to.deregister_service(std::move(message));
}

void agent_service_maintenance(exchange x) {
  if (x.rq.argument.empty())
    return x.respond(plain(400, "Missing service ID"));
  auto wanted = parse_maintenance(x.rq);
  if (!wanted)
    return x.respond(failure(wanted.error()));
  auto& to = x.to;
  agent::maintain_service message;
  message.id = x.rq.argument;
  message.enable = wanted->enable;
  message.reason = std::move(wanted->reason);
  message.to = to.then<std::monostate>([x = std::move(x)](const status& done) {
    if (!done && done.error().code == errc::not_found)
      return x.respond(
        plain(404, "No service registered with ID \"" + x.rq.argument + "\""));
    x.respond(done ? empty() : failure(done.error()));
  });
  to.maintain_service(std::move(message));
}

void agent_maintenance(exchange x) {
  auto wanted = parse_maintenance(x.rq);
  if (!wanted)
    return x.respond(failure(wanted.error()));
  auto& to = x.to;
  agent::maintain_node message;
  message.enable = wanted->enable;
  message.reason = std::move(wanted->reason);
  message.to = reply_empty(std::move(x));
  to.maintain_node(std::move(message));
}

void agent_health_by_id(exchange x) {
  answer_health(std::move(x), false, "Bad request: Missing serviceID");
}

void agent_health_by_name(exchange x) {
  answer_health(std::move(x), true, "Bad request: Missing service Name");
}

} // namespace praetor::http
