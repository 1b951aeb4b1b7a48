#include "runtime/base/percent.hpp"

namespace praetor {

std::string percent_encode(std::string_view text, std::string_view kept) {
  static constexpr std::string_view plain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != plain.npos || kept.find(c) != kept.npos)
      out.push_back(c);
    else
      out.append({'%', digits[byte >> 4U], digits[byte & 15U]});
  }
  return out;
}

} // namespace praetor
