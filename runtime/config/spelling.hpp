// Guesses what somebody meant to write. Pure.

#pragma once

#include <span>
#include <string_view>

namespace praetor::config {

/// Returns the candidate that `word` differs from by the fewest inserted,
/// deleted, replaced or swapped letters, ignoring case; nothing if more than a
/// third of the letters differ.
std::string_view nearest(std::string_view word,
                         std::span<const std::string_view> candidates);

} // namespace praetor::config
