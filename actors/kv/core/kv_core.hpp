// The owner of keys, sessions and locks: what log entries do to them, and what
// reads find.
//
// Pure; runtime/base/owner.hpp says what each function of an owner's core is
// for. A command is planned against the tables and then carried out, so that
// `prepare` changes nothing and `abort` has nothing to undo.
//
// Topics: "k/" + key for a key, "s" for the sessions.
// Tables: "kv" (key: entry), "kv_index" (path: index of a floor of the key
// tree), "session" (id: session_row), "session_index" (one row, key ""),
// "lock_delay" (key: its end).
//
// Invariants
// - a key's session exists, and `locks_` knows that it holds the key;
// - no row has an index above its table's.

#pragma once

#include "actors/kv/core/draft.hpp"
#include "actors/kv/core/key_tree.hpp"
#include "actors/kv/core/lock_table.hpp"
#include "actors/kv/core/session_table.hpp"
#include "actors/kv/core/verbs.hpp"
#include "actors/kv/core/vocabulary.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::kv {

/// See the head of the file.
class kv_core {
public:
  using query = kv::query;
  using command = kv::command;

  static constexpr auto name = "kv";

  /// The tables whose rows this core loads.
  static constexpr std::array<std::string_view, 5> tables = {
    "kv", "kv_index", "lock_delay", "session", "session_index"};

  /// Takes values out of the command instead of copying them.
  command_result apply(log_index index, cluster_time now, command&& x);
  command_result apply(log_index index, cluster_time now, const command& x);

  command_result prepare(log_index index, cluster_time now, command&& x);
  command_result prepare(log_index index, cluster_time now, const command& x);
  void commit();
  void abort();

  answer evaluate(const query& q) const;
  std::vector<topic> topics(const query& q) const;
  static bool cacheable(const query& q);

  std::vector<std::string> take_touched();

  /// Always empty: nothing rests on what this core holds.
  std::vector<liveness_loss> take_losses() { return {}; }

  std::vector<row> take_changed_rows();

  /// Rows may come in any order. Errors: corruption.
  status load(const row& x);

  void check_invariants() const;
  std::size_t session_count() const { return sessions_.all().size(); }

private:
  /// What a command will do, decided.
  struct plan {
    log_index index = 0;
    cluster_time now = 0;
    command_result result;
    key_changes keys;
    std::optional<session_row> starts;
    std::vector<std::string> ends;
    /// Nothing may change, not even what is over.
    bool idle = false;
  };

  plan make_plan(log_index index, cluster_time now, command&& x) const;
  void decide(plan& p, write_key&& x) const;
  void decide(plan& p, transaction&& x) const;
  void decide(plan& p, create_session&& x) const;
  void decide(plan& p, destroy_session&& x) const;
  void decide(plan& p, end_sessions&& x) const;
  surroundings around(const plan& p) const;

  void carry_out(plan&& p);
  void put(const std::string& key, entry x);
  void erase(const std::string& key, log_index index);
  void erase_prefix(const std::string& prefix, log_index index);
  void end_session(const std::string& id, log_index index, cluster_time now);
  void note(const std::string& key);

  answer find_key(const std::string& key, bool raw) const;
  answer list_entries(const std::string& prefix) const;
  answer list_keys(const std::string& prefix,
                   const std::string& separator) const;
  answer list_sessions(const std::vector<std::string>& ids) const;
  answer list_sessions() const;
  answer list_ttls() const;
  answer run_reads(const query& q) const;
  log_index index_below(const std::string& prefix) const;

  status load_entry(const row& x);
  status load_session(const row& x);

  key_tree keys_;
  session_table sessions_;
  lock_table locks_;

  /// Between `prepare` and `commit` or `abort`.
  std::optional<plan> prepared_;

  /// Always empty, except under mutant F01.
  std::vector<std::string> late_ends_;

  std::vector<std::string> touched_;
  std::set<std::string> changed_keys_;
};

} // namespace praetor::kv
