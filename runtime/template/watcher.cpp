#include "runtime/template/watcher.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/text.hpp"
#include "runtime/config/hcl.hpp"
#include "runtime/template/disk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace praetor::templates {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int status_ok = 200;
/// How much longer than asked a blocking query may take: the server adds a
/// sixteenth as jitter, and then comes the way back.
constexpr duration patience = std::chrono::seconds{30};
/// From this many dependencies on, the server feels it.
constexpr std::size_t many_dependencies = 128;

/// The agent's own name, out of /v1/agent/self.
std::string node_name_in(const std::string& body) {
  const auto tree = config::parse_json(body);
  if (!tree)
    return {};
  const auto member = [](const config::value* x, std::string_view key) {
    const auto* object = x == nullptr ? nullptr : x->as<config::value_object>();
    const config::value* out = nullptr;
    if (object != nullptr)
      for (const auto& one : *object)
        if (one.key == key)
          out = &one.content;
    return out;
  };
  const auto* name = member(member(&*tree, "Config"), "NodeName");
  const auto* text = name == nullptr ? nullptr : name->as<std::string>();
  return text == nullptr ? "" : *text;
}

/// The texts of a JSON list.
std::vector<std::string> texts_in(const std::string& body) {
  std::vector<std::string> out;
  // The reader wants an object at the top.
  const auto tree = config::parse_json("{\"x\":" + body + "}");
  const auto* object = tree ? tree->as<config::value_object>() : nullptr;
  if (object == nullptr || object->empty())
    return out;
  if (const auto* list = object->front().content.as<config::value_list>())
    for (const auto& item : *list)
      if (const auto* text = item.as<std::string>())
        out.push_back(*text);
  return out;
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string out;
  json_writer json{out};
  json.begin_array();
  for (const auto& text : texts)
    json.string(text);
  json.end_array();
  return out;
}

// Requests have names: GCC 12 destroys a temporary in a `co_await` twice.
net::link_request get(std::string target) {
  net::link_request out;
  out.target = std::move(target);
  return out;
}

/// A file, as it looked when it was read.
struct file_stamp {
  std::int64_t size = -1;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

} // namespace

/// One dependency. Kept alive by its coroutine.
class watcher::poller : public std::enable_shared_from_this<poller> {
public:
  poller(asio::io_context& io, const net::link_factory& make_link,
         const dependency& what, const view_options& options,
         std::shared_ptr<watch_listener> listener)
    : view_{what, options},
      wait_{options.wait},
      link_{make_link(io)},
      timer_{io},
      listener_{std::move(listener)} {}

  void start(asio::io_context& io) {
    asio::co_spawn(
      io, [me = shared_from_this()] { return me->run(); }, asio::detached);
  }

  void stop() {
    stopped_ = true;
    link_->cancel();
    timer_.cancel();
  }

  bool settled() const { return settled_; }
  const view& state() const { return view_; }

private:
  // `this` lives as long as the coroutine: its lambda holds it.
  asio::awaitable<void> run() {
    const bool file = style_of(view_.subject()) == watch_style::file;
    while (!stopped_) {
      view_step step; // not with `?:`, which GCC 12 gets wrong here
      if (file)
        step = look_at_file();
      else
        step = co_await ask();
      if (stopped_ || !obey(step))
        co_return;
      if (step.rest > duration::zero())
        co_await rest(step.rest);
    }
  }

  asio::awaitable<void> rest(duration span) {
    timer_.expires_after(
      std::chrono::duration_cast<asio::steady_timer::duration>(span));
    error_code ignored;
    co_await timer_.async_wait(
      asio::redirect_error(asio::use_awaitable, ignored));
  }

  /// Tells the listener. @returns whether to go on
  bool obey(const view_step& step) {
    if (!step.failure.empty())
      report(step);
    if (step.data)
      listener_->on_data(view_.name(), *step.data);
    const bool first = !settled_;
    settled_ = settled_ || view_.answered() || !step.failure.empty();
    if (first && settled_)
      listener_->on_progress();
    if (step.what == view_step::next::fail)
      listener_->on_failure(step.failure);
    return step.what == view_step::next::ask && !stopped_;
  }

  static void report(const view_step& step) {
    if (step.attempt == 0)
      log::error("view", step.failure + " (exceeded maximum retries)");
    else
      log::warn("view", step.failure + " (retry attempt "
                          + std::to_string(step.attempt) + " after \""
                          + format_duration(step.rest) + "\")");
  }

