// The machine that template functions see: variables, clock, programs, files
// and network interfaces of this host. Blocks where programs run.

#pragma once

#include "actors/template/core/host.hpp"
#include "runtime/base/rng.hpp"
#include "runtime/template/child.hpp"

namespace praetor::templates {

class machine final : public host {
public:
  /// @param derived variables that win over those of the process
  machine(variable_map derived, rng random)
    : derived_{std::move(derived)}, random_{random} {}

  std::optional<std::string> variable(const std::string& name) override;
  std::int64_t now_ns() override;
  std::uint64_t random() override { return random_.next(); }
  result<program_outcome>
  run_program(const std::vector<std::string>& arguments) override;
  status write_file(const file_order& order) override;
  std::vector<interface_address> addresses() override;

private:
  variable_map derived_;
  rng random_;
};

} // namespace praetor::templates
