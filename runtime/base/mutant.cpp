#include "runtime/base/mutant.hpp"

#include <utility>

#ifdef PRAETOR_MUTANTS

namespace praetor {

namespace {

std::string& chosen() {
  static std::string id;
  return id;
}

} // namespace

bool mutant(std::string_view id) {
  return chosen() == id;
}

void simulation::choose_mutant(std::string id) {
  chosen() = std::move(id);
}

} // namespace praetor

#endif
