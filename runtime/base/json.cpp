#include "runtime/base/json.hpp"

#include <array>

namespace praetor {

namespace {

/// Returns the length of the well-formed UTF-8 sequence at the front, or 0.
std::size_t utf8_length(std::string_view s) {
  const auto at = [s](std::size_t i) {
    return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U;
  };
  const auto tail = [at](std::size_t i) { return (at(i) & 0xC0U) == 0x80; };
  const auto lead = at(0);
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2) || (lead == 0xE0 && at(1) < 0xA0)
        || (lead == 0xED && at(1) > 0x9F))
      return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3) || (lead == 0xF0 && at(1) < 0x90)
        || (lead == 0xF4 && at(1) > 0x8F))
      return 0;
    return 4;
  }
  return 0;
}

void append_control(std::string& out, unsigned char c) {
  static constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += hex[c >> 4U];
      out += hex[c & 0xFU];
  }
}

/// Whether the byte can be copied as it is.
bool plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>'
         && c != '&';
}

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && plain(static_cast<unsigned char>(text[run])))
      ++run;
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty())
      return;
    const auto c = static_cast<unsigned char>(text.front());
    auto size = std::size_t{1};
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x80) {
      append_control(out, c);
    } else if (size = utf8_length(text); size == 0) {
      size = 1;
      out += "\\ufffd";
    } else if (text.starts_with("\u2028") || text.starts_with("\u2029")) {
      out += text[2] == '\xA8' ? "\\u2028" : "\\u2029";
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
}

} // namespace

json_writer& json_writer::string(std::string_view text) {
  separate();
  out_.push_back('"');
  append_escaped(out_, text);
  out_.push_back('"');
  comma_ = true;
  return *this;
}

std::string json_quote(std::string_view text) {
  std::string out;
  json_writer{out}.string(text);
  return out;
}

std::string json_pretty(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  std::size_t depth = 0;
  auto in_string = false;
  const auto new_line = [&out, &depth] {
    out.push_back('\n');
    out.append(depth * 4, ' ');
  };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto c = json[i];
    if (in_string) {
      out.push_back(c);
      if (c == '\\' && i + 1 < json.size())
        out.push_back(json[++i]);
      else if (c == '"')
        in_string = false;
      continue;
    }
    switch (c) {
      case '{':
      case '[': {
        out.push_back(c);
        const auto closer = c == '{' ? '}' : ']';
        if (i + 1 < json.size() && json[i + 1] == closer) {
          out.push_back(json[++i]);
          break;
        }
        ++depth;
        new_line();
        break;
      }
      case '}':
      case ']':
        --depth;
        new_line();
        out.push_back(c);
        break;
      case ',':
        out.push_back(c);
        new_line();
        break;
      case ':': out += ": "; break;
      case '"':
        in_string = true;
        out.push_back(c);
        break;
      default: out.push_back(c);
    }
  }
  out.push_back('\n');
  return out;
}

} // namespace praetor
