#include "api/http/reads.hpp"

#include "api/http/http_error.hpp"
#include "api/http/respond.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace praetor::http {
namespace {

/// A read on its way; kept until its answer, so that it can be asked again.
template <class Query>
struct pending_read {
  exchange x;
  Query query;
  query_options options;
  read_style style;
};

void send(backends& to, kv::read r) {
  to.read_kv(std::move(r));
}
void send(backends& to, catalog::read r) {
  to.read_catalog(std::move(r));
}

response answer_of(const owner::read_answer& a, const query_options& options,
                   const read_style& style) {
  response r;
  if (!a.data.found) {
    r.status = 404;
    if (style.meta_on_not_found)
      add_meta(r, a);
    return r;
  }
  auto body = a.data.body;
  if (style.transform) {
    auto changed = style.transform(std::move(body));
    if (!changed) {
      r = failure(changed.error());
      if (style.meta_on_errors)
        add_failed_meta(r);
      return r;
    }
    body = std::move(*changed);
  }
  r = json(std::move(body));
  add_meta(r, a);
  if (style.effective_consistency)
    r.headers.emplace_back("X-Consul-Effective-Consistency",
                           to_string(options.read.mode));
  // Nothing is kept here: what an owner has encoded already is as fresh as any.
  if (style.cacheable && options.cached)
    r.headers.emplace_back("X-Cache", "MISS");
  if (style.finish)
    style.finish(a, r);
  return r;
}

template <class Query>
void ask(std::shared_ptr<pending_read<Query>> p) {
  backends& to = p->x.to;
  if (p->options.read.min_index > 0) {
    const auto id = to.next_watch_id++;
    p->options.read.watch_id = id;
    p->x.on_hangup([&to, id] { to.forget_watch(id); });
  }
  owner::read<Query> message{p->query, p->options.read, {}};
  message.to =
    to.then<owner::read_answer>([p](result<owner::read_answer> a) mutable {
      if (!a)
        return fail_read(p->x, a.error(), p->style);
      auto& options = p->options;
      if (options.max_stale > duration::zero()
          && a->last_contact > options.max_stale) {
        options.max_stale = duration::zero();
        options.read.mode = owner::consistency::leader_default;
        return ask(std::move(p));
      }
      p->x.respond(answer_of(*a, options, p->style));
    });
  send(to, std::move(message));
}

template <class Query>
void start(exchange x, Query q, read_style style) {
  const auto options = parse_query_options(x.rq, x.to.facts, x.to.random);
  if (!options)
    return x.respond(failure(options.error()));
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return fail_read(x, here.error(), style);
  ask(std::make_shared<pending_read<Query>>(pending_read<Query>{
    std::move(x), std::move(q), *options, std::move(style)}));
}

} // namespace

void read_catalog(exchange x, catalog::query q, read_style style) {
  start(std::move(x), std::move(q), std::move(style));
}

void read_kv(exchange x, kv::query q, read_style style) {
  start(std::move(x), std::move(q), std::move(style));
}

void add_meta(response& r, const owner::read_answer& a) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto contact = duration_cast<milliseconds>(a.last_contact).count();
  r.headers.emplace_back("X-Consul-Index",
                         std::to_string(a.data.index == 0 ? 1 : a.data.index));
  r.headers.emplace_back("X-Consul-KnownLeader",
                         a.known_leader ? "true" : "false");
  r.headers.emplace_back("X-Consul-LastContact", std::to_string(contact));
}

void add_failed_meta(response& r) {
  owner::read_answer none;
  none.known_leader = false;
  add_meta(r, none);
}

void fail_read(const exchange& x, const error& e, const read_style& style) {
  auto r = failure(e);
  if (style.meta_on_errors)
    add_failed_meta(r);
  x.respond(std::move(r));
}

void submit_command(exchange x, state::command c, finish_command finish) {
  if (const auto here = check_datacenter(x.rq, x.to.facts); !here)
    return x.respond(failure(here.error()));
  submit_here(std::move(x), std::move(c), std::move(finish));
}

void submit_here(exchange x, state::command c, finish_command finish) {
  auto& to = x.to;
  router::submit message{std::move(c), {}};
  message.to =
    to.then<command_result>([x = std::move(x), finish = std::move(finish)](
                              const result<command_result>& r) {
      if (!r)
        return x.respond(failure(r.error()));
      if (r->code != errc{})
        return x.respond(failure({r->code, r->body}));
      x.respond(finish ? finish(*r) : json(r->body));
    });
  to.submit(std::move(message));
}

reply<std::monostate> reply_empty(exchange x) {
  auto& to = x.to;
  return to.then<std::monostate>([x = std::move(x)](const status& r) {
    x.respond(r ? empty() : failure(r.error()));
  });
}

reply<shared_text> reply_json(exchange x) {
  auto& to = x.to;
  return to.then<shared_text>([x = std::move(x)](const result<shared_text>& r) {
    x.respond(r ? json(*r) : failure(r.error()));
  });
}

} // namespace praetor::http
