#include "actors/router/core/command_queue.hpp"

#include <algorithm>

namespace praetor::router {

namespace {

/// The least time that a batch gets.
constexpr duration time_limit_min = std::chrono::milliseconds{100};

/// Whether a command that was refused like that may be sent again, and whether
/// it may have been carried out all the same.
enum class verdict : std::uint8_t { final_word, again, again_in_doubt };

verdict verdict_of(errc code) {
  switch (code) {
    case errc::not_leader:
    case errc::no_leader: return verdict::again;
    case errc::io_error:
    case errc::timeout:
    case errc::canceled:
    case errc::corruption: return verdict::again_in_doubt;
    default: return verdict::final_word;
  }
}

} // namespace

void command_queue::push(rpc::command x, time_point deadline,
                         reply<command_result> to) {
  const auto bytes = x.payload.size();
  if (waiting_.size() >= limits_.waiting_max
      || waiting_bytes_ + bytes > limits_.waiting_bytes_max)
    return to.complete(
      error{errc::overloaded, "too many commands wait for the leader"});
  waiting_bytes_ += bytes;
  waiting_.push_back({std::move(x), deadline, std::move(to)});
}

void command_queue::push_again(rpc::command x, time_point deadline,
                               reply<command_result> to, const error& why,
                               time_point now) {
  put_back({std::move(x), deadline, std::move(to)}, why, now);
}

bool command_queue::may_repeat(errc code) {
  return verdict_of(code) != verdict::final_word;
}

std::vector<std::uint64_t>
command_queue::set_target(std::optional<std::string> node, bool is_leader) {
  std::vector<std::uint64_t> useless;
  target_leads_ = is_leader;
  if (target_ == node)
    return useless;
  target_ = std::move(node);
  not_before_ = {};
  for (const auto& [id, items] : under_way_)
    useless.push_back(id);
  return useless;
}

std::vector<outgoing_batch> command_queue::take(time_point now) {
  std::vector<outgoing_batch> out;
  while (target_ && !waiting_.empty() && now >= not_before_
         && under_way_.size() < limits_.batches_max
         && commands_under_way_ < limits_.commands_max) {
    outgoing_batch sent{++last_id_, *target_, {{}, target_leads_}, {}};
    batch items;
    std::size_t bytes = 0;
    auto deadline = now;
    while (!waiting_.empty() && items.size() < rpc::commands_max
           && commands_under_way_ + items.size() < limits_.commands_max) {
      auto& x = waiting_.front();
      bytes += x.what.payload.size();
      if (!items.empty() && bytes > rpc::command_bytes_max)
        break;
      waiting_bytes_ -= x.what.payload.size();
      deadline = std::max(deadline, x.deadline);
      sent.what.commands.push_back(x.what);
      items.push_back(std::move(x));
      waiting_.pop_front();
    }
    sent.time_limit = std::max<duration>(deadline - now, time_limit_min);
    commands_under_way_ += items.size();
    under_way_.emplace(sent.id, std::move(items));
    out.push_back(std::move(sent));
  }
  return out;
}

bool command_queue::answered(std::uint64_t id,
                             const result<rpc::command_outcomes>& outcome,
                             time_point now) {
  auto node = under_way_.extract(id);
  if (!node)
    return false;
  auto& items = node.mapped();
  commands_under_way_ -= items.size();
  auto failure = outcome ? std::optional<error>{} : outcome.error();
  if (outcome && outcome->items.size() != items.size())
    failure =
      error{errc::corruption, "another number of answers than of commands"};
  if (failure) {
    for (auto i = items.rbegin(); i != items.rend(); ++i)
      put_back(std::move(*i), *failure, now);
    return true;
  }
  // From the last: what is put back keeps its order.
  for (auto i = items.size(); i-- > 0;) {
    const auto& x = outcome->items[i];
    if (x.refused == errc{})
      items[i].to.complete(x.taken);
    else
      put_back(std::move(items[i]), {x.refused, x.why}, now);
  }
  return false;
}

/// In front of all others: it came first.
void command_queue::put_back(item x, const error& why, time_point now) {
  const auto what = verdict_of(why.code);
  x.why = why;
  x.doubtful |= what == verdict::again_in_doubt;
  if (what == verdict::final_word || now >= x.deadline)
    return give_up(x);
  not_before_ = std::max(not_before_, now + limits_.pause);
  waiting_bytes_ += x.what.payload.size();
  waiting_.push_front(std::move(x));
}

/// A command that may have been carried out did not fail for certain.
void command_queue::give_up(item& x) {
  if (x.doubtful)
    x.to.complete(error{errc::timeout, "the outcome of the command is unknown: "
                                         + x.why.context});
  else
    x.to.complete(std::move(x.why));
}

void command_queue::expire(time_point now) {
  std::deque<item> left;
  for (auto& x : waiting_) {
    if (now < x.deadline) {
      left.push_back(std::move(x));
      continue;
    }
    waiting_bytes_ -= x.what.payload.size();
    give_up(x);
  }
  waiting_ = std::move(left);
}

std::optional<time_point> command_queue::next_deadline(time_point now) const {
  if (waiting_.empty())
    return std::nullopt;
  if (target_ && now < not_before_)
    return not_before_;
  return std::min_element(
           waiting_.begin(), waiting_.end(),
           [](const item& a, const item& b) { return a.deadline < b.deadline; })
    ->deadline;
}

} // namespace praetor::router
