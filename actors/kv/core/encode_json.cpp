#include "actors/kv/core/encode_json.hpp"

#include "runtime/base/text.hpp"

#include <string>

namespace praetor::kv {

void write_entry(json_writer& out, std::string_view key, const entry& x,
                 bool with_value) {
  out.begin_object();
  out.key("LockIndex").number(x.lock_index);
  out.key("Key").string(key);
  out.key("Flags").number(x.flags);
  out.key("Value");
  if (with_value && !x.value.empty())
    out.raw('"' + base64_encode(x.value) + '"');
  else
    out.null();
  if (!x.session.empty())
    out.key("Session").string(x.session);
  out.key("CreateIndex").number(x.create_index);
  out.key("ModifyIndex").number(x.modify_index);
  out.end_object();
}

void write_session(json_writer& out, const session_row& x) {
  const auto release = x.behavior == session_behavior::release;
  out.begin_object();
  out.key("ID").string(x.id);
  out.key("Name").string(x.name);
  out.key("Node").string(x.node);
  out.key("LockDelay").number(std::int64_t{x.lock_delay.count()});
  out.key("Behavior").string(release ? "release" : "delete");
  out.key("TTL").string(x.ttl_text);
  out.key("NodeChecks").begin_array();
  for (const auto& id : x.node_checks)
    out.string(id);
  out.end_array();
  out.key("ServiceChecks");
  if (x.service_checks.empty()) {
    out.null();
  } else {
    out.begin_array();
    for (const auto& id : x.service_checks) {
      out.begin_object();
      out.key("ID").string(id);
      out.key("Namespace").string("");
      out.end_object();
    }
    out.end_array();
  }
  out.key("CreateIndex").number(x.create_index);
  out.key("ModifyIndex").number(x.modify_index);
  out.end_object();
}

} // namespace praetor::kv
