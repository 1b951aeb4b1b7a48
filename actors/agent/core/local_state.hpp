// This node's own services and checks, and how far the catalog knows them.
//
// Pure: no clock, no I/O. Owned by the agent actor. Commands note what the
// shell must do (rows to persist, messages for health); `take_effects` hands it
// over. What the catalog must be told is marked on the entries; `sync.hpp`
// turns the marks into commands.
// Source: Consul 1.8, agent/local/state.go.

#pragma once

#include "actors/agent/core/definitions.hpp"
#include "actors/agent/core/stored_rows.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/base/time.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace praetor::agent {

/// How far the catalog knows an entry.
enum class sync_mark : std::uint8_t {
  /// The catalog has it, as far as we know.
  in_sync,
  /// To be pushed as soon as possible.
  dirty,
  /// The last push failed; the next full sync tries again.
  failed,
};

/// Both clocks: deadlines are monotonic, stored times are not.
struct moment {
  time_point now;
  /// Milliseconds since 1970.
  std::int64_t wall_ms = 0;
};

/// A service of this node.
struct local_service {
  catalog::service_row row;
  std::string token;
  /// The service whose automatic sidecar this is.
  std::string sidecar_of;
  origin from = origin::api;
  sync_mark mark = sync_mark::dirty;
  /// Rises with every change, so that an old acknowledgement is noticed.
  std::uint64_t revision = 0;
};

/// A check of this node or of one of its services.
struct local_check {
  health::check_plan plan;
  /// As the catalog shows it; `definition` stays empty.
  catalog::check_row row;
  origin from = origin::api;
  bool maintenance = false;
  sync_mark mark = sync_mark::dirty;
  std::uint64_t revision = 0;
  /// Since when results have been critical; unset until the first one.
  std::optional<time_point> critical_since;
  /// When a change of the output alone is pushed.
  std::optional<time_point> output_due;
};

/// What the shell must do, in this order.
struct effects {
  std::vector<row> rows;
  std::vector<
    std::variant<health::start_check, health::stop_check, health::renew_ttl>>
    health;
};

struct local_options {
  /// This node's name.
  std::string node;
  script_rights scripts;
  /// How long a change of the output alone may wait, give or take a half.
  duration check_update_interval = std::chrono::minutes{5};
  std::int64_t check_output_max_size = 4096;
  bool discard_check_output = false;
  /// Automatic sidecars get the first free port of these.
  std::int64_t sidecar_port_min = 21000;
  std::int64_t sidecar_port_max = 21255;
};

/// See the head of the file.
///
/// Invariants: a check with a service id belongs to a known service; an id is
/// either known or dropped, never both.
class local_state {
public:
  /// Shorter ones are raised. Source: Consul, CheckDeregisterIntervalMin.
  static constexpr duration deregister_after_min = std::chrono::minutes{1};

  explicit local_state(local_options options) : options_{std::move(options)} {}

  /// Takes what was stored before the restart. Checks are critical until they
  /// prove otherwise; a TTL check that still holds keeps its status.
  /// Errors: corruption.
  status load(const std::vector<row>& rows, const moment& at);

  // -- commands; errors are those of the messages
  // ------------------------------

  status register_service(const agent::register_service& what,
                          const moment& at);
  void deregister_service(const std::string& id);
  status register_check(const agent::register_check& what, const moment& at);
  void deregister_check(const std::string& id);
  status update_ttl(const std::string& id, const std::string& status_text,
                    const std::string& output, const moment& at, rng& random);
  status maintain_service(const std::string& id, bool enable,
                          const std::string& reason, const moment& at);
  void maintain_node(bool enable, const std::string& reason, const moment& at);

  /// Replaces what came from files, or changes nothing if any is refused.
  status load_definitions(const agent::load_definitions& what,
                          const moment& at);

  /// A check was carried out. Unknown ids are ignored: it was just removed.
  void record_result(const std::string& id, const std::string& status_text,
                     std::string output, time_point now, rng& random);

  /// Makes output changes that waited long enough dirty, and sets alias checks
  /// of this node's services right.
  void tick(time_point now, rng& random);

  /// Deregisters services that were critical for longer than they allow.
  /// @returns Their ids.
  std::vector<std::string> reap_critical(time_point now);

  effects take_effects();

  /// Whether time alone can make `reap_critical` do something.
  bool may_reap() const;

  // -- questions
  // ---------------------------------------------------------------

  const std::map<std::string, local_service>& services() const {
    return services_;
  }
  const std::map<std::string, local_check>& checks() const { return checks_; }
  const local_options& options() const { return options_; }

  /// When an output change is due, if any waits.
  std::optional<time_point> next_output_due() const;

private:
  friend class catalog_sync;

  status refuse(const agent::register_service& what) const;
  status refuse(const agent::register_check& what) const;
  result<agent::register_service>
  complete(const agent::register_service& what) const;
  result<std::int64_t> free_sidecar_port() const;

  void put_service(agent::register_service what, const moment& at);
  void put_check(health::check_plan plan, origin from, bool maintenance,
                 const moment& at);
  void start(local_check& check, const moment& at);
  void remove_check(const std::string& id);
  void remove_files_not_in(const std::set<std::string>& service_ids,
                           const std::set<std::string>& check_ids);
  void adopt_orphans(const moment& at);
  void set_result(local_check& check, const std::string& status_text,
                  std::string output, time_point now, rng& random);
  void evaluate_aliases(time_point now, rng& random);
  void touch(local_service& x);
  void touch(local_check& x);

  local_options options_;
  std::map<std::string, local_service> services_;
  std::map<std::string, local_check> checks_;
  /// Removed here, and perhaps still in the catalog.
  std::map<std::string, sync_mark> dropped_services_;
  std::map<std::string, sync_mark> dropped_checks_;
  /// Of the last run, until the check is registered again.
  std::map<std::string, stored_ttl> stored_ttls_;
  /// Stored checks whose service is not known; files may still bring it.
  std::vector<stored_check> orphans_;
  std::uint64_t revision_ = 0;
  effects effects_;
};

/// What an alias check of a local service says.
struct alias_verdict {
  std::string status;
  std::string output;
};

/// The worst of the service's checks and all node-level checks among `checks`.
/// @param known Whether the service exists.
alias_verdict judge_alias(const std::vector<const catalog::check_row*>& checks,
                          const std::string& service_id,
                          const std::string& node, bool known);

/// Cuts output as the API does for TTL checks.
std::string cut_output(const std::string& output, std::int64_t size_max);

} // namespace praetor::agent
