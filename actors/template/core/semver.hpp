// Semantic versions and constraints on them: "^1.2", ">=1.0, <2 || 3.x",
// "~1.4.1", "1.2 - 1.4". Pure.
//
// Source: github.com/Masterminds/semver v3.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::templates {

struct version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::string prerelease;
  std::string metadata;
  std::string original;
};

/// Takes "v1.2" for 1.2.0. Nothing: not a version.
std::optional<version> parse_version(std::string_view text);

/// Below, equal or above zero; metadata does not count.
int compare(const version& a, const version& b);

/// Nothing: the constraint is not well-formed.
std::optional<bool> satisfies(const version& x, std::string_view constraint);

} // namespace praetor::templates
