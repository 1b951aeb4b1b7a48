// Command line flags with the rules, error texts and help pages of Go's `flag`
// package and of Consul's command line. Pure: text in, text out.
//
//   constexpr flag_spec flags[] = {
//     {.name = "recurse", .kind = flag_kind::boolean, .help = "Walk down."},
//     {.name = "separator", .help = "Where keys are cut.", .preset = "/"},
//   };
//   auto parsed = parse_flags(flags, args);
//   if (!parsed)  // print parsed.error().context, then flag_usage(flags)
//   if (parsed->boolean("recurse")) ...
//
// Rules: `-x v`, `-x=v`, one or two dashes; booleans take `-x` or `-x=false`
// only; parsing stops at the first argument that is no flag, or after `--`.
// Source: Go's src/flag/flag.go, Consul's command/flags/usage.go.

#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::config {

/// What a flag's value is.
enum class flag_kind : std::uint8_t {
  string,
  boolean,
  integer,
  unsigned_integer,
  duration,
  /// A string that may be given several times.
  list,
};

/// Under which heading of a help page a flag appears.
enum class flag_group : std::uint8_t { command, http_api };

/// Which words a bad value is refused with, and how a help page names the type.
enum class flag_dialect : std::uint8_t {
  /// Go's own types: `parse error`, `-separator=<string>`.
  go,
  /// Consul's types for settings that may be absent: errors say what failed
  /// (`strconv.Atoi: parsing "zz": invalid syntax`), help says `=<value>`.
  /// Lists are always of this dialect.
  consul,
};

/// One flag. Meant to be a row in a constant table.
struct flag_spec {
  std::string_view name;
  flag_kind kind = flag_kind::string;
  /// Sentences for people. The first word in `backquotes` names the value.
  std::string_view help;
  /// The value without the flag, as it would be typed; empty is "", 0, false.
  std::string_view preset = {};
  flag_group group = flag_group::command;
  flag_dialect dialect = flag_dialect::go;
};

using flag_specs = std::span<const flag_spec>;

/// What a command line said. Asking for a flag that was not declared, or for
/// another kind than declared, is a bug and aborts.
class parsed_flags {
public:
  /// Whether the flag was on the command line.
  bool given(std::string_view name) const;

  const std::string& string(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  std::uint64_t unsigned_integer(std::string_view name) const;
  praetor::duration duration(std::string_view name) const;
  const std::vector<std::string>& list(std::string_view name) const;

  /// One flag as it was typed.
  struct occurrence {
    const flag_spec* spec = nullptr;
    std::string text;
  };

  /// All flags in the order of the command line; values are legal for their
  /// kind. Points into the table that was parsed with.
  const std::vector<occurrence>& in_order() const { return in_order_; }

  /// What follows the flags.
  const std::vector<std::string>& arguments() const { return arguments_; }

private:
  friend class flag_parser;

  struct entry {
    flag_kind kind = flag_kind::string;
    bool given = false;
    std::string text;
    std::vector<std::string> texts;
    bool truth = false;
    std::int64_t number = 0;
    std::uint64_t natural = 0;
    praetor::duration span{};
  };

  const entry& at(std::string_view name, flag_kind kind) const;

  std::map<std::string, entry, std::less<>> entries_;
  std::vector<occurrence> in_order_;
  std::vector<std::string> arguments_;
};

/// Whether -h, -help or --help stands anywhere before `--`; it wins over
/// everything else on the line.
bool wants_help(std::span<const std::string> args);

/// Parses `args`, which does not include the command's name.
/// Errors: invalid_argument with Go's text, e.g.
/// `flag provided but not defined: -bogus`.
result<parsed_flags> parse_flags(flag_specs specs,
                                 std::span<const std::string> args);

/// Returns the page for -h: `usage`, then the flags by group, sorted, wrapped
/// at 72 columns. Ends without a newline.
std::string flag_help(std::string_view usage, flag_specs specs);

/// Returns the block that follows an error: "Usage:" and all flags, sorted.
/// Ends with a newline.
std::string flag_usage(flag_specs specs);

/// Breaks `text` into lines of at most `columns`, as even as possible (the
/// squares of what stays empty are minimal), each after `indent` spaces.
std::string wrap_text(std::string_view text, std::size_t columns,
                      std::size_t indent);

/// Returns `text` in double quotes as Go's %q writes it.
std::string go_quote(std::string_view text);

/// Parses as Go's strconv.Atoi. Errors: its text,
/// `strconv.Atoi: parsing "zz": invalid syntax` or `: value out of range`.
result<std::int64_t> go_atoi(std::string_view text);

} // namespace praetor::config
