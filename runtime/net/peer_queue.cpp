#include "runtime/net/peer_queue.hpp"

#include <algorithm>

namespace praetor::net {

namespace {

/// Of one turn, unless a single frame is longer.
constexpr std::size_t turn_bytes_max = std::size_t{256} << 10U;
/// Asio gives the kernel no more pieces at once; the last frame may need two.
constexpr std::size_t pieces_max = 64 - 2;
/// Copying a payload that is no longer costs less than a piece.
constexpr std::size_t copied_bytes_max = std::size_t{8} << 10U;
constexpr std::size_t chunk_kept_max = std::size_t{16} << 10U;
constexpr unsigned turns_without_bulk_max = 4;
constexpr std::size_t answer_part_bytes = std::size_t{256} << 10U;
/// What a waiting frame costs beside its payload.
constexpr std::size_t overhead = sizeof(outgoing_frame);

std::size_t index(lane x) {
  return static_cast<std::size_t>(x);
}

} // namespace

peer_queue::peer_queue(const peer_limits& limits) {
  lanes_[index(lane::urgent)].bytes_max = limits.urgent_bytes_max;
  lanes_[index(lane::normal)].bytes_max = limits.normal_bytes_max;
  lanes_[index(lane::bulk)].bytes_max = limits.bulk_bytes_max;
}

bool peer_queue::has_room(const one_lane& x, std::size_t more) const {
  return x.frames.empty() || x.bytes + more + overhead <= x.bytes_max;
}

bool peer_queue::push(lane where, outgoing_frame x) {
  auto& to = lanes_[index(where)];
  if (!has_room(to, x.payload.size()))
    return false;
  to.bytes += x.payload.size() + overhead;
  to.frames.push_back(std::move(x));
  return true;
}

bool peer_queue::push_answer(std::uint64_t id, std::string payload,
                             std::uint32_t payload_crc) {
  if (payload.size() <= answer_part_bytes)
    return push(lane::normal,
                {frame_kind::answer, id, std::move(payload), payload_crc});
  auto& to = lanes_[index(lane::normal)];
  if (!has_room(to, payload.size()))
    return false;
  for (std::size_t at = 0; at < payload.size(); at += answer_part_bytes) {
    auto part = payload.substr(at, answer_part_bytes);
    const auto last = at + part.size() == payload.size();
    const auto crc = crc32c(part);
    to.bytes += part.size() + overhead;
    to.frames.push_back({last ? frame_kind::answer : frame_kind::answer_part,
                         id, std::move(part), crc});
  }
  return true;
}

bool peer_queue::empty() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const auto& x) { return x.frames.empty(); });
}

std::size_t peer_queue::bytes() const {
  std::size_t out = 0;
  for (const auto& x : lanes_)
    out += x.bytes;
  return out;
}

// -- turns
// ---------------------------------------------------------------------------

std::span<const std::string_view> peer_queue::begin_turn() {
  auto& bulk = lanes_[index(lane::bulk)];
  const auto waiting = bulk.frames.size();
  turn_bytes_ = 0;
  take_from(lanes_[index(lane::urgent)], turn_bytes_max);
  if (!bulk.frames.empty() && turns_without_bulk_ >= turns_without_bulk_max)
    take_one(bulk);
  take_from(lanes_[index(lane::normal)], turn_bytes_max);
  take_from(bulk, turn_bytes_max);
  if (waiting == 0 || bulk.frames.size() < waiting)
    turns_without_bulk_ = 0;
  else
    ++turns_without_bulk_;
  for (const auto& x : pieces_)
    views_.push_back(
      std::string_view{x.payload != nullptr ? *x.payload : chunk_}.substr(
        x.begin, x.size));
  return views_;
}

void peer_queue::end_turn() {
  views_.clear();
  pieces_.clear();
  payloads_.clear();
  if (chunk_.capacity() > chunk_kept_max && empty())
    chunk_ = {};
  chunk_.clear();
}

void peer_queue::take_from(one_lane& from, std::size_t bytes_max) {
  while (!from.frames.empty() && turn_bytes_ < bytes_max
         && pieces_.size() < pieces_max)
    take_one(from);
}

void peer_queue::take_one(one_lane& from) {
  auto x = std::move(from.frames.front());
  from.frames.pop_front();
  from.bytes -= x.payload.size() + overhead;
  turn_bytes_ += x.payload.size() + frame_head_bytes;
  ++frames_taken_;
  const auto head =
    encode_frame_head(x.kind, x.id, x.payload.size(), x.payload_crc);
  add_to_chunk({head.data(), head.size()});
  if (x.payload.size() <= copied_bytes_max)
    return add_to_chunk(x.payload);
  payloads_.push_back(std::move(x.payload));
  pieces_.push_back({&payloads_.back(), 0, payloads_.back().size()});
}

void peer_queue::add_to_chunk(std::string_view bytes) {
  if (pieces_.empty() || pieces_.back().payload != nullptr)
    pieces_.push_back({nullptr, chunk_.size(), 0});
  pieces_.back().size += bytes.size();
  chunk_ += bytes;
}

} // namespace praetor::net
