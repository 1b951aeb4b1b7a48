#include "actors/template/core/function.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/printer.hpp"
#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>
#include <utility>

namespace praetor::templates {

namespace {

/// Deeper values are cut: only a template that builds them on purpose has any.
constexpr int print_depth_max = 100;

/// Go shows where a pointer points to; we have no such number to show.
constexpr std::string_view pointer_text = "0xc000010000";

bool is_bytes(const value& x) {
  return x.what() == kind::list
         && x.as_list().what->element->what == kind::uint8;
}

std::string bytes_of(const value& x) {
  std::string out;
  for (const auto& item : x.as_list().items)
    out.push_back(static_cast<char>(item.as_natural()));
  return out;
}

std::string hex_of(std::string_view bytes, const flags& f, bool upper) {
  if (f.precision && static_cast<std::size_t>(*f.precision) < bytes.size())
    bytes = bytes.substr(0, static_cast<std::size_t>(*f.precision));
  const std::string_view digits =
    upper ? "0123456789ABCDEF" : "0123456789abcdef";
  const std::string_view prefix = !f.sharp ? "" : upper ? "0X" : "0x";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && f.space)
      out += ' ';
    if (i == 0 || f.space)
      out += prefix;
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out += digits[byte >> 4U];
    out += digits[byte & 0xFU];
  }
  return out;
}

} // namespace

void printer::print(const value& x, char32_t verb) {
  if (!x.valid()) {
    if (verb == 'T' || verb == 'v')
      return pad("<nil>");
    return bad_verb(verb, x);
  }
  if (verb == 'T')
    return print_text(type_name(x), 's', x);
  if (!print_display(x, verb))
    print_value(x, verb, 0);
}

/// Prints what `String()` or `Error()` returns, if the type has one of them.
bool printer::print_display(const value& x, char32_t verb) {
  if (erroring_ || flags_.sharp_v)
    return false;
  const auto end = indirect(x).end;
  if (end.what() != kind::record || end.as_record().what->display == nullptr)
    return false;
  constexpr std::u32string_view verbs = U"vsxXq";
  if (verbs.find(verb) == std::u32string_view::npos)
    return false;
  print_text(end.as_record().what->display(end.as_record()), verb, x);
  return true;
}

void printer::print_value(const value& x, char32_t verb, int depth) {
  if (full())
    return;
  if (depth > print_depth_max) {
    out_ += "...";
    return;
  }
  if (depth > 0 && print_display(x, verb))
    return;
  switch (x.what()) {
    case kind::invalid: out_ += "<nil>"; break;
    case kind::list: print_list(x, verb, depth); break;
    case kind::map: print_map(x, verb, depth); break;
    case kind::record: print_record(x, verb, depth); break;
    case kind::pointer:
    case kind::function:
    case kind::channel: print_pointer(x, verb, depth); break;
    default: print_scalar(x, verb); break;
  }
}

void printer::print_scalar(const value& x, char32_t verb) {
  switch (x.what()) {
    case kind::boolean:
      if (verb != 't' && verb != 'v')
        return bad_verb(verb, x);
      return pad(x.as_boolean() ? "true" : "false");
    case kind::text: return print_text(x.as_text(), verb, x);
    case kind::float32: return print_real(x.as_real(), verb, 32, x);
    case kind::float64: return print_real(x.as_real(), verb, 64, x);
    case kind::complex128: return print_complex(x.as_complex(), verb, x);
    default: break;
  }
  if (is_unsigned(x.what()))
    return print_integer(x.as_natural(), false, false, verb, x);
  const auto number = x.as_integer();
  const auto bits = static_cast<std::uint64_t>(number);
  print_integer(number < 0 ? 0 - bits : bits, number < 0, true, verb, x);
}

void printer::print_integer(std::uint64_t magnitude, bool negative,
                            bool is_signed_kind, char32_t verb,
                            const value& x) {
  switch (verb) {
    case 'v':
      if (flags_.sharp_v && !is_signed_kind) {
        const auto before = std::exchange(flags_.sharp, true);
        print_digits(magnitude, negative, 16, 'v');
        flags_.sharp = before;
        return;
      }
      [[fallthrough]];
    case 'd': return print_digits(magnitude, negative, 10, verb);
    case 'b': return print_digits(magnitude, negative, 2, verb);
    case 'o':
    case 'O': return print_digits(magnitude, negative, 8, verb);
    case 'x':
    case 'X': return print_digits(magnitude, negative, 16, verb);
    case 'c':
    case 'q':
    case 'U': return print_rune(negative ? UINT64_MAX : magnitude, verb);
    default: return bad_verb(verb, x);
  }
}

