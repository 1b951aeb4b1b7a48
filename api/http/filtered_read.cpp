#include "api/http/filtered_read.hpp"

#include "api/http/http_error.hpp"
#include "runtime/base/text.hpp"

#include <map>

namespace praetor::http {

void fail_after_options(const exchange& x, const error& e,
                        const read_style& style) {
  const auto options = parse_query_options(x.rq, x.to.facts, x.to.random);
  if (!options)
    return x.respond(failure(options.error()));
  const auto here = check_datacenter(x.rq, x.to.facts);
  fail_read(x, here ? e : here.error(), style);
}

void read_filtered(exchange x, catalog::query q, read_style style,
                   filtered_part part) {
  const auto text = x.rq.parameter("filter").value_or("");
  if (!text.empty()) {
    auto keep = filter::compile(text, part.fields);
    if (!keep)
      return fail_after_options(x, keep.error(), style);
    style.transform = [keep = std::move(*keep),
                       member = part.member](shared_text body) {
      return member.empty()
               ? filter::keep_matching(keep, std::move(body))
               : filter::keep_matching_in(keep, std::move(body), member);
    };
  }
  read_catalog(std::move(x), std::move(q), std::move(style));
}

std::vector<std::string> parse_tags(const request& rq) {
  std::vector<std::string> tags;
  for (const auto& [name, value] : rq.parameters)
    if (name == "tag")
      tags.push_back(value);
  return tags;
}

std::vector<std::pair<std::string, std::string>>
parse_node_meta(const request& rq) {
  std::map<std::string, std::string> pairs;
  for (const auto& [name, value] : rq.parameters) {
    if (name != "node-meta")
      continue;
    const auto colon = value.find(':');
    pairs[value.substr(0, colon)] =
      colon == std::string::npos ? "" : value.substr(colon + 1);
  }
  return {pairs.begin(), pairs.end()};
}

std::string parse_near(const exchange& x) {
  const auto near = x.rq.parameter("near").value_or("");
  return near == "_agent" ? x.to.facts.node_name : std::string{near};
}

std::optional<bool> parse_flag(const request& rq, std::string_view name) {
  const auto value = rq.parameter(name);
  if (!value)
    return false;
  return value->empty() ? std::optional{true} : parse_bool(*value);
}

} // namespace praetor::http
