#include "storage/memory_stores.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/text.hpp"

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
    return log_image{
      disk_->identity,       disk_->position.hard,
      disk_->position.start, {disk_->entries.begin(), disk_->entries.end()},
      disk_->boot,           disk_->state};
  }

  status write_identity(const log_identity& x) override {
    PRAETOR_ASSERT(!disk_->identity);
    return gate_.pass(disk_->next_write, [this, &x] { disk_->identity = x; });
  }

  status append(const std::vector<const log_batch*>& batches) override {
    return gate_.pass(disk_->next_write, [this, &batches] {
      for (const auto* batch : batches) {
        apply(*batch);
        disk_->state = batch->state.value_or(disk_->state);
      }
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

/// Shares nothing with its disk: a copy of the rows.
class memory_state_reader final : public state_reader {
public:
  explicit memory_state_reader(const memory_state_disk& disk)
    : mark_{disk.mark} {
    for (const auto& [key, value] : disk.rows)
      rows_.push_back({key.first, key.second, value});
  }

  const checkpoint_mark& mark() const override { return mark_; }

  /// Spans begin at the position in `resume`.
  result<row_span> read(const std::string& resume,
                        std::uint64_t bytes_max) override {
    row_span out;
    std::uint64_t bytes = 0;
    auto at = parse_uint(resume).value_or(0);
    for (; at < rows_.size(); ++at) {
      const auto& x = rows_[at];
      bytes += x.table.size() + x.key.size() + x.value->size();
      if (!out.rows.empty() && bytes > bytes_max)
        break;
      out.rows.push_back(x);
    }
    out.last = at >= rows_.size();
    if (!out.last)
      out.resume = std::to_string(at);
    return out;
  }

private:
  checkpoint_mark mark_;
  std::vector<row> rows_;
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

  result<std::unique_ptr<state_reader>> open_reader() override {
    if (gate_.failure())
      return *gate_.failure();
    return std::unique_ptr<state_reader>{
      std::make_unique<memory_state_reader>(*disk_)};
  }

private:
  std::shared_ptr<memory_state_disk> disk_;
  fault_gate gate_;
};

class memory_state_place final : public state_place {
public:
  explicit memory_state_place(std::shared_ptr<memory_place_disk> disk)
    : disk_{std::move(disk)} {}

  result<std::unique_ptr<state_store>> open(std::uint64_t generation) override {
    auto& all = disk_->generations;
    if (generation > 0 && !all.contains(generation))
      return error{errc::corruption,
                   "memory: no state database " + std::to_string(generation)};
    const auto newest = all.empty() ? generation : all.rbegin()->first;
    std::erase_if(all, [generation, newest](const auto& x) {
      return x.first < generation
             || (x.first > generation && x.first != newest);
    });
    return store_of(generation);
  }

  result<std::optional<std::uint64_t>>
  unfinished(std::uint64_t in_force) override {
    const auto& all = disk_->generations;
    if (all.empty() || all.rbegin()->first <= in_force)
      return std::optional<std::uint64_t>{};
    return std::optional{all.rbegin()->first};
  }

  result<std::unique_ptr<state_store>>
  reopen(std::uint64_t generation) override {
    if (!disk_->generations.contains(generation))
      return error{errc::corruption, "memory: nothing was received"};
    return store_of(generation);
  }

  result<std::unique_ptr<state_store>>
  create(std::uint64_t generation) override {
    disk_->generations.erase(generation);
    return store_of(generation);
  }

  status remove(std::uint64_t generation) override {
    disk_->generations.erase(generation);
    return ok;
  }

private:
  std::unique_ptr<state_store> store_of(std::uint64_t generation) {
    auto& found = disk_->generations[generation];
    if (!found)
      found = std::make_shared<memory_state_disk>();
    return open_memory_state(found);
  }

  std::shared_ptr<memory_place_disk> disk_;
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

std::unique_ptr<state_place>
open_memory_place(std::shared_ptr<memory_place_disk> disk) {
  return std::make_unique<memory_state_place>(std::move(disk));
}

} // namespace praetor
