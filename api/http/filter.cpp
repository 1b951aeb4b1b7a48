#include "api/http/filter.hpp"

#include "api/http/go_text.hpp"
#include "runtime/base/text.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace praetor::http::filter {

namespace {

/// Memory that one regular expression may take, program and cache.
constexpr std::int64_t pattern_memory_max = 1 << 20;

error invalid(std::string text) {
  return {errc::invalid_argument, std::move(text)};
}

std::string_view to_string(match_operator op) {
  switch (op) {
    case match_operator::equal: return "Equal";
    case match_operator::not_equal: return "Not Equal";
    case match_operator::in: return "In";
    case match_operator::not_in: return "Not In";
    case match_operator::is_empty: return "Is Empty";
    case match_operator::is_not_empty: return "Is Not Empty";
    case match_operator::matches: return "Matches";
    case match_operator::not_matches: return "Not Matches";
  }
  return "";
}

bool supports(field_type type, match_operator op) {
  const auto equality =
    op == match_operator::equal || op == match_operator::not_equal;
  const auto membership =
    op == match_operator::in || op == match_operator::not_in;
  const auto emptiness =
    op == match_operator::is_empty || op == match_operator::is_not_empty;
  switch (type) {
    case field_type::text: return !emptiness;
    case field_type::number:
    case field_type::truth: return equality;
    case field_type::texts:
    case field_type::map: return membership || emptiness;
    case field_type::objects: return emptiness;
    case field_type::object: return false;
  }
  return false;
}

/// Returns the first `count` steps, as errors show them.
std::string joined(const std::vector<std::string>& selector,
                   std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out.append(i == 0 ? "" : ".").append(selector[i]);
  return out;
}

const field* find(schema fields, std::string_view name) {
  for (const auto& f : fields)
    if (f.name == name || f.name == "*")
      return &f;
  return nullptr;
}

/// Returns Go's name for what is wrong with a regular expression.
std::string_view regexp_error(re2::RE2::ErrorCode code) {
  switch (code) {
    case re2::RE2::ErrorBadEscape: return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass: return "invalid character class";
    case re2::RE2::ErrorBadCharRange: return "invalid character class range";
    case re2::RE2::ErrorMissingBracket: return "missing closing ]";
    case re2::RE2::ErrorMissingParen: return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen: return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize: return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8: return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture: return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge: return "expression too large";
    default: return "regexp/syntax: internal error";
  }
}

result<std::shared_ptr<const re2::RE2>>
compile_pattern(const std::string& text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(pattern_memory_max);
  auto pattern = std::make_shared<const re2::RE2>(text, options);
  if (!pattern->ok())
    return invalid("Failed to compile regular expression " + go_quote(text)
                   + ": error parsing regexp: "
                   + std::string{regexp_error(pattern->error_code())} + ": `"
                   + pattern->error_arg() + "`");
  return pattern;
}

std::string_view text_of(const rapidjson::Value* x) {
  if (x == nullptr || !x->IsString())
    return {};
  return {x->GetString(), x->GetStringLength()};
}

const rapidjson::Value* member(const rapidjson::Value* from,
                               std::string_view name) {
  if (from == nullptr || !from->IsObject())
    return nullptr;
  for (const auto& entry : from->GetObject())
    if (text_of(&entry.name) == name)
      return &entry.value;
  return nullptr;
}

/// The positive form of an operator, and whether it was the negative one.
std::pair<match_operator, bool> split(match_operator op) {
  switch (op) {
    case match_operator::not_equal: return {match_operator::equal, true};
    case match_operator::not_in: return {match_operator::in, true};
    case match_operator::is_not_empty: return {match_operator::is_empty, true};
    case match_operator::not_matches: return {match_operator::matches, true};
    default: return {op, false};
  }
}

bool is_empty(const rapidjson::Value* x) {
  if (x == nullptr)
    return true;
  return x->IsArray() ? x->Empty() : !x->IsObject() || x->ObjectEmpty();
}

bool contains_text(const rapidjson::Value* list, std::string_view text) {
  if (list == nullptr || !list->IsArray())
    return false;
  const auto elements = list->GetArray();
  return std::any_of(
    elements.begin(), elements.end(),
    [text](const rapidjson::Value& x) { return text_of(&x) == text; });
}

} // namespace

// -- binding
// ----------------------------------------------------------------------

/// Resolves selectors, checks operators, converts values; first error wins.
class binder {
public:
  static result<predicate> run(const expression& x, schema fields) {
    auto root = std::make_shared<predicate::node>();
    if (auto done = bind(x, fields, *root); !done)
      return done.error();
    predicate p;
    p.root_ = std::move(root);
    return p;
  }

private:
  static status bind(const expression& x, schema fields, predicate::node& to) {
    to.what = x.what;
    if (x.what == expression::kind::match)
      return bind(x.leaf, fields, to.leaf);
    to.parts.resize(x.parts.size());
    for (std::size_t i = 0; i < x.parts.size(); ++i)
      if (auto done = bind(x.parts[i], fields, to.parts[i]); !done)
        return done;
    return ok;
  }

