// CRC32C (Castagnoli), with the processor's instruction where it has one, else
// by tables at over 1 GB/s. LevelDB uses it but does not export it; we need it
// for our frames and to check LevelDB's record logs. Pure.
// Source: RFC 3720, appendix B.4; Kounavis and Berry: "Novel table lookup-based
// algorithms for high-performance CRC generation" (slicing by 8).

#pragma once

#include <cstdint>
#include <string_view>

namespace praetor {

/// Returns the checksum of `bytes`, or, given the checksum `crc` of what came
/// before, that of both together.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

/// The same without the instruction; for tests.
std::uint32_t crc32c_by_tables(std::string_view bytes, std::uint32_t crc = 0);

} // namespace praetor
