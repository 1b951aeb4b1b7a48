#include "actors/agent/core/event_ring.hpp"

#include "runtime/base/codec.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <utility>

namespace praetor::agent {

namespace {

constexpr std::string_view name_prefix = "consul:event:";

constexpr std::uint8_t pool_event_version = 1;

/// Size of a msgpack string: a header of 1, 2 or 3 bytes. The outer message
/// is in the old format, which knows no header of two bytes.
std::size_t packed(std::size_t size, bool old_format) {
  if (size < 32)
    return size + 1;
  return size + (size < 256 && !old_format ? 2 : 3);
}

std::size_t packed_number(std::uint64_t x) {
  if (x < 128)
    return 1;
  if (x < 256)
    return 2;
  return x < 65536 ? 3 : 5;
}

/// The event as Consul's gossip carries it: {"ID","n","p","nf","sf","tf","v"},
/// empty ones left out.
std::size_t packed_size(const user_event& x) {
  const auto member = [](std::size_t key, const std::string& value) {
    return value.empty() ? 0 : 1 + key + packed(value.size(), false);
  };
  return 1 + member(2, x.id) + member(1, x.name) + member(1, x.payload)
         + member(2, x.node_filter) + member(2, x.service_filter)
         + member(2, x.tag_filter) + 3;
}

error too_large(const char* when) {
  return {errc::rejected,
          "1 error occurred:\n\t* error broadcasting event to segment \"\": "
          "user event exceeds configured limit of "
            + std::to_string(event_ring::bytes_max) + " bytes " + when
            + " encoding\n\n"};
}

status check_filter(const char* kind, const std::string& pattern,
                    const regex_search& search) {
  if (pattern.empty())
    return ok;
  const auto tried = search(pattern, "");
  if (tried)
    return ok;
  return error{errc::rejected, std::string{"Invalid "} + kind
                                 + " filter: " + tried.error().context};
}

bool matches(const regex_search& search, const std::string& pattern,
             const std::string& text) {
  const auto found = search(pattern, text);
  return found && *found;
}

bool means_service(const user_event& x, const catalog::service_row& service,
                   const regex_search& search) {
  if (!matches(search, x.service_filter, service.name))
    return false;
  if (x.tag_filter.empty())
    return true;
  for (const auto& tag : service.tags)
    if (matches(search, x.tag_filter, tag))
      return true;
  return false;
}

bool means_us(const user_event& x, const local_state& state,
              const regex_search& search) {
  if (!x.node_filter.empty()
      && !matches(search, x.node_filter, state.options().node))
    return false;
  if (x.service_filter.empty())
    return true;
  for (const auto& [id, service] : state.services())
    if (means_service(x, service.row, search))
      return true;
  return false;
}

} // namespace

result<user_event> event_ring::make(const fire_event& what,
                                    const regex_search& search,
                                    rng& random) const {
  if (what.service_filter.empty() && !what.tag_filter.empty())
    return error{errc::rejected,
                 "Cannot provide tag filter without service filter"};
  if (auto good = check_filter("node", what.node_filter, search); !good)
    return good.error();
  if (auto good = check_filter("service", what.service_filter, search); !good)
    return good.error();
  if (auto good = check_filter("tag", what.tag_filter, search); !good)
    return good.error();
  user_event out{make_uuid(random),
                 what.name,
                 what.payload,
                 what.node_filter,
                 what.service_filter,
                 what.tag_filter,
                 0};
  const auto name_size = name_prefix.size() + what.name.size();
  const auto size = packed_size(out);
  if (name_size + size > bytes_max)
    return too_large("before");
  // {"LTime","Name","Payload","CC"} with a leading type byte.
  const auto encoded = 1 + 1 + 6 + packed_number(clock_) + 5
                       + packed(name_size, true) + 8 + packed(size, true) + 4;
  if (encoded > bytes_max)
    return too_large("after");
  return out;
}

bool event_ring::receive(user_event event, const local_state& state,
                         const regex_search& search) {
  if (event.ltime == 0)
    event.ltime = clock_;
  clock_ = std::max(clock_, event.ltime) + 1;
  if (!means_us(event, state, search))
    return false;
  events_.push_back(std::move(event));
  if (events_.size() > events_max)
    events_.pop_front();
  return true;
}

std::uint64_t event_ring::index(const std::string& name) const {
  for (auto i = events_.rbegin(); i != events_.rend(); ++i)
    if (name.empty() || i->name == name)
      return index_of(i->id);
  return 1;
}

list_events::found event_ring::list(const std::string& name) const {
  std::string body = "[";
  for (const auto& x : events_) {
    if (!name.empty() && x.name != name)
      continue;
    if (body.size() > 1)
      body += ',';
    body += encode_event(x);
  }
  body += ']';
  return {index(name), share(std::move(body))};
}

std::string encode_for_pool(const user_event& x) {
  return encode(pool_event_version, x.id, x.payload, x.node_filter,
                x.service_filter, x.tag_filter);
}

result<user_event> decode_from_pool(const gossip::event_received& x) {
  user_event out;
  std::uint8_t version = 0;
  decoder in{x.payload};
  if (!x.name.starts_with(pool_event_prefix)
      || !in(version, out.id, out.payload, out.node_filter, out.service_filter,
             out.tag_filter)
      || !in.rest().empty() || version != pool_event_version
      || !is_uuid(out.id))
    return error{errc::corruption, "a user event does not decode"};
  out.name = x.name.substr(pool_event_prefix.size());
  out.ltime = x.ltime;
  return out;
}

std::string encode_event(const user_event& x) {
  std::string out;
  json_writer json{out};
  json.begin_object();
  json.key("ID").string(x.id);
  json.key("Name").string(x.name);
  json.key("Payload");
  if (x.payload.empty())
    json.null();
  else
    json.string(base64_encode(x.payload));
  json.key("NodeFilter").string(x.node_filter);
  json.key("ServiceFilter").string(x.service_filter);
  json.key("TagFilter").string(x.tag_filter);
  json.key("Version").number(1);
  json.key("LTime").number(x.ltime);
  json.end_object();
  return out;
}

std::uint64_t index_of(const std::string& uuid) {
  std::uint64_t halves[2] = {0, 0};
  auto digits = 0;
  for (const auto c : to_lower(uuid)) {
    if (c == '-' || digits == 32)
      continue;
    const auto value = c >= 'a' ? c - 'a' + 10 : c - '0';
    auto& half = halves[digits++ < 16 ? 0 : 1];
    half = half * 16 + static_cast<std::uint64_t>(value & 15);
  }
  return halves[0] ^ halves[1];
}

} // namespace praetor::agent
