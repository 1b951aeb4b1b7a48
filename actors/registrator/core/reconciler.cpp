#include "actors/registrator/core/reconciler.hpp"

#include "actors/registrator/core/consul_body.hpp"
#include "runtime/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace praetor::registrator {

namespace {

/// A process that a signal ended has this bit in its exit code.
constexpr int signal_bit = 128;

/// Failures that say nothing about the request: the registry is away.
bool is_outage(errc code) {
  return code == errc::io_error || code == errc::timeout
         || code == errc::canceled;
}

} // namespace

// -- the engine
// ----------------------------------------------------------------

void reconciler::apply(std::uint64_t ticket, const subject& from,
                       const host_facts& host, look_cause cause,
                       time_point now) {
  const auto& id = from.self.id;
  auto& x = containers_[id];
  if (ticket < x.ticket || retiring_)
    return;
  x.ticket = ticket;
  x.name = from.self.name;
  x.health = from.self.health;
  if (!from.self.up) {
    x.leaving_until.reset();
    const auto fresh = !x.present;
    if (fresh && how_.deregister == deregister_mode::on_success)
      place(x, map_container(from, how_, host).services);
    return end(id, x, from.self.exit_code, now);
  }
  if (cause == look_cause::start)
    x.leaving_until.reset();
  if (cause == look_cause::die
      && how_.deregister == deregister_mode::on_success)
    notes_.push_back("registrator: not removing container " + short_id(id)
                     + ", still running");
  if (!x.leaving_until)
    come_up(x, from, host, cause);
  for (const auto& y : x.services)
    dirty_.insert(y.id);
}

void reconciler::come_up(known& x, const subject& from, const host_facts& host,
                         look_cause cause) {
  auto found = map_container(from, how_, host);
  const auto same = x.present && !x.kept && found.services == x.services;
  x.kept = false;
  x.kept_until.reset();
  if (same) {
    if (cause == look_cause::start)
      notes_.push_back("container,  " + short_id(from.self.id)
                       + " , already exists, ignoring");
    return;
  }
  x.present = true;
  for (auto& line : found.notes)
    notes_.push_back(std::move(line));
  for (const auto& y : found.services)
    if (view_.faults)
      for (auto& line : view_.faults(y))
        notes_.push_back(std::move(line));
  place(x, std::move(found.services));
}

void reconciler::gone(std::uint64_t ticket, const std::string& id, time_point) {
  const auto i = containers_.find(id);
  if (i == containers_.end() || ticket < i->second.ticket)
    return;
  i->second.ticket = ticket;
  forget(id, i->second);
}

void reconciler::leaving(const std::string& id, time_point now) {
  const auto i = containers_.find(id);
  if (!how_.early || i == containers_.end() || !i->second.present)
    return;
  i->second.leaving_until = now + leaving_max;
  withdraw(i->second);
}

/// The container exists, but its process does not.
void reconciler::end(const std::string& id, known& x, int exit_code,
                     time_point now) {
  const auto good = exit_code == 0 || (exit_code & signal_bit) != 0;
  if (how_.deregister == deregister_mode::always || good)
    return forget(id, x);
  if (x.kept || x.services.empty())
    return;
  x.kept = true;
  x.present = true;
  if (how_.ttl > 0)
    x.kept_until = now + std::chrono::seconds{how_.ttl};
}

/// The place in `containers_` stays for its ticket, until the next listing.
void reconciler::forget(const std::string&, known& x) {
  withdraw(x);
  x.present = false;
  x.kept = false;
  x.kept_until.reset();
  x.leaving_until.reset();
}

void reconciler::end_listing(std::uint64_t ticket,
                             const std::set<std::string>& ids, time_point) {
  for (auto i = containers_.begin(); i != containers_.end();) {
    auto& [id, x] = *i;
    const auto judged = x.ticket < ticket && !ids.contains(id);
    if (judged && x.present)
      notes_.push_back("stale: Removing service " + id
                       + " because it does not exist");
    if (judged)
      forget(id, x);
    i = judged ? containers_.erase(i) : std::next(i);
  }
}

void reconciler::place(known& x, std::vector<service> services) {
  withdraw(x);
  x.order = ++orders_;
  x.services = std::move(services);
  // Two ports with one id: the later port wins, as it does at the registry.
  for (const auto& y : x.services) {
    claims_[y.id].insert_or_assign(x.order, y);
    dirty_.insert(y.id);
  }
}

void reconciler::withdraw(known& x) {
  for (const auto& y : x.services) {
    const auto i = claims_.find(y.id);
    if (i == claims_.end())
      continue;
    i->second.erase(x.order);
    if (i->second.empty())
      claims_.erase(i);
    dirty_.insert(y.id);
  }
  x.services.clear();
}

// -- the registry
// --------------------------------------------------------------

void reconciler::begin_look() {
  looking_ = true;
  mark_ = finished_;
}

/// Whether what the registry shows is younger than what we know.
bool reconciler::judged(const entry& x) const {
  return x.operation == 0 && x.touched <= mark_;
}

