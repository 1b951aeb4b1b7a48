// What one process tells the others when they share the work of watching: the
// answers that a template needs. Pure.
//
// Format of the key `<prefix><template>/data`: a version byte, then the
// encoding (runtime/base/codec) of a list of entries. Its flags in the store
// say so, too; what has other flags is not ours.
//
// Source: consul-template 0.19.3, manager/dedup.go (with another encoding).

#pragma once

#include "actors/template/core/dependencies.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

/// The flags of a data key.
inline constexpr std::uint64_t shared_data_flags = 0x7072616574643031;

/// A dependency and the answer it was made from; nothing: "not found".
struct shared_entry {
  dependency what;
  std::optional<std::string> body;

  friend bool operator==(const shared_entry&, const shared_entry&) = default;
};

std::string encode_shared_data(const std::vector<shared_entry>& entries);

/// Errors: corruption if the bytes are no such list.
result<std::vector<shared_entry>> decode_shared_data(std::string_view bytes);

} // namespace praetor::templates
