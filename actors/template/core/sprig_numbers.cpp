#include "actors/template/core/number_text.hpp"
#include "actors/template/core/sprig.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace praetor::templates::sprig {

namespace {

std::int64_t truncated(double x) {
  if (!(x > -0x1p63 && x < 0x1p63))
    return INT64_MIN; // what the hardware gives Go
  return static_cast<std::int64_t>(x);
}

/// "12.0" counts as whole.
std::string without_zero_decimals(const std::string& text) {
  const auto dot = text.find('.');
  if (dot == std::string::npos
      || text.find_first_not_of('0', dot + 1) != std::string::npos)
    return text;
  return text.substr(0, dot);
}

} // namespace

std::int64_t to_integer(const value& x) {
  if (is_signed(x.what()))
    return x.as_integer();
  if (is_unsigned(x.what()))
    return static_cast<std::int64_t>(x.as_natural());
  if (is_real(x.what()))
    return truncated(x.as_real());
  if (x.what() == kind::boolean)
    return x.as_boolean() ? 1 : 0;
  if (x.what() == kind::text) {
    const auto read = read_integer(without_zero_decimals(x.as_text()), 0);
    return read.flaw ? 0 : read.value;
  }
  return 0;
}

double to_real(const value& x) {
  if (is_real(x.what()))
    return x.as_real();
  if (x.what() == kind::text) {
    const auto read = read_real(x.as_text());
    return read.flaw ? 0 : read.value;
  }
  if (is_unsigned(x.what()))
    return static_cast<double>(x.as_natural());
  return static_cast<double>(to_integer(x));
}

namespace {

value int64(std::int64_t x) {
  return value::integer(x, kind::int64);
}

/// Sums and products wrap around, as in Go.
std::int64_t wrapping(char op, std::int64_t a, std::int64_t b) {
  const auto x = static_cast<std::uint64_t>(a);
  const auto y = static_cast<std::uint64_t>(b);
  return static_cast<std::int64_t>(op == '+'   ? x + y
                                   : op == '-' ? x - y
                                               : x * y);
}

/// The original computes in decimal: 0.1 + 0.2 is 0.3. Fifteen digits are what
/// a double can keep of a decimal number.
double decimal(double x) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.15g", x);
  return std::strtod(buffer, nullptr);
}

result<value> atoi(const call& c) {
  const auto read = read_integer(c.text(0), 10);
  return value::integer(read.flaw == number_flaw::syntax ? 0 : read.value);
}

result<value> to_int(const call& c) {
  return value::integer(to_integer(c[0]));
}

result<value> to_int64(const call& c) {
  return int64(to_integer(c[0]));
}

result<value> to_float64(const call& c) {
  return value::real(to_real(c[0]));
}

/// Reads a number written in octal.
result<value> to_decimal(const call& c) {
  const auto read = read_integer(to_text(c[0]), 8);
  return int64(read.flaw ? 0 : read.value);
}

// -- sequences ---------------------------------------------------------------

/// The numbers from `start` on, before `stop`.
result<std::vector<std::int64_t>> steps(std::int64_t start, std::int64_t stop,
                                        std::int64_t step) {
  std::vector<std::int64_t> out;
  if (step == 0 || (stop > start) != (step > 0))
    return out;
  for (auto x = start; step > 0 ? x < stop : x > stop;) {
    out.push_back(x);
    if (static_cast<std::int64_t>(out.size()) > items_max)
      return failure("more than " + std::to_string(items_max) + " items");
    if (__builtin_add_overflow(x, step, &x))
      break;
  }
  return out;
}

result<value> ints(const result<std::vector<std::int64_t>>& numbers) {
  static const auto what = type_named("[]int");
  if (!numbers)
    return numbers.error();
  std::vector<value> items;
  for (const auto x : *numbers)
    items.push_back(value::integer(x));
  return make_list(what, std::move(items));
}

result<value> until(const call& c) {
  const auto count = c[0].as_integer();
  return ints(steps(0, count, count < 0 ? -1 : 1));
}

result<value> until_step(const call& c) {
  return ints(steps(c[0].as_integer(), c[1].as_integer(), c[2].as_integer()));
}

/// END, START END or START STEP END, all inclusive.
result<value> seq(const call& c) {
  const auto n = c.size();
  if (n == 0 || n > 3)
    return value::text("");
  const auto start = n == 1 ? 1 : c[0].as_integer();
  const auto end = c[n - 1].as_integer();
  const auto step = n == 3 ? c[1].as_integer() : end < start ? -1 : 1;
  std::int64_t stop = 0;
  if (__builtin_add_overflow(end, step > 0 ? 1 : -1, &stop))
    stop = end;
  const auto numbers = steps(start, stop, step);
  if (!numbers)
    return numbers.error();
  std::string out;
  for (const auto x : *numbers)
    out += (out.empty() ? "" : " ") + std::to_string(x);
  return value::text(std::move(out));
}

// -- whole numbers -----------------------------------------------------------

result<value> add1(const call& c) {
  return int64(wrapping('+', to_integer(c[0]), 1));
}

result<value> add(const call& c) {
  std::int64_t out = 0;
  for (const auto& x : c.arguments)
    out = wrapping('+', out, to_integer(x));
  return int64(out);
}

result<value> sub(const call& c) {
  return int64(wrapping('-', to_integer(c[0]), to_integer(c[1])));
}

result<value> mul(const call& c) {
  std::int64_t out = 1;
  for (const auto& x : c.arguments)
    out = wrapping('*', out, to_integer(x));
  return int64(out);
}

