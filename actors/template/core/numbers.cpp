// Constants of the template language: one text, several numbers.

#include "actors/template/core/number_text.hpp"
#include "actors/template/core/parser.hpp"
#include "actors/template/core/quoting.hpp"

#include <cmath>

namespace praetor::templates {

namespace {

error flaw(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

/// A real number that is whole is also an integer.
void add_integers(number& x, double real) {
  if (real != std::trunc(real))
    return;
  if (!x.integer && real >= -0x1p63 && real < 0x1p63)
    x.integer = static_cast<std::int64_t>(real);
  if (!x.natural && real >= 0 && real < 0x1p64)
    x.natural = static_cast<std::uint64_t>(real);
}

number of_complex(std::complex<double> c) {
  number out;
  out.complex = c;
  if (c.imag() == 0) {
    out.real = c.real();
    add_integers(out, c.real());
  }
  return out;
}

result<number> parse_character(std::string_view text) {
  auto rest = text.substr(1);
  const auto rune = unquote_rune(rest, '\'');
  if (!rune)
    return flaw("invalid syntax");
  if (rest != "'")
    return flaw("malformed character constant: " + std::string{text});
  number out;
  out.integer = static_cast<std::int64_t>(*rune);
  out.natural = static_cast<std::uint64_t>(*rune);
  out.real = static_cast<double>(*rune);
  return out;
}

/// Where the imaginary part of "1+2i" starts; 0 if there is no real part.
std::size_t imaginary_start(std::string_view text) {
  for (auto i = text.size(); i-- > 1;) {
    const auto before = static_cast<char>(text[i - 1] | 0x20);
    if ((text[i] == '+' || text[i] == '-') && before != 'e' && before != 'p')
      return i;
  }
  return 0;
}

result<number> parse_imaginary(std::string_view text) {
  const auto split = imaginary_start(text);
  const auto imaginary = read_real(text.substr(split, text.size() - split - 1));
  const auto real =
    split == 0 ? parsed_real{} : read_real(text.substr(0, split));
  if (imaginary.flaw || real.flaw)
    return flaw("illegal number syntax: " + quote(text));
  return of_complex({real.value, imaginary.value});
}

} // namespace

result<number> parse_number(std::string_view text) {
  if (text.starts_with('\''))
    return parse_character(text);
  if (text.ends_with('i'))
    return parse_imaginary(text);
  number out;
  if (const auto x = read_natural(text, 0); !x.flaw)
    out.natural = x.value;
  if (const auto x = read_integer(text, 0); !x.flaw) {
    out.integer = x.value;
    if (x.value == 0)
      out.natural = 0; // "-0"
  }
  if (out.integer) {
    out.real = static_cast<double>(*out.integer);
  } else if (out.natural) {
    out.real = static_cast<double>(*out.natural);
  } else if (const auto x = read_real(text); !x.flaw) {
    // Without any of these it is an integer that does not fit.
    if (text.find_first_of(".eEpP") == std::string_view::npos)
      return flaw("integer overflow: " + quote(text));
    out.real = x.value;
    add_integers(out, x.value);
  }
  if (!out.real)
    return flaw("illegal number syntax: " + quote(text));
  return out;
}

} // namespace praetor::templates
