// The command `sim`: hands over to the program praetor-sim, which is this
// code base compiled with the hooks of the simulation, and lies beside us.

#include "tools/praetor/commands.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <string>
#include <system_error>
#include <vector>

namespace praetor::tools {

namespace {

/// Returns only if it fails.
int run_sim(std::span<const std::string> args, console& io) {
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  const auto program = (self.parent_path() / "praetor-sim").string();
  std::vector<std::string> words{program};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& x : words)
    pointers.push_back(x.data());
  pointers.push_back(nullptr);
  if (!failed)
    ::execv(program.c_str(), pointers.data());
  io.err << "Error running " << program << ": "
         << (failed ? failed.message() : std::strerror(errno))
         << "; it is built with `tools/build release praetor-sim`\n";
  return 1;
}

} // namespace

const command sim_command = {.name = "sim",
                             .synopsis = "Simulates a cluster with faults",
                             .usage = {},
                             .run_raw = run_sim};

} // namespace praetor::tools
