// The way into the template language: text -> parsed template -> output.
// Pure: everything from outside comes through `data_source` and `host`.
//
//   auto parsed = parse_template(text);           // once
//   auto done = render(*parsed, data, host, {});  // after each change of data
//   watch(done.used); if (done.complete()) write(done.output);
//
// A pass in which data is missing runs to its end with empty values, so that
// it finds as many dependencies as it can; its output is not to be used. A
// template whose dependencies depend on data needs a pass for each level.
//
// Source: consul-template 0.19.3, template/template.go and manager/runner.go.

#pragma once

#include "actors/template/core/dependencies.hpp"
#include "actors/template/core/function.hpp"
#include "actors/template/core/host.hpp"
#include "actors/template/core/nodes.hpp"
#include "actors/template/core/value.hpp"
#include "runtime/base/result.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::templates {

/// Which release of Go's template language is spoken.
enum class go_level : std::uint8_t {
  newest, ///< with `else with` and ranges over integers
  go_1_19,
};

struct parse_options {
  std::string name;                   ///< shown in errors; the original: ""
  std::string left_delimiter = "{{";  ///< empty: "{{"
  std::string right_delimiter = "}}"; ///< empty: "}}"
  go_level level = go_level::newest;
};

/// Parses a template. Errors: invalid_argument with Go's text, e.g.
/// `template: :3: function "nope" not defined`.
result<parsed_template> parse_template(std::string_view text,
                                       const parse_options& options = {});

/// The same with other functions beside the built-in ones.
/// @pre `functions` outlives the parsed template.
result<parsed_template> parse_template(std::string_view text,
                                       const parse_options& options,
                                       const function_table& functions);

/// For people at a terminal: the line of `text` that an error of this file
/// names, with a caret below the column. Empty if the error names no line.
std::string caret_display(std::string_view text, std::string_view error);

/// The data that has been received.
class data_source {
public:
  virtual ~data_source() = default;

  /// What was last received for a dependency, by `dependency::name()`; null if
  /// nothing was received yet.
  virtual const value* find(const std::string& name) const = 0;
};

/// A data source that is a map.
class data_cache final : public data_source {
public:
  const value* find(const std::string& name) const override {
    const auto i = data_.find(name);
    return i == data_.end() ? nullptr : &i->second;
  }

  void store(const std::string& name, value x) { data_[name] = std::move(x); }
  void forget(const std::string& name) { data_.erase(name); }

private:
  std::map<std::string, value> data_;
};

enum class missing_key : std::uint8_t {
  invalid, ///< Go's default: a missing key is no value
  zero,    ///< consul-template's: the zero value of the map's elements
  error,   ///< `error_on_missing_key`
};

/// What one rendering may use up. The numbers are far above any real template;
/// they exist so that no template can exhaust the process.
struct limits {
  std::size_t output_bytes_max = std::size_t{64} << 20U;
  /// Nodes executed, iterations and calls.
  std::size_t steps_max = 50'000'000;
  /// Of all texts and containers that functions make, together.
  std::size_t value_bytes_max = std::size_t{1} << 30U;
};

struct render_options {
  missing_key missing = missing_key::zero;
  /// Globs of function names that fail with `function is disabled`.
  std::vector<std::string> function_denylist;
  std::string sandbox_path; ///< empty: files may lie anywhere
  limits bounds;
};

struct rendering {
  std::string output; ///< what was written before an error, if there was one
  std::vector<dependency> used;    ///< each once, in the order of first use
  std::vector<dependency> missing; ///< those of `used` without data
  /// Go's text, e.g. `template: :1:2: executing "" at <fail>: ...`.
  std::optional<std::string> error;

  bool complete() const { return !error && missing.empty(); }
};

/// Executes a template with `data` as its dot (the original: nothing).
rendering render(const parsed_template& parsed, const data_source& source,
                 host& machine, const render_options& options = {},
                 const value& data = {});

} // namespace praetor::templates
