// State databases in directories side by side: `<base>` for generation 0,
// `<base>-<n>` for generation n.

#pragma once

#include "storage/leveldb_state_store.hpp"
#include "storage/state_store.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace praetor {

class file_env;

/// `base` is a path whose parent exists. `files`: null for the real ones.
/// @pre `files` outlives the place and its stores.
std::unique_ptr<state_place>
open_leveldb_place(std::string base, file_env* files = nullptr,
                   std::size_t write_buffer_bytes = state_write_buffer_bytes);

} // namespace praetor
