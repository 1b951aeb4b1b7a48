// Writes JSON the way Go's encoding/json does, which Consul's clients expect:
// no white space, members in the order given, and < > & U+2028 U+2029 escaped.
// (RapidJSON, which reads JSON here, cannot escape these.)

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor {

/// Appends one JSON document to a string. Commas are put in by itself; nesting
/// is the caller's promise.
class json_writer {
public:
  /// @pre `out` outlives the writer.
  explicit json_writer(std::string& out) : out_{out} {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }

  /// Starts a member; its value must follow. `name` must need no escaping.
  json_writer& key(std::string_view name) {
    separate();
    out_.push_back('"');
    out_.append(name);
    out_.append("\":");
    comma_ = false;
    return *this;
  }

  /// Writes a string. Bytes that are not UTF-8 become U+FFFD, as in Go.
  json_writer& string(std::string_view text);

  json_writer& boolean(bool x) { return raw(x ? "true" : "false"); }
  json_writer& null() { return raw("null"); }
  json_writer& number(std::int64_t x) { return raw(std::to_string(x)); }
  json_writer& number(std::uint64_t x) { return raw(std::to_string(x)); }
  json_writer& number(int x) { return raw(std::to_string(x)); }

  /// Writes a value that is JSON already.
  json_writer& raw(std::string_view json) {
    separate();
    out_.append(json);
    comma_ = true;
    return *this;
  }

private:
  json_writer& open(char bracket) {
    separate();
    out_.push_back(bracket);
    comma_ = false;
    return *this;
  }

  json_writer& close(char bracket) {
    out_.push_back(bracket);
    comma_ = true;
    return *this;
  }

  void separate() {
    if (comma_)
      out_.push_back(',');
  }

  std::string& out_;
  bool comma_ = false;
};

/// Returns `text` as a JSON string with quotes.
std::string json_quote(std::string_view text);

/// Returns compact JSON with the indent of four spaces and the final newline
/// that `?pretty` asks for. `json` must be well-formed.
std::string json_pretty(std::string_view json);

} // namespace praetor
