#include "actors/catalog/core/texts.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace praetor::catalog {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')
         || (c >= 'A' && c <= 'F');
}

// -- quoting ------------------------------------------------------------------

struct code_point {
  std::uint32_t value = 0;
  /// Zero: the bytes are not UTF-8.
  std::size_t bytes = 0;
};

code_point first_code_point(std::string_view s) {
  const auto lead = static_cast<unsigned char>(s.front());
  if (lead < 0x80)
    return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || s.size() < size)
    return {};
  auto value = static_cast<std::uint32_t>(lead & (0xFFU >> (size + 1)));
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(s[i]);
    if ((next & 0xC0U) != 0x80)
      return {};
    value = (value << 6U) | (next & 0x3FU);
  }
  static constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800,
                                                         0x10000};
  if (value < least[size] || value > 0x10FFFF
      || (value >= 0xD800 && value <= 0xDFFF))
    return {};
  return {value, size};
}

/// Controls, separators, marks of direction and private use. Go's list also
/// has what Unicode has not assigned; nobody will miss the escapes.
bool printable(std::uint32_t x) {
  struct range {
    std::uint32_t first;
    std::uint32_t last;
  };
  static constexpr std::array<range, 10> hidden = {{
    {0x00, 0x1F},
    {0x7F, 0xA0},
    {0xAD, 0xAD},
    {0x1680, 0x1680},
    {0x2000, 0x200F},
    {0x2028, 0x202F},
    {0x205F, 0x206F},
    {0x3000, 0x3000},
    {0xE000, 0xF8FF},
    {0xFEFF, 0xFEFF},
  }};
  return std::none_of(hidden.begin(), hidden.end(), [x](const range& r) {
    return x >= r.first && x <= r.last;
  });
}

void append_hex(std::string& out, std::uint32_t x, unsigned digits) {
  for (auto i = digits; i > 0; --i)
    out += hex_digits[(x >> (4 * (i - 1))) & 0xFU];
}

void append_hidden(std::string& out, std::uint32_t x) {
  static constexpr std::string_view short_codes = "\a\b\t\n\v\f\r";
  static constexpr std::string_view short_names = "abtnvfr";
  const auto found =
    x < 0x80 ? short_codes.find(static_cast<char>(x)) : std::string_view::npos;
  out += '\\';
  if (found != std::string_view::npos) {
    out += short_names[found];
  } else if (x < 0x20) {
    out += 'x';
    append_hex(out, x, 2);
  } else {
    out += 'u';
    append_hex(out, x, 4);
  }
}

/// In the words of Go's decoder.
error bad_hex(char c) {
  std::string text = "Bad node ID: encoding/hex: invalid byte: U+00";
  append_hex(text, static_cast<unsigned char>(c), 2);
  std::transform(text.end() - 2, text.end(), text.end() - 2, [](char digit) {
    return digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
  });
  if (static_cast<unsigned char>(c) >= 0x20 && c < 0x7F)
    text.append(" '").append(1, c).append("'");
  return rejected(text);
}

// -- services -----------------------------------------------------------------

/// Go's multierror: a count, then one line each, then an empty line.
status all_of(const std::vector<std::string>& texts) {
  if (texts.empty())
    return ok;
  auto out = std::to_string(texts.size())
             + (texts.size() == 1 ? " error" : " errors") + " occurred:\n";
  for (const auto& text : texts)
    out.append("\t* ").append(text).append("\n");
  return rejected(out + "\n");
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

status check_proxy(const service_row& x) {
  std::vector<std::string> texts;
  if (is_blank(x.proxy_destination))
    texts.emplace_back("Proxy.DestinationServiceName must be non-empty for "
                       "Connect proxy services");
  if (x.port == 0)
    texts.emplace_back("Port must be set for a Connect proxy");
  if (x.connect_native)
    texts.emplace_back("A Proxy cannot also be Connect Native, only typical "
                       "services");
  return all_of(texts);
}

status check_gateway(const service_row& x) {
  std::vector<std::string> texts;
  if (x.port == 0 && x.kind != "ingress-gateway")
    texts.push_back("Port must be non-zero for a " + x.kind);
  if (!x.proxy_destination.empty())
    texts.push_back("The Proxy.DestinationServiceName configuration is invalid "
                    "for a "
                    + x.kind);
  return all_of(texts);
}

bool is_any_address(std::string_view address) {
  return address == "0.0.0.0" || address == "::" || address == "[::]";
}

/// Returns what is wrong with a pair, or nothing.
std::string_view meta_problem(const service_row& x, std::string_view key,
                              std::string_view value) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  };
  if (key.empty())
    return "Key cannot be blank";
  if (!std::all_of(key.begin(), key.end(), allowed))
    return "Key contains invalid characters";
  if (key.size() > meta_key_bytes_max)
    return "Key is too long (limit: 128 characters)";
  const auto reserved =
    key.starts_with("consul-")
    && !(x.kind == "mesh-gateway" && key == "consul-wan-federation");
  if (reserved)
    return "Key prefix 'consul-' is reserved for internal use";
  if (value.size() > meta_value_bytes_max)
    return "Value is too long (limit: 512 characters)";
  return {};
}

} // namespace

error rejected(std::string text) {
  return {errc::rejected, std::move(text)};
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto [value, bytes] = first_code_point(text);
    if (bytes == 0) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text.front()), 2);
    } else if (value == '"' || value == '\\') {
      out += '\\';
      out += text.front();
    } else if (printable(value)) {
      out.append(text.substr(0, bytes));
    } else {
      append_hidden(out, value);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out + '"';
}

status check_node_id(std::string_view id) {
  if (id.empty())
    return ok;
  if (id.size() != 36)
    return rejected("Bad node ID: uuid string is wrong length");
  const auto is_dash = [](std::size_t at) {
    return at == 8 || at == 13 || at == 18 || at == 23;
  };
  for (std::size_t i = 0; i < id.size(); ++i)
    if (is_dash(i) && id[i] != '-')
      return rejected("Bad node ID: uuid is improperly formatted");
  for (std::size_t i = 0; i < id.size(); ++i)
    if (!is_dash(i) && !is_hex(id[i]))
      return bad_hex(id[i]);
  return ok;
}

status check_service(const service_row& x) {
  auto kind = status{ok};
  if (x.kind == "connect-proxy")
    kind = check_proxy(x);
  else if (x.kind.ends_with("-gateway"))
    kind = check_gateway(x);
  if (!kind)
    return kind;
  if (!x.id.empty() && x.name.empty())
    return rejected("Must provide service name with ID");
  if (is_any_address(x.address))
    return rejected("Invalid service address");
  return ok;
}

status check_service_meta(const service_row& x) {
  if (!x.meta)
    return ok;
  const auto refuse = [&x](const std::string& text) {
    return rejected("Invalid Service Meta for node " + x.node
                    + " and serviceID " + x.id + ": " + text);
  };
  if (x.meta->size() > meta_pairs_max)
    return refuse("Node metadata cannot contain more than 64 key/value pairs");
  for (const auto& [key, value] : *x.meta)
    if (const auto problem = meta_problem(x, key, value); !problem.empty())
      return refuse("Couldn't load metadata pair ('" + key + "', '" + value
                    + "'): " + std::string{problem});
  return ok;
}

status check_request(const register_node& x) {
  if (x.node.name.empty())
    return rejected("Must provide node");
  if (x.node.address.empty() && !x.skip_node_update)
    return rejected("Must provide address if SkipNodeUpdate is not set");
  if (auto id = check_node_id(x.node.id); !id)
    return id;
  return x.service ? check_service(*x.service) : status{ok};
}

} // namespace praetor::catalog
