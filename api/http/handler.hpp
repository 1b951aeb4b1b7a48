// What a handler of an endpoint sees: a request, the actors behind functions,
// and someone who takes the response. No sockets, no CAF: handlers are tested
// with plain structs and compile fast. The server (http_server.cpp) turns bytes
// into these structs, bridge.cpp fills `backends` with actor handles.
//
// Everything of one connection runs in one io thread; each such thread has its
// own `backends`.

#pragma once

#include "actors/agent/messages.hpp"
#include "actors/catalog/messages.hpp"
#include "actors/gossip/messages.hpp"
#include "actors/kv/messages.hpp"
#include "actors/leader/messages.hpp"
#include "actors/raft/messages.hpp"
#include "actors/router/messages.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/reply.hpp"
#include "runtime/base/rng.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::http {

/// A parsed request that passed the checks common to all endpoints.
struct request {
  std::string method;
  /// Percent-decoded and clean.
  std::string path;
  /// The rest of the path behind the route's prefix ("a/b" of /v1/kv/a/b).
  std::string argument;
  /// Decoded, in order, repeats included.
  std::vector<std::pair<std::string, std::string>> parameters;
  /// Names in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Content-Length, if there was one (not for chunked bodies).
  std::optional<std::uint64_t> content_length;
  /// IP address of the client.
  std::string client;

  /// Returns the first value of a parameter; nothing if it is absent.
  std::optional<std::string_view> parameter(std::string_view name) const;

  /// Whether the parameter is present, whatever its value.
  bool has(std::string_view name) const;

  /// Returns a header's value, or "".
  std::string_view header(std::string_view name) const;
};

/// Writes to a response that goes on until the client hangs up.
class body_stream {
public:
  body_stream() = default;
  body_stream(const body_stream&) = delete;
  body_stream& operator=(const body_stream&) = delete;
  virtual ~body_stream() = default;

  /// Queues bytes; drops them if the client is slower than the limit allows.
  /// Callable from any thread.
  virtual void write(std::string bytes) = 0;

  /// Whether the client is gone.
  virtual bool closed() const = 0;
};

/// What goes back.
struct response {
  int status = 200;
  /// Empty: no Content-Type.
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Null or empty: no body. Shared with caches, never copied.
  shared_text body;
  /// JSON bodies become indented if the request or the agent asks for it.
  bool is_json = false;
  /// Instead of a body: called once the headers are out.
  std::function<void(std::shared_ptr<body_stream>)> stream;
};

/// Takes the response; exactly one call.
using responder = std::function<void(response)>;

/// What the endpoints need to know about this node; constant.
struct node_facts {
  std::string node_name;
  std::string node_id;
  std::string datacenter;
  bool server = true;
  /// What /v1/status/leader shows for this server: advertise address, RPC port.
  std::string rpc_address;
  std::string serf_lan_address;
  /// "1.8.7" by default: clients parse it.
  std::string version;
  /// /v1/agent/self: members DebugConfig and Member, ready-made JSON.
  std::string debug_config_json;
  std::string member_json;
  bool acl_enabled = false;
  bool bootstrap = false;
  /// There are no coordinates here.
  bool disable_coordinates = false;
  /// Script checks may be registered over HTTP.
  bool remote_scripts = false;
  duration session_ttl_min = std::chrono::seconds{10};
  duration default_query_time = std::chrono::seconds{300};
  duration max_query_time = std::chrono::seconds{600};
  std::uint64_t kv_max_value_size = 524288;
  std::uint64_t txn_max_req_len = 524288;
  std::int64_t check_output_max_size = 4096;
};

/// The way to the actors. Each function sends a message and returns at once.
/// Replies come back in the io thread if they were made by `then`.
struct backends {
  node_facts facts;
  /// Runs a function in the io thread; callable from any thread.
  std::function<void(std::function<void()>)> post;
  std::function<void(kv::read)> read_kv;
  std::function<void(catalog::read)> read_catalog;
  /// Removes a waiting read of either owner, or of the agent.
  std::function<void(std::uint64_t watch_id)> forget_watch;
  std::function<void(router::submit)> submit;
  std::function<void(router::renew_session)> renew_session;
  /// Raft as this server knows it, or the one that a client agent asks.
  std::function<void(raft::get_status)> raft_status;
  /// These four are asked of the server that leads.
  std::function<void(raft::get_status)> leader_status;
  std::function<void(raft::change_members)> change_members;
  std::function<void(raft::transfer_leadership)> transfer_leadership;
  std::function<void(leader::get_health)> server_health;
  std::function<void(agent::register_service)> register_service;
  std::function<void(agent::deregister_service)> deregister_service;
  std::function<void(agent::register_check)> register_check;
  std::function<void(agent::deregister_check)> deregister_check;
  std::function<void(agent::update_ttl)> update_ttl;
  std::function<void(agent::maintain_service)> maintain_service;
  std::function<void(agent::maintain_node)> maintain_node;
  std::function<void(agent::get_services)> get_services;
  std::function<void(agent::get_checks)> get_checks;
  std::function<void(agent::get_service)> get_service;
  std::function<void(agent::get_service_health)> get_service_health;
  std::function<void(agent::get_counts)> get_counts;
  std::function<void(agent::get_members)> get_members;
  std::function<void(agent::fire_event)> fire_event;
  std::function<void(agent::list_events)> list_events;
  /// Reloads the configuration; the error is the text for the client.
  std::function<void(reply<std::monostate>)> reload;
  /// Leaves; answers when that is done, then the process ends.
  std::function<void(reply<std::monostate>)> leave;
  /// Joins addresses over LAN or WAN; the error is the text for the client.
  std::function<void(std::string address, bool wan, reply<std::monostate>)>
    join;
  std::function<void(std::string node, bool prune, reply<std::monostate>)>
    force_leave;
  /// Numbers of the LAN pool.
  std::function<void(gossip::get_stats)> pool_stats;
  /// Looks at or changes the keys that encrypt gossip.
  std::function<void(gossip::change_keys)> change_keys;
  /// Subscribes a stream to log lines. The error is the text for the client.
  std::function<void(std::shared_ptr<body_stream>, std::string log_level,
                     bool json)>
    monitor;
  /// For ids that the accepting node chooses (sessions).
  rng random{0};
  /// Next watch id; unique in the process.
  std::uint64_t next_watch_id = 1;

  /// Makes a reply that runs `f(result<T>)` in the io thread.
  template <class T, class F>
  reply<T> then(F f) const {
    return reply<T>{[post = post, f = std::make_shared<F>(std::move(f))](
                      result<T> x) mutable {
      post(
        [f = std::move(f), x = std::move(x)]() mutable { (*f)(std::move(x)); });
    }};
  }
};

/// One request on its way.
struct exchange {
  const request& rq;
  backends& to;
  responder respond;
  /// Registers what to do if the client hangs up before the response.
  std::function<void(std::function<void()>)> on_hangup;
};

/// A handler answers through `respond`, now or later. `x.rq` stays alive until
/// then.
using handler = void (*)(exchange x);

} // namespace praetor::http