void printer::print_digits(std::uint64_t magnitude, bool negative,
                           unsigned base, char32_t verb) {
  const bool zero = std::exchange(flags_.zero, false);
  const bool has_sign = negative || flags_.plus || flags_.space;
  int digits_min = flags_.precision.value_or(0);
  if (!flags_.precision && zero && flags_.width)
    digits_min = *flags_.width - (has_sign ? 1 : 0);
  std::string text;
  if (!flags_.precision || *flags_.precision > 0 || magnitude > 0) {
    text = format_natural(magnitude, base);
    const auto missing = digits_min - static_cast<int>(text.size());
    text.insert(0, static_cast<std::size_t>(std::max(missing, 0)), '0');
    if (verb == 'X')
      for (auto& c : text)
        c = c >= 'a' ? static_cast<char>(c - 32) : c;
    if (flags_.sharp && base == 8 && text[0] != '0')
      text.insert(0, "0");
    else if (flags_.sharp && base == 2)
      text.insert(0, "0b");
    else if (flags_.sharp && base == 16)
      text.insert(0, verb == 'X' ? "0X" : "0x");
    if (verb == 'O')
      text.insert(0, "0o");
    if (has_sign)
      text.insert(0, 1, negative ? '-' : flags_.plus ? '+' : ' ');
  }
  pad(text);
  flags_.zero = zero;
}

void printer::print_rune(std::uint64_t number, char32_t verb) {
  const auto rune =
    number > 0x10FFFF ? replacement_rune : static_cast<char32_t>(number);
  if (verb == 'q')
    return pad(quote_rune(rune, flags_.plus));
  if (verb == 'c') {
    std::string text;
    append_rune(text, rune);
    return pad(text);
  }
  auto text = format_natural(number, 16);
  for (auto& c : text)
    c = c >= 'a' ? static_cast<char>(c - 32) : c;
  const auto digits =
    static_cast<std::size_t>(std::max(flags_.precision.value_or(4), 4));
  if (text.size() < digits)
    text.insert(0, digits - text.size(), '0');
  text.insert(0, "U+");
  if (flags_.sharp && number <= 0x10FFFF && templates::is_printable(rune)) {
    text += " '";
    append_rune(text, rune);
    text += '\'';
  }
  const bool zero = std::exchange(flags_.zero, false);
  pad(text);
  flags_.zero = zero;
}

void printer::print_real(double x, char32_t verb, int bits,
                         const value& shown) {
  switch (verb) {
    case 'v': return pad_real(x, 'g', -1, bits);
    case 'e':
    case 'E':
    case 'f':
    case 'F': return pad_real(x, static_cast<char>(verb), 6, bits);
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X': return pad_real(x, static_cast<char>(verb), -1, bits);
    default: return bad_verb(verb, shown);
  }
}

void printer::pad_real(double x, char verb, int precision, int bits) {
  auto text = format_real(x, verb, flags_.precision.value_or(precision), bits);
  char sign = '+';
  if (text[0] == '-' || text[0] == '+') {
    sign = text[0];
    text.erase(0, 1);
  }
  const bool digits = text[0] != 'I' && text[0] != 'N';
  const bool zero = std::exchange(flags_.zero, flags_.zero && digits);
  if (flags_.space && sign == '+' && !flags_.plus)
    sign = ' ';
  // Infinity always has its sign.
  const bool signed_text =
    flags_.plus || sign != '+' || (!digits && text[0] == 'I');
  const auto width = static_cast<std::size_t>(flags_.width.value_or(0));
  if (signed_text && flags_.zero && width > text.size() + 1) {
    out_ += sign;
    out_.append(width - text.size() - 1, '0');
    out_ += text;
  } else {
    pad(signed_text ? sign + text : text);
  }
  flags_.zero = zero;
}

