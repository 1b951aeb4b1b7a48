// The binary `praetor`: finds the command and runs it.

#include "tools/praetor/commands.hpp"

#include <string>
#include <vector>

int main(int argc, char** argv) {
  const std::vector<std::string> args{argv + 1, argv + argc};
  return praetor::tools::run_command(args);
}
