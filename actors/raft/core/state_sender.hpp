// Where the transfer of a leader's tables to one peer stands.
//
// Pure. The tables are those of a checkpoint, which storage holds open under
// the transfer's number; storage cuts them into chunks, the same ones each time
// it is asked. Here is only arithmetic: which chunk is wanted next, and when to
// begin again.
//
//   opening   storage looks for the checkpoint
//   offering  the offer is repeated until the peer says what it has
//   sending   up to a window of chunks beyond what the peer has
//   resting   nothing moved for long: wait, then offer the same tables again,
//             or open them if that failed

#pragma once

#include "actors/raft/core/types.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <optional>

namespace praetor::raft {

/// Limits and periods of transfers.
struct transfer_options {
  /// One chunk; a row larger than that travels alone.
  std::uint64_t chunk_bytes = 256 * 1024;

  /// Chunks under way to one peer.
  std::uint64_t window = 4;

  /// Without progress for so long, the peer is asked what it has.
  duration resend_after = std::chrono::seconds{1};

  /// Without progress for so long, the transfer rests.
  duration patience = std::chrono::seconds{30};

  /// The first rest; each one without progress between doubles it.
  duration rest_min = std::chrono::seconds{1};
  duration rest_max = std::chrono::seconds{60};

  /// The log behind the tables stays as long as the transfer runs, but not
  /// beyond these: then the transfer begins again with newer tables.
  std::uint64_t pinned_bytes_max = 512 * 1024 * 1024;
  duration pinned_time_max = std::chrono::hours{1};
};

/// See the head of the file.
class state_sender {
public:
  enum class step : std::uint8_t { none, open, offer };

  /// Storage is asked for a checkpoint at or behind `checkpoint`.
  state_sender(std::uint64_t transfer, log_index checkpoint,
               const transfer_options& opts, time_point now)
    : opts_{opts},
      transfer_{transfer},
      pinned_{checkpoint},
      began_{now},
      progress_at_{now} {}

  std::uint64_t transfer() const { return transfer_; }

  /// When it began.
  time_point began() const { return began_; }

  /// What is offered; nothing before `opened`.
  const std::optional<checkpoint_mark>& mark() const { return mark_; }

  /// The log behind this one is needed when the transfer ends.
  log_index pinned() const { return pinned_; }

  /// Storage found the tables.
  void opened(checkpoint_mark mark, time_point now);

  /// Storage could not open or read them.
  void failed(time_point now);

  /// What is to be done (again). Asked at each heartbeat.
  step due(time_point now);

  /// The peer lacks chunks from `next` on. Returns false if that is old news.
  bool heard(std::uint64_t next, time_point now);

  /// Returns the next chunk to send, once.
  std::optional<std::uint64_t> next_chunk();

  /// The chunk `number` is the last one.
  void ends_with(std::uint64_t number) { chunks_ = number + 1; }

private:
  enum class phase : std::uint8_t { opening, offering, sending, resting };

  void rest(time_point now);

  transfer_options opts_;
  std::uint64_t transfer_;
  log_index pinned_;
  time_point began_;
  std::optional<checkpoint_mark> mark_;
  phase phase_ = phase::opening;

  /// The peer has the chunks before this one; those before `asked_` are under
  /// way.
  std::uint64_t acknowledged_ = 0;
  std::uint64_t asked_ = 0;
  std::optional<std::uint64_t> chunks_;

  time_point progress_at_;
  time_point resend_at_;
  time_point rest_until_;
  std::uint64_t rests_ = 0;
};

} // namespace praetor::raft