void reconciler::registry_shows(const std::vector<registered>& all,
                                bool complete) {
  registry_answers(false);
  std::set<std::string> seen;
  for (const auto& x : all) {
    seen.insert(x.id);
    const auto owned = owns(x);
    if (!(owned && complete) && !entries_.contains(x.id)
        && want(x.id) == nullptr)
      continue;
    auto& y = entries_[x.id];
    if (!judged(y))
      continue;
    y.state = knowledge::present;
    y.ours = y.ours || owned;
    y.have = x;
    dirty_.insert(x.id);
  }
  for (auto& [id, y] : entries_) {
    if (!judged(y) || seen.contains(id))
      continue;
    if (y.state == knowledge::present)
      y.announced = false;
    y.state = knowledge::absent;
    dirty_.insert(id);
  }
}

bool reconciler::owns(const registered& x) const {
  if (is_owned(x, hostname_))
    return true;
  // The host had another name when it was written: the container is ours.
  if (const auto i = containers_.find(x.container_id);
      i != containers_.end() && i->second.present)
    return true;
  const auto parts = parse_id(x.id);
  return how_.cleanup && parts && parts->hostname == hostname_;
}

void reconciler::registry_answers(bool rewrite) {
  looking_ = false;
  if (lost_)
    notes_.emplace_back("registry reachable again");
  const auto again = lost_ || rewrite || !registry_known_;
  lost_ = false;
  registry_known_ = true;
  probe_.succeed();
  if (again)
    for (auto& [id, x] : entries_)
      if (x.operation == 0)
        x.state = knowledge::unknown;
  mark_all_dirty();
}

void reconciler::look_failed(const error& why, time_point now) {
  looking_ = false;
  registry_lost(why, now);
}

void reconciler::registry_lost(const error& why, time_point now) {
  if (!lost_)
    notes_.push_back("registry unreachable: " + why.context);
  lost_ = true;
  registry_known_ = false;
  if (probe_.at() <= now)
    probe_.fail(now);
}

bool reconciler::probe_due(time_point now) const {
  return lost_ && !looking_ && probe_.at() <= now;
}

// -- what to do
// ------------------------------------------------------------------

std::vector<operation> reconciler::due(time_point now) {
  expire(now);
  std::vector<operation> out;
  if (!registry_known_)
    return out;
  for (auto i = dirty_.begin(); i != dirty_.end();) {
    if (under_way_.size() >= operations_max)
      break;
    auto& x = entries_[*i];
    if (x.operation != 0 || x.retry.at() > now) {
      ++i;
      continue;
    }
    auto next = decide(*i, x);
    if (next) {
      next->number = x.operation = ++operations_;
      under_way_[next->number] = {next->kind, next->what, next->health};
      out.push_back(std::move(*next));
    } else if (x.state != knowledge::present && want(*i) == nullptr
               && !looking_) {
      entries_.erase(*i); // a late list must not find it new
    }
    i = dirty_.erase(i);
  }
  return out;
}

std::optional<operation> reconciler::decide(const std::string& id, entry& x) {
  const auto* wanted = want(id);
  if (held(id))
    return std::nullopt;
  if (wanted == nullptr) {
    const auto there = x.state == knowledge::present
                       || (x.state == knowledge::unknown && x.ours);
    if (!there || !x.ours)
      return std::nullopt;
    if (x.last.id.empty()) {
      notes_.push_back("dangling: " + id);
      x.last.id = id;
      x.last.name = x.have.name;
      x.last.ip = x.have.ip;
      x.last.port = x.have.port;
    }
    return operation{0, operation_kind::remove, x.last, {}};
  }
  if (x.state != knowledge::present || !satisfies(x.have, view_.shown(*wanted)))
    return operation{0, operation_kind::add, *wanted, {}};
  x.ours = true;
  x.last = *wanted;
  announce(x, *wanted);
  if (std::exchange(x.refresh, false))
    return operation{0, operation_kind::refresh, *wanted, {}};
  const auto health = health_of(*wanted);
  if (follows_docker_health(*wanted) && health != container_health::none
      && health != x.reported)
    return operation{0, operation_kind::report, *wanted, health};
  return std::nullopt;
}

void reconciler::announce(entry& x, const service& what) {
  if (!std::exchange(x.announced, true))
    notes_.push_back("added: " + short_id(what.container_id) + " " + what.id);
}

void reconciler::finished(std::uint64_t number, const status& outcome,
                          time_point now) {
  const auto i = under_way_.find(number);
  if (i == under_way_.end())
    return;
  const auto what = std::move(i->second);
  under_way_.erase(i);
  const auto& id = what.what.id;
  auto& x = entries_[id];
  PRAETOR_ASSERT(x.operation == number);
  x.operation = 0;
  x.touched = ++finished_;
  dirty_.insert(id);
  if (outcome)
    succeed(x, what);
  else
    fail(id, x, what, outcome.error(), now);
}

