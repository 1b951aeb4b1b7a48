// The language of ?filter= (bexpr): text to tree. Pure.
//
//   ServicePort == 80 and ("a" in ServiceTags or not Node matches `^db`)
//
//   or    := and (" or " and)*          and   := not (" and " not)*
//   not   := "not " not | "(" or ")" | match
//   match := selector (== | != | contains | not contains | matches
//                      | not matches) value
//          | selector is [not] empty | value [not] in selector
//
// Errors are those of Consul's PEG parser, which names the furthest position
// it could not get past and what it would have taken there.
// Source: hashicorp/go-bexpr grammar/grammar.peg (v0.1.2).

#pragma once

#include "runtime/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::http::filter {

/// Longer expressions are refused.
inline constexpr std::size_t expression_bytes_max = 16384;
/// Deeper nested ones too (parentheses and `not`).
inline constexpr std::size_t expression_depth_max = 200;

enum class match_operator : std::uint8_t {
  equal,
  not_equal,
  in,
  not_in,
  is_empty,
  is_not_empty,
  matches,
  not_matches,
};

/// One comparison. `contains` is `in` the other way round.
struct match {
  std::vector<std::string> selector;
  match_operator op = match_operator::equal;
  std::string value;
};

/// A tree of comparisons.
struct expression {
  enum class kind : std::uint8_t { match, all_of, any_of, negation };
  kind what = kind::match;
  /// Of kind `match`.
  filter::match leaf;
  /// Of the other kinds; a negation has one.
  std::vector<expression> parts;
};

/// Errors: invalid_argument with the parser's text, e.g.
/// `1:12 (11): no match found, expected: "!=", ".", ... or [a-zA-Z0-9_]`.
result<expression> parse(std::string_view text);

} // namespace praetor::http::filter
