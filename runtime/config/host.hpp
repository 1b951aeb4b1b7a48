// The real world behind load.hpp: this host's files, name and interfaces. The
// only impure file of this folder.

#pragma once

#include "runtime/config/load.hpp"

namespace praetor::config {

/// The files of this host.
class disk_files final : public file_system {
public:
  result<path_kind> kind_of(const std::string& path) const override;
  result<std::vector<std::string>> list(const std::string& path) const override;
  result<std::string> read(const std::string& path) const override;
};

/// Returns this host's name and the addresses of its interfaces that are up.
environment host_environment();

} // namespace praetor::config
