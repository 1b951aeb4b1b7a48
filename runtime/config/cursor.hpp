// A place in a text that is being read, with its line and column. Used by the
// readers of HCL and JSON.

#pragma once

#include "runtime/config/value.hpp"

#include <string>
#include <string_view>

namespace praetor::config {

/// Walks over a text byte by byte. Past the end it sees '\0'.
class cursor {
public:
  explicit cursor(std::string_view text) : text_{text} {}

  bool at_end() const { return at_ == text_.size(); }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  bool starts_with(std::string_view prefix) const {
    return text_.substr(at_).starts_with(prefix);
  }

  /// @pre not at the end
  char next() {
    char c = text_[at_++];
    if (c == '\n') {
      ++where_.line;
      where_.column = 1;
    } else {
      ++where_.column;
    }
    return c;
  }

  void skip(std::size_t count) {
    while (count-- > 0 && !at_end())
      next();
  }

  position where() const { return where_; }

private:
  std::string_view text_;
  std::size_t at_ = 0;
  position where_;
};

/// Appends a code point as UTF-8; what is none becomes U+FFFD.
void append_utf8(std::string& out, std::uint32_t code_point);

/// Returns the value of a hexadecimal digit, or -1.
int hex_digit(char c);

} // namespace praetor::config
