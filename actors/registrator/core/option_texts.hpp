// Options as people write them, on the command line or in an actor's block.
// Pure.

#pragma once

#include "actors/registrator/core/options.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>

namespace praetor::registrator {

/// What has to be checked before it becomes options.
struct option_texts {
  std::string deregister = "always";
  std::string name_from = "image";
  std::string port_suffix = "auto";
  /// A list with commas, or a template.
  std::string tags;
  /// Seconds.
  std::int64_t ttl = 0;
  std::int64_t ttl_refresh = 0;
  std::int64_t resync = 0;
};

/// @param to its other members stay; a template in `tags` is left to the caller
/// Errors: invalid_argument, with the original's sentence.
status read_options(const option_texts& from, options& to);

/// Whether tags are a template.
bool is_template(std::string_view tags);

} // namespace praetor::registrator
