#include "actors/health/core/check_schedule.hpp"

#include <algorithm>

namespace praetor::health {

namespace {

bool is_ttl(const check_plan& plan) {
  return plan.how.ttl > duration::zero();
}

std::string expired_text(const std::string& last_output) {
  if (last_output.empty())
    return "TTL expired";
  return "TTL expired (last output before timeout follows): " + last_output;
}

} // namespace

bool threshold::add(const std::string& status) {
  if (status == "passing" || status == "warning") {
    failures_ = 0;
    successes_ = std::min(successes_, successes_needed_) + 1;
    return successes_ >= successes_needed_;
  }
  successes_ = 0;
  failures_ = std::min(failures_, failures_needed_) + 1;
  return failures_ >= failures_needed_;
}

std::optional<std::uint64_t> check_schedule::start(const start_check& what,
                                                   time_point now) {
  const auto& id = what.plan.id;
  const auto canceled = stop(id);
  auto& x = entries_[id];
  x.plan = what.plan;
  auto& size = x.plan.how.output_max_size;
  size = size > 0 ? std::min(size, output_max_) : output_max_;
  x.filter = threshold{what.plan.success_before_passing,
                       what.plan.failures_before_critical};
  if (is_ttl(x.plan)) {
    const auto left =
      what.ttl_left > duration::zero() ? what.ttl_left : x.plan.how.ttl;
    set_deadline(id, x, now + left);
  } else {
    const auto span = static_cast<std::uint64_t>(interval(x).count());
    set_deadline(
      id, x, now + duration{static_cast<std::int64_t>(random_.below(span))});
  }
  return canceled;
}

std::optional<std::uint64_t> check_schedule::stop(const std::string& id) {
  const auto i = entries_.find(id);
  if (i == entries_.end())
    return std::nullopt;
  std::optional<std::uint64_t> canceled;
  if (i->second.probe != 0) {
    canceled = i->second.probe;
    under_way_.erase(*canceled);
  }
  clear_deadline(id, i->second);
  entries_.erase(i);
  return canceled;
}

void check_schedule::renew(const renew_ttl& what, time_point now) {
  const auto i = entries_.find(what.id);
  if (i == entries_.end() || !is_ttl(i->second.plan))
    return;
  i->second.last_output = what.output;
  set_deadline(what.id, i->second, now + i->second.plan.how.ttl);
}

std::pair<std::vector<due_probe>, std::vector<check_result>>
check_schedule::poll(time_point now) {
  std::pair<std::vector<due_probe>, std::vector<check_result>> out;
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
    const auto id = by_deadline_.begin()->second;
    auto& x = entries_.at(id);
    clear_deadline(id, x);
    if (is_ttl(x.plan)) {
      out.second.push_back({id, "critical", expired_text(x.last_output)});
      continue;
    }
    x.probe = next_probe_++;
    under_way_[x.probe] = id;
    out.first.push_back({x.probe, x.plan});
  }
  return out;
}

std::optional<check_result>
check_schedule::finish(std::uint64_t probe, verdict outcome, time_point now) {
  const auto i = under_way_.find(probe);
  if (i == under_way_.end())
    return std::nullopt;
  const auto id = i->second;
  under_way_.erase(i);
  auto& x = entries_.at(id);
  x.probe = 0;
  set_deadline(id, x, now + interval(x));
  if (!x.filter.add(outcome.status))
    return std::nullopt;
  return check_result{id, std::move(outcome.status), std::move(outcome.output)};
}

std::optional<time_point> check_schedule::next_deadline() const {
  if (by_deadline_.empty())
    return std::nullopt;
  return by_deadline_.begin()->first;
}

void check_schedule::set_deadline(const std::string& id, entry& x,
                                  time_point at) {
  clear_deadline(id, x);
  x.deadline = at;
  by_deadline_.emplace(at, id);
}

void check_schedule::clear_deadline(const std::string& id, entry& x) {
  if (x.deadline)
    by_deadline_.erase({*x.deadline, id});
  x.deadline.reset();
}

duration check_schedule::interval(const entry& x) const {
  return std::max(x.plan.how.interval, interval_min);
}

} // namespace praetor::health
