#include "runtime/base/real_text.hpp"

#include "runtime/base/assert.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace praetor {

void append_real(double x, std::string& to) {
  const auto size = std::fabs(x);
  const auto plain = size == 0 || (size >= 1e-6 && size < 1e21);
  std::array<char, 64> buffer;
  const auto [end, code] = std::to_chars(
    buffer.data(), buffer.data() + buffer.size(), x,
    plain ? std::chars_format::fixed : std::chars_format::scientific);
  PRAETOR_ASSERT(code == std::errc{});
  std::string_view digits{buffer.data(),
                          static_cast<std::size_t>(end - buffer.data())};
  // Go writes e-7, not e-07.
  if (const auto at = digits.find("e-0"); at != std::string_view::npos) {
    to.append(digits.substr(0, at + 2));
    digits.remove_prefix(at + 3);
  }
  to.append(digits);
}

} // namespace praetor
