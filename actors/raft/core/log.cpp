#include "actors/raft/core/log.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/mutant.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace praetor::raft {

std::uint64_t weight(const log_entry& x) {
  return sizeof(log_entry) + x.payload.size();
}

raft_log::raft_log(log_start start, const std::vector<entry_ptr>& entries,
                   cluster_time ts) {
  restart(start, ts);
  for (const auto& x : entries)
    append(x);
}

std::optional<log_term> raft_log::term(log_index index) const {
  if (index < start_.index || index > last())
    return std::nullopt;
  return std::prev(terms_.upper_bound(index))->second;
}

bool raft_log::up_to_date(log_position other) const {
  if (mutant("M04"))
    return other.index >= last();
  return other.term > last_term()
         || (other.term == last_term() && other.index >= last());
}

log_index raft_log::last_not_above(log_index index, log_term term) const {
  auto candidate = std::clamp(index, start_.index, last());
  while (candidate > start_.index) {
    const auto run = std::prev(terms_.upper_bound(candidate));
    if (run->second <= term)
      break;
    candidate = run->first == start_.index ? start_.index : run->first - 1;
  }
  return candidate;
}

bool raft_log::in_memory(log_index index) const {
  return index >= memory_first_ && index <= last();
}

const raft_log::slot& raft_log::slot_at(log_index index) const {
  PRAETOR_ASSERT(index > start_.index);
  PRAETOR_ASSERT(index <= last());
  return slots_[index - start_.index - 1];
}

const entry_ptr& raft_log::at(log_index index) const {
  const auto& found = slot_at(index).entry;
  PRAETOR_ASSERT(found != nullptr);
  return found;
}

std::vector<entry_ptr> raft_log::slice(log_index from, log_limit limit) const {
  std::vector<entry_ptr> result;
  std::uint64_t bytes = 0;
  for (auto i = from; i <= last() && result.size() < limit.entries; ++i) {
    bytes += slot_at(i).weight;
    if (!result.empty() && bytes > limit.bytes)
      break;
    result.push_back(at(i));
  }
  return result;
}

void raft_log::append(entry_ptr x) {
  PRAETOR_ASSERT(x->index == last() + 1);
  PRAETOR_ASSERT(x->term >= last_term());
  if (x->term > last_term())
    terms_.emplace(x->index, x->term);
  last_ts_ = std::max(last_ts_, x->ts);
  const auto bytes = weight(*x);
  bytes_ += bytes;
  memory_bytes_ += bytes;
  slots_.push_back({std::move(x), bytes});
}

void raft_log::truncate(log_index from) {
  PRAETOR_ASSERT(from > start_.index);
  while (last() >= from) {
    bytes_ -= slots_.back().weight;
    if (slots_.back().entry)
      memory_bytes_ -= slots_.back().weight;
    slots_.pop_back();
  }
  memory_first_ = std::min(memory_first_, last() + 1);
  if (!mutant("M36"))
    terms_.erase(terms_.lower_bound(from), terms_.end());
  if (slots_.empty())
    last_ts_ = base_ts_;
  else if (slots_.back().entry)
    last_ts_ = std::max(base_ts_, slots_.back().entry->ts);
}

log_index raft_log::discardable(log_index covered, log_limit keep) const {
  auto upto = std::min(covered, last());
  std::uint64_t bytes = 0;
  for (std::uint64_t n = 0; n < keep.entries && upto > start_.index; ++n) {
    bytes += slot_at(upto).weight;
    if (bytes > keep.bytes)
      break;
    --upto;
  }
  return std::max(upto, start_.index);
}

void raft_log::discard(log_index upto) {
  if (upto <= start_.index)
    return;
  const auto new_term = term(upto);
  PRAETOR_ASSERT(new_term);
  while (start_.index < upto) {
    if (slots_.front().entry)
      forget(slots_.front());
    bytes_ -= slots_.front().weight;
    slots_.pop_front();
    ++start_.index;
  }
  start_.term = *new_term;
  memory_first_ = std::max(memory_first_, upto + 1);
  terms_.erase(terms_.begin(), terms_.upper_bound(upto));
  terms_.emplace(upto, *new_term);
}

void raft_log::restart(log_start start, cluster_time ts) {
  start_ = start;
  base_ts_ = std::max(base_ts_, ts);
  last_ts_ = base_ts_;
  slots_.clear();
  terms_ = {{start.index, start.term}};
  memory_first_ = start.index + 1;
  bytes_ = 0;
  memory_bytes_ = 0;
}

void raft_log::trim(log_index applied, log_limit keep) {
  // The newest entry stays: its time stamp is needed after a truncation.
  const auto end = std::min(applied, last() - (slots_.empty() ? 0 : 1));
  while (memory_first_ <= end
         && (memory_bytes_ > keep.bytes
             || last() - memory_first_ + 1 > keep.entries)) {
    forget(slots_[memory_first_ - start_.index - 1]);
    ++memory_first_;
  }
}

/// Drops a committed entry from memory.
void raft_log::forget(slot& x) {
  memory_bytes_ -= x.weight;
  base_ts_ = std::max(base_ts_, x.entry->ts);
  x.entry = nullptr;
}

} // namespace praetor::raft
