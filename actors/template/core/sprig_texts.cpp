#include "actors/template/core/digest.hpp"
#include "actors/template/core/format.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/quoting.hpp"
#include "actors/template/core/regex.hpp"
#include "actors/template/core/sprig.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>

namespace praetor::templates::sprig {

std::string to_text(const value& x) {
  std::string out;
  print_value(out, x);
  return out;
}

std::vector<std::string> to_texts(const value& x) {
  if (!x.valid())
    return {};
  if (x.what() != kind::list)
    return {to_text(x)};
  std::vector<std::string> out;
  for (const auto& item : x.as_list().items)
    if (item.valid())
      out.push_back(to_text(item));
  return out;
}

namespace {

std::size_t to_size(const value& x) {
  return static_cast<std::size_t>(std::max<std::int64_t>(x.as_integer(), 0));
}

// -- cutting -----------------------------------------------------------------

result<value> trunc(const call& c) {
  const auto width = c[0].as_integer();
  const auto& text = c.text(1);
  const auto size = static_cast<std::int64_t>(text.size());
  if (width < 0 && size + width > 0)
    return value::text(text.substr(static_cast<std::size_t>(size + width)));
  if (width >= 0 && size > width)
    return value::text(text.substr(0, static_cast<std::size_t>(width)));
  return c[1];
}

result<value> substr(const call& c) {
  const auto start = c[0].as_integer();
  const auto end = c[1].as_integer();
  const auto& text = c.text(2);
  const auto size = static_cast<std::int64_t>(text.size());
  const auto from = std::clamp<std::int64_t>(start, 0, size);
  const auto to = end < 0 || end > size ? size : end;
  if (to < from)
    return failure("runtime error: slice bounds out of range ["
                   + std::to_string(from) + ":" + std::to_string(to) + "]");
  return value::text(text.substr(static_cast<std::size_t>(from),
                                 static_cast<std::size_t>(to - from)));
}

/// Keeps `width` characters, dots included; `offset` cuts the front too.
std::string abbreviated(const std::string& text, std::int64_t offset,
                        std::int64_t width) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (width < 4 || (offset > 0 && width < 7) || size <= width)
    return text;
  offset = std::min(offset, size);
  if (size - offset < width - 3)
    offset = size - (width - 3);
  const auto part = [&text](std::int64_t from, std::int64_t count) {
    return text.substr(static_cast<std::size_t>(from),
                       static_cast<std::size_t>(count));
  };
  if (offset <= 4)
    return part(0, width - 3) + "...";
  if (offset + width - 3 < size)
    return "..." + abbreviated(part(offset, size - offset), 0, width - 3);
  return "..." + part(size - (width - 3), width - 3);
}

result<value> abbrev(const call& c) {
  return value::text(abbreviated(c.text(1), 0, c[0].as_integer()));
}

result<value> abbrev_both(const call& c) {
  return value::text(
    abbreviated(c.text(2), c[0].as_integer(), c[1].as_integer()));
}

result<value> trim_white(const call& c) {
  return value::text(std::string{trim_space(c.text(0))});
}

result<value> trim_all(const call& c) {
  const auto set = to_runes(c.text(0));
  auto text = to_runes(c.text(1));
  const auto in_set = [&set](char32_t x) {
    return set.find(x) != std::u32string::npos;
  };
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), in_set));
  while (!text.empty() && in_set(text.back()))
    text.pop_back();
  return value::text(to_utf8(text));
}

result<value> trim_prefix(const call& c) {
  const auto& text = c.text(1);
  return value::text(text.starts_with(c.text(0)) ? text.substr(c.text(0).size())
                                                 : text);
}

result<value> trim_suffix(const call& c) {
  const auto& text = c.text(1);
  return value::text(text.ends_with(c.text(0))
                       ? text.substr(0, text.size() - c.text(0).size())
                       : text);
}

result<value> no_space(const call& c) {
  std::u32string out;
  for (const auto rune : to_runes(c.text(0)))
    if (!is_space(rune))
      out.push_back(rune);
  return value::text(to_utf8(out));
}

