// Tells a service manager that the program is ready.
// Source: sd_notify(3).

#pragma once

namespace praetor::templates {

/// Sends READY=1 to $NOTIFY_SOCKET, if there is one.
void notify_ready();

} // namespace praetor::templates
