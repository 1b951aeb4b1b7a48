// Signals that ask a command to end: SIGINT and SIGTERM.

#pragma once

namespace praetor::tools {

/// From now on such a signal ends the process at once, with exit code 0. For
/// commands that have nothing to clean up.
void end_process_at_signals();

/// Blocks them in this thread and the threads it starts, for wait_for_signal().
void block_signals();

/// Waits for one of them.
void wait_for_signal();

} // namespace praetor::tools
