// Files in memory for tests of the configuration: a map from path to text.
// Directories exist by having files in them.

#pragma once

#include "runtime/config/load.hpp"

#include <map>
#include <set>
#include <string>

namespace praetor::config {

class memory_files final : public file_system {
public:
  std::map<std::string, std::string> texts;

  result<path_kind> kind_of(const std::string& path) const override {
    if (texts.contains(path))
      return path_kind::file;
    const auto prefix = slashed(path);
    auto below = texts.lower_bound(prefix);
    if (below != texts.end() && below->first.starts_with(prefix))
      return path_kind::directory;
    return missing();
  }

  result<std::vector<std::string>>
  list(const std::string& path) const override {
    // In reverse, because a directory promises no order.
    std::set<std::string, std::greater<>> names;
    const auto prefix = slashed(path);
    for (const auto& [file, text] : texts)
      if (file.starts_with(prefix))
        names.insert(file.substr(prefix.size(), file.find('/', prefix.size())
                                                  - prefix.size()));
    return std::vector<std::string>(names.begin(), names.end());
  }

  result<std::string> read(const std::string& path) const override {
    auto found = texts.find(path);
    if (found == texts.end())
      return missing();
    return found->second;
  }

private:
  static std::string slashed(std::string path) {
    if (!path.ends_with('/'))
      path.push_back('/');
    return path;
  }

  static error missing() {
    return error{errc::not_found, "no such file or directory"};
  }
};

/// A host with one private address.
inline environment test_host() {
  return {"host1", {{"lo", "127.0.0.1", true}, {"eth0", "10.0.0.7", false}}};
}

/// Loads as `agent ARGS` does. Errors: the text that follows "==> ".
inline result<loaded> load_agent(const std::vector<std::string>& args,
                                 const memory_files& files = {},
                                 const environment& host = test_host()) {
  auto flags = parse_flags(agent_flags(), args);
  if (!flags)
    return flags.error();
  return load(sources_of(*flags), files, host);
}

/// Loads a HCL text, with a data directory given.
inline result<loaded> load_hcl(std::string text) {
  memory_files files;
  files.texts["a.hcl"] = std::move(text);
  return load_agent({"-data-dir=/data", "-config-file=a.hcl"}, files);
}

} // namespace praetor::config
