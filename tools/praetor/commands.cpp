#include "tools/praetor/commands.hpp"

#include "tools/praetor/completion.hpp"
#include "tools/praetor/http_transport.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <system_error>

namespace praetor::tools {

namespace {

constexpr int exit_no_command = 127;

constexpr const command* table[] = {
  &agent_command,
  &catalog_command,
  &catalog_datacenters_command,
  &catalog_nodes_command,
  &catalog_services_command,
  &completion_command,
  &event_command,
  &force_leave_command,
  &info_command,
  &join_command,
  &keygen_command,
  &keyring_command,
  &kv_command,
  &kv_delete_command,
  &kv_export_command,
  &kv_get_command,
  &kv_import_command,
  &kv_put_command,
  &leave_command,
  &lock_command,
  &maint_command,
  &members_command,
  &monitor_command,
  &operator_command,
  &operator_autopilot_command,
  &operator_autopilot_get_config_command,
  &operator_autopilot_set_config_command,
  &operator_raft_command,
  &operator_raft_list_peers_command,
  &operator_raft_remove_peer_command,
  &operator_raft_transfer_leader_command,
  &registrator_command,
  &reload_command,
  &rtt_command,
  &services_command,
  &services_deregister_command,
  &services_register_command,
  &sim_command,
  &template_command,
  &validate_command,
  &version_command,
  &watch_command,
};

/// Lines for the commands one word below `parent`, which is "" at the top.
std::string list_of(std::string_view parent) {
  const auto prefix =
    parent.empty() ? std::string{} : std::string{parent} + " ";
  const auto word_of = [&prefix](const command& x) {
    const bool below = x.name.starts_with(prefix) && x.name != prefix;
    const auto word = below ? x.name.substr(prefix.size()) : "";
    return word.find(' ') == std::string_view::npos ? word : "";
  };
  std::size_t width = 0;
  for (const auto* x : table)
    width = std::max(width, word_of(*x).size());
  std::string out;
  for (const auto* x : table) {
    const auto word = word_of(*x);
    if (word.empty())
      continue;
    out.append("    ").append(word).append(width - word.size() + 4, ' ');
    out.append(x->synopsis).append("\n");
  }
  return out;
}

std::string top_usage() {
  return "Usage: consul [--version] [--help] <command> [<args>]\n\n"
         "Available commands are:\n"
         + list_of("") + "\n";
}

std::string group_usage(const command& x) {
  auto out = config::flag_help(x.usage, {});
  return out.append("\n\nSubcommands:\n").append(list_of(x.name));
}

/// The command with the most words that `args` starts with, or nullptr.
const command* find_command(std::span<const std::string> args,
                            std::size_t& words) {
  const command* found = nullptr;
  std::string name;
  for (std::size_t i = 0; i < args.size(); ++i) {
    name.append(i == 0 ? "" : " ").append(args[i]);
    const auto at = std::ranges::find(table, std::string_view{name},
                                      [](const auto* x) { return x->name; });
    if (at == std::end(table))
      break;
    found = *at;
    words = i + 1;
  }
  return found;
}

bool is_version_flag(std::string_view word) {
  return word == "-v" || word == "-version" || word == "--version";
}

std::string environment_variable(std::string_view name) {
  const char* found = std::getenv(std::string{name}.c_str());
  return found == nullptr ? "" : found;
}

result<std::string> read_whole_file(const std::string& path) {
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  if (in)
    out << in.rdbuf();
  if (errno != 0) {
    auto words = std::generic_category().message(errno);
    words[0] =
      static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
    return error{errc::io_error, std::move(words)};
  }
  return std::move(out).str();
}

} // namespace

std::span<const command* const> all_commands() {
  return table;
}

int run_command(std::span<const std::string> args, console& io) {
  if (!args.empty() && is_version_flag(args.front()))
    return run(version_command, {}, io);
  std::size_t words = 0;
  const auto* found = find_command(args, words);
  if (found == nullptr) {
    const bool asked = config::wants_help(args.first(!args.empty()));
    (asked ? io.out : io.err) << top_usage();
    return asked ? 0 : exit_no_command;
  }
  const auto rest = args.subspan(words);
  if (found->run != nullptr || found->run_raw != nullptr)
    return run(*found, rest, io);
  const bool asked = config::wants_help(rest);
  (asked ? io.out : io.err) << group_usage(*found);
  return asked ? 0 : 1;
}

int run_command(std::span<const std::string> args) {
  console io{.in = std::cin,
             .out = std::cout,
             .err = std::cerr,
             .variable = environment_variable,
             .read_file = read_whole_file,
             .connect = make_http_transport};
  // Bash's `complete -C` asks this way.
  if (auto line = environment_variable("COMP_LINE"); !line.empty()) {
    std::cout << complete_line(line, environment_variable("COMP_POINT"));
    return 0;
  }
  const auto code = run_command(args, io);
  std::cout.flush();
  return code;
}

} // namespace praetor::tools
