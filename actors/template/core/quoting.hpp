// String and character literals, the way Go's strconv reads and writes them.
// Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace praetor::templates {

/// Returns a double-quoted Go literal. `ascii_only` escapes all else.
std::string quote(std::string_view text, bool ascii_only = false);

/// Returns a single-quoted Go literal.
std::string quote_rune(char32_t rune, bool ascii_only = false);

/// Whether a backquoted literal can say this text on one line.
bool can_backquote(std::string_view text);

/// Reads a "..." or `...` literal. Nothing: invalid syntax.
std::optional<std::string> unquote(std::string_view literal);

/// Reads one character of a literal in `quotes` and removes it from `text`.
std::optional<char32_t> unquote_rune(std::string_view& text, char quotes);

/// Returns e.g. "U+002B '+'" (Go's %#U).
std::string rune_description(char32_t rune);

} // namespace praetor::templates
