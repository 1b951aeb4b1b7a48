#include "actors/agent/core/push_rounds.hpp"

#include <utility>

namespace praetor::agent {

std::uint64_t push_rounds::expect(reply<std::monostate> to, bool until_pushed) {
  const auto ticket = next_ticket_++;
  // Without changes there is nothing to wait for but the disk.
  const auto wait = until_pushed && sync_.has_changes();
  const auto round = wait ? round_ + 1 : 0;
  pending_.emplace(ticket, pending{std::move(to), false, round});
  return ticket;
}

void push_rounds::stored(std::uint64_t ticket, const status& outcome) {
  const auto i = pending_.find(ticket);
  if (i == pending_.end())
    return;
  if (outcome) {
    i->second.on_disk = true;
    return answer_ready();
  }
  i->second.to.complete(outcome);
  pending_.erase(i);
}

std::vector<push> push_rounds::start(time_point guard) {
  if (guard_ || !sync_.has_changes())
    return {};
  auto out = sync_.plan();
  PRAETOR_ASSERT(!out.empty());
  ++round_;
  guard_ = guard;
  for (std::size_t i = 0; i < out.size(); ++i)
    under_way_.emplace(i, out[i]);
  return out;
}

std::optional<push> push_rounds::answered(std::uint64_t round,
                                          std::size_t position, bool success) {
  const auto i = under_way_.find(position);
  if (round != round_ || i == under_way_.end())
    return std::nullopt;
  auto out = std::move(i->second);
  sync_.done(out, success);
  failed_ = failed_ || !success;
  under_way_.erase(i);
  if (under_way_.empty())
    finish();
  return out;
}

void push_rounds::release() {
  for (auto& [ticket, x] : pending_)
    x.round = 0;
  answer_ready();
}

void push_rounds::tick(time_point now) {
  if (!guard_ || now < *guard_)
    return;
  for (const auto& [position, x] : under_way_)
    sync_.done(x, false);
  failed_ = true;
  finish();
}

void push_rounds::finish() {
  under_way_.clear();
  guard_.reset();
  answer_ready();
}

/// Once no round runs, changes that became obsolete wait for none either.
void push_rounds::answer_ready() {
  const auto idle = !guard_ && !sync_.has_changes();
  for (auto i = pending_.begin(); i != pending_.end();) {
    const auto over =
      i->second.round < round_ || (i->second.round == round_ && !guard_);
    if (i->second.on_disk && (over || idle)) {
      const auto to = std::move(i->second.to);
      i = pending_.erase(i);
      to.complete(ok);
    } else {
      ++i;
    }
  }
}

bool push_rounds::take_failure() {
  return std::exchange(failed_, false);
}

} // namespace praetor::agent
