// An agent made of prepared answers, and a terminal made of strings.

#pragma once

#include "tools/praetor/commands.hpp"

#include <deque>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace praetor::tools {

/// Answers requests such as "GET /v1/kv/a" in order, each from its own queue;
/// the last answer of a queue is given again and again.
struct fake_agent {
  std::map<std::string, std::deque<http_answer>> answers = {};
  /// Set: no request gets through.
  std::string failure = {};
  std::vector<wire_request> requests = {};

  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const auto& x : requests)
      out.push_back(x.method + " " + x.target
                    + (x.body.empty() ? "" : " " + x.body));
    return out;
  }
};

class fake_transport final : public transport {
public:
  explicit fake_transport(fake_agent& agent) : agent_{agent} {}

  result<http_answer> exchange(const wire_request& request,
                               const body_sink& sink) override {
    agent_.requests.push_back(request);
    if (!agent_.failure.empty())
      return error{errc::io_error, agent_.failure};
    auto& queue = agent_.answers[request.method + " " + request.target];
    if (queue.empty())
      return http_answer{404, "no answer prepared", 0};
    auto out = queue.front();
    if (queue.size() > 1)
      queue.pop_front();
    if (sink && out.status == 200) {
      sink(out.body);
      out.body.clear();
    }
    return out;
  }

  void cancel() override {}

private:
  fake_agent& agent_;
};

/// Runs commands against an agent.
struct fake_terminal {
  fake_agent& agent;
  std::istringstream in = {};
  std::ostringstream out = {};
  std::ostringstream err = {};
  std::map<std::string, std::string> variables = {};
  std::map<std::string, std::string> files = {};

  int run(const std::vector<std::string>& args) {
    console io{
      .in = in,
      .out = out,
      .err = err,
      .variable =
        [this](std::string_view name) { return variables[std::string{name}]; },
      .read_file = [this](const std::string& path) -> result<std::string> {
        if (files.contains(path))
          return files[path];
        return error{errc::not_found, "no such file or directory"};
      },
      .connect =
        [this](const client_options&) -> result<std::unique_ptr<transport>> {
        return std::unique_ptr<transport>{
          std::make_unique<fake_transport>(agent)};
      }};
    return run_command(args, io);
  }
};

} // namespace praetor::tools