// -- case --------------------------------------------------------------------

result<value> upper(const call& c) {
  return value::text(upper_case(c.text(0)));
}

result<value> lower(const call& c) {
  return value::text(lower_case(c.text(0)));
}

/// Applies a function to the first character of each word.
std::string each_word(const std::string& text, char32_t (*f)(char32_t)) {
  std::string out;
  bool at_start = true;
  for (const auto rune : to_runes(text)) {
    append_rune(out, at_start ? f(rune) : rune);
    at_start = is_space(rune);
  }
  return out;
}

result<value> title(const call& c) {
  std::string out;
  bool inside = false;
  for (const auto rune : to_runes(c.text(0))) {
    append_rune(out, inside ? rune : to_upper(rune));
    inside = is_letter(rune) || is_digit(rune) || rune == '_'
             || (rune >= 0x80 && !is_space(rune));
  }
  return value::text(std::move(out));
}

result<value> untitle(const call& c) {
  return value::text(each_word(c.text(0), to_lower));
}

result<value> swap_case(const call& c) {
  std::string out;
  for (const auto rune : to_runes(c.text(0)))
    append_rune(out, is_upper(rune) ? to_lower(rune) : to_upper(rune));
  return value::text(std::move(out));
}

result<value> initials(const call& c) {
  std::string out;
  bool at_start = true;
  for (const auto rune : to_runes(c.text(0))) {
    if (at_start && !is_space(rune))
      append_rune(out, rune);
    at_start = is_space(rune);
  }
  return value::text(std::move(out));
}

/// "FirstName" and "first name" in parts joined by `connector`.
std::string connected(const std::string& text, char connector) {
  const auto runes = to_runes(text);
  std::string out;
  for (std::size_t i = 0; i < runes.size(); ++i) {
    const auto rune = runes[i];
    if (rune == ' ' || rune == '_' || rune == '-') {
      if (!out.empty() && out.back() != connector)
        out += connector;
      continue;
    }
    const auto before = i > 0 ? runes[i - 1] : U' ';
    const bool lower_after = i + 1 < runes.size() && is_lower(runes[i + 1]);
    const bool new_word =
      (is_upper(rune) && (is_lower(before) || is_digit(before)))
      || (is_upper(rune) && is_upper(before) && lower_after);
    if (new_word && !out.empty() && out.back() != connector)
      out += connector;
    append_rune(out, to_lower(rune));
  }
  return out;
}

result<value> snake_case(const call& c) {
  return value::text(connected(c.text(0), '_'));
}

result<value> kebab_case(const call& c) {
  return value::text(connected(c.text(0), '-'));
}

result<value> camel_case(const call& c) {
  std::string out;
  bool at_start = true;
  for (const auto rune : to_runes(c.text(0))) {
    const bool connector =
      rune == '_' || rune == '-' || rune == ' ' || rune == '.';
    if (!connector)
      append_rune(out, at_start ? to_upper(rune) : rune);
    at_start = connector;
  }
  return value::text(std::move(out));
}

// -- joining and quoting -----------------------------------------------------

result<value> repeat(const call& c) {
  const auto count = to_size(c[0]);
  const auto& text = c.text(1);
  if (!text.empty() && count > text_bytes_max / text.size())
    return failure("text is larger than " + std::to_string(text_bytes_max)
                   + " bytes");
  std::string out;
  for (std::size_t i = 0; i < count && !text.empty(); ++i)
    out += text;
  return value::text(std::move(out));
}

std::string quoted_texts(const call& c, std::string (*f)(const value&)) {
  std::string out;
  for (const auto& x : c.arguments)
    if (x.valid())
      out += (out.empty() ? "" : " ") + f(x);
  return out;
}

result<value> double_quote(const call& c) {
  return bounded(
    quoted_texts(c, [](const value& x) { return quote(to_text(x)); }));
}

result<value> single_quote(const call& c) {
  return bounded(
    quoted_texts(c, [](const value& x) { return "'" + to_text(x) + "'"; }));
}

