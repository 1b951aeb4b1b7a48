// The replicated state once more, as simple as can be, with its whole past.
//
// Pure; shares no code with the owners. It is fed with the entries of the log
// in order and says what each command must answer; afterwards it can be asked
// what any query must have answered at any index. Names are compared as they
// are written (the workload writes them in lower case).

#pragma once

#include "runtime/base/log_entry.hpp"
#include "tests/sim/check/commands.hpp"
#include "tests/sim/check/key_rules.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace praetor::sim {

/// A row through time.
template <class Row>
class past {
public:
  /// @pre `index` is not below that of the last change.
  void set(log_index index, std::optional<Row> x) {
    if (!changes_.empty() && changes_.back().first == index)
      changes_.back().second = std::move(x);
    else
      changes_.emplace_back(index, std::move(x));
  }

  /// Returns the row as it was after the entry `index`, or null.
  const Row* at(log_index index) const {
    for (auto i = changes_.rbegin(); i != changes_.rend(); ++i)
      if (i->first <= index)
        return i->second ? &*i->second : nullptr;
    return nullptr;
  }

  const Row* now() const {
    return changes_.empty() || !changes_.back().second
             ? nullptr
             : &*changes_.back().second;
  }

  /// Returns the last change up to `index`, or 0.
  log_index last_change(log_index index) const {
    for (auto i = changes_.rbegin(); i != changes_.rend(); ++i)
      if (i->first <= index)
        return i->first;
    return 0;
  }

private:
  std::vector<std::pair<log_index, std::optional<Row>>> changes_;
};

struct service_model {
  std::string name;
  std::int64_t port = 0;
  log_index modify_index = 0;

  friend bool operator==(const service_model&, const service_model&) = default;
};

struct check_model {
  std::string status;
  std::string service_id;
  log_index modify_index = 0;

  friend bool operator==(const check_model&, const check_model&) = default;
};

/// What a command must answer.
struct expectation {
  errc code{};
  /// Of accepted commands other than transactions.
  std::string body;
  /// Of transactions.
  std::optional<transaction_view> view;

  /// Empty if the answer is this one, else what differs.
  std::string differs_from(const command_result& x) const;
};

/// Why a session ended.
enum class session_cause : std::uint8_t {
  /// destroy_session: a client's or a TTL's.
  destroyed,
  /// A check or the node was lost.
  loss,
};

struct session_end {
  log_index index = 0;
  session_cause why = session_cause::destroyed;
};

/// Something that happened to a lock, in log order.
struct lock_event {
  log_index index = 0;
  cluster_time ts = 0;
  std::string key;
  /// Who holds the key now; empty: nobody.
  std::string holder;
};

/// What an index is about.
enum class scope : std::uint8_t { keys, sessions, catalog };

/// See the head of the file.
class model {
public:
  /// @pre entries come in order without gaps, from 1.
  void apply(const log_entry& entry);

  log_index last() const { return last_; }

  /// Returns what the entry's command must answer; nothing for entries without
  /// one, and for repeated ones.
  const expectation* expected(log_index index) const;

  /// The entry that this one repeats, or 0.
  log_index repeats(log_index index) const;

  // -- the past ---------------------------------------------------------------

  const key_row* key_at(const std::string& key, log_index index) const;
  std::vector<key_view> keys_at(const std::string& prefix,
                                log_index index) const;
  std::vector<session_view> sessions_at(log_index index) const;
  const kv::session_row* session_at(const std::string& id,
                                    log_index index) const;
  std::vector<instance_view> health_at(const std::string& service, bool passing,
                                       log_index index) const;
  std::vector<check_view> checks_at(const std::string& node,
                                    log_index index) const;

  /// Returns the last change of the key up to `index`, or 0.
  log_index key_change(const std::string& key, log_index index) const;

  /// Returns the last index up to `index` at which something below the prefix
  /// changed, or 0.
  log_index prefix_change(const std::string& prefix, log_index index) const;

