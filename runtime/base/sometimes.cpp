#include "runtime/base/sometimes.hpp"

#ifdef PRAETOR_SIMULATION

namespace praetor {

namespace {

struct counters {
  bool active = false;
  simulation::event_counts counts;
};

counters& all() {
  static counters x;
  return x;
}

} // namespace

void sometimes(std::string_view event) {
  if (!all().active)
    return;
  auto& counts = all().counts;
  const auto found = counts.find(event);
  if (found != counts.end())
    ++found->second;
  else
    counts.emplace(event, 1);
}

const simulation::event_counts& simulation::counted_events() {
  return all().counts;
}

void simulation::begin_counting() {
  all() = {true, {}};
}

} // namespace praetor

#endif
