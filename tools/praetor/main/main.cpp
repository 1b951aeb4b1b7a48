// The binary `praetor`: finds the command and runs it.

#include "tools/praetor/commands.hpp"

#include <string>
#include <string_view>
#include <vector>

int main(int argc, char** argv) {
  std::vector<std::string> args{argv + 1, argv + argc};
  // Under the name of a tool that it replaces it takes that tool's arguments.
  const std::string_view path = argc > 0 ? argv[0] : "";
  const auto name = path.substr(path.rfind('/') + 1);
  if (name == "registrator")
    args.insert(args.begin(), std::string{name});
  if (name == "consul-template")
    args.insert(args.begin(), "template");
  return praetor::tools::run_command(args);
}
