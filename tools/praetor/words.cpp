#include "tools/praetor/words.hpp"

#include "runtime/node/regex.hpp"

#include <algorithm>
#include <utility>

namespace praetor::tools {

namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9')
         || std::string_view{"-_.~"}.find(c) != std::string_view::npos;
}

void append_escaped(std::string& out, std::string_view text,
                    std::string_view also_legal, bool plus_for_space) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c) || also_legal.find(c) != std::string_view::npos)
      out.push_back(c);
    else if (c == ' ' && plus_for_space)
      out.push_back('+');
    else
      out.append({'%', digits[byte >> 4U], digits[byte & 15U]});
  }
}

/// RE2's words for a bad pattern, and Go's.
constexpr std::pair<std::string_view, std::string_view> regex_words[] = {
  {"missing ]", "missing closing ]"},
  {"missing )", "missing closing )"},
  {"unexpected )", "unexpected )"},
  {"no argument for repetition operator",
   "missing argument to repetition operator"},
  {"bad repetition operator", "invalid nested repetition operator"},
  {"invalid repetition size", "invalid repeat count"},
  {"invalid character class range", "invalid character class range"},
  {"invalid escape sequence", "invalid escape sequence"},
  {"trailing \\", "trailing backslash at end of expression"},
};

/// RE2 writes `what: where`, Go "what: `where`".
std::string in_words_of_go(std::string_view text) {
  constexpr std::string_view prefix = "error parsing regexp: ";
  if (!text.starts_with(prefix))
    return std::string{text};
  const auto reason = text.substr(prefix.size());
  const auto colon = std::min(reason.find(": "), reason.size());
  const auto what = reason.substr(0, colon);
  const auto* found = std::ranges::find(
    regex_words, what, &std::pair<std::string_view, std::string_view>::first);
  auto out = std::string{prefix}.append(
    found == std::end(regex_words) ? what : found->second);
  out.append(": `");
  if (colon < reason.size())
    out.append(reason.substr(colon + 2));
  return out.append("`");
}

} // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string joined(const std::vector<std::string>& words,
                   std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out.append(i == 0 ? std::string_view{} : separator).append(words[i]);
  return out;
}

std::string escape_path(std::string_view path) {
  std::string out;
  append_escaped(out, path, "$&+,/:;=@", false);
  return out;
}

std::string encode_query(const std::multimap<std::string, std::string>& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty())
      out.push_back('&');
    append_escaped(out, name, "", true);
    out.push_back('=');
    append_escaped(out, value, "", true);
  }
  return out;
}

result<std::map<std::string, std::string>>
key_values(const std::vector<std::string>& words) {
  std::map<std::string, std::string> out;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      return error{errc::invalid_argument,
                   "Missing \"=\" value in argument: " + word};
    out.insert_or_assign(word.substr(0, equals), word.substr(equals + 1));
  }
  return out;
}

result<bool> matches(const std::string& pattern, const std::string& text) {
  auto matched = node::regex_matches(pattern, text);
  if (!matched)
    return error{errc::invalid_argument,
                 in_words_of_go(matched.error().context)};
  return matched;
}

} // namespace praetor::tools
