// Cases as JSON files (tests/sim/cases/NNNN.json): fixed regression tests that,
// unlike seeds, keep their meaning when code changes.
//
//   {"seed": 7, "nodes": 3, "clients": 2, "duration_ns": 30000000000,
//    "invariant": "I13", "mutant": "", "note": "...",
//    "settings": {"e_min_ms": 300},
//    "faults": [{"kind": "crash", "at_ns": 5, "node": "s1", "peer": "",
//                "client": 0, "number": 0, "value": 0}],
//    "dropped_operations": [[1, 12]]}
//
// Pure. Reading is total: any text gives a case or says what is wrong. Members
// that are left out have their defaults; unknown ones are errors.

#pragma once

#include "runtime/base/result.hpp"
#include "tests/sim/plan.hpp"

#include <string>
#include <string_view>

namespace praetor::sim {

/// A case has at most so many faults and dropped operations of each.
inline constexpr std::size_t case_list_max = 100'000;

/// Errors: invalid_argument with the member that is wrong.
result<sim_case> read_case(std::string_view json);

/// Returns the case as indented JSON, one fault per line, with a final newline.
std::string write_case(const sim_case& x);

} // namespace praetor::sim
