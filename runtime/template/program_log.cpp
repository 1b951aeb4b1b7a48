#include "runtime/template/program_log.hpp"

#include "runtime/base/text.hpp"
#include "runtime/config/go_flags.hpp"
#include "runtime/template/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

namespace praetor::templates {

namespace {

namespace fs = std::filesystem;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

std::string_view level_word(log::level x) {
  return x == log::level::error ? "ERR" : log::to_string(x);
}

int syslog_priority(log::level x) {
  switch (x) {
    case log::level::error: return LOG_ERR;
    case log::level::warn: return LOG_WARNING;
    case log::level::info: return LOG_INFO;
    default: return LOG_DEBUG;
  }
}

struct facility_row {
  std::string_view name;
  int number;
};

constexpr facility_row facilities[] = {
  {"KERN", LOG_KERN},     {"USER", LOG_USER},     {"MAIL", LOG_MAIL},
  {"DAEMON", LOG_DAEMON}, {"AUTH", LOG_AUTH},     {"SYSLOG", LOG_SYSLOG},
  {"LPR", LOG_LPR},       {"NEWS", LOG_NEWS},     {"UUCP", LOG_UUCP},
  {"CRON", LOG_CRON},     {"LOCAL0", LOG_LOCAL0}, {"LOCAL1", LOG_LOCAL1},
  {"LOCAL2", LOG_LOCAL2}, {"LOCAL3", LOG_LOCAL3}, {"LOCAL4", LOG_LOCAL4},
  {"LOCAL5", LOG_LOCAL5}, {"LOCAL6", LOG_LOCAL6}, {"LOCAL7", LOG_LOCAL7},
};

/// A log file that begins anew after some bytes or some time; old ones get the
/// time of their end as a suffix.
class rotating_file {
public:
  explicit rotating_file(log_file_settings how) : how_{std::move(how)} {}
  ~rotating_file() { close(); }
  rotating_file(const rotating_file&) = delete;
  rotating_file& operator=(const rotating_file&) = delete;

  status open() {
    fd_ = ::open(how_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                 0640);
    if (fd_ < 0)
      return error{errc::io_error,
                   "open " + how_.path + ": " + system_words(errno)};
    struct stat state {};
    ::fstat(fd_, &state);
    size_ = static_cast<std::uint64_t>(state.st_size);
    opened_us_ = now_us();
    return ok;
  }

  void write(std::string_view line) {
    const bool full = how_.rotate_bytes != 0
                      && size_ + line.size() > how_.rotate_bytes && size_ > 0;
    const auto age = std::chrono::microseconds{now_us() - opened_us_};
    if (full
        || (how_.rotate_duration.count() > 0 && age >= how_.rotate_duration))
      rotate();
    if (fd_ >= 0 && ::write(fd_, line.data(), line.size()) > 0)
      size_ += line.size();
  }

private:
  void close() {
    if (fd_ >= 0)
      ::close(fd_);
    fd_ = -1;
  }

  void rotate() {
    close();
    std::error_code ignored;
    fs::rename(how_.path, how_.path + "." + std::to_string(now_us()), ignored);
    remove_old();
    (void)open();
  }

  void remove_old() const {
    if (how_.rotate_max_files <= 0)
      return;
    const fs::path path{how_.path};
    const auto prefix = path.filename().string() + ".";
    std::vector<fs::path> old;
    std::error_code code;
    const auto folder = path.has_parent_path() ? path.parent_path() : ".";
    for (fs::directory_iterator i{folder, code}, end; i != end;
         i.increment(code)) {
      const auto name = i->path().filename().string();
      if (name.starts_with(prefix)
          && parse_uint(name.substr(prefix.size())).has_value())
        old.push_back(i->path());
    }
    std::ranges::sort(old);
    const auto kept = static_cast<std::size_t>(how_.rotate_max_files);
    for (std::size_t i = 0; i + kept < old.size(); ++i)
      fs::remove(old[i], code);
  }

  log_file_settings how_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::int64_t opened_us_ = 0;
};

status open_syslog(const syslog_settings& how) {
  const auto found = std::ranges::find_if(facilities, [&how](const auto& x) {
    return equal_fold(x.name, how.facility);
  });
  if (found == std::end(facilities))
    return error{errc::invalid_argument,
                 "invalid syslog facility " + config::go_quote(how.facility)};
  // openlog() keeps the pointer.
  static std::string name;
  name = how.name;
  ::openlog(name.c_str(), LOG_PID, found->number);
  return ok;
}

} // namespace

std::string format_line(const log::record& line, std::int64_t us) {
  constexpr std::int64_t second = 1'000'000;
  const std::time_t seconds = us / second;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%Y/%m/%d %H:%M:%S.", &parts);
  const auto fraction = std::to_string(us % second);
  std::string out{time.data()};
  out.append(6 - fraction.size(), '0').append(fraction);
  out.append(" [").append(level_word(line.severity)).append("] ");
  if (!line.module.empty())
    out.append("(").append(line.module).append(") ");
  return out.append(line.message);
}

status start_log(const settings& x) {
  const auto level = log::parse_level(x.log_level);
  if (!level)
    return error{errc::invalid_argument,
                 "invalid log level " + config::go_quote(x.log_level)
                   + ", valid log levels are TRACE, DEBUG, INFO, WARN, ERR"};
  std::shared_ptr<rotating_file> file;
  if (!x.log_file.path.empty()) {
    file = std::make_shared<rotating_file>(x.log_file);
    if (auto good = file->open(); !good)
      return good;
  }
  const bool to_syslog = x.syslog.enabled;
  if (to_syslog)
    if (auto good = open_syslog(x.syslog); !good)
      return good;
  log::set_threshold(*level);
  log::set_sink([file, to_syslog](const log::record& line) {
    static std::mutex mutex;
    const std::lock_guard guard{mutex};
    const auto text = format_line(line, now_us()) + "\n";
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    if (file)
      file->write(text);
    if (to_syslog)
      ::syslog(syslog_priority(line.severity), "%s",
               std::string{line.message}.c_str());
  });
  return ok;
}

} // namespace praetor::templates
