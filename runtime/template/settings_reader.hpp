// Configuration files of the template program, HCL or JSON: which keys there
// are and where each goes. Sources are read into one `settings`, in order:
// values overwrite, blocks merge by key, templates and environments append.
//
// Source: consul-template 0.19.3 to 0.42, config/config.go.

#pragma once

#include "actors/template/watch/settings.hpp"
#include "runtime/base/result.hpp"
#include "runtime/config/value.hpp"
#include "runtime/template/block_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

/// Reads a `template` block.
void read_template(block_reader& in, template_settings& to);

/// Reads one text. Warnings are for the log.
/// Errors: invalid_argument, e.g. `error decoding config: At 2:2: ...`.
status read_settings(std::string_view text, settings& to,
                     std::vector<std::string>& warnings);

/// Reads a file, or all files of a directory, in lexical order and without
/// following links. Errors: the text for the user, e.g.
/// `missing file/folder: P: stat P: no such file or directory`.
status read_settings_path(const std::string& path, settings& to,
                          std::vector<std::string>& warnings);

} // namespace praetor::templates