result<value> div(const call& c) {
  const auto a = to_integer(c[0]);
  const auto b = to_integer(c[1]);
  if (b == 0)
    return failure("runtime error: integer divide by zero");
  return int64(b == -1 ? wrapping('-', 0, a) : a / b);
}

result<value> mod(const call& c) {
  const auto a = to_integer(c[0]);
  const auto b = to_integer(c[1]);
  if (b == 0)
    return failure("runtime error: integer divide by zero");
  return int64(b == -1 ? 0 : a % b);
}

result<value> max(const call& c) {
  auto out = to_integer(c[0]);
  for (const auto& x : c.arguments)
    out = std::max(out, to_integer(x));
  return int64(out);
}

result<value> min(const call& c) {
  auto out = to_integer(c[0]);
  for (const auto& x : c.arguments)
    out = std::min(out, to_integer(x));
  return int64(out);
}

result<value> random_int(const call& c) {
  const auto low = c[0].as_integer();
  const auto high = c[1].as_integer();
  if (high <= low)
    return failure("invalid argument to Intn");
  const auto span =
    static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  return value::integer(wrapping(
    '+', low, static_cast<std::int64_t>(c.env.machine().random() % span)));
}

// -- real numbers ------------------------------------------------------------

result<value> add1f(const call& c) {
  return value::real(decimal(to_real(c[0]) + 1));
}

template <class Operation>
value folded(const call& c, Operation f) {
  auto out = to_real(c[0]);
  for (const auto& x : c.arguments.subspan(1))
    out = decimal(f(out, to_real(x)));
  return value::real(out);
}

result<value> addf(const call& c) {
  if (c.size() == 0)
    return value::real(0);
  return folded(c, [](double a, double b) { return a + b; });
}

result<value> subf(const call& c) {
  return folded(c, [](double a, double b) { return a - b; });
}

result<value> mulf(const call& c) {
  return folded(c, [](double a, double b) { return a * b; });
}

result<value> divf(const call& c) {
  auto out = to_real(c[0]);
  for (const auto& x : c.arguments.subspan(1)) {
    if (to_real(x) == 0)
      return failure("decimal division by 0");
    out /= to_real(x);
  }
  return value::real(out);
}

result<value> maxf(const call& c) {
  return folded(c, [](double a, double b) { return std::max(a, b); });
}

result<value> minf(const call& c) {
  return folded(c, [](double a, double b) { return std::min(a, b); });
}

result<value> ceil(const call& c) {
  return value::real(std::ceil(to_real(c[0])));
}

result<value> floor(const call& c) {
  return value::real(std::floor(to_real(c[0])));
}

/// Rounds up from a fraction of a half, or of the one given.
result<value> round(const call& c) {
  const double up_from = c.size() > 2 ? c[2].as_real() : 0.5;
  const auto scale =
    std::pow(10.0, static_cast<double>(
                     std::clamp<std::int64_t>(c[1].as_integer(), -300, 300)));
  const auto scaled = to_real(c[0]) * scale;
  double whole = 0;
  const auto rest = std::modf(scaled, &whole);
  if (scaled >= 0)
    whole += rest >= up_from ? 1 : 0;
  else
    whole -= std::fabs(rest) >= up_from ? 1 : 0;
  return value::real(whole / scale);
}

constexpr std::string_view any_to_int64 = "func(interface {}) int64";
constexpr std::string_view pair_to_int64 =
  "func(interface {}, interface {}) int64";
constexpr std::string_view many_to_int64 =
  "func(interface {}, ...interface {}) int64";
constexpr std::string_view any_to_real = "func(interface {}) float64";
constexpr std::string_view many_to_real =
  "func(interface {}, ...interface {}) float64";

constexpr function_row rows[] = {
  {"sprig_add", "func(...interface {}) int64", add},
  {"sprig_add1", any_to_int64, add1},
  {"sprig_add1f", any_to_real, add1f},
  {"sprig_addf", "func(...interface {}) float64", addf},
  {"sprig_atoi", "func(string) int", atoi},
  {"sprig_biggest", many_to_int64, max},
  {"sprig_ceil", any_to_real, ceil},
  {"sprig_div", pair_to_int64, div},
  {"sprig_divf", many_to_real, divf},
  {"sprig_float64", any_to_real, to_float64},
  {"sprig_floor", any_to_real, floor},
  {"sprig_int", "func(interface {}) int", to_int},
  {"sprig_int64", any_to_int64, to_int64},
  {"sprig_max", many_to_int64, max},
  {"sprig_maxf", many_to_real, maxf},
  {"sprig_min", many_to_int64, min},
  {"sprig_minf", many_to_real, minf},
  {"sprig_mod", pair_to_int64, mod},
  {"sprig_mul", many_to_int64, mul},
  {"sprig_mulf", many_to_real, mulf},
  {"sprig_randInt", "func(int, int) int", random_int},
  {"sprig_round", "func(interface {}, int, ...float64) float64", round},
  {"sprig_seq", "func(...int) string", seq},
  {"sprig_sub", pair_to_int64, sub},
  {"sprig_subf", many_to_real, subf},
  {"sprig_toDecimal", any_to_int64, to_decimal},
  {"sprig_until", "func(int) []int", until},
  {"sprig_untilStep", "func(int, int, int) []int", until_step},
};

} // namespace

std::span<const function_row> number_rows() {
  return rows;
}

} // namespace praetor::templates::sprig
