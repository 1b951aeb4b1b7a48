// One LevelDB database with our rules: every write is synced, everything read
// is checked, a failure is final, and errors name the file. The base of the
// LevelDB stores; internal to storage/. One thread.

#pragma once

#include "runtime/base/codec.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/result.hpp"
#include "storage/env.hpp"
#include "storage/frame.hpp"

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/iterator.h>
#include <leveldb/slice.h>
#include <leveldb/write_batch.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace praetor {

inline leveldb::Slice to_slice(std::string_view x) {
  return {x.data(), x.size()};
}

inline std::string_view to_view(const leveldb::Slice& x) {
  return {x.data(), x.size()};
}

class leveldb_database {
public:
  /// Opens or creates the database in `directory`, whose parent exists.
  /// Errors: corruption; io_error if it is in use, not writable or full.
  static result<std::unique_ptr<leveldb_database>>
  open(const std::string& directory, file_env& files,
       std::size_t write_buffer_bytes);

  // -- writing ----------------------------------------------------------------

  /// Adds `value`, encoded and framed, to the next `commit`.
  template <class T>
  void put(std::string_view key, const T& value) {
    frame::begin(scratch_);
    encoder{scratch_}(value);
    frame::seal(key, scratch_);
    batch_.Put(to_slice(key), to_slice(scratch_));
  }

  /// Adds the bytes of `value`, framed.
  void put_bytes(std::string_view key, std::string_view value);

  void remove(std::string_view key) { batch_.Delete(to_slice(key)); }

  /// Writes what was added, atomically and synced. Errors: io_error.
  status commit();

  // -- reading ----------------------------------------------------------------

  /// Reads a value, nothing if there is none. Errors: corruption.
  template <class T>
  result<std::optional<T>> get(std::string_view key) {
    std::string value;
    const auto s = db_->Get(read_options(), to_slice(key), &value);
    if (s.IsNotFound())
      return std::optional<T>{};
    if (!s.ok())
      return fail(s);
    auto x = parse<T>(key, value);
    if (!x)
      return x.error();
    return std::optional<T>{std::move(*x)};
  }

  /// Checks and decodes a stored value. Errors: corruption.
  template <class T>
  result<T> parse(std::string_view key, std::string_view value) {
    auto body = frame::open(key, value);
    if (mutant("M32") && value.size() >= frame::header_size)
      body = value.substr(frame::header_size);
    if (!body)
      return damaged(key, "its checksum is wrong");
    auto x = decode<T>(*body);
    if (!x)
      return damaged(key, "it does not decode");
    return x;
  }

  std::unique_ptr<leveldb::Iterator> iterate();

  /// Remembers how everything is now, until `release`.
  const leveldb::Snapshot* freeze() { return db_->GetSnapshot(); }
  void release(const leveldb::Snapshot* x) { db_->ReleaseSnapshot(x); }

  /// Iterates over what was frozen.
  std::unique_ptr<leveldb::Iterator> iterate(const leveldb::Snapshot* x);

  /// Checks the version of the format; adds it to the next `commit` if the
  /// database is new. Errors: corruption.
  status check_format(std::string_view key, std::uint64_t version);

  // -- failing ----------------------------------------------------------------

  /// Everything fails from now on, for this reason.
  error fail(error reason);
  error fail(const leveldb::Status& s);

  /// The value of `key` is there, but cannot be right. Fails.
  error damaged(std::string_view key, std::string_view how);

  const std::optional<error>& failure() const { return failure_; }

private:
  leveldb_database(std::string directory, file_env& files);

  leveldb::Options options(std::size_t write_buffer_bytes);
  static leveldb::ReadOptions read_options();
  status check_directory();
  error describe(const leveldb::Status& s);
  std::string find_damaged_table();

  std::string directory_;
  file_env& files_;
  durable_env env_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> db_;
  leveldb::WriteBatch batch_;
  std::string scratch_;
  std::optional<error> failure_;
};

} // namespace praetor
