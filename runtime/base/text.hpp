// Small texts with fixed forms: Go durations, RFC 3339 times, base64, UUIDs,
// case folding. Pure functions.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor {

/// Parses a Go duration such as "1m30s", "1.5h", "-5ms" or "0".
/// Errors: invalid_argument with Go's text, e.g.
/// `time: missing unit in duration "5"`.
result<duration> parse_duration(std::string_view text);

/// Returns Go's canonical form: 90 min is "1h30m0s", 1500 ms is "1.5s".
std::string format_duration(duration x);

/// Returns e.g. "2026-11-22T11:38:14.489Z" for milliseconds since 1970.
std::string format_rfc3339_ms(std::int64_t ms_since_1970);

/// Standard alphabet with padding.
std::string base64_encode(std::string_view bytes);

/// Errors: invalid_argument with Go's text,
/// `illegal base64 data at input byte <n>`.
result<std::string> base64_decode(std::string_view text);

/// Returns a random (version 4) UUID in lower case.
std::string make_uuid(rng& random);

/// Whether `text` has the 36-character form of a UUID, in any case.
bool is_uuid(std::string_view text);

/// Folds ASCII letters; node, service and check names match this way.
std::string to_lower(std::string_view text);

/// Whether both are equal when ASCII case is ignored.
bool equal_fold(std::string_view a, std::string_view b);

/// Parses a whole decimal number without sign. Nothing if it is anything else
/// or does not fit.
std::optional<std::uint64_t> parse_uint(std::string_view text);

/// Parses Go's booleans: 1 t T TRUE true True 0 f F FALSE false False.
std::optional<bool> parse_bool(std::string_view text);

} // namespace praetor
