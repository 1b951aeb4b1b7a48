#include "runtime/node/registrator_part.hpp"

#include "actors/registrator/consul_backend.hpp"
#include "actors/registrator/core/option_texts.hpp"
#include "actors/registrator/registrator_actor.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"
#include "runtime/node/container_template.hpp"
#include "runtime/template/block_reader.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <utility>

namespace praetor::node {

namespace {

using namespace registrator;

/// Asks the actors of this process as a client of the agent would.
class local_client final : public http_client {
public:
  local_client(http::backends& to, http::site site)
    : shared_{std::make_shared<shared>(to, std::move(site))} {}

  void send(http_request what, reply<http_answer> to) override {
    shared_->to.post([shared = shared_, what = std::move(what),
                      to = std::move(to)] { ask(shared, what, to); });
  }

  void follow(http_request, std::function<void(std::string)>,
              reply<http_answer> to) override {
    to.complete(error{errc::rejected, "an agent has no stream of events"});
  }

  void stop() override { shared_->stopped = true; }

private:
  struct shared {
    shared(http::backends& x, http::site y) : to{x}, site{std::move(y)} {}
    http::backends& to;
    http::site site;
    std::atomic<bool> stopped{false};
  };

  /// In the agent's thread.
  static void ask(const std::shared_ptr<shared>& my, const http_request& what,
                  const reply<http_answer>& to) {
    if (my->stopped)
      return to.complete(error{errc::canceled, "stopped"});
    http::request rq;
    rq.method = what.method;
    rq.body = what.body;
    rq.content_length = what.body.size();
    rq.client = "127.0.0.1";
    for (const auto& [name, value] : what.headers)
      rq.headers.emplace_back(to_lower(name), value);
    auto admitted = http::admit(my->site, my->to.facts, what.target, rq);
    const auto respond = [to](const http::response& x) {
      to.complete(http_answer{x.status, x.body ? *x.body : ""});
    };
    if (admitted.to == nullptr)
      return respond(admitted.answer);
    admitted.to->answer(
      {std::move(rq), my->to, respond, [](const std::function<void()>&) {}});
  }

  std::shared_ptr<shared> shared_;
};

// -- the block
// ------------------------------------------------------------------

void read_registrator(templates::block_reader& in, option_texts& texts,
                      options& to, std::string& docker) {
  std::vector<std::string> tags;
  int ttl = 0;
  int ttl_refresh = 0;
  int resync = 0;
  in.read("docker_host", docker);
  in.read("ip", to.ip);
  in.read("internal", to.internal);
  in.read("explicit", to.explicit_only);
  in.read("use_ip_from_label", to.ip_label);
  in.read("network", to.network);
  in.read_words("tags", tags);
  in.read("ignore", to.ignore);
  in.read("name_from", texts.name_from);
  in.read("port_suffix", texts.port_suffix);
  in.read("deregister", texts.deregister);
  in.read("early", to.early);
  in.read("cleanup", to.cleanup);
  in.read("ttl", ttl);
  in.read("ttl_refresh", ttl_refresh);
  in.read("resync", resync);
  in.finish();
  for (const auto& tag : tags)
    texts.tags += (texts.tags.empty() ? "" : ",") + tag;
  texts.ttl = ttl;
  texts.ttl_refresh = ttl_refresh;
  texts.resync = resync;
}

/// Errors: what is wrong with the block, without its place.
result<registrator_settings> settings_of(const config::value_object& block,
                                         const variable_reader& variable) {
  registrator_settings out;
  option_texts texts;
  std::string docker;
  templates::problems found;
  templates::block_reader in{block, "actor.registrator", found};
  read_registrator(in, texts, out.how, docker);
  if (!found.empty())
    return error{errc::invalid_argument, found.front()};
  // Blocking the actor would block others: no templates that read URLs.
  if (auto done = complete_options(texts, nullptr, out.how); !done)
    return done.error();
  auto address = take_address_template(out.how.ip);
  if (!address)
    return address.error();
  out.forced_address = std::move(*address);
  auto engine = docker_place(std::move(docker), variable);
  if (!engine)
    return engine.error();
  out.engine = std::move(*engine);
  return out;
}

} // namespace

result<std::optional<registrator_settings>>
registrator_settings_of(const std::vector<config::actor_block>& blocks,
                        const variable_reader& variable) {
  std::optional<registrator_settings> out;
  for (const auto& x : blocks) {
    const auto* object = x.options.as<config::value_object>();
    if (x.name != "registrator" || object == nullptr)
      continue;
    const auto refuse = [&x](const std::string& why) {
      return error{errc::invalid_argument, x.where + ": " + why};
    };
    if (out)
      return refuse("there is more than one actor \"registrator\"");
    auto one = settings_of(*object, variable);
    if (!one)
      return refuse(one.error().context);
    out = std::move(*one);
  }
  return out;
}

// -- the part
// -------------------------------------------------------------------

struct registrator_part::state {
  std::shared_ptr<http_client> engine;
  std::shared_ptr<local_client> registry;
  registrator_actor actor;
};

result<std::unique_ptr<registrator_part>>
registrator_part::start(const registrator_settings& how, home where) {
  auto engine = net::make_http_session(where.io, how.engine);
  if (!engine)
    return engine.error();
  auto x = std::make_unique<state>();
  x->engine = std::move(*engine);
  x->registry = std::make_shared<local_client>(where.to, std::move(where.site));
  registrator_options options;
  options.how = how.how;
  options.hostname = own_hostname();
  options.address = [address = std::move(where.address)] { return address; };
  options.forced_address = how.forced_address;
  options.wall_clock = nanoseconds_since_1970;
  options.retry_attempts = -1;
  options.engine_required = false;
  x->actor = spawn_registrator(
    where.sys, options, x->engine,
    [client = x->registry, host = options.hostname](executor post) {
      return make_consul_backend({client, std::move(post)}, host);
    });
  return std::unique_ptr<registrator_part>{new registrator_part{std::move(x)}};
}

registrator_part::registrator_part(std::unique_ptr<state> x)
  : state_{std::move(x)} {}

registrator_part::~registrator_part() {
  state_->engine->stop();
  state_->registry->stop();
  caf::anon_send<caf::message_priority::high>(
    caf::actor_cast<caf::actor>(state_->actor),
    caf::exit_msg{caf::actor_addr{}, caf::exit_reason::user_shutdown});
}

} // namespace praetor::node
