#include "storage/record_log.hpp"

#include "runtime/base/crc32c.hpp"

#include <optional>

namespace praetor {

namespace {

constexpr std::size_t block_size = 32768;
constexpr std::size_t header_size = 7;

enum fragment_type : unsigned char { full = 1, first, middle, last };

struct fragment {
  fragment_type type{};
  std::string_view data;

  bool begins_record() const { return type == full || type == first; }
  bool ends_record() const { return type == full || type == last; }
};

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (auto i = bytes.size(); i > 0; --i)
    out = (out << 8U) | static_cast<unsigned char>(bytes[i - 1]);
  return out;
}

std::uint32_t unmask(std::uint32_t crc) {
  const auto rotated = crc - 0xA282EAD8U;
  return (rotated >> 17U) | (rotated << 15U);
}

/// Returns the whole, undamaged fragment at `at`, if there is one.
std::optional<fragment> parse_fragment(std::string_view bytes, std::size_t at) {
  if (bytes.size() - at < header_size)
    return std::nullopt;
  const auto header = bytes.substr(at, header_size);
  const auto type = static_cast<unsigned char>(header[6]);
  const auto length =
    static_cast<std::size_t>(little_endian(header.substr(4, 2)));
  const auto room = block_size - at % block_size;
  if (type < full || type > last || header_size + length > room
      || bytes.size() - at - header_size < length)
    return std::nullopt;
  const auto covered = bytes.substr(at + header_size - 1, 1 + length);
  const auto stored =
    static_cast<std::uint32_t>(little_endian(header.substr(0, 4)));
  if (crc32c(covered) != unmask(stored))
    return std::nullopt;
  return fragment{static_cast<fragment_type>(type), covered.substr(1)};
}

/// A write batch begins with its first sequence number (8) and the count of its
/// operations (4). Returns nothing if the fragment is too short to hold them.
struct sequence_range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::optional<sequence_range> parse_sequence(const fragment& x,
                                             record_log_kind kind) {
  if (kind != record_log_kind::writes || x.data.size() < 12)
    return std::nullopt;
  const auto begin = little_endian(x.data.substr(0, 8));
  return sequence_range{begin, begin + little_endian(x.data.substr(8, 4))};
}

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

/// Whether a record that is newer than `sequence` begins at or after `from`.
/// The damage may hide where fragments begin, so every offset is tried.
bool has_later_record(std::string_view bytes, std::size_t from,
                      record_log_kind kind, std::uint64_t sequence) {
  for (auto at = from; at + header_size <= bytes.size(); ++at) {
    const auto type = static_cast<unsigned char>(bytes[at + header_size - 1]);
    if (type != full && type != first)
      continue;
    const auto x = parse_fragment(bytes, at);
    if (!x)
      continue;
    const auto range = parse_sequence(*x, kind);
    if (!range || range->begin >= sequence)
      return true;
  }
  return false;
}

} // namespace

record_log_extent inspect_record_log(std::string_view bytes,
                                     record_log_kind kind) {
  record_log_extent out;
  auto in_record = false;
  std::uint64_t sequence = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto room = block_size - at % block_size;
    if (room < header_size) { // filled up with zeros
      at += room;
      continue;
    }
    const auto x = parse_fragment(bytes, at);
    if (!x && !in_record && all_zero(bytes.substr(at))) {
      out.padded = true;
      return out;
    }
    if (!x || x->begins_record() == in_record) {
      out.torn = true;
      out.damaged = has_later_record(bytes, at, kind, sequence);
      return out;
    }
    if (const auto range = parse_sequence(*x, kind); range && !in_record)
      sequence = range->end;
    at += header_size + x->data.size();
    in_record = !x->ends_record();
    if (!in_record)
      out.intact = at;
  }
  out.torn = in_record;
  return out;
}

} // namespace praetor
