#include "tests/sim/node_disk.hpp"

#include "storage/file_names.hpp"
#include "storage/leveldb_log_store.hpp"
#include "storage/leveldb_state_place.hpp"
#include "storage/record_log.hpp"
#include "tests/sim/random.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace praetor::sim {

namespace {

std::uint64_t hash_of(std::string_view text, std::uint64_t x) {
  for (const auto c : text)
    x = (x ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return rng{x}.next();
}

std::string printable(std::string_view text) {
  std::string out;
  for (const auto c : text)
    out += c >= ' ' && c <= '~' ? c : '.';
  return out;
}

/// Sums of these do not depend on the order of rows.
std::uint64_t hash_of(const std::pair<std::string, std::string>& key,
                      std::string_view value) {
  return hash_of(value, hash_of(key.second, hash_of(key.first, 1)));
}

} // namespace

/// Passes everything on, and tells the disk what succeeded.
class watched_log final : public log_store {
public:
  watched_log(node_disk& owner, std::unique_ptr<log_store> real)
    : owner_{owner}, real_{std::move(real)} {}

  result<log_image> load() override { return drained(real_->load()); }

  status write_identity(const log_identity& x) override {
    return drained(real_->write_identity(x));
  }

  status append(const std::vector<const log_batch*>& batches) override {
    auto s = drained(real_->append(batches));
    if (s)
      owner_.note(batches);
    else
      for (const auto* x : batches)
        owner_.uncertain_batches_.push_back(*x);
    return s;
  }

  result<std::vector<entry_ptr>> read(log_index from, log_index to,
                                      std::uint64_t bytes_max) override {
    return drained(real_->read(from, to, bytes_max));
  }

private:
  template <class T>
  T drained(T x) {
    owner_.drain();
    return x;
  }

  node_disk& owner_;
  std::unique_ptr<log_store> real_;
};

class watched_state final : public state_store {
public:
  watched_state(node_disk& owner, std::uint64_t generation,
                std::unique_ptr<state_store> real)
    : owner_{owner}, generation_{generation}, real_{std::move(real)} {}

  ~watched_state() override {
    // LevelDB must not close while it has something to do.
    owner_.drain();
  }

  result<state_image> load() override {
    auto x = real_->load();
    owner_.drain();
    if (x && x->mark.index == 0)
      owner_.settle_part(generation_, *x);
    return x;
  }

  status write(const checkpoint_mark& mark,
               const std::vector<row>& rows) override {
    auto s = real_->write(mark, rows);
    owner_.drain();
    auto& shadow = owner_.state_shadows_[generation_];
    if (s)
      node_disk::note(shadow, mark, rows);
    else
      shadow.uncertain = {mark, rows};
    return s;
  }

  result<std::unique_ptr<state_reader>> open_reader() override {
    auto x = real_->open_reader();
    owner_.drain();
    return x;
  }

private:
  node_disk& owner_;
  std::uint64_t generation_;
  std::unique_ptr<state_store> real_;
};

class watched_place final : public state_place {
public:
  watched_place(node_disk& owner, std::unique_ptr<state_place> real)
    : owner_{owner}, real_{std::move(real)} {}

  result<std::unique_ptr<state_store>> open(std::uint64_t generation) override {
    auto x = real_->open(generation);
    owner_.drain();
    if (x)
      forget_all_but(generation);
    return watched(generation, std::move(x));
  }

  result<std::optional<std::uint64_t>>
  unfinished(std::uint64_t in_force) override {
    auto x = real_->unfinished(in_force);
    owner_.drain();
    return x;
  }

  result<std::unique_ptr<state_store>>
  reopen(std::uint64_t generation) override {
    auto x = real_->reopen(generation);
    owner_.drain();
    return watched(generation, std::move(x));
  }

  result<std::unique_ptr<state_store>>
  create(std::uint64_t generation) override {
    auto x = real_->create(generation);
    owner_.drain();
    owner_.state_shadows_[generation] = {};
    return watched(generation, std::move(x));
  }

  status remove(std::uint64_t generation) override {
    auto s = real_->remove(generation);
    owner_.drain();
    if (s)
      owner_.state_shadows_.erase(generation);
    return s;
  }

private:
  /// As `state_place::open` does.
  void forget_all_but(std::uint64_t generation) {
    auto& all = owner_.state_shadows_;
    const auto newest = all.empty() ? generation : all.rbegin()->first;
    std::erase_if(all, [generation, newest](const auto& x) {
      return x.first != generation
             && (x.first < generation || x.first != newest);
    });
  }

  result<std::unique_ptr<state_store>>
  watched(std::uint64_t generation, result<std::unique_ptr<state_store>> x) {
    if (!x)
      return x;
    return std::unique_ptr<state_store>{
      std::make_unique<watched_state>(owner_, generation, std::move(*x))};
  }