void printer::print_complex(std::complex<double> x, char32_t verb,
                            const value& shown) {
  constexpr std::u32string_view verbs = U"vbgGxXfFeE";
  if (verbs.find(verb) == std::u32string_view::npos)
    return bad_verb(verb, shown);
  const bool plus = flags_.plus;
  out_ += '(';
  print_real(x.real(), verb, 64, shown);
  flags_.plus = true; // the imaginary part always has a sign
  print_real(x.imag(), verb, 64, shown);
  out_ += "i)";
  flags_.plus = plus;
}

void printer::print_text(std::string_view text, char32_t verb, const value& x) {
  const auto cut =
    flags_.precision
      ? rune_prefix(text, static_cast<std::size_t>(*flags_.precision))
      : text;
  switch (verb) {
    case 'v':
      if (!flags_.sharp_v)
        return pad(cut);
      [[fallthrough]];
    case 'q':
      if (flags_.sharp && can_backquote(cut))
        return pad("`" + std::string{cut} + "`");
      return pad(quote(cut, flags_.plus));
    case 's': return pad(cut);
    case 'x': return pad(hex_of(text, flags_, false));
    case 'X': return pad(hex_of(text, flags_, true));
    default: return bad_verb(verb, x);
  }
}

void printer::print_list(const value& x, char32_t verb, int depth) {
  const auto& list = x.as_list();
  if (is_bytes(x) && (verb == 's' || verb == 'q' || verb == 'x' || verb == 'X'))
    return print_text(bytes_of(x), verb, x);
  if (flags_.sharp_v) {
    out_ += list.what->name;
    if (list.nil) {
      out_ += "(nil)";
      return;
    }
  }
  out_ += flags_.sharp_v ? '{' : '[';
  for (std::size_t i = 0; i < list.items.size() && !full(); ++i) {
    if (i > 0)
      out_ += flags_.sharp_v ? ", " : " ";
    print_value(list.items[i], verb, depth + 1);
  }
  out_ += flags_.sharp_v ? '}' : ']';
}

void printer::print_map(const value& x, char32_t verb, int depth) {
  const auto& map = x.as_map();
  if (flags_.sharp_v) {
    out_ += map.what->name;
    if (map.nil) {
      out_ += "(nil)";
      return;
    }
  }
  out_ += flags_.sharp_v ? "{" : "map[";
  bool first = true;
  for (const auto& [key, element] : map.entries) {
    if (full())
      return;
    if (!first)
      out_ += flags_.sharp_v ? ", " : " ";
    first = false;
    print_value(key, verb, depth + 1);
    out_ += ':';
    print_value(element, verb, depth + 1);
  }
  out_ += flags_.sharp_v ? '}' : ']';
}

void printer::print_record(const value& x, char32_t verb, int depth) {
  const auto& record = x.as_record();
  if (flags_.sharp_v)
    out_ += record.what->name;
  out_ += '{';
  for (std::size_t i = 0; i < record.fields.size() && !full(); ++i) {
    if (i > 0)
      out_ += flags_.sharp_v ? ", " : " ";
    if (flags_.plus_v || flags_.sharp_v)
      out_ += record.what->fields[i].name + ":";
    print_value(record.fields[i], verb, depth + 1);
  }
  out_ += '}';
}

void printer::print_pointer(const value& x, char32_t verb, int depth) {
  if (x.what() == kind::pointer) {
    const auto& target = x.as_pointer().target;
    if (!target)
      return pad(verb == 'v' && flags_.sharp_v ? "(" + type_name(x) + ")(nil)"
                                               : "<nil>");
    const auto what = target->what();
    if (depth == 0
        && (what == kind::list || what == kind::map || what == kind::record)) {
      out_ += '&';
      return print_value(*target, verb, depth + 1);
    }
  }
  if (verb != 'v' && verb != 'p')
    return bad_verb(verb, x);
  pad(pointer_text);
}

void printer::bad_verb(char32_t verb, const value& x) {
  erroring_ = true;
  out_ += "%!";
  append_rune(out_, verb);
  out_ += '(';
  if (x.valid()) {
    out_ += type_name(x) + "=";
    print_value(x, 'v', 0);
  } else {
    out_ += "<nil>";
  }
  out_ += ')';
  erroring_ = false;
}

} // namespace praetor::templates
