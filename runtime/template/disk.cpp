#include "runtime/template/disk.hpp"

#include "runtime/base/text.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace praetor::templates {

namespace {

namespace fs = std::filesystem;

constexpr unsigned mode_bits = 07777;
constexpr unsigned new_file_mode = 0644;
constexpr std::size_t read_bytes = std::size_t{64} << 10U;

error failed(const std::string& what, int code) {
  return {code == ENOENT ? errc::not_found : errc::io_error,
          what + ": " + system_words(code)};
}

/// A file descriptor that closes itself.
class open_file {
public:
  explicit open_file(int fd) : fd_{fd} {}
  ~open_file() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  int get() const { return fd_; }

private:
  int fd_;
};

/// A file that is removed unless it is kept.
class temporary {
public:
  explicit temporary(std::string path) : path_{std::move(path)} {}
  ~temporary() {
    if (!path_.empty())
      ::unlink(path_.c_str());
  }
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;

  void keep() { path_.clear(); }

private:
  std::string path_;
};

status write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failed("write " + path, errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ok;
}

/// Who owns a destination, and what it may be used for.
struct ownership {
  unsigned mode = new_file_mode;
  std::optional<unsigned> user;
  std::optional<unsigned> group;
};

result<ownership> wanted_ownership(const std::optional<struct stat>& now,
                                   const write_options& options) {
  ownership out;
  if (now) {
    out.mode = now->st_mode & mode_bits;
    out.user = now->st_uid;
    out.group = now->st_gid;
  }
  out.mode = options.mode.value_or(out.mode);
  if (!options.user.empty()) {
    const auto id = user_id(options.user);
    if (!id)
      return id.error();
    out.user = *id;
  }
  if (!options.group.empty()) {
    const auto id = group_id(options.group);
    if (!id)
      return id.error();
    out.group = *id;
  }
  return out;
}

/// Keeping the owner is an attempt; a demanded owner must be had.
status apply(int fd, const std::string& path, const ownership& wanted,
             bool demanded) {
  if (wanted.user || wanted.group) {
    const auto done = ::fchown(fd, wanted.user.value_or(static_cast<uid_t>(-1)),
                               wanted.group.value_or(static_cast<gid_t>(-1)));
    if (done != 0 && demanded)
      return failed("chown " + path, errno);
  }
  if (::fchmod(fd, wanted.mode) != 0)
    return failed("chmod " + path, errno);
  return ok;
}

/// A rename is on disk once its directory is.
void sync_directory(const fs::path& directory) {
  const open_file file{
    ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (file.get() >= 0)
    ::fsync(file.get());
}

status replace(const fs::path& path, std::string_view content,
               const ownership& wanted, bool demanded) {
  const auto directory =
    path.has_parent_path() ? path.parent_path() : fs::path{"."};
  std::string name = (directory / (path.filename().string() + "XXXXXX"));
  const open_file file{::mkostemp(name.data(), O_CLOEXEC)};
  if (file.get() < 0)
    return failed("open " + name, errno);
  temporary unfinished{name};
  if (auto done = write_all(file.get(), content, name); !done)
    return done;
  if (auto done = apply(file.get(), name, wanted, demanded); !done)
    return done;
  if (::fsync(file.get()) != 0)
    return failed("sync " + name, errno);
  if (::rename(name.c_str(), path.c_str()) != 0)
    return failed("rename " + name + " " + path.string(), errno);
  unfinished.keep();
  sync_directory(directory);
  return ok;
}

std::optional<struct stat> stat_of(const std::string& path) {
  struct stat out {};
  if (::stat(path.c_str(), &out) != 0)
    return std::nullopt;
  return out;
}

status make_parent(const fs::path& path, bool create) {
  const auto parent = path.parent_path();
  std::error_code code;
  if (parent.empty() || fs::exists(parent, code))
    return ok;
  if (!create)
    return error{errc::io_error, "parent directory is missing"};
  fs::create_directories(parent, code);
  if (code)
    return failed("mkdir " + parent.string(), code.value());
  return ok;
}

template <class Entry>
result<unsigned> id_of(const std::string& name, std::string_view what,
                       const Entry* found, unsigned id) {
  if (found != nullptr)
    return id;
  const auto number = parse_uint(name);
  if (number && *number < std::uint32_t(-1))
    return static_cast<unsigned>(*number);
  return error{errc::not_found, std::string{what} + ": unknown "
                                  + std::string{what} + " " + name};
}

} // namespace

std::string system_words(int code) {
  std::string text = std::strerror(code);
  if (!text.empty())
    text[0] =
      static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

result<std::string> read_whole_file(const std::string& path) {
  const open_file file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0)
    return failed("open " + path, errno);
  std::string out;
  std::array<char, read_bytes> piece{};
  for (;;) {
    const auto count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failed("read " + path, errno);
    if (count == 0)
      return out;
    out.append(piece.data(), static_cast<std::size_t>(count));
  }
}

result<bool> would_change(const std::string& path, std::string_view content) {
  const auto now = path.empty()
                     ? result<std::string>{error{errc::not_found, ""}}
                     : read_whole_file(path);
  if (now)
    return *now != content;
  // As in 0.19.3, an empty result and no file are the same.
  if (now.error().code == errc::not_found)
    return !content.empty();
  return now.error();
}

result<bool> write_destination(const std::string& path,
                               std::string_view content,
                               const write_options& options) {
  if (path.empty())
    return error{errc::io_error, "missing destination"};
  const auto changes = would_change(path, content);
  if (!changes)
    return changes.error();
  const auto now = stat_of(path);
  const auto wanted = wanted_ownership(now, options);
  if (!wanted)
    return wanted.error();
  const bool demanded = !options.user.empty() || !options.group.empty();
  const bool other_owner =
    now
    && ((wanted->user && *wanted->user != now->st_uid)
        || (wanted->group && *wanted->group != now->st_gid));
  if (!*changes && !other_owner)
    return false;
  if (auto done = make_parent(path, options.create_directories); !done)
    return done.error();
  if (options.backup && now) {
    const auto old = read_whole_file(path);
    if (!old)
      return old.error();
    ownership kept{now->st_mode & mode_bits, now->st_uid, now->st_gid};
    if (auto done = replace(path + ".bak", *old, kept, false); !done)
      return done.error();
  }
  if (auto done = replace(path, content, *wanted, demanded); !done)
    return done.error();
  return true;
}

result<unsigned> user_id(const std::string& name) {
  const auto* found = ::getpwnam(name.c_str());
  return id_of(name, "user", found, found == nullptr ? 0 : found->pw_uid);
}

result<unsigned> group_id(const std::string& name) {
  const auto* found = ::getgrnam(name.c_str());
  return id_of(name, "group", found, found == nullptr ? 0 : found->gr_gid);
}

} // namespace praetor::templates
