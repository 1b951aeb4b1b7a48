#include "actors/registrator/key_backends.hpp"

#include "actors/registrator/consul_backend.hpp"
#include "actors/registrator/core/consul_body.hpp"
#include "actors/registrator/core/json_reading.hpp"
#include "actors/registrator/core/key_entries.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <utility>

namespace praetor::registrator {

namespace {

/// What stores of keys have in common.
class key_backend : public http_backend {
public:
  key_backend(wire to, std::string prefix)
    : http_backend{std::move(to)}, prefix_{std::move(prefix)} {}

  void refresh(const service& x, done f) override { add(x, std::move(f)); }

  /// A key has no health.
  void report(const service&, container_health, done f) override { f(ok); }

  registered shown(const service& x) const override {
    return shown_as_entry(x);
  }

protected:
  std::string key(const service& x) const {
    return prefix_ + "/" + x.name + "/" + x.id;
  }

  const std::string& prefix() const { return prefix_; }

  /// Lists with a request and a parser; nothing there is an empty list.
  template <class Parser>
  void list_with(http_request what, Parser parse, handler<listing> f) const {
    line().send(std::move(what), [parse, f, prefix = prefix_](
                                   const result<http_answer>& x) {
      if (!x)
        return f(x.error());
      if (x->status == status_not_found)
        return f(listing{std::vector<registered>{}});
      if (x->status != status_ok)
        return f(refused(*x));
      auto all = parse(x->body, prefix);
      f(all ? result<listing>{std::move(*all)} : result<listing>{all.error()});
    });
  }

  void ping_etcd(handler<std::string> f) const {
    demand({"GET", "/version", {}, {}},
           handler<http_answer>{[f](const result<http_answer>& x) {
             f(x ? result<std::string>{std::string{}} : x.error());
           }});
  }

private:
  std::string prefix_;
};

class consulkv_backend final : public key_backend {
public:
  using key_backend::key_backend;

  void ping(handler<std::string> f) override {
    ping_consul(line(), "consulkv", f);
  }

  void add(const service& x, done f) override {
    demand({"PUT", target(x), address_text(x), {}}, std::move(f));
  }

  void remove(const service& x, done f) override {
    demand_gone({"DELETE", target(x), {}, {}}, std::move(f));
  }

  void list(handler<listing> f) override {
    list_with({"GET", "/v1/kv/" + escape_path(prefix()) + "/?recurse", {}, {}},
              parse_consul_keys, std::move(f));
  }

private:
  std::string target(const service& x) const {
    return "/v1/kv/" + escape_path(key(x));
  }
};

/// The keys of version 2, also as SkyDNS reads them.
class etcd2_backend final : public key_backend {
public:
  etcd2_backend(wire to, std::string prefix, bool skydns)
    : key_backend{std::move(to), std::move(prefix)}, skydns_{skydns} {}

  void ping(handler<std::string> f) override { ping_etcd(std::move(f)); }

  void add(const service& x, done f) override {
    auto form =
      "value=" + escape_form(skydns_ ? skydns_value(x) : address_text(x));
    if (x.ttl > 0)
      form += "&ttl=" + std::to_string(x.ttl);
    demand({"PUT",
            target(x),
            std::move(form),
            {{"Content-Type", "application/x-www-form-urlencoded"}}},
           std::move(f));
  }

  void remove(const service& x, done f) override {
    demand_gone({"DELETE", target(x), {}, {}}, std::move(f));
  }

  void list(handler<listing> f) override {
    list_with(
      {"GET", "/v2/keys" + escape_path(prefix()) + "?recursive=true", {}, {}},
      parse_etcd2_keys, std::move(f));
  }

private:
  std::string target(const service& x) const {
    return "/v2/keys" + escape_path(key(x));
  }

  bool skydns_;
};

/// The same keys in version 3, through etcd's JSON gateway.
class etcd3_backend final : public key_backend {
public:
  using key_backend::key_backend;

  void ping(handler<std::string> f) override { ping_etcd(std::move(f)); }

  void add(const service& x, done f) override {
    if (x.ttl == 0)
      return put(key(x), address_text(x), {}, std::move(f));
    auto grant = R"({"TTL":)" + std::to_string(x.ttl) + "}";
    demand(
      {"POST", "/v3/lease/grant", std::move(grant), {}},
      handler<http_answer>{[this, name = key(x), value = address_text(x),
                            f = std::move(f)](const result<http_answer>& y) {
        if (!y)
          return f(y.error());
        rapidjson::Document document;
        const auto known = parse_document(document, y->body);
        const auto lease = known ? text_member(document, "ID") : "";
        if (!parse_uint(lease))
          return f(error{errc::corruption, "etcd granted no lease"});
        put(name, value, lease, f);
      }});
  }

  void remove(const service& x, done f) override {
    demand({"POST",
            "/v3/kv/deleterange",
            R"({"key":")" + base64_encode(key(x)) + "\"}",
            {}},
           std::move(f));
  }

  /// All keys with the prefix: up to the one whose last byte is one more.
  void list(handler<listing> f) override {
    const auto from = prefix() + "/";
    const auto to = prefix() + "0"; // follows '/'
    list_with({"POST",
               "/v3/kv/range",
               R"({"key":")" + base64_encode(from) + R"(","range_end":")"
                 + base64_encode(to) + "\"}",
               {}},
              parse_etcd3_keys, std::move(f));
  }

private:
  void put(const std::string& name, const std::string& value,
           const std::string& lease, done f) const {
    auto body = R"({"key":")" + base64_encode(name) + R"(","value":")"
                + base64_encode(value) + "\"";
    if (!lease.empty())
      body += R"(,"lease":")" + lease + "\"";
    demand({"POST", "/v3/kv/put", body + "}", {}}, std::move(f));
  }
};

} // namespace

std::unique_ptr<backend> make_key_backend(const registry_address& where,
                                          wire to) {
  const auto rooted = where.path.empty() ? "" : "/" + where.path;
  switch (where.kind) {
    case registry_kind::etcd3:
      return std::make_unique<etcd3_backend>(std::move(to), rooted);
    case registry_kind::etcd:
      return std::make_unique<etcd2_backend>(std::move(to), rooted, false);
    case registry_kind::skydns2:
      return std::make_unique<etcd2_backend>(
        std::move(to), "/skydns/" + reversed_domain(where.path), true);
    default:
      return std::make_unique<consulkv_backend>(std::move(to), where.path);
  }
}

} // namespace praetor::registrator