result<value> cat(const call& c) {
  const auto text = quoted_texts(c, to_text);
  return bounded(std::string{trim_space(text)});
}

std::string indented(const call& c) {
  const auto spaces = std::min(to_size(c[0]), text_bytes_max);
  const std::string pad(spaces, ' ');
  return pad + replace_text(c.text(1), "\n", "\n" + pad);
}

result<value> indent(const call& c) {
  return bounded(indented(c));
}

result<value> new_line_indent(const call& c) {
  return bounded("\n" + indented(c));
}

result<value> replace(const call& c) {
  return bounded(replace_text(c.text(2), c.text(0), c.text(1)));
}

result<value> plural(const call& c) {
  return c[2].as_integer() == 1 ? c[0] : c[1];
}

/// Breaks lines at spaces, after `width` characters.
std::string wrapped(const std::string& text, std::int64_t width,
                    const std::string& separator, bool break_words) {
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(width, 1));
  std::string out;
  std::size_t at = 0;
  while (text.size() - at > most) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const auto space = text.rfind(' ', at + most);
    if (space != std::string::npos && space >= at) {
      out += text.substr(at, space - at) + separator;
      at = space + 1;
    } else if (break_words) {
      out += text.substr(at, most) + separator;
      at += most;
    } else {
      const auto next = std::min(text.find(' ', at + most), text.size());
      out += text.substr(at, next - at);
      at = std::min(next + 1, text.size());
      if (next < text.size())
        out += separator;
    }
    if (out.size() > text_bytes_max)
      return out;
  }
  return out + text.substr(at);
}

result<value> wrap(const call& c) {
  return bounded(wrapped(c.text(1), c[0].as_integer(), "\n", false));
}

result<value> wrap_with(const call& c) {
  return bounded(wrapped(c.text(2), c[0].as_integer(), c.text(1), true));
}

// -- asking ------------------------------------------------------------------

result<value> contains(const call& c) {
  return value::boolean(c.text(1).find(c.text(0)) != std::string::npos);
}

result<value> has_prefix(const call& c) {
  return value::boolean(c.text(1).starts_with(c.text(0)));
}

result<value> has_suffix(const call& c) {
  return value::boolean(c.text(1).ends_with(c.text(0)));
}

// -- digests -----------------------------------------------------------------

result<value> sha1(const call& c) {
  return value::text(digest_hex(digest_kind::sha1, c.text(0)));
}

result<value> sha256(const call& c) {
  return value::text(digest_hex(digest_kind::sha256, c.text(0)));
}

result<value> sha512(const call& c) {
  return value::text(digest_hex(digest_kind::sha512, c.text(0)));
}

result<value> adler32(const call& c) {
  constexpr std::uint32_t modulus = 65521;
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const auto x : c.text(0)) {
    a = (a + static_cast<unsigned char>(x)) % modulus;
    b = (b + a) % modulus;
  }
  return value::text(std::to_string((b << 16U) | a));
}

// -- texts and lists ---------------------------------------------------------

result<value> to_string(const call& c) {
  return bounded(to_text(c[0]));
}

result<value> to_strings(const call& c) {
  return make_texts(to_texts(c[0]));
}

result<value> join(const call& c) {
  std::string out;
  bool first = true;
  for (const auto& x : to_texts(c[1])) {
    out += (first ? "" : c.text(0)) + x;
    first = false;
    if (out.size() > text_bytes_max)
      break;
  }
  return bounded(std::move(out));
}

result<value> sort_alpha(const call& c) {
  auto texts = to_texts(c[0]);
  std::sort(texts.begin(), texts.end());
  return make_texts(std::move(texts));
}

value numbered(const std::vector<std::string>& parts) {
  static const auto what = type_named("map[string]string");
  const auto out = make_map(what);
  for (std::size_t i = 0; i < parts.size(); ++i)
    put(out, "_" + std::to_string(i), value::text(parts[i]));
  return out;
}

