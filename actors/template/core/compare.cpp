#include "actors/template/core/compare.hpp"

#include "actors/template/core/format.hpp"
#include "actors/template/core/function.hpp"

#include <array>

namespace praetor::templates {

namespace {

/// Kinds that compare with each other.
enum class family : std::uint8_t {
  none,
  boolean,
  complex,
  integer,
  real,
  text,
  natural,
};

family family_of(const value& x) {
  if (is_signed(x.what()))
    return family::integer;
  if (is_unsigned(x.what()))
    return family::natural;
  if (is_real(x.what()))
    return family::real;
  switch (x.what()) {
    case kind::boolean: return family::boolean;
    case kind::complex128: return family::complex;
    case kind::text: return family::text;
    default: return family::none;
  }
}

error bad_comparison() {
  return failure("incompatible types for comparison");
}

/// Below, equal or above zero, of an integer and a natural number.
int mixed_order(std::int64_t a, std::uint64_t b) {
  if (a < 0)
    return -1;
  const auto x = static_cast<std::uint64_t>(a);
  return x < b ? -1 : x == b ? 0 : 1;
}

bool equal_scalars(const value& a, const value& b, family what) {
  switch (what) {
    case family::boolean: return a.as_boolean() == b.as_boolean();
    case family::complex: return a.as_complex() == b.as_complex();
    case family::integer: return a.as_integer() == b.as_integer();
    case family::natural: return a.as_natural() == b.as_natural();
    case family::real: return a.as_real() == b.as_real();
    case family::text: return a.as_text() == b.as_text();
    case family::none: break;
  }
  return false;
}

error not_comparable(const value& x) {
  const std::array<value, 2> shown{x, value::text(type_name(x))};
  return failure(print_formatted("non-comparable type %s: %v", shown));
}

/// Go's == of two interfaces; records field by field.
result<bool> identical(const value& a, const value& b, int depth) {
  if (!a.valid() || !b.valid())
    return a.valid() == b.valid();
  if (type_name(a) != type_name(b))
    return false;
  const auto what = family_of(a);
  if (what != family::none)
    return equal_scalars(a, b, what);
  if (a.what() == kind::pointer)
    return a.as_pointer().target == b.as_pointer().target;
  if (a.what() == kind::channel)
    return &a.as_channel() == &b.as_channel();
  constexpr int depth_max = 100;
  if (a.what() != kind::record || depth > depth_max)
    return not_comparable(a);
  for (std::size_t i = 0; i < a.as_record().fields.size(); ++i) {
    const auto same =
      identical(a.as_record().fields[i], b.as_record().fields[i], depth + 1);
    if (!same || !*same)
      return same;
  }
  return true;
}

bool deep_equal_maps(const map& a, const map& b, std::size_t& steps,
                     int depth) {
  if (a.nil != b.nil || a.entries.size() != b.entries.size())
    return false;
  auto other = b.entries.begin();
  for (const auto& [key, x] : a.entries) {
    if (!deep_equal(key, other->first, steps, depth + 1)
        || !deep_equal(x, other->second, steps, depth + 1))
      return false;
    ++other;
  }
  return true;
}

bool deep_equal_items(const std::vector<value>& a, const std::vector<value>& b,
                      std::size_t& steps, int depth) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!deep_equal(a[i], b[i], steps, depth + 1))
      return false;
  return true;
}

} // namespace

result<bool> equal(const value& boxed_a, const value& boxed_b) {
  const auto a = boxed_a.unbox();
  const auto b = boxed_b.unbox();
  const auto what = family_of(a);
  const auto other = family_of(b);
  if (what == family::integer && other == family::natural)
    return mixed_order(a.as_integer(), b.as_natural()) == 0;
  if (what == family::natural && other == family::integer)
    return mixed_order(b.as_integer(), a.as_natural()) == 0;
  if (what != other) {
    if (a.valid() && b.valid())
      return bad_comparison();
    return false;
  }
  if (what != family::none)
    return equal_scalars(a, b, what);
  if (a.valid() && b.valid() && a.what() != b.what()) {
    const std::array<value, 4> shown{a, value::text(type_name(a)),
                                     value::text(type_name(b)), b};
    return failure(
      print_formatted("non-comparable types %s: %v, %s: %v", shown));
  }
  if (is_nil(a) || is_nil(b))
    return is_nil(a) == is_nil(b);
  return identical(a, b, 0);
}

result<bool> less(const value& boxed_a, const value& boxed_b) {
  const auto a = boxed_a.unbox();
  const auto b = boxed_b.unbox();
  const auto what = family_of(a);
  const auto other = family_of(b);
  if (what == family::none || other == family::none)
    return failure("invalid type for comparison");
  if (what == family::integer && other == family::natural)
    return mixed_order(a.as_integer(), b.as_natural()) < 0;
  if (what == family::natural && other == family::integer)
    return mixed_order(b.as_integer(), a.as_natural()) > 0;
  if (what != other)
    return bad_comparison();
  switch (what) {
    case family::integer: return a.as_integer() < b.as_integer();
    case family::natural: return a.as_natural() < b.as_natural();
    case family::real: return a.as_real() < b.as_real();
    case family::text: return a.as_text() < b.as_text();
    default: return failure("invalid type for comparison");
  }
}

bool deep_equal(const value& a, const value& b, std::size_t& steps, int depth) {
  constexpr int depth_max = 100;
  if (steps == 0 || depth > depth_max)
    return false;
  --steps;
  if (!a.valid() || !b.valid())
    return a.valid() == b.valid();
  if (type_name(a) != type_name(b))
    return false;
  switch (a.what()) {
    case kind::list:
      return a.as_list().nil == b.as_list().nil
             && deep_equal_items(a.as_list().items, b.as_list().items, steps,
                                 depth);
    case kind::map:
      return deep_equal_maps(a.as_map(), b.as_map(), steps, depth);
    case kind::record:
      return deep_equal_items(a.as_record().fields, b.as_record().fields, steps,
                              depth);
    case kind::pointer: {
      const auto& x = a.as_pointer().target;
      const auto& y = b.as_pointer().target;
      return x == y || (x && y && deep_equal(*x, *y, steps, depth + 1));
    }
    case kind::channel: return &a.as_channel() == &b.as_channel();
    case kind::function: return false;
    default: return equal_scalars(a, b, family_of(a));
  }
}

} // namespace praetor::templates
