// The trace of a run: a hash over everything that happens, and the last events
// as text. Two runs of one case have the same hash, or something in them is not
// deterministic.

#pragma once

#include "runtime/base/time.hpp"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>

namespace praetor::sim {

class trace {
public:
  /// Lines kept for reports.
  static constexpr std::size_t lines_max = 400;

  /// With `echo`, lines go to stdout as they come.
  explicit trace(bool echo) : echo_{echo} {}

  void add(std::uint64_t x) {
    ++events_;
    mix(x);
  }

  void add(std::string_view bytes) {
    ++events_;
    mix(bytes.size());
    for (; bytes.size() >= sizeof(std::uint64_t);
         bytes.remove_prefix(sizeof(std::uint64_t)))
      mix(word(bytes.substr(0, sizeof(std::uint64_t))));
    mix(word(bytes));
  }

  /// An event worth reading.
  void line(duration at, std::string text) {
    add(static_cast<std::uint64_t>(at.count()));
    add(text);
    text.insert(0, stamp(at));
    if (echo_)
      std::printf("%s\n", text.c_str());
    lines_.push_back(std::move(text));
    if (lines_.size() > lines_max)
      lines_.pop_front();
  }

  /// Something that only who looks wants to know: not part of the trace.
  void remark(duration at, const std::string& text) const {
    if (echo_)
      std::printf("%s%s\n", stamp(at).c_str(), text.c_str());
  }

  bool echo() const { return echo_; }
  std::uint64_t hash() const { return hash_; }
  std::uint64_t events() const { return events_; }
  const std::deque<std::string>& lines() const { return lines_; }

private:
  static std::string stamp(duration at) {
    char out[32];
    std::snprintf(out, sizeof out, "%12.6f ",
                  static_cast<double>(at.count()) / 1e9);
    return out;
  }

  static std::uint64_t word(std::string_view bytes) {
    std::uint64_t x = 0;
    std::memcpy(&x, bytes.data(), bytes.size());
    return x;
  }

  void mix(std::uint64_t x) {
    hash_ = (hash_ ^ x) * 0x9E3779B97F4A7C15ULL;
    hash_ ^= hash_ >> 29U;
  }

  bool echo_;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::uint64_t events_ = 0;
  std::deque<std::string> lines_;
};

} // namespace praetor::sim
