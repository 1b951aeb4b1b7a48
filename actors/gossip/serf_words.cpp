#include "actors/gossip/serf_words.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <variant>

namespace praetor::gossip {

namespace {

constexpr auto agent = "agent";

/// Between two lines about what strangers send.
constexpr duration drop_pause = std::chrono::seconds{10};

std::string place(const endpoint& x) {
  const auto v6 = x.address.find(':') != std::string::npos;
  return (v6 ? "[" + x.address + "]" : x.address) + ":"
         + std::to_string(x.port);
}

const endpoint* sender_of(const input& x) {
  if (const auto* packet = std::get_if<packet_received>(&x))
    return &packet->from;
  if (const auto* frame = std::get_if<frame_received>(&x))
    return &frame->from;
  return nullptr;
}

} // namespace

serf_words::serf_words(const std::string& module, pool_kind pool)
  : module_{module + (pool == pool_kind::lan ? ".serf.lan" : ".serf.wan")},
    pool_{pool == pool_kind::lan ? "LAN" : "WAN"} {}

void serf_words::say(const member_event& x) const {
  using kind = member_event::kind;
  const auto who = x.facts->name + " " + x.facts->at.address;
  switch (x.what) {
    case kind::joined:
      return log::info(module_, "serf: EventMemberJoin: " + who);
    case kind::left:
      return log::info(module_, "serf: EventMemberLeave: " + who);
    case kind::failed:
      return log::info(module_, "serf: EventMemberFailed: " + who);
    case kind::updated:
      return log::info(module_, "serf: EventMemberUpdate: " + x.facts->name);
    case kind::reaped:
      return log::info(module_, "serf: EventMemberReap: " + x.facts->name);
    case kind::conflict:
      return log::error(module_,
                        "serf: Node name conflicts with another node "
                        "at "
                          + place(x.facts->at) + ". Names must be unique!",
                        {{"name", x.facts->name}});
  }
}

void serf_words::say_dropped(const input& x, const gossip_counters& before,
                             const gossip_counters& after, time_point now) {
  const auto* from = sender_of(x);
  if (from == nullptr || now < next_drop_)
    return;
  const auto* why = after.malformed > before.malformed ? "it does not decode"
                    : after.foreign > before.foreign
                      ? "it is of another cluster"
                    : after.refused > before.refused
                      ? "it tells of members that must not be in this pool"
                      : nullptr;
  if (why == nullptr)
    return;
  next_drop_ = now + drop_pause;
  log::warn(module_, "serf: refused what another node sent",
            {{"from", place(*from)}, {"error", why}});
}

// -- joining ------------------------------------------------------------------

void serf_words::say_joining(const std::vector<std::string>& addresses) const {
  std::string list;
  for (const auto& x : addresses)
    list += (list.empty() ? "" : " ") + x;
  log::info(
    agent, "(" + pool_ + ") joining",
    {{pool_ == "LAN" ? "lan_addresses" : "wan_addresses", "[" + list + "]"}});
}

void serf_words::say_joined(std::size_t joined,
                            const std::string& errors) const {
  const auto count = std::to_string(joined);
  if (joined > 0)
    log::info(agent, "(" + pool_ + ") joined", {{"number_of_nodes", count}});
  else
    log::warn(agent, "(" + pool_ + ") couldn't join",
              {{"number_of_nodes", count}, {"error", errors}});
}

void serf_words::say_unresolved(const std::string& address,
                                const std::string& why) const {
  log::warn(module_, "memberlist: Failed to resolve " + address + ": " + why);
}

void serf_words::say_retry_begins() const {
  log::info(agent, "Joining cluster...", {{"cluster", pool_}});
}

void serf_words::say_retry_later(duration interval) const {
  log::warn(
    agent, "Join cluster failed, will retry",
    {{"cluster", pool_}, {"retry_interval", format_duration(interval)}});
}

void serf_words::say_retry_succeeded(std::size_t joined) const {
  log::info(agent, "Join cluster completed. Synced with initial agents",
            {{"cluster", pool_}, {"num_agents", std::to_string(joined)}});
}

std::string serf_words::retries_exhausted() const {
  return "agent: max join " + pool_ + " retry exhausted, exiting";
}

// -- members of before a restart ----------------------------------------------

void serf_words::say_rejoining(
  const std::vector<stream_open>& opens,
  const std::optional<pool_snapshot>& before) const {
  if (!before)
    return;
  for (const auto& x : opens) {
    const auto old =
      std::find_if(before->members.begin(), before->members.end(),
                   [&x](const auto& m) { return m.at == x.to; });
    if (old != before->members.end())
      log::info(module_, "serf: Attempting re-join to previously known node: "
                           + old->name + ": " + place(old->at));
  }
}

void serf_words::say_rejoined(bool success) const {
  if (success)
    log::info(module_, "serf: Re-joined to previously known node");
  else
    log::warn(module_, "serf: Failed to re-join any previously known node");
}

// -- files --------------------------------------------------------------------

void serf_words::say_not_stored(const std::string& why) const {
  log::error(module_, "serf: Failed to store the snapshot of members",
             {{"error", why}});
}

void serf_words::say_keys_not_stored(const std::string& why) {
  log::error(agent, "Failed to store the gossip keys", {{"error", why}});
}

} // namespace praetor::gossip
