// Files as the template program reads and replaces them.
//
// A destination is replaced as a whole or not at all: the new content is
// written to a temporary file in the same directory, synced, and renamed over
// the old one, so that a reader never sees half a file, whenever we are killed.
//
// Source: consul-template 0.20, renderer/renderer.go.

#pragma once

#include "runtime/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace praetor::templates {

/// The system's words for an error, in lower case as Go has them.
std::string system_words(int code);

/// Errors: not_found or io_error, `open P: no such file or directory`.
result<std::string> read_whole_file(const std::string& path);

/// How to write a destination.
struct write_options {
  std::optional<unsigned> mode; ///< nothing: as it is, 0644 if it is new
  std::string user;             ///< name or id; empty: as it is
  std::string group;            ///< name or id; empty: as it is
  bool backup = false;          ///< keep the old content in PATH.bak
  bool create_directories = true;
};

/// Makes `path` hold `content`. @returns whether anything changed
/// Errors: io_error with the original's text, e.g. `missing destination`.
result<bool> write_destination(const std::string& path,
                               std::string_view content,
                               const write_options& options);

/// Whether `path` holds something else than `content`; a file that does not
/// exist holds nothing. Errors: io_error if that cannot be known.
result<bool> would_change(const std::string& path, std::string_view content);

/// The ids of a user and a group, by name or number.
/// Errors: not_found, `user: unknown user bob`.
result<unsigned> user_id(const std::string& name);
result<unsigned> group_id(const std::string& name);

} // namespace praetor::templates
