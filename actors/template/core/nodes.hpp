// The tree of a parsed template. Immutable once parsed; pure.
//
// Every node can write itself in canonical form, which is how error texts show
// where they happened.
//
// Source: Go 1.19, text/template/parse/node.go.

#pragma once

#include "actors/template/core/function.hpp"
#include "actors/template/core/value.hpp"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor::templates {

struct node {
  std::size_t position = 0; ///< bytes from the start of the template

  explicit node(std::size_t at) : position{at} {}
  node(node&&) = default;
  node& operator=(node&&) = default;
  virtual ~node() = default;

  /// Appends the canonical form.
  virtual void write(std::string& out) const = 0;
};

/// A number as written may be used as several kinds.
struct number {
  std::optional<std::int64_t> integer;
  std::optional<std::uint64_t> natural;
  std::optional<double> real;
  std::optional<std::complex<double>> complex; ///< only imaginary ones
};

enum class operand_kind : std::uint8_t {
  boolean,
  chain, ///< `(pipeline).A.B`
  dot,
  field, ///< `.A.B`
  identifier,
  nil,
  number,
  pipeline, ///< in parentheses
  string,
  variable, ///< `$x.A.B`
};

struct pipeline;

struct operand final : node {
  operand_kind what;
  std::string text;               ///< as written; of an identifier, its name
  std::vector<std::string> names; ///< of fields; a variable's own name first
  value constant;                 ///< of booleans and strings
  number numeric;
  const function* target = nullptr; ///< of identifiers
  bool builtin = false;             ///< the target is one of Go's own
  std::unique_ptr<operand> inner;   ///< of chains
  std::unique_ptr<pipeline> nested;

  operand(operand_kind k, std::size_t at) : node{at}, what{k} {}
  operand(operand&&) noexcept;
  operand& operator=(operand&&) noexcept;
  ~operand() override;
  void write(std::string& out) const override;
};

struct command final : node {
  std::vector<operand> arguments; ///< at least one

  using node::node;
  void write(std::string& out) const override;
};

struct pipeline final : node {
  std::vector<std::string> variables; ///< declared or assigned
  bool assigns = false;
  std::vector<command> commands;

  using node::node;
  void write(std::string& out) const override;
};

enum class statement_kind : std::uint8_t {
  text,
  action,
  if_,
  with,
  range,
  template_,
  break_,
  continue_,
};

struct statement;
using statement_list = std::vector<statement>;

struct statement final : node {
  statement_kind what;
  std::string text; ///< of texts; of templates, the name
  std::optional<pipeline> pipe;
  statement_list body;
  std::optional<statement_list> otherwise; ///< the part after `else`

  statement(statement_kind k, std::size_t at) : node{at}, what{k} {}
  void write(std::string& out) const override;
};

/// A whole file: the main template and what it defines.
struct template_file {
  std::string name; ///< of the main template
  bool range_over_integers = true;
  std::string text;
  std::map<std::string, statement_list, std::less<>> definitions;
};

/// Cheap to copy.
using parsed_template = std::shared_ptr<const template_file>;

/// Whether a body holds nothing but white space.
bool is_empty(const statement_list& body);

} // namespace praetor::templates