result<value> split(const call& c) {
  return numbered(split_text(c.text(1), c.text(0)));
}

result<value> split_list(const call& c) {
  return make_texts(split_text(c.text(1), c.text(0)));
}

result<value> split_n(const call& c) {
  auto parts = split_text(c.text(2), c.text(0));
  const auto most = c[1].as_integer();
  if (most == 0)
    return numbered({});
  while (most > 0 && parts.size() > static_cast<std::size_t>(most)) {
    const auto last = std::move(parts.back());
    parts.pop_back();
    parts.back() += c.text(0) + last;
  }
  return numbered(parts);
}

result<value> shuffle(const call& c) {
  auto runes = to_runes(c.text(0));
  for (auto i = runes.size(); i > 1; --i)
    std::swap(runes[i - 1],
              runes[static_cast<std::size_t>(c.env.machine().random() % i)]);
  return value::text(to_utf8(runes));
}

// -- regular expressions -----------------------------------------------------

result<value> regex_match(const call& c) {
  const auto pattern = c.env.pattern(c.text(0));
  if (!pattern)
    return failure(pattern.error().context);
  return value::boolean(RE2::PartialMatch(c.text(1), **pattern));
}

/// The original's lenient variant: a bad pattern matches nothing.
result<value> lenient_regex_match(const call& c) {
  auto found = regex_match(c);
  return found ? found : value::boolean(false);
}

result<value> regex_find_all(const call& c) {
  const auto pattern = c.env.pattern(c.text(0));
  if (!pattern)
    return failure(pattern.error().context);
  const auto most = c[2].as_integer();
  std::vector<std::string> out;
  for (const auto& match :
       find_matches(**pattern, c.text(1),
                    most < 0 ? static_cast<std::size_t>(-1)
                             : static_cast<std::size_t>(most)))
    out.emplace_back(match[0]);
  return make_texts(std::move(out));
}

result<value> regex_find(const call& c) {
  const auto pattern = c.env.pattern(c.text(0));
  if (!pattern)
    return failure(pattern.error().context);
  const auto found = find_matches(**pattern, c.text(1), 1);
  return value::text(found.empty() ? "" : std::string{found[0][0]});
}

result<value> regex_replaced(const call& c, bool literal) {
  const auto pattern = c.env.pattern(c.text(0));
  if (!pattern)
    return failure(pattern.error().context);
  return bounded(
    replace_matches(**pattern, c.text(1), c.text(2), literal, text_bytes_max));
}

result<value> regex_replace(const call& c) {
  return regex_replaced(c, false);
}

result<value> regex_replace_literal(const call& c) {
  return regex_replaced(c, true);
}

result<value> regex_split(const call& c) {
  const auto pattern = c.env.pattern(c.text(0));
  if (!pattern)
    return failure(pattern.error().context);
  const auto& text = c.text(1);
  const auto most = c[2].as_integer();
  std::vector<std::string> out;
  if (most == 0)
    return make_texts({});
  std::size_t from = 0;
  for (const auto& match :
       find_matches(**pattern, text, static_cast<std::size_t>(-1))) {
    if (most > 0 && out.size() + 1 == static_cast<std::size_t>(most))
      break;
    const auto begin = static_cast<std::size_t>(match[0].data() - text.data());
    const auto end = begin + match[0].size();
    if (end == 0)
      continue;
    out.push_back(text.substr(from, begin - from));
    from = end;
  }
  out.push_back(text.substr(from));
  return make_texts(std::move(out));
}

result<value> regex_quote(const call& c) {
  std::string out;
  constexpr std::string_view special = R"(\.+*?()|[]{}^$)";
  for (const auto x : c.text(0)) {
    if (special.find(x) != std::string_view::npos)
      out += '\\';
    out += x;
  }
  return value::text(std::move(out));
}

constexpr std::string_view text_to_text = "func(string) string";
constexpr std::string_view texts_to_text = "func(string, string) string";
constexpr std::string_view number_text = "func(int, string) string";
constexpr std::string_view texts_to_bool = "func(string, string) bool";
constexpr std::string_view regex_texts = "func(string, string, int) []string";
constexpr std::string_view three_texts = "func(string, string, string) string";