  asio::awaitable<view_step> ask() {
    const auto& what = view_.subject();
    if (what.what == dependency_kind::node && what.subject.empty()
        && self_.empty()) {
      auto request = get("/v1/agent/self");
      auto self = co_await link_->exchange(std::move(request));
      if (!self)
        co_return view_.on_failure(self.error().context);
      self_ = node_name_in(self->body);
      if (self_.empty())
        co_return view_.on_failure("/v1/agent/self names no node");
    }
    const auto began = std::chrono::steady_clock::now();
    auto request = get(view_.target(self_));
    request.time_max = wait_ + wait_ / 16 + patience;
    auto answer = co_await link_->exchange(std::move(request));
    if (!answer)
      co_return view_.on_failure(answer.error().context);
    if (what.ignore_failing && answer->status == status_ok)
      answer->body = co_await without_failing(std::move(answer->body));
    const server_answer heard{.status = answer->status,
                              .body = std::move(answer->body),
                              .index = answer->index,
                              .last_contact = answer->last_contact};
    co_return view_.on_answer(heard, std::chrono::steady_clock::now() - began);
  }

  /// Drops the datacenters that do not answer.
  asio::awaitable<std::string> without_failing(std::string body) {
    std::vector<std::string> kept;
    for (const auto& name : texts_in(body)) {
      auto request = get("/v1/catalog/services?consistent=&dc=" + name);
      const auto answer = co_await link_->exchange(std::move(request));
      if (answer && answer->status == status_ok)
        kept.push_back(name);
    }
    co_return json_list(kept);
  }

  /// Errors are final: nobody says that the file will come.
  view_step look_at_file() {
    const auto& path = view_.subject().subject;
    const auto fail = [this](const std::string& text) {
      view_step out;
      out.what = view_step::next::fail;
      out.failure = view_.name() + ": " + text;
      return out;
    };
    struct stat now {};
    if (::stat(path.c_str(), &now) != 0)
      return fail("stat " + path + ": " + system_words(errno));
    const file_stamp stamp{now.st_size, now.st_mtim.tv_sec,
                           now.st_mtim.tv_nsec};
    view_step same;
    same.rest = file_interval;
    if (stamp == stamp_)
      return same;
    auto content = read_whole_file(path);
    if (!content)
      return fail(content.error().context);
    stamp_ = stamp;
    auto step = view_.on_answer(
      {.status = status_ok, .body = std::move(*content)}, duration::zero());
    step.rest = file_interval;
    return step;
  }

  view view_;
  duration wait_;
  std::unique_ptr<net::agent_link> link_;
  asio::steady_timer timer_;
  std::shared_ptr<watch_listener> listener_;
  std::string self_;
  file_stamp stamp_;
  bool stopped_ = false;
  bool settled_ = false;
};

watcher::watcher(asio::io_context& io, net::link_factory make_link,
                 const view_options& options, watch_listener listener)
  : io_{io},
    make_link_{std::move(make_link)},
    options_{options},
    listener_{std::make_shared<watch_listener>(std::move(listener))} {}

watcher::~watcher() {
  stop();
}

void watcher::add(const dependency& x) {
  const auto name = x.name();
  if (pollers_.contains(name))
    return;
  log::debug("watcher", "adding " + name);
  const auto made =
    std::make_shared<poller>(io_, make_link_, x, options_, listener_);
  pollers_.emplace(name, made);
  made->start(io_);
  if (pollers_.size() == many_dependencies + 1)
    log::warn("runner", "watching " + std::to_string(pollers_.size())
                          + " dependencies - watching this many dependencies "
                            "could DDoS your consul cluster");
}

void watcher::remove(const std::string& name) {
  const auto found = pollers_.find(name);
  if (found == pollers_.end())
    return;
  log::debug("watcher", "removing " + name);
  found->second->stop();
  pollers_.erase(found);
}

void watcher::stop() {
  for (const auto& [name, x] : pollers_)
    x->stop();
  pollers_.clear();
}

bool watcher::settled() const {
  return std::ranges::all_of(pollers_,
                             [](const auto& x) { return x.second->settled(); });
}

std::string watcher::waiting_for(const std::string& name) const {
  const auto found = pollers_.find(name);
  return found == pollers_.end() ? "" : found->second->state().waiting_for();
}

const std::optional<std::string>*
watcher::body_of(const std::string& name) const {
  const auto found = pollers_.find(name);
  return found == pollers_.end() ? nullptr : found->second->state().body();
}

} // namespace praetor::templates
