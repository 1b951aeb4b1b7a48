// A table of command lines with prepared answers, and what they print.

#pragma once

#include "tests/cli/fake_agent.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace praetor::tools {

struct command_row {
  std::vector<std::string> args;
  std::map<std::string, std::deque<http_answer>> answers;
  int code = 0;
  std::string out = {};
  std::string err = {};
};

/// Runs each, and compares exit code and texts.
inline void check(const std::vector<command_row>& rows) {
  for (const auto& x : rows) {
    std::string name;
    for (const auto& word : x.args)
      name.append(word).append(" ");
    DYNAMIC_SECTION(name) {
      fake_agent agent{.answers = x.answers};
      fake_terminal terminal{agent};
      CHECK(terminal.run(x.args) == x.code);
      CHECK(terminal.out.str() == x.out);
      CHECK(terminal.err.str() == x.err);
    }
  }
}

} // namespace praetor::tools
