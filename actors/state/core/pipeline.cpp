#include "actors/state/core/pipeline.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/codec.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <algorithm>
#include <utility>

namespace praetor::state {

pipeline::pipeline(outlet& out, checkpoint_mark cut, origin_windows windows,
                   checkpoint_policy policy)
  : out_{out},
    windows_{std::move(windows)},
    policy_{policy},
    cut_{std::move(cut)},
    kv_done_{cut_.index},
    catalog_done_{cut_.index},
    published_{cut_.index} {}

// -- from raft
// ------------------------------------------------------------------

void pipeline::commit(std::vector<committed_command> entries) {
  for (auto& x : entries)
    queue_.push_back(std::move(x));
  pump();
}

void pipeline::install(std::uint64_t generation, checkpoint_mark mark) {
  PRAETOR_ASSERT(mark.index > cut_.index);
  incoming_ = incoming{generation, std::move(mark)};
  pump();
}

void pipeline::pump() {
  while (phase_ == phase::flowing) {
    if (incoming_) {
      if (drained())
        begin_install();
      return;
    }
    if (checkpoint_due()) {
      if (drained())
        begin_checkpoint();
      return;
    }
    if (queue_.empty() || !decode_next())
      return;
    if (!next_ || !is_barrier(*next_))
      send_run();
    else if (drained())
      begin_barrier();
    else
      return;
  }
}

bool pipeline::checkpoint_due() const {
  if (writing_)
    return false;
  if (entries_since_ > 0 && buggify("state.early_checkpoint"))
    return true;
  return bytes_since_ >= policy_.bytes
         || (entries_since_ >= policy_.entries
             && cut_.ts - *cut_ts_ >= policy_.interval_ms);
}

bool pipeline::decode_next() {
  if (std::exchange(decoded_, true))
    return true;
  next_.reset();
  const auto& entry = *queue_.front().entry;
  if (entry.kind != entry_kind::command)
    return true;
  auto x = decode_command(entry.payload);
  if (x) {
    next_ = std::move(*x);
    return true;
  }
  phase_ = phase::stopped;
  out_.fatal("log entry " + std::to_string(entry.index) + ": "
             + x.error().context);
  return false;
}

pipeline::in_flight& pipeline::take_next() {
  auto x = std::move(queue_.front());
  queue_.pop_front();
  decoded_ = false;
  const auto& entry = *x.entry;
  PRAETOR_ASSERT(entry.index == cut_.index + 1);
  cut_.index = entry.index;
  cut_.term = entry.term;
  if (entry.kind == entry_kind::config) {
    cut_.membership = entry.payload;
    cut_.membership_index = entry.index;
  }
  cut_.ts = entry.ts;
  if (!cut_ts_)
    cut_ts_ = entry.ts;
  ++entries_since_;
  bytes_since_ += entry.payload.size();
  auto& record = flight_.emplace_back();
  record.index = entry.index;
  record.ts = entry.ts;
  record.origin = entry.origin;
  record.to = std::move(x.to);
  // Here and not earlier: a checkpoint must not know of entries behind it.
  windows_.pass(entry.index, entry.ts);
  record.repeated =
    next_ && record.origin.seq != 0
    && windows_.see(record.origin, entry.index, entry.ts) != sighting::fresh;
  if (!next_ || record.repeated)
    record.result = command_result{{}, {}, record.index};
  return record;
}

bool pipeline::is_barrier(const command& x) const {
  if (const auto* keys = std::get_if<kv::command>(&x))
    return std::holds_alternative<kv::create_session>(*keys);
  if (const auto* rows = std::get_if<catalog::command>(&x))
    return session_count_ > 0
           && !std::holds_alternative<catalog::guard_session>(*rows);
  return true;
}

void pipeline::send_run() {
  kv::apply for_kv;
  catalog::apply for_catalog;
  const auto most = buggify("state.short_run") ? 1 : run_max;
  for (std::size_t n = 0; n < most && !queue_.empty(); ++n) {
    // A run is never empty: nobody waits for its answers.
    if ((n > 0 && checkpoint_due()) || !decode_next()
        || (next_ && is_barrier(*next_)))
      break;
    auto& record = take_next();
    if (record.result)
      continue;
    if (auto* keys = std::get_if<kv::command>(&*next_)) {
      kv_waiting_.push_back(&record);
      for_kv.commands.push_back({record.index, record.ts, std::move(*keys)});
    } else {
      catalog_waiting_.push_back(&record);
      for_catalog.commands.push_back(
        {record.index, record.ts,
         std::move(std::get<catalog::command>(*next_))});
    }
  }
  for_kv.upto = cut_.index;
  for_catalog.upto = cut_.index;
  out_.apply_kv(std::move(for_kv));
  out_.apply_catalog(std::move(for_catalog));
}

// -- barriers
// ---------------------------------------------------------------------

void pipeline::begin_barrier() {
  const auto& record = take_next();
  if (record.repeated) {
    // Nothing to do, but the owners must know that they have come so far.
    out_.apply_kv({record.index, {}});
    out_.apply_catalog({record.index, {}});
    return;
  }
  barrier_ = std::move(next_);
  barrier_ts_ = record.ts;
  if (std::holds_alternative<kv::command>(*barrier_))
    begin_session(record.index);
  else if (std::holds_alternative<catalog::command>(*barrier_))
    begin_loss(record.index);
  else
    begin_mixed(record.index);
}

void pipeline::begin_session(log_index index) {
  const auto& create =
    std::get<kv::create_session>(std::get<kv::command>(*barrier_));
  auto checks = create.session.node_checks;
  checks.insert(checks.end(), create.session.service_checks.begin(),
                create.session.service_checks.end());
  phase_ = phase::guarding;
  out_.apply_catalog(
    {index,
     {{index, barrier_ts_,
       catalog::guard_session{create.session.node, std::move(checks)}}}});
}

void pipeline::begin_loss(log_index index) {
  phase_ = phase::holding;
  out_.hold_kv(index);
}

void pipeline::begin_mixed(log_index index) {
  auto& mixed = std::get<mixed_transaction>(*barrier_);
  phase_ = phase::preparing;
  kv_vote_.reset();
  catalog_vote_.reset();
  out_.prepare_kv({{index, barrier_ts_, std::move(mixed.keys)}});
  out_.prepare_catalog({{index, barrier_ts_, std::move(mixed.catalog)}});
}

void pipeline::finish_barrier(command_result x) {
  auto& record = flight_.front();
  x.index = record.index;
  if (record.origin.seq != 0)
    windows_.store(record.origin, x);
  record.result = std::move(x);
  kv_done_ = catalog_done_ = record.index;
  phase_ = phase::flowing;
  barrier_.reset();
  publish();
  pump();
}

void pipeline::kv_held() {
  PRAETOR_ASSERT(phase_ == phase::holding);
  phase_ = phase::losing;
  const auto index = flight_.front().index;
  out_.apply_catalog(
    {index,
     {{index, barrier_ts_, std::move(std::get<catalog::command>(*barrier_))}}});
}

void pipeline::kv_prepared(command_result vote) {
  PRAETOR_ASSERT(phase_ == phase::preparing);
  kv_vote_ = std::move(vote);
  if (catalog_vote_)
    decide_mixed();
}

void pipeline::catalog_prepared(command_result vote) {
  PRAETOR_ASSERT(phase_ == phase::preparing);
  catalog_vote_ = std::move(vote);
  if (kv_vote_)
    decide_mixed();
}

void pipeline::decide_mixed() {
  const auto yes = kv_vote_->code == errc{} && catalog_vote_->code == errc{};
  sometimes("state.mixed_aborted", !yes);
  sometimes("state.mixed_committed", yes);
  // Both owners encode their outcome the same way.
  auto all = decode<kv::transaction_outcome>(kv_vote_->body);
  auto more = decode<kv::transaction_outcome>(catalog_vote_->body);
  PRAETOR_ASSERT(static_cast<bool>(all));
  PRAETOR_ASSERT(static_cast<bool>(more));
  const auto merge = [](auto& into, auto& from) {
    into.insert(into.end(), from.begin(), from.end());
    // One operation's results keep their order.
    std::stable_sort(
      into.begin(), into.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  };
  merge(all->results, more->results);
  merge(all->errors, more->errors);
  if (!yes)
    all->results.clear();
  barrier_result_ =
    command_result{yes ? errc{} : errc::conflict, encode(*all), 0};
  phase_ = phase::deciding_catalog;
  out_.decide_catalog({flight_.front().index, yes, false});
}

// -- from the owners
// ----------------------------------------------------------------

void pipeline::catalog_applied(owner::applied x) {
  const auto index = flight_.empty() ? 0 : flight_.front().index;
  switch (phase_) {
    case phase::guarding: {
      auto verdict = std::move(x.results.at(0));
      kv::apply next{index, {}};
      barrier_result_.reset();
      if (verdict.code == errc{})
        next.commands.push_back(
          {index, barrier_ts_, std::move(std::get<kv::command>(*barrier_))});
      else
        barrier_result_ = std::move(verdict);
      phase_ = phase::finishing;
      return out_.apply_kv(std::move(next));
    }
    case phase::losing: {
      barrier_result_ = std::move(x.results.at(0));
      kv::apply next{index, {}};
      if (!x.losses.empty())
        next.commands.push_back(
          {index, barrier_ts_, kv::end_sessions{std::move(x.losses)}});
      phase_ = phase::finishing;
      return out_.apply_kv(std::move(next));
    }
    case phase::deciding_catalog: {
      losses_ = std::move(x.losses);
      phase_ = phase::deciding_kv;
      const auto yes = barrier_result_->code == errc{};
      return out_.decide_kv({index, yes, !losses_.empty()});
    }
    default: break;
  }
  catalog_done_ = std::max(catalog_done_, x.upto);
  resolve(catalog_waiting_, x.results);
  publish();
  pump();
}

void pipeline::kv_applied(owner::applied x) {
  session_count_ = x.session_count;
  if (buggify("state.needless_barrier"))
    session_count_ = std::max<std::size_t>(session_count_, 1);
  switch (phase_) {
    case phase::finishing:
      // What end_sessions gave is of no interest to the client.
      return finish_barrier(barrier_result_ ? std::move(*barrier_result_)
                                            : std::move(x.results.at(0)));
    case phase::deciding_kv: {
      if (losses_.empty())
        return finish_barrier(std::move(*barrier_result_));
      const auto index = flight_.front().index;
      phase_ = phase::finishing;
      return out_.apply_kv(
        {index,
         {{index, barrier_ts_, kv::end_sessions{std::exchange(losses_, {})}}}});
    }
    default: break;
  }
  kv_done_ = std::max(kv_done_, x.upto);
  resolve(kv_waiting_, x.results);
  publish();
  pump();
}

void pipeline::resolve(std::deque<in_flight*>& waiting,
                       std::vector<command_result>& results) {
  for (auto& x : results) {
    PRAETOR_ASSERT(!waiting.empty());
    auto& record = *waiting.front();
    waiting.pop_front();
    x.index = record.index;
    if (record.origin.seq != 0)
      windows_.store(record.origin, x);
    record.result = std::move(x);
  }
}

void pipeline::publish() {
  const auto upto = std::min(kv_done_, catalog_done_);
  while (!flight_.empty() && flight_.front().index <= upto) {
    auto& record = flight_.front();
    PRAETOR_ASSERT(record.result.has_value());
    if (record.repeated)
      record.result = windows_.result(record.origin);
    record.to.complete(std::move(*record.result));
    flight_.pop_front();
  }
  if (upto <= published_)
    return;
  published_ = upto;
  out_.published(upto);
}

// -- checkpoints
// ----------------------------------------------------------------------

void pipeline::begin_checkpoint() {
  phase_ = phase::collecting;
  owners_to_hand_over_ = 2;
  rows_ = windows_.take_changed_rows();
  out_.take_checkpoint(cut_.index);
}

void pipeline::rows_from_owner(std::vector<row> rows) {
  PRAETOR_ASSERT(phase_ == phase::collecting);
  rows_.insert(rows_.end(), std::make_move_iterator(rows.begin()),
               std::make_move_iterator(rows.end()));
  if (--owners_to_hand_over_ > 0)
    return;
  phase_ = phase::flowing;
  writing_ = true;
  entries_since_ = 0;
  bytes_since_ = 0;
  cut_ts_ = cut_.ts;
  auto cut = cut_;
  if (mutant("M29"))
    --cut.index;
  out_.write_checkpoint(std::move(cut), std::exchange(rows_, {}));
  pump();
}

void pipeline::checkpoint_written() {
  writing_ = false;
  pump();
}

// -- tables from another server
// --------------------------------------------------------

void pipeline::begin_install() {
  phase_ = phase::installing;
  sometimes("state.tables_taken_over");
  while (!queue_.empty()
         && queue_.front().entry->index <= incoming_->mark.index) {
    queue_.front().to.complete(
      error{errc::timeout, "the command's result is not known here"});
    queue_.pop_front();
  }
  decoded_ = false;
  next_.reset();
  out_.fetch_state(incoming_->generation);
}

void pipeline::installed(origin_windows windows, std::size_t session_count) {
  PRAETOR_ASSERT(phase_ == phase::installing);
  windows_ = std::move(windows);
  session_count_ = session_count;
  cut_ = std::exchange(incoming_, {})->mark;
  cut_ts_ = cut_.ts;
  entries_since_ = 0;
  bytes_since_ = 0;
  kv_done_ = catalog_done_ = published_ = cut_.index;
  phase_ = phase::flowing;
  out_.published(published_);
  pump();
}

} // namespace praetor::state
