#include "actors/registrator/core/mapping.hpp"

#include "actors/registrator/core/metadata.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace praetor::registrator {

namespace {

constexpr std::string_view shared_network = "container:";

/// A port that may become a service.
struct candidate {
  std::uint16_t container_port = 0;
  std::string protocol;
  std::string host_ip;
  /// Digits; empty if it is not published.
  std::string host_port;
};

std::optional<std::uint16_t> port_number(std::string_view text) {
  const auto number = parse_uint(text);
  if (!number || *number == 0
      || *number > std::numeric_limits<std::uint16_t>::max())
    return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

bool is_any(std::string_view ip) {
  return ip.empty() || ip == "0.0.0.0" || ip == "::";
}

/// The first binding, but one for IPv4 before those for IPv6.
port_binding choose(const std::vector<port_binding>& from) {
  const auto v4 = std::ranges::find_if(from, [](const port_binding& x) {
    return x.host_ip.find(':') == x.host_ip.npos;
  });
  if (v4 != from.end())
    return *v4;
  return from.empty() ? port_binding{} : from.front();
}

std::string address_in(const network_address& x) {
  return x.ip.empty() ? x.ip6 : x.ip;
}

/// The container's own address, on `network` if it has one there.
std::string own_address(const container& x, const std::string& network) {
  for (const auto* name : {&network, &x.network_mode}) {
    const auto i = x.networks.find(*name);
    if (i != x.networks.end() && !address_in(i->second).empty())
      return address_in(i->second);
  }
  if (!x.ip.empty())
    return x.ip;
  for (const auto& [name, where] : x.networks)
    if (!address_in(where).empty())
      return address_in(where);
  return {};
}

/// Maps one container.
class mapper {
public:
  mapper(const subject& from, const options& how, const host_facts& host)
    : x_{from.self}, owner_{from.network_owner}, how_{how}, host_{host} {}

  mapped run() {
    if (unwanted() || !run_templates())
      return std::move(out_);
    auto ports = candidates();
    if (ports.empty())
      add_portless(ports);
    if (ports.empty())
      note("ignored: " + who() + " no published ports");
    std::erase_if(ports, [this](const candidate& p) { return hidden(p); });
    for (const auto& p : ports)
      add_service(p, ports.size() > 1);
    return std::move(out_);
  }

private:
  std::string who() const { return short_id(x_.id); }

  void note(std::string text) { out_.notes.push_back(std::move(text)); }

  bool unwanted() {
    for (const auto& pattern : how_.ignore)
      if (matches(pattern)) {
        note("ignored: " + who() + " matches " + pattern);
        return true;
      }
    return false;
  }

  bool matches(std::string_view pattern) const {
    constexpr std::string_view of_labels = "label:";
    if (!pattern.starts_with(of_labels))
      return matches_pattern(pattern, x_.image)
             || matches_pattern(pattern, x_.name);
    pattern.remove_prefix(of_labels.size());
    return std::ranges::any_of(x_.labels, [pattern](const auto& label) {
      return matches_pattern(pattern, label.first + "=" + label.second);
    });
  }

  /// Without the texts that were asked for there is no service. @returns
  /// whether they are there
  bool run_templates() {
    const auto run = [this](const char* option, const container_text& make,
                            std::string& to) {
      if (!make)
        return true;
      auto text = make(x_.document);
      if (text)
        to = std::move(*text);
      else
        note("warning: " + who() + " " + x_.name + ": " + option + ": "
             + text.error().context + "; it is ignored");
      return static_cast<bool>(text);
    };
    return run("-tags", how_.more_tags, more_tags_)
           && run("-name-from", how_.own_names, own_name_);
  }

  // -- ports ------------------------------------------------------------------

  std::vector<candidate> candidates() {
    // With the host's network nothing is published, and the port is the host's.
    std::map<std::string, port_binding> all;
    for (const auto& key : x_.exposed)
      all[key] = {"0.0.0.0", key.substr(0, key.find('/'))};
    for (const auto& [key, bindings] : x_.ports)
      all[key] = choose(bindings);
    std::vector<candidate> out;
    for (const auto& [key, binding] : all) {
      const auto slash = key.find('/');
      const auto number = port_number(key.substr(0, slash));
      if (!number) {
        note("ignored: " + who() + " port " + key + " is no port");
        continue;
      }
      out.push_back({*number, slash == key.npos ? "tcp" : key.substr(slash + 1),
                     binding.host_ip.empty() ? "0.0.0.0" : binding.host_ip,
                     binding.host_port});
    }
    std::ranges::sort(out, {}, [](const candidate& p) {
      return std::pair{p.container_port, p.protocol};
    });
    return out;
  }

  /// A container without ports may name one: SERVICE_PORT.
  void add_portless(std::vector<candidate>& to) {
    const auto text = metadata_of(x_, "", "tcp").get("port");
    if (text.empty())
      return;
    if (const auto number = port_number(text))
      to.push_back({*number, "tcp", "0.0.0.0", text});
    else
      note("ignored: " + who() + " " + x_.name + ": SERVICE_PORT \"" + text
           + "\" is no port");
  }

  bool hidden(const candidate& p) {
    if (!p.host_port.empty() || internal(meta_of(p)))
      return false;
    note("ignored: " + who() + " port " + std::to_string(p.container_port)
         + " not published on host");
    return true;
  }

  // -- services ---------------------------------------------------------------

  metadata meta_of(const candidate& p) const {
    return metadata_of(x_, std::to_string(p.container_port), p.protocol);
  }

  bool internal(const metadata& meta) const {
    return parse_bool(meta.get("internal")).value_or(how_.internal);
  }

  void add_service(const candidate& p, bool one_of_many) {
    const auto meta = meta_of(p);
    service out;
    out.name = name_of(p, meta, one_of_many);
    if (out.name.empty() || !meta.get("ignore").empty()) {
      note("ignored: " + who() + " service on port "
           + std::to_string(p.container_port));
      return;
    }
    out.port = internal(meta)
                 ? p.container_port
                 : port_number(p.host_port).value_or(p.container_port);
    out.ip = address_of(p, meta, out.name);
    if (out.ip.empty() && host_.forced) {
      note("ignored: " + who() + " service on port "
           + std::to_string(p.container_port) + ": -ip has no address yet");
      return;
    }
    out.id = id_of(p, meta);
    out.tags = tags_of(p, meta);
    out.attributes = meta.values;
    for (const auto* special : {"name", "id", "tags", "ignore"})
      out.attributes.erase(special);
    out.ttl = how_.ttl;
    out.container_id = x_.id;
    out.container_name = x_.name;
    out.container_hostname = x_.hostname;
    out.container_port = p.container_port;
    out_.services.push_back(std::move(out));
  }

  std::string preset_name() const {
    if (how_.own_names)
      return own_name_;
    switch (how_.name_from) {
      case name_source::container: return x_.name;
      case name_source::hostname: return x_.hostname;
      case name_source::image: break;
    }
    return image_name(x_.image);
  }

  std::string name_of(const candidate& p, const metadata& meta,
                      bool one_of_many) const {
    auto out = meta.get("name");
    if (out.empty() && how_.explicit_only)
      return {};
    if (out.empty())
      out = preset_name();
    const auto suffixed =
      how_.suffix == port_suffix::always
      || (how_.suffix == port_suffix::automatic && one_of_many);
    if (suffixed && !meta.own_name)
      out += "-" + std::to_string(p.container_port);
    return out;
  }

  std::string id_of(const candidate& p, const metadata& meta) const {
    if (auto own = meta.get("id"); !own.empty())
      return own;
    const auto& host = host_.hostname.empty() ? p.host_ip : host_.hostname;
    return host + ":" + x_.name + ":" + std::to_string(p.container_port)
           + (p.protocol == "udp" ? ":udp" : "");
  }

  std::vector<std::string> tags_of(const candidate& p,
                                   const metadata& meta) const {
    auto out = split_tags(meta.get("tags"));
    out.insert(out.end(), how_.tags.begin(), how_.tags.end());
    std::ranges::move(split_tags(more_tags_), std::back_inserter(out));
    if (p.protocol == "udp")
      out.emplace_back("udp");
    return out;
  }

  std::string host_address(const candidate& p) const {
    if (!how_.ip.empty())
      return how_.ip;
    if (host_.forced)
      return *host_.forced;
    if (is_any(p.host_ip) && !host_.address.empty())
      return host_.address;
    return p.host_ip;
  }

  std::string address_of(const candidate& p, const metadata& meta,
                         const std::string& name) {
    const auto asked = meta.get("network");
    auto out = internal(meta)
                 ? own_address(x_, asked.empty() ? how_.network : asked)
                 : host_address(p);
    if (!how_.ip_label.empty())
      out = labelled_address(out);
    if (const auto id = network_owner_of(x_); !id.empty()) {
      note(name
           + ": detected container NetworkMode, linked to: " + short_id(id));
      const auto theirs = own_address(owner_, how_.network);
      out = theirs.empty() ? out : theirs;
      note(name + ": using network container IP " + out);
    }
    const auto forced = meta.get("ip");
    return forced.empty() ? out : forced;
  }

  std::string labelled_address(std::string other) {
    const auto found = x_.labels.find(how_.ip_label);
    if (found == x_.labels.end() || found->second.empty()) {
      note("Label '" + how_.ip_label
           + "' not found in container configuration");
      return other;
    }
    auto out = found->second.substr(0, found->second.rfind('/'));
    note("using container IP " + out + " from label '" + how_.ip_label + "'");
    return out;
  }

  const container& x_;
  const container& owner_;
  const options& how_;
  const host_facts& host_;
  /// What the templates made.
  std::string more_tags_;
  std::string own_name_;
  mapped out_;
};

} // namespace

mapped map_container(const subject& from, const options& how,
                     const host_facts& host) {
  return mapper{from, how, host}.run();
}

std::string network_owner_of(const container& x) {
  return x.network_mode.starts_with(shared_network)
           ? x.network_mode.substr(shared_network.size())
           : "";
}

std::string image_name(std::string_view reference) {
  if (const auto slash = reference.rfind('/'); slash != reference.npos)
    reference.remove_prefix(slash + 1);
  return std::string{reference.substr(0, reference.find_first_of(":@"))};
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  // Where to go on if a mismatch comes: behind the last `*`.
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  std::size_t p = 0;
  std::size_t t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size()
               && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

} // namespace praetor::registrator