  static status bind(const match& x, schema fields, predicate::test& to) {
    for (const auto& name : x.selector) {
      const auto* found = find(fields, name);
      if (found == nullptr)
        return invalid("Selector "
                       + go_quote(joined(x.selector, to.path.size() + 1))
                       + " is not valid");
      to.path.push_back(found);
      fields = found->sub;
    }
    const auto type = to.path.back()->type;
    if (!supports(type, x.op))
      return invalid("Invalid match operator \"" + std::string{to_string(x.op)}
                     + "\" for selector "
                     + go_quote(joined(x.selector, x.selector.size())));
    to.selector = x.selector;
    to.op = x.op;
    to.text = x.value;
    if (auto done = convert(x, type, to); !done)
      return done;
    if (split(x.op).first != match_operator::matches)
      return ok;
    auto pattern = compile_pattern(x.value);
    if (!pattern)
      return pattern.error();
    to.pattern = *pattern;
    return ok;
  }

  static status convert(const match& x, field_type type, predicate::test& to) {
    const auto refused = [&x](const std::string& why) {
      return invalid(
        "Failed to coerce value " + go_quote(x.value) + " for selector "
        + go_quote(joined(x.selector, x.selector.size())) + ": " + why);
    };
    if (type == field_type::number) {
      const auto number = go_parse_int(x.value);
      if (!number)
        return refused(number.error().context);
      to.number = *number;
    } else if (type == field_type::truth) {
      const auto truth = parse_bool(x.value);
      if (!truth)
        return refused("strconv.ParseBool: parsing " + go_quote(x.value)
                       + ": invalid syntax");
      to.truth = *truth;
    }
    return ok;
  }
};

result<predicate> bind(const expression& x, schema fields) {
  return binder::run(x, fields);
}

error creation_failure(const error& e) {
  return {errc::rejected,
          "Failed to create boolean expression evaluator: " + e.context};
}

result<predicate> compile(std::string_view text, schema fields) {
  const auto parsed = parse(text);
  if (!parsed)
    return creation_failure(parsed.error());
  auto bound = bind(*parsed, fields);
  if (!bound)
    return creation_failure(bound.error());
  return bound;
}

// -- evaluating
// -------------------------------------------------------------------

bool predicate::matches(const rapidjson::Value& element) const {
  return evaluate(*root_, element);
}

bool predicate::evaluate(const node& x, const rapidjson::Value& element) {
  const auto holds = [&element](const node& part) {
    return evaluate(part, element);
  };
  switch (x.what) {
    case expression::kind::match: return test_object(x.leaf, 0, &element);
    case expression::kind::negation: return !holds(x.parts.front());
    case expression::kind::all_of:
      return std::all_of(x.parts.begin(), x.parts.end(), holds);
    case expression::kind::any_of:
      return std::any_of(x.parts.begin(), x.parts.end(), holds);
  }
  return false;
}

/// Goes on from an object to its member that `step` names.
bool predicate::test_object(const test& t, std::size_t step,
                            const rapidjson::Value* value) {
  const auto* next = member(value, t.selector[step]);
  if (step + 1 == t.path.size())
    return test_value(t, step, next);
  switch (t.path[step]->type) {
    case field_type::map: return test_map(t, step + 1, next);
    case field_type::objects: {
      if (next == nullptr || !next->IsArray())
        return false;
      const auto elements = next->GetArray();
      return std::any_of(elements.begin(), elements.end(),
                         [&t, step](const rapidjson::Value& x) {
                           return test_object(t, step + 1, &x);
                         });
    }
    default: return test_object(t, step + 1, next);
  }
}

/// Goes on from a map to its entry that `step` names. What is not there equals
/// nothing, is empty, and passes every negative question.
bool predicate::test_map(const test& t, std::size_t step,
                         const rapidjson::Value* value) {
  const auto* next = member(value, t.selector[step]);
  if (next == nullptr)
    return t.op != match_operator::equal && t.op != match_operator::in
           && t.op != match_operator::is_not_empty;
  return step + 1 == t.path.size() ? test_value(t, step, next)
                                   : test_object(t, step + 1, next);
}

bool predicate::test_value(const test& t, std::size_t step,
                           const rapidjson::Value* value) {
  const auto [op, negative] = split(t.op);
  const auto text = text_of(value);
  auto holds = false;
  switch (t.path[step]->type) {
    case field_type::text:
      if (op == match_operator::equal)
        holds = text == t.text;
      else if (op == match_operator::in)
        holds = text.find(t.text) != std::string_view::npos;
      else
        holds = re2::RE2::PartialMatch({text.data(), text.size()}, *t.pattern);
      break;
    case field_type::number: {
      const auto known = value != nullptr && value->IsInt64();
      holds = (known ? value->GetInt64() : 0) == t.number;
      break;
    }
    case field_type::truth:
      holds = (value != nullptr && value->IsTrue()) == t.truth;
      break;
    case field_type::texts:
      holds = op == match_operator::in ? contains_text(value, t.text)
                                       : is_empty(value);
      break;
    case field_type::map:
      holds = op == match_operator::in ? member(value, t.text) != nullptr
                                       : is_empty(value);
      break;
    case field_type::objects: holds = is_empty(value); break;
    case field_type::object: break;
  }
  return holds != negative;
}

} // namespace praetor::http::filter
