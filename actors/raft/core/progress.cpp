#include "actors/raft/core/progress.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>

namespace praetor::raft {

progress::progress(log_index next, log_limit inflight_max)
  : inflight_max_{inflight_max}, next_{next} {
  PRAETOR_ASSERT(next_ > match_);
}

bool progress::paused() const {
  switch (mode_) {
    case replication_mode::probe: return probe_.has_value();
    case replication_mode::replicate:
      return inflight_.size() >= inflight_max_.entries
             || inflight_bytes_ >= inflight_max_.bytes;
    case replication_mode::snapshot: return true;
  }
  return true;
}

void progress::sent(std::uint64_t send_id, log_index last, std::uint64_t bytes,
                    time_point now) {
  if (mode_ == replication_mode::probe) {
    probe_ = send_id;
    probed_at_ = now;
  }
  if (mode_ != replication_mode::replicate || last < next_)
    return;
  next_ = last + 1;
  inflight_.push_back({last, bytes});
  inflight_bytes_ += bytes;
}

void progress::acknowledged(std::uint64_t send_id, log_index match) {
  match_ = std::max(match_, match);
  next_ = std::max(next_, match_ + 1);
  while (!inflight_.empty() && inflight_.front().last <= match_) {
    inflight_bytes_ -= inflight_.front().bytes;
    inflight_.pop_front();
  }
  if (mode_ == replication_mode::probe && probe_ == send_id) {
    probe_.reset();
    mode_ = replication_mode::replicate;
    next_ = match_ + 1;
  }
  PRAETOR_ASSERT(match_ < next_);
}

bool progress::refused(log_index rejected, log_index agree) {
  if (mode_ == replication_mode::replicate) {
    if (rejected <= match_)
      return false;
    become_probe(match_ + 1);
    return true;
  }
  // Whichever probe it answers: `next` falls, so a repeated answer is no news
  // and cannot multiply what is sent.
  if (mode_ != replication_mode::probe || rejected + 1 != next_)
    return false;
  const auto before = next_;
  next_ = std::max(match_ + 1, std::min(rejected, agree + 1));
  // Without news the same probe would be refused again, as fast as the network
  // allows; it stays paused until the next heartbeat's answer.
  if (next_ == before)
    return false;
  probe_.reset();
  return true;
}

void progress::heard(time_point asked) {
  if (asked > probed_at_)
    probe_.reset();
}

bool progress::lost(log_index last) {
  if (last >= match_ || mode_ == replication_mode::snapshot)
    return false;
  match_ = last;
  become_probe(match_ + 1);
  return true;
}

void progress::unreachable() {
  if (mode_ == replication_mode::replicate)
    become_probe(match_ + 1);
}

void progress::need_snapshot() {
  become_probe(match_ + 1);
  mode_ = replication_mode::snapshot;
}

void progress::snapshot_ended(log_index index) {
  if (mode_ == replication_mode::snapshot)
    become_probe(std::max(match_, index) + 1);
}

void progress::become_probe(log_index next) {
  mode_ = replication_mode::probe;
  next_ = next;
  probe_.reset();
  reading = false;
  inflight_.clear();
  inflight_bytes_ = 0;
}

} // namespace praetor::raft
