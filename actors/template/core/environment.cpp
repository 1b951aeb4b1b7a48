#include "actors/template/core/environment.hpp"

#include "actors/template/core/evaluator.hpp"
#include "actors/template/core/quoting.hpp"

namespace praetor::templates {

namespace {

/// Matches `*` (any text) and `?` (any character), in time linear in the
/// product of the sizes.
bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  auto star = std::string_view::npos;
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size()
               && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

} // namespace

void environment::note(std::vector<dependency>& list,
                       std::set<std::string>& names, const dependency& x,
                       const std::string& name) {
  if (names.insert(name).second)
    list.push_back(x);
}

const value* environment::ask(const dependency& x) {
  const auto name = x.name();
  note(outcome_.used, used_, x, name);
  const auto* found = source_.find(name);
  if (found == nullptr)
    note(outcome_.missing, missing_, x, name);
  return found;
}

void environment::declare_missing(const dependency& x) {
  note(outcome_.missing, missing_, x, x.name());
}

result<regex> environment::pattern(const std::string& text) {
  const auto known = patterns_.find(text);
  if (known != patterns_.end())
    return known->second;
  auto made = compile_regex(text);
  if (made && patterns_.size() < patterns_max)
    patterns_.emplace(text, *made);
  return made;
}

bool environment::denied(std::string_view name) const {
  for (const auto& pattern : options_.function_denylist)
    if (matches_glob(pattern, name))
      return true;
  return false;
}

result<std::string> environment::execute(const std::string& name,
                                         const value& data) {
  if (!file_.definitions.contains(name))
    return error{errc::invalid_argument, "template: no template " + quote(name)
                                           + " associated with template "
                                           + quote(file_.name)};
  if (calls_ == calls_max)
    return error{errc::invalid_argument,
                 "executeTemplate calls itself too often"};
  ++calls_;
  std::string out;
  const auto flaw = evaluator{file_, *this, out}.run(name, data);
  --calls_;
  if (flaw)
    return error{errc::invalid_argument, *flaw};
  return out;
}

rendering environment::run(const value& data) {
  outcome_.error =
    evaluator{file_, *this, outcome_.output}.run(file_.name, data);
  return std::move(outcome_);
}

} // namespace praetor::templates
