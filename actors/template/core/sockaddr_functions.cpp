// `sockaddr`: a small language of its own for the addresses of this machine.
//
//   GetPrivateIP
//   GetInterfaceIP "eth0"
//   GetAllInterfaces | include "type" "ipv4" | sort "address" | attr "address"
//
// Source: github.com/hashicorp/go-sockaddr, package template.

#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/ip_number.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <optional>

namespace praetor::templates {

namespace {

using addresses = std::vector<interface_address>;

constexpr std::size_t stages_max = 50;

std::optional<ip_number> number_of(const interface_address& x) {
  return parse_ip(x.address, x.prefix_bits);
}

/// Whether an address lies in a network such as "10.0.0.0/8".
bool in_network(const interface_address& x, std::string_view network) {
  const auto slash = std::min(network.find('/'), network.size());
  const auto length = network.substr(std::min(slash + 1, network.size()));
  constexpr std::uint64_t most = 128;
  const auto bits = std::min(parse_uint(length).value_or(most), most);
  const auto address = number_of(x);
  const auto around = parse_ip(std::string{network.substr(0, slash)},
                               static_cast<unsigned>(bits));
  return address && around && lies_in(*address, *around);
}

bool in_any(const interface_address& x,
            std::initializer_list<std::string_view> networks) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](std::string_view n) { return in_network(x, n); });
}

/// RFC 1918 and its successors.
bool is_private(const interface_address& x) {
  return in_any(x, {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                    "100.64.0.0/10", "fc00::/7"});
}

bool is_forwardable(const interface_address& x) {
  return !in_any(x,
                 {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
                  "240.0.0.0/4", "::1/128", "::/128", "fe80::/10", "ff00::/8"});
}

bool is_public(const interface_address& x) {
  return is_forwardable(x) && !is_private(x);
}

bool is_v4(const interface_address& x) {
  const auto number = number_of(x);
  return number && number->v4;
}

/// Stages of a pipeline: words, texts without their quotes.
using stage = std::vector<std::string>;

result<std::vector<stage>> parse_stages(std::string_view text) {
  std::vector<stage> out(1);
  while (!text.empty()) {
    const auto c = text[0];
    if (c == ' ' || c == '\t' || c == '\n') {
      text.remove_prefix(1);
    } else if (c == '|') {
      out.emplace_back();
      text.remove_prefix(1);
    } else if (c == '"' || c == '`') {
      auto end = text.find(c, 1);
      while (c == '"' && end != std::string_view::npos && text[end - 1] == '\\')
        end = text.find(c, end + 1);
      const auto word = end == std::string_view::npos
                          ? std::nullopt
                          : unquote(text.substr(0, end + 1));
      if (!word)
        return failure("unterminated quoted string");
      out.back().push_back(*word);
      text.remove_prefix(end + 1);
    } else {
      const auto end = std::min(text.find_first_of(" \t\n|"), text.size());
      out.back().emplace_back(text.substr(0, end));
      text.remove_prefix(end);
    }
  }
  if (out.size() > stages_max)
    return failure("pipeline is too long");
  return out;
}

std::string attribute(const interface_address& x, const std::string& name) {
  if (name == "name")
    return x.interface_name;
  const auto number = number_of(x);
  return number ? ip_attribute(*number, name) : std::string{};
}

status calculate(addresses& all, const std::string& operation,
                 const std::string& value) {
  for (auto& x : all) {
    const auto number = number_of(x);
    if (!number)
      continue;
    const auto moved = ip_math(*number, operation, value);
    if (!moved)
      return moved.error();
    x.address = ip_text(*moved);
    x.prefix_bits = mask_bits(*moved);
  }
  return ok;
}

bool has_flag(const interface_address& x, const std::string& flags) {
  for (const auto& flag : split_text(flags, "|")) {
    const bool has = flag == "up"            ? x.up
                     : flag == "down"        ? !x.up
                     : flag == "loopback"    ? x.loopback
                     : flag == "forwardable" ? is_forwardable(x)
                                             : false;
    if (!has)
      return false;
  }
  return true;
}

