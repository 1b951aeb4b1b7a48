// The names that LevelDB gives to its files. Pure.
// Source: leveldb/db/filename.h.

#pragma once

#include "runtime/base/text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::file_names {

inline constexpr std::string_view current = "CURRENT";

inline std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

inline std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

/// Returns the number of "000012.log", or nothing for another kind of name.
inline std::optional<std::uint64_t> parse_write_log(std::string_view name) {
  if (!name.ends_with(".log"))
    return std::nullopt;
  return parse_uint(name.substr(0, name.size() - 4));
}

/// Returns the number of "MANIFEST-000002".
inline std::optional<std::uint64_t> parse_manifest(std::string_view name) {
  if (!name.starts_with("MANIFEST-"))
    return std::nullopt;
  return parse_uint(name.substr(9));
}

inline bool is_table(std::string_view name) {
  return name.ends_with(".ldb") || name.ends_with(".sst");
}

} // namespace praetor::file_names
