#include "storage/env.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/mutant.hpp"
#include "runtime/base/sometimes.hpp"
#include "storage/file_names.hpp"
#include "storage/record_log.hpp"
#include "storage/write_log_file.hpp"

#include <leveldb/slice.h>
#include <leveldb/status.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace praetor {

namespace {

leveldb::Status posix_error(const std::string& path, int code) {
  if (code == ENOENT)
    return leveldb::Status::NotFound(path, std::strerror(code));
  return leveldb::Status::IOError(path, std::strerror(code));
}

class posix_random_file final : public leveldb::RandomAccessFile {
public:
  posix_random_file(std::string path, int fd)
    : path_{std::move(path)}, fd_{fd} {}

  ~posix_random_file() override { ::close(fd_); }

  leveldb::Status Read(std::uint64_t offset, std::size_t size,
                       leveldb::Slice* out, char* scratch) const override {
    std::size_t done = 0;
    while (done < size) {
      const auto n = ::pread(fd_, scratch + done, size - done,
                             static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return posix_error(path_, errno);
      if (n == 0)
        break;
      done += static_cast<std::size_t>(n);
    }
    *out = leveldb::Slice{scratch, done};
    return leveldb::Status::OK();
  }

private:
  std::string path_;
  int fd_;
};

class posix_file_env final : public file_env {
public:
  posix_file_env() : file_env{leveldb::Env::Default()} {}

  leveldb::Status
  NewRandomAccessFile(const std::string& path,
                      leveldb::RandomAccessFile** out) override {
    *out = nullptr;
    const auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return posix_error(path, errno);
    *out = new posix_random_file{path, fd};
    return leveldb::Status::OK();
  }

  leveldb::Status NewWritableFile(const std::string& path,
                                  leveldb::WritableFile** out) override {
    return file_names::parse_write_log(file_names::name_of(path))
             ? open_write_log(path, out)
             : file_env::NewWritableFile(path, out);
  }

  leveldb::Status sync_directory(const std::string& directory) override {
    const auto fd =
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
      return posix_error(directory, errno);
    const auto code = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    return code == 0 ? leveldb::Status::OK() : posix_error(directory, code);
  }
};

/// Reads from memory.
class text_file final : public leveldb::SequentialFile {
public:
  explicit text_file(std::string text) : text_{std::move(text)} {}

  leveldb::Status Read(std::size_t size, leveldb::Slice* out, char*) override {
    size = std::min(size, text_.size() - at_);
    *out = leveldb::Slice{text_.data() + at_, size};
    at_ += size;
    return leveldb::Status::OK();
  }

  leveldb::Status Skip(std::uint64_t size) override {
    at_ += std::min<std::size_t>(size, text_.size() - at_);
    return leveldb::Status::OK();
  }

private:
  std::string text_;
  std::size_t at_ = 0;
};

std::optional<record_log_kind> kind_of(const std::string& path) {
  const auto name = file_names::name_of(path);
  if (file_names::parse_write_log(name))
    return record_log_kind::writes;
  if (file_names::parse_manifest(name))
    return record_log_kind::manifest;
  return std::nullopt;
}

} // namespace

file_env& posix_env() {
  static posix_file_env env;
  return env;
}

leveldb::Status durable_env::NewSequentialFile(const std::string& path,
                                               leveldb::SequentialFile** out) {
  const auto kind = kind_of(path);
  if (!kind)
    return files_.NewSequentialFile(path, out);
  *out = nullptr;
  std::string text;
  if (auto s = leveldb::ReadFileToString(&files_, path, &text); !s.ok())
    return s;
  const auto extent = inspect_record_log(text, *kind);
  sometimes("stores.damaged_log", extent.damaged);
  sometimes("stores.torn_log", extent.torn && !extent.damaged);
  if (extent.damaged && !mutant("M31"))
    return leveldb::Status::Corruption(
      path, "damaged at offset " + std::to_string(extent.intact)
              + ", but later records are intact");
  if (extent.torn) {
    if (auto s = check_torn_end(path); !s.ok() && !mutant("M31"))
      return s;
    log::warn("storage", "Leaving out the torn end of a file",
              {{"file", path},
               {"offset", std::to_string(extent.intact)},
               {"size", std::to_string(text.size())}});
  }
  if (extent.torn || extent.padded)
    text.resize(extent.intact);
  *out = new text_file{std::move(text)};
  return leveldb::Status::OK();
}

/// LevelDB begins a new write-ahead log only when the one before is complete.
/// So if a later one has a record, a torn end means that synced data is gone.
leveldb::Status durable_env::check_torn_end(const std::string& path) {
  const auto number = file_names::parse_write_log(file_names::name_of(path));
  if (!number)
    return leveldb::Status::OK();
  const auto directory = file_names::directory_of(path);
  std::vector<std::string> names;
  if (auto s = files_.GetChildren(directory, &names); !s.ok())
    return s;
  for (const auto& name : names) {
    const auto other = file_names::parse_write_log(name);
    if (!other || *other <= *number)
      continue;
    std::string text;
    const auto later = directory + "/" + name;
    if (auto s = leveldb::ReadFileToString(&files_, later, &text); !s.ok())
      return s;
    if (inspect_record_log(text, record_log_kind::writes).intact > 0)
      return leveldb::Status::Corruption(path, "its end is damaged, but "
                                                 + later + " continues it");
  }
  return leveldb::Status::OK();
}

leveldb::Status durable_env::NewWritableFile(const std::string& path,
                                             leveldb::WritableFile** out) {
  *out = nullptr;
  leveldb::WritableFile* file = nullptr;
  if (auto s = files_.NewWritableFile(path, &file); !s.ok())
    return s;
  std::unique_ptr<leveldb::WritableFile> owner{file};
  if (auto s = files_.sync_directory(file_names::directory_of(path)); !s.ok())
    return s;
  *out = owner.release();
  return leveldb::Status::OK();
}

leveldb::Status durable_env::RenameFile(const std::string& from,
                                        const std::string& to) {
  if (auto s = files_.RenameFile(from, to); !s.ok())
    return s;
  if (mutant("M27"))
    return leveldb::Status::OK();
  return files_.sync_directory(file_names::directory_of(to));
}

leveldb::Status durable_env::LockFile(const std::string& path,
                                      leveldb::FileLock** out) {
  auto s = files_.LockFile(path, out);
  // LevelDB says "lock PATH" if the lock is held and PATH if it cannot open it.
  if (!s.ok() && s.ToString().find("lock " + path) != std::string::npos)
    return leveldb::Status::IOError("data directory "
                                    + file_names::directory_of(path)
                                    + " is in use by another process");
  return s;
}

leveldb::Status durable_env::NewLogger(const std::string&,
                                       leveldb::Logger** out) {
  *out = nullptr;
  return leveldb::Status::NotSupported("no LOG file");
}

} // namespace praetor
