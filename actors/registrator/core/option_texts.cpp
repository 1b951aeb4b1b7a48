#include "actors/registrator/core/option_texts.hpp"

#include "actors/registrator/core/metadata.hpp"

#include <algorithm>
#include <limits>

namespace praetor::registrator {

namespace {

error bad(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

std::uint32_t seconds_of(std::int64_t x) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(x, 0, most));
}

status read_times(const option_texts& from, options& to) {
  if ((from.ttl == 0) != (from.ttl_refresh == 0))
    return bad(
      "-ttl and -ttl-refresh must be specified together or not at all");
  if (from.ttl > 0 && from.ttl <= from.ttl_refresh)
    return bad("-ttl must be greater than -ttl-refresh");
  if (from.ttl < 0 || from.ttl_refresh < 0)
    return bad("-ttl and -ttl-refresh must not be negative");
  to.ttl = seconds_of(from.ttl);
  to.ttl_refresh = seconds_of(from.ttl_refresh);
  to.resync = std::chrono::seconds{seconds_of(from.resync)};
  if (to.resync > duration::zero())
    to.compare_every = std::min(to.compare_every, to.resync);
  return ok;
}

status read_names(const option_texts& from, options& to) {
  const auto& name = from.name_from;
  if (name != "image" && name != "container" && name != "hostname")
    return bad("-name-from must be \"image\", \"container\" or \"hostname\"");
  to.name_from = name == "image"       ? name_source::image
                 : name == "container" ? name_source::container
                                       : name_source::hostname;
  const auto& suffix = from.port_suffix;
  if (suffix != "auto" && suffix != "always" && suffix != "never")
    return bad("-port-suffix must be \"auto\", \"always\" or \"never\"");
  to.suffix = suffix == "auto"     ? port_suffix::automatic
              : suffix == "always" ? port_suffix::always
                                   : port_suffix::never;
  return ok;
}

} // namespace

status read_options(const option_texts& from, options& to) {
  if (auto done = read_times(from, to); !done)
    return done;
  const auto& mode = from.deregister;
  if (mode != "always" && mode != "on-success")
    return bad("-deregister must be \"always\" or \"on-success\"");
  to.deregister =
    mode == "always" ? deregister_mode::always : deregister_mode::on_success;
  if (auto done = read_names(from, to); !done)
    return done;
  if (!is_template(from.tags))
    to.tags = split_tags(from.tags);
  return ok;
}

bool is_template(std::string_view tags) {
  return tags.find("{{") != tags.npos;
}

} // namespace praetor::registrator
