// Executes a parsed template. Pure; finite: the environment's budget counts
// every step, and blocks and templates live on a stack of their own, so that
// no recursion of templates can exhaust the thread's.
//
// Source: Go 1.19, text/template/exec.go; ranges as in Go 1.24.

#pragma once

#include "actors/template/core/environment.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::templates {

/// How deep templates may call templates.
inline constexpr std::size_t template_depth_max = 100'000;

class evaluator {
public:
  /// @pre All arguments outlive the evaluator.
  evaluator(const template_file& file, environment& env, std::string& out)
    : file_{file}, env_{env}, out_{out} {}

  /// Executes a definition. Returns Go's error text, if it failed.
  /// @pre `name` is defined.
  std::optional<std::string> run(std::string_view name, const value& data);

private:
  /// The elements that a range goes through.
  struct loop {
    value source = {}; // list, map, channel or integer
    std::size_t next = 0;
    /// Of a map: copied, because the body may change the map.
    std::vector<std::pair<value, value>> entries = {};
  };

  /// A body being executed.
  struct frame {
    const statement_list* body;
    value dot;
    std::size_t next = 0;
    std::size_t variables = 0; // how many remain when it ends
    // Of a range:
    const statement* range = nullptr;
    loop elements = {};
    std::size_t loop_variables = 0; // how many an iteration starts with
    // Of a template call:
    bool is_template = false;
    std::string_view caller = {}; // whose name is shown in errors again
    std::size_t caller_base = 0;  // whose variables are visible again
  };

  struct variable {
    std::string_view name;
    value content;
  };

  // -- statements (evaluator.cpp) --
  void step(const statement& x);
  void print(const statement& x);
  void enter_branch(const statement& x);
  void enter_range(const statement& x);
  void enter_template(const statement& x);
  void enter_body(const statement_list& body, value dot, std::size_t mark);
  void leave_body();
  void jump(statement_kind what);
  bool begin_loop(loop& out, const value& x);
  bool next_element(loop& x, value& index, value& element);
  bool next_iteration(frame& x);
  void write(std::string_view text);

  // -- expressions (expressions.cpp) --
  value evaluate(const pipeline& x, const value& dot);
  value evaluate(const command& x, const value& dot, const value* last);
  value evaluate_chain(const operand& x, const value& dot,
                       std::span<const operand> arguments, const value* last);
  value evaluate_fields(value receiver, std::span<const std::string> names,
                        const operand& at, const value& dot,
                        std::span<const operand> arguments, const value* last);
  value evaluate_field(const value& receiver, const std::string& name,
                       const operand& at, const value& dot,
                       std::span<const operand> arguments, const value* last);
  value map_entry(const value& receiver, const std::string& name,
                  bool has_arguments);
  value call_function(const operand& x, const node& at, const value& dot,
                      std::span<const operand> arguments, const value* last);
  value call(const function& f, const std::string& name, const node& at,
             const value& dot, std::span<const operand> arguments,
             const value* last, const value& receiver);
  value call_lazily(const function& f, const value& dot,
                    std::span<const operand> arguments, const value* last);
  value argument(const operand& x, const type_ref& declared, const value& dot);
  value adapted_constant(const operand& x, const type& declared);
  value validated(const value& x, const type_ref& declared);
  value constant(const operand& x);
  void refuse_arguments(const operand& x, std::size_t count, const value* last);

  // -- state --
  value* find_variable(std::string_view name);
  value get_variable(const std::string& name);
  void set_variable(const std::string& name, const value& x);
  void at(const node& x) { node_ = &x; }
  bool failed() const { return error_.has_value(); }
  void fail(const std::string& message);
  bool spend_step();

  const template_file& file_;
  environment& env_;
  std::string& out_;
  std::string_view template_; // being executed
  std::vector<frame> frames_;
  std::vector<variable> variables_;
  std::size_t base_ = 0; // the first variable of this template
  std::size_t templates_ = 0;
  const node* node_ = nullptr; // last entered, for errors
  std::optional<std::string> error_;
};

} // namespace praetor::templates