constexpr function_row rows[] = {
  {"sprig_abbrev", number_text, abbrev},
  {"sprig_abbrevboth", "func(int, int, string) string", abbrev_both},
  {"sprig_adler32sum", text_to_text, adler32},
  {"sprig_camelcase", text_to_text, camel_case},
  {"sprig_cat", "func(...interface {}) string", cat},
  {"sprig_contains", texts_to_bool, contains},
  {"sprig_hasPrefix", texts_to_bool, has_prefix},
  {"sprig_hasSuffix", texts_to_bool, has_suffix},
  {"sprig_indent", number_text, indent},
  {"sprig_initials", text_to_text, initials},
  {"sprig_join", "func(string, interface {}) string", join},
  {"sprig_kebabcase", text_to_text, kebab_case},
  {"sprig_lower", text_to_text, lower},
  {"sprig_mustRegexFind", texts_to_text, regex_find},
  {"sprig_mustRegexFindAll", regex_texts, regex_find_all},
  {"sprig_mustRegexMatch", texts_to_bool, regex_match},
  {"sprig_mustRegexReplaceAll", three_texts, regex_replace},
  {"sprig_mustRegexReplaceAllLiteral", three_texts, regex_replace_literal},
  {"sprig_mustRegexSplit", regex_texts, regex_split},
  {"sprig_nindent", number_text, new_line_indent},
  {"sprig_nospace", text_to_text, no_space},
  {"sprig_plural", "func(string, string, int) string", plural},
  {"sprig_quote", "func(...interface {}) string", double_quote},
  {"sprig_regexFind", texts_to_text, regex_find},
  {"sprig_regexFindAll", regex_texts, regex_find_all},
  {"sprig_regexMatch", texts_to_bool, lenient_regex_match},
  {"sprig_regexQuoteMeta", text_to_text, regex_quote},
  {"sprig_regexReplaceAll", three_texts, regex_replace},
  {"sprig_regexReplaceAllLiteral", three_texts, regex_replace_literal},
  {"sprig_regexSplit", regex_texts, regex_split},
  {"sprig_repeat", number_text, repeat},
  {"sprig_replace", three_texts, replace},
  {"sprig_sha1sum", text_to_text, sha1},
  {"sprig_sha256sum", text_to_text, sha256},
  {"sprig_sha512sum", text_to_text, sha512},
  {"sprig_shuffle", text_to_text, shuffle},
  {"sprig_snakecase", text_to_text, snake_case},
  {"sprig_sortAlpha", "func(interface {}) []string", sort_alpha},
  {"sprig_split", "func(string, string) map[string]string", split},
  {"sprig_splitList", "func(string, string) []string", split_list},
  {"sprig_splitn", "func(string, int, string) map[string]string", split_n},
  {"sprig_squote", "func(...interface {}) string", single_quote},
  {"sprig_substr", "func(int, int, string) string", substr},
  {"sprig_swapcase", text_to_text, swap_case},
  {"sprig_title", text_to_text, title},
  {"sprig_toString", "func(interface {}) string", to_string},
  {"sprig_toStrings", "func(interface {}) []string", to_strings},
  {"sprig_trim", text_to_text, trim_white},
  {"sprig_trimAll", texts_to_text, trim_all},
  {"sprig_trimPrefix", texts_to_text, trim_prefix},
  {"sprig_trimSuffix", texts_to_text, trim_suffix},
  {"sprig_trimall", texts_to_text, trim_all},
  {"sprig_trunc", number_text, trunc},
  {"sprig_untitle", text_to_text, untitle},
  {"sprig_upper", text_to_text, upper},
  {"sprig_wrap", number_text, wrap},
  {"sprig_wrapWith", "func(int, string, string) string", wrap_with},
};

} // namespace

std::span<const function_row> text_rows() {
  return rows;
}

} // namespace praetor::templates::sprig
