#include "api/http/sidecar_port.hpp"

#include "api/http/json_decode.hpp"

#include <set>
#include <string>

namespace praetor::http {

result<std::int64_t> choose_sidecar_port(std::string_view services,
                                         std::string_view sidecar_id) {
  const auto parsed = parse_json(services);
  if (!parsed || !parsed->IsObject())
    return error{errc::corruption, "this node's services are not a map"};
  std::set<std::int64_t> taken;
  for (const auto& entry : parsed->GetObject()) {
    if (!entry.value.IsObject())
      continue;
    const auto at = entry.value.FindMember("Port");
    if (at == entry.value.MemberEnd() || !at->value.IsInt64())
      continue;
    const auto port = at->value.GetInt64();
    if (sidecar_id
          == std::string_view{entry.name.GetString(),
                              entry.name.GetStringLength()}
        && port >= sidecar_port_min && port <= sidecar_port_max)
      return port;
    taken.insert(port);
  }
  for (auto port = sidecar_port_min; port <= sidecar_port_max; ++port)
    if (!taken.contains(port))
      return port;
  return error{errc::rejected, "none left in the configured range ["
                                 + std::to_string(sidecar_port_min) + ", "
                                 + std::to_string(sidecar_port_max) + "]"};
}

} // namespace praetor::http
