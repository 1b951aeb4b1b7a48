// Checkpoints that travel from this server's state database, and one that comes
// to it. Owned by the storage actor; blocking.

#pragma once

#include "actors/storage/messages.hpp"
#include "storage/state_stream.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace praetor::disk {

/// See the head of the file. Errors are those of the stores, and rejected for
/// what does not exist.
class state_traffic {
public:
  /// `place` may be null: then nothing can be received.
  void reset(std::shared_ptr<state_place> place, std::uint64_t generation) {
    place_ = std::move(place);
    used_ = newest_ = generation;
  }

  // -- sending ----------------------------------------------------------------

  result<checkpoint_mark> open(const open_state& x, state_store& from);
  result<std::optional<state_bytes>> read(const read_state& x);
  void close(std::uint64_t transfer) { sources_.erase(transfer); }

  // -- receiving --------------------------------------------------------------

  /// Returns the chunk that has to come next.
  result<std::uint64_t> begin(const begin_state& x);
  result<stored_state> store(const store_state& x);
  status drop(std::uint64_t reception);

  /// Removes what a crash has left of a reception, if it was not gone on with:
  /// this server has a newer state by now.
  status drop_unfinished();

  /// Returns the received database. All transfers end.
  result<std::unique_ptr<state_store>> take(std::uint64_t generation);

  /// Removes the database that was in force before.
  status remove_old();

private:
  struct incoming {
    std::uint64_t reception = 0;
    std::uint64_t generation = 0;
    state_sink sink;
  };

  result<bool> resume(const begin_state& x);

  std::map<std::uint64_t, state_source> sources_;
  std::shared_ptr<state_place> place_;
  std::optional<incoming> incoming_;
  /// Nothing that a crash has left is there any more.
  bool tidy_ = false;
  /// The generation in force, the one before it, and the newest ever made.
  std::uint64_t used_ = 0;
  std::uint64_t before_ = 0;
  std::uint64_t newest_ = 0;
};

} // namespace praetor::disk
