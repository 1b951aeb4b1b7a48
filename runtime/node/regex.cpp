#include "runtime/node/regex.hpp"

#include <re2/re2.h>

namespace praetor::node {

namespace {

/// Memory that one compiled pattern may take.
constexpr int pattern_bytes_max = 1 << 20;

} // namespace

result<bool> regex_matches(const std::string& pattern,
                           const std::string& text) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(pattern_bytes_max);
  const RE2 compiled{pattern, options};
  if (!compiled.ok())
    return error{errc::invalid_argument,
                 "error parsing regexp: " + compiled.error()};
  return RE2::PartialMatch(text, compiled);
}

} // namespace praetor::node
