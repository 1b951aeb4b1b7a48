// /v1/status: who leads, and who takes part. Answered without a leader too.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/query_options.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/json.hpp"

namespace praetor::http {
namespace {

/// Asks raft and answers with what `render` makes of it.
void answer_status(exchange x,
                   std::string (*render)(const raft::raft_status&)) {
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  auto& to = x.to;
  to.raft_status({to.then<raft::raft_status>(
    [x = std::move(x), render](const result<raft::raft_status>& s) {
      x.respond(s ? json(render(*s)) : failure(s.error()));
    })});
}

} // namespace

void status_leader(exchange x) {
  answer_status(std::move(x), [](const raft::raft_status& s) {
    return json_quote(s.leader ? s.leader_address : std::string{});
  });
}

void status_peers(exchange x) {
  answer_status(std::move(x), [](const raft::raft_status& s) {
    std::string out;
    json_writer list{out};
    list.begin_array();
    if (s.leader)
      for (const auto& m : s.members)
        list.string(m.address);
    list.end_array();
    return out;
  });
}

} // namespace praetor::http
