// A disk in memory that breaks on demand, for tests of what LevelDB and we do
// when machines lose power, disks fill up and calls fail.
//
// What a crash keeps: file bytes up to the last Sync, plus any torn part of the
// rest (a prefix, or 512-byte sectors of which some hold zeros or garbage);
// directory entries as of the last sync_directory, plus a prefix, sometimes any
// subset, of the changes since. Seeded, so a failing case can be replayed.
//
// LevelDB's background work is not run by a thread but by `run_background`:
// call it after every call into a database and before closing it, or LevelDB
// waits forever. One thread.
//
// Source: Pillai et al.: "All File Systems Are Not Created Equal" (OSDI 2014).

#pragma once

#include "runtime/base/rng.hpp"
#include "storage/env.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor {

class faulty_env final : public file_env {
public:
  explicit faulty_env(std::uint64_t seed);

  // -- faults -----------------------------------------------------------------

  /// How many operations changed the disk so far: create, append, sync, rename,
  /// remove, make or sync a directory.
  std::uint64_t operations() const { return operations_; }

  /// The machine stops in the middle of operation `n`, counted from 1 like
  /// `operations()`: it takes effect, in part or not, and all others fail.
  void crash_at(std::uint64_t n) { crash_at_ = n; }

  /// Operation `n` fails with `text`. If it is a sync, the file's unsynced data
  /// is lost, as Linux does, and later syncs succeed without effect.
  void fail_at(std::uint64_t n, std::string text);

  /// The disk is full at this many bytes.
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }

  /// Whether one of these faults has happened.
  bool struck() const { return struck_; }

  /// Power comes back: leaves what survives, forgets all faults.
  /// @pre No database is open.
  void power_loss();

  /// The process was killed, the machine runs on: forgets all faults.
  /// @pre No database is open.
  void restart();

  // -- a look from outside ----------------------------------------------------

  std::vector<std::string> list() const;

  /// @pre The file exists.
  std::string& content(const std::string& path);

  // -- leveldb::Env -----------------------------------------------------------

  /// Runs what LevelDB asked to run in the background.
  void run_background();

  leveldb::Status sync_directory(const std::string& directory) override;
  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** out) override;
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** out) override;
  leveldb::Status NewWritableFile(const std::string& path,
                                  leveldb::WritableFile** out) override;
  leveldb::Status NewAppendableFile(const std::string& path,
                                    leveldb::WritableFile** out) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* out) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& path) override;
  leveldb::Status RemoveDir(const std::string& path) override;
  leveldb::Status GetFileSize(const std::string& path,
                              std::uint64_t* out) override;
  leveldb::Status RenameFile(const std::string& from,
                             const std::string& to) override;
  leveldb::Status LockFile(const std::string& path,
                           leveldb::FileLock** out) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  void Schedule(void (*function)(void*), void* argument) override;
  std::uint64_t NowMicros() override { return ++now_; }
  void SleepForMicroseconds(int) override {}

private:
  friend class faulty_writable_file;

  struct file {
    std::string data;
    /// So many bytes survive for sure.
    std::size_t synced = 0;
    bool is_directory = false;
    /// A sync failed: what is unsynced stays so.
    bool poisoned = false;
  };

  using file_ptr = std::shared_ptr<file>;
  using directory_tree = std::map<std::string, file_ptr>;

  /// A change of a directory that may be lost.
  struct change {
    std::string directory;
    /// Entry that goes; empty: none.
    std::string gone;
    /// Entry that comes, with its file; empty: none.
    std::string added;
    file_ptr target;
  };

  /// What becomes of an operation.
  struct verdict {
    bool effective = true;
    leveldb::Status outcome;
  };

  verdict begin_operation(const std::string& path);
  leveldb::Status append(const std::string& path, file& f,
                         const leveldb::Slice& data);
  leveldb::Status sync(const std::string& path, file& f);
  leveldb::Status change_directory(change x);
  static void apply(directory_tree& tree, const change& x);
  file_ptr find(const std::string& path) const;
  std::uint64_t bytes_used() const;
  file_ptr survivor_of(const file& f);

  rng random_;
  directory_tree live_;
  directory_tree durable_;
  /// Changes that turn `durable_` into `live_`.
  std::deque<change> unsynced_;
  std::set<std::string> locks_;
  std::deque<std::pair<void (*)(void*), void*>> background_;
  std::uint64_t operations_ = 0;
  std::uint64_t now_ = 0;
  bool crashed_ = false;
  bool struck_ = false;
  std::optional<std::uint64_t> crash_at_;
  std::optional<std::uint64_t> fail_at_;
  std::string fail_text_;
  std::optional<std::uint64_t> capacity_;
};

} // namespace praetor
