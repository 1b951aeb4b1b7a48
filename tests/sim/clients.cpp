#include "tests/sim/clients.hpp"

#include "tests/sim/check/commands.hpp"
#include "tests/sim/random.hpp"

#include <algorithm>

namespace praetor::sim {

namespace {

workload_options options_of(const settings& x) {
  workload_options out;
  out.keys = static_cast<std::size_t>(x.keys);
  out.ttl_min = std::chrono::seconds{x.ttl_s};
  return out;
}

/// The server that a refusal names, if it does.
std::optional<std::size_t> hint_in(const cluster& servers, const outcome& x) {
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (x.why.ends_with(" " + servers.name(i)))
      return i;
  return std::nullopt;
}

} // namespace

clients::clients(const sim_case& x, cluster& servers, checkers& judge,
                 trace& log)
  : seed_{x.seed},
    servers_{servers},
    judge_{judge},
    trace_{log},
    work_{stream(x.seed, "work").next(), options_of(servers.values())},
    random_{stream(x.seed, "client links")},
    clients_(x.clients),
    dropped_{x.dropped_operations} {
  for (std::size_t i = 0; i < clients_.size(); ++i)
    clients_[i].number = i;
  for (std::size_t i = 0; i < servers_.founders(); ++i)
    reachable_.push_back(i);
}

void clients::begin() {
  for (auto& c : clients_)
    next(c);
}

std::size_t clients::waiting() const {
  return static_cast<std::size_t>(
    std::count_if(clients_.begin(), clients_.end(),
                  [](const client& c) { return c.operation.has_value(); }));
}

std::vector<std::uint64_t> clients::asked() const {
  std::vector<std::uint64_t> out;
  for (const auto& c : clients_)
    out.push_back(c.asked);
  return out;
}

duration clients::delay() {
  const std::chrono::microseconds mean{servers_.values().client_delay_us};
  return std::chrono::microseconds{50} + exponential(random_, mean);
}

void clients::next(client& c) {
  if (stopped_)
    return;
  const auto x = work_.next(c.number);
  const auto think = c.refused ? x.think / 8 : x.think;
  servers_.events().add(servers_.now() + think, [this, &c, x] {
    if (!stopped_)
      ask(c, x);
  });
}

std::size_t clients::pick(const client& c, const step& x) const {
  const auto* options = options_of(x.what);
  const auto anybody =
    options != nullptr && options->mode == consistency::stale;
  const auto follows = !anybody && (x.server_pick >> 32U) % 8 != 0;
  if (c.hint && follows
      && std::find(reachable_.begin(), reachable_.end(), *c.hint)
           != reachable_.end())
    return *c.hint;
  return reachable_[x.server_pick % reachable_.size()];
}

void clients::ask(client& c, const step& x) {
  if (dropped_.count({c.number, c.asked++}) > 0) {
    work_.answered(c.number, x.what,
                   {outcome_kind::fail, {}, {}, "not asked at all"});
    return next(c);
  }
  const auto to = pick(c, x);
  const auto id =
    judge_.invoke(x.process, servers_.name(to), x.what, servers_.now());
  c.operation = id;
  c.what = x.what;
  trace_.add((c.number << 32U) | to);
  auto& events = servers_.events();
  events.add(servers_.now() + x.timeout, [this, &c, id] {
    end(c, id, unknown_outcome("the client stopped waiting"));
  });
  const auto answer = [this, &c, id](outcome found) {
    const auto back = servers_.now() + delay();
    servers_.events().add(back, [this, &c, id, found] { end(c, id, found); });
  };
  events.add(servers_.now() + delay(), [this, id, to, answer, what = x.what] {
    if (auto* server = servers_.running(to)) {
      judge_.arrived(id, servers_.now());
      server->execute(what, answer);
    } else {
      answer({outcome_kind::fail, {}, {}, "connection refused"});
    }
  });
}

void clients::end(client& c, std::size_t operation, outcome x) {
  if (c.operation != operation)
    return; // it stopped waiting, or has its answer
  c.operation.reset();
  c.refused = x.kind == outcome_kind::fail;
  if (x.kind == outcome_kind::ok)
    ++answered_;
  else
    c.hint = hint_in(servers_, x);
  trace_.add(static_cast<std::uint64_t>(x.kind));
  trace_.add(x.result.body);
  if (trace_.echo())
    trace_.remark(
      servers_.now(),
      "client " + std::to_string(c.number) + " " + sim::describe(c.what) + ": "
        + (x.kind == outcome_kind::ok ? "ok " + x.result.body : x.why));
  work_.answered(c.number, c.what, x);
  judge_.complete(operation, std::move(x), servers_.now());
  next(c);
}

} // namespace praetor::sim
