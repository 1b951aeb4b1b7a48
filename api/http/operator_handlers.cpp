// /v1/operator: the Raft configuration.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/json_decode.hpp"
#include "api/http/query_options.hpp"
#include "api/http/respond.hpp"
#include "runtime/base/json.hpp"

#include <map>

namespace praetor::http {
namespace {

/// Names of nodes by their id, from the answer of /v1/catalog/nodes.
std::map<std::string, std::string> names_by_id(const std::string& nodes) {
  std::map<std::string, std::string> out;
  const auto parsed = parse_json(nodes);
  if (!parsed || !parsed->IsArray())
    return out;
  const auto text = [](const json_value& row, const char* name) {
    const auto i = row.FindMember(name);
    return i != row.MemberEnd() && i->value.IsString()
             ? std::string{i->value.GetString(), i->value.GetStringLength()}
             : std::string{};
  };
  for (const auto& row : parsed->GetArray())
    if (row.IsObject())
      out[text(row, "ID")] = text(row, "Node");
  return out;
}

std::string
render_configuration(const raft::raft_status& s,
                     const std::map<std::string, std::string>& names) {
  std::string out;
  json_writer w{out};
  w.begin_object().key("Servers").begin_array();
  for (const auto& m : s.members) {
    const auto name = names.find(m.id.value);
    w.begin_object();
    w.key("ID").string(m.id.value);
    w.key("Node").string(name == names.end() ? "(unknown)" : name->second);
    w.key("Address").string(m.address);
    w.key("Leader").boolean(m.id == s.leader);
    w.key("ProtocolVersion").string("3");
    w.key("Voter").boolean(m.voter);
    w.end_object();
  }
  w.end_array().key("Index").number(s.members_index).end_object();
  return out;
}

/// Second half: Raft knows ids and addresses, the catalog knows names.
void show_configuration(exchange x, raft::raft_status s) {
  auto& to = x.to;
  catalog::read message;
  message.query.kind = catalog::query_kind::nodes;
  message.options.mode = owner::consistency::stale;
  message.to = to.then<owner::read_answer>(
    [x = std::move(x), s = std::move(s)](const result<owner::read_answer>& a) {
      std::map<std::string, std::string> names;
      if (a && a->data.body)
        names = names_by_id(*a->data.body);
      names[x.to.facts.node_id] = x.to.facts.node_name;
      x.respond(json(render_configuration(s, names)));
    });
  to.read_catalog(std::move(message));
}

/// Asks Raft of the leader, or with ?stale of any server, then goes on with
/// `next`.
void with_status(exchange x, void (*next)(exchange, raft::raft_status)) {
  auto& to = x.to;
  const auto& ask = x.rq.method == "GET" && x.rq.has("stale")
                      ? to.raft_status
                      : to.leader_status;
  ask({to.then<raft::raft_status>(
    [x = std::move(x), next](result<raft::raft_status> s) {
      if (!s)
        return x.respond(failure(s.error()));
      next(x, std::move(*s));
    })});
}

/// Proposes the membership without one server.
void remove_peer(exchange x, raft::raft_status s) {
  const auto by_id = x.rq.has("id");
  const std::string kind = by_id ? "id" : "address";
  const std::string wanted{x.rq.parameter(kind).value_or("")};
  raft::change_members message;
  message.expected = s.members_index;
  message.next.members = s.members;
  const auto gone =
    std::erase_if(message.next.members, [&](const raft::member& m) {
      return (by_id ? m.id.value : m.address) == wanted;
    });
  if (gone == 0)
    return x.respond(plain(500, kind + " " + json_quote(wanted)
                                  + " was not found in the Raft "
                                    "configuration"));
  auto& to = x.to;
  message.to =
    to.then<log_index>([x = std::move(x)](const result<log_index>& i) {
      // Another change came first: as any other error of Raft's in Consul.
      if (!i && i.error().code == errc::conflict)
        return x.respond(plain(500, i.error().context));
      x.respond(i ? empty() : failure(i.error()));
    });
  to.change_members(std::move(message));
}

} // namespace

void operator_raft_configuration(exchange x) {
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  with_status(std::move(x), show_configuration);
}

void operator_raft_peer(exchange x) {
  const auto id = x.rq.has("id");
  const auto address = x.rq.has("address");
  if (!id && !address)
    return x.respond(plain(400, "Bad request: Must specify either ?id with the "
                                "server's ID or ?address with IP:port of peer "
                                "to remove"));
  if (id && address)
    return x.respond(plain(400, "Bad request: Must specify only one of ?id or "
                                "?address"));
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  with_status(std::move(x), remove_peer);
}

void operator_raft_transfer_leader(exchange x) {
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  auto& to = x.to;
  raft::transfer_leadership message;
  if (const auto id = x.rq.parameter("id").value_or(""); !id.empty())
    message.target = peer_id{std::string{id}};
  message.to = to.then<std::monostate>(
    [respond = std::move(x.respond)](const status& done) {
      if (!done && done.error().code != errc::no_leader
          && done.error().code != errc::not_leader)
        return respond(plain(500, done.error().context));
      respond(done ? json(std::string{R"({"Success":true})"})
                   : failure(done.error()));
    });
  to.transfer_leadership(std::move(message));
}

} // namespace praetor::http
