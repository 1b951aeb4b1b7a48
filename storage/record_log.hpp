// Checks a file in LevelDB's record format: its write-ahead log and its
// MANIFEST. Pure and total.
//
// Why: a crash leaves a torn last record, and LevelDB cannot tell it from
// damage in the middle. With `paranoid_checks` it refuses both, without it
// skips both, and a run of zeros it skips in any case. For us the first must
// open and the others must not. Each record is synced before the next is
// written, so a whole record behind the damage proves that the damage is not a
// torn end.
//
// Source: leveldb/doc/log_format.md. A file is a sequence of 32 KiB blocks, a
// block a sequence of fragments: masked CRC32C (4) of type and data, length
// (2), type (1), data. A fragment never crosses a block's end.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace praetor {

enum class record_log_kind : std::uint8_t {
  /// Records are write batches, which begin with a rising sequence number.
  writes,
  manifest,
};

/// What is left of a record log.
struct record_log_extent {
  /// Where the last whole record of the undamaged front ends.
  std::size_t intact = 0;
  /// Nothing but zeros follows: room for records that never came.
  bool padded = false;
  /// Something else follows than whole records: the file is torn or damaged.
  bool torn = false;
  /// A whole, later record follows the damage: data that was synced is gone.
  bool damaged = false;
};

/// O(n), unless damaged: then O(n * block) at worst.
record_log_extent inspect_record_log(std::string_view bytes,
                                     record_log_kind kind);

} // namespace praetor
