// Completion of command lines in shells, from the table of commands. Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace praetor::tools {

/// Returns what may stand at the end of `words`, the last of which is
/// unfinished (or empty). `words` does not include the binary's name.
std::vector<std::string> completions(const std::vector<std::string>& words);

/// Answers bash's `complete -C`: one completion per line.
/// @param line COMP_LINE, with the binary's name
/// @param point COMP_POINT, the cursor; may be empty
std::string complete_line(std::string_view line, std::string_view point);

/// Returns a script for "bash" or "zsh", else nothing.
std::string completion_script(std::string_view shell);

} // namespace praetor::tools
