#include "actors/registrator/consul_backend.hpp"

#include "actors/registrator/core/consul_body.hpp"
#include "actors/registrator/core/registry_uri.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/log.hpp"

#include <functional>
#include <map>
#include <set>
#include <utility>

namespace praetor::registrator {

namespace {

/// A JSON string without its quotes, as leaders and addresses are answered.
std::string unquoted(std::string text) {
  std::erase_if(text, [](char c) { return c == '"' || c == '\n'; });
  return text;
}

std::string update_body(container_health health) {
  const auto* status = health == container_health::healthy     ? "passing"
                       : health == container_health::unhealthy ? "critical"
                                                               : "warning";
  const auto* words = health == container_health::healthy     ? "healthy"
                      : health == container_health::unhealthy ? "unhealthy"
                                                              : "starting";
  std::string out;
  json_writer{out}
    .begin_object()
    .key("Status")
    .string(status)
    .key("Output")
    .string(std::string{"Docker says: "} + words)
    .end_object();
  return out;
}

/// Marks follow what they mark: a service without a mark is nobody's until the
/// next comparison, a mark without a service could claim a stranger's. If
/// Consul does not take marks, because it has no leader or the token may not
/// write keys, services are registered all the same.
class consul_backend final : public http_backend {
public:
  consul_backend(wire to, std::string hostname)
    : http_backend{std::move(to)}, hostname_{std::move(hostname)} {}

  void ping(handler<std::string> f) override {
    ping_consul(line(), "consul", f);
  }

  void add(const service& x, done f) override {
    std::vector<std::string> ignored;
    demand({"PUT",
            "/v1/agent/service/register",
            consul_body(x, hostname_, ignored),
            {{"Content-Type", "application/json"}}},
           std::move(f));
    if (marks_)
      demand({"PUT", mark_target(x.id), x.container_id, {}},
             done{[this](const status& marked) {
               if (!marked)
                 lose_marks(marked.error());
             }});
  }

  void remove(const service& x, done f) override {
    std::vector<std::string> keys;
    if (marks_)
      keys.push_back(mark_of(x.id, hostname_));
    if (const auto i = others_.find(x.id); i != others_.end())
      keys.push_back(i->second.key);
    demand_gone(
      {"PUT", "/v1/agent/service/deregister/" + escape_path(x.id), {}, {}},
      [this, keys = std::move(keys), f](const status& gone) {
        if (gone)
          unmark(keys, f);
        else
          f(gone);
      });
  }

  /// Agents do not forget.
  void refresh(const service&, done f) override { f(ok); }

  void list(handler<listing> f) override {
    demand({"GET", "/v1/agent/services", {}, {}},
           handler<http_answer>{[this, f](const result<http_answer>& x) {
             if (!x)
               return f(x.error());
             auto all = parse_agent_services(x->body);
             if (!all)
               return f(all.error());
             survey([this, all = std::move(*all), f]() mutable {
               add_marks(std::move(all), f);
             });
           }});
  }

  void report(const service& x, container_health health, done f) override {
    demand({"PUT",
            "/v1/agent/check/update/" + escape_path("service:" + x.id),
            update_body(health),
            {{"Content-Type", "application/json"}}},
           std::move(f));
  }

  registered shown(const service& x) const override {
    auto out = shown_by_consul(x, hostname_);
    out.marked = marks_;
    return out;
  }

  std::vector<std::string> faults(const service& x) const override {
    std::vector<std::string> out;
    static_cast<void>(consul_body(x, hostname_, out));
    return out;
  }

private:
  std::string mark_target(const std::string& id) const {
    return "/v1/kv/" + escape_path(mark_of(id, hostname_));
  }

  /// Whether it works or not: the services are gone.
  void unmark(std::vector<std::string> keys, const done& f) {
    if (keys.empty())
      return f(ok);
    const auto key = std::move(keys.back());
    keys.pop_back();
    demand_gone({"DELETE", "/v1/kv/" + escape_path(key), {}, {}},
                done{[this, keys = std::move(keys), f](const status&) {
                  unmark(keys, f);
                }});
  }

  /// Once, reads the marks of all hosts: this one may have had another name.
  void survey(std::function<void()> then) {
    if (surveyed_)
      return then();
    line().send(
      {"GET", "/v1/kv/" + std::string{marks_prefix} + "?recurse", {}, {}},
      [this, then = std::move(then)](const result<http_answer>& x) {
        surveyed_ =
          x && (x->status == status_ok || x->status == status_not_found);
        if (surveyed_ && x->status == status_ok)
          if (auto found = parse_other_marks(x->body, hostname_))
            others_ = std::move(*found);
        then();
      });
  }

  void add_marks(std::vector<registered> all, const handler<listing>& f) {
    line().send(
      {"GET", mark_target({}) + "?keys", {}, {}},
      [this, all = std::move(all), f](const result<http_answer>& x) mutable {
        const auto ids = marks_in(x);
        for (auto& one : all) {
          one.marked = ids.contains(one.id);
          if (const auto i = others_.find(one.id); i != others_.end())
            one.container_id = i->second.container_id;
        }
        f(listing{std::move(all)});
      });
  }

  std::set<std::string> marks_in(const result<http_answer>& x) {
    if (x && x->status == status_not_found) {
      marks_ = true;
      return {};
    }
    auto ids = !x ? result<std::set<std::string>>{x.error()}
               : x->status != status_ok ? refused(*x)
                                        : parse_marks(x->body, hostname_);
    if (!ids) {
      lose_marks(ids.error());
      return {};
    }
    marks_ = true;
    complained_ = false;
    return std::move(*ids);
  }

  void lose_marks(const error& why) {
    marks_ = false;
    if (!std::exchange(complained_, true))
      log::warn("registrator",
                "warning: ownership cannot be marked, leftovers will stay: "
                  + why.context);
  }

  std::string hostname_;
  /// Marks of other host names, as they were at the first look.
  std::map<std::string, other_mark> others_;
  bool surveyed_ = false;
  /// Whether Consul takes marks, as far as is known.
  bool marks_ = false;
  /// Whether it was said that it does not.
  bool complained_ = false;
};

} // namespace

void ping_consul(const wire& to, const std::string& name,
                 const handler<std::string>& f) {
  to.send({"GET", "/v1/status/leader", {}, {}},
          [f, name](const result<http_answer>& x) {
            if (!x)
              return f(x.error());
            if (x->status != status_ok)
              return f(refused(*x));
            f(name + ": current leader  " + unquoted(x->body));
          });
}

std::unique_ptr<backend> make_consul_backend(wire to, std::string hostname) {
  return std::make_unique<consul_backend>(std::move(to), std::move(hostname));
}

} // namespace praetor::registrator
