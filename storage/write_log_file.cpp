#include "storage/write_log_file.hpp"

#include <leveldb/slice.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace praetor {

namespace {

/// Appends of one record come in pieces; they are written together.
constexpr std::size_t buffer_max = 256 * 1024;

class write_log_file final : public leveldb::WritableFile {
public:
  write_log_file(std::string path, int fd) : path_{std::move(path)}, fd_{fd} {}

  ~write_log_file() override {
    if (fd_ >= 0)
      static_cast<void>(Close());
  }

  leveldb::Status Append(const leveldb::Slice& data) override {
    buffer_.append(data.data(), data.size());
    return buffer_.size() < buffer_max ? leveldb::Status::OK() : write();
  }

  leveldb::Status Flush() override { return write(); }

  leveldb::Status Sync() override {
    if (auto s = write(); !s.ok())
      return s;
    return ::fdatasync(fd_) == 0 ? leveldb::Status::OK() : failure();
  }

  /// Gives back the room that was not needed.
  leveldb::Status Close() override {
    auto s = write();
    if (s.ok() && room_ > size_
        && ::ftruncate(fd_, static_cast<off_t>(size_)) != 0)
      s = failure();
    if (::close(std::exchange(fd_, -1)) != 0 && s.ok())
      s = failure();
    return s;
  }

private:
  leveldb::Status failure() const {
    return leveldb::Status::IOError(path_, std::strerror(errno));
  }

  leveldb::Status write() {
    make_room();
    for (std::string_view rest{buffer_}; !rest.empty();) {
      const auto n = ::write(fd_, rest.data(), rest.size());
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return failure();
      rest.remove_prefix(static_cast<std::size_t>(n));
      size_ += static_cast<std::size_t>(n);
    }
    buffer_.clear();
    return leveldb::Status::OK();
  }

  /// Only makes syncs faster: where it is not possible, files grow as they do.
  void make_room() {
    const auto wanted = size_ + buffer_.size();
    if (wanted <= room_ || !can_make_room_)
      return;
    const auto end = (wanted / write_log_step + 1) * write_log_step;
    can_make_room_ = ::fallocate(fd_, 0, 0, static_cast<off_t>(end)) == 0;
    if (can_make_room_)
      room_ = end;
  }

  std::string path_;
  int fd_;
  std::string buffer_;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
  bool can_make_room_ = true;
};

} // namespace

leveldb::Status open_write_log(const std::string& path,
                               leveldb::WritableFile** out) {
  *out = nullptr;
  const auto fd =
    ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0)
    return leveldb::Status::IOError(path, std::strerror(errno));
  *out = new write_log_file{path, fd};
  return leveldb::Status::OK();
}

} // namespace praetor
