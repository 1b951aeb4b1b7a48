#include "runtime/node/template_part.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"
#include "runtime/net/http_link.hpp"
#include "runtime/template/daemon.hpp"
#include "runtime/template/settings_reader.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

namespace praetor::node {

namespace asio = boost::asio;

namespace {

std::uint64_t number_in(const http::response& x, std::string_view name) {
  for (const auto& [key, value] : x.headers)
    if (equal_fold(key, name))
      return parse_uint(value).value_or(0);
  return 0;
}

net::link_answer answer_of(const http::response& x) {
  constexpr std::uint64_t contact_ms_max = 1ULL << 40U;
  net::link_answer out;
  out.status = x.status;
  if (x.body)
    out.body = *x.body;
  out.index = number_in(x, "X-Consul-Index");
  out.last_contact = std::chrono::milliseconds{
    std::min(number_in(x, "X-Consul-LastContact"), contact_ms_max)};
  return out;
}

/// What the two threads share of one exchange.
struct call {
  explicit call(asio::io_context& mine) : done{mine} {}

  // Of the templates' thread.
  asio::steady_timer done;
  std::optional<net::link_answer> answer;
  bool canceled = false;

  // Of the agent's thread.
  http::request rq;
  std::vector<std::function<void()>> hang_ups;
  bool hung_up = false;
};

/// Exchanges by message with the actors of this process.
class local_link final : public net::agent_link {
public:
  local_link(asio::io_context& mine, http::backends& to, const http::site& site)
    : mine_{mine}, to_{to}, site_{site} {}

  ~local_link() override { local_link::cancel(); }

  asio::awaitable<result<net::link_answer>>
  exchange(net::link_request what) override {
    const auto now = std::make_shared<call>(mine_);
    call_ = now;
    to_.post([now, what = std::move(what), this_to = &to_, site = &site_,
              mine = &mine_] { begin(now, what, *this_to, *site, *mine); });
    now->done.expires_at(time_point::max());
    boost::system::error_code ignored;
    co_await now->done.async_wait(
      asio::redirect_error(asio::use_awaitable, ignored));
    if (now->answer)
      co_return std::move(*now->answer);
    co_return error{errc::canceled, "context canceled"};
  }

  void cancel() override {
    const auto now = std::exchange(call_, nullptr);
    if (!now || now->answer || now->canceled)
      return;
    now->canceled = true;
    now->done.cancel();
    to_.post([now] {
      now->hung_up = true;
      for (const auto& f : now->hang_ups)
        f();
    });
  }

private:
  /// In the agent's thread.
  static void begin(const std::shared_ptr<call>& now,
                    const net::link_request& what, http::backends& to,
                    const http::site& site, asio::io_context& mine) {
    if (now->hung_up)
      return;
    now->rq.method = what.method;
    now->rq.body = what.body;
    now->rq.content_length = what.body.size();
    now->rq.client = "127.0.0.1";
    auto admitted = http::admit(site, to.facts, what.target, now->rq);
    const auto respond = [now, &mine](const http::response& x) {
      asio::post(mine, [now, answer = answer_of(x)]() mutable {
        now->answer = std::move(answer);
        now->done.cancel();
      });
    };
    if (admitted.to == nullptr)
      return respond(admitted.answer);
    admitted.to->answer({now->rq, to, respond, [now](std::function<void()> f) {
                           now->hang_ups.push_back(std::move(f));
                         }});
  }

  asio::io_context& mine_;
  http::backends& to_;
  const http::site& site_;
  std::shared_ptr<call> call_;
};

} // namespace

result<templates::settings>
template_settings_of(const std::vector<config::actor_block>& blocks) {
  templates::settings out;
  // Nothing is gained by repeating or by old answers inside one process.
  out.max_stale = duration::zero();
  out.template_error_fatal = false;
  for (const auto& x : blocks) {
    if (x.name != "template")
      continue;
    templates::problems found;
    const auto* object = x.options.as<config::value_object>();
    if (object == nullptr)
      continue;
    templates::template_settings one;
    templates::block_reader in{*object, "actor.template", found};
    templates::read_template(in, one);
    in.finish();
    if (!found.empty())
      return error{errc::invalid_argument, x.where + ": " + found.front()};
    out.templates.push_back(std::move(one));
  }
  templates::complete(out);
  return out;
}

struct template_part::state {
  http::site site;
  asio::io_context io{1};
  std::unique_ptr<templates::daemon> runs;
  std::thread thread;
};

template_part::template_part(templates::settings how, http::backends& to,
                             http::site site, std::uint64_t seed)
  : state_{std::make_unique<state>()} {
  state_->site = std::move(site);
  const auto make_link = [&to,
                          &site_here = state_->site](asio::io_context& mine) {
    return std::make_unique<local_link>(mine, to, site_here);
  };
  state_->runs =
    std::make_unique<templates::daemon>(state_->io, std::move(how), make_link,
                                        templates::variable_map{}, rng{seed});
  asio::co_spawn(
    state_->io, state_->runs->run(),
    [](const std::exception_ptr&, const templates::run_outcome& done) {
      if (!done.failure.empty())
        log::error("agent.template", "Templates are not rendered any more",
                   {{"error", done.failure}});
    });
  state_->thread = std::thread{[this] { state_->io.run(); }};
}

template_part::~template_part() {
  asio::post(state_->io, [this] { state_->runs->stop(); });
  state_->thread.join();
}

} // namespace praetor::node
