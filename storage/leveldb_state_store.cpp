#include "storage/leveldb_state_store.hpp"

#include "runtime/base/assert.hpp"
#include "storage/leveldb_database.hpp"
#include "storage/state_format.hpp"

#include <utility>

namespace praetor {

namespace {

namespace format = state_format;

class leveldb_state_store final : public state_store {
public:
  explicit leveldb_state_store(std::unique_ptr<leveldb_database> db)
    : db_{std::move(db)} {}

  result<state_image> load() override;
  status write(const checkpoint_mark& mark,
               const std::vector<row>& rows) override;

private:
  std::unique_ptr<leveldb_database> db_;
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
    const auto key = to_view(i->key());
    const auto name = format::parse_row_key(key);
    const auto value = frame::open(key, to_view(i->value()));
    if (!name)
      return db_->damaged(key, "it is not the key of a row");
    if (!value)
      return db_->damaged(key, "its checksum is wrong");
    out.rows.push_back({std::string{name->first}, std::string{name->second},
                        std::string{*value}});
  }
  if (!i->status().ok())
    return db_->fail(i->status());
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
  return db_->commit();
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
