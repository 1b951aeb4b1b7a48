// /v1/session: sessions, which hold locks.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/json_decode.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/text.hpp"

#include <optional>

namespace praetor::http {
namespace {

/// The check that says whether a node is alive.
constexpr const char* node_alive = "serfHealth";
constexpr duration lock_delay_default = std::chrono::seconds{15};
constexpr duration ttl_max = std::chrono::hours{24};
/// Numbers below are seconds, others nanoseconds.
constexpr double lock_delay_seconds_below = 1000;

struct service_check_body {
  std::string id;
  std::string name_space;
};

struct session_body {
  std::string name;
  std::string node;
  duration lock_delay = lock_delay_default;
  std::string behavior;
  std::string ttl;
  std::optional<std::vector<std::string>> checks;
  std::optional<std::vector<std::string>> node_checks;
  std::vector<service_check_body> service_checks;
};

status take_lock_delay(const json_value& from, std::string_view,
                       session_body& to) {
  to.lock_delay = duration::zero();
  if (from.IsString()) {
    const auto x = parse_duration({from.GetString(), from.GetStringLength()});
    if (!x)
      return x.error();
    to.lock_delay = *x;
  } else if (from.IsNumber()) {
    constexpr double representable = 9.2e18;
    constexpr double representable_seconds = 9.2e9;
    const auto x = from.GetDouble();
    if (x > -representable && x < representable)
      to.lock_delay = duration{static_cast<duration::rep>(x)};
    if (x < lock_delay_seconds_below && x > -representable_seconds)
      to.lock_delay *= std::nano::den;
  }
  return ok;
}

status take_checks(const json_value& from, std::string_view field,
                   session_body& to) {
  return decode_value(from, field, to.checks.emplace());
}

status take_node_checks(const json_value& from, std::string_view field,
                        session_body& to) {
  return decode_value(from, field, to.node_checks.emplace());
}

constexpr json_member<service_check_body> service_check_members[] = {
  field<&service_check_body::id>("ID"),
  field<&service_check_body::name_space>("Namespace"),
};

constexpr json_member<session_body> session_members[] = {
  field<&session_body::name>("Name"),
  field<&session_body::node>("Node"),
  {"LockDelay", take_lock_delay},
  field<&session_body::behavior>("Behavior"),
  field<&session_body::ttl>("TTL"),
  {"Checks", take_checks},
  {"NodeChecks", take_node_checks},
  objects<&session_body::service_checks, service_check_members,
          unknown_members::ignore>("ServiceChecks"),
};

/// Whether the body has a member `Checks` that is null, which decoders cannot
/// tell from an absent one.
bool has_null_checks(const std::string& body) {
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->IsObject())
    return false;
  for (const auto& member : parsed->GetObject())
    if (member.value.IsNull()
        && equal_fold({member.name.GetString(), member.name.GetStringLength()},
                      "Checks"))
      return true;
  return false;
}

result<session_body> decode_body(const request& rq, const node_facts& facts) {
  session_body defaults;
  defaults.node = facts.node_name;
  // Without a length there is no body to look at.
  if (rq.content_length.value_or(0) == 0)
    return defaults;
  auto body = decode_json(rq.body, session_members, unknown_members::ignore,
                          std::move(defaults));
  if (!body)
    return error{errc::invalid_argument,
                 "Request decode failed: " + body.error().context};
  if (has_null_checks(rq.body))
    body->checks.emplace();
  return body;
}

/// Which checks of the node a session rests on. `Checks` is the old name of
/// `NodeChecks`; both together count, and an empty `Checks` means none at all.
std::vector<std::string> node_checks_of(const session_body& body) {
  if (body.checks && body.checks->empty())
    return {};
  if (body.node_checks)
    return *body.node_checks;
  std::vector<std::string> all{node_alive};
  for (const auto& id : body.checks.value_or(std::vector<std::string>{}))
    if (id != node_alive)
      all.push_back(id);
  return all;
}

result<duration> parse_ttl(const std::string& text, duration ttl_min) {
  if (text.empty())
    return duration::zero();
  const auto ttl = parse_duration(text);
  if (!ttl)
    return error{errc::rejected,
                 "Session TTL '" + text + "' invalid: " + ttl.error().context};
  if (*ttl != duration::zero() && (*ttl < ttl_min || *ttl > ttl_max))
    return error{errc::rejected,
                 "Invalid Session TTL '" + std::to_string(ttl->count())
                   + "', must be between [" + format_duration(ttl_min) + "="
                   + format_duration(ttl_max) + "]"};
  return *ttl;
}

result<kv::session_row> make_session(session_body body, backends& to) {
  kv::session_row row;
  if (body.node.empty())
    return error{errc::rejected, "Must provide Node"};
  if (body.behavior == "delete")
    row.behavior = kv::session_behavior::remove;
  else if (!body.behavior.empty() && body.behavior != "release")
    return error{errc::rejected,
                 "Invalid Behavior setting '" + body.behavior + "'"};
  const auto ttl = parse_ttl(body.ttl, to.facts.session_ttl_min);
  if (!ttl)
    return ttl.error();
  row.ttl = *ttl;
  row.ttl_text = std::move(body.ttl);
  row.id = make_uuid(to.random);
  row.node_checks = node_checks_of(body);
  for (auto& check : body.service_checks)
    row.service_checks.push_back(std::move(check.id));
  row.name = std::move(body.name);
  row.node = std::move(body.node);
  row.lock_delay = body.lock_delay;
  return row;
}

/// What a non-UUID gets from the session table.
status check_id(const std::string& id) {
  if (id.size() != 36)
    return error{errc::rejected, "failed session lookup: index error: UUID "
                                 "must be 36 characters"};
  return ok;
}

/// What a list of one session or none shows.
struct found_session {
  bool exists = false;
  duration ttl{0};
};

/// Finds the TTL in `[{"TTL":"10s",...}]`.
found_session find_ttl(const std::string& list) {
  const auto parsed = parse_json(list);
  if (!parsed || !parsed->IsArray() || parsed->Empty()
      || !(*parsed)[0].IsObject())
    return {};
  found_session found{.exists = true};
  const auto& row = (*parsed)[0];
  const auto text = row.FindMember("TTL");
  if (text != row.MemberEnd() && text->value.IsString())
    if (const auto ttl = parse_duration(text->value.GetString()))
      found.ttl = *ttl;
  return found;
}

/// Second half of a renewal: the session is there, its clock starts anew.
void renew_found(exchange x, shared_text session) {
  const auto found = find_ttl(*session);
  if (!found.exists)
    return x.respond(
      plain(404, "Session id '" + x.rq.argument + "' not found"));
  if (found.ttl == duration::zero())
    return x.respond(json(std::move(session)));
  auto& to = x.to;
  router::renew_session message{x.rq.argument, found.ttl, {}};
  message.to = to.then<std::monostate>(
    [x = std::move(x), session = std::move(session)](const status& s) {
      x.respond(s ? json(session) : failure(s.error()));
    });
  to.renew_session(std::move(message));
}

} // namespace

