#include "actors/gossip/core/types.hpp"

namespace praetor::gossip {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  auto z = a + 0x9E3779B97F4A7C15ULL * (b + 1);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t x = 0xCBF29CE484222325ULL;
  for (const auto c : bytes)
    x = (x ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return mix(x, bytes.size());
}

member_key key_of(std::string_view name) {
  const auto hash = hash_of(name) >> 8U;
  return {hash == 0 ? 1 : hash};
}

std::string_view to_string(member_status x) {
  switch (x) {
    case member_status::alive: return "alive";
    case member_status::leaving: return "leaving";
    case member_status::left: return "left";
    case member_status::failed: return "failed";
  }
  return "none";
}

member_status member::status() const {
  switch (state) {
    case member_state::dead: return member_status::failed;
    case member_state::left: return member_status::left;
    default: return leaving ? member_status::leaving : member_status::alive;
  }
}

} // namespace praetor::gossip
