// Code points of UTF-8 texts, and what Unicode says of them. Pure.
// Bytes that are not UTF-8 count as U+FFFD of one byte, as in Go.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace praetor::templates {

inline constexpr char32_t replacement_rune = 0xFFFD;

struct decoded_rune {
  char32_t rune = 0;
  std::size_t size = 0; ///< 0 at the end of the text
  bool valid = true;
};

/// Decodes the first code point.
decoded_rune first_rune(std::string_view text);

/// Decodes the last code point.
decoded_rune last_rune(std::string_view text);

void append_rune(std::string& out, char32_t rune);

std::u32string to_runes(std::string_view text);
std::string to_utf8(std::u32string_view runes);

/// How many code points there are.
std::size_t count_runes(std::string_view text);

/// The prefix of at most `count` code points.
std::string_view rune_prefix(std::string_view text, std::size_t count);

bool is_letter(char32_t rune);
bool is_digit(char32_t rune);
bool is_space(char32_t rune);
/// Letters, marks, numbers, punctuation, symbols and the ASCII space.
bool is_printable(char32_t rune);
bool is_upper(char32_t rune);
bool is_lower(char32_t rune);
char32_t to_upper(char32_t rune);
char32_t to_lower(char32_t rune);

std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);

/// Cuts Unicode white space at both ends.
std::string_view trim_space(std::string_view text);

} // namespace praetor::templates
