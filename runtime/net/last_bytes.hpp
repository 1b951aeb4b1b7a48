// Keeps the last bytes of a stream and counts all of them. Memory is bounded by
// the limit. Pure.

#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::net {

/// See the head of the file.
class last_bytes {
public:
  explicit last_bytes(std::size_t limit) : limit_{limit} {}

  void add(std::string_view bytes) {
    total_ += bytes.size();
    if (bytes.size() >= limit_) {
      ring_.assign(bytes.substr(bytes.size() - limit_));
      next_ = 0;
      return;
    }
    const auto room = std::min(limit_ - ring_.size(), bytes.size());
    ring_.append(bytes.substr(0, room));
    for (const auto c : bytes.substr(room)) {
      ring_[next_] = c;
      next_ = (next_ + 1) % limit_;
    }
  }

  /// How many bytes were added.
  std::uint64_t total() const { return total_; }

  /// The last ones, oldest first.
  std::string text() const {
    return ring_.substr(next_) + ring_.substr(0, next_);
  }

private:
  std::size_t limit_;
  std::uint64_t total_ = 0;
  /// Full before `next_` moves; then the oldest byte is at `next_`.
  std::string ring_;
  std::size_t next_ = 0;
};

} // namespace praetor::net
