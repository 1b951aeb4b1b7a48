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
/// Longer answers are cut.
constexpr std::size_t part_bytes = std::size_t{256} << 10U;
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

bool peer_queue::push(lane where, outgoing_frame x) {
  auto& to = lanes_[index(where)];
  const auto cost = x.payload.size() + overhead;
  if (!to.frames.empty() && to.bytes + cost > to.bytes_max)
    return false;
  to.bytes += cost;
  to.frames.push_back({std::move(x)});
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
    views_.push_back(x.payload.empty()
                       ? std::string_view{chunk_}.substr(x.begin, x.size)
                       : x.payload);
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
  if (x.it.kind == frame_kind::answer && x.it.payload.size() > part_bytes)
    return take_part(from, std::move(x));
  from.bytes -= x.it.payload.size() + overhead;
  add_frame(x.it.kind, x.it.id, x.it.payload, x.it.payload_crc);
  if (x.it.payload.size() > copied_bytes_max)
    payloads_.push_back(std::move(x.it.payload));
}

/// Takes the next part of a long answer, and puts the rest behind the others.
void peer_queue::take_part(one_lane& from, waiting_frame x) {
  const auto part = std::string_view{x.it.payload}.substr(x.sent, part_bytes);
  x.sent += part.size();
  from.bytes -= part.size();
  const auto last = x.sent == x.it.payload.size();
  add_frame(last ? frame_kind::answer : frame_kind::answer_part, x.it.id, part,
            crc32c(part));
  // The bytes of a long string stay where they are when it is moved.
  if (last) {
    from.bytes -= overhead;
    payloads_.push_back(std::move(x.it.payload));
  } else {
    from.frames.push_back(std::move(x));
  }
}

void peer_queue::add_frame(frame_kind kind, std::uint64_t id,
                           std::string_view payload,
                           std::uint32_t payload_crc) {
  turn_bytes_ += payload.size() + frame_head_bytes;
  ++frames_taken_;
  const auto head = encode_frame_head(kind, id, payload.size(), payload_crc);
  add_to_chunk({head.data(), head.size()});
  if (payload.size() <= copied_bytes_max)
    add_to_chunk(payload);
  else
    pieces_.push_back({payload});
}

void peer_queue::add_to_chunk(std::string_view bytes) {
  if (pieces_.empty() || !pieces_.back().payload.empty())
    pieces_.push_back({{}, chunk_.size(), 0});
  pieces_.back().size += bytes.size();
  chunk_ += bytes;
}

} // namespace praetor::net
