#include "runtime/net/peer_frames.hpp"

#include "runtime/base/codec.hpp"

#include <algorithm>
#include <cstring>

namespace praetor::net {

namespace {

constexpr char magic = 'P';
constexpr std::size_t checksum_at = 16;

constexpr std::size_t buffer_bytes_min = std::size_t{4} << 10U;
constexpr std::size_t buffer_bytes_max = std::size_t{256} << 10U;
constexpr std::size_t growth = 4;
/// After so many reads that needed little of a large buffer it shrinks.
constexpr unsigned small_reads_max = 64;

/// Of ids and names in sentences.
constexpr std::size_t name_bytes_max = 64;

template <class T>
void put(char* to, T x) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to[i] = static_cast<char>(x >> (8 * i));
}

template <class T>
T get(const char* from) {
  T out = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(from[i]))
                          << (8 * i));
  return out;
}

bool has_payload(frame_kind x) {
  return x < frame_kind::cancel;
}

} // namespace

// -- heads
// ---------------------------------------------------------------------------

std::array<char, frame_head_bytes>
encode_frame_head(frame_kind kind, std::uint64_t id, std::size_t payload_bytes,
                  std::uint32_t payload_crc) {
  std::array<char, frame_head_bytes> out{magic, static_cast<char>(kind)};
  put(out.data() + 4, static_cast<std::uint32_t>(payload_bytes));
  put(out.data() + 8, id);
  put(out.data() + checksum_at, crc32c({out.data(), checksum_at}, payload_crc));
  return out;
}

std::string encode_frame(const frame& x) {
  const auto head =
    encode_frame_head(x.kind, x.id, x.payload.size(), crc32c(x.payload));
  return std::string{head.data(), head.size()} + x.payload;
}

std::optional<frame_reader::head>
frame_reader::parse_head(std::string_view bytes) {
  const auto kind = static_cast<frame_kind>(bytes[1]);
  if (bytes[0] != magic || bytes[2] != 0 || bytes[3] != 0
      || kind < frame_kind::hello || kind > frame_kind::pong) {
    broken_ = "received what is not a frame";
    return {};
  }
  head out{kind,
           get<std::uint64_t>(bytes.data() + 8),
           get<std::uint32_t>(bytes.data() + 4),
           get<std::uint32_t>(bytes.data() + checksum_at),
           {}};
  std::memcpy(out.bytes.data(), bytes.data(), checksum_at);
  if (out.length > payload_max_ || (out.length > 0 && !has_payload(kind))) {
    broken_ = "received a frame that is too long: " + std::to_string(out.length)
              + " bytes";
    return {};
  }
  return out;
}

// -- frames
// --------------------------------------------------------------------------

std::span<char> frame_reader::room() {
  if (large_) {
    auto& x = *large_;
    if (x.got == x.payload.size())
      x.payload.resize(std::min(x.from.length, 2 * x.got));
    return {x.payload.data() + x.got, x.payload.size() - x.got};
  }
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  resize_buffer();
  return {buffer_.get() + end_, capacity_ - end_};
}

void frame_reader::resize_buffer() {
  auto wanted = std::max(capacity_, buffer_bytes_min);
  if (was_full_)
    wanted = std::min(wanted * growth, buffer_bytes_max);
  else if (small_reads_ >= small_reads_max && end_ == 0)
    wanted = buffer_bytes_min;
  was_full_ = false;
  if (wanted == capacity_)
    return;
  small_reads_ = 0;
  auto other = std::make_unique_for_overwrite<char[]>(wanted);
  std::copy_n(buffer_.get(), end_, other.get());
  buffer_ = std::move(other);
  capacity_ = wanted;
}

void frame_reader::add(std::size_t n) {
  if (large_) {
    large_->got += n;
    return;
  }
  end_ += n;
  was_full_ = was_full_ || end_ == capacity_;
  small_reads_ = n > capacity_ / growth ? 0 : small_reads_ + 1;
}

