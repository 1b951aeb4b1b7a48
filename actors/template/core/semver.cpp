#include "actors/template/core/semver.hpp"

#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/utf8.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace praetor::templates {

namespace {

constexpr const char* number = R"((?:\.([0-9]+|x|X|\*))?)";

/// A version in a constraint; parts may be missing or wildcards.
struct pattern {
  version low;
  int parts = 0; ///< how many numbers are fixed: 0 to 3
};

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

/// Identifiers of a prerelease: numbers below words, fewer below more.
int compare_prerelease(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty())
    return order(a.empty(), b.empty()); // a release is above
  const auto x = split_text(a, ".");
  const auto y = split_text(b, ".");
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    const auto m = read_natural(x[i], 10);
    const auto n = read_natural(y[i], 10);
    const int found = !m.flaw && !n.flaw   ? order(m.value, n.value)
                      : !m.flaw || !n.flaw ? (m.flaw ? 1 : -1)
                                           : order(x[i], y[i]);
    if (found != 0)
      return found;
  }
  return order(x.size(), y.size());
}

std::optional<pattern> parse_pattern(std::string_view text) {
  static const RE2 form{std::string{"v?([0-9]+|x|X|\\*)"} + number + number
                        + R"((?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)"};
  std::array<std::string, 4> parts;
  if (!RE2::FullMatch(re2::StringPiece{text.data(), text.size()}, form,
                      &parts[0], &parts[1], &parts[2], &parts[3]))
    return std::nullopt;
  pattern out;
  const std::array<std::uint64_t*, 3> numbers{&out.low.major, &out.low.minor,
                                              &out.low.patch};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto read = read_natural(parts[i], 10);
    if (read.flaw)
      break; // missing or a wildcard
    *numbers[i] = read.value;
    ++out.parts;
  }
  out.low.prerelease = parts[3];
  return out;
}

/// The first version above all that have the first `parts` numbers of `x`.
version after(const version& x, int parts) {
  version out;
  out.major = x.major + (parts == 1 ? 1 : 0);
  if (parts >= 2)
    out.minor = x.minor + (parts == 2 ? 1 : 0);
  if (parts >= 3)
    out.patch = x.patch + 1;
  return out;
}

bool within(const version& x, const version& low, const version& end) {
  return compare(x, low) >= 0 && compare(x, end) < 0;
}

bool matches_exactly(const version& x, const pattern& p) {
  if (p.parts == 0)
    return true;
  return p.parts == 3 ? compare(x, p.low) == 0
                      : within(x, p.low, after(p.low, p.parts));
}

bool matches_caret(const version& x, const pattern& p) {
  if (p.parts == 0)
    return true;
  // The first number that is not zero stays.
  int fixed = 1;
  if (p.low.major == 0 && p.parts > 1)
    fixed = p.low.minor == 0 && p.parts > 2 ? 3 : 2;
  return within(x, p.low, after(p.low, fixed));
}

bool matches(const version& x, std::string_view op, const pattern& p) {
  // Prereleases only match constraints that name one.
  if (!x.prerelease.empty() && p.low.prerelease.empty())
    return false;
  if (op.empty() || op == "=" || op == "==")
    return matches_exactly(x, p);
  if (op == "!=")
    return !matches_exactly(x, p);
  if (op == "^")
    return matches_caret(x, p);
  if (op == "~" || op == "~>")
    return p.parts == 0 || within(x, p.low, after(p.low, std::min(p.parts, 2)));
  const bool partial = p.parts > 0 && p.parts < 3;
  if (op == ">")
    return partial ? compare(x, after(p.low, p.parts)) >= 0
                   : compare(x, p.low) > 0;
  if (op == "<")
    return compare(x, p.low) < 0;
  if (op == ">=" || op == "=>")
    return compare(x, p.low) >= 0;
  return partial ? compare(x, after(p.low, p.parts)) < 0
                 : compare(x, p.low) <= 0; // <=
}

/// Checks one alternative: constraints that must all hold.
std::optional<bool> satisfies_all(const version& x, std::string text) {
  static const RE2 range{R"(\s*([^\s,]+)\s+-\s+([^\s,]+)\s*)"};
  static const RE2 item{R"([\s,]*(!=|==|=>|>=|=<|<=|~>|=|>|<|~|\^)?\s*)"
                        R"(([^\s,=<>!~^]+)[\s,]*)"};
  std::string low;
  std::string high;
  if (RE2::FullMatch(text, range, &low, &high))
    text = ">=" + low + " <=" + high;
  re2::StringPiece rest{text};
  bool all = true;
  bool any = false;
  while (!rest.empty()) {
    std::string op;
    std::string name;
    if (!RE2::Consume(&rest, item, &op, &name))
      return std::nullopt;
    const auto p = parse_pattern(name);
    if (!p)
      return std::nullopt;
    all = all && matches(x, op, *p);
    any = true;
  }
  return any ? std::optional{all} : std::nullopt;
}

} // namespace

std::optional<version> parse_version(std::string_view text) {
  static const RE2 form{R"(v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?)"
                        R"((?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?)"
                        R"((?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?)"};
  std::array<std::string, 3> numbers;
  version out;
  if (!RE2::FullMatch(re2::StringPiece{text.data(), text.size()}, form,
                      &numbers[0], &numbers[1], &numbers[2], &out.prerelease,
                      &out.metadata))
    return std::nullopt;
  const std::array<std::uint64_t*, 3> parts{&out.major, &out.minor, &out.patch};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto read = read_natural(numbers[i], 10);
    if (read.flaw && !numbers[i].empty())
      return std::nullopt;
    *parts[i] = read.flaw ? 0 : read.value;
  }
  out.original = text;
  return out;
}

int compare(const version& a, const version& b) {
  for (const auto part : {&version::major, &version::minor, &version::patch})
    if (const int found = order(a.*part, b.*part); found != 0)
      return found;
  return compare_prerelease(a.prerelease, b.prerelease);
}

std::optional<bool> satisfies(const version& x, std::string_view constraint) {
  bool any = false;
  for (auto& alternative : split_text(constraint, "||")) {
    const auto found = satisfies_all(x, std::move(alternative));
    if (!found)
      return std::nullopt;
    any = any || *found;
  }
  return any;
}

} // namespace praetor::templates
