// /v1/txn: several operations, all or none. One that only reads is answered
// from the tables; one that writes, or that looks at the catalog, goes through
// the log.

#include "api/http/handlers.hpp"
#include "api/http/http_error.hpp"
#include "api/http/reads.hpp"
#include "api/http/respond.hpp"
#include "api/http/txn_decode.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/json.hpp"

#include <algorithm>

namespace praetor::http {
namespace {

constexpr std::size_t operations_max = 64;

using outcome = kv::transaction_outcome;

/// What a read shows besides results; absent for writes.
using read_facts = std::optional<owner::read_answer>;

response render(const outcome& o, const read_facts& read) {
  std::string out;
  json_writer w{out};
  w.begin_object().key("Results");
  if (o.errors.empty()) {
    w.begin_array();
    for (const auto& [position, result] : o.results)
      w.raw(result);
    w.end_array().key("Errors").null();
  } else {
    w.null().key("Errors").begin_array();
    for (const auto& [position, what] : o.errors) {
      w.begin_object().key("OpIndex").number(std::uint64_t{position});
      w.key("What").string(what).end_object();
    }
    w.end_array();
  }
  if (!read) {
    w.end_object();
    auto r = json(std::move(out));
    r.status = o.errors.empty() ? 200 : 409;
    return r;
  }
  // The number that Go has for a duration is not used anywhere: milliseconds
  // are in the header.
  w.key("Index").number(0);
  w.key("LastContact").number(std::int64_t{read->last_contact.count()});
  w.key("KnownLeader").boolean(read->known_leader);
  w.key("ConsistencyLevel").string("").end_object();
  auto r = json(std::move(out));
  r.status = o.errors.empty() ? 200 : 409;
  add_meta(r, *read);
  std::erase_if(r.headers, [](const auto& header) {
    return header.first == "X-Consul-Index";
  });
  return r;
}

/// Renders the encoded outcome that owners give.
response render_encoded(std::string_view encoded, const read_facts& read) {
  const auto o = decode<outcome>(encoded);
  return o ? render(*o, read) : failure(o.error());
}

std::optional<response> refuse(const request& rq, const node_facts& facts,
                               const decoded_transaction& t) {
  if (t.count > operations_max)
    return plain(413, "Transaction contains too many operations ("
                        + std::to_string(t.count) + " > "
                        + std::to_string(operations_max) + ")");
  for (const auto& [position, op] : t.keys.operations)
    if (op.value.size() > facts.kv_max_value_size)
      return plain(413, "Value for key " + json_quote(op.key)
                          + " is too large (" + std::to_string(op.value.size())
                          + " > " + std::to_string(facts.kv_max_value_size)
                          + " bytes)");
  if (other_datacenter(rq, facts))
    return failure(check_datacenter(rq, facts).error());
  return std::nullopt;
}

void read_keys(exchange x, kv::transaction t, query_options options) {
  auto& to = x.to;
  kv::read message;
  message.query.kind = kv::query_kind::transaction;
  message.query.operations = std::move(t.operations);
  message.options.mode = options.read.mode;
  message.to = to.then<owner::read_answer>(
    [x = std::move(x)](const result<owner::read_answer>& a) {
      x.respond(a ? render_encoded(*a->data.body, *a) : failure(a.error()));
    });
  to.read_kv(std::move(message));
}

state::command command_of(decoded_transaction t) {
  if (t.catalog.operations.empty())
    return kv::command{std::move(t.keys)};
  if (t.keys.operations.empty())
    return catalog::command{std::move(t.catalog)};
  return state::mixed_transaction{std::move(t.keys), std::move(t.catalog)};
}

void write_all(exchange x, decoded_transaction t) {
  auto& to = x.to;
  const auto read =
    t.reads_only ? read_facts{owner::read_answer{}} : read_facts{};
  router::submit message{command_of(std::move(t)), {}};
  message.to = to.then<command_result>(
    [x = std::move(x), read](const result<command_result>& r) {
      if (!r)
        return x.respond(failure(r.error()));
      if (r->code != errc{} && r->code != errc::conflict)
        return x.respond(failure({r->code, r->body}));
      x.respond(render_encoded(r->body, read));
    });
  to.submit(std::move(message));
}

} // namespace

void transaction(exchange x) {
  const auto& facts = x.to.facts;
  const auto limit = std::max(facts.kv_max_value_size, facts.txn_max_req_len);
  if (x.rq.body.size() > limit)
    return x.respond(
      plain(413, "Request body too large, max size: " + std::to_string(limit)
                   + " bytes. See https://www.consul.io/docs/agent/"
                     "options.html#txn_max_req_len."));
  auto t = decode_transaction(x.rq.body);
  if (!t)
    return x.respond(plain(400, "Failed to parse body: " + t.error().context));
  const auto options = parse_query_options(x.rq, facts, x.to.random);
  if (t->reads_only && !options)
    return x.respond(failure(options.error()));
  if (auto refusal = refuse(x.rq, facts, *t))
    return x.respond(std::move(*refusal));
  if (!t->errors.empty())
    return x.respond(render({{}, std::move(t->errors)}, {}));
  if (t->reads_only && t->catalog.operations.empty())
    return read_keys(std::move(x), std::move(t->keys), *options);
  write_all(std::move(x), std::move(*t));
}

} // namespace praetor::http
