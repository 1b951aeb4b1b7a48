// Rows of tables with the index they stand for: the checkpoint of the
// replicated state, and the local state of an agent.
//
// Two versions: LevelDB and in memory, as for `log_store`, with the same rule:
// after a failed call the store refuses everything.

#pragma once

#include "runtime/base/checkpoint.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"

#include <vector>

namespace praetor {

/// A checkpoint, read at start; every row's checksum was right.
struct state_image {
  checkpoint_mark mark;
  std::vector<row> rows;
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
};

} // namespace praetor
