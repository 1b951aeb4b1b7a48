// What ?filter= does: compiles an expression for one kind of answer and keeps
// the elements of an answer that match. Pure.
//
//   auto keep = filter::compile(expression, filter::service_node_schema());
//   if (!keep) ... // 500, keep.error().context
//   auto body = filter::keep_matching(*keep, body);
//
// Selectors are checked against a schema: the members of the JSON answer that
// may be selected, with their types. Members that the answer leaves out count
// as empty.
// Source: hashicorp/go-bexpr (evaluate.go, validate.go, coerce.go).

#pragma once

#include "api/http/filter_syntax.hpp"
#include "runtime/base/owner.hpp"
#include "runtime/base/result.hpp"

#include <rapidjson/document.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace praetor::http::filter {

// -- schemas
// ----------------------------------------------------------------------

enum class field_type : std::uint8_t {
  text,
  number,
  truth,
  /// List of strings.
  texts,
  /// List of objects with the members `sub`.
  objects,
  /// Map; its one member in `sub` is named "*".
  map,
  object,
};

struct field {
  std::string_view name;
  field_type type = field_type::text;
  std::span<const field> sub = {};
};

/// Members of an object.
using schema = std::span<const field>;

/// Elements of /v1/catalog/nodes.
schema node_schema();
/// Elements of /v1/catalog/service/<name>.
schema service_node_schema();
/// Services in /v1/catalog/node/<name> and of /v1/agent/services.
schema service_schema();
/// Checks, everywhere.
schema check_schema();
/// Elements of /v1/health/service/<name>, and what ui/services sums up.
schema health_entry_schema();
/// Elements of /v1/internal/ui/nodes.
schema ui_node_schema();

// -- predicates
// -------------------------------------------------------------------

/// A compiled expression. Cheap to copy.
class predicate {
public:
  /// Whether an element of the answer matches.
  bool matches(const rapidjson::Value& element) const;

private:
  friend class binder;

  struct test {
    std::vector<std::string> selector;
    /// What each step of the selector leads to.
    std::vector<const field*> path;
    match_operator op = match_operator::equal;
    std::string text;
    std::int64_t number = 0;
    bool truth = false;
    std::shared_ptr<const re2::RE2> pattern;
  };

  struct node {
    expression::kind what = expression::kind::match;
    test leaf;
    std::vector<node> parts;
  };

  static bool evaluate(const node& x, const rapidjson::Value& element);
  static bool test_object(const test& t, std::size_t step,
                          const rapidjson::Value* value);
  static bool test_map(const test& t, std::size_t step,
                       const rapidjson::Value* value);
  static bool test_value(const test& t, std::size_t step,
                         const rapidjson::Value* value);

  std::shared_ptr<const node> root_;
};

/// Checks a parsed expression against a schema. Errors: `Selector "x" is not
/// valid`, `Invalid match operator ...`, `Failed to coerce value ...`,
/// `Failed to compile regular expression ...`.
result<predicate> bind(const expression& x, schema fields);

/// Parses and binds. Errors: rejected, the sentence for the client, which
/// begins with `Failed to create boolean expression evaluator: `.
result<predicate> compile(std::string_view text, schema fields);

/// Returns `e` as compile says it.
error creation_failure(const error& e);

// -- answers
// ----------------------------------------------------------------------

/// Keeps the elements of a list, or the values of a map, that match; what is
/// kept is not touched. Anything else, such as null, stays as it is.
/// Errors: corruption if `body` is not compact JSON.
result<shared_text> keep_matching(const predicate& keep, shared_text body);

/// Does so with the member `name` of an object.
result<shared_text> keep_matching_in(const predicate& keep, shared_text body,
                                     std::string_view name);

} // namespace praetor::http::filter
