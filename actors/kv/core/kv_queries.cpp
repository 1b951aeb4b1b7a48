// What reads find: the queries of `kv_core`.

#include "actors/kv/core/encode_json.hpp"
#include "actors/kv/core/kv_core.hpp"
#include "actors/kv/core/transaction.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/json.hpp"

#include <utility>

namespace praetor::kv {

namespace {

answer not_found(log_index index) {
  static const auto empty = share({});
  return {index, false, empty};
}

/// Returns how many bytes of the key come before the end of the first separator
/// behind the prefix; 0 if there is none.
std::size_t cut(const std::string& key, const std::string& prefix,
                const std::string& separator) {
  if (separator.empty())
    return 0;
  const auto at = key.find(separator, prefix.size());
  return at == std::string::npos ? 0 : at + separator.size();
}

} // namespace

answer kv_core::evaluate(const query& q) const {
  switch (q.kind) {
    case query_kind::key: return find_key(q.name, false);
    case query_kind::key_raw: return find_key(q.name, true);
    case query_kind::prefix: return list_entries(q.name);
    case query_kind::keys: return list_keys(q.name, q.separator);
    case query_kind::session: {
      const auto id = session_id(q.name);
      return id && sessions_.find(*id) != nullptr ? list_sessions({*id})
                                                  : list_sessions({});
    }
    case query_kind::sessions_of_node:
      return list_sessions(sessions_.of_node(q.name));
    case query_kind::sessions: return list_sessions();
    case query_kind::session_ttls: return list_ttls();
    case query_kind::transaction: return run_reads(q);
  }
  return not_found(0);
}

std::vector<topic> kv_core::topics(const query& q) const {
  switch (q.kind) {
    case query_kind::key:
    case query_kind::key_raw: return {{"k/" + q.name, false}};
    case query_kind::prefix:
    case query_kind::keys: return {{"k/" + q.name, true}};
    case query_kind::session:
    case query_kind::sessions_of_node:
    case query_kind::sessions:
    case query_kind::session_ttls: return {{"s", false}};
    case query_kind::transaction: return {};
  }
  return {};
}

bool kv_core::cacheable(const query& q) {
  if (buggify("kv.keep_no_answer"))
    return false;
  switch (q.kind) {
    case query_kind::prefix:
    case query_kind::keys:
    case query_kind::sessions_of_node:
    case query_kind::sessions: return true;
    default: return false;
  }
}

answer kv_core::find_key(const std::string& key, bool raw) const {
  const auto* x = keys_.find(key);
  if (x == nullptr)
    return not_found(keys_.max_index());
  if (raw)
    return {x->modify_index, true, share(x->value)};
  constexpr std::size_t frame = 160;
  std::string body;
  body.reserve(frame + key.size() + x->value.size() * 4 / 3);
  json_writer json{body};
  json.begin_array();
  write_entry(json, key, *x);
  json.end_array();
  return {x->modify_index, true, share(std::move(body))};
}

answer kv_core::list_entries(const std::string& prefix) const {
  std::string body;
  auto any = false;
  json_writer json{body};
  json.begin_array();
  keys_.visit(prefix, [&json, &any](const std::string& key, const entry& x) {
    write_entry(json, key, x);
    any = true;
    return std::size_t{0};
  });
  json.end_array();
  if (!any)
    return not_found(index_below(prefix));
  return {index_below(prefix), true, share(std::move(body))};
}

answer kv_core::list_keys(const std::string& prefix,
                          const std::string& separator) const {
  std::string body;
  auto any = false;
  json_writer json{body};
  json.begin_array();
  keys_.visit(prefix, [&](const std::string& key, const entry&) {
    const auto size = cut(key, prefix, separator);
    json.string(std::string_view{key}.substr(0, size == 0 ? key.size() : size));
    any = true;
    return size;
  });
  json.end_array();
  if (!any && !prefix.empty())
    return not_found(index_below(prefix));
  return {index_below(prefix), true, share(std::move(body))};
}

/// A prefix below which nothing ever happened moves with the table, and so does
/// the empty one.
log_index kv_core::index_below(const std::string& prefix) const {
  const auto index = keys_.index_of(prefix);
  return index != 0 ? index : keys_.max_index();
}

answer kv_core::list_sessions(const std::vector<std::string>& ids) const {
  std::string body;
  json_writer json{body};
  json.begin_array();
  for (const auto& id : ids)
    write_session(json, *sessions_.find(id));
  json.end_array();
  return {sessions_.max_index(), true, share(std::move(body))};
}

answer kv_core::list_sessions() const {
  std::string body;
  json_writer json{body};
  json.begin_array();
  for (const auto& [id, x] : sessions_.all())
    write_session(json, x);
  json.end_array();
  return {sessions_.max_index(), true, share(std::move(body))};
}

answer kv_core::list_ttls() const {
  std::vector<std::pair<std::string, duration>> out;
  for (const auto& [id, x] : sessions_.all())
    if (x.ttl > duration{0})
      out.emplace_back(id, x.ttl);
  return {sessions_.max_index(), true, share(encode(out))};
}

/// Verbs that write see their own changes, which are then forgotten.
answer kv_core::run_reads(const query& q) const {
  key_changes changes;
  draft keys{keys_, changes};
  const auto outcome = run(q.operations, keys, {0, 0, sessions_, locks_});
  return {keys_.max_index(), true, share(encode(outcome))};
}

} // namespace praetor::kv