  /// Returns the last change of anything in the scope up to `index`, or 0.
  log_index last_change(scope s, log_index index) const;

  /// Returns the next change of anything in the scope, or nothing.
  std::optional<log_index> next_change(scope s, log_index after) const;

  const std::map<std::string, session_end>& session_ends() const {
    return ends_;
  }
  const std::vector<lock_event>& lock_events() const { return lock_events_; }
  std::vector<std::string> live_sessions() const;

private:
  using row_id = std::pair<std::string, std::string>;
  using draft = std::map<std::string, std::optional<key_row>>;

  /// Changes of the catalog that are not made yet.
  struct catalog_draft {
    std::map<std::string, std::optional<log_index>> nodes;
    std::map<row_id, std::optional<service_model>> services;
    std::map<row_id, std::optional<check_model>> checks;
    std::vector<liveness_loss> losses;
  };

  using origin = std::tuple<std::string, std::uint64_t, std::uint64_t>;

  expectation run(const kv::command& x);
  expectation run(const catalog::command& x);
  expectation run(const state::mixed_transaction& x);
  expectation write(const kv::key_operation& op);
  expectation create(const kv::session_row& x);
  expectation destroy(const std::string& id);

  // keys
  std::optional<key_row> find(const draft& d, const std::string& key) const;
  key_facts facts_of(const kv::key_operation& op,
                     const std::optional<key_row>& old) const;
  void run_keys(const kv::transaction& x, draft& d,
                transaction_view& out) const;
  void run_verb(std::uint32_t position, const kv::key_operation& op, draft& d,
                transaction_view& out) const;
  std::vector<std::string> below(const draft& d,
                                 const std::string& prefix) const;
  void keep(const draft& d);
  void set_key(const std::string& key, std::optional<key_row> row);

  // sessions
  void end(const std::string& id, session_cause why);
  void end_for(const std::vector<liveness_loss>& losses);

  // catalog
  bool has_node(const catalog_draft& d, const std::string& name) const;
  std::optional<service_model> find(const catalog_draft& d,
                                    const row_id& id) const;
  std::optional<check_model> find_check(const catalog_draft& d,
                                        const row_id& id) const;
  bool ensure(catalog_draft& d, const catalog::node_row& x) const;
  bool ensure(catalog_draft& d, const catalog::service_row& x) const;
  bool ensure(catalog_draft& d, const catalog::check_row& x) const;
  void drop_node(catalog_draft& d, const std::string& name) const;
  void drop_service(catalog_draft& d, const row_id& id) const;
  void drop_check(catalog_draft& d, const row_id& id) const;
  bool run_register(const catalog::register_node& x, catalog_draft& d) const;
  void run_deregister(const catalog::deregister_node& x,
                      catalog_draft& d) const;
  bool guard(const kv::session_row& x) const;
  void run_rows(const catalog::transaction& x, catalog_draft& d,
                transaction_view& out) const;
  void run_row(const catalog::operation& op, catalog_draft& d,
               transaction_view& out) const;
  void keep(const catalog_draft& d);
  void note(scope s);

  log_index last_ = 0;
  cluster_time now_ = 0;

  std::map<std::string, past<key_row>> keys_;
  std::map<std::string, cluster_time> delayed_until_;
  std::map<std::string, past<kv::session_row>> sessions_;
  std::map<std::string, past<log_index>> nodes_;
  std::map<row_id, past<service_model>> services_;
  std::map<row_id, past<check_model>> checks_;
  /// Where the autopilot's configuration was last set.
  log_index autopilot_index_ = 0;

  std::map<log_index, expectation> expected_;
  std::map<log_index, log_index> repeats_;
  /// Where a command came first: index and term.
  std::map<origin, std::pair<log_index, log_term>> origins_;
  std::map<std::string, session_end> ends_;
  std::vector<lock_event> lock_events_;
  std::map<scope, std::vector<log_index>> changes_;
};

} // namespace praetor::sim
