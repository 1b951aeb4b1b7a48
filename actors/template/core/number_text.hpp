// Numbers as texts, the way Go's strconv reads and writes them. Pure.

#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::templates {

/// Writes a number as strconv.FormatFloat does: `verb` is one of e E f F g G b
/// x X, a negative precision asks for the fewest digits that read back equal.
/// `bits` is 32 or 64.
std::string format_real(double x, char verb, int precision, int bits = 64);

/// What `%v` prints.
inline std::string format_real(double x) {
  return format_real(x, 'g', -1);
}

/// Writes digits in base 2 to 16, lower case.
std::string format_natural(std::uint64_t x, unsigned base);

/// Why a text is no number.
enum class number_flaw : std::uint8_t { syntax, range };

struct parsed_integer {
  std::int64_t value = 0;
  std::optional<number_flaw> flaw;
};

struct parsed_natural {
  std::uint64_t value = 0;
  std::optional<number_flaw> flaw;
};

struct parsed_real {
  double value = 0;
  std::optional<number_flaw> flaw;
};

/// Base 10 takes digits only; base 0 also prefixes (0x 0o 0b 0) and `_`.
parsed_integer read_integer(std::string_view text, unsigned base);
parsed_natural read_natural(std::string_view text, unsigned base);
/// Decimal and hexadecimal, `inf`, `nan`, and `_` after a prefix.
parsed_real read_real(std::string_view text);

/// Go's text, e.g. `strconv.ParseInt: parsing "4x": invalid syntax`.
std::string flaw_text(std::string_view function, std::string_view text,
                      number_flaw flaw);

} // namespace praetor::templates
