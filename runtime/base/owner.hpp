// The vocabulary between an owner's pure core and its shell.
//
// An *owner* is an actor that holds tables of the replicated state: kv,
// catalog. All owners share one shell (actors/owner/owner_shell.hpp), which
// does what is the same for all: order, waiting, sharing, checkpoints. A core
// is a class with
//
//   using query;    // comparable with <=>; one distinct question
//   using command;  // encodable; what a log entry asks of this owner
//
//   // Applies an entry. Deterministic: same entries, same result, same tables.
//   command_result apply(log_index, cluster_time, const command&);
//
//   // Applies so that it can be undone; exactly one of the other two follows.
//   command_result prepare(log_index, cluster_time, const command&);
//   void commit();
//   void abort();
//
//   answer evaluate(const query&) const;
//   // What the answer depends on.
//   std::vector<topic> topics(const query&) const;
//   // Whether keeping the encoded answer until a topic moves is worth it.
//   static bool cacheable(const query&);
//
//   std::vector<std::string> take_touched(); // topics moved since last asked
//   std::vector<liveness_loss> take_losses(); // likewise
//   std::vector<row> take_changed_rows();     // rows since last checkpoint
//   status load(const row&);                  // a row of the last checkpoint
//   void check_invariants() const;            // asserts; for tests
//   std::size_t session_count() const;        // kv only

#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace praetor {

/// How fresh a read must be. Source: Consul's consistency modes.
enum class consistency : std::uint8_t {
  /// Linearizable, free while the leader's lease holds.
  leader_default,
  /// This node's tables, whatever their age.
  stale,
  /// Linearizable without any clock: one confirmation round.
  consistent,
};

/// Bytes that several waiters and sockets share.
using shared_text = std::shared_ptr<const std::string>;

inline shared_text share(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

/// What a query gives, encoded as its asker wants it (mostly compact JSON).
struct answer {
  /// Moves when the result moves; at least 1 for clients (0 is sent as 1).
  log_index index = 0;
  /// False becomes HTTP 404 where the contract says so.
  bool found = true;
  shared_text body;
};

/// Something that can move. A prefix topic stands for all names below it.
struct topic {
  std::string name;
  bool prefix = false;
};

/// What became of a command.
struct command_result {
  /// Zero: it took effect, or lost in the way its contract foresees (a `false`
  /// of compare-and-set). Otherwise nothing changed.
  errc code{};
  /// Success: the answer's body (`true`, JSON, or an encoded struct that the
  /// command documents). Failure: the sentence for the client.
  std::string body;
  /// The entry's index.
  log_index index = 0;

  friend bool operator==(const command_result&,
                         const command_result&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, command_result& x) {
    return f(x.code, x.body, x.index);
  }
};

/// A node or a check that sessions may rest on is gone or critical.
struct liveness_loss {
  std::string node;
  /// Nothing: the whole node.
  std::optional<std::string> check;

  friend bool operator==(const liveness_loss&, const liveness_loss&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, liveness_loss& x) {
    return f(x.node, x.check);
  }
};

/// One row of a table, as a checkpoint stores it. Without value: deleted.
struct row {
  std::string table;
  std::string key;
  std::optional<std::string> value;

  friend bool operator==(const row&, const row&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, row& x) {
    return f(x.table, x.key, x.value);
  }
};

} // namespace praetor
