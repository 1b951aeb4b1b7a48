#include "storage/leveldb_database.hpp"

#include "storage/file_names.hpp"

#include <leveldb/options.h>
#include <leveldb/status.h>
#include <leveldb/table.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace praetor {

namespace {

/// Everything is read once, at start, and then lives in memory.
constexpr std::size_t block_cache_bytes = 1U << 20U;

constexpr std::size_t table_bytes_max = 8U << 20U;

/// LevelDB's own minimum.
constexpr int open_files_max = 74;

/// A batch may be large once (a first checkpoint); its memory goes back.
constexpr std::size_t kept_scratch_bytes_max = 1U << 20U;

/// Texts of the operating system with what they mean to an operator.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> causes{{
  {"No space left on device", "disk full"},
  {"Disk quota exceeded", "disk full"},
  {"Permission denied", "not writable"},
  {"Read-only file system", "not writable"},
  {"Not a directory", "not writable"},
}};

std::string printable(std::string_view key) {
  std::string out;
  for (const auto c : key)
    if (std::isprint(static_cast<unsigned char>(c)) != 0)
      out.push_back(c);
    else
      for (const auto shift : {4U, 0U})
        out.push_back(
          "0123456789abcdef"[(static_cast<unsigned char>(c) >> shift) & 0xFU]);
  return out;
}

} // namespace

leveldb_database::leveldb_database(std::string directory, file_env& files)
  : directory_{std::move(directory)},
    files_{files},
    env_{files},
    cache_{leveldb::NewLRUCache(block_cache_bytes)} {}

result<std::unique_ptr<leveldb_database>>
leveldb_database::open(const std::string& directory, file_env& files,
                       std::size_t write_buffer_bytes) {
  std::unique_ptr<leveldb_database> out{new leveldb_database{directory, files}};
  // Not left to LevelDB, which would not make the new entry durable.
  if (auto s = files.CreateDir(directory);
      !s.ok() && !files.FileExists(directory))
    return out->describe(s);
  // Always, because a process that was killed may just have created it.
  const auto parent = file_names::directory_of(directory);
  if (auto s = files.sync_directory(parent); !s.ok())
    return out->describe(s);
  if (auto s = out->check_directory(); !s)
    return s.error();
  leveldb::DB* db = nullptr;
  const auto s =
    leveldb::DB::Open(out->options(write_buffer_bytes), directory, &db);
  if (!s.ok())
    return out->describe(s);
  out->db_.reset(db);
  return out;
}

leveldb::Options leveldb_database::options(std::size_t write_buffer_bytes) {
  leveldb::Options out;
  out.create_if_missing = true;
  out.paranoid_checks = true;
  out.env = &env_;
  out.write_buffer_size = write_buffer_bytes;
  out.max_file_size = table_bytes_max;
  out.max_open_files = open_files_max;
  out.block_cache = cache_.get();
  out.compression = leveldb::kNoCompression;
  out.reuse_logs = false;
  return out;
}

leveldb::ReadOptions leveldb_database::read_options() {
  leveldb::ReadOptions out;
  out.verify_checksums = true;
  out.fill_cache = false;
  return out;
}

/// LevelDB takes a directory without CURRENT for a new one, and deletes what is
/// in it; and it does not notice that its write-ahead log is missing.
status leveldb_database::check_directory() {
  std::vector<std::string> names;
  if (auto s = files_.GetChildren(directory_, &names); !s.ok())
    return describe(s);
  auto has_current = false;
  auto has_log = false;
  std::string leftover; // a file that a database has which was ever in use
  for (const auto& name : names) {
    has_current |= name == file_names::current;
    const auto is_log = file_names::parse_write_log(name).has_value();
    has_log |= is_log;
    if (is_log || file_names::is_table(name)
        || file_names::parse_manifest(name).value_or(1) > 1)
      leftover = name;
  }
  if (leftover.empty() || (has_current && has_log))
    return ok;
  return fail({errc::corruption,
               directory_ + " is corrupt: it has " + leftover + ", but no "
                 + (has_current ? "write-ahead log" : "CURRENT")});
}

