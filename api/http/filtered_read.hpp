// Reads of the catalog with the parameters of lists: ?filter=, ?tag=,
// ?node-meta=.

#pragma once

#include "api/http/filter.hpp"
#include "api/http/reads.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::http {

/// Which part of an answer ?filter= is about.
struct filtered_part {
  filter::schema fields;
  /// The answer's member whose elements are filtered; empty: the answer's own.
  std::string_view member = {};
};

/// Answers `x` with what the catalog says, filtered. A filter that does not
/// compile is a failed read (500), whatever the catalog would say.
void read_filtered(exchange x, catalog::query q, read_style style,
                   filtered_part part);

/// Answers `x` with a failed read, unless the common parameters are refused
/// first.
void fail_after_options(const exchange& x, const error& e,
                        const read_style& style);

/// All values of ?tag=.
std::vector<std::string> parse_tags(const request& rq);

/// All pairs of ?node-meta=key:value, by key; the last value of a key counts.
std::vector<std::pair<std::string, std::string>>
parse_node_meta(const request& rq);

/// The node that ?near= means: by its name, or the one that is asked.
std::string parse_near(const exchange& x);

/// A flag that may be given without value. Nothing if the value is no boolean.
std::optional<bool> parse_flag(const request& rq, std::string_view name);

} // namespace praetor::http
