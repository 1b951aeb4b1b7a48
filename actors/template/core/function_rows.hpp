// The functions of consul-template, by topic; each list is in the file of its
// name. Also what several of these files need.

#pragma once

#include "actors/template/core/environment.hpp"
#include "actors/template/core/function.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

std::span<const function_row> dependency_rows();
std::span<const function_row> text_rows();
std::span<const function_row> list_rows();
std::span<const function_row> math_rows();
std::span<const function_row> encoding_rows();
std::span<const function_row> host_rows();
std::span<const function_row> sockaddr_rows();

/// No function makes a longer text than this.
inline constexpr std::size_t text_bytes_max = std::size_t{64} << 20U;

/// A text as the result of a function, unless it is too long.
inline result<value> bounded(std::string text) {
  if (text.size() > text_bytes_max)
    return failure("text is larger than " + std::to_string(text_bytes_max)
                   + " bytes");
  return value::text(std::move(text));
}

/// Splits as strings.Split does; an empty separator splits into characters.
std::vector<std::string> split_text(std::string_view text,
                                    std::string_view separator);

/// Replaces as strings.Replace does. Stops soon after `text_bytes_max`.
std::string replace_text(std::string_view text, std::string_view from,
                         std::string_view to,
                         std::size_t count = static_cast<std::size_t>(-1));

/// The texts of a list of them.
std::vector<std::string> texts_of(const value& list);

/// Puts a member into a map that templates can see, unless the map would then
/// contain itself.
status put_member(environment& env, const value& map, const std::string& key,
                  const value& x);

/// Merges the members of a map into another one, deeply; what is there stays
/// unless it is empty, or overridden by what is not.
status merge_into(environment& env, const value& to, const value& from,
                  bool override, int depth = 0);

} // namespace praetor::templates
