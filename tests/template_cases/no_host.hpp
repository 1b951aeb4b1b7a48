// A host on which nothing exists, for templates that ask for nothing.

#pragma once

#include "actors/template/core/host.hpp"

namespace praetor::templates::cases {

class no_host : public host {
public:
  std::optional<std::string> variable(const std::string&) override {
    return std::nullopt;
  }
  std::int64_t now_ns() override { return 0; }
  std::uint64_t random() override { return 4; }
  result<program_outcome>
  run_program(const std::vector<std::string>&) override {
    return error{errc::io_error, "there are no programs"};
  }
  status write_file(const file_order&) override {
    return error{errc::io_error, "there are no files"};
  }
  std::vector<interface_address> addresses() override { return {}; }
};

} // namespace praetor::templates::cases
