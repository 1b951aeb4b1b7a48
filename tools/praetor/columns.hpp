// The two styles of tables that commands print. Pure.

#pragma once

#include <string>
#include <utility>
#include <vector>

namespace praetor::tools {

using table_row = std::vector<std::string>;

/// Left-aligned columns with two spaces between them; the last one is not
/// padded. Cells are trimmed. Each row ends with a newline.
std::string columns(const std::vector<table_row>& rows);

/// "key", padded to the longest key and six more spaces, "value". Each row
/// ends with a newline. An empty last value leaves no spaces.
std::string
tab_written(const std::vector<std::pair<std::string, std::string>>& rows);

} // namespace praetor::tools
