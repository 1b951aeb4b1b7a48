#include "actors/storage/storage_actor.hpp"

#include "actors/spawn.hpp"
#include "actors/storage/state_traffic.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"

#include <caf/actor_cast.hpp>

#include <malloc.h>

#include <chrono>
#include <optional>
#include <utility>

namespace praetor::disk {

namespace {

/// What an entry takes besides its payload.
constexpr std::uint64_t entry_overhead = 64;

std::uint64_t size_of(const log_batch& batch) {
  std::uint64_t out = 0;
  for (const auto& entry : batch.entries)
    out += entry->payload.size() + entry_overhead;
  return out;
}

class storage_state {
public:
  static constexpr auto name = "storage";

  using self_pointer = storage_actor::stateful_pointer<storage_state>;

  explicit storage_state(self_pointer self) : self_{self} {}

  storage_actor::behavior_type make_behavior(storage_options options) {
    options_ = std::move(options);
    PRAETOR_ASSERT(options_.on_fatal != nullptr);
    traffic_.reset(options_.place, options_.generation);
    return {
      [this](persist& msg) { on_persist(msg); },
      [this](const read_entries& msg) { on_read(msg); },
      [this](const write_identity& msg) { on_write_identity(msg); },
      [this](write_checkpoint& msg) { on_write_checkpoint(msg); },
      [this](const write_local& msg) { on_write_local(msg); },
      [this](const open_state& msg) { on_open_state(msg); },
      [this](const read_state& msg) { on_read_state(msg); },
      [this](const close_state& msg) { traffic_.close(msg.transfer); },
      [this](const begin_state& msg) { on_begin_state(msg); },
      [this](const store_state& msg) { on_store_state(msg); },
      [this](const drop_state& msg) { on_drop_state(msg); },
      [this](const use_state& msg) { on_use_state(msg); },
      [this](flush) { on_flush(); },
    };
  }

private:
  // -- message handlers -------------------------------------------------------

  void on_persist(persist& msg) {
    group_bytes_ += size_of(msg.batch);
    group_token_ = msg.token;
    group_.push_back(std::move(msg.batch));
    sink_ = caf::actor_cast<persisted_sink_actor>(self_->current_sender());
    if (group_bytes_ > group_bytes_max || buggify("storage.no_group"))
      write_group();
    else
      schedule_flush();
  }

  void on_read(const read_entries& msg) {
    write_group();
    if (auto e = refusal(options_.log))
      return msg.to_whom.complete(*e);
    const auto bytes = buggify("storage.short_read") ? 1 : msg.bytes_max;
    auto entries = options_.log->read(msg.from, msg.to, bytes);
    if (!entries && entries.error().code != errc::not_found)
      fail(entries.error());
    msg.to_whom.complete(std::move(entries));
  }

  void on_write_identity(const write_identity& msg) {
    if (auto e = refusal(options_.log))
      return msg.to.complete(*e);
    msg.to.complete(checked(options_.log->write_identity(msg.identity)));
  }

  void on_write_checkpoint(write_checkpoint& msg) {
    checkpoints_.push_back(std::move(msg));
    schedule_flush();
  }

  void on_write_local(const write_local& msg) {
    write_rows(options_.local, {}, msg.rows, msg.to);
  }

  void on_flush() {
    flushing_ = false;
    if (buggify("storage.late_flush"))
      return schedule_flush();
    if (buggify("storage.checkpoint_first"))
      write_checkpoints();
    write_group();
    if (!checkpoints_.empty() && buggify("storage.late_checkpoint"))
      return schedule_flush();
    write_checkpoints();
  }

  void on_open_state(const open_state& msg) {
    if (auto e = refusal(options_.state))
      return msg.to.complete(*e);
    write_checkpoints();
    msg.to.complete(checked(traffic_.open(msg, *options_.state)));
  }

  void on_read_state(const read_state& msg) {
    if (auto e = refusal(options_.state))
      return msg.to.complete(*e);
    msg.to.complete(checked(traffic_.read(msg)));
  }

  void on_begin_state(const begin_state& msg) {
    if (auto e = refusal(options_.state))
      return msg.to.complete(*e);
    msg.to.complete(checked(traffic_.begin(msg)));
  }

