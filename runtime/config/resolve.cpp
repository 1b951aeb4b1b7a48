#include "runtime/config/resolve.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>

namespace praetor::config {

namespace {

error refuse(std::string text) {
  return error{errc::invalid_argument, std::move(text)};
}

constexpr std::string_view unix_prefix = "unix://";

std::vector<std::string> split_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  std::vector<std::string> out;
  for (auto at = text.find_first_not_of(blanks); at != std::string_view::npos;
       at = text.find_first_not_of(blanks, at)) {
    auto end = std::min(text.find_first_of(blanks, at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

/// Works on one configuration; `errors` collects what can wait.
class resolver {
public:
  resolver(settings& x, const environment& host, problems& found)
    : x_{x}, host_{host}, found_{found} {}

  status run() {
    identity();
    fold_legacy_acl();
    ports();
    if (auto done = bind(); !done)
      return done;
    if (auto done = advertise(); !done)
      return done;
    front_ends();
    between_nodes();
    if (auto done = recursors(); !done)
      return done;
    tagged_addresses();
    bootstrap();
    ui_path();
    return ok;
  }

private:
  // -- identity and legacy --------------------------------------------------

  void identity() {
    x_.datacenter = to_lower(x_.datacenter);
    x_.primary_datacenter = to_lower(x_.primary_datacenter);
    x_.node_id = to_lower(x_.node_id);
    if (x_.node_name.empty())
      x_.node_name = host_.hostname;
    auto words = x_.node_name.find_first_not_of(" \t\r\n");
    x_.node_name.erase(0, words);
    x_.node_name.erase(x_.node_name.find_last_not_of(" \t\r\n") + 1);
    if (!x_.domain.ends_with('.'))
      x_.domain.push_back('.');
    if (!x_.alt_domain.empty() && !x_.alt_domain.ends_with('.'))
      x_.alt_domain.push_back('.');
  }

  static void fold(std::string& to, const std::string& from) {
    if (to.empty())
      to = from;
  }

  void fold_legacy_acl() {
    const auto& old = x_.legacy_acl;
    auto& acl = x_.acl;
    if (!old.datacenter.empty()) {
      found_.warnings.emplace_back(
        "The 'acl_datacenter' field is deprecated. Use the "
        "'primary_datacenter' field instead.");
      acl.enabled = true;
      fold(x_.primary_datacenter, to_lower(old.datacenter));
    }
    fold(acl.tokens.default_token, old.token);
    fold(acl.tokens.agent, old.agent_token);
    fold(acl.tokens.agent_master, old.agent_master_token);
    fold(acl.tokens.master, old.master_token);
    fold(acl.tokens.replication, old.replication_token);
    const acl_settings unset;
    if (!old.default_policy.empty()
        && acl.default_policy == unset.default_policy)
      acl.default_policy = old.default_policy;
    if (!old.down_policy.empty() && acl.down_policy == unset.down_policy)
      acl.down_policy = old.down_policy;
    if (old.ttl != duration{} && acl.token_ttl == unset.token_ttl)
      acl.token_ttl = acl.policy_ttl = old.ttl;
    acl.enable_key_list_policy |= old.enable_key_list_policy;
    acl.enable_token_replication |= old.enable_replication;
    fold(x_.primary_datacenter, x_.datacenter);
  }

  void ports() {
    constexpr int port_max = 65535;
    auto check = [this](std::string_view name, int& port) {
      if (port <= 0)
        port = -1;
      else if (port > port_max)
        found_.errors.push_back("ports." + std::string{name}
                                + ": invalid port: " + std::to_string(port));
    };
    auto& p = x_.ports;
    check("dns", p.dns);
    check("http", p.http);
    check("https", p.https);
    check("server", p.server);
    check("grpc", p.grpc);
    check("grpc_tls", p.grpc_tls);
    check("serf_lan", p.serf_lan);
    check("serf_wan", p.serf_wan);
  }

  // -- addresses of a key ---------------------------------------------------

  /// Expands a key's templates into addresses; unix sockets keep their
  /// prefix. Nothing after a complaint.
  string_list expand(std::string_view key, const std::string& text) {
    auto expanded = expand_template(text, host_.interfaces);
    if (!expanded) {
      complain(key, ": " + expanded.error().context);
      return {};
    }
    auto words = split_blanks(*expanded);
    for (auto& word : words) {
      if (word == "[::]")
        word = "::";
      if (!word.starts_with(unix_prefix) && !is_ip(word)) {
        complain(key, ": invalid ip address: " + word);
        return {};
      }
    }
    return words;
  }

  /// Returns the one IP address of a key, or "".
  std::string expand_one(std::string_view key, const std::string& text) {
    auto words = expand(key, text);
    if (words.empty())
      return {};
    if (words.size() > 1)
      complain(key, ": multiple addresses found: " + text);
    else if (words.front().starts_with(unix_prefix))
      complain(key, " cannot be a unix socket");
    else
      return words.front();
    return {};
  }

  void complain(std::string_view key, std::string_view text) {
    found_.errors.push_back(std::string{key}.append(text));
  }

  static std::string or_else(std::string text, const std::string& other) {
    return text.empty() ? other : text;
  }

  // -- bind and advertise ---------------------------------------------------

  status bind() {
    auto words = expand("bind_addr", x_.bind_addr);
    if (words.empty())
      return refuse("bind_addr cannot be empty");
    if (words.size() > 1)
      return refuse("bind_addr cannot contain multiple addresses. Use "
                    "'addresses.{dns,http,https}' instead.");
    if (words.front().starts_with(unix_prefix))
      return refuse("bind_addr cannot be a unix socket");
    x_.network.bind = words.front();
    return ok;
  }

  status advertise() {
    if (is_any(x_.advertise_addr))
      return refuse("Advertise address cannot be 0.0.0.0, :: or [::]");
    if (is_any(x_.advertise_addr_wan))
      return refuse("Advertise WAN address cannot be 0.0.0.0, :: or [::]");
    auto lan = expand_one("advertise_addr", x_.advertise_addr);
    if (lan.empty())
      lan = x_.network.bind;
    if (is_any(lan)) {
      auto detected = detect(is_ipv4(lan));
      if (!detected)
        return detected.error();
      lan = *detected;
    }
    x_.network.advertise_lan = lan;
    x_.network.advertise_wan =
      or_else(expand_one("advertise_addr_wan", x_.advertise_addr_wan), lan);
    return ok;
  }

  /// Finds this host's only address that others can reach.
  result<std::string> detect(bool ipv4) const {
    const auto addresses =
      ipv4 ? private_ipv4(host_.interfaces) : public_ipv6(host_.interfaces);
    const std::string kind = ipv4 ? "private IPv4" : "public IPv6";
    if (addresses.empty())
      return refuse("No " + kind + " address found");
    if (addresses.size() > 1)
      return refuse("Multiple " + kind
                    + " addresses found. Please configure one with 'bind' "
                      "and/or 'advertise'.");
    return addresses.front();
  }

  void tagged_addresses() {
    auto& tagged = x_.tagged_addresses;
    const auto& network = x_.network;
    auto put = [this, &tagged](std::string_view pool, const std::string& main,
                               std::string ipv4, std::string ipv6) {
      std::string name{pool};
      std::string key = pool == "lan" ? "advertise_addr" : "advertise_addr_wan";
      ipv4 = expand_one(key + "_ipv4", ipv4);
      ipv6 = expand_one(key + "_ipv6", ipv6);
      tagged[name] = main;
      if (ipv4.empty() && is_ipv4(main))
        ipv4 = main;
      if (ipv6.empty() && is_ipv6(main))
        ipv6 = main;
      if (!ipv4.empty())
        tagged[name + "_ipv4"] = ipv4;
      if (!ipv6.empty())
        tagged[name + "_ipv6"] = ipv6;
    };
    put("lan", network.advertise_lan, x_.advertise_addr_ipv4,
        x_.advertise_addr_ipv6);
    put("wan", network.advertise_wan, x_.advertise_addr_wan_ipv4,
        x_.advertise_addr_wan_ipv6);
  }

  // -- listeners ------------------------------------------------------------

  std::vector<endpoint> listeners(std::string_view key, const std::string& own,
                                  int port) {
    std::vector<endpoint> out;
    if (port <= 0)
      return out;
    auto words = expand(key, own);
    for (const auto& word : words.empty() ? x_.network.clients : words) {
      if (word.starts_with(unix_prefix))
        out.push_back({word.substr(unix_prefix.size()), -1});
      else
        out.push_back({word, port});
    }
    return out;
  }

  void front_ends() {
    auto words = expand("client_addr", x_.client_addr);
    if (std::ranges::any_of(words, [](const std::string& word) {
          return word.starts_with(unix_prefix);
        })) {
      complain("client_addr", " cannot be a unix socket");
      words.clear();
    }
    auto& network = x_.network;
    network.clients = words;
    const auto& own = x_.addresses;
    network.dns = listeners("addresses.dns", own.dns, x_.ports.dns);
    network.http = listeners("addresses.http", own.http, x_.ports.http);
    network.https = listeners("addresses.https", own.https, x_.ports.https);
    network.grpc = listeners("addresses.grpc", own.grpc, x_.ports.grpc);
  }

  void between_nodes() {
    auto& network = x_.network;
    network.server = {network.bind, x_.ports.server};
    network.serf_lan = {
      or_else(expand_one("serf_lan", x_.serf_lan), network.bind),
      x_.ports.serf_lan};
    network.serf_wan = {
      or_else(expand_one("serf_wan", x_.serf_wan), network.bind),
      x_.ports.serf_wan};
    cidrs("serf_lan_allowed_cidrs", x_.serf_lan_allowed_cidrs);
    cidrs("serf_wan_allowed_cidrs", x_.serf_wan_allowed_cidrs);
    cidrs("allow_write_http_from", x_.http_config.allow_write_http_from);
  }

  void cidrs(std::string_view key, const string_list& list) {
    for (const auto& text : list)
      if (!is_cidr(text))
        complain(key, ": invalid cidr: " + text);
  }

  status recursors() {
    string_list unique;
    for (const auto& text : x_.recursors) {
      auto expanded = expand_template(text, host_.interfaces);
      if (!expanded)
        return refuse("Invalid DNS recursor template \"" + text
                      + "\": " + expanded.error().context);
      for (auto& word : split_blanks(*expanded)) {
        if (word.starts_with(unix_prefix))
          return refuse("DNS Recursors cannot be unix sockets: " + word);
        if (std::ranges::find(unique, word) == unique.end())
          unique.push_back(std::move(word));
      }
    }
    x_.recursors = std::move(unique);
    return ok;
  }

  // -- small forms ----------------------------------------------------------

  void bootstrap() {
    if (x_.bootstrap_expect != 1)
      return;
    x_.bootstrap = true;
    x_.bootstrap_expect = 0;
    found_.warnings.emplace_back(
      "BootstrapExpect is set to 1; this is the same as Bootstrap mode.");
  }

  void ui_path() {
    if (!x_.ui_content_path.starts_with('/'))
      x_.ui_content_path.insert(0, 1, '/');
    if (!x_.ui_content_path.ends_with('/'))
      x_.ui_content_path.push_back('/');
  }

  settings& x_;
  const environment& host_;
  problems& found_;
};

} // namespace

std::string to_string(const endpoint& x) {
  if (x.port < 0 && x.address.starts_with('/'))
    return std::string{unix_prefix} + x.address;
  auto host = is_ipv6(x.address) ? "[" + x.address + "]" : x.address;
  return host + ":" + std::to_string(x.port);
}

void apply_dev_defaults(settings& x) {
  using std::chrono::milliseconds;
  x.dev = true;
  x.server = true;
  x.bind_addr = "127.0.0.1";
  x.disable_anonymous_signature = true;
  x.disable_keyring_file = true;
  x.enable_debug = true;
  x.ui = true;
  x.log_level = "DEBUG";
  x.performance.raft_multiplier = 1;
  for (auto* pool : {&x.gossip_lan, &x.gossip_wan}) {
    pool->gossip_interval = milliseconds{100};
    pool->probe_interval = milliseconds{100};
    pool->probe_timeout = milliseconds{100};
    pool->suspicion_mult = 3;
  }
}

status resolve(settings& x, const environment& host, problems& found) {
  return resolver{x, host, found}.run();
}

std::string error_list(const std::vector<std::string>& errors) {
  auto out =
    std::to_string(errors.size())
    + (errors.size() == 1 ? " error occurred:\n" : " errors occurred:\n");
  for (const auto& text : errors)
    out.append("\t* ").append(text).append("\n");
  return out.append("\n");
}

} // namespace praetor::config
