// The command `template`, also as the program `consul-template`: everything is
// in runtime/template.

#include "runtime/template/program.hpp"
#include "tools/praetor/commands.hpp"

namespace praetor::tools {

namespace {

int run_template(std::span<const std::string> args, console&) {
  return templates::run_program(args);
}

} // namespace

const command template_command = {
  .name = "template",
  .synopsis = "Keeps files up to date from templates",
  .usage = "Usage: praetor template [options]\n\n"
           "  Watches Consul, and renders templates into files whenever what "
           "they depend on changes.",
  .run_raw = run_template,
};

} // namespace praetor::tools
