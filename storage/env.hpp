// What we add to LevelDB's access to files.
//
//   LevelDB --> durable_env --> file_env: posix_env() or a faulty_env
//
// Internal to storage/, apart from `file_env`, which tests hand in.

#pragma once

#include <leveldb/env.h>

#include <string>

namespace praetor {

/// An Env that can also make the entries of a directory durable, which
/// LevelDB's own Env leaves out.
class file_env : public leveldb::EnvWrapper {
public:
  using EnvWrapper::EnvWrapper;

  /// Makes all creations, renames and removals in `directory` durable.
  virtual leveldb::Status sync_directory(const std::string& directory) = 0;
};

/// The operating system's files. Reads with pread instead of mapping files, so
/// that a read error is a status and not a SIGBUS.
file_env& posix_env();

/// What our databases run on, whatever the files are.
///
/// - A file's entry in its directory is durable before the file is used, and a
///   rename before it is relied upon (CURRENT).
/// - A write-ahead log or MANIFEST with a torn end is shown without that end;
/// one
///   that is damaged is refused with its name (storage/record_log.hpp). The
///   file itself is never changed.
/// - There is no LOG file.
class durable_env final : public leveldb::EnvWrapper {
public:
  /// @pre `files` outlives this.
  explicit durable_env(file_env& files) : EnvWrapper{&files}, files_{files} {}

  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** out) override;
  leveldb::Status NewWritableFile(const std::string& path,
                                  leveldb::WritableFile** out) override;
  leveldb::Status RenameFile(const std::string& from,
                             const std::string& to) override;
  leveldb::Status LockFile(const std::string& path,
                           leveldb::FileLock** out) override;
  leveldb::Status NewLogger(const std::string& path,
                            leveldb::Logger** out) override;

private:
  leveldb::Status check_torn_end(const std::string& path);

  file_env& files_;
};

} // namespace praetor
