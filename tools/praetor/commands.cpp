#include "tools/praetor/commands.hpp"

#include "runtime/config/host.hpp"
#include "runtime/config/load.hpp"
#include "runtime/node/agent_program.hpp"

#include <iostream>

namespace praetor::tools {

namespace {

int run_validate(std::span<const std::string> args) {
  const auto end = config::run_validate(args, config::disk_files{},
                                        config::host_environment());
  std::cout << end.out;
  std::cerr << end.err;
  return end.exit_code;
}

} // namespace

int run_command(std::span<const std::string> args) {
  if (!args.empty() && args.front() == "agent")
    return node::run_agent(args.subspan(1));
  if (!args.empty() && args.front() == "validate")
    return run_validate(args.subspan(1));
  std::cerr << "Usage: consul [--version] [--help] <command> [<args>]\n";
  return 127;
}

} // namespace praetor::tools
