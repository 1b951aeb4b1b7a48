#include "tests/sim/check/commands.hpp"

#include "runtime/base/codec.hpp"
#include "runtime/base/text.hpp"
#include "tests/sim/check/harness.hpp"

#include <rapidjson/document.h>

#include <utility>

namespace praetor::sim {

namespace {

using value = rapidjson::Value;

/// Whether a request that failed with this was certainly not appended.
bool nothing_was_done(errc code) {
  switch (code) {
    case errc::invalid_argument:
    case errc::not_leader:
    case errc::no_leader:
    case errc::overloaded:
    case errc::permission_denied: return true;
    default: return false;
  }
}

outcome failed(std::string why) {
  if (harness_mutant("H2")) {
    outcome x;
    x.kind = outcome_kind::ok;
    x.result.body = "true";
    x.answer.data.body = share("[]");
    return x;
  }
  return {outcome_kind::fail, {}, {}, std::move(why)};
}

std::string text_of(const error& e) {
  return std::string{to_string(e.code)} + ": " + e.context;
}

// -- reading JSON: nothing is taken for granted -------------------------------

const value* member(const value& x, const char* name) {
  if (!x.IsObject())
    return nullptr;
  const auto at = x.FindMember(name);
  return at == x.MemberEnd() ? nullptr : &at->value;
}

bool take(const value& x, const char* name, std::string& to) {
  const auto* m = member(x, name);
  if (m == nullptr || !m->IsString())
    return false;
  to.assign(m->GetString(), m->GetStringLength());
  return true;
}

bool take(const value& x, const char* name, std::uint64_t& to) {
  const auto* m = member(x, name);
  if (m == nullptr || !m->IsUint64())
    return false;
  to = m->GetUint64();
  return true;
}

bool take(const value& x, const char* name, std::int64_t& to) {
  const auto* m = member(x, name);
  if (m == nullptr || !m->IsInt64())
    return false;
  to = m->GetInt64();
  return true;
}

bool take_key(const value& x, key_view& to) {
  const auto* content = member(x, "Value");
  if (content == nullptr)
    return false;
  if (content->IsString()) {
    auto bytes = base64_decode(content->GetString());
    if (!bytes)
      return false;
    to.value = std::move(*bytes);
  }
  if (member(x, "Session") != nullptr && !take(x, "Session", to.session))
    return false;
  return take(x, "Key", to.key) && take(x, "Flags", to.flags)
         && take(x, "LockIndex", to.lock_index)
         && take(x, "CreateIndex", to.create_index)
         && take(x, "ModifyIndex", to.modify_index);
}

bool take_session(const value& x, session_view& to) {
  return take(x, "ID", to.id) && take(x, "Node", to.node)
         && take(x, "Behavior", to.behavior) && take(x, "TTL", to.ttl)
         && take(x, "CreateIndex", to.create_index);
}

bool take_check(const value& x, check_view& to) {
  return take(x, "Node", to.node) && take(x, "CheckID", to.id)
         && take(x, "Status", to.status) && take(x, "ServiceID", to.service_id);
}

bool take_instance(const value& x, instance_view& to) {
  const auto* node = member(x, "Node");
  const auto* service = member(x, "Service");
  const auto* checks = member(x, "Checks");
  if (node == nullptr || service == nullptr || checks == nullptr
      || !checks->IsArray() || !take(*node, "Node", to.node)
      || !take(*service, "ID", to.service_id)
      || !take(*service, "Port", to.port))
    return false;
  for (const auto& each : checks->GetArray()) {
    check_view check;
    if (!take_check(each, check))
      return false;
    to.checks[check.id] = check.status;
  }
  return true;
}

template <class T>
std::optional<std::vector<T>> parse_list(std::string_view json,
                                         bool (*take_one)(const value&, T&)) {
  rapidjson::Document all;
  all.Parse(json.data(), json.size());
  if (all.HasParseError() || !all.IsArray())
    return std::nullopt;
  std::vector<T> out;
  for (const auto& each : all.GetArray())
    if (!take_one(each, out.emplace_back()))
      return std::nullopt;
  return out;
}

bool take_name(const value& x, std::string& to) {
  if (!x.IsString())
    return false;
  to.assign(x.GetString(), x.GetStringLength());
  return true;
}

bool take_shown(std::string_view json, shown_row& to) {
  rapidjson::Document all;
  all.Parse(json.data(), json.size());
  if (all.HasParseError() || !all.IsObject() || all.MemberCount() != 1)
    return false;
  const auto& only = *all.MemberBegin();
  to.kind = only.name.GetString();
  const auto& row = only.value;
  std::string id;
  if (to.kind == "KV") {
    key_view key;
    if (!take_key(row, key))
      return false;
    to.name = key.key;
    to.value = key.value;
    to.modify_index = key.modify_index;
    return true;
  }
  if (to.kind == "Check") {
    if (!take(row, "Node", to.name) || !take(row, "CheckID", id)
        || !take(row, "Status", to.value))
      return false;
    to.name += "/" + id;
  } else if (to.kind == "Service") {
    if (!take(row, "ID", to.name))
      return false;
  } else if (to.kind != "Node" || !take(row, "Node", to.name)) {
    return false;
  }
  return take(row, "ModifyIndex", to.modify_index);
}

} // namespace

// -- outcomes -----------------------------------------------------------------

outcome unknown_outcome(std::string why) {
  const auto kind =
    harness_mutant("H1") ? outcome_kind::fail : outcome_kind::unknown;
  return {kind, {}, {}, std::move(why)};
}

outcome outcome_of(const result<command_result>& x) {
  if (!x)
    return nothing_was_done(x.error().code)
             ? failed(text_of(x.error()))
             : unknown_outcome(text_of(x.error()));
  // The command was sent before, too long ago to know what became of it.
  if (x->code == errc::timeout)
    return unknown_outcome(x->body);
  outcome out;
  out.kind = outcome_kind::ok;
  out.result = *x;
  return out;
}

outcome outcome_of(const result<owner::read_answer>& x) {
  if (!x)
    return failed(text_of(x.error()));
  outcome out;
  out.kind = outcome_kind::ok;
  out.answer = *x;
  return out;
}

outcome outcome_of(const result<std::monostate>& x) {
  if (!x)
    return nothing_was_done(x.error().code)
             ? failed(text_of(x.error()))
             : unknown_outcome(text_of(x.error()));
  outcome out;
  out.kind = outcome_kind::ok;
  return out;
}

const owner::read_options* options_of(const request& x) {
  if (const auto* keys = std::get_if<key_read>(&x))
    return &keys->options;
  if (const auto* rows = std::get_if<catalog_read>(&x))
    return &rows->options;
  return nullptr;
}

// -- rows ---------------------------------------------------------------------

std::optional<std::vector<key_view>> parse_keys(std::string_view json) {
  return parse_list<key_view>(json, take_key);
}

std::optional<std::vector<session_view>> parse_sessions(std::string_view json) {
  return parse_list<session_view>(json, take_session);
}

std::optional<std::vector<instance_view>> parse_health(std::string_view json) {
  return parse_list<instance_view>(json, take_instance);
}

std::optional<std::vector<check_view>> parse_checks(std::string_view json) {
  return parse_list<check_view>(json, take_check);
}

std::optional<std::vector<std::string>> parse_names(std::string_view json) {
  return parse_list<std::string>(json, take_name);
}

std::optional<transaction_view> parse_transaction(std::string_view encoded) {
  const auto raw = decode<kv::transaction_outcome>(encoded);
  if (!raw)
    return std::nullopt;
  transaction_view out;
  for (const auto& [position, json] : raw->results) {
    auto& row = out.results.emplace_back();
    row.position = position;
    if (!take_shown(json, row))
      return std::nullopt;
  }
  for (const auto& [position, why] : raw->errors)
    out.errors.push_back(position);
  return out;
}

} // namespace praetor::sim
