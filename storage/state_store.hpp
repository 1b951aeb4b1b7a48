// Rows of tables with the index they stand for: the checkpoint of the
// replicated state, and the local state of an agent.
//
// Two versions: LevelDB and in memory, as for `log_store`, with the same rule:
// after a failed call the store refuses everything.

#pragma once

#include "runtime/base/checkpoint.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor {

/// A checkpoint, read at start; every row's checksum was right.
struct state_image {
  checkpoint_mark mark;
  std::vector<row> rows;
};

/// Rows that follow each other in a checkpoint.
struct row_span {
  std::vector<row> rows;
  /// Where the next span begins; opaque.
  std::string resume;
  /// Nothing comes behind it.
  bool last = false;
};

/// A checkpoint as it was when it was opened, whatever is written later.
class state_reader {
public:
  state_reader() = default;
  state_reader(const state_reader&) = delete;
  state_reader& operator=(const state_reader&) = delete;
  virtual ~state_reader() = default;

  virtual const checkpoint_mark& mark() const = 0;

  /// Reads rows from where `resume` says (empty: from the first on), in the
  /// order of tables and keys: at least one if there is any, then as many as
  /// `bytes_max` allows. The same arguments give the same rows.
  /// Errors: corruption, io_error.
  virtual result<row_span> read(const std::string& resume,
                                std::uint64_t bytes_max) = 0;
};

/// See the head of the file.
class state_store {
public:
  state_store() = default;
  state_store(const state_store&) = delete;
  state_store& operator=(const state_store&) = delete;
  virtual ~state_store() = default;

  /// Reads and checks everything. Errors: corruption with the file's name.
  virtual result<state_image> load() = 0;

  /// Puts and deletes rows and sets the mark, atomically, with one sync.
  /// Errors: io_error; the store is unusable afterwards.
  virtual status write(const checkpoint_mark& mark,
                       const std::vector<row>& rows) = 0;

  /// Opens what is stored now for reading in parts. The reader may outlive
  /// later writes, and must not outlive the store's disk.
  /// @pre `load` succeeded. Errors: corruption, io_error, rejected if this
  /// store cannot do that.
  virtual result<std::unique_ptr<state_reader>> open_reader() {
    return error{errc::rejected, "this store cannot be read in parts"};
  }
};

/// Some rows of a checkpoint, as they travel (storage/state_stream.hpp).
struct state_bytes {
  std::string payload;
  /// Of all payloads of the stream up to and including this one.
  std::uint32_t checksum = 0;
  /// Nothing comes behind it.
  bool last = false;
};

/// What a server receives, and from whom. As long as the sender has the
/// checkpoint open under this number, its chunks are the same.
struct stream_origin {
  std::string sender;
  std::uint64_t transfer = 0;
  checkpoint_mark mark;

  friend bool operator==(const stream_origin&, const stream_origin&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, stream_origin& x) {
    return f(x.sender, x.transfer, x.mark);
  }
};

/// Where a server keeps its state databases: the one in force, named by a
/// generation that the log database remembers, and one that is just being
/// received from another server.
class state_place {
public:
  state_place() = default;
  state_place(const state_place&) = delete;
  state_place& operator=(const state_place&) = delete;
  virtual ~state_place() = default;

  /// Opens the database of a generation, and removes others, which a crash has
  /// left: all older ones, and of newer ones all but the newest. Generation 0
  /// is created if need be.
  /// Errors: corruption if it is not there; io_error.
  virtual result<std::unique_ptr<state_store>>
  open(std::uint64_t generation) = 0;

  /// Returns the newest generation behind the one in force, if there is one:
  /// what was being received when the process ended. Errors: io_error.
  virtual result<std::optional<std::uint64_t>>
  unfinished(std::uint64_t in_force) = 0;

  /// Opens such a database. Errors: corruption if it cannot be used; io_error.
  virtual result<std::unique_ptr<state_store>>
  reopen(std::uint64_t generation) = 0;

  /// Creates an empty database, instead of what may be there.
  /// @pre The generation is not in use.
  virtual result<std::unique_ptr<state_store>>
  create(std::uint64_t generation) = 0;

  /// Removes a database that nobody uses any more. What a crash leaves of it,
  /// `open` removes. Errors: io_error.
  virtual status remove(std::uint64_t generation) = 0;
};

} // namespace praetor
