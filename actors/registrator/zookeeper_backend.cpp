#include "actors/registrator/zookeeper_backend.hpp"

#include "actors/registrator/core/consul_body.hpp"
#include "actors/registrator/core/key_entries.hpp"
#include "actors/registrator/core/zookeeper_wire.hpp"

#include <limits>
#include <optional>
#include <utility>

namespace praetor::registrator {

namespace {

error refused(zookeeper_code code) {
  return {errc::rejected, "ZooKeeper answered code "
                            + std::to_string(static_cast<std::int32_t>(code))};
}

class zookeeper_backend final : public backend {
public:
  zookeeper_backend(std::shared_ptr<frame_client> line, executor post,
                    std::string base)
    : line_{std::move(line)}, post_{std::move(post)}, base_{std::move(base)} {}

  void ping(handler<std::string> f) override {
    ask(zookeeper_exists(next(), "/"), [f](const result<zookeeper_code>& x) {
      f(x ? result<std::string>{std::string{}} : x.error());
    });
  }

  /// Requests are answered in order, so that parents need not be waited for.
  void add(const service& x, done f) override {
    make_parents(folder(x));
    create(x, [this, x, f](const result<zookeeper_code>& code) {
      if (code && *code == zookeeper_code::node_exists)
        return replace(x, f);
      finish(code, f);
    });
  }

  void remove(const service& x, done f) override {
    ask(zookeeper_delete(next(), node(x)),
        [f](const result<zookeeper_code>& code) {
          if (code && *code == zookeeper_code::no_node)
            return f(ok);
          finish(code, f);
        });
    // Only succeeds if it is empty.
    ask(zookeeper_delete(next(), folder(x)), nullptr);
  }

  void refresh(const service& x, done f) override { add(x, std::move(f)); }

  /// Its nodes do not tell ids.
  void list(handler<listing> f) override {
    ping([f](const result<std::string>& x) {
      f(x ? result<listing>{listing{}} : x.error());
    });
  }

  void report(const service&, container_health, done f) override { f(ok); }

  registered shown(const service& x) const override {
    return shown_as_entry(x);
  }

private:
  using outcome = std::function<void(const result<zookeeper_code>&)>;

  /// A lost session is told to the next one who listens: it took all that we
  /// wrote with it.
  void answered(const result<zookeeper_code>& x, const outcome& f) {
    if (!f && !x)
      loss_ = x.error();
    if (f && loss_)
      return f(*std::exchange(loss_, std::nullopt));
    if (f)
      f(x);
  }

  static void finish(const result<zookeeper_code>& x, const done& f) {
    if (!x)
      return f(x.error());
    f(*x == zookeeper_code::ok ? status{ok} : status{refused(*x)});
  }

  std::int32_t next() {
    xid_ = xid_ == std::numeric_limits<std::int32_t>::max() ? 1 : xid_ + 1;
    return xid_;
  }

  /// @pre `frame` was made with the last xid
  void ask(std::string frame, outcome f) {
    line_->ask(std::move(frame),
               here<std::string>(post_, [this, f = std::move(f), xid = xid_](
                                          const result<std::string>& x) {
                 answered(x ? zookeeper_outcome(*x, xid) : x.error(), f);
               }));
  }

  std::string folder(const service& x) const {
    return (base_.empty() ? "" : "/" + base_) + "/" + x.name;
  }

  std::string node(const service& x) const {
    return folder(x) + "/" + address_text(x);
  }

  void make_parents(const std::string& path) {
    for (auto slash = path.find('/', 1); slash != path.npos;
         slash = path.find('/', slash + 1))
      ask(zookeeper_create(next(), path.substr(0, slash), {}, false), nullptr);
    ask(zookeeper_create(next(), path, {}, false), nullptr);
  }

  void create(const service& x, outcome f) {
    ask(zookeeper_create(next(), node(x), zookeeper_body(x), true),
        std::move(f));
  }

  /// What is there may belong to a session that is about to end.
  void replace(const service& x, const done& f) {
    ask(zookeeper_delete(next(), node(x)), nullptr);
    create(x, [f](const result<zookeeper_code>& code) { finish(code, f); });
  }

  std::shared_ptr<frame_client> line_;
  executor post_;
  std::string base_;
  std::int32_t xid_ = 0;
  std::optional<error> loss_;
};

} // namespace

std::unique_ptr<backend>
make_zookeeper_backend(std::shared_ptr<frame_client> line, executor post,
                       const std::string& base) {
  return std::make_unique<zookeeper_backend>(std::move(line), std::move(post),
                                             base);
}

} // namespace praetor::registrator
