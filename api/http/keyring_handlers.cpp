// /v1/operator/keyring: the keys that encrypt gossip.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/json_decode.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <vector>

namespace praetor::http {
namespace {

using gossip::key_action;

constexpr std::uint64_t relay_factor_max = 5;

struct key_body {
  std::string key;
};

constexpr json_member<key_body> key_members[] = {
  field<&key_body::key>("Key"),
};

key_action action_of(const std::string& method) {
  if (method == "GET")
    return key_action::list;
  if (method == "POST")
    return key_action::install;
  return method == "PUT" ? key_action::use : key_action::remove;
}

/// What is wrong with the parameters; nothing if they are fine.
std::string objection(const request& rq) {
  const auto relays = rq.parameter("relay-factor").value_or("");
  if (!relays.empty()) {
    const auto count = parse_uint(relays);
    if (!count)
      return "Error parsing relay factor: strconv.Atoi: parsing "
             + json_quote(relays) + ": invalid syntax";
    if (*count > relay_factor_max)
      return "Invalid relay-factor: Relay factor must be in range: [0, 5]";
  }
  const auto local = rq.parameter("local-only").value_or("");
  if (local.empty())
    return {};
  const auto wanted = parse_bool(local);
  if (!wanted)
    return "Error parsing local-only: strconv.ParseBool: parsing "
           + json_quote(local) + ": invalid syntax";
  if (*wanted && rq.method != "GET")
    return "Invalid use of local-only: local-only can only be set for list "
           "requests";
  return {};
}

/// Go's list of errors.
response failure(const std::vector<std::string>& errors) {
  auto text = std::to_string(errors.size())
              + (errors.size() == 1 ? " error" : " errors") + " occurred:\n";
  for (const auto& x : errors)
    text += "\t* " + x + "\n";
  return plain(500, text + "\n");
}

void put_counts(json_writer& json,
                const std::map<std::string, std::size_t>& keys) {
  json.begin_object();
  for (const auto& [key, count] : keys)
    json.key(base64_encode(key)).number(std::uint64_t{count});
  json.end_object();
}

response list_of(const gossip::key_answer& x, const std::string& datacenter) {
  std::string out;
  json_writer json{out};
  json.begin_array().begin_object();
  json.key("WAN").boolean(false);
  json.key("Datacenter").string(datacenter);
  json.key("Segment").string("");
  put_counts(json.key("Keys"), x.keys);
  put_counts(json.key("PrimaryKeys"), x.primary_keys);
  json.key("NumNodes").number(std::uint64_t{x.asked});
  json.end_object().end_array();
  return http::json(std::move(out));
}

/// Source: hashicorp/serf, keymanager.go.
response shown(key_action what, const gossip::key_answer& x,
               const std::string& datacenter) {
  const auto of_all = "/" + std::to_string(x.asked) + " nodes reported ";
  const auto where = datacenter + " (LAN) error: ";
  std::vector<std::string> errors;
  if (!x.errors.empty())
    errors.push_back(where + std::to_string(x.errors.size()) + of_all
                     + "failure");
  else if (x.answered < x.asked)
    errors.push_back(where + std::to_string(x.answered) + of_all + "success");
  for (const auto& [node, why] : x.errors)
    errors.push_back(node + ": " + why);
  if (!errors.empty())
    return failure(errors);
  return what == key_action::list ? list_of(x, datacenter) : empty();
}

} // namespace

void operator_keyring(exchange x) {
  auto wrong = objection(x.rq);
  gossip::change_keys message;
  message.what = action_of(x.rq.method);
  if (wrong.empty() && message.what != key_action::list) {
    const auto body = decode_json(x.rq.body, key_members);
    if (body)
      message.key = body->key;
    else
      wrong = "Request decode failed: " + body.error().context;
  }
  if (!wrong.empty())
    return x.respond(plain(400, "Bad request: " + wrong));
  const auto& facts = x.to.facts;
  if (!facts.server)
    return x.respond(
      plain(500, "keyring operations must run against a server node"));
  if (message.what != key_action::list) {
    auto key = base64_decode(message.key);
    if (!key)
      return x.respond(
        failure({facts.datacenter + " (LAN) error: " + key.error().context}));
    message.key = std::move(*key);
  }
  auto& to = x.to;
  message.to = to.then<gossip::key_answer>(
    [respond = std::move(x.respond), what = message.what,
     datacenter = facts.datacenter](const result<gossip::key_answer>& y) {
      respond(y ? shown(what, *y, datacenter) : failure({y.error().context}));
    });
  to.change_keys(std::move(message));
}

} // namespace praetor::http
