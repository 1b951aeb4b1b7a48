#include "tests/sim/check/observers.hpp"

#include <algorithm>

namespace praetor::sim {

namespace {

constexpr std::int64_t million = 1'000'000;

/// What a server is asked, without how.
std::string question_of(const operation& op) {
  auto bare = op.what;
  if (auto* keys = std::get_if<key_read>(&bare))
    keys->options = {};
  else if (auto* rows = std::get_if<catalog_read>(&bare))
    rows->options = {};
  return describe(bare);
}

/// Answers about a node that is not there have index 1, whatever was before.
bool may_go_back(const operation& op) {
  const auto* rows = std::get_if<catalog_read>(&op.what);
  return rows != nullptr
         && (rows->query.kind == catalog::query_kind::node
             || rows->query.kind == catalog::query_kind::node_services
             || rows->query.kind == catalog::query_kind::ui_node);
}

} // namespace

// -- I13 ----------------------------------------------------------------------

void lock_observer::created(const kv::session_row& session) {
  sessions_[session.id] = session;
}

void lock_observer::acquired(const std::string& key, const std::string& session,
                             log_index index, cluster_time ts, moment at) {
  const auto report = [&](const std::string& why) {
    findings_.push_back({"I13",
                         "session " + session + " got the lock of " + key
                           + " at index " + std::to_string(index) + " " + why,
                         at});
  };
  auto& holder = holders_[key];
  if (!holder.empty() && holder != session)
    report("while session " + holder + " holds it");
  if (!sessions_.contains(session))
    report("but does not live");
  const auto until = delayed_until_.find(key);
  if (until != delayed_until_.end() && until->second > ts)
    report("although its lock-delay runs for another "
           + std::to_string(until->second - ts) + " ms");
  holder = session;
}

void lock_observer::released(const std::string& key) {
  holders_.erase(key);
}

void lock_observer::released_below(const std::string& prefix) {
  std::erase_if(
    holders_, [&prefix](const auto& x) { return x.first.starts_with(prefix); });
}

void lock_observer::ended(const std::string& session, cluster_time ts) {
  const auto at = sessions_.find(session);
  if (at == sessions_.end())
    return;
  constexpr duration delay_max = std::chrono::seconds{60};
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(
    std::min(at->second.lock_delay, delay_max));
  for (auto i = holders_.begin(); i != holders_.end();) {
    if (i->second != session) {
      ++i;
      continue;
    }
    if (delay.count() > 0)
      delayed_until_[i->first] = ts + delay.count();
    i = holders_.erase(i);
  }
  sessions_.erase(at);
}

// -- I14 ----------------------------------------------------------------------

void session_observer::created(const kv::session_row& session, moment sent) {
  auto& x = lives_[session.id];
  x.ttl = session.ttl;
  x.last_asked = std::max(x.last_asked, sent);
  x.renewals.emplace_back(sent, sent);
}

void session_observer::asked_to_renew(const std::string& session, moment sent) {
  if (const auto at = lives_.find(session); at != lives_.end())
    at->second.last_asked = std::max(at->second.last_asked, sent);
}

void session_observer::renewed(const std::string& session, moment sent,
                               moment told) {
  if (const auto at = lives_.find(session); at != lives_.end())
    at->second.renewals.emplace_back(sent, told);
}

void session_observer::asked_to_end(const std::string& session) {
  if (const auto at = lives_.find(session); at != lives_.end())
    at->second.may_end = true;
}

void session_observer::destroyed(const std::string& session, moment at,
                                 moment term_began) {
  const auto found = lives_.find(session);
  if (found == lives_.end())
    return;
  const auto x = std::move(found->second);
  lives_.erase(found);
  if (x.may_end)
    return;
  const auto report = [&](const std::string& why) {
    findings_.push_back(
      {"I14", "session " + session + " ended at " + describe(at) + why, at});
  };
  if (x.ttl <= duration{0})
    return report(" although it has no TTL and nobody asked for it");
  // Seen by a fast clock the TTL is over earlier.
  const auto least = x.ttl - x.ttl * limits_.drift_ppm / million;
  if (at < term_began + least)
    return report(" by a leader whose term began at " + describe(term_began)
                  + ", and has a TTL of " + describe(x.ttl));
  for (const auto& [sent, told] : x.renewals)
    if (told <= at && at < sent + least)
      return report(", but was renewed at " + describe(sent)
                    + " and has a TTL of " + describe(x.ttl));
}

void session_observer::lost(const std::string& session) {
  lives_.erase(session);
}

void session_observer::finish(const std::vector<std::string>& alive,
                              moment calm, moment now) {
  for (const auto& id : alive) {
    const auto at = lives_.find(id);
    if (at == lives_.end() || at->second.ttl <= duration{0})
      continue;
    const auto& x = at->second;
    const auto most = 2 * x.ttl + 2 * x.ttl * limits_.drift_ppm / million;
    if (now > std::max(x.last_asked, calm) + most + limits_.late_max)
      findings_.push_back({"I14",
                           "session " + id + " with a TTL of " + describe(x.ttl)
                             + " still lives; nobody renewed it since "
                             + describe(x.last_asked),
                           now});
  }
}

// -- I15 ----------------------------------------------------------------------

void index_observer::answered(const operation& op) {
  const auto* options = options_of(op.what);
  if (options == nullptr || !op.answered())
    return;
  const auto report = [this, &op](const std::string& why) {
    findings_.push_back({"I15",
                         describe(op.what) + " of " + op.server + " -> "
                           + describe(op) + ": " + why,
                         *op.returned});
  };
  const auto index = op.out.answer.data.index;
  const auto waited = *op.returned - op.invoked;
  const auto least = options->wait - options->wait * early_percent / 100;
  if (options->min_index != 0 && index <= options->min_index && waited < least)
    report("the index is not above the one that it waited for, after only "
           + describe(waited));
  if (may_go_back(op))
    return;
  const auto stale = options->mode == consistency::stale;
  auto& seen = seen_[{op.server, (stale ? "stale " : "") + question_of(op)}];
  const auto after =
    std::upper_bound(seen.begin(), seen.end(), op.invoked,
                     [](moment t, const auto& x) { return t <= x.first; });
  if (after != seen.begin() && (after - 1)->second > index)
    report("the index was " + std::to_string((after - 1)->second) + " before");
  const auto highest =
    seen.empty() ? index : std::max(seen.back().second, index);
  seen.emplace_back(*op.returned, highest);
}

void index_observer::started(const std::string& server) {
  std::erase_if(seen_, [&server](const auto& x) {
    return x.first.first == server && x.first.second.starts_with("stale ");
  });
}

// -- staleness ----------------------------------------------------------------

void staleness_observer::leads(const std::string& server, bool on) {
  if (on)
    leaders_.insert(server);
  else
    leaders_.erase(server);
}

void staleness_observer::started(const std::string& server) {
  heard_.erase(server);
  leaders_.erase(server);
}

void staleness_observer::answered(const operation& op) {
  const auto* options = options_of(op.what);
  const auto heard = heard_.find(op.server);
  if (options == nullptr || options->mode != consistency::stale
      || !op.answered() || leaders_.contains(op.server)
      || heard == heard_.end())
    return;
  const auto told = op.out.answer.last_contact;
  // It was not evaluated before it was asked.
  const auto silence = op.invoked - heard->second;
  if (told + told / 10 + tolerance < silence)
    findings_.push_back({"staleness",
                         describe(op.what) + " of " + op.server
                           + " claims a contact " + describe(told)
                           + " ago, but the last one was " + describe(silence)
                           + " before it was asked",
                         *op.returned});
}

// -- I20 ----------------------------------------------------------------------

std::vector<finding>
check_members(const std::map<std::string, bool>& alive,
              const std::map<std::string, std::string>& serf_health,
              moment now) {
  std::vector<finding> out;
  const auto report = [&out, now](const std::string& node,
                                  const std::string& why) {
    out.push_back({"I20", "node " + node + " " + why, now});
  };
  for (const auto& [node, lives] : alive) {
    const auto row = serf_health.find(node);
    if (row == serf_health.end()) {
      if (lives)
        report(node, "is a member, but not in the catalog");
    } else if ((row->second == "passing") != lives) {
      report(node, std::string{lives ? "is alive" : "is dead"} + ", but "
                     + row->second + " in the catalog");
    }
  }
  for (const auto& [node, status] : serf_health)
    if (!alive.contains(node))
      report(node, "is in the catalog, but no member");
  return out;
}

} // namespace praetor::sim
