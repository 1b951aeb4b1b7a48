#include "runtime/template/dedup.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"
#include "runtime/config/hcl.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/evp.h>

#include <array>
#include <optional>

namespace praetor::templates {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int status_ok = 200;
constexpr duration patience = std::chrono::seconds{30};
/// Between two questions whose answers came at once.
constexpr duration breath = std::chrono::milliseconds{100};

/// The members of a key that matter here.
struct stored_key {
  std::string value;
  std::uint64_t flags = 0;
  std::string session;
};

std::string text_at(const config::value_object& x, std::string_view key) {
  for (const auto& one : x)
    if (one.key == key)
      if (const auto* text = one.content.as<std::string>())
        return *text;
  return {};
}

/// Reads the answer of /v1/kv/KEY; nothing if there is no such key.
std::optional<stored_key> read_key(const net::link_answer& x) {
  if (x.status != status_ok)
    return std::nullopt;
  // The reader wants an object at the top.
  const auto tree = config::parse_json("{\"x\":" + x.body + "}");
  const auto* object = tree ? tree->as<config::value_object>() : nullptr;
  const auto* list = object != nullptr && !object->empty()
                       ? object->front().content.as<config::value_list>()
                       : nullptr;
  const auto* row = list != nullptr && !list->empty()
                      ? list->front().as<config::value_object>()
                      : nullptr;
  if (row == nullptr)
    return std::nullopt;
  stored_key out;
  auto value = base64_decode(text_at(*row, "Value"));
  if (value)
    out.value = std::move(*value);
  out.session = text_at(*row, "Session");
  for (const auto& one : *row)
    if (one.key == "Flags")
      if (const auto* number = one.content.as<std::int64_t>())
        out.flags = static_cast<std::uint64_t>(*number);
  return out;
}

std::string session_id_in(const std::string& body) {
  const auto tree = config::parse_json(body);
  const auto* object = tree ? tree->as<config::value_object>() : nullptr;
  return object == nullptr ? "" : text_at(*object, "ID");
}

} // namespace

std::string template_id(const std::string& text, const template_settings& how) {
  // Delimiters change what a text means.
  auto all = text;
  if (!how.left_delimiter.empty() || !how.right_delimiter.empty())
    all += '\0' + how.left_delimiter + '\0' + how.right_delimiter;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_md5(), nullptr);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out.push_back(digits[digest[i] >> 4U]);
    out.push_back(digits[digest[i] & 15U]);
  }
  return out;
}

std::vector<shared_entry> shared_data_of(const std::vector<dependency>& used,
                                         const watcher& source) {
  std::vector<shared_entry> out;
  for (const auto& x : used)
    if (const auto* body = source.body_of(x.name());
        body != nullptr && shareable(x))
      out.push_back({x, *body});
  return out;
}

/// Everything; kept alive by its coroutines, which end at stop().
class dedup::state : public std::enable_shared_from_this<state> {
public:
  state(asio::io_context& io, net::link_factory make_link, dedup_settings how,
        const view_options& options, dedup_listener listener)
    : io_{io},
      make_link_{std::move(make_link)},
      how_{std::move(how)},
      options_{options},
      listener_{std::move(listener)},
      link_{make_link_(io)},
      timer_{io} {}

  void add(const std::string& id) {
    members_.push_back(
      std::make_unique<member>(io_, make_link_, how_.prefix + id));
  }

  void start() {
    spawn([](state& me) { return me.keep_session(); });
    for (std::size_t i = 0; i < members_.size(); ++i) {
      spawn([i](state& me) { return me.compete(i); });
      spawn([i](state& me) { return me.follow(i); });
      spawn([i](state& me) { return me.write_news(i); });
    }
  }

  void publish(std::size_t number, std::vector<shared_entry> entries) {
    auto& x = *members_[number];
    if (!x.leading || entries.empty())
      return;
    auto bytes = encode_shared_data(entries);
    if (bytes == x.news)
      return;
    x.news = std::move(bytes);
    x.unwritten = true;
    x.news_timer.cancel();
  }

