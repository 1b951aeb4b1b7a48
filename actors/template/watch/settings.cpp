#include "actors/template/watch/settings.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <cctype>

namespace praetor::templates {

namespace {

/// The longest wait, unless given, in multiples of the shortest.
constexpr int wait_max_factor = 4;

error refused(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
  });
}

void complete(wait_settings& x) {
  if (!x.enabled)
    x.enabled = x.range.min > duration::zero();
  if (x.range.max == duration::zero())
    x.range.max = wait_max_factor * x.range.min;
}

bool says_anything(const tls_settings& x) {
  return !x.cert.empty() || !x.key.empty() || !x.ca_cert.empty()
         || !x.ca_path.empty() || !x.server_name.empty();
}

/// Where the source ends: at a colon, but not at that of a Windows drive.
std::size_t source_end(std::string_view text) {
  const auto end = text.find(':');
  const bool drive = end == 1 && text.size() > 2 && text[2] != ':'
                     && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  return drive ? text.find(':', 2) : end;
}

/// Cuts off `rest` what stands before `end` and the colon there.
std::string cut(std::string_view& rest, std::size_t end) {
  std::string out{rest.substr(0, end)};
  rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  return out;
}

} // namespace

void complete(settings& x) {
  if (!x.consul.tls.enabled)
    x.consul.tls.enabled = says_anything(x.consul.tls);
  if (!x.dedup.enabled)
    x.dedup.enabled = false;
  if (!x.exec.enabled)
    x.exec.enabled = !x.exec.command.empty();
  complete(x.wait);
  for (auto& one : x.templates) {
    if (!one.wait.enabled && one.wait.range.min == duration::zero())
      one.wait = x.wait;
    complete(one.wait);
    if (one.left_delimiter.empty())
      one.left_delimiter = x.left_delimiter;
    if (one.right_delimiter.empty())
      one.right_delimiter = x.right_delimiter;
    if (!one.error_fatal)
      one.error_fatal = x.template_error_fatal;
    one.error_on_missing_key |= x.err_on_failed_lookup;
  }
  if (!x.exit_on_command_error)
    x.exit_on_command_error = x.once;
}

result<template_settings> parse_template_flag(std::string_view text) {
  if (is_blank(text))
    return refused("template: cannot be empty");
  template_settings out;
  out.source = cut(text, source_end(text));
  out.destination = cut(text, text.find(':'));
  if (!text.empty())
    out.command = {std::string{text}};
  return out;
}

result<wait_range> parse_wait(std::string_view text) {
  if (is_blank(text))
    return refused("wait: cannot be empty");
  const auto colon = text.find(':');
  const auto min = parse_duration(text.substr(0, colon));
  if (!min)
    return min.error();
  wait_range out{*min, wait_max_factor * *min};
  if (colon != text.npos) {
    const auto rest = text.substr(colon + 1);
    if (rest.find(':') != rest.npos)
      return refused("wait: invalid format");
    const auto max = parse_duration(rest);
    if (!max)
      return max.error();
    out.max = *max;
  }
  if (out.min < duration::zero() || out.max < duration::zero())
    return refused("wait: cannot be negative");
  if (out.max < out.min)
    return refused("wait: min must be less than max");
  return out;
}

} // namespace praetor::templates