  void on_drop_state(const drop_state& msg) {
    if (!refusal(options_.state))
      static_cast<void>(checked(traffic_.drop(msg.reception)));
  }

  void on_store_state(const store_state& msg) {
    if (auto e = refusal(options_.state))
      return msg.to.complete(*e);
    msg.to.complete(checked(traffic_.store(msg)));
  }

  /// What waits is of the tables that were in force until now.
  void on_use_state(const use_state& msg) {
    write_checkpoints();
    if (auto e = refusal(options_.state))
      return msg.to.complete(*e);
    auto taken = checked(traffic_.take(msg.generation));
    if (!taken)
      return msg.to.complete(taken.error());
    const auto old_closes = options_.state.use_count() == 1;
    options_.state = std::move(*taken);
    if (old_closes)
      static_cast<void>(checked(traffic_.remove_old()));
    msg.to.complete(checked(options_.state->load()));
  }

  // -- effects ----------------------------------------------------------------

  void schedule_flush() {
    if (!std::exchange(flushing_, true))
      self_->send(self_, flush{});
  }

  /// Writes the waiting batches with one sync and says so.
  void write_group() {
    const auto group = std::exchange(group_, {});
    const auto sink = std::exchange(sink_, {});
    group_bytes_ = 0;
    if (group.empty() || refusal(options_.log))
      return; // nobody may believe that it is durable
    std::vector<const log_batch*> batches;
    batches.reserve(group.size());
    for (const auto& batch : group)
      batches.push_back(&batch);
    const auto begin = now();
    sometimes("storage.group_of_three", group.size() >= 3);
    if (auto s = options_.log->append(batches); !s && !mutant("M34"))
      return fail(s.error());
    if (sink)
      self_->send(sink, persisted{group_token_, now() - begin});
  }

  void write_checkpoints() {
    if (checkpoints_.empty())
      return;
    for (const auto& x : std::exchange(checkpoints_, {}))
      write_rows(options_.state, x.mark, x.rows, x.to);
    if (!failure_)
      static_cast<void>(checked(traffic_.drop_unfinished()));
    // A checkpoint's rows are large and come rarely: give their memory back.
    ::malloc_trim(0);
  }

  /// A store that failed is fatal; a question about nothing is not.
  template <class T>
  result<T> checked(result<T> x) {
    if (!x && x.error().code != errc::rejected)
      fail(x.error());
    return x;
  }

  void write_rows(const std::shared_ptr<state_store>& store,
                  const checkpoint_mark& mark, const std::vector<row>& rows,
                  const reply<std::monostate>& to) {
    if (auto e = refusal(store))
      return to.complete(*e);
    auto s = store->write(mark, rows);
    if (!s)
      fail(s.error());
    to.complete(std::move(s));
  }

  /// Why nothing can be done with `store`, if so.
  template <class Store>
  std::optional<error> refusal(const std::shared_ptr<Store>& store) const {
    if (failure_)
      return failure_;
    if (!store)
      return error{errc::rejected, "this node has no such database"};
    return std::nullopt;
  }

  void fail(const error& reason) {
    sometimes("storage.failed");
    failure_ = reason;
    options_.on_fatal(reason.context);
  }

  time_point now() const { return self_->clock().now(); }

  // -- member variables -------------------------------------------------------

  self_pointer self_;
  storage_options options_;

  /// Batches that wait for `flush`, the token of the last one, and its sender:
  /// held only as long as it waits, as it holds us.
  std::vector<log_batch> group_;
  std::uint64_t group_bytes_ = 0;
  std::uint64_t group_token_ = 0;
  persisted_sink_actor sink_;

  std::vector<write_checkpoint> checkpoints_;
  state_traffic traffic_;

  /// A `flush` is under way.
  bool flushing_ = false;

  /// Set by the first failure; nothing is written after it.
  std::optional<error> failure_;
};

} // namespace

storage_actor spawn_storage(caf::actor_system& sys, storage_options options) {
  if (options.detached)
    return spawn_state<storage_state, caf::detached>(sys, std::move(options));
  return spawn_state<storage_state>(sys, std::move(options));
}

} // namespace praetor::disk
