#include "runtime/node/pid_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace praetor::node {

status pid_file::write(const std::string& path) {
  if (path.empty())
    return ok;
  std::ofstream out{path, std::ios::trunc};
  out << ::getpid();
  out.close();
  if (!out)
    return error{errc::io_error, "Could not write pid file " + path + ": "
                                   + std::generic_category().message(errno)};
  path_ = path;
  return ok;
}

void pid_file::remove() {
  std::error_code ignored;
  if (!path_.empty())
    std::filesystem::remove(path_, ignored);
  path_.clear();
}

} // namespace praetor::node
