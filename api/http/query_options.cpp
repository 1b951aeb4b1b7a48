#include "api/http/query_options.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <string>

namespace praetor::http {
namespace {

/// Clients that wait for the same thing must not all come back at once.
constexpr std::uint64_t wait_spread = 16;

error bad(std::string text) {
  return error{errc::invalid_argument, std::move(text)};
}

status parse_consistency(const request& rq, query_options& x) {
  auto stale = rq.has("stale");
  const auto consistent = rq.has("consistent");
  x.cached = rq.has("cached");
  const auto text = rq.parameter("max_stale").value_or("");
  if (!text.empty()) {
    const auto age = parse_duration(text);
    if (!age)
      return bad("Invalid max_stale value " + json_quote(text));
    if (*age > duration::zero()) {
      x.max_stale = *age;
      stale = true;
    }
  }
  if (stale && consistent)
    return bad("Cannot specify ?stale with ?consistent, conflicting "
               "semantics.");
  if (x.cached && consistent)
    return bad("Cannot specify ?cached with ?consistent, conflicting "
               "semantics.");
  if (consistent)
    x.read.mode = owner::consistency::consistent;
  else if (stale)
    x.read.mode = owner::consistency::stale;
  return ok;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

status parse_cache_control(const request& rq, query_options& x) {
  const auto lower = to_lower(rq.header("cache-control"));
  for (std::string_view rest = lower; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto part = trim(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (part == "must-revalidate")
      x.revalidate = true;
    for (const std::string_view name : {"max-age=", "stale-if-error="}) {
      if (!part.starts_with(name))
        continue;
      const auto seconds = parse_uint(part.substr(name.size()));
      if (!seconds)
        return bad("Invalid Cache-Control header.");
      if (*seconds == 0 && name == "max-age=")
        x.revalidate = true;
    }
  }
  return ok;
}

} // namespace

result<owner::read_options> parse_wait(const request& rq, duration default_wait,
                                       duration max_wait, rng& random) {
  owner::read_options x;
  x.wait = default_wait;
  if (const auto text = rq.parameter("wait").value_or(""); !text.empty()) {
    const auto wait = parse_duration(text);
    if (!wait)
      return bad("Invalid wait time");
    if (*wait > duration::zero())
      x.wait = *wait;
  }
  x.wait = std::min(x.wait, max_wait);
  const auto spread = static_cast<std::uint64_t>(x.wait.count()) / wait_spread;
  x.wait += duration{static_cast<duration::rep>(random.below(spread + 1))};
  if (const auto text = rq.parameter("index").value_or(""); !text.empty()) {
    const auto index = parse_uint(text);
    if (!index)
      return bad("Invalid index");
    x.min_index = *index;
  }
  return x;
}

result<query_options>
parse_query_options(const request& rq, const node_facts& facts, rng& random) {
  query_options x;
  if (auto s = parse_consistency(rq, x); !s)
    return s.error();
  if (auto s = parse_cache_control(rq, x); !s)
    return s.error();
  const auto wait =
    parse_wait(rq, facts.default_query_time, facts.max_query_time, random);
  if (!wait)
    return wait.error();
  x.read.wait = wait->wait;
  x.read.min_index = wait->min_index;
  return x;
}

result<std::uint64_t> parse_number(std::string_view text) {
  if (const auto number = parse_uint(text))
    return *number;
  const auto digits =
    !text.empty()
    && text.find_first_not_of("0123456789") == std::string_view::npos;
  return error{errc::rejected,
               "strconv.ParseUint: parsing " + json_quote(text) + ": "
                 + (digits ? "value out of range" : "invalid syntax")};
}

bool other_datacenter(const request& rq, const node_facts& facts) {
  const auto dc = rq.parameter("dc").value_or("");
  return !dc.empty() && dc != facts.datacenter;
}

status check_datacenter(const request& rq, const node_facts& facts) {
  if (other_datacenter(rq, facts))
    return error{errc::rejected, "No path to datacenter"};
  return ok;
}

std::string_view to_string(owner::consistency mode) {
  switch (mode) {
    case owner::consistency::stale: return "stale";
    case owner::consistency::consistent: return "consistent";
    case owner::consistency::leader_default: break;
  }
  return "leader";
}

} // namespace praetor::http
