#include "actors/health/core/verdicts.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <utility>

namespace praetor::health {

namespace {

constexpr duration network_timeout = std::chrono::seconds{10};
constexpr duration script_timeout = std::chrono::seconds{30};

duration timeout_of(const check_plan& plan, duration by_default) {
  return plan.how.timeout > duration::zero() ? plan.how.timeout : by_default;
}

std::size_t output_max(const check_plan& plan) {
  return static_cast<std::size_t>(
    std::max<std::int64_t>(plan.how.output_max_size, 1));
}

std::string output_text(const script_probe& asked, const script_outcome& x) {
  if (x.output_size <= asked.output_max)
    return x.output;
  return "Captured " + std::to_string(asked.output_max) + " of "
         + std::to_string(x.output_size) + " bytes\n...\n" + x.output;
}

} // namespace

http_probe http_probe_of(const check_plan& plan) {
  http_probe out;
  out.url = plan.how.http;
  out.method = plan.how.method.empty() ? "GET" : plan.how.method;
  out.header = plan.how.header;
  out.body = plan.how.body;
  out.tls_skip_verify = plan.how.tls_skip_verify;
  out.timeout = timeout_of(plan, network_timeout);
  out.body_max = output_max(plan);
  return out;
}

tcp_probe tcp_probe_of(const check_plan& plan) {
  return {plan.how.tcp, timeout_of(plan, network_timeout)};
}

script_probe script_probe_of(const check_plan& plan) {
  return {plan.how.script_args, timeout_of(plan, script_timeout),
          output_max(plan)};
}

verdict judge(const http_probe& asked, const result<http_outcome>& outcome) {
  if (!outcome)
    return {"critical", outcome.error().context};
  auto text = "HTTP " + asked.method + " " + asked.url + ": "
              + std::to_string(outcome->status);
  if (!outcome->reason.empty())
    text += " " + outcome->reason;
  text += " Output: " + outcome->body;
  if (outcome->status >= 200 && outcome->status <= 299)
    return {"passing", std::move(text)};
  return {outcome->status == 429 ? "warning" : "critical", std::move(text)};
}

verdict judge(const tcp_probe& asked, const status& outcome) {
  if (!outcome)
    return {"critical", outcome.error().context};
  return {"passing", "TCP connect " + asked.address + ": Success"};
}

verdict judge(const script_probe& asked,
              const result<script_outcome>& outcome) {
  if (!outcome)
    return {"critical", outcome.error().context};
  auto text = output_text(asked, *outcome);
  if (outcome->timed_out) {
    auto late =
      "Timed out (" + format_duration(asked.timeout) + ") running check";
    if (!text.empty())
      late += "\n\n" + text;
    return {"critical", std::move(late)};
  }
  switch (outcome->exit_code) {
    case 0: return {"passing", std::move(text)};
    case 1: return {"warning", std::move(text)};
    default: return {"critical", std::move(text)};
  }
}

} // namespace praetor::health
