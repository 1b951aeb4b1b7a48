#include "actors/registrator/consul_backend.hpp"

#include "actors/registrator/core/consul_body.hpp"
#include "actors/registrator/core/registry_uri.hpp"
#include "runtime/base/json.hpp"

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
  }

  void remove(const service& x, done f) override {
    demand_gone(
      {"PUT", "/v1/agent/service/deregister/" + escape_path(x.id), {}, {}},
      std::move(f));
  }

  /// Agents do not forget.
  void refresh(const service&, done f) override { f(ok); }

  void list(handler<listing> f) override {
    demand({"GET", "/v1/agent/services", {}, {}},
           handler<http_answer>{[f](const result<http_answer>& x) {
             if (!x)
               return f(x.error());
             auto all = parse_agent_services(x->body);
             f(all ? result<listing>{std::move(*all)}
                   : result<listing>{all.error()});
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
    return shown_by_consul(x, hostname_);
  }

  std::vector<std::string> faults(const service& x) const override {
    std::vector<std::string> out;
    static_cast<void>(consul_body(x, hostname_, out));
    return out;
  }

private:
  std::string hostname_;
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
