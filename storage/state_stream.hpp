// A checkpoint on its way from one server's state database to another's: cut
// into numbered chunks, checked, and put together again.
//
// A chunk is encoded rows with the CRC32C of everything up to and including it,
// so that a chunk that is damaged, or of another stream, or in another place,
// does not fit. Blocking; one thread.

#pragma once

#include "runtime/base/result.hpp"
#include "storage/state_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor {

/// The sending end.
class state_source {
public:
  /// Chunks have about `chunk_bytes`; a larger row is a chunk of its own.
  state_source(std::unique_ptr<state_reader> reader, std::uint64_t chunk_bytes);

  const checkpoint_mark& mark() const { return reader_->mark(); }

  /// Returns a chunk, the same each time; nothing if there are not so many.
  /// Errors: corruption, io_error.
  result<std::optional<state_bytes>> chunk(std::uint64_t number);

private:
  /// Where a chunk begins, and the checksum of what comes before it.
  struct boundary {
    std::string resume;
    std::uint32_t checksum = 0;
  };

  std::unique_ptr<state_reader> reader_;
  std::uint64_t chunk_bytes_;
  std::vector<boundary> boundaries_{{}};
  std::optional<std::uint64_t> chunks_;
};

/// The receiving end. How far it is stands in the database, beside the rows, so
/// that it can go on after a crash.
class state_sink {
public:
  /// @pre `fresh` is empty and loaded.
  state_sink(std::unique_ptr<state_store> fresh, stream_origin origin)
    : fresh_{std::move(fresh)}, origin_{std::move(origin)} {}

  /// Goes on with what was received before a crash. Returns nothing if that is
  /// not of this origin, or damaged. `part` is not loaded yet.
  static std::optional<state_sink> resume(std::unique_ptr<state_store> part,
                                          const stream_origin& origin);

  /// The chunk that has to come next.
  std::uint64_t next() const { return next_; }

  /// Stores the next chunk; durable when it returns. Returns false, and stores
  /// nothing, if it is not the next one or does not fit.
  /// Errors: io_error.
  result<bool> store(std::uint64_t number, const state_bytes& x);

  /// Whether everything is there. Before that, the mark in the database is
  /// that of no checkpoint.
  bool complete() const { return complete_; }

  /// Hands over the database.
  /// @pre `complete()`.
  std::unique_ptr<state_store> take();

private:
  std::unique_ptr<state_store> fresh_;
  stream_origin origin_;
  std::uint64_t next_ = 0;
  std::uint32_t checksum_ = 0;
  bool complete_ = false;
};

} // namespace praetor
