#include "storage/leveldb_log_store.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/buggify.hpp"
#include "storage/leveldb_database.hpp"
#include "storage/log_format.hpp"
#include "storage/log_position.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace praetor {

namespace {

namespace format = log_format;

/// Entries cut from the front that one append deletes.
constexpr log_index sweep_max = 1000;

class leveldb_log_store final : public log_store {
public:
  explicit leveldb_log_store(std::unique_ptr<leveldb_database> db)
    : db_{std::move(db)} {}

  result<log_image> load() override;
  status write_identity(const log_identity& x) override;
  status append(const std::vector<const log_batch*>& batches) override;
  result<std::vector<entry_ptr>> read(log_index from, log_index to,
                                      std::uint64_t bytes_max) override;

private:
  result<std::vector<entry_ptr>> load_entries();
  result<entry_ptr> parse_entry(leveldb::Iterator& i, log_index expected);
  void add(const log_batch& batch);
  void remove(log_index from, log_index to);
  void sweep();

  std::unique_ptr<leveldb_database> db_;
  log_position position_;
  bool loaded_ = false;
  bool has_identity_ = false;

  /// Entries before this one are deleted; those from it up to the log's start
  /// may still be there.
  log_index swept_before_ = 1;
};

// -- reading ------------------------------------------------------------------

result<log_image> leveldb_log_store::load() {
  if (db_->failure())
    return *db_->failure();
  if (auto s = db_->check_format(format::format_key, format::version); !s)
    return s.error();
  auto identity = db_->get<log_identity>(format::identity_key);
  if (!identity)
    return identity.error();
  const auto boot = db_->get<std::uint64_t>(format::boot_key);
  if (!boot)
    return boot.error();
  auto position = db_->get<log_position>(format::position_key);
  if (!position)
    return position.error();
  position_ = position->value_or(log_position{});
  if (position_.start.index > position_.last)
    return db_->damaged(format::position_key, "the log ends before it starts");
  const auto state = db_->get<std::uint64_t>(format::state_key);
  if (!state)
    return state.error();
  auto entries = load_entries();
  if (!entries)
    return entries.error();
  log_image out{std::move(*identity),  position_.hard,
                position_.start,       std::move(*entries),
                boot->value_or(0) + 1, state->value_or(0)};
  db_->put(format::boot_key, out.boot);
  if (auto s = db_->commit(); !s)
    return s.error();
  has_identity_ = out.identity.has_value();
  loaded_ = true;
  return out;
}

result<std::vector<entry_ptr>> leveldb_log_store::load_entries() {
  const auto i = db_->iterate();
  i->Seek(to_slice(format::entry_key(0)));
  const auto oldest =
    i->Valid() ? format::parse_entry_key(to_view(i->key())) : std::nullopt;
  swept_before_ = oldest.value_or(position_.start.index + 1);
  std::vector<entry_ptr> out;
  auto expected = position_.start.index + 1;
  for (i->Seek(to_slice(format::entry_key(expected)));
       i->Valid() && format::parse_entry_key(to_view(i->key())); i->Next()) {
    auto entry = parse_entry(*i, expected++);
    if (!entry)
      return entry.error();
    out.push_back(std::move(*entry));
  }
  if (!i->status().ok())
    return db_->fail(i->status());
  if (expected < position_.last + 1)
    return db_->damaged(format::position_key, "the log should end at "
                                                + std::to_string(position_.last)
                                                + ", but ends at "
                                                + std::to_string(expected - 1));
  position_.last = expected - 1;
  return out;
}

result<entry_ptr> leveldb_log_store::parse_entry(leveldb::Iterator& i,
                                                 log_index expected) {
  const auto key = to_view(i.key());
  if (format::parse_entry_key(key) != expected && !i.status().ok())
    return db_->fail(i.status()); // LevelDB skips what it cannot read
  if (format::parse_entry_key(key) != expected)
    return db_->damaged(key, "expected entry " + std::to_string(expected));
  auto entry = db_->parse<log_entry>(key, to_view(i.value()));
  if (!entry)
    return entry.error();
  if (entry->index != expected)
    return db_->damaged(key, "it holds entry " + std::to_string(entry->index));
  return entry_ptr{std::make_shared<log_entry>(std::move(*entry))};
}

result<std::vector<entry_ptr>>
leveldb_log_store::read(log_index from, log_index to, std::uint64_t bytes_max) {
  PRAETOR_ASSERT(loaded_);
  if (db_->failure())
    return *db_->failure();
  if (!position_.contains(from) || to < from)
    return error{errc::not_found, "no log entry " + std::to_string(from)};
  std::vector<entry_ptr> out;
  std::uint64_t bytes = 0;
  const auto i = db_->iterate();
  i->Seek(to_slice(format::entry_key(from)));
  for (auto at = from; at <= std::min(to, position_.last); ++at, i->Next()) {
    if (!i->status().ok())
      return db_->fail(i->status());
    if (!i->Valid())
      return db_->damaged(format::entry_key(at), "it is missing");
    auto entry = parse_entry(*i, at);
    if (!entry)
      return entry.error();
    bytes += (*entry)->payload.size();
    if (!out.empty() && bytes > bytes_max)
      break;
    out.push_back(std::move(*entry));
  }
  return out;
}

// -- writing ------------------------------------------------------------------

status leveldb_log_store::write_identity(const log_identity& x) {
  PRAETOR_ASSERT(loaded_ && !has_identity_);
  db_->put(format::identity_key, x);
  has_identity_ = true;
  return db_->commit();
}

status leveldb_log_store::append(const std::vector<const log_batch*>& batches) {
  PRAETOR_ASSERT(loaded_);
  if (db_->failure())
    return *db_->failure();
  if (batches.empty())
    return ok;
  auto before = position_;
  for (const auto* batch : batches)
    add(*batch);
  sweep();
  // A log that only grew shows by itself where it ends. Files of LevelDB that
  // hold nothing but new entries do not overlap older ones: they are moved down,
  // not merged, which saves most of what compaction costs.
  before.last = std::max(before.last, position_.last);
  if (before != position_)
    db_->put(format::position_key, position_);
  return db_->commit();
}

/// Later operations of a LevelDB batch win, so the order here is that of the
/// members.
void leveldb_log_store::add(const log_batch& batch) {
  if (batch.restart) {
    remove(swept_before_, position_.last);
    swept_before_ = batch.restart->index + 1;
  } else if (batch.truncate_from) {
    remove(*batch.truncate_from, position_.last);
  }
  if (batch.state)
    db_->put(format::state_key, *batch.state);
  position_.advance(batch);
  for (const auto& entry : batch.entries)
    db_->put(format::entry_key(entry->index), *entry);
}

void leveldb_log_store::remove(log_index from, log_index to) {
  for (auto i = from; i <= to; ++i)
    db_->remove(format::entry_key(i));
}

void leveldb_log_store::sweep() {
  if (buggify("stores.sweep_later"))
    return;
  const auto from = swept_before_;
  const auto to = std::min(position_.start.index, from + sweep_max - 1);
  remove(from, to);
  swept_before_ = std::max(from, to + 1);
}

} // namespace

result<std::unique_ptr<log_store>>
open_leveldb_log(const std::string& directory, file_env* files,
                 std::size_t write_buffer_bytes) {
  auto db = leveldb_database::open(directory, files ? *files : posix_env(),
                                   write_buffer_bytes);
  if (!db)
    return db.error();
  return std::unique_ptr<log_store>{
    std::make_unique<leveldb_log_store>(std::move(*db))};
}

} // namespace praetor
