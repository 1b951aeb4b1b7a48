// When an actor that knows what is due next looks at its clock again.
//
// A tick under way cannot be taken back: whoever has to look earlier sends a
// second one. The later one must not be answered, or each would bring another
// one about, and they would become more and more.

#pragma once

#include "runtime/base/time.hpp"

#include <caf/atom.hpp>

#include <optional>

namespace praetor {

/// At most one tick is awaited; others are ignored.
class tick_timer {
public:
  /// Makes sure that `self` gets a tick at that time or earlier.
  template <class Self>
  void set(Self* self, time_point at) {
    if (awaited_ && *awaited_ <= at)
      return;
    awaited_ = at;
    self->scheduled_send(self, at, caf::tick_atom_v);
  }

  /// A tick came. Returns whether it is the awaited one; then none is any more.
  bool ring(time_point now) {
    if (!awaited_ || *awaited_ > now)
      return false;
    awaited_.reset();
    return true;
  }

private:
  std::optional<time_point> awaited_;
};

} // namespace praetor
