// The log database: `log_store` on LevelDB. Format: storage/log_format.hpp.
//
// Each append is one synced LevelDB batch: entries, deletes of what was cut
// from the end, and the new position. What was cut from the front is deleted a
// thousand entries at a time with later appends, so that every record of the
// write-ahead log is synced, and a torn end can be told from damage.
//
// Memory: up to twice the write buffer, which grows with what is written.
// Speed: an append costs one fdatasync and about 2 us for each small entry.

#pragma once

#include "runtime/base/result.hpp"
#include "storage/log_store.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace praetor {

class file_env;

/// Larger ones make fewer tables, but each is synced in one go, which holds up
/// the log's own syncs: 4 MiB gave a third more writes than 16 MiB, and two
/// such buffers are most of what this process holds for the log.
inline constexpr std::size_t log_write_buffer_bytes = 4U << 20U;

/// Opens or creates the log database in `directory`, whose parent exists.
/// `files` (nothing: the operating system's) must outlive the store.
/// Call `load` before all else.
///
/// Errors: io_error if another process uses it, if it is not writable, if the
/// disk is full; corruption with the file's name. Damaged files stay as they
/// are.
result<std::unique_ptr<log_store>>
open_leveldb_log(const std::string& directory, file_env* files = nullptr,
                 std::size_t write_buffer_bytes = log_write_buffer_bytes);

} // namespace praetor
