// Commands that ask no agent: agent itself, validate, keygen, version and
// completion.

#include "runtime/base/text.hpp"
#include "runtime/config/flags.hpp"
#include "runtime/config/host.hpp"
#include "runtime/config/load.hpp"
#include "runtime/config/version.hpp"
#include "runtime/node/agent_program.hpp"
#include "tools/praetor/commands.hpp"
#include "tools/praetor/completion.hpp"

#include <sys/random.h>

#include <array>
#include <ostream>

namespace praetor::tools {

namespace {

// -- agent and validate: the configuration library parses their flags ---------

int run_agent(std::span<const std::string> args, console&) {
  return node::run_agent(args);
}

int run_validate(std::span<const std::string> args, console& io) {
  const auto end = config::run_validate(args, config::disk_files{},
                                        config::host_environment());
  io.out << end.out;
  io.err << end.err;
  return end.exit_code;
}

// -- keygen -------------------------------------------------------------------

constexpr std::size_t gossip_key_bytes = 32;

constexpr std::string_view keygen_usage = R"(Usage: consul keygen

  Generates a new 32-byte encryption key that can be used to configure the
  agent to encrypt traffic. The output of this command is already
  in the proper format that the agent expects.
)";

int run_keygen(invocation& call) {
  std::array<char, gossip_key_bytes> key{};
  if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    return call.fail("Error reading random data");
  call.io.out << base64_encode({key.data(), key.size()}) << '\n';
  return 0;
}

// -- version ------------------------------------------------------------------

constexpr flag_spec version_flags[] = {
  {.name = "format", .help = "Output format {pretty|json}", .preset = "pretty"},
};
constexpr std::string_view version_usage = R"(Usage: consul version [options]
)";

// Versions of the protocol between agents.
constexpr int protocol_spoken = 2;
constexpr int protocol_max = 3;

void print_version_json(std::ostream& out) {
  out << "{\n   \"Version\": \"" << compatible_version
      << "\",\n   \"Revision\": \"\",\n   \"Prerelease\": \"\",\n"
      << "   \"RPC\": {\n      \"Default\": " << protocol_spoken
      << ",\n      \"Min\": " << protocol_spoken
      << ",\n      \"Max\": " << protocol_max << "\n   }\n}\n";
}

int run_version(invocation& call) {
  const auto& format = call.flags.string("format");
  if (format == "json") {
    print_version_json(call.io.out);
    return 0;
  }
  if (format != "pretty")
    return call.fail("Unknown format: " + format);
  call.io.out << "Consul v" << compatible_version << "\nProtocol "
              << protocol_spoken << " spoken by default, understands "
              << protocol_spoken << " to " << protocol_max
              << " (agent will automatically use protocol >2 when speaking to "
                 "compatible agents)\n\n";
  return 0;
}

// -- completion ---------------------------------------------------------------

constexpr std::string_view completion_usage =
  R"(Usage: consul completion bash|zsh

  Prints a script that makes the shell complete commands and flags. To
  install it for bash:

      $ source <(praetor completion bash)
)";

int run_completion(invocation& call) {
  const auto& args = call.arguments();
  const auto script = completion_script(args.size() == 1 ? args.front() : "");
  if (script.empty())
    return call.fail_with_help("Either bash or zsh must be specified");
  call.io.out << script;
  return 0;
}

} // namespace

const command agent_command = {.name = "agent",
                               .synopsis = "Runs a Consul agent",
                               .usage = {},
                               .run_raw = run_agent};

const command validate_command = {.name = "validate",
                                  .synopsis =
                                    "Validate config files/directories",
                                  .usage = {},
                                  .run_raw = run_validate};

const command keygen_command = {.name = "keygen",
                                .synopsis = "Generates a new encryption key",
                                .usage = keygen_usage,
                                .run = run_keygen};

const command version_command = {.name = "version",
                                 .synopsis = "Prints the Consul version",
                                 .usage = version_usage,
                                 .flags = version_flags,
                                 .run = run_version};

const command completion_command = {.name = "completion",
                                    .synopsis = "Prints a script for "
                                                "completion in a shell",
                                    .usage = completion_usage,
                                    .run = run_completion};

} // namespace praetor::tools
