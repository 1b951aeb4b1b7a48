#include "storage/leveldb_state_store.hpp"

#include "runtime/base/assert.hpp"
#include "storage/leveldb_database.hpp"
#include "storage/state_format.hpp"

#include <memory>
#include <string>
#include <utility>

namespace praetor {

namespace {

namespace format = state_format;

/// Reads a row where `i` stands. Errors: corruption.
result<row> parse_row(leveldb_database& db, leveldb::Iterator& i) {
  const auto key = to_view(i.key());
  const auto name = format::parse_row_key(key);
  const auto value = frame::open(key, to_view(i.value()));
  if (!name)
    return db.damaged(key, "it is not the key of a row");
  if (!value)
    return db.damaged(key, "its checksum is wrong");
  return row{std::string{name->first}, std::string{name->second},
             std::string{*value}};
}

class leveldb_state_reader final : public state_reader {
public:
  leveldb_state_reader(std::shared_ptr<leveldb_database> db,
                       checkpoint_mark mark)
    : db_{std::move(db)}, frozen_{db_->freeze()}, mark_{std::move(mark)} {}

  ~leveldb_state_reader() override { db_->release(frozen_); }

  const checkpoint_mark& mark() const override { return mark_; }

  result<row_span> read(const std::string& resume,
                        std::uint64_t bytes_max) override;

private:
  std::shared_ptr<leveldb_database> db_;
  const leveldb::Snapshot* frozen_;
  checkpoint_mark mark_;
};

/// Spans begin at the key in `resume`.
result<row_span> leveldb_state_reader::read(const std::string& resume,
                                            std::uint64_t bytes_max) {
  if (db_->failure())
    return *db_->failure();
  row_span out;
  std::uint64_t bytes = 0;
  const auto i = db_->iterate(frozen_);
  for (i->Seek(to_slice(resume.empty() ? format::row_prefix : resume));
       i->Valid(); i->Next()) {
    bytes += i->key().size() + i->value().size();
    if (!out.rows.empty() && bytes > bytes_max) {
      out.resume = i->key().ToString();
      return out;
    }
    auto x = parse_row(*db_, *i);
    if (!x)
      return x.error();
    out.rows.push_back(std::move(*x));
  }
  if (!i->status().ok())
    return db_->fail(i->status());
  out.last = true;
  return out;
}

class leveldb_state_store final : public state_store {
public:
  explicit leveldb_state_store(std::unique_ptr<leveldb_database> db)
    : db_{std::move(db)} {}

  result<state_image> load() override;
  status write(const checkpoint_mark& mark,
               const std::vector<row>& rows) override;
  result<std::unique_ptr<state_reader>> open_reader() override;

private:
  std::shared_ptr<leveldb_database> db_;
  checkpoint_mark mark_;
  bool loaded_ = false;
};

result<state_image> leveldb_state_store::load() {
  if (db_->failure())
    return *db_->failure();
  if (auto s = db_->check_format(format::format_key, format::version); !s)
    return s.error();
  auto mark = db_->get<checkpoint_mark>(format::mark_key);
  if (!mark)
    return mark.error();
  state_image out{mark->value_or(checkpoint_mark{}), {}};
  const auto i = db_->iterate();
  for (i->Seek(to_slice(format::row_prefix)); i->Valid(); i->Next()) {
    auto x = parse_row(*db_, *i);
    if (!x)
      return x.error();
    out.rows.push_back(std::move(*x));
  }
  if (!i->status().ok())
    return db_->fail(i->status());
  mark_ = out.mark;
  loaded_ = true;
  return out;
}

status leveldb_state_store::write(const checkpoint_mark& mark,
                                  const std::vector<row>& rows) {
  PRAETOR_ASSERT(loaded_);
  if (db_->failure())
    return *db_->failure();
  for (const auto& x : rows)
    if (const auto key = format::row_key(x.table, x.key); x.value)
      db_->put_bytes(key, *x.value);
    else
      db_->remove(key);
  db_->put(format::mark_key, mark);
  auto written = db_->commit();
  if (written)
    mark_ = mark;
  return written;
}

result<std::unique_ptr<state_reader>> leveldb_state_store::open_reader() {
  PRAETOR_ASSERT(loaded_);
  if (db_->failure())
    return *db_->failure();
  return std::unique_ptr<state_reader>{
    std::make_unique<leveldb_state_reader>(db_, mark_)};
}

} // namespace

result<std::unique_ptr<state_store>>
open_leveldb_state(const std::string& directory, file_env* files,
                   std::size_t write_buffer_bytes) {
  auto db = leveldb_database::open(directory, files ? *files : posix_env(),
                                   write_buffer_bytes);
  if (!db)
    return db.error();
  return std::unique_ptr<state_store>{
    std::make_unique<leveldb_state_store>(std::move(*db))};
}

} // namespace praetor
