// Decides, pass by pass, what a set of templates needs: which dependencies to
// watch, which outputs to write, which commands to run. Pure: templates are
// evaluated by a function that is handed in, files are written by the caller.
//
//   pass(now, evaluate) -> { watch, forget, outputs, failures, wake }
//   written(template, changed), ..., then commands()
//
// A pass evaluates every template. One that uses unwatched dependencies or
// lacks data has no output in this pass; one that waits for quiet has it later.
// What no template used in a pass is forgotten with it.
//
// Invariants: a dependency is watched once, however many templates use it; the
// first output of a template does not wait for quiet.
// Source: consul-template 0.19.3, manager/runner.go; 0.20 for the first output.

#pragma once

#include "actors/template/core/dependencies.hpp"
#include "actors/template/watch/quiescence.hpp"
#include "actors/template/watch/settings.hpp"
#include "runtime/base/rng.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace praetor::templates {

/// What came of evaluating one template.
struct evaluation {
  std::string output;
  std::vector<dependency> used;
  /// Those of `used` that have no data.
  std::vector<dependency> missing;
  std::optional<std::string> failure;
};

/// Evaluates the template of that number.
using evaluator = std::function<evaluation(std::size_t)>;

/// An output that is to be written.
struct output {
  std::size_t unit = 0;
  std::string content;
};

/// A template that could not be evaluated.
struct failed_unit {
  std::size_t unit = 0;
  std::string text;
};

/// What to do after a pass, in this order.
struct pass_result {
  std::vector<dependency> watch;
  std::vector<std::string> forget;
  std::vector<failed_unit> failures;
  std::vector<output> outputs;
};

/// A command, and the template it is run for.
struct due_command {
  std::size_t unit = 0;
  std::vector<std::string> words;
};

/// See the head of the file.
class runner {
public:
  /// The options of the templates that matter here, in order.
  struct unit_options {
    std::optional<wait_range> wait;
    std::vector<std::string> command;
  };

  runner(std::vector<unit_options> units, rng random);

  /// Evaluates all templates and says what follows.
  pass_result pass(time_point now, const evaluator& evaluate);

  /// Says that an output was written, or was on disk already.
  void written(std::size_t number, bool changed);

  /// The commands of all outputs that changed, equal ones once, in the order of
  /// the templates.
  std::vector<due_command> commands() const;

  /// Whether anything changed since the last call; begins to count anew.
  bool take_changed();

  /// Whether every template has been rendered at least once.
  bool all_rendered() const;

  /// When the next pass is due though nothing arrives.
  std::optional<time_point> deadline() const;

  bool watches(const std::string& name) const {
    return watched_.contains(name);
  }

  /// The names of what is watched.
  const std::set<std::string>& watched() const { return watched_; }

  /// While followed, what a template needs is supplied by another process, as
  /// far as it can be: it is not watched here.
  void follow(std::size_t number, bool followed);

  /// What a template used in the last pass.
  const std::vector<dependency>& used_by(std::size_t number) const {
    return units_[number].used;
  }

private:
  struct unit {
    unit_options options;
    std::optional<quiescence> quiet;
    std::vector<dependency> used;
    /// The output of the last pass, and the one that was last given away; only
    /// for those that wait.
    std::optional<std::string> seen;
    std::optional<std::string> given;
    bool rendered = false;
    bool changed = false;
    bool followed = false;
  };

  /// Notes what a template needs. @returns whether all is watched already
  bool note_used(const unit& x, std::set<std::string>& wanted,
                 pass_result& out);

  /// Whether the output is to be written in this pass.
  bool is_quiet(unit& x, const std::string& content, time_point now);

  std::vector<unit> units_;
  std::set<std::string> watched_;
  rng random_;
};

} // namespace praetor::templates
