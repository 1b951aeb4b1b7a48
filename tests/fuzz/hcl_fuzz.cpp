// Any bytes as a configuration file, HCL and JSON: parse, decode, merge,
// resolve, validate.

#include "runtime/config/load.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace praetor;

/// One file, called as it is asked for.
class one_file final : public config::file_system {
public:
  explicit one_file(std::string content) : content_{std::move(content)} {}

  result<config::path_kind> kind_of(const std::string&) const override {
    return config::path_kind::file;
  }

  result<std::vector<std::string>> list(const std::string&) const override {
    return std::vector<std::string>{};
  }

  result<std::string> read(const std::string&) const override {
    return content_;
  }

private:
  std::string content_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const one_file files{{reinterpret_cast<const char*>(data), size}};
  const config::environment host{"fuzz", {}};
  for (const auto* name : {"x.hcl", "x.json"}) {
    config::flag_sources sources;
    sources.paths = {name};
    // Without flags; else nothing is read.
    sources.lists.data = sources.scalars.data = config::value_object{};
    const auto outcome = config::load(sources, files, host);
    if (!outcome && outcome.error().context.empty())
      __builtin_trap();
  }
  return 0;
}
