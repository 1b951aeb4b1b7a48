// What people are told: which dependencies a template has and what each waits
// for, and where in a template an error is. Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

/// A dependency, and what it waits for; empty: its data is here.
struct explained_need {
  std::string name;
  std::string waiting_for;
};

struct explained_template {
  std::string title;
  std::vector<explained_need> needs = {};
  /// Why it cannot be evaluated, if so.
  std::string failure = {};
};

/// One paragraph for each template.
std::string explain_text(const std::vector<explained_template>& all);

/// `message`, followed by the line of `text` that `error` names, with a caret.
std::string with_caret_lines(std::string message, std::string_view text,
                             std::string_view error, bool wanted);

} // namespace praetor::templates
