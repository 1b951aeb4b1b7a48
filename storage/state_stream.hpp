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

/// The receiving end.
class state_sink {
public:
  /// @pre `fresh` is empty and loaded.
  state_sink(std::unique_ptr<state_store> fresh, checkpoint_mark mark)
    : fresh_{std::move(fresh)}, mark_{std::move(mark)} {}

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
  checkpoint_mark mark_;
  std::uint64_t next_ = 0;
  std::uint32_t checksum_ = 0;
  bool complete_ = false;
};

} // namespace praetor