void reconciler::succeed(entry& x, const under_way& what) {
  x.retry.succeed();
  switch (what.kind) {
    case operation_kind::add:
      x.state = knowledge::present;
      x.have = view_.shown(what.what);
      x.ours = true;
      x.last = what.what;
      x.reported = container_health::none;
      x.announced = false;
      announce(x, what.what);
      break;
    case operation_kind::remove:
      notes_.push_back(what.what.container_id.empty()
                         ? what.what.id + " removed"
                         : "removed: " + short_id(what.what.container_id) + " "
                             + what.what.id);
      x.state = knowledge::absent;
      x.announced = false;
      break;
    case operation_kind::refresh:
      notes_.push_back("refreshed: " + short_id(what.what.container_id) + " "
                       + what.what.id);
      break;
    case operation_kind::report: x.reported = what.health; break;
  }
}

void reconciler::fail(const std::string& id, entry& x, const under_way& what,
                      const error& why, time_point now) {
  const auto whose = what.what.container_name.empty()
                       ? ""
                       : " (container " + what.what.container_name + ")";
  const auto say = [&](const char* verb) {
    notes_.push_back(verb + (" failed: " + id) + whose + " " + why.context);
  };
  switch (what.kind) {
    case operation_kind::add:
      // It may be there all the same, so it is to be removed, too.
      x.ours = true;
      x.last = what.what;
      say("register");
      break;
    case operation_kind::remove: say("deregister"); break;
    case operation_kind::refresh: say("refresh"); break;
    case operation_kind::report: say("report"); break;
  }
  if (what.kind != operation_kind::report)
    x.state =
      what.kind == operation_kind::remove && x.state == knowledge::present
        ? knowledge::present
        : knowledge::unknown;
  if (is_outage(why.code))
    registry_lost(why, now);
  else
    x.retry.fail(now);
}

void reconciler::retire() {
  retiring_ = true;
  for (auto& [id, x] : containers_)
    forget(id, x);
  mark_all_dirty();
}

bool reconciler::retired() const {
  return retiring_ && std::ranges::none_of(entries_, [](const auto& x) {
           const auto& [id, y] = x;
           return y.operation != 0 || (y.ours && y.state != knowledge::absent);
         });
}

void reconciler::refresh() {
  for (auto& [id, x] : entries_)
    if (want(id) != nullptr && !held(id)) {
      x.refresh = true;
      dirty_.insert(id);
    }
}

void reconciler::report_again() {
  for (auto& [id, x] : entries_)
    if (x.reported != container_health::none) {
      x.reported = container_health::none;
      dirty_.insert(id);
    }
}

std::optional<time_point> reconciler::next_deadline() const {
  std::optional<time_point> out;
  const auto consider = [&out](time_point x) {
    out = out ? std::min(*out, x) : x;
  };
  if (lost_ && !looking_)
    consider(probe_.at());
  const auto free = registry_known_ && under_way_.size() < operations_max;
  for (const auto& id : dirty_)
    if (const auto i = entries_.find(id);
        free && i != entries_.end() && i->second.operation == 0)
      consider(i->second.retry.at());
  for (const auto& [id, x] : containers_) {
    if (x.kept_until)
      consider(*x.kept_until);
    if (x.leaving_until)
      consider(*x.leaving_until);
  }
  return out;
}

void reconciler::expire(time_point now) {
  for (auto& [id, x] : containers_) {
    if (x.leaving_until && *x.leaving_until <= now) {
      x.leaving_until.reset();
      x.present = false; // the next look takes it up again
    }
    if (!x.kept_until || *x.kept_until > now)
      continue;
    // The registry forgets by itself what nobody refreshes.
    for (const auto& y : x.services)
      if (const auto i = entries_.find(y.id); i != entries_.end())
        i->second.ours = false;
    forget(id, x);
  }
}

// -- what is known
// -----------------------------------------------------------------

const service* reconciler::want(const std::string& service_id) const {
  const auto i = claims_.find(service_id);
  return i == claims_.end() ? nullptr : &i->second.rbegin()->second;
}

/// Whether its container ended in failure, and it is left as it is.
bool reconciler::held(const std::string& service_id) const {
  const auto* x = want(service_id);
  if (x == nullptr)
    return false;
  const auto i = containers_.find(x->container_id);
  return i != containers_.end() && i->second.kept;
}

container_health reconciler::health_of(const service& x) const {
  const auto i = containers_.find(x.container_id);
  return i == containers_.end() ? container_health::none : i->second.health;
}

std::size_t reconciler::containers() const {
  return static_cast<std::size_t>(std::ranges::count_if(
    containers_, [](const auto& x) { return x.second.present; }));
}

std::map<std::string, service> reconciler::wanted() const {
  std::map<std::string, service> out;
  for (const auto& [id, claims] : claims_)
    out.emplace(id, claims.rbegin()->second);
  return out;
}

bool reconciler::settled() const {
  return registry_known_ && dirty_.empty() && under_way_.empty();
}

void reconciler::mark_all_dirty() {
  for (const auto& [id, x] : entries_)
    dirty_.insert(id);
  for (const auto& [id, x] : claims_)
    dirty_.insert(id);
}

} // namespace praetor::registrator
