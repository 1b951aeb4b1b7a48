#include "actors/template/core/function.hpp"
#include "actors/template/core/go_yaml.hpp"
#include "actors/template/core/number_text.hpp"
#include "runtime/base/text.hpp"

#include <re2/re2.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace praetor::templates {

namespace {

constexpr int depth_max = 100;
/// Aliases may repeat parts; this many values in all.
constexpr std::size_t values_max = 1'000'000;

struct word_row {
  std::string_view lower;
  bool truth;
};

constexpr std::array<word_row, 8> truths = {{{"y", true},
                                             {"yes", true},
                                             {"true", true},
                                             {"on", true},
                                             {"n", false},
                                             {"no", false},
                                             {"false", false},
                                             {"off", false}}};

/// Lower case, Capitalized or UPPER case, but no mixture.
bool is_cased_word(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size() || to_lower(text) != lower)
    return false;
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto rest = text.substr(1);
  return std::none_of(rest.begin(), rest.end(), is_upper)
         || std::all_of(text.begin(), text.end(), is_upper);
}

std::string without_underscores(std::string_view text) {
  std::string out{text};
  std::erase(out, '_');
  return out;
}

value special_real(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (text.starts_with('-') || text.starts_with('+'))
    text.remove_prefix(1);
  if (is_cased_word(text.substr(1), "inf"))
    return value::real(negative ? -HUGE_VAL : HUGE_VAL);
  if (is_cased_word(text.substr(1), "nan"))
    return value::real(std::nan(""));
  return {};
}

value resolve_number(std::string_view text) {
  const auto plain = without_underscores(text);
  if (const auto x = read_integer(plain, 0); !x.flaw)
    return value::integer(x.value);
  if (const auto x = read_natural(plain, 0); !x.flaw)
    return value::natural(x.value);
  static const RE2 real{
    R"([-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"};
  if (RE2::FullMatch(plain, real))
    if (const auto x = read_real(plain); !x.flaw)
      return value::real(x.value);
  return {};
}

/// Turns yaml-cpp's nodes into values; stops at the first flaw.
class reader {
public:
  value read(const YAML::Node& x, int depth);

  std::string flaw;

private:
  value read_map(const YAML::Node& x, int depth);
  void merge(const value& into, const value& from);
  value read_scalar(const YAML::Node& x);

  std::size_t count_ = 0;
};

value reader::read(const YAML::Node& x, int depth) {
  if (depth > depth_max || ++count_ > values_max)
    flaw = "document is too large";
  if (!flaw.empty())
    return {};
  if (x.IsScalar())
    return read_scalar(x);
  if (x.IsSequence()) {
    std::vector<value> items;
    for (const auto& item : x)
      items.push_back(read(item, depth + 1));
    return make_any_list(std::move(items));
  }
  return x.IsMap() ? read_map(x, depth) : value{};
}

value reader::read_map(const YAML::Node& x, int depth) {
  static const auto what = type_named("map[interface {}]interface {}");
  const auto out = make_map(what);
  std::vector<value> merged;
  for (const auto& member : x) {
    if (!flaw.empty())
      break;
    auto key = read(member.first, depth + 1);
    if (key.what() == kind::list || key.what() == kind::map) {
      flaw = "invalid map key";
      break;
    }
    auto content = read(member.second, depth + 1);
    if (key.what() == kind::text && key.as_text() == "<<")
      merged.push_back(std::move(content));
    else
      out.as_map().entries.insert_or_assign(std::move(key), std::move(content));
  }
  for (const auto& from : merged)
    merge(out, from);
  return out;
}

/// Adds the members of a map, or of a list of them, that are not there yet.
void reader::merge(const value& into, const value& from) {
  if (from.what() == kind::map)
    into.as_map().entries.insert(from.as_map().entries.begin(),
                                 from.as_map().entries.end());
  if (from.what() == kind::list)
    for (const auto& item : from.as_list().items)
      if (item.what() == kind::map)
        merge(into, item);
}

value reader::read_scalar(const YAML::Node& x) {
  const auto& text = x.Scalar();
  const auto& tag = x.Tag();
  // "!" marks quoted scalars, "?" plain ones.
  if (tag == "!" || tag == "tag:yaml.org,2002:str")
    return value::text(text);
  return resolve_yaml(text);
}

} // namespace

value resolve_yaml(std::string_view plain) {
  if (plain.empty() || plain == "~" || is_cased_word(plain, "null"))
    return {};
  for (const auto& row : truths)
    if (is_cased_word(plain, row.lower))
      return value::boolean(row.truth);
  const bool numeric = (plain[0] >= '0' && plain[0] <= '9') || plain[0] == '+'
                       || plain[0] == '-' || plain[0] == '.';
  value x;
  if (numeric && plain.find('.') <= 1 && plain.size() >= 4)
    x = special_real(plain);
  if (numeric && !x.valid())
    x = resolve_number(plain);
  return x.valid() ? x : value::text(std::string{plain});
}

result<value> parse_yaml(std::string_view text) {
  try {
    const auto document = YAML::Load(std::string{text});
    reader r;
    auto x = r.read(document, 0);
    if (!r.flaw.empty())
      return failure("yaml: " + r.flaw);
    return x;
  } catch (const YAML::Exception& x) {
    const auto line = x.mark.is_null() ? 0 : x.mark.line + 1;
    return failure("yaml: line " + std::to_string(line) + ": " + x.msg);
  }
}

} // namespace praetor::templates
