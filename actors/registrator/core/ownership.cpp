#include "actors/registrator/core/ownership.hpp"

namespace praetor::registrator {

namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters =
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Docker's rule: a letter or digit, then at least one of these or `_.-`.
bool is_container_name(std::string_view text) {
  const auto plain = [](char c) {
    return digits.find(c) != digits.npos || letters.find(c) != letters.npos;
  };
  if (text.size() < 2 || !plain(text.front()))
    return false;
  for (const auto c : text)
    if (!plain(c) && c != '_' && c != '.' && c != '-')
      return false;
  return true;
}

} // namespace

std::optional<id_parts> parse_id(std::string_view id) {
  if (id.ends_with(":udp"))
    id.remove_suffix(4);
  const auto port = id.rfind(':');
  if (port == id.npos || port == 0 || port + 1 == id.size()
      || id.find_first_not_of(digits, port + 1) != id.npos)
    return std::nullopt;
  const auto name = id.rfind(':', port - 1);
  if (name == id.npos || name == 0)
    return std::nullopt;
  const auto container = id.substr(name + 1, port - name - 1);
  if (!is_container_name(container))
    return std::nullopt;
  return id_parts{std::string{id.substr(0, name)}, std::string{container}};
}

bool is_owned(const registered& x, const std::string& hostname) {
  if (hostname.empty())
    return false;
  const auto mark = x.meta.find(std::string{owner_key});
  if (mark != x.meta.end())
    return mark->second == hostname;
  if (!x.own_place)
    return x.marked;
  const auto parts = parse_id(x.id);
  return parts && parts->hostname == hostname;
}

} // namespace praetor::registrator
