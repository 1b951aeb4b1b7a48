#include "actors/storage/state_traffic.hpp"

#include "runtime/base/buggify.hpp"
#include "runtime/base/sometimes.hpp"

#include <utility>

namespace praetor::disk {

result<checkpoint_mark> state_traffic::open(const open_state& x,
                                            state_store& from) {
  auto reader = from.open_reader();
  if (!reader)
    return reader.error();
  close(x.transfer);
  const auto bytes = buggify("storage.tiny_chunks") ? 1 : x.chunk_bytes;
  const auto at =
    sources_.emplace(x.transfer, state_source{std::move(*reader), bytes});
  return at.first->second.mark();
}

result<std::optional<state_bytes>> state_traffic::read(const read_state& x) {
  const auto found = sources_.find(x.transfer);
  if (found == sources_.end())
    return error{errc::rejected, "no such checkpoint is open"};
  return found->second.chunk(x.number);
}

result<std::uint64_t> state_traffic::begin(const begin_state& x) {
  if (!place_)
    return error{errc::rejected, "this node receives no checkpoints"};
  if (incoming_)
    if (auto dropped = drop(incoming_->reception); !dropped)
      return dropped.error();
  const auto resumed = resume(x);
  if (!resumed)
    return resumed.error();
  if (*resumed)
    return incoming_->sink.next();
  const auto generation = ++newest_;
  auto fresh = place_->create(generation);
  if (!fresh)
    return fresh.error();
  if (auto image = (*fresh)->load(); !image)
    return image.error();
  incoming_.emplace(
    incoming{x.reception, generation, {std::move(*fresh), x.origin}});
  return std::uint64_t{0};
}

/// Goes on where the process before this one was. Returns whether that was
/// possible.
result<bool> state_traffic::resume(const begin_state& x) {
  if (tidy_)
    return false;
  const auto left = place_->unfinished(used_);
  if (!left)
    return left.error();
  if (auto part = *left ? place_->reopen(**left) : error{}; part)
    if (auto sink = state_sink::resume(std::move(*part), x.origin)) {
      sometimes("storage.reception_resumed");
      tidy_ = true;
      newest_ = **left;
      incoming_.emplace(incoming{x.reception, newest_, std::move(*sink)});
      return true;
    }
  if (auto dropped = drop_unfinished(); !dropped)
    return dropped.error();
  return false;
}

status state_traffic::drop_unfinished() {
  if (std::exchange(tidy_, true) || !place_)
    return ok;
  const auto left = place_->unfinished(used_);
  if (!left)
    return left.error();
  return *left ? place_->remove(**left) : ok;
}

result<stored_state> state_traffic::store(const store_state& x) {
  if (!incoming_ || incoming_->reception != x.reception)
    return stored_state{};
  if (buggify("storage.lose_chunk"))
    return stored_state{};
  const auto good = incoming_->sink.store(x.number, x.chunk);
  if (!good)
    return good.error();
  stored_state out{*good, {}};
  if (*good && incoming_->sink.complete())
    out.generation = incoming_->generation;
  return out;
}

status state_traffic::drop(std::uint64_t reception) {
  if (!incoming_ || incoming_->reception != reception)
    return ok;
  const auto generation = std::exchange(incoming_, {})->generation;
  return place_->remove(generation);
}

result<std::unique_ptr<state_store>>
state_traffic::take(std::uint64_t generation) {
  if (!incoming_ || incoming_->generation != generation
      || !incoming_->sink.complete())
    return error{errc::rejected, "no such checkpoint was received"};
  sources_.clear();
  before_ = std::exchange(used_, generation);
  return std::exchange(incoming_, {})->sink.take();
}

status state_traffic::remove_old() {
  return place_->remove(before_);
}

} // namespace praetor::disk
