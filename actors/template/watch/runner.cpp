#include "actors/template/watch/runner.hpp"

#include <algorithm>

namespace praetor::templates {

runner::runner(std::vector<unit_options> units, rng random) : random_{random} {
  for (auto& x : units) {
    unit made;
    if (x.wait)
      made.quiet.emplace(*x.wait);
    made.options = std::move(x);
    units_.push_back(std::move(made));
  }
}

pass_result runner::pass(time_point now, const evaluator& evaluate) {
  pass_result out;
  std::set<std::string> wanted;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    auto& x = units_[i];
    auto done = evaluate(i);
    if (done.failure) {
      out.failures.push_back({i, std::move(*done.failure)});
      // What it needed so far may be what it needs to succeed.
      for (auto& one : done.used)
        if (std::ranges::find(x.used, one) == x.used.end())
          x.used.push_back(std::move(one));
      note_used(x, wanted, out);
      continue;
    }
    x.used = std::move(done.used);
    const bool all_watched = note_used(x, wanted, out);
    if (all_watched && done.missing.empty() && is_quiet(x, done.output, now))
      out.outputs.push_back({i, std::move(done.output)});
  }
  for (const auto& name : watched_)
    if (!wanted.contains(name))
      out.forget.push_back(name);
  for (const auto& name : out.forget)
    watched_.erase(name);
  return out;
}

bool runner::note_used(const unit& x, std::set<std::string>& wanted,
                       pass_result& out) {
  bool all = true;
  for (const auto& one : x.used) {
    if (x.followed && shareable(one))
      continue;
    const auto name = one.name();
    wanted.insert(name);
    if (!watched_.insert(name).second)
      continue;
    out.watch.push_back(one);
    all = false;
  }
  return all;
}

bool runner::is_quiet(unit& x, const std::string& content, time_point now) {
  if (!x.quiet)
    return true;
  if (!x.rendered || x.quiet->due(now) || x.given == content) {
    x.quiet->reset();
    x.seen = x.given = content;
    return true;
  }
  if (x.seen != content) {
    x.seen = content;
    x.quiet->tick(now, random_);
  }
  return false;
}

void runner::written(std::size_t number, bool changed) {
  auto& x = units_[number];
  x.rendered = true;
  x.changed |= changed;
}

std::vector<due_command> runner::commands() const {
  std::vector<due_command> out;
  std::set<std::vector<std::string>> seen;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const auto& command = units_[i].options.command;
    if (units_[i].changed && !command.empty() && seen.insert(command).second)
      out.push_back({i, command});
  }
  return out;
}

bool runner::take_changed() {
  bool out = false;
  for (auto& x : units_)
    out |= std::exchange(x.changed, false);
  return out;
}

bool runner::all_rendered() const {
  return std::ranges::all_of(units_, &unit::rendered);
}

std::optional<time_point> runner::deadline() const {
  std::optional<time_point> out;
  for (const auto& x : units_)
    if (const auto at = x.quiet ? x.quiet->deadline() : std::nullopt)
      out = out ? std::min(*out, *at) : *at;
  return out;
}

void runner::follow(std::size_t number, bool followed) {
  units_[number].followed = followed;
}

} // namespace praetor::templates