// -- writing ------------------------------------------------------------------

void leveldb_database::put_bytes(std::string_view key, std::string_view value) {
  frame::begin(scratch_);
  scratch_.append(value);
  frame::seal(key, scratch_);
  batch_.Put(to_slice(key), to_slice(scratch_));
}

status leveldb_database::commit() {
  if (failure_)
    return *failure_;
  leveldb::WriteOptions how;
  how.sync = true;
  const auto s = db_->Write(how, &batch_);
  if (batch_.ApproximateSize() > kept_scratch_bytes_max)
    batch_ = leveldb::WriteBatch{};
  else
    batch_.Clear();
  if (scratch_.capacity() > kept_scratch_bytes_max)
    scratch_ = {};
  if (!s.ok())
    return fail(s);
  return ok;
}

// -- reading ------------------------------------------------------------------

std::unique_ptr<leveldb::Iterator> leveldb_database::iterate() {
  return std::unique_ptr<leveldb::Iterator>{db_->NewIterator(read_options())};
}

std::unique_ptr<leveldb::Iterator>
leveldb_database::iterate(const leveldb::Snapshot* x) {
  auto how = read_options();
  how.snapshot = x;
  return std::unique_ptr<leveldb::Iterator>{db_->NewIterator(how)};
}

status leveldb_database::check_format(std::string_view key,
                                      std::uint64_t version) {
  const auto stored = get<std::uint64_t>(key);
  if (!stored)
    return stored.error();
  if (!*stored) {
    const auto i = iterate();
    i->SeekToFirst();
    if (i->Valid())
      return damaged(key, "it is missing");
    put(key, version);
    return ok;
  }
  if (**stored != version)
    return damaged(key, "this program does not know the format "
                          + std::to_string(**stored));
  return ok;
}

// -- failing ------------------------------------------------------------------

error leveldb_database::fail(error reason) {
  if (!failure_)
    failure_ = std::move(reason);
  return *failure_;
}

error leveldb_database::fail(const leveldb::Status& s) {
  return fail(describe(s));
}

error leveldb_database::damaged(std::string_view key, std::string_view how) {
  return fail({errc::corruption, directory_ + " is corrupt: key "
                                   + printable(key) + ": " + std::string{how}});
}

error leveldb_database::describe(const leveldb::Status& s) {
  const auto text = s.ToString();
  if (s.IsCorruption()) {
    const auto table = find_damaged_table();
    return {errc::corruption,
            (table.empty() ? directory_ : table) + " is corrupt: " + text};
  }
  for (const auto& [token, meaning] : causes)
    if (text.find(token) != std::string::npos)
      return {errc::io_error, std::string{meaning} + ": " + text};
  return {errc::io_error, text.find(directory_) == std::string::npos
                            ? directory_ + ": " + text
                            : text};
}

/// LevelDB does not say in which table it found the damage.
std::string leveldb_database::find_damaged_table() {
  std::vector<std::string> names;
  files_.GetChildren(directory_, &names);
  std::sort(names.begin(), names.end());
  auto how = options(0);
  how.block_cache = nullptr;
  for (const auto& name : names) {
    const auto path = directory_ + "/" + name;
    std::uint64_t size = 0;
    leveldb::RandomAccessFile* raw_file = nullptr;
    if (!file_names::is_table(name) || !files_.GetFileSize(path, &size).ok()
        || !files_.NewRandomAccessFile(path, &raw_file).ok())
      continue;
    const std::unique_ptr<leveldb::RandomAccessFile> file{raw_file};
    leveldb::Table* raw_table = nullptr;
    if (!leveldb::Table::Open(how, file.get(), size, &raw_table).ok())
      return path;
    const std::unique_ptr<leveldb::Table> table{raw_table};
    const std::unique_ptr<leveldb::Iterator> i{
      table->NewIterator(read_options())};
    for (i->SeekToFirst(); i->Valid(); i->Next()) {
    }
    if (!i->status().ok())
      return path;
  }
  return {};
}

} // namespace praetor
