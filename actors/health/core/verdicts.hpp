// What the outcome of a probe means: a status, and the text that people read.
// Pure. The texts are Consul's, users match on them.
// Source: Consul 1.8, agent/checks/check.go.

#pragma once

#include "actors/health/core/check_schedule.hpp"
#include "actors/health/core/probes.hpp"
#include "runtime/base/result.hpp"

#include <string>

namespace praetor::health {

/// The probes of a plan, with default method and timeouts (HTTP and TCP 10 s,
/// scripts 30 s).
http_probe http_probe_of(const check_plan& plan);
tcp_probe tcp_probe_of(const check_plan& plan);
script_probe script_probe_of(const check_plan& plan);

/// 2xx is passing, 429 warning, all else critical.
verdict judge(const http_probe& asked, const result<http_outcome>& outcome);

/// A connection is passing.
verdict judge(const tcp_probe& asked, const status& outcome);

/// Exit code 0 is passing, 1 warning, all else critical.
verdict judge(const script_probe& asked, const result<script_outcome>& outcome);

} // namespace praetor::health
