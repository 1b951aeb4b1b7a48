#include "runtime/node/log_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace praetor::node {

namespace fs = std::filesystem;

log_file::log_file(log_file_options options) : options_{std::move(options)} {
  const fs::path path{options_.path};
  folder_ = path.has_parent_path() ? path.parent_path().string() : ".";
  stem_ = path.has_filename() ? path.stem().string() : "consul";
}

result<std::shared_ptr<log_file>> log_file::open(log_file_options options) {
  std::shared_ptr<log_file> out{new log_file{std::move(options)}};
  if (auto started = out->start_file(); !started)
    return started.error();
  return out;
}

status log_file::start_file() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto name =
    folder_ + "/" + stem_ + "-"
    + std::to_string(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count())
    + ".log";
  const auto fd =
    ::open(name.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0640);
  if (fd < 0)
    return error{errc::io_error, "Failed to setup logging: open " + name + ": "
                                   + std::generic_category().message(errno)};
  file_.reset(::fdopen(fd, "a"));
  written_ = 0;
  started_ = std::chrono::steady_clock::now();
  drop_old_files();
  return ok;
}

void log_file::drop_old_files() const {
  if (options_.rotate_max_files <= 0)
    return;
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{folder_, ignored}) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(stem_ + "-") && name.ends_with(".log"))
      files.push_back(entry.path());
  }
  // Names end in the time: their order is that of age. The newest is open.
  std::sort(files.begin(), files.end());
  const auto keep = static_cast<std::size_t>(options_.rotate_max_files) + 1;
  for (std::size_t i = 0; i + keep < files.size(); ++i)
    fs::remove(files[i], ignored);
}

void log_file::sink_it_(const spdlog::details::log_msg& msg) {
  spdlog::memory_buf_t line;
  formatter_->format(msg, line);
  const auto age = std::chrono::steady_clock::now() - started_;
  const auto full = options_.rotate_bytes > 0
                    && written_ + line.size() > options_.rotate_bytes
                    && written_ > 0;
  const auto old =
    options_.rotate_duration > duration{0} && age >= options_.rotate_duration;
  // Without a new file, lines go on in the old one.
  if (full || old)
    static_cast<void>(start_file());
  written_ += std::fwrite(line.data(), 1, line.size(), file_.get());
}

void log_file::flush_() {
  std::fflush(file_.get());
}

} // namespace praetor::node