  asio::awaitable<void> stop() {
    stopped_ = true;
    timer_.cancel();
    for (const auto& x : members_)
      x->stop();
    link_->cancel();
    if (session_.empty())
      co_return;
    const auto last = make_link_(io_);
    auto request = put("/v1/session/destroy/" + session_, "");
    request.time_max = std::chrono::seconds{2};
    (void)co_await last->exchange(std::move(request));
  }

private:
  /// One template.
  struct member {
    std::string key;
    std::unique_ptr<net::agent_link> lock_link;
    std::unique_ptr<net::agent_link> data_link;
    std::unique_ptr<net::agent_link> news_link;
    asio::steady_timer lock_timer;
    asio::steady_timer data_timer;
    asio::steady_timer news_timer;
    bool leading = false;
    bool unwritten = false;
    std::string news;

    member(asio::io_context& io, const net::link_factory& make_link,
           std::string path)
      : key{std::move(path)},
        lock_link{make_link(io)},
        data_link{make_link(io)},
        news_link{make_link(io)},
        lock_timer{io},
        data_timer{io},
        news_timer{io} {}

    void stop() {
      for (const auto* x : {&lock_link, &data_link, &news_link})
        (*x)->cancel();
      for (auto* x : {&lock_timer, &data_timer, &news_timer})
        x->cancel();
    }
  };

  template <class Coroutine>
  void spawn(Coroutine coroutine) {
    asio::co_spawn(
      io_,
      [me = shared_from_this(), coroutine]() -> asio::awaitable<void> {
        co_await coroutine(*me);
      },
      asio::detached);
  }

  static net::link_request put(std::string target, std::string body) {
    net::link_request out;
    out.method = "PUT";
    out.target = std::move(target);
    out.body = std::move(body);
    return out;
  }

  net::link_request blocking_get(const std::string& key,
                                 std::uint64_t index) const {
    net::link_request out;
    out.target = with_parameters("/v1/kv/" + key, index, options_.wait,
                                 how_.max_stale.value_or(options_.max_stale)
                                   > duration::zero());
    out.time_max = options_.wait + options_.wait / 16 + patience;
    return out;
  }

  static asio::awaitable<void> rest(asio::steady_timer& timer, duration span) {
    timer.expires_after(
      std::chrono::duration_cast<asio::steady_timer::duration>(span));
    error_code ignored;
    co_await timer.async_wait(
      asio::redirect_error(asio::use_awaitable, ignored));
  }

  // -- the session -----------------------------------------------------------

  asio::awaitable<void> keep_session() {
    while (!stopped_) {
      if (!session_.empty())
        co_await rest(timer_, how_.ttl / 2);
      if (stopped_)
        co_return;
      if (session_.empty())
        co_await create_session();
      else
        co_await renew_session();
      if (session_.empty() && !stopped_)
        co_await rest(timer_, session_retry);
    }
  }

