// The state database and the local database: `state_store` on LevelDB. Format:
// storage/state_format.hpp. A write is one synced LevelDB batch.

#pragma once

#include "runtime/base/result.hpp"
#include "storage/state_store.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace praetor {

class file_env;

inline constexpr std::size_t state_write_buffer_bytes = 4U << 20U;

/// Opens or creates the database in `directory`, whose parent exists. `files`
/// and errors are as for `open_leveldb_log`. Call `load` before all else.
result<std::unique_ptr<state_store>>
open_leveldb_state(const std::string& directory, file_env* files = nullptr,
                   std::size_t write_buffer_bytes = state_write_buffer_bytes);

} // namespace praetor
