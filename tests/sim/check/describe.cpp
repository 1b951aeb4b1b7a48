// Requests and answers as short texts, for time-lines.

#include "tests/sim/check/commands.hpp"

#include <cstdio>
#include <type_traits>

namespace praetor::sim {

namespace {

/// Longer bodies are cut.
constexpr std::size_t body_shown_max = 160;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

const char* name_of(kv::verb x) {
  switch (x) {
    case kv::verb::set: return "set";
    case kv::verb::cas: return "cas";
    case kv::verb::lock: return "lock";
    case kv::verb::unlock: return "unlock";
    case kv::verb::get: return "get";
    case kv::verb::get_tree: return "get-tree";
    case kv::verb::check_index: return "check-index";
    case kv::verb::check_session: return "check-session";
    case kv::verb::check_not_exists: return "check-not-exists";
    case kv::verb::remove: return "delete";
    case kv::verb::remove_tree: return "delete-tree";
    case kv::verb::remove_cas: return "delete-cas";
  }
  return "?";
}

const char* name_of(catalog::verb x) {
  switch (x) {
    case catalog::verb::get: return "get";
    case catalog::verb::set: return "set";
    case catalog::verb::cas: return "cas";
    case catalog::verb::remove: return "delete";
    case catalog::verb::remove_cas: return "delete-cas";
  }
  return "?";
}

const char* name_of(consistency x) {
  switch (x) {
    case consistency::leader_default: return "";
    case consistency::stale: return " stale";
    case consistency::consistent: return " consistent";
  }
  return "?";
}

std::string short_id(const std::string& id) {
  return id.substr(0, 8);
}

std::string text_of(const kv::key_operation& x) {
  std::string out = name_of(x.what);
  out += " " + x.key;
  if (!x.value.empty())
    out += "=" + x.value;
  if (x.what == kv::verb::cas || x.what == kv::verb::remove_cas
      || x.what == kv::verb::check_index)
    out += " @" + std::to_string(x.index);
  if (!x.session.empty())
    out += " session " + short_id(x.session);
  return out;
}

std::string text_of(const catalog::operation& x) {
  std::string out = name_of(x.what);
  std::visit(overloaded{
               [&out](const catalog::node_row& r) { out += " node " + r.name; },
               [&out](const catalog::service_row& r) {
                 out += " service " + r.node + "/" + r.id;
               },
               [&out](const catalog::check_row& r) {
                 out += " check " + r.node + "/" + r.id + "=" + r.status;
               },
             },
             x.target);
  return out;
}

std::string text_of(const kv::transaction& x) {
  std::string out;
  for (const auto& each : x.operations)
    out += "; " + text_of(each.operation);
  return out;
}

std::string text_of(const catalog::transaction& x) {
  std::string out;
  for (const auto& each : x.operations)
    out += "; " + text_of(each);
  return out;
}

std::string text_of(const catalog::register_node& x) {
  auto out = "register " + x.node.name;
  if (x.service)
    out += " service " + x.service->id;
  for (const auto& check : x.checks)
    out += " check " + check.id + "=" + check.status;
  return out;
}

std::string text_of(const state::command& x) {
  const auto of_keys = overloaded{
    [](const kv::write_key& c) { return text_of(c.operation); },
    [](const kv::transaction& c) { return "txn" + text_of(c); },
    [](const kv::create_session& c) {
      return "create session " + short_id(c.session.id) + " on "
             + c.session.node;
    },
    [](const kv::destroy_session& c) {
      return "destroy session " + short_id(c.id);
    },
    [](const kv::end_sessions&) { return std::string{"end sessions"}; },
  };
  const auto of_catalog = overloaded{
    [](const catalog::register_node& c) { return text_of(c); },
    [](const catalog::deregister_node& c) {
      return "deregister " + c.node + " " + c.service_id + c.check_id;
    },
    [](const catalog::guard_session& c) { return "guard " + c.node; },
    [](const catalog::transaction& c) { return "txn" + text_of(c); },
    [](const catalog::set_autopilot&) { return std::string{"autopilot"}; },
    [](const catalog::update_coordinates&) {
      return std::string{"coordinates"};
    },
  };
  return std::visit(
    overloaded{
      [&of_keys](const kv::command& c) { return std::visit(of_keys, c); },
      [&of_catalog](const catalog::command& c) {
        return std::visit(of_catalog, c);
      },
      [](const state::mixed_transaction& c) {
        return "txn" + text_of(c.keys) + text_of(c.catalog);
      },
    },
    x);
}

std::string text_of(const owner::read_options& x) {
  std::string out = name_of(x.mode);
  if (x.min_index != 0)
    out += " above " + std::to_string(x.min_index) + " for " + describe(x.wait);
  return out;
}

std::string text_of(const kv::query& x) {
  using kind = kv::query_kind;
  switch (x.kind) {
    case kind::key:
    case kind::key_raw: return "get " + x.name;
    case kind::prefix: return "list " + x.name + "*";
    case kind::keys: return "keys " + x.name + "*";
    case kind::session: return "session " + short_id(x.name);
    case kind::sessions_of_node: return "sessions of " + x.name;
    case kind::sessions: return "sessions";
    case kind::session_ttls: return "ttls";
    case kind::transaction: return "txn" + text_of({x.operations});
  }
  return "?";
}

std::string text_of(const catalog::query& x) {
  return "catalog " + std::to_string(static_cast<int>(x.kind)) + " " + x.name
         + (x.passing ? " passing" : "");
}

/// Whether the bytes can be shown as they are.
std::string readable(const std::string& bytes) {
  std::string out;
  for (const auto c : bytes.substr(0, body_shown_max))
    out.push_back(c >= ' ' && c <= '~' ? c : '.');
  return bytes.size() > body_shown_max ? out + "..." : out;
}

} // namespace

std::string describe(const request& x) {
  return std::visit(
    overloaded{
      [](const write_request& r) { return text_of(r.command); },
      [](const key_read& r) { return text_of(r.query) + text_of(r.options); },
      [](const catalog_read& r) {
        return text_of(r.query) + text_of(r.options);
      },
      [](const renew_request& r) { return "renew " + short_id(r.session); },
    },
    x);
}

std::string describe(const operation& x) {
  switch (x.out.kind) {
    case outcome_kind::pending: return "no answer";
    case outcome_kind::fail: return "failed: " + x.out.why;
    case outcome_kind::unknown: return "unknown: " + x.out.why;
    case outcome_kind::ok: break;
  }
  if (std::holds_alternative<write_request>(x.what))
    return readable(x.out.result.body) + " @"
           + std::to_string(x.out.result.index);
  const auto& data = x.out.answer.data;
  if (!data.body)
    return "ok";
  return (data.found ? readable(*data.body) : "not found") + " @"
         + std::to_string(data.index);
}

std::string describe(moment x) {
  constexpr double per_second = 1e9;
  char text[32];
  std::snprintf(text, sizeof text, "%.3fs",
                static_cast<double>(x.count()) / per_second);
  return text;
}

} // namespace praetor::sim
