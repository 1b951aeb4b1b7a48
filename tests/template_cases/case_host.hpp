// The host that cases see: the variables they ask for, the real clock, real
// programs and files.

#pragma once

#include "tests/template_cases/no_host.hpp"

#include <map>
#include <string>

namespace praetor::templates::cases {

class case_host final : public no_host {
public:
  std::map<std::string, std::string> variables;

  std::optional<std::string> variable(const std::string& name) override;
  std::int64_t now_ns() override;
  result<program_outcome>
  run_program(const std::vector<std::string>& arguments) override;
  status write_file(const file_order& order) override;
  std::vector<interface_address> addresses() override;
};

} // namespace praetor::templates::cases
