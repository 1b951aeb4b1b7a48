// From what was configured to what follows from it: the node's name, every
// listen and advertise address, the legacy keys folded into the new ones. Then
// the rules that make a configuration impossible or doubtful. Pure.
//
// Source: Consul's agent/config/builder.go for texts and their order.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/config/addresses.hpp"
#include "runtime/config/settings.hpp"

#include <string>
#include <vector>

namespace praetor::config {

/// What a configuration depends on besides files and flags.
struct environment {
  std::string hostname;
  std::vector<interface_address> interfaces;
};

/// Problems of a whole configuration. `errors` do not hide one another: they
/// are reported together.
struct problems {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

/// Completes `x` and fills `x.network`.
/// Errors: invalid_argument for what leaves nothing to go on with.
status resolve(settings& x, const environment& host, problems& found);

/// Checks a resolved configuration and adds its warnings.
/// Errors: invalid_argument with the first rule that is broken.
status validate(const settings& x, problems& found);

/// Returns Consul's rendering of several errors:
/// "2 errors occurred:\n\t* a\n\t* b\n\n".
std::string error_list(const std::vector<std::string>& errors);

} // namespace praetor::config