std::optional<frame> frame_reader::next() {
  if (!broken_.empty())
    return {};
  if (large_)
    return next_large();
  const std::string_view have{buffer_.get() + begin_, end_ - begin_};
  if (have.size() < frame_head_bytes)
    return {};
  auto from = parse_head(have);
  if (!from)
    return {};
  const auto rest = have.substr(frame_head_bytes);
  if (rest.size() >= from->length) {
    begin_ += frame_head_bytes + from->length;
    return finish(*from, std::string{rest.substr(0, from->length)});
  }
  if (frame_head_bytes + from->length > capacity_)
    begin_large(std::move(*from), rest);
  return {};
}

void frame_reader::begin_large(head from, std::string_view have) {
  large_frame x{std::move(from), {}, have.size()};
  x.payload.reserve(
    std::min(x.from.length, std::max(2 * have.size(), buffer_bytes_min)));
  x.payload = have;
  x.payload.resize(std::min(x.payload.capacity(), x.from.length));
  large_ = std::move(x);
  begin_ = end_ = 0;
}

std::optional<frame> frame_reader::next_large() {
  if (large_->got < large_->from.length)
    return {};
  auto done = std::move(*large_);
  large_.reset();
  return finish(done.from, std::move(done.payload));
}

std::optional<frame> frame_reader::finish(const head& from,
                                          std::string payload) {
  if (crc32c({from.bytes.data(), from.bytes.size()}, crc32c(payload))
      == from.checksum)
    return frame{from.kind, from.id, std::move(payload)};
  broken_ = "received a frame with a wrong checksum";
  return {};
}

std::size_t frame_reader::footprint() const {
  return capacity_ + (large_ ? large_->payload.capacity() : 0);
}

// -- hello
// ---------------------------------------------------------------------------

std::string encode_hello(const peer_hello& x) {
  return encode(x);
}

result<peer_hello> decode_hello(std::string_view bytes) {
  decoder in{bytes};
  const auto version = in.get_varint();
  if (in.failed())
    return error{errc::corruption, "the hello does not decode"};
  if (version != peer_protocol)
    return error{errc::rejected, "it speaks protocol " + std::to_string(version)
                                   + " between nodes, this node protocol "
                                   + std::to_string(peer_protocol)};
  auto out = decode<peer_hello>(bytes);
  if (!out || out->node_id.empty())
    return error{errc::corruption, "the hello does not decode"};
  return out;
}

namespace {

std::string describe(const peer_hello& x) {
  return "node \"" + printable(x.node_name, name_bytes_max) + "\" ("
         + printable(x.node_id, name_bytes_max) + ")";
}

} // namespace

std::optional<std::string> objection(const peer_hello& mine,
                                     const peer_hello& theirs) {
  if (!mine.cluster_id.empty() && !theirs.cluster_id.empty()
      && mine.cluster_id != theirs.cluster_id)
    return describe(theirs) + " belongs to cluster "
           + printable(theirs.cluster_id, name_bytes_max) + ", "
           + describe(mine) + " to cluster " + mine.cluster_id;
  if (!theirs.wanted.empty() && theirs.wanted != mine.node_id)
    return describe(theirs) + " wants node "
           + printable(theirs.wanted, name_bytes_max) + ", but this is "
           + describe(mine);
  if (!mine.wanted.empty() && mine.wanted != theirs.node_id)
    return "node " + mine.wanted + " is wanted, but this is "
           + describe(theirs);
  if (theirs.node_id == mine.node_id)
    return describe(theirs) + " has the id of " + describe(mine);
  return {};
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string out{text.substr(0, bytes_max)};
  for (auto& c : out)
    if (c < ' ' || c > '~')
      c = '?';
  return out;
}

// -- failures
// ------------------------------------------------------------------------

std::string encode_failure(const error& x) {
  return encode(x);
}

error decode_failure(std::string_view bytes) {
  decoder in{bytes};
  error out;
  if (!in(out) || !in.rest().empty())
    return {errc::corruption, "the error that was answered does not decode"};
  if (to_string(out.code) == "unknown")
    out.code = errc::rejected; // A newer one.
  return out;
}

} // namespace praetor::net
