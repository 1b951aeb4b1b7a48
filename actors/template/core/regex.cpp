#include "actors/template/core/regex.hpp"

#include "actors/template/core/number_text.hpp"
#include "actors/template/core/utf8.hpp"

namespace praetor::templates {

namespace {

/// Memory that one pattern may use once compiled.
constexpr int pattern_bytes_max = 1 << 20;

std::string_view flaw_name(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape: return "invalid escape sequence";
    case RE2::ErrorBadCharClass: return "invalid character class";
    case RE2::ErrorBadCharRange: return "invalid character class range";
    case RE2::ErrorMissingBracket: return "missing closing ]";
    case RE2::ErrorMissingParen: return "missing closing )";
    case RE2::ErrorUnexpectedParen: return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize: return "invalid repeat count";
    case RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8: return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture: return "invalid named capture";
    default: return "expression too large";
  }
}

bool is_name_byte(char c) {
  return c == '_' || is_letter(static_cast<unsigned char>(c))
         || is_digit(static_cast<unsigned char>(c));
}

/// Takes "name" or "{name}" from the front; empty if there is none.
std::string_view take_name(std::string_view& text) {
  const bool braces = text.starts_with('{');
  auto rest = text.substr(braces ? 1 : 0);
  std::size_t n = 0;
  while (n < rest.size() && static_cast<unsigned char>(rest[n]) < 0x80
         && is_name_byte(rest[n]))
    ++n;
  const auto name = rest.substr(0, n);
  rest.remove_prefix(n);
  if (n == 0 || (braces && !rest.starts_with('}')))
    return {};
  rest.remove_prefix(braces ? 1 : 0);
  text = rest;
  return name;
}

re2::StringPiece group_named(const RE2& pattern, const regex_match& match,
                             std::string_view name) {
  const auto number = read_natural(name, 10);
  if (!number.flaw)
    return number.value < match.size() ? match[number.value]
                                       : re2::StringPiece{};
  const auto& names = pattern.NamedCapturingGroups();
  const auto i = names.find(std::string{name});
  return i == names.end() ? re2::StringPiece{}
                          : match[static_cast<std::size_t>(i->second)];
}

void append_expanded(std::string& out, const RE2& pattern,
                     const regex_match& match, std::string_view replacement) {
  while (!replacement.empty()) {
    const auto dollar = std::min(replacement.find('$'), replacement.size());
    out += replacement.substr(0, dollar);
    replacement.remove_prefix(dollar);
    if (replacement.empty())
      return;
    replacement.remove_prefix(1);
    if (replacement.starts_with('$')) {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    const auto name = take_name(replacement);
    if (name.empty()) {
      out += '$';
      continue;
    }
    const auto group = group_named(pattern, match, name);
    out.append(group.data() == nullptr ? "" : group.data(), group.size());
  }
}

} // namespace

result<regex> compile_regex(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(pattern_bytes_max);
  auto out = std::make_shared<const RE2>(pattern, options);
  if (!out->ok())
    return error{errc::invalid_argument,
                 "error parsing regexp: "
                   + std::string{flaw_name(out->error_code())} + ": `"
                   + out->error_arg() + "`"};
  return regex{std::move(out)};
}

std::vector<regex_match> find_matches(const RE2& pattern, std::string_view text,
                                      std::size_t count_max) {
  std::vector<regex_match> out;
  const re2::StringPiece whole{text.data(), text.size()};
  const auto groups = pattern.NumberOfCapturingGroups() + 1;
  std::size_t at = 0;
  std::size_t last_end = static_cast<std::size_t>(-1);
  while (at <= text.size() && out.size() < count_max) {
    regex_match match(static_cast<std::size_t>(groups));
    if (!pattern.Match(whole, at, whole.size(), RE2::UNANCHORED, match.data(),
                       groups))
      break;
    const auto begin = static_cast<std::size_t>(match[0].data() - text.data());
    const auto end = begin + match[0].size();
    const auto width = first_rune(text.substr(at)).size;
    at = end > at ? end : at + std::max<std::size_t>(width, 1);
    // No empty match right after another one.
    if (end > begin || begin != last_end)
      out.push_back(std::move(match));
    last_end = end;
  }
  return out;
}

std::string replace_matches(const RE2& pattern, std::string_view text,
                            std::string_view replacement, bool literal,
                            std::size_t bytes_max) {
  std::string out;
  std::size_t copied = 0;
  for (const auto& match :
       find_matches(pattern, text, static_cast<std::size_t>(-1))) {
    const auto begin = static_cast<std::size_t>(match[0].data() - text.data());
    out += text.substr(copied, begin - copied);
    if (literal)
      out += replacement;
    else
      append_expanded(out, pattern, match, replacement);
    copied = begin + match[0].size();
    if (out.size() > bytes_max)
      return out;
  }
  return out += text.substr(copied);
}

} // namespace praetor::templates
