// Arithmetic: add, subtract, multiply, divide, modulo, minimum, maximum. The
// last argument is the left operand, so that pipelines read well.

#include "actors/template/core/format.hpp"
#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/quoting.hpp"

#include <algorithm>

namespace praetor::templates {

namespace {

enum class operation : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  minimum,
  maximum,
};

bool is_number(const value& x) {
  return is_integer(x.what()) || is_real(x.what());
}

std::int64_t to_integer(const value& x) {
  return is_signed(x.what()) ? x.as_integer()
                             : static_cast<std::int64_t>(x.as_natural());
}

double to_real(const value& x) {
  if (is_real(x.what()))
    return x.as_real();
  return is_signed(x.what()) ? static_cast<double>(x.as_integer())
                             : static_cast<double>(x.as_natural());
}

double on_reals(operation op, double a, double b) {
  switch (op) {
    case operation::add: return a + b;
    case operation::subtract: return a - b;
    case operation::multiply: return a * b;
    case operation::divide: return a / b;
    case operation::minimum: return std::min(a, b);
    default: return std::max(a, b);
  }
}

/// Two's complement, as Go computes: sums and products wrap around.
std::uint64_t on_bits(operation op, std::uint64_t a, std::uint64_t b) {
  switch (op) {
    case operation::add: return a + b;
    case operation::subtract: return a - b;
    case operation::multiply: return a * b;
    case operation::divide: return a / b;
    case operation::modulo: return a % b;
    case operation::minimum: return std::min(a, b);
    case operation::maximum: return std::max(a, b);
  }
  return 0;
}

std::int64_t on_integers(operation op, std::int64_t a, std::int64_t b) {
  const bool overflows = a == INT64_MIN && b == -1;
  switch (op) {
    case operation::divide: return overflows ? a : a / b;
    case operation::modulo: return overflows ? 0 : a % b;
    case operation::minimum: return std::min(a, b);
    case operation::maximum: return std::max(a, b);
    default:
      return static_cast<std::int64_t>(on_bits(
        op, static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
  }
}

error unknown_type(std::string_view name, const value& x) {
  const value operands[] = {x};
  return failure(std::string{name} + ": unknown type for "
                 + print_formatted("%q", operands) + " ("
                 + (x.valid() ? type_name(x) : "<nil>") + ")");
}

result<value> compute(operation op, std::string_view name, const call& c) {
  const auto& a = c[1];
  const auto& b = c[0];
  const bool real_allowed = op != operation::modulo;
  if (!is_number(a) || (is_real(a.what()) && !real_allowed))
    return unknown_type(name, a);
  if (!is_number(b) || (is_real(b.what()) && !real_allowed))
    return unknown_type(name, b);
  if (is_real(a.what()) || is_real(b.what()))
    return value::real(on_reals(op, to_real(a), to_real(b)));
  const bool divides = op == operation::divide || op == operation::modulo;
  if (divides && to_integer(b) == 0)
    return failure("runtime error: integer divide by zero");
  if (is_unsigned(a.what()) && is_unsigned(b.what()))
    return value::natural(on_bits(op, a.as_natural(), b.as_natural()));
  return value::integer(on_integers(op, to_integer(a), to_integer(b)),
                        kind::int64);
}

result<value> add(const call& c) {
  return compute(operation::add, "add", c);
}

result<value> subtract(const call& c) {
  return compute(operation::subtract, "subtract", c);
}

result<value> multiply(const call& c) {
  return compute(operation::multiply, "multiply", c);
}

result<value> divide(const call& c) {
  return compute(operation::divide, "divide", c);
}

result<value> modulo(const call& c) {
  return compute(operation::modulo, "modulo", c);
}

result<value> minimum(const call& c) {
  return compute(operation::minimum, "minimum", c);
}

result<value> maximum(const call& c) {
  return compute(operation::maximum, "maximum", c);
}

constexpr std::string_view signature =
  "func(interface {}, interface {}) (interface {}, error)";

constexpr function_row rows[] = {
  {"add", signature, add},           {"divide", signature, divide},
  {"maximum", signature, maximum},   {"minimum", signature, minimum},
  {"modulo", signature, modulo},     {"multiply", signature, multiply},
  {"subtract", signature, subtract},
};

} // namespace

std::span<const function_row> math_rows() {
  return rows;
}

} // namespace praetor::templates
