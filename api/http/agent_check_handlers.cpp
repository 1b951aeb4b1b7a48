// /v1/agent/checks and /v1/agent/check: this node's checks.

#include "api/http/filter.hpp"
#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/json_decode.hpp"
#include "api/http/reads.hpp"
#include "api/http/registration_decode.hpp"
#include "api/http/respond.hpp"

#include <optional>
#include <utility>

namespace praetor::http {
namespace {

struct update_body {
  std::string status;
  std::string output;
};

constexpr json_member<update_body> update_members[] = {
  field<&update_body::status>("Status"),
  field<&update_body::output>("Output"),
};

void update(exchange x, std::string status, std::string output) {
  auto& to = x.to;
  agent::update_ttl message;
  message.id = x.rq.argument;
  message.status = std::move(status);
  message.output = std::move(output);
  message.to = reply_empty(std::move(x));
  to.update_ttl(std::move(message));
}

void update_with_note(exchange x, std::string status) {
  std::string note{x.rq.parameter("note").value_or("")};
  update(std::move(x), std::move(status), std::move(note));
}

/// Selectors are looked at only if there are checks, as in Consul: its errors
/// then lack the usual beginning.
result<shared_text> keep_checks(const filter::expression& parsed,
                                shared_text checks) {
  if (*checks == "{}")
    return checks;
  const auto keep = filter::bind(parsed, filter::check_schema());
  if (!keep)
    return error{errc::rejected, keep.error().context};
  return filter::keep_matching(*keep, std::move(checks));
}

} // namespace

void agent_checks(exchange x) {
  const auto text = x.rq.parameter("filter").value_or("");
  std::optional<filter::expression> parsed;
  if (!text.empty()) {
    auto tree = filter::parse(text);
    if (!tree)
      return x.respond(failure(filter::creation_failure(tree.error())));
    parsed = std::move(*tree);
  }
  auto& to = x.to;
  agent::get_checks message;
  message.to = to.then<shared_text>(
    [x = std::move(x), parsed = std::move(parsed)](result<shared_text> r) {
      if (r && parsed)
        r = keep_checks(*parsed, *r);
      x.respond(r ? json(*r) : failure(r.error()));
    });
  to.get_checks(std::move(message));
}

void agent_check_register(exchange x) {
  auto message = decode_check_registration(x.rq.body);
  if (!message)
    return x.respond(failure(message.error()));
  if (runs_script(message->check) && !x.to.facts.remote_scripts)
    return x.respond(failure(remote_scripts_disabled()));
  auto& to = x.to;
  message->to = reply_empty(std::move(x));
  to.register_check(std::move(*message));
}

void agent_check_deregister(exchange x) {
  if (x.rq.argument.empty())
    return x.respond(plain(500, "CheckID missing"));
  auto& to = x.to;
  agent::deregister_check message;
  message.id = x.rq.argument;
  message.to = reply_empty(std::move(x));
  to.deregister_check(std::move(message));
}

void agent_check_pass(exchange x) {
  update_with_note(std::move(x), "passing");
}

void agent_check_warn(exchange x) {
  update_with_note(std::move(x), "warning");
}

void agent_check_fail(exchange x) {
  update_with_note(std::move(x), "critical");
}

void agent_check_update(exchange x) {
  auto body = decode_json(x.rq.body, update_members);
  if (!body)
    return x.respond(
      plain(400, "Request decode failed: " + body.error().context));
  const auto& status = body->status;
  if (status != "passing" && status != "warning" && status != "critical")
    return x.respond(plain(400, "Invalid check status: '" + status + "'"));
  update(std::move(x), std::move(body->status), std::move(body->output));
}

} // namespace praetor::http