result<bool> selects(const interface_address& x, const std::string& by,
                     const std::string& argument) {
  if (by == "type") {
    const auto wanted = lower_case(argument);
    return wanted == "ip" || (wanted == "ipv4" && is_v4(x))
           || (wanted == "ipv6" && !is_v4(x));
  }
  if (by == "name" || by == "address") {
    const auto pattern = compile_regex(argument);
    if (!pattern)
      return pattern.error();
    return RE2::PartialMatch(by == "name" ? x.interface_name : x.address,
                             **pattern);
  }
  if (by == "flag" || by == "flags")
    return has_flag(x, argument);
  if (by == "network")
    return in_network(x, argument);
  if (by == "size")
    return attribute(x, "mask_bits") == argument;
  if (by == "rfc")
    return argument == "1918" || argument == "6890" ? is_private(x) : false;
  return failure("invalid selector: " + quote(by));
}

std::string joined(const addresses& all, const std::string& name,
                   const std::string& separator) {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i)
    out += (i == 0 ? "" : separator) + attribute(all[i], name);
  return out;
}

ip_bits bits_of(const interface_address& x) {
  const auto number = number_of(x);
  return number ? number->bits : ip_bits{};
}

/// Below 0: `a` comes first by that key, above: `b` does.
int compare_by(const interface_address& a, const interface_address& b,
               const std::string& key) {
  const auto order = [](const auto& x, const auto& y) {
    return static_cast<int>(y < x) - static_cast<int>(x < y);
  };
  if (key == "address")
    return order(bits_of(a), bits_of(b));
  if (key == "size")
    return order(a.prefix_bits, b.prefix_bits);
  if (key == "default")
    return order(b.default_route, a.default_route);
  if (key == "private")
    return order(is_private(b), is_private(a));
  return order(attribute(a, key), attribute(b, key));
}

/// What a pipeline has come to: addresses, or a text at its end.
struct state {
  addresses all;
  std::string text;
  bool is_text = false;
};

addresses private_addresses(host& machine) {
  addresses out;
  for (auto& x : machine.addresses())
    if (x.up && x.default_route && is_private(x) && is_forwardable(x))
      out.push_back(std::move(x));
  return out;
}

addresses public_addresses(host& machine) {
  addresses out;
  for (auto& x : machine.addresses())
    if (x.up && is_public(x))
      out.push_back(std::move(x));
  return out;
}

void keep_v4_if_any(addresses& all) {
  std::stable_partition(all.begin(), all.end(), is_v4);
}

/// The functions that start a pipeline.
result<state> source(host& machine, const stage& words) {
  const auto& name = words[0];
  state out;
  const auto text = [&out](std::string x) {
    out.text = std::move(x);
    out.is_text = true;
  };
  if (name == "GetAllInterfaces") {
    out.all = machine.addresses();
  } else if (name == "GetDefaultInterfaces") {
    out.all = machine.addresses();
    std::erase_if(out.all, [](const auto& x) { return !x.default_route; });
  } else if (name == "GetPrivateInterfaces" || name == "GetPrivateIPs"
             || name == "GetPrivateIP") {
    out.all = private_addresses(machine);
    keep_v4_if_any(out.all);
    if (name == "GetPrivateIPs")
      text(joined(out.all, "address", " "));
    if (name == "GetPrivateIP")
      text(out.all.empty() ? "" : out.all[0].address);
  } else if (name == "GetPublicInterfaces" || name == "GetPublicIPs"
             || name == "GetPublicIP") {
    out.all = public_addresses(machine);
    keep_v4_if_any(out.all);
    if (name == "GetPublicIPs")
      text(joined(out.all, "address", " "));
    if (name == "GetPublicIP")
      text(out.all.empty() ? "" : out.all[0].address);
  } else if ((name == "GetInterfaceIP" || name == "GetInterfaceIPs")
             && words.size() == 2) {
    for (auto& x : machine.addresses())
      if (x.interface_name == words[1])
        out.all.push_back(std::move(x));
    keep_v4_if_any(out.all);
    text(name == "GetInterfaceIPs" ? joined(out.all, "address", " ")
         : out.all.empty()         ? ""
                                   : out.all[0].address);
  } else {
    return failure("function " + quote(name) + " not defined");
  }
  return out;
}

