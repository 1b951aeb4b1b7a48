// What can be asked of the agent, the owner of this node's own services and
// checks, of its user events, and of what it says about itself.

#pragma once

#include "actors/catalog/messages.hpp"
#include "actors/health/messages.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::agent {

/// Where a definition came from. Those from the API are kept on disk and
/// survive a reload; those from files win over stored ones with the same id.
enum class origin : std::uint8_t { api = 1, file };

// -- changes
// ------------------------------------------------------------------------

/// PUT /v1/agent/service/register. The api has filled in defaults and checked
/// what needs no state. Answers when it is stored and the catalog has it, or
/// the catalog could not be reached (it follows later). Errors: rejected
/// (500), invalid_argument (400).
struct register_service {
  using is_message = void;
  catalog::service_row service;
  std::string token;
  std::vector<health::check_plan> checks;
  /// Checks of the service that are not mentioned go.
  bool replace_existing_checks = false;
  /// Not empty: this is the automatic sidecar of that service and goes with it.
  /// Port 0 takes the first free one, no checks are the two that Consul adds.
  std::string sidecar_of;
  origin from = origin::api;
  reply<std::monostate> to;
};

/// PUT /v1/agent/service/deregister/<id>: with its checks. Unknown is fine.
struct deregister_service {
  using is_message = void;
  std::string id;
  reply<std::monostate> to;
};

/// PUT /v1/agent/check/register. Errors: rejected
/// (`ServiceID "<id>" does not exist`, `Scripts are disabled on this agent
/// ...`).
struct register_check {
  using is_message = void;
  health::check_plan check;
  origin from = origin::api;
  reply<std::monostate> to;
};

/// PUT /v1/agent/check/deregister/<id>. Unknown is fine.
struct deregister_check {
  using is_message = void;
  std::string id;
  reply<std::monostate> to;
};

/// PUT /v1/agent/check/{pass,warn,fail,update}/<id>. Errors: rejected
/// (`CheckID "<id>" does not have associated TTL`).
struct update_ttl {
  using is_message = void;
  std::string id;
  std::string status;
  std::string output;
  reply<std::monostate> to;
};

/// PUT /v1/agent/service/maintenance/<id>. Errors: not_found.
struct maintain_service {
  using is_message = void;
  std::string id;
  bool enable = false;
  std::string reason;
  reply<std::monostate> to;
};

/// PUT /v1/agent/maintenance.
struct maintain_node {
  using is_message = void;
  bool enable = false;
  std::string reason;
  reply<std::monostate> to;
};

/// Replace everything that came from files (start and SIGHUP).
struct load_definitions {
  using is_message = void;
  std::vector<register_service> services;
  std::vector<register_check> checks;
  reply<std::monostate> to;
};

// -- questions
// ----------------------------------------------------------------------

/// GET /v1/agent/services: JSON map by id.
struct get_services {
  using is_message = void;
  reply<shared_text> to;
};

/// GET /v1/agent/checks: JSON map by id.
struct get_checks {
  using is_message = void;
  reply<shared_text> to;
};

/// GET /v1/agent/service/<id>, waiting while the hash is `hash` (if not empty).
/// Errors: not_found.
struct get_service {
  using is_message = void;
  std::string id;
  std::string hash;
  duration wait{0};
  std::uint64_t watch_id = 0;
  struct found {
    shared_text body;
    std::string hash;
  };
  reply<found> to;
};

/// GET /v1/agent/health/service/id/<id> and /name/<name>.
struct get_service_health {
  using is_message = void;
  std::string name_or_id;
  bool by_name = false;
  struct found {
    /// passing, warning, critical, maintenance.
    std::string status;
    bool exists = true;
    /// JSON as the endpoint shows it.
    shared_text body;
  };
  reply<found> to;
};

/// Numbers for /v1/agent/self and `info`.
struct get_counts {
  using is_message = void;
  struct counts {
    std::size_t check_monitors = 0;
    std::size_t check_ttls = 0;
    std::size_t checks = 0;
    std::size_t services = 0;
  };
  reply<counts> to;
};

/// GET /v1/agent/members: JSON list.
struct get_members {
  using is_message = void;
  bool wan = false;
  reply<shared_text> to;
};

// -- user events
// --------------------------------------------------------------------

/// PUT /v1/event/fire/<name>. Answers the event as JSON. Errors: rejected.
struct fire_event {
  using is_message = void;
  std::string name;
  std::string payload;
  std::string node_filter;
  std::string service_filter;
  std::string tag_filter;
  reply<shared_text> to;
};

/// GET /v1/event/list, waiting while the index equals `index` (if not 0).
struct list_events {
  using is_message = void;
  /// Empty: all.
  std::string name;
  std::uint64_t index = 0;
  duration wait{0};
  std::uint64_t watch_id = 0;
  struct found {
    /// XOR of the halves of the last event's UUID; 1 if there is none.
    std::uint64_t index = 1;
    shared_text body;
  };
  reply<found> to;
};

/// The asker of a waiting question hung up.
struct forget_watch {
  using is_message = void;
  std::uint64_t watch_id = 0;
};

} // namespace praetor::agent
