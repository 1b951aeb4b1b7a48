// The file behind a write-ahead log: grows in steps, so that a sync has only
// data to write.
//
// A file that grows with each append has a new size each time, and that costs a
// second write, to the journal of the file system: a sync of 16 KiB took half
// as long again. So room is made a step at a time; what is not written yet
// reads as zeros, which storage/record_log.hpp takes for the end. Internal to
// storage/.

#pragma once

#include <leveldb/env.h>
#include <leveldb/status.h>

#include <cstddef>
#include <string>

namespace praetor {

/// Room is made for so many bytes at a time.
inline constexpr std::size_t write_log_step = std::size_t{1} << 20U;

/// Creates or empties the file. Errors: the operating system's.
leveldb::Status open_write_log(const std::string& path,
                               leveldb::WritableFile** out);

} // namespace praetor
