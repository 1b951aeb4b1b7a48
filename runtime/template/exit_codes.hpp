// How the template program says why it ended.
// Source: consul-template 0.19.3, cli.go.

#pragma once

namespace praetor::templates {

inline constexpr int exit_interrupted = 12;
inline constexpr int exit_flags = 13;
/// A template, a command, or the retries are used up.
inline constexpr int exit_runner = 14;
inline constexpr int exit_settings = 15;
/// The child of exec mode was ended by a signal.
inline constexpr int exit_signaled = 255;

} // namespace praetor::templates
