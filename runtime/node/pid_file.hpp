// The file that tells init scripts which process to signal.

#pragma once

#include "runtime/base/result.hpp"

#include <string>

namespace praetor::node {

/// Decimal pid without a newline, removed when the agent ends.
class pid_file {
public:
  /// Writes this process' pid; an empty path does nothing.
  /// Errors: io_error naming the file.
  status write(const std::string& path);

  void remove();

private:
  std::string path_;
};

} // namespace praetor::node
