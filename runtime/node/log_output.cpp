#include "runtime/node/log_output.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"
#include "runtime/node/log_file.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace praetor::node {

namespace {

std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch())
    .count();
}

spdlog::level::level_enum to_spdlog(log::level x) {
  switch (x) {
    case log::level::trace: return spdlog::level::trace;
    case log::level::debug: return spdlog::level::debug;
    case log::level::info: return spdlog::level::info;
    case log::level::warn: return spdlog::level::warn;
    case log::level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string render(const log::record& line, std::int64_t ms, bool json) {
  return json ? format_json_line(line, ms) : format_line(line, ms);
}

} // namespace

std::string format_line(const log::record& line, std::int64_t ms_since_1970) {
  auto tag = "[" + std::string{log::to_string(line.severity)} + "]";
  tag.resize(8, ' ');
  return "    " + format_rfc3339_ms(ms_since_1970) + " " + tag
         + log::format_plain(line);
}

std::string format_json_line(const log::record& line,
                             std::int64_t ms_since_1970) {
  std::string out;
  json_writer w{out};
  w.begin_object();
  w.key("@level").string(to_lower(log::to_string(line.severity)));
  w.key("@message").string(line.message);
  w.key("@module").string(line.module);
  w.key("@timestamp").string(format_rfc3339_ms(ms_since_1970));
  for (const auto& [key, value] : line.fields)
    w.key(key).string(value);
  w.end_object();
  return out;
}

struct log_output::state {
  struct subscription {
    log::level threshold;
    bool json;
    listener f;
  };

  log_options options;
  std::unique_ptr<spdlog::logger> out;
  std::mutex mutex;
  std::map<std::uint64_t, subscription> listeners;
  std::uint64_t next = 1;

  /// The least severe level that anyone wants.
  void update_threshold() {
    auto lowest = options.threshold;
    for (const auto& [number, x] : listeners)
      lowest = std::min(lowest, x.threshold);
    log::set_threshold(lowest);
  }

  void write(const log::record& line) {
    const auto now = wall_ms();
    if (line.severity >= options.threshold)
      out->log(to_spdlog(line.severity), render(line, now, options.json));
    const std::lock_guard guard{mutex};
    for (const auto& [number, x] : listeners)
      if (line.severity >= x.threshold)
        x.f(render(line, now, x.json));
  }
};

log_output::log_output(std::unique_ptr<state> s) : state_{std::move(s)} {
  state_->update_threshold();
  log::set_sink(
    [s = state_.get()](const log::record& line) { s->write(line); });
}

log_output::~log_output() {
  log::set_sink({});
  state_->out->flush();
}

result<std::unique_ptr<log_output>> log_output::open(log_options options) {
  std::vector<spdlog::sink_ptr> sinks;
  sinks.push_back(std::make_shared<spdlog::sinks::stdout_sink_mt>());
  if (!options.file.empty()) {
    auto file =
      log_file::open({options.file, options.rotate_bytes,
                      options.rotate_duration, options.rotate_max_files});
    if (!file)
      return file.error();
    sinks.push_back(*file);
  }
  if (options.syslog)
    sinks.push_back(std::make_shared<spdlog::sinks::syslog_sink_mt>(
      "consul", 0, LOG_LOCAL0, false));
  auto s = std::make_unique<state>();
  s->options = std::move(options);
  s->out =
    std::make_unique<spdlog::logger>("praetor", sinks.begin(), sinks.end());
  s->out->set_level(spdlog::level::trace);
  s->out->set_pattern("%v");
  s->out->flush_on(spdlog::level::trace);
  return std::unique_ptr<log_output>{new log_output{std::move(s)}};
}

void log_output::set_threshold(log::level threshold) {
  const std::lock_guard guard{state_->mutex};
  state_->options.threshold = threshold;
  state_->update_threshold();
}

std::uint64_t log_output::listen(log::level threshold, bool json, listener f) {
  const std::lock_guard guard{state_->mutex};
  const auto number = state_->next++;
  state_->listeners.emplace(number,
                            state::subscription{threshold, json, std::move(f)});
  state_->update_threshold();
  return number;
}

void log_output::ignore(std::uint64_t number) {
  const std::lock_guard guard{state_->mutex};
  state_->listeners.erase(number);
  state_->update_threshold();
}

} // namespace praetor::node