  node_disk& owner_;
  std::unique_ptr<state_place> real_;
};

node_disk::node_disk(std::uint64_t seed, disk_speed speed, bool leveldb,
                     std::size_t buffer_bytes)
  : random_{stream(seed, "disk")},
    speed_{speed},
    buffer_bytes_{buffer_bytes},
    log_memory_{std::make_shared<memory_log_disk>()},
    states_memory_{std::make_shared<memory_place_disk>()} {
  if (leveldb) {
    files_ = std::make_unique<faulty_env>(random_.next());
    files_->CreateDir("/disk");
    files_->sync_directory("/");
  }
}

// -- for a process ------------------------------------------------------------

result<node_disk::stores> node_disk::open() {
  if (damaged_ && !files_)
    return error{errc::corruption, "a damaged file"};
  auto log = open_log();
  if (!log)
    return log.error();
  auto place =
    files_ ? open_leveldb_place("/disk/state", files_.get(), buffer_bytes_)
           : open_memory_place(states_memory_);
  return stores{std::make_shared<watched_log>(*this, std::move(*log)),
                std::make_shared<watched_place>(*this, std::move(place))};
}

result<std::unique_ptr<log_store>> node_disk::open_log() {
  if (!files_)
    return open_memory_log(log_memory_);
  auto log = open_leveldb_log("/disk/log", files_.get(), buffer_bytes_);
  drain();
  return log;
}

void node_disk::close(bool power) {
  log_memory_->next_write = write_fault::none;
  crash_in_ = 0;
  for (const auto& [generation, x] : states_memory_->generations)
    x->next_write = write_fault::none;
  if (!files_)
    return;
  drain();
  if (power)
    files_->power_loss();
  else
    files_->restart();
}

void node_disk::drain() {
  if (files_)
    files_->run_background();
}

/// Like memory_log_store, of which it is independent on purpose.
void node_disk::note(const std::vector<const log_batch*>& batches) {
  auto& position = log_shadow_.position;
  auto& entries = log_shadow_.entries;
  for (const auto* x : batches) {
    if (x->restart)
      entries.clear();
    const auto start = x->restart ? x->restart->index : position.start.index;
    if (x->truncate_from && *x->truncate_from > start)
      while (!entries.empty() && entries.back()->index >= *x->truncate_from)
        entries.pop_back();
    position.advance(*x);
    log_shadow_.state = x->state.value_or(log_shadow_.state);
    entries.insert(entries.end(), x->entries.begin(), x->entries.end());
    while (!entries.empty() && entries.front()->index <= position.start.index)
      entries.pop_front();
  }
}

void node_disk::note(state_shadow& to, const checkpoint_mark& mark,
                     const std::vector<row>& rows) {
  to.mark = mark;
  for (const auto& x : rows) {
    const std::pair key{x.table, x.key};
    const auto found = to.rows.find(key);
    if (found != to.rows.end())
      to.hash -= hash_of(key, found->second);
    if (x.value) {
      to.hash += hash_of(key, *x.value);
      to.rows[key] = *x.value;
    } else if (found != to.rows.end()) {
      to.rows.erase(found);
    }
  }
}

/// A part of a checkpoint is loaded to go on with it: did the write that was
/// under way when the machine stopped reach the disk?
void node_disk::settle_part(std::uint64_t generation,
                            const state_image& image) {
  const auto found = state_shadows_.find(generation);
  if (found == state_shadows_.end() || generation == log_shadow_.state)
    return;
  const auto written = std::exchange(found->second.uncertain, {});
  if (written && !written->second.empty()
      && std::find(image.rows.begin(), image.rows.end(), written->second.back())
           != image.rows.end())
    note(found->second, written->first, written->second);
}

void node_disk::damage() {
  damaged_ = true;
  for (auto tries = 0; files_ && tries < 20; ++tries)
    if (flip_a_bit())
      return;
}

/// In a file of LevelDB, but not in the last record of one that grows: such a
/// file cannot be told from one whose last record never was complete. Returns
/// false if it was, and nothing has changed.
bool node_disk::flip_a_bit() {
  const auto files = files_->list();
  const auto& path = files[random_.below(files.size())];
  const auto name = file_names::name_of(path);
  const auto writes = file_names::parse_write_log(name).has_value();
  const auto grows = writes || file_names::parse_manifest(name);
  auto& bytes = files_->content(path);
  if (bytes.empty() || !(grows || file_names::is_table(name)))
    return false;
  auto& byte = bytes[random_.below(bytes.size())];
  const auto flipped = static_cast<char>(byte ^ (1 << random_.below(8)));
  const auto before = std::exchange(byte, flipped);
  const auto found = inspect_record_log(
    bytes, writes ? record_log_kind::writes : record_log_kind::manifest);
  if (!grows || found.damaged)
    return true;
  byte = before;
  return false;
}

// -- what is durable ----------------------------------------------------------

const checkpoint_mark& node_disk::mark() const {
  static const checkpoint_mark none;
  const auto found = state_shadows_.find(log_shadow_.state);
  return found == state_shadows_.end() ? none : found->second.mark;
}

std::uint64_t node_disk::rows_hash() const {
  const auto found = state_shadows_.find(log_shadow_.state);
  return found == state_shadows_.end() ? 0 : found->second.hash;
}

std::string node_disk::rows_unlike(const node_disk& other) const {
  std::string out;
  const auto mine = state_shadows_.find(log_shadow_.state);
  const auto others = other.state_shadows_.find(other.log_shadow_.state);
  if (mine == state_shadows_.end() || others == other.state_shadows_.end())
    return out;
  const auto add = [&out](const auto& rows, const auto& than, const char* by) {
    for (const auto& [key, value] : rows)
      if (const auto at = than.find(key);
          at == than.end() || at->second != value)
        out += "\n  " + std::string{by} + " " + key.first + " "
               + printable(key.second) + " = " + printable(value);
  };
  add(mine->second.rows, others->second.rows, "here:");
  add(others->second.rows, mine->second.rows, "there:");
  return out;
}

const log_entry* node_disk::entry(log_index index) const {
  if (!position().contains(index))
    return nullptr;
  return log_shadow_
    .entries[static_cast<std::size_t>(index - position().start.index - 1)]
    .get();
}

bool node_disk::holds(log_index index, log_term term) const {
  if (const auto* found = entry(index))
    return found->term == term;
  return index <= position().start.index || index <= mark().index;
}

std::optional<std::string> node_disk::differs(const log_image& log,
                                              const state_image& state) {
  const auto before = log_shadow_;
  auto why = log_differs(log);
  auto also = why;
  // Of what failed, the first so many may be there.
  for (std::size_t n = 0; also && n < uncertain_batches_.size(); ++n) {
    note({&uncertain_batches_[n]});
    also = log_differs(log);
  }
  if (also)
    log_shadow_ = before;
  else
    why.reset();
  uncertain_batches_.clear();
  auto& shadow = state_shadows_[log_shadow_.state];
  const auto uncertain = std::exchange(shadow.uncertain, {});
  if (uncertain && state.mark == uncertain->first)
    note(shadow, uncertain->first, uncertain->second);
  if (why)
    return why;
  if (state.mark != mark())
    return "a checkpoint of " + std::to_string(state.mark.index)
           + " instead of " + std::to_string(mark().index);
  std::uint64_t hash = 0;
  for (const auto& x : state.rows)
    hash += hash_of({x.table, x.key}, x.value.value_or(""));
  if (hash != rows_hash())
    return "other rows in the checkpoint of " + std::to_string(mark().index);
  return std::nullopt;
}

std::optional<std::string> node_disk::log_differs(const log_image& have) const {
  const auto& want = position();
  if (have.hard != want.hard)
    return "term " + std::to_string(have.hard.term) + " instead of "
           + std::to_string(want.hard.term);
  if (have.state != log_shadow_.state)
    return "state " + std::to_string(have.state) + " instead of "
           + std::to_string(log_shadow_.state);
  if (have.start.index != want.start.index
      || have.entries.size() != want.last - want.start.index)
    return "log from " + std::to_string(have.start.index) + ", "
           + std::to_string(have.entries.size()) + " entries, instead of from "
           + std::to_string(want.start.index) + ", "
           + std::to_string(want.last - want.start.index);
  for (std::size_t i = 0; i < have.entries.size(); ++i)
    if (*have.entries[i] != *log_shadow_.entries[i])
      return "another entry " + std::to_string(have.entries[i]->index);
  return std::nullopt;
}

// -- time ---------------------------------------------------------------------

std::optional<duration> node_disk::ends(duration now, std::int64_t factor) {
  const auto span =
    factor
    * (speed_.min
       + exponential(random_, std::max(duration{0}, speed_.mean - speed_.min)));
  if (hanging_)
    return std::nullopt;
  return std::max(now + span, stalled_until_);
}

// -- faults -------------------------------------------------------------------

void node_disk::fail_next(write_fault fault) {
  if (files_)
    files_->fail_at(files_->operations() + 1, "injected");
  else
    log_memory_->next_write = fault;
}

void node_disk::crash_within(std::uint64_t n) {
  if (files_)
    files_->crash_at(files_->operations() + n);
  else
    crash_in_ = 1 + n / 4;
}

void node_disk::lose_tail(std::uint64_t n) {
  for (auto* x : {log_memory_.get(), &log_shadow_})
    for (std::uint64_t i = 0; i < n && x->entries.size() > 1; ++i) {
      x->entries.pop_back();
      --x->position.last;
    }
}

} // namespace praetor::sim
