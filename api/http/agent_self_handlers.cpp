// /v1/agent: what this node is, whom it knows, and its own life.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/json_decode.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/counters.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/real_text.hpp"
#include "runtime/base/text.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

namespace praetor::http {
namespace {

/// What /self and /metrics show of the moment.
struct moment {
  agent::get_counts::counts counts;
  /// Of the LAN pool.
  gossip::pool_stats gossip;
  /// Of servers only: a client agent tells of itself, whoever is there.
  raft::raft_status raft;
};

/// How many there are in the LAN pool.
struct pool_counts {
  std::uint64_t members = 0;
  std::uint64_t failed = 0;
  std::uint64_t left = 0;
  /// Those that are alive.
  std::uint64_t servers = 0;
};

/// Takes the answer of /v1/agent/members.
pool_counts count_members(const std::string& members) {
  enum : unsigned { alive = 1, left = 3, failed = 4 }; // as serf numbers them
  pool_counts out;
  const auto list = parse_json(members);
  if (!list || !list->IsArray())
    return out;
  for (const auto& x : list->GetArray()) {
    const auto status = x.FindMember("Status");
    const auto tags = x.FindMember("Tags");
    if (status == x.MemberEnd() || !status->value.IsUint()
        || tags == x.MemberEnd() || !tags->value.IsObject())
      continue;
    const auto role = tags->value.FindMember("role");
    const auto is = status->value.GetUint();
    ++out.members;
    out.failed += is == failed ? 1U : 0U;
    out.left += is == left ? 1U : 0U;
    out.servers +=
      is == alive && role != tags->value.MemberEnd() && role->value == "consul"
        ? 1U
        : 0U;
  }
  return out;
}

using with_moment = void (*)(const exchange&, const moment&);

/// Asks Raft, then goes on with `next`.
void ask_raft(const exchange& x, moment m, with_moment next) {
  auto& to = x.to;
  if (!to.facts.server)
    return next(x, m);
  to.raft_status({to.then<raft::raft_status>(
    [x, next, m = std::move(m)](const result<raft::raft_status>& s) mutable {
      if (!s)
        return x.respond(failure(s.error()));
      m.raft = *s;
      next(x, m);
    })});
}

/// Asks the agent and gossip first.
void ask_all(exchange x, with_moment next) {
  auto& to = x.to;
  using counts = agent::get_counts::counts;
  to.get_counts(
    {to.then<counts>([x = std::move(x), next](const result<counts>& c) {
      if (!c)
        return x.respond(failure(c.error()));
      auto& there = x.to;
      there.pool_stats({there.then<gossip::pool_stats>(
        [x, next, c = *c](const result<gossip::pool_stats>& s) {
          ask_raft(x, {c, s ? *s : gossip::pool_stats{}, {}}, next);
        })});
    })});
}

using row = std::pair<std::string_view, std::string>;

/// All statistics are strings.
template <std::size_t N>
void write_stats(json_writer& w, std::string_view name,
                 const std::array<row, N>& rows) {
  w.key(name).begin_object();
  for (const auto& [key, value] : rows)
    w.key(key).string(value);
  w.end_object();
}

std::string text(std::uint64_t x) {
  return std::to_string(x);
}
std::string text(bool x) {
  return x ? "true" : "false";
}

/// "0" on the leader, else how long ago it was heard.
std::string last_contact(const raft::raft_status& r) {
  if (!r.last_contact)
    return "never";
  return *r.last_contact == duration{0} ? "0"
                                        : format_duration(*r.last_contact);
}

/// The membership as Consul prints it.
std::string members_text(const std::vector<raft::member>& members) {
  std::string out = "[";
  for (const auto& m : members) {
    out += out.size() > 1 ? " {Suffrage:" : "{Suffrage:";
    out += m.voter ? "Voter" : "Nonvoter";
    out += " ID:" + m.id.value + " Address:" + m.address + "}";
  }
  return out + "]";
}

/// Queries of gossip's own kind do not exist here.
void write_pool(json_writer& w, std::string_view name, const pool_counts& x,
                const gossip::pool_stats& s) {
  write_stats(
    w, name,
    std::array{
      row{"coordinate_resets", text(s.coordinate_resets)},
      row{"encrypted", text(s.encrypted)},
      row{"event_queue", text(std::uint64_t{s.events_queued})},
      row{"event_time", text(s.event_time)}, row{"failed", text(x.failed)},
      row{"health_score", std::to_string(s.health_score)},
      row{"intent_queue", text(std::uint64_t{s.intents_queued})},
      row{"left", text(x.left)}, row{"member_time", text(s.member_time)},
      row{"members", text(x.members)}, row{"query_queue", "0"},
      row{"query_time", "1"}});
}

void write_consul(json_writer& w, const node_facts& f,
                  const raft::raft_status& r, const pool_counts& pool) {
  const auto* const acl = f.acl_enabled ? "enabled" : "disabled";
  if (!f.server)
    return write_stats(w, "consul",
                       std::array{row{"acl", acl},
                                  row{"known_servers", text(pool.servers)},
                                  row{"server", "false"}});
  write_stats(w, "consul",
              std::array{row{"acl", acl}, row{"bootstrap", text(f.bootstrap)},
                         row{"known_datacenters", "1"},
                         row{"leader", text(r.role == "Leader")},
                         row{"leader_addr", r.leader_address},
                         row{"server", "true"}});
}

void write_raft(json_writer& w, const raft::raft_status& r) {
  write_stats(
    w, "raft",
    std::array{
      row{"applied_index", text(r.applied)},
      row{"commit_index", text(r.commit)},
      row{"fsm_pending", text(r.commit - std::min(r.commit, r.applied))},
      row{"last_contact", last_contact(r)},
      row{"last_log_index", text(r.last_log_index)},
      row{"last_log_term", text(r.last_log_term)},
      row{"last_snapshot_index", text(r.checkpoint_index)},
      row{"last_snapshot_term", text(r.checkpoint_term)},
      row{"latest_configuration", members_text(r.members)},
      row{"latest_configuration_index", text(r.members_index)},
      row{"num_peers", text(std::uint64_t{r.num_peers})},
      row{"protocol_version", "3"}, row{"protocol_version_max", "3"},
      row{"protocol_version_min", "0"}, row{"snapshot_version_max", "1"},
      row{"snapshot_version_min", "0"}, row{"state", r.role},
      row{"term", text(r.term)}});
}

void write_all_stats(json_writer& w, const node_facts& f, const moment& m,
                     const pool_counts& pool) {
  const auto& c = m.counts;
  utsname system{};
  ::uname(&system);
  const auto cores = text(std::uint64_t{std::thread::hardware_concurrency()});
  w.key("Stats").begin_object();
  write_stats(w, "agent",
              std::array{row{"check_monitors", text(c.check_monitors)},
                         row{"check_ttls", text(c.check_ttls)},
                         row{"checks", text(c.checks)},
                         row{"services", text(c.services)}});
  write_stats(w, "build",
              std::array{row{"prerelease", ""}, row{"revision", ""},
                         row{"version", f.version}});
  write_consul(w, f, m.raft, pool);
  if (f.server)
    write_raft(w, m.raft);
  write_stats(w, "runtime",
              std::array{row{"arch", system.machine}, row{"cpu_count", cores},
                         row{"max_procs", cores}, row{"os", "linux"},
                         row{"version", PRAETOR_VERSION}});
  write_pool(w, "serf_lan", pool, m.gossip);
  if (f.server) {
    gossip::pool_stats alone;
    alone.encrypted = m.gossip.encrypted;
    alone.event_time = alone.member_time = 1;
    write_pool(w, "serf_wan", {.members = 1}, alone);
  }
  w.end_object();
}

void write_real(json_writer& w, double x) {
  std::string digits;
  append_real(x, digits);
  w.raw(digits);
}

void write_coordinate(json_writer& w, const coordinate& x) {
  w.key("Coord").begin_object().key("Vec").begin_array();
  for (const auto value : x.at)
    write_real(w, value);
  w.end_array();
  write_real(w.key("Error"), x.error);
  write_real(w.key("Adjustment"), x.adjustment);
  write_real(w.key("Height"), x.height);
  w.end_object();
}

void show_self(const exchange& x, const moment& m, const pool_counts& pool) {
  const auto& f = x.to.facts;
  std::string out;
  json_writer w{out};
  w.begin_object().key("Config").begin_object();
  w.key("Datacenter").string(f.datacenter);
  w.key("NodeName").string(f.node_name);
  w.key("NodeID").string(f.node_id);
  w.key("Revision").string("");
  w.key("Server").boolean(f.server);
  w.key("Version").string(f.version).end_object();
  w.key("DebugConfig");
  w.raw(f.debug_config_json.empty() ? "{}" : f.debug_config_json);
  write_coordinate(w, m.gossip.where);
  w.key("Member").raw(f.member_json.empty() ? "{}" : f.member_json);
  write_all_stats(w, f, m, pool);
  w.key("Meta").begin_object();
  w.key("consul-network-segment").string("").end_object();
  w.end_object();
  x.respond(json(std::move(out)));
}

void count_then_show_self(const exchange& x, const moment& m) {
  auto& to = x.to;
  to.get_members(
    {false, to.then<shared_text>([x, m](const result<shared_text>& members) {
       if (!members)
         return x.respond(failure(members.error()));
       show_self(x, m, count_members(**members));
     })});
}

/// Start of the last full interval of ten seconds, as Go prints times.
std::string metrics_time() {
  constexpr std::time_t interval = 10;
  const auto now = std::time(nullptr);
  const auto start = now - now % interval;
  std::tm parts{};
  gmtime_r(&start, &parts);
  std::array<char, 40> out{};
  const auto size = std::strftime(out.data(), out.size(),
                                  "%Y-%m-%d %H:%M:%S +0000 UTC", &parts);
  return {out.data(), size};
}

void show_metrics(const exchange& x, const moment& m) {
  const std::array<std::pair<std::string_view, std::uint64_t>, 9> gauges{{
    {"consul.agent.checks", m.counts.checks},
    {"consul.agent.services", m.counts.services},
    {"consul.praetor.query_evaluations", query_evaluations.value()},
    {"consul.praetor.watches_woken", watches_woken.value()},
    {"consul.raft.applied_index", m.raft.applied},
    {"consul.raft.commit_index", m.raft.commit},
    {"consul.raft.last_index", m.raft.last_log_index},
    {"consul.raft.peers", m.raft.num_peers},
    {"consul.raft.term", m.raft.term},
  }};
  std::string out;
  json_writer w{out};
  w.begin_object().key("Timestamp").string(metrics_time());
  w.key("Gauges").begin_array();
  for (const auto& [name, value] : gauges) {
    w.begin_object().key("Name").string(name).key("Value").number(value);
    w.key("Labels").begin_object().end_object().end_object();
  }
  w.end_array();
  for (const auto* name : {"Points", "Counters", "Samples"})
    w.key(name).begin_array().end_array();
  w.end_object();
  x.respond(json(std::move(out)));
}

bool wants_prometheus(const request& rq) {
  if (rq.parameter("format") == "prometheus")
    return true;
  const auto accept = rq.header("accept");
  return accept.find("application/openmetrics-text") != std::string_view::npos
         || accept.find("text/plain;version=0.4.0") != std::string_view::npos;
}

} // namespace

void agent_self(exchange x) {
  ask_all(std::move(x), count_then_show_self);
}

void agent_members(exchange x) {
  const auto wan = !x.rq.parameter("wan").value_or("").empty();
  const auto segment = x.rq.parameter("segment").value_or("");
  if (wan && !segment.empty() && segment != "_all")
    return x.respond(plain(400, "Cannot provide a segment with wan=true"));
  if (!segment.empty() && segment != "_all")
    return x.respond(plain(500, "Network segments are not supported in this "
                                "version of Consul"));
  auto& to = x.to;
  to.get_members({wan, reply_json(std::move(x))});
}

void agent_join(exchange x) {
  auto& to = x.to;
  auto address = x.rq.argument;
  const auto wan = !x.rq.parameter("wan").value_or("").empty();
  to.join(std::move(address), wan, reply_empty(std::move(x)));
}

void agent_leave(exchange x) {
  auto& to = x.to;
  to.leave(reply_empty(std::move(x)));
}

void agent_force_leave(exchange x) {
  auto& to = x.to;
  auto node = x.rq.argument;
  const auto prune = x.rq.has("prune");
  const auto answer = [respond = std::move(x.respond)](const status& done) {
    respond(done ? empty() : plain(500, "agent: " + done.error().context));
  };
  to.force_leave(std::move(node), prune, to.then<std::monostate>(answer));
}

void agent_reload(exchange x) {
  auto& to = x.to;
  to.reload(reply_empty(std::move(x)));
}

void agent_monitor(exchange x) {
  std::string level{x.rq.parameter("loglevel").value_or("")};
  if (level.empty())
    level = "INFO";
  if (!log::parse_level(level))
    return x.respond(plain(400, "Bad request: Unknown log level: " + level));
  response r;
  r.stream = [&to = x.to, level = std::move(level),
              as_json = x.rq.has("logjson")](std::shared_ptr<body_stream> out) {
    to.monitor(std::move(out), level, as_json);
  };
  x.respond(std::move(r));
}

void agent_metrics(exchange x) {
  if (wants_prometheus(x.rq))
    return x.respond(plain(415, "Prometheus is not enabled since its retention "
                                "time is not positive"));
  ask_all(std::move(x), show_metrics);
}

} // namespace praetor::http