status select(addresses& all, const std::string& name, const std::string& by,
              const std::string& argument) {
  addresses kept;
  for (auto& x : all) {
    const auto found = selects(x, by, argument);
    if (!found)
      return found.error();
    if (*found == (name == "include"))
      kept.push_back(std::move(x));
  }
  all = std::move(kept);
  return ok;
}

/// @param order "address", "+size" or, downwards, "-name"; several with commas
void sort_by(addresses& all, const std::string& order) {
  const auto keys = split_text(order, ",");
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    for (const auto& key : keys) {
      const bool down = key.starts_with('-');
      const auto name = key.substr(down || key.starts_with('+') ? 1 : 0);
      if (const auto found = compare_by(a, b, name); found != 0)
        return down ? found > 0 : found < 0;
    }
    return false;
  });
}

void cut(addresses& all, bool limit, const std::string& count) {
  const auto n = static_cast<std::size_t>(
    std::min<std::uint64_t>(parse_uint(count).value_or(0), all.size()));
  const auto edge = all.begin() + static_cast<std::ptrdiff_t>(n);
  all = limit ? addresses{all.begin(), edge} : addresses{edge, all.end()};
}

void keep_unique(addresses& all, const std::string& key) {
  const auto same = [&key](const auto& a, const auto& b) {
    return attribute(a, key) == attribute(b, key);
  };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
}

status apply(state& at, const stage& words) {
  const auto& name = words[0];
  const auto argument = [&words](std::size_t i) {
    return i < words.size() ? words[i] : "";
  };
  if (at.is_text)
    return failure("cannot apply " + quote(name) + " to a text");
  if (name == "include" || name == "exclude")
    return select(at.all, name, argument(1), argument(2));
  if (name == "math")
    return calculate(at.all, lower_case(argument(1)), argument(2));
  if (name == "sort") {
    sort_by(at.all, argument(1));
  } else if (name == "limit" || name == "offset") {
    cut(at.all, name == "limit", argument(1));
  } else if (name == "unique") {
    keep_unique(at.all, argument(1));
  } else if (name == "attr" || name == "join") {
    at.is_text = true;
    at.text = name == "join"   ? joined(at.all, argument(1), argument(2))
              : at.all.empty() ? ""
                               : attribute(at.all[0], argument(1));
  } else {
    return failure("function " + quote(name) + " not defined");
  }
  return ok;
}

result<value> sockaddr(const call& c) {
  std::string text;
  for (const auto& x : c.arguments)
    text += (text.empty() ? "" : " ") + x.as_text();
  const auto stages = parse_stages(text);
  if (!stages)
    return failure("unable to parse sockaddr: " + stages.error().context);
  if (stages->front().empty())
    return value::text("");
  auto at = source(c.env.machine(), stages->front());
  if (!at)
    return failure("unable to parse sockaddr: " + at.error().context);
  for (std::size_t i = 1; i < stages->size(); ++i) {
    const auto& words = (*stages)[i];
    const auto done =
      words.empty() ? status{failure("missing command")} : apply(*at, words);
    if (!done)
      return failure("unable to parse sockaddr: " + done.error().context);
  }
  return value::text(at->is_text ? at->text
                                 : "[" + joined(at->all, "string", " ") + "]");
}

constexpr function_row rows[] = {
  {"sockaddr", "func(...string) (string, error)", sockaddr},
};

} // namespace

std::span<const function_row> sockaddr_rows() {
  return rows;
}

} // namespace praetor::templates
