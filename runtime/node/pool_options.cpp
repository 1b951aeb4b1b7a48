#include "runtime/node/pool_options.hpp"

#include "runtime/base/log.hpp"
#include "runtime/node/cidr.hpp"
#include "runtime/node/facts.hpp"

#include <utility>

namespace praetor::node {

namespace {

constexpr auto module_name = "agent";

std::string data_dir_of(const config::settings& x) {
  return x.dev ? std::string{} : x.data_dir;
}

gossip::member_facts facts_of(const config::settings& x,
                              const std::string& node_id,
                              const std::string& cluster_id) {
  const auto lan = lan_member(x, node_id);
  gossip::member_facts out;
  out.name = lan.name;
  out.node_id = node_id;
  out.at = {lan.address, lan.port};
  out.cluster_id = cluster_id;
  out.datacenter = x.datacenter;
  out.segment = x.segment;
  out.tags = lan.tags;
  return out;
}

result<gossip::key_choice> keys_of(const config::settings& x,
                                   const gossip::pool_files& files) {
  return gossip::choose_keys(
    x.disable_keyring_file ? std::string{} : files.keyring, x.encrypt);
}

} // namespace

result<gossip::gossip_options> pool_options(const config::settings& x,
                                            const std::string& node_id,
                                            const std::string& cluster_id) {
  gossip::gossip_options out;
  out.core.self = facts_of(x, node_id, cluster_id);
  out.core.probe_interval = x.gossip_lan.probe_interval;
  out.core.probe_timeout = x.gossip_lan.probe_timeout;
  out.core.gossip_interval = x.gossip_lan.gossip_interval;
  out.core.gossip_nodes = static_cast<std::size_t>(x.gossip_lan.gossip_nodes);
  out.core.retransmit_mult = x.gossip_lan.retransmit_mult;
  out.core.suspicion_mult = x.gossip_lan.suspicion_mult;
  out.core.rejoin_after_leave = x.rejoin_after_leave;
  auto files = gossip::make_pool_files(data_dir_of(x), "local");
  if (!files)
    return files.error();
  out.files = std::move(*files);
  const auto keys = keys_of(x, out.files);
  if (!keys)
    return keys.error();
  out.encrypted = !keys->keys.empty();
  auto before = gossip::read_snapshot(out.files.snapshot);
  if (before)
    out.before = std::move(*before);
  else
    log::error(module_name, "the list of earlier members cannot be used",
               {{"error", before.error().context}});
  out.start_join = x.start_join;
  out.retry_join = x.retry_join;
  out.retry_interval = x.retry_interval;
  out.retry_max = x.retry_max;
  return out;
}

result<std::shared_ptr<net::gossip_link>> open_pool(boost::asio::io_context& io,
                                                    const config::settings& x,
                                                    std::uint64_t seed) {
  auto files = gossip::make_pool_files(data_dir_of(x), "local");
  if (!files)
    return files.error();
  auto keys = keys_of(x, *files);
  if (!keys)
    return keys.error();
  if (keys->differs)
    log::warn(module_name, "LAN keyring exists but -encrypt given, using "
                           "keyring");
  net::gossip_place place;
  place.bind = {x.network.serf_lan.address,
                static_cast<std::uint16_t>(x.network.serf_lan.port)};
  place.default_port = static_cast<std::uint16_t>(x.ports.serf_lan);
  place.label = x.datacenter + " lan";
  place.keys = std::move(keys->keys);
  place.sender = seed;
  place.verify_incoming = x.encrypt_verify_incoming;
  place.verify_outgoing = x.encrypt_verify_outgoing;
  place.module =
    x.server ? "agent.server.memberlist.lan" : "agent.client.memberlist.lan";
  if (!x.serf_lan_allowed_cidrs.empty())
    place.allowed = [networks =
                       x.serf_lan_allowed_cidrs](std::string_view address) {
      return in_any_network(address, networks);
    };
  return net::make_gossip_link(io, std::move(place));
}

} // namespace praetor::node
