// Deliberate bugs, to prove that the simulation finds them.
//
//   if (mutant("M05")) // commit an older term's entry by counting
//     ...
//
// In production the condition is constant false and costs nothing. With
// PRAETOR_MUTANTS one bug, or none, is chosen at run time. A build defines
// PRAETOR_MUTANTS for all of its files or for none. What each bug is stands
// where it is asked for.

#pragma once

#include <string>
#include <string_view>

namespace praetor {

#ifdef PRAETOR_MUTANTS

/// Whether the bug `id` is chosen.
bool mutant(std::string_view id);

#else

/// Whether the bug `id` is chosen: never, outside of mutation tests.
constexpr bool mutant(std::string_view) {
  return false;
}

#endif

namespace simulation {

/// Chooses a bug; an empty id chooses none.
void choose_mutant(std::string id);

} // namespace simulation

} // namespace praetor
