// Functions on texts: splitting, trimming, case, parsing numbers, regular
// expressions.

#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/regex.hpp"
#include "actors/template/core/utf8.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>

namespace praetor::templates {

std::vector<std::string> split_text(std::string_view text,
                                    std::string_view separator) {
  std::vector<std::string> out;
  if (separator.empty()) {
    while (!text.empty()) {
      const auto size = first_rune(text).size;
      out.emplace_back(text.substr(0, size));
      text.remove_prefix(size);
    }
    return out;
  }
  for (;;) {
    const auto end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return out;
    text.remove_prefix(end + separator.size());
  }
}

std::string replace_text(std::string_view text, std::string_view from,
                         std::string_view to, std::size_t count) {
  std::string out;
  for (; count > 0 && out.size() <= text_bytes_max; --count) {
    // An empty text is found before every character and at the end.
    const auto at = text.find(from);
    if (at == std::string_view::npos)
      break;
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
    if (!from.empty())
      continue;
    const auto size = first_rune(text).size;
    if (size == 0)
      break;
    out += text.substr(0, size);
    text.remove_prefix(size);
  }
  return out += text;
}

std::vector<std::string> texts_of(const value& list) {
  std::vector<std::string> out;
  for (const auto& x : list.as_list().items)
    out.push_back(x.as_text());
  return out;
}

namespace {

// -- cutting and joining -----------------------------------------------------

result<value> split(const call& c) {
  const auto text = trim_space(c.text(1));
  return make_texts(text.empty() ? std::vector<std::string>{}
                                 : split_text(text, c.text(0)));
}

result<value> join(const call& c) {
  std::string out;
  bool first = true;
  for (const auto& x : c[1].as_list().items) {
    out += (first ? "" : c.text(0)) + x.as_text();
    first = false;
    if (out.size() > text_bytes_max)
      break;
  }
  return bounded(std::move(out));
}

result<value> trim_both(const call& c) {
  return value::text(std::string{trim_space(c.text(0))});
}

/// Whether a rune is one of those in a set written as a text.
bool is_one_of(char32_t rune, const std::u32string& set) {
  return set.find(rune) != std::u32string::npos;
}

result<value> trim(const call& c) {
  const auto set = to_runes(c.text(0));
  std::string_view text = c.text(1);
  while (!text.empty() && is_one_of(first_rune(text).rune, set))
    text.remove_prefix(first_rune(text).size);
  while (!text.empty() && is_one_of(last_rune(text).rune, set))
    text.remove_suffix(last_rune(text).size);
  return value::text(std::string{text});
}

result<value> trim_prefix(const call& c) {
  std::string_view text = c.text(1);
  if (text.starts_with(c.text(0)))
    text.remove_prefix(c.text(0).size());
  return value::text(std::string{text});
}

result<value> trim_suffix(const call& c) {
  std::string_view text = c.text(1);
  if (text.ends_with(c.text(0)))
    text.remove_suffix(c.text(0).size());
  return value::text(std::string{text});
}

result<value> indent(const call& c) {
  const auto spaces = c[0].as_integer();
  if (spaces < 0)
    return failure("indent value must be a positive integer");
  if (static_cast<std::uint64_t>(spaces) > text_bytes_max)
    return bounded(std::string(text_bytes_max + 1, ' '));
  const std::string prefix(static_cast<std::size_t>(spaces), ' ');
  std::string out;
  bool line_starts = true;
  for (const auto x : c.text(1)) {
    if (line_starts && x != '\n')
      out += prefix;
    out += x;
    line_starts = x == '\n';
    if (out.size() > text_bytes_max)
      break;
  }
  return bounded(std::move(out));
}

result<value> replace_all(const call& c) {
  return bounded(replace_text(c.text(2), c.text(0), c.text(1)));
}

// -- case --------------------------------------------------------------------

result<value> lower(const call& c) {
  return value::text(lower_case(c.text(0)));
}

result<value> upper(const call& c) {
  return value::text(upper_case(c.text(0)));
}

result<value> title(const call& c) {
  std::string out;
  bool inside = false; // of a word
  for (const auto rune : to_runes(c.text(0))) {
    const bool word = is_letter(rune) || is_digit(rune) || rune == '_';
    append_rune(out, word && !inside ? to_upper(rune) : rune);
    // An apostrophe does not end a word.
    inside = word || (inside && (rune == '\'' || rune == 0x2019));
  }
  return value::text(std::move(out));
}

// -- numbers -----------------------------------------------------------------

result<value> parse_boolean(const call& c) {
  if (c.text(0).empty())
    return value::boolean(false);
  const auto x = parse_bool(c.text(0));
  if (!x)
    return failure("parseBool: "
                   + flaw_text("ParseBool", c.text(0), number_flaw::syntax));
  return value::boolean(*x);
}

result<value> parse_int(const call& c) {
  if (c.text(0).empty())
    return value::integer(0, kind::int64);
  const auto x = read_integer(c.text(0), 10);
  if (x.flaw)
    return failure("parseInt: " + flaw_text("ParseInt", c.text(0), *x.flaw));
  return value::integer(x.value, kind::int64);
}

result<value> parse_natural(const call& c) {
  if (c.text(0).empty())
    return value::natural(0);
  const auto x = read_natural(c.text(0), 10);
  if (x.flaw)
    return failure("parseUint: " + flaw_text("ParseUint", c.text(0), *x.flaw));
  return value::natural(x.value);
}

result<value> parse_real(const call& c) {
  if (c.text(0).empty())
    return value::real(0);
  const auto x = read_real(c.text(0));
  if (x.flaw)
    return failure("parseFloat: "
                   + flaw_text("ParseFloat", c.text(0), *x.flaw));
  return value::real(x.value);
}

// -- regular expressions -----------------------------------------------------

result<value> regex_match_function(const call& c) {
  const auto pattern = c.env.pattern(c.text(0));
  if (!pattern)
    return failure(pattern.error().context);
  return value::boolean(RE2::PartialMatch(c.text(1), **pattern));
}

result<value> regex_replace_all(const call& c) {
  const auto pattern = c.env.pattern(c.text(0));
  if (!pattern)
    return failure(pattern.error().context);
  return bounded(
    replace_matches(**pattern, c.text(2), c.text(1), false, text_bytes_max));
}

constexpr function_row rows[] = {
  {"indent", "func(int, string) (string, error)", indent},
  {"join", "func(string, []string) (string, error)", join},
  {"parseBool", "func(string) (bool, error)", parse_boolean},
  {"parseFloat", "func(string) (float64, error)", parse_real},
  {"parseInt", "func(string) (int64, error)", parse_int},
  {"parseUint", "func(string) (uint64, error)", parse_natural},
  {"regexMatch", "func(string, string) (bool, error)", regex_match_function},
  {"regexReplaceAll", "func(string, string, string) (string, error)",
   regex_replace_all},
  {"replaceAll", "func(string, string, string) (string, error)", replace_all},
  {"split", "func(string, string) ([]string, error)", split},
  {"toLower", "func(string) (string, error)", lower},
  {"toTitle", "func(string) (string, error)", title},
  {"toUpper", "func(string) (string, error)", upper},
  {"trim", "func(string, string) (string, error)", trim},
  {"trimPrefix", "func(string, string) (string, error)", trim_prefix},
  {"trimSpace", "func(string) (string, error)", trim_both},
  {"trimSuffix", "func(string, string) (string, error)", trim_suffix},
};

} // namespace

std::span<const function_row> text_rows() {
  return rows;
}

} // namespace praetor::templates
