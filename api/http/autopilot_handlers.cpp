// /v1/operator/autopilot: how the leader looks after the servers, and how they
// are.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/json_decode.hpp"
#include "api/http/query_options.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <chrono>

namespace praetor::http {
namespace {

using row = catalog::autopilot_row;

constexpr json_member<row> row_members[] = {
  field<&row::cleanup_dead_servers>("CleanupDeadServers"),
  field<&row::last_contact_threshold>("LastContactThreshold"),
  field<&row::max_trailing_logs>("MaxTrailingLogs"),
  field<&row::min_quorum>("MinQuorum"),
  field<&row::server_stabilization_time>("ServerStabilizationTime"),
  field<&row::redundancy_zone_tag>("RedundancyZoneTag"),
  field<&row::disable_upgrade_migration>("DisableUpgradeMigration"),
  field<&row::upgrade_version_tag>("UpgradeVersionTag"),
  field<&row::create_index>("CreateIndex"),
  field<&row::modify_index>("ModifyIndex"),
};

/// What a body does not mention is zero, not what a new cluster has.
row nothing() {
  row out;
  out.cleanup_dead_servers = false;
  out.last_contact_threshold = duration::zero();
  out.max_trailing_logs = 0;
  out.server_stabilization_time = duration::zero();
  return out;
}

std::string render(const row& x) {
  std::string out;
  json_writer w{out};
  w.begin_object();
  w.key("CleanupDeadServers").boolean(x.cleanup_dead_servers);
  w.key("LastContactThreshold")
    .string(format_duration(x.last_contact_threshold));
  w.key("MaxTrailingLogs").number(x.max_trailing_logs);
  w.key("MinQuorum").number(x.min_quorum);
  w.key("ServerStabilizationTime")
    .string(format_duration(x.server_stabilization_time));
  w.key("RedundancyZoneTag").string(x.redundancy_zone_tag);
  w.key("DisableUpgradeMigration").boolean(x.disable_upgrade_migration);
  w.key("UpgradeVersionTag").string(x.upgrade_version_tag);
  w.key("CreateIndex").number(x.create_index);
  w.key("ModifyIndex").number(x.modify_index);
  w.end_object();
  return out;
}

/// Without the headers that other reads have, as Consul. Before the first
/// leader has written any, there is what it is about to write.
void show_configuration(exchange x) {
  const auto options = parse_query_options(x.rq, x.to.facts, x.to.random);
  if (!options)
    return x.respond(failure(options.error()));
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  auto& to = x.to;
  catalog::read message;
  message.query.kind = catalog::query_kind::autopilot;
  message.options.mode = options->read.mode;
  message.to = to.then<owner::read_answer>(
    [respond = std::move(x.respond)](const result<owner::read_answer>& a) {
      if (!a)
        return respond(failure(a.error()));
      const auto config =
        a->data.found ? decode<row>(*a->data.body) : result<row>{row{}};
      respond(config ? json(render(*config)) : failure(config.error()));
    });
  to.read_catalog(std::move(message));
}

void set_configuration(exchange x) {
  const auto refuse = [&x](const std::string& what, const error& why) {
    x.respond(
      plain(400, "Bad request: Error parsing " + what + ": " + why.context));
  };
  auto config =
    decode_json(x.rq.body, row_members, unknown_members::refuse, nothing());
  if (!config)
    return refuse("autopilot config", config.error());
  catalog::set_autopilot message{*std::move(config), std::nullopt};
  if (const auto cas = x.rq.parameter("cas").value_or(""); !cas.empty()) {
    const auto index = parse_number(cas);
    if (!index)
      return refuse("cas value", index.error());
    message.expected = *index;
  }
  submit_command(std::move(x), catalog::command{std::move(message)});
}

// -- health -------------------------------------------------------------------

std::string stable_since(duration stable_for) {
  using namespace std::chrono;
  const auto since = system_clock::now() - stable_for;
  auto text = format_rfc3339_ms(
    duration_cast<milliseconds>(since.time_since_epoch()).count());
  return text.substr(0, text.find('.')) + "Z";
}

void write_server(json_writer& w, const leader::server_health& x) {
  const auto known = x.known.value_or(leader::server{});
  w.begin_object();
  w.key("ID").string(x.id.value);
  w.key("Name").string(known.name);
  w.key("Address").string(x.address);
  w.key("SerfStatus")
    .string(x.known ? gossip::to_string(known.status) : "none");
  w.key("Version").string(known.version);
  w.key("Leader").boolean(x.leader);
  w.key("LastContact")
    .string(x.last_contact ? format_duration(*x.last_contact) : "never");
  w.key("LastTerm").number(x.last_term);
  w.key("LastIndex").number(x.last_index);
  w.key("Healthy").boolean(x.healthy);
  w.key("Voter").boolean(x.voter);
  w.key("StableSince").string(stable_since(x.stable_for));
  w.end_object();
}

std::string render(const leader::health_report& x) {
  std::string out;
  json_writer w{out};
  w.begin_object();
  w.key("Healthy").boolean(x.healthy);
  w.key("FailureTolerance").number(x.failure_tolerance);
  w.key("Servers").begin_array();
  for (const auto& server : x.servers)
    write_server(w, server);
  w.end_array().end_object();
  return out;
}

/// Source: Consul, which lets load balancers look at the status alone.
constexpr int unhealthy_status = 429;

} // namespace

void operator_autopilot_configuration(exchange x) {
  if (x.rq.method == "GET")
    return show_configuration(std::move(x));
  set_configuration(std::move(x));
}

void operator_autopilot_health(exchange x) {
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  auto& to = x.to;
  to.server_health({to.then<leader::health_report>(
    [respond =
       std::move(x.respond)](const result<leader::health_report>& report) {
      if (!report)
        return respond(failure(report.error()));
      auto r = json(render(*report));
      if (!report->healthy)
        r.status = unhealthy_status;
      respond(std::move(r));
    })});
}

} // namespace praetor::http
