// The web interface: one page of HTML, CSS and JavaScript that talks to the
// HTTP API like any other client.

#pragma once

#include <string_view>

namespace praetor::ui {

/// Returns the whole page.
std::string_view page();

} // namespace praetor::ui
