#include "runtime/config/banner.hpp"

#include "runtime/config/version.hpp"

namespace praetor::config {

namespace {

constexpr std::size_t label_columns = 18;

std::string quoted(std::string_view text) {
  return std::string{"'"}.append(text).append("'");
}

std::string_view truth(bool x) {
  return x ? "true" : "false";
}

std::string line(std::string_view label, std::string_view text) {
  return std::string(label_columns - label.size(), ' ')
    .append(label)
    .append(": ")
    .append(text)
    .append("\n");
}

std::string clients(const settings& x) {
  std::string out = "[";
  for (const auto& address : x.network.clients)
    out.append(out.size() > 1 ? " " : "").append(address);
  const auto& ports = x.ports;
  return out + "] (HTTP: " + std::to_string(ports.http) + ", HTTPS: "
         + std::to_string(ports.https) + ", gRPC: " + std::to_string(ports.grpc)
         + ", DNS: " + std::to_string(ports.dns) + ")";
}

std::string encryption(const settings& x) {
  return std::string{"Gossip: "}
    .append(truth(!x.encrypt.empty()))
    .append(", TLS-Outgoing: ")
    .append(truth(x.tls.verify_outgoing))
    .append(", TLS-Incoming: ")
    .append(truth(x.tls.verify_incoming))
    .append(", Auto-Encrypt-TLS: false");
}

} // namespace

std::string banner(const settings& x, std::string_view node_id) {
  const auto segment = quoted(x.server ? "<all>" : "");
  const std::string bootstrap{truth(x.server && x.bootstrap)};
  std::string out = "==> Starting Consul agent...\n";
  out.append(line("Version", quoted(compatible_version)))
    .append(line("Node ID", quoted(node_id)))
    .append(line("Node name", quoted(x.node_name)))
    .append(
      line("Datacenter", quoted(x.datacenter) + " (Segment: " + segment + ")"))
    .append(line("Server", std::string{truth(x.server)}
                             + " (Bootstrap: " + bootstrap + ")"))
    .append(line("Client Addr", clients(x)))
    .append(line("Cluster Addr",
                 x.network.advertise_lan
                   + " (LAN: " + std::to_string(x.ports.serf_lan)
                   + ", WAN: " + std::to_string(x.ports.serf_wan) + ")"))
    .append(line("Encrypt", encryption(x)))
    .append("\n==> Log data will now stream in as it occurs:\n\n");
  return out;
}

} // namespace praetor::config
