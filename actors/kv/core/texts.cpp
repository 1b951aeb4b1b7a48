#include "actors/kv/core/texts.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace praetor::kv {

namespace {

constexpr std::string_view hex = "0123456789abcdef";

/// A decoded character and its length; 0 bytes if it is not UTF-8.
struct rune {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

rune decode_rune(std::string_view s) {
  const auto lead = static_cast<unsigned char>(s.front());
  if (lead < 0x80)
    return {lead, 1};
  const auto size = lead >= 0xF0 ? 4U : lead >= 0xE0 ? 3U : 2U;
  if (lead < 0xC2 || lead > 0xF4 || s.size() < size)
    return {};
  auto code = static_cast<std::uint32_t>(lead & (0xFFU >> (size + 1)));
  for (std::size_t i = 1; i < size; ++i) {
    const auto tail = static_cast<unsigned char>(s[i]);
    if ((tail & 0xC0U) != 0x80)
      return {};
    code = code << 6U | (tail & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || code > 0x10FFFF
      || (code >= 0xD800 && code < 0xE000))
    return {};
  return {code, size};
}

/// Whether Go prints the character as it is. Ranges that Unicode has not
/// assigned yet count as printable, which only Go's tables could tell.
bool printable(std::uint32_t code) {
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 14> hidden = {{
    {0x00, 0x1F}, // controls
    {0x7F, 0xA0},
    {0xAD, 0xAD}, // soft hyphen
    {0x0600, 0x0605},
    {0x061C, 0x061C},
    {0x1680, 0x1680}, // spaces other than ' '
    {0x2000, 0x200F},
    {0x2028, 0x202F},
    {0x205F, 0x206F},
    {0x3000, 0x3000},
    {0xE000, 0xF8FF}, // private use
    {0xFEFF, 0xFEFF},
    {0xFFF0, 0xFFFB},
    {0xE0000, 0x10FFFF},
  }};
  return std::none_of(hidden.begin(), hidden.end(), [code](const auto& range) {
    return code >= range.first && code <= range.second;
  });
}

void append_hex(std::string& out, std::string_view escape, std::uint32_t code,
                unsigned digits) {
  out += escape;
  while (digits-- > 0)
    out += hex[code >> (4 * digits) & 0xFU];
}

void append_hidden(std::string& out, std::uint32_t code) {
  constexpr std::string_view named = "\a\b\t\n\v\f\r"; // 7 to 13
  if (code >= 7 && code < 7 + named.size()) {
    out += '\\';
    out += "abtnvfr"[code - 7];
  } else if (code < 0x20) {
    append_hex(out, "\\x", code, 2);
  } else if (code < 0x10000) {
    append_hex(out, "\\u", code, 4);
  } else {
    append_hex(out, "\\U", code, 8);
  }
}

std::string about_key(std::string_view before, std::string_view key,
                      std::string_view after) {
  std::string out{before};
  out += go_quote(key);
  out += after;
  return out;
}

} // namespace

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto [code, size] = decode_rune(text);
    if (size == 0) {
      append_hex(out, "\\x", static_cast<unsigned char>(text.front()), 2);
    } else if (code == '"' || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (printable(code)) {
      out += text.substr(0, size);
    } else {
      append_hidden(out, code);
    }
    text.remove_prefix(std::max(size, std::size_t{1}));
  }
  return out += '"';
}

std::string name_of_byte(unsigned char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "U+00";
  out += digits[byte >> 4U];
  out += digits[byte & 0xFU];
  if (!printable(byte))
    return out;
  out += " '";
  if (byte >= 0x80)
    out += static_cast<char>(0xC0U | byte >> 6U);
  out += static_cast<char>(byte < 0x80 ? byte : 0x80U | (byte & 0x3FU));
  return out += '\'';
}

std::string invalid_session(std::string_view id) {
  return about_key("invalid session ", id, "");
}

std::string failed_session_lookup(std::string_view why) {
  return "failed session lookup: index error: " + std::string{why};
}

std::string lost(verb what, std::string_view key) {
  if (what == verb::cas)
    return about_key("failed to set key ", key, ", index is stale");
  if (what == verb::remove_cas)
    return about_key("failed to delete key ", key, ", index is stale");
  if (what == verb::lock)
    return about_key("failed to lock key ", key, ", lock is already held");
  PRAETOR_ASSERT(what == verb::unlock);
  return about_key("failed to unlock key ", key,
                   ", lock isn't held, or is held by another session");
}

std::string in_lock_delay(std::string_view key) {
  return about_key("failed to lock key ", key, " due to lock delay");
}

std::string unknown_verb(std::string_view name) {
  return about_key("unknown KV verb ", name, "");
}

std::string key_is_missing(std::string_view key) {
  return about_key("key ", key, " doesn't exist");
}

std::string key_exists(std::string_view key) {
  return about_key("key ", key, " exists");
}

std::string no_key_to_check_session(std::string_view key) {
  return about_key("failed to check session, key ", key, " doesn't exist");
}

std::string no_key_to_check_index(std::string_view key) {
  return about_key("failed to check index, key ", key, " doesn't exist");
}

std::string other_session(std::string_view key, std::string_view current,
                          std::string_view wanted) {
  return about_key("failed session check for key ", key, ", current session ")
         + go_quote(current) + " != " + go_quote(wanted);
}

std::string other_index(std::string_view key, log_index current,
                        log_index wanted) {
  return about_key("failed index check for key ", key,
                   ", current modify index ")
         + std::to_string(current) + " != " + std::to_string(wanted);
}

} // namespace praetor::kv
