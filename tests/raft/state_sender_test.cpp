#include "actors/raft/core/state_sender.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using namespace praetor;
using namespace praetor::raft;
using namespace std::chrono_literals;

namespace {

using step = state_sender::step;

constexpr time_point start{1000s};

checkpoint_mark mark_of(log_index index) {
  checkpoint_mark out;
  out.index = index;
  out.term = 2;
  return out;
}

/// Opened, and asked for what lies behind chunk `next`.
state_sender sending(std::uint64_t next, const transfer_options& opts = {}) {
  state_sender out{7, 40, opts, start};
  out.opened(mark_of(42), start);
  CHECK(out.due(start) == step::offer);
  CHECK(out.heard(next, start));
  return out;
}

} // namespace

TEST_CASE("state_sender: nothing goes out before the tables are open",
          "[raft][core]") {
  state_sender x{7, 40, {}, start};
  CHECK(x.transfer() == 7);
  CHECK(x.began() == start);
  CHECK(x.pinned() == 40);
  CHECK_FALSE(x.mark());
  CHECK(x.due(start) == step::none);
  CHECK_FALSE(x.next_chunk());
  CHECK_FALSE(x.heard(0, start));
  x.opened(mark_of(42), start);
  CHECK(x.pinned() == 42);
  CHECK(x.mark()->index == 42);
  CHECK_FALSE(x.next_chunk());
}

TEST_CASE("state_sender: so many chunks are under way, each once",
          "[raft][core]") {
  transfer_options opts;
  opts.window = 2;
  auto x = sending(0, opts);
  CHECK(x.next_chunk() == 0);
  CHECK(x.next_chunk() == 1);
  CHECK_FALSE(x.next_chunk());
  CHECK(x.heard(1, start));
  CHECK(x.next_chunk() == 2);
  CHECK_FALSE(x.next_chunk());
  x.ends_with(2);
  CHECK(x.heard(2, start));
  CHECK_FALSE(x.next_chunk());
}

TEST_CASE("state_sender: old news asks for nothing", "[raft][core]") {
  auto x = sending(0);
  CHECK(x.next_chunk() == 0);
  CHECK(x.next_chunk() == 1);
  CHECK(x.heard(2, start));
  CHECK_FALSE(x.heard(2, start));
  CHECK_FALSE(x.heard(1, start));
  CHECK(x.next_chunk() == 2);
}

TEST_CASE("state_sender: a peer may begin in the middle, or anew",
          "[raft][core]") {
  transfer_options opts;
  auto x = sending(5, opts);
  CHECK(x.next_chunk() == 5);
  // Silence: what it has is asked again.
  CHECK(x.due(start + opts.resend_after - 1ms) == step::none);
  CHECK(x.due(start + opts.resend_after) == step::offer);
  CHECK_FALSE(x.next_chunk());
  CHECK(x.heard(0, start + opts.resend_after));
  CHECK(x.next_chunk() == 0);
}

TEST_CASE("state_sender: without progress it rests, longer each time",
          "[raft][core]") {
  transfer_options opts;
  opts.patience = 10s;
  opts.rest_min = 1s;
  opts.rest_max = 3s;
  state_sender x{7, 40, opts, start};
  x.opened(mark_of(42), start);
  auto now = start;
  for (const auto rest : {1s, 2s, 3s, 3s}) {
    CHECK(x.due(now + opts.patience - 1ms) == step::offer);
    now += opts.patience;
    CHECK(x.due(now) == step::none);
    CHECK_FALSE(x.heard(0, now));
    CHECK(x.due(now + rest - 1ms) == step::none);
    now += rest;
    CHECK(x.due(now) == step::offer);
  }
  // Progress makes it patient again.
  CHECK(x.heard(1, now));
  CHECK(x.due(now + opts.resend_after) == step::offer);
  CHECK(x.due(now + opts.patience) == step::none);
  CHECK(x.due(now + opts.patience + 1s) == step::offer);
}

TEST_CASE("state_sender: tables that cannot be read are opened again",
          "[raft][core]") {
  transfer_options opts;
  opts.rest_min = 1s;
  auto x = sending(0, opts);
  x.failed(start);
  CHECK_FALSE(x.mark());
  CHECK(x.pinned() == 42);
  CHECK(x.due(start + 1s - 1ms) == step::none);
  CHECK(x.due(start + 1s) == step::open);
  CHECK(x.due(start + 1s) == step::none);
  CHECK_FALSE(x.heard(0, start + 1s));
  x.opened(mark_of(50), start + 2s);
  CHECK(x.pinned() == 50);
  CHECK(x.due(start + 2s) == step::offer);
}
