// What functions see of the rendering they run in: data, the host, the scratch
// pad, and the budget that keeps every template finite. Owned by one rendering.

#pragma once

#include "actors/template/core/regex.hpp"
#include "actors/template/core/render.hpp"

#include <set>
#include <string>
#include <string_view>

namespace praetor::templates {

class environment {
public:
  /// How deep `executeTemplate` may call itself.
  static constexpr int calls_max = 50;

  /// How many compiled patterns are kept.
  static constexpr std::size_t patterns_max = 100;

  environment(const template_file& file, const data_source& source,
              host& machine, const render_options& options)
    : file_{file}, source_{source}, machine_{machine}, options_{options} {}

  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

  /// Records that `x` is used, and missing if there is no data; null then.
  const value* ask(const dependency& x);

  /// Counts data that is there as missing all the same.
  void declare_missing(const dependency& x);

  host& machine() { return machine_; }
  const render_options& options() const { return options_; }

  /// The map that `scratch` works on.
  std::map<std::string, value>& scratch() { return scratch_; }

  /// Returns a compiled pattern, from memory if it was used before.
  result<regex> pattern(const std::string& text);

  /// Whether the deny list names this function.
  bool denied(std::string_view name) const;

  /// Runs a defined template and returns its text.
  result<std::string> execute(const std::string& name, const value& data);

  /// Counts work; false once the limit is exceeded.
  bool spend_steps(std::size_t count) {
    steps_ += count;
    return steps_ <= options_.bounds.steps_max;
  }

  /// Counts memory; false once the limit is exceeded.
  bool spend_bytes(std::size_t count) {
    bytes_ += count;
    return bytes_ <= options_.bounds.value_bytes_max;
  }

  /// Executes the main template.
  rendering run(const value& data);

private:
  void note(std::vector<dependency>& list, std::set<std::string>& names,
            const dependency& x, const std::string& name);

  const template_file& file_;
  const data_source& source_;
  host& machine_;
  const render_options& options_;
  rendering outcome_;
  std::set<std::string> used_;
  std::set<std::string> missing_;
  std::map<std::string, value> scratch_;
  std::map<std::string, regex> patterns_;
  std::size_t steps_ = 0;
  std::size_t bytes_ = 0;
  int calls_ = 0;
};

} // namespace praetor::templates
