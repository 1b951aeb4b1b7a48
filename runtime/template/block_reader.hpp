// Reads one block of a configuration file, key by key, and afterwards says
// which keys nobody asked for. Values may be written in any type that has one
// meaning: "true" for true, 5 for "5". Keys match without regard to case. Pure.
//
//   block_reader in{object, "retry", found};
//   in.read("attempts", to.attempts);
//   in.read("backoff", to.backoff);
//   in.finish(); // 'retry' has invalid keys: bogus
//
// Source: mitchellh/mapstructure as consul-template uses it.

#pragma once

#include "runtime/base/time.hpp"
#include "runtime/config/value.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

/// What a file has wrong, in its order.
using problems = std::vector<std::string>;

/// See the head of the file.
class block_reader {
public:
  /// Receives a block's reader, to read it.
  using block_function = std::function<void(block_reader&)>;

  /// @param path names the block in errors; "" for the whole file
  /// @pre both references outlive the reader
  block_reader(const config::value_object& x, std::string path, problems& found)
    : object_{x}, path_{std::move(path)}, found_{found} {}

  // Each reads the last value of a key, if there is one.
  void read(std::string_view key, bool& out);
  void read(std::string_view key, std::optional<bool>& out);
  void read(std::string_view key, int& out);
  void read(std::string_view key, std::uint64_t& out);
  void read(std::string_view key, duration& out);
  void read(std::string_view key, std::optional<duration>& out);
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, std::optional<std::string>& out);

  /// Appends to what is there.
  void read(std::string_view key, std::vector<std::string>& out);

  /// Reads a text, or a list of words; replaces what is there.
  void read_words(std::string_view key, std::vector<std::string>& out);

  /// Reads a signal's name.
  void read_signal(std::string_view key, int& out);

  /// Reads a file mode, "0644" or 0644.
  void read_mode(std::string_view key, std::optional<unsigned>& out);

  /// Reads the last block of that name; it is finished, too.
  void read_block(std::string_view key, const block_function& read);

  /// Reads all blocks of that name.
  void read_blocks(std::string_view key, const block_function& read);

  /// The last value of a key, or null; a block stays for read_block().
  const config::value* find(std::string_view key);

  /// Lets a key be, whatever it holds.
  void ignore(std::string_view key) { find(key); }

  /// Adds a problem with a key.
  void refuse(std::string_view key, std::string_view reason);

  /// Reports the keys that were not asked for.
  void finish();

private:
  std::string path_of(std::string_view key) const;
  void wrong_type(std::string_view key, std::string_view expected,
                  const config::value& x);
  std::optional<std::string> text_of(std::string_view key,
                                     const config::value& x);

  const config::value_object& object_;
  std::string path_;
  problems& found_;
  /// In lower case.
  std::set<std::string> known_;
};

} // namespace praetor::templates
