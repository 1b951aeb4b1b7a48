#include "storage/memory_stores.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <cstddef>

namespace praetor {

namespace {

/// Lets an injected fault happen, and remembers that it did.
class fault_gate {
public:
  /// Runs `write` unless it is to be lost.
  template <class Function>
  status pass(write_fault& fault, Function write) {
    if (failure_)
      return *failure_;
    const auto now = std::exchange(fault, write_fault::none);
    if (now != write_fault::lost)
      write();
    if (now == write_fault::none)
      return ok;
    failure_ = error{errc::io_error, "memory: injected write failure"};
    return *failure_;
  }

  const std::optional<error>& failure() const { return failure_; }

private:
  std::optional<error> failure_;
};

class memory_log_store final : public log_store {
public:
  explicit memory_log_store(std::shared_ptr<memory_log_disk> disk)
    : disk_{std::move(disk)} {}

  result<log_image> load() override {
    const auto written =
      gate_.pass(disk_->next_write, [this] { ++disk_->boot; });
    if (!written)
      return written.error();
    return log_image{disk_->identity,
                     disk_->position.hard,
                     disk_->position.start,
                     {disk_->entries.begin(), disk_->entries.end()},
                     disk_->boot};
  }

  status write_identity(const log_identity& x) override {
    PRAETOR_ASSERT(!disk_->identity);
    return gate_.pass(disk_->next_write, [this, &x] { disk_->identity = x; });
  }

  status append(const std::vector<const log_batch*>& batches) override {
    return gate_.pass(disk_->next_write, [this, &batches] {
      for (const auto* batch : batches)
        apply(*batch);
    });
  }

  result<std::vector<entry_ptr>> read(log_index from, log_index to,
                                      std::uint64_t bytes_max) override {
    if (gate_.failure())
      return *gate_.failure();
    const auto& position = disk_->position;
    if (!position.contains(from) || to < from)
      return error{errc::not_found,
                   "memory: no log entry " + std::to_string(from)};
    std::vector<entry_ptr> out;
    std::uint64_t bytes = 0;
    for (auto i = from; i <= std::min(to, position.last); ++i) {
      const auto& entry =
        disk_->entries[static_cast<std::size_t>(i - position.start.index - 1)];
      bytes += entry->payload.size();
      if (!out.empty() && bytes > bytes_max)
        break;
      out.push_back(entry);
    }
    return out;
  }

private:
  void apply(const log_batch& batch) {
    auto& entries = disk_->entries;
    auto& position = disk_->position;
    if (batch.restart)
      entries.clear();
    const auto start =
      batch.restart ? batch.restart->index : position.start.index;
    position.advance(batch);
    if (batch.truncate_from && *batch.truncate_from > start)
      entries.resize(
        std::min(entries.size(),
                 static_cast<std::size_t>(*batch.truncate_from - start - 1)));
    entries.insert(entries.end(), batch.entries.begin(), batch.entries.end());
    while (entries.size() > position.last - position.start.index)
      entries.pop_front();
  }

  std::shared_ptr<memory_log_disk> disk_;
  fault_gate gate_;
};

class memory_state_store final : public state_store {
public:
  explicit memory_state_store(std::shared_ptr<memory_state_disk> disk)
    : disk_{std::move(disk)} {}

  result<state_image> load() override {
    if (gate_.failure())
      return *gate_.failure();
    state_image out;
    out.mark = disk_->mark;
    out.rows.reserve(disk_->rows.size());
    for (const auto& [key, value] : disk_->rows)
      out.rows.push_back({key.first, key.second, value});
    return out;
  }

  status write(const checkpoint_mark& mark,
               const std::vector<row>& rows) override {
    return gate_.pass(disk_->next_write, [this, &mark, &rows] {
      disk_->mark = mark;
      for (const auto& x : rows)
        if (x.value)
          disk_->rows[{x.table, x.key}] = *x.value;
        else
          disk_->rows.erase({x.table, x.key});
    });
  }

private:
  std::shared_ptr<memory_state_disk> disk_;
  fault_gate gate_;
};

} // namespace

std::unique_ptr<log_store>
open_memory_log(std::shared_ptr<memory_log_disk> disk) {
  return std::make_unique<memory_log_store>(std::move(disk));
}

std::unique_ptr<state_store>
open_memory_state(std::shared_ptr<memory_state_disk> disk) {
  return std::make_unique<memory_state_store>(std::move(disk));
}

} // namespace praetor
