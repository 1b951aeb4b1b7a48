#include "actors/raft/core/state_sender.hpp"

#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

void state_sender::opened(checkpoint_mark mark, time_point now) {
  pinned_ = mark.index;
  mark_ = std::move(mark);
  phase_ = phase::offering;
  progress_at_ = now;
}

void state_sender::failed(time_point now) {
  mark_.reset();
  rest(now);
}

state_sender::step state_sender::due(time_point now) {
  if (phase_ == phase::sending && now >= resend_at_)
    phase_ = phase::offering; // what is under way may be lost
  if (phase_ == phase::offering && now - progress_at_ >= opts_.patience)
    rest(now);
  if (phase_ == phase::resting && now >= rest_until_) {
    phase_ = mark_ ? phase::offering : phase::opening;
    progress_at_ = now;
    if (!mark_)
      return step::open;
  }
  return phase_ == phase::offering ? step::offer : step::none;
}

void state_sender::rest(time_point now) {
  sometimes("raft.state_aborted");
  auto span = opts_.rest_min;
  for (std::uint64_t i = 0; i < rests_ && span < opts_.rest_max; ++i)
    span *= 2;
  ++rests_;
  rest_until_ = now + std::min(span, opts_.rest_max);
  phase_ = phase::resting;
}

bool state_sender::heard(std::uint64_t next, time_point now) {
  if (phase_ == phase::offering) {
    // Less than before: the peer started anew.
    phase_ = phase::sending;
    asked_ = next;
  } else if (phase_ != phase::sending || next <= acknowledged_) {
    return false;
  }
  if (next > acknowledged_) {
    progress_at_ = now;
    rests_ = 0;
  }
  acknowledged_ = next;
  asked_ = std::max(asked_, next);
  resend_at_ = now + opts_.resend_after;
  return true;
}

std::optional<std::uint64_t> state_sender::next_chunk() {
  if (phase_ != phase::sending || asked_ >= acknowledged_ + opts_.window
      || (chunks_ && asked_ >= *chunks_))
    return std::nullopt;
  return asked_++;
}

} // namespace praetor::raft