  asio::awaitable<void> create_session() {
    auto request =
      put("/v1/session/create",
          R"({"Name":"Consul-Template de-duplication","Behavior":"delete",)"
          R"("TTL":")"
            + format_duration(how_.ttl) + "\"}");
    const auto answer = co_await link_->exchange(std::move(request));
    if (answer && answer->status == status_ok)
      session_ = session_id_in(answer->body);
    if (session_.empty())
      log::error("dedup", "failed to create session: "
                            + (answer ? answer->body : answer.error().context));
    else
      log::info("dedup", "created session " + session_);
    for (const auto& x : members_)
      x->lock_timer.cancel();
  }

  asio::awaitable<void> renew_session() {
    auto request = put("/v1/session/renew/" + session_, "");
    const auto answer = co_await link_->exchange(std::move(request));
    constexpr int status_not_found = 404;
    if (!answer || answer->status != status_not_found)
      co_return; // it lives until the server says otherwise
    log::warn("dedup", "lost session " + session_);
    session_.clear();
    for (std::size_t i = 0; i < members_.size(); ++i)
      lead(i, false);
  }

  // -- the locks -------------------------------------------------------------

  void lead(std::size_t number, bool leading) {
    auto& x = *members_[number];
    if (x.leading == leading)
      return;
    x.leading = leading;
    x.news.clear();
    log::info("dedup",
              (leading ? "acquired lock " : "lost lock ") + x.key + "/lock");
    listener_.on_role(number, !leading);
    x.data_timer.cancel();
  }

  /// Tries to get the lock whenever nobody has it, and notices its loss.
  asio::awaitable<void> compete(std::size_t number) {
    auto& x = *members_[number];
    std::uint64_t index = 0;
    while (!stopped_) {
      if (session_.empty()) {
        co_await rest(x.lock_timer, session_retry);
        continue;
      }
      auto request = blocking_get(x.key + "/lock", index);
      const auto answer = co_await x.lock_link->exchange(std::move(request));
      if (stopped_)
        co_return;
      if (!answer) {
        co_await rest(x.lock_timer, lock_retry);
        continue;
      }
      index = answer->index < index ? 0 : answer->index;
      const auto lock = read_key(*answer);
      const auto holder = lock ? lock->session : "";
      const bool lost = x.leading && holder != session_;
      lead(number, !session_.empty() && holder == session_);
      if (lost)
        co_await rest(x.lock_timer, lock_retry);
      else if (holder.empty()) {
        const bool got = co_await acquire(x);
        if (!got)
          index = 0; // nothing may change before the lock can be had
      }
      if (!stopped_)
        co_await rest(x.lock_timer, breath);
    }
  }

  /// The answer to the next blocking query says how it went. A lock that was
  /// lost cannot be had again before its delay is over.
  asio::awaitable<bool> acquire(member& x) {
    auto request = put("/v1/kv/" + x.key + "/lock?acquire=" + session_
                         + "&flags=" + std::to_string(shared_data_flags),
                       "");
    const auto answer = co_await x.lock_link->exchange(std::move(request));
    const bool got =
      answer && answer->status == status_ok && answer->body.starts_with("true");
    if (!got && !stopped_)
      co_await rest(x.lock_timer, std::chrono::seconds{1});
    co_return got;
  }

  // -- the data --------------------------------------------------------------

  /// Takes over what the one who watches has written.
  asio::awaitable<void> follow(std::size_t number) {
    auto& x = *members_[number];
    std::uint64_t index = 0;
    while (!stopped_) {
      if (x.leading) {
        index = 0;
        co_await rest(x.data_timer, lock_retry);
        continue;
      }
      auto request = blocking_get(x.key + "/data", index);
      const auto answer = co_await x.data_link->exchange(std::move(request));
      if (stopped_)
        co_return;
      if (!answer) {
        co_await rest(x.data_timer, lock_retry);
        continue;
      }
      const bool news = answer->index != index;
      index = answer->index < index ? 0 : answer->index;
      if (news && !x.leading)
        take_over(*answer);
      co_await rest(x.data_timer, breath);
    }
  }

  void take_over(const net::link_answer& answer) {
    const auto key = read_key(answer);
    if (!key || key->flags != shared_data_flags)
      return;
    const auto entries = decode_shared_data(key->value);
    if (!entries)
      return log::warn("dedup", entries.error().context);
    for (const auto& x : *entries) {
      auto data = decode_answer(x.what, x.body);
      if (data && *data)
        listener_.on_data(x.what.name(), std::move(**data));
    }
  }

  asio::awaitable<void> write_news(std::size_t number) {
    auto& x = *members_[number];
    while (!stopped_) {
      if (!x.unwritten || !x.leading) {
        co_await rest(x.news_timer, std::chrono::hours{1});
        continue;
      }
      x.unwritten = false;
      auto request = put("/v1/kv/" + x.key
                           + "/data?flags=" + std::to_string(shared_data_flags),
                         x.news);
      const auto answer = co_await x.news_link->exchange(std::move(request));
      if (stopped_ || (answer && answer->status == status_ok))
        continue;
      log::error("dedup", "failed to write " + x.key + "/data: "
                            + (answer ? answer->body : answer.error().context));
      x.unwritten = true;
      co_await rest(x.news_timer, lock_retry);
    }
  }

  asio::io_context& io_;
  net::link_factory make_link_;
  dedup_settings how_;
  view_options options_;
  dedup_listener listener_;
  std::unique_ptr<net::agent_link> link_;
  asio::steady_timer timer_;
  std::vector<std::unique_ptr<member>> members_;
  std::string session_;
  bool stopped_ = false;
};

dedup::dedup(asio::io_context& io, net::link_factory make_link,
             dedup_settings how, const view_options& options,
             dedup_listener listener)
  : state_{std::make_shared<state>(io, std::move(make_link), std::move(how),
                                   options, std::move(listener))} {}

dedup::~dedup() = default;

void dedup::add(const std::string& id) {
  state_->add(id);
}

void dedup::start() {
  state_->start();
}

void dedup::publish(std::size_t number, std::vector<shared_entry> entries) {
  state_->publish(number, std::move(entries));
}

asio::awaitable<void> dedup::stop() {
  return state_->stop();
}

} // namespace praetor::templates
