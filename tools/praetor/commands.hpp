// The one index of commands of the binary. The name under which the binary is
// called does not matter.

#pragma once

#include "tools/praetor/command.hpp"

#include <span>
#include <string>

namespace praetor::tools {

/// All commands, sorted by name; one with subcommands precedes them.
std::span<const command* const> all_commands();

/// Runs the command that `args` names. @returns the exit code
int run_command(std::span<const std::string> args, console& io);

/// The same, at this process's terminal.
int run_command(std::span<const std::string> args);

// -- the rows, each defined beside its code ---------------------------------

extern const command agent_command;
extern const command catalog_command;
extern const command catalog_datacenters_command;
extern const command catalog_nodes_command;
extern const command catalog_services_command;
extern const command completion_command;
extern const command event_command;
extern const command force_leave_command;
extern const command info_command;
extern const command join_command;
extern const command keygen_command;
extern const command keyring_command;
extern const command kv_command;
extern const command kv_delete_command;
extern const command kv_export_command;
extern const command kv_get_command;
extern const command kv_import_command;
extern const command kv_put_command;
extern const command leave_command;
extern const command lock_command;
extern const command maint_command;
extern const command members_command;
extern const command monitor_command;
extern const command operator_command;
extern const command operator_autopilot_command;
extern const command operator_autopilot_get_config_command;
extern const command operator_autopilot_set_config_command;
extern const command operator_raft_command;
extern const command operator_raft_list_peers_command;
extern const command operator_raft_remove_peer_command;
extern const command operator_raft_transfer_leader_command;
extern const command registrator_command;
extern const command reload_command;
extern const command rtt_command;
extern const command services_command;
extern const command services_deregister_command;
extern const command services_register_command;
extern const command sim_command;
extern const command template_command;
extern const command validate_command;
extern const command version_command;
extern const command watch_command;

} // namespace praetor::tools