void session_create(exchange x) {
  auto body = decode_body(x.rq, x.to.facts);
  if (!body)
    return x.respond(failure(body.error()));
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  auto row = make_session(std::move(*body), x.to);
  if (!row)
    return x.respond(failure(row.error()));
  submit_here(std::move(x), kv::command{kv::create_session{std::move(*row)}});
}

void session_destroy(exchange x) {
  auto id = x.rq.argument;
  if (id.empty())
    return x.respond(plain(400, "Missing session"));
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  if (const auto s = check_id(id); !s)
    return x.respond(failure(s.error()));
  submit_here(std::move(x), kv::command{kv::destroy_session{std::move(id)}});
}

void session_renew(exchange x) {
  if (x.rq.argument.empty())
    return x.respond(plain(400, "Missing session"));
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  if (const auto s = check_id(x.rq.argument); !s)
    return x.respond(failure(s.error()));
  auto& to = x.to;
  kv::read message{{kv::query_kind::session, x.rq.argument, {}, {}}, {}, {}};
  message.to = to.then<owner::read_answer>(
    [x = std::move(x)](const result<owner::read_answer>& a) {
      if (!a)
        return x.respond(failure(a.error()));
      renew_found(x, a->data.body);
    });
  to.read_kv(std::move(message));
}

void session_info(exchange x) {
  auto id = x.rq.argument;
  if (id.empty())
    return x.respond(plain(400, "Missing session"));
  if (other_datacenter(x.rq, x.to.facts) || check_id(id))
    return read_kv(std::move(x),
                   {kv::query_kind::session, std::move(id), {}, {}},
                   plain_style());
  fail_read(x, check_id(id).error(), plain_style());
}

void session_node(exchange x) {
  auto node = x.rq.argument;
  if (node.empty())
    return x.respond(plain(400, "Missing node name"));
  read_kv(std::move(x),
          {kv::query_kind::sessions_of_node, std::move(node), {}, {}},
          plain_style());
}

void session_list(exchange x) {
  read_kv(std::move(x), {kv::query_kind::sessions, {}, {}, {}}, plain_style());
}

} // namespace praetor::http
