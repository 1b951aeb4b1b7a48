#include "actors/template/core/value.hpp"

#include "actors/template/core/function.hpp"
#include "runtime/base/assert.hpp"

#include <array>
#include <compare>
#include <utility>

namespace praetor::templates {

namespace {

struct scalar_row {
  kind what;
  std::string_view name;
};

constexpr std::array<scalar_row, 16> scalars = {{
  {kind::boolean, "bool"},
  {kind::int_, "int"},
  {kind::int8, "int8"},
  {kind::int16, "int16"},
  {kind::int32, "int32"},
  {kind::int64, "int64"},
  {kind::uint, "uint"},
  {kind::uint8, "uint8"},
  {kind::uint16, "uint16"},
  {kind::uint32, "uint32"},
  {kind::uint64, "uint64"},
  {kind::float32, "float32"},
  {kind::float64, "float64"},
  {kind::complex128, "complex128"},
  {kind::text, "string"},
  {kind::raw, "reflect.Value"},
}};

type_ref plain_type(kind what, std::string_view name) {
  auto x = std::make_shared<type>();
  x->what = what;
  x->name = name;
  return x;
}

/// The types of scalars, by kind; made once.
const type_ref& scalar_type(kind what) {
  static const auto all = [] {
    std::map<kind, type_ref> types;
    for (const auto& row : scalars)
      types[row.what] = plain_type(row.what, row.name);
    types[kind::any] = plain_type(kind::any, "interface {}");
    types[kind::invalid] = plain_type(kind::invalid, "<nil>");
    return types;
  }();
  return all.at(what);
}

type_ref container_type(kind what, std::string name, type_ref element,
                        type_ref key = nullptr) {
  auto x = std::make_shared<type>();
  x->what = what;
  x->name = std::move(name);
  x->element = std::move(element);
  x->key = std::move(key);
  return x;
}

/// Splits "K]V" of "map[K]V" at the bracket that closes the key.
std::size_t closing_bracket(std::string_view text) {
  int open = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    open += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
    if (open == 0)
      return i;
  }
  return text.size();
}

template <class T>
int order_of(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int real_order(double a, double b) {
  const bool a_is_nan = a != a;
  const bool b_is_nan = b != b;
  if (a_is_nan || b_is_nan)
    return a_is_nan == b_is_nan ? 0 : a_is_nan ? -1 : 1;
  return order_of(a, b);
}

int order_within_kind(const value& a, const value& b) {
  switch (a.what()) {
    case kind::boolean: return order_of(a.as_boolean(), b.as_boolean());
    case kind::text: return order_of(a.as_text(), b.as_text());
    case kind::float32:
    case kind::float64: return real_order(a.as_real(), b.as_real());
    default: break;
  }
  if (is_signed(a.what()))
    return order_of(a.as_integer(), b.as_integer());
  if (is_unsigned(a.what()))
    return order_of(a.as_natural(), b.as_natural());
  return 0;
}

bool is_container(const value& x) {
  switch (x.what()) {
    case kind::list:
    case kind::map:
    case kind::record:
    case kind::pointer: return true;
    default: return false;
  }
}

/// Destroys a value without recursion: containers inside containers queue up,
/// so that no depth of nesting can exhaust the stack.
void retire(value&& x) {
  if (!is_container(x))
    return;
  thread_local std::vector<value> pending;
  thread_local bool draining = false;
  pending.push_back(std::move(x));
  if (draining)
    return;
  draining = true;
  while (!pending.empty()) {
    const auto last = std::move(pending.back());
    pending.pop_back();
  }
  draining = false;
}

} // namespace

// -- types -------------------------------------------------------------------

type_ref type_named(std::string_view name) {
  if (name == "any" || name == "interface {}" || name == "interface{}")
    return scalar_type(kind::any);
  for (const auto& row : scalars)
    if (row.name == name)
      return scalar_type(row.what);
  if (name.starts_with("[]")) {
    auto element = type_named(name.substr(2));
    auto full = "[]" + element->name;
    return container_type(kind::list, std::move(full), std::move(element));
  }
  if (name.starts_with("*")) {
    auto element = type_named(name.substr(1));
    auto full = "*" + element->name;
    return container_type(kind::pointer, std::move(full), std::move(element));
  }
  if (name.starts_with("<-chan ")) {
    auto element = type_named(name.substr(7));
    auto full = "<-chan " + element->name;
    return container_type(kind::channel, std::move(full), std::move(element));
  }
  if (name.starts_with("map[")) {
    name.remove_prefix(4);
    const auto end = closing_bracket(name);
    auto key = type_named(name.substr(0, end));
    auto element = type_named(name.substr(std::min(end + 1, name.size())));
    auto full = "map[" + key->name + "]" + element->name;
    return container_type(kind::map, std::move(full), std::move(element),
                          std::move(key));
  }
  auto x = std::make_shared<type>();
  x->what = name.starts_with("func(") ? kind::function : kind::record;
  x->name = name;
  x->named = true;
  return x;
}

bool assignable(const type& from, const type& to) {
  if (to.what == kind::any || to.what == kind::raw || from.name == to.name)
    return true;
  if (from.what != to.what || (from.named && to.named))
    return false;
  switch (from.what) {
    case kind::list:
    case kind::channel: return from.element->name == to.element->name;
    case kind::map:
      return from.key->name == to.key->name
             && from.element->name == to.element->name;
    default: return false;
  }
}

bool can_be_nil(const type& x) {
  switch (x.what) {
    case kind::list:
    case kind::map:
    case kind::pointer:
    case kind::function:
    case kind::channel:
    case kind::any:
    case kind::raw: return true;
    default: return false;
  }
}

// -- values ------------------------------------------------------------------

value value::boolean(bool x) {
  return {kind::boolean, x};
}

value value::integer(std::int64_t x, kind k) {
  PRAETOR_ASSERT(is_signed(k));
  return {k, x};
}

value value::natural(std::uint64_t x, kind k) {
  PRAETOR_ASSERT(is_unsigned(k));
  return {k, x};
}

value value::real(double x, kind k) {
  PRAETOR_ASSERT(is_real(k));
  return {k, x};
}

value value::complex(std::complex<double> x) {
  return {kind::complex128, std::make_shared<const std::complex<double>>(x)};
}

value value::text(std::string x) {
  return {kind::text, std::make_shared<const std::string>(std::move(x))};
}

value value::of(std::shared_ptr<templates::list> x) {
  return {kind::list, std::move(x)};
}

value value::of(std::shared_ptr<templates::map> x) {
  return {kind::map, std::move(x)};
}

value value::of(std::shared_ptr<templates::record> x) {
  return {kind::record, std::move(x)};
}

value value::of(std::shared_ptr<templates::pointer> x) {
  return {kind::pointer, std::move(x)};
}

value value::of(std::shared_ptr<templates::channel> x) {
  return {kind::channel, std::move(x)};
}

value value::of(const templates::function* x) {
  return {kind::function, x};
}

value value::box() const {
  auto x = *this;
  x.boxed_ = true;
  return x;
}

value value::unbox() const {
  auto x = *this;
  x.boxed_ = false;
  return x;
}

bool key_order::operator()(const value& a, const value& b) const {
  if (a.what() != b.what())
    return a.what() < b.what();
  return order_within_kind(a, b) < 0;
}

list::~list() {
  for (auto& x : items)
    retire(std::move(x));
}

map::~map() {
  for (auto& [key, x] : entries)
    retire(std::move(x));
}

record::~record() {
  for (auto& x : fields)
    retire(std::move(x));
}

type_ref type_of(const value& x) {
  if (x.boxed())
    return scalar_type(kind::any);
  switch (x.what()) {
    case kind::list: return x.as_list().what;
    case kind::map: return x.as_map().what;
    case kind::record: return x.as_record().what;
    case kind::pointer: return x.as_pointer().what;
    case kind::channel: return x.as_channel().what;
    case kind::function: return type_named(x.as_function().signature);
    default: return scalar_type(x.what());
  }
}

std::string type_name(const value& x) {
  return type_of(x.unbox())->name;
}

value zero_of(const type_ref& x) {
  switch (x->what) {
    case kind::boolean: return value::boolean(false);
    case kind::float32:
    case kind::float64: return value::real(0, x->what);
    case kind::complex128: return value::complex(0);
    case kind::text: return value::text({});
    case kind::list: {
      auto nil = std::make_shared<list>();
      nil->what = x;
      nil->nil = true;
      return value::of(std::move(nil));
    }
    case kind::map: {
      auto nil = std::make_shared<map>();
      nil->what = x;
      nil->nil = true;
      return value::of(std::move(nil));
    }
    case kind::record: {
      std::vector<value> fields;
      for (const auto& f : x->fields)
        fields.push_back(zero_of(f.what));
      return make_record(x, std::move(fields));
    }
    case kind::pointer: return make_nil_pointer(x);
    case kind::any: return value{}.box();
    default: break;
  }
  if (is_signed(x->what))
    return value::integer(0, x->what);
  if (is_unsigned(x->what))
    return value::natural(0, x->what);
  return {};
}

value element_of(const type& declared, const value& x) {
  return declared.what == kind::any ? x.box() : x;
}

followed indirect(const value& x) {
  auto at = x;
  while (at.what() == kind::pointer) {
    const auto& target = at.as_pointer().target;
    if (!target)
      return {at.unbox(), true};
    at = element_of(*at.as_pointer().what->element, *target);
  }
  if (at.nil_interface())
    return {at, true};
  return {at.unbox(), false};
}

bool is_true(const value& x) {
  switch (x.what()) {
    case kind::invalid: return false;
    case kind::boolean: return x.as_boolean();
    case kind::text: return !x.as_text().empty();
    case kind::list: return !x.as_list().items.empty();
    case kind::map: return !x.as_map().entries.empty();
    case kind::pointer: return x.as_pointer().target != nullptr;
    case kind::float32:
    case kind::float64: return x.as_real() != 0;
    case kind::complex128: return x.as_complex() != std::complex<double>{};
    default: break;
  }
  if (is_signed(x.what()))
    return x.as_integer() != 0;
  if (is_unsigned(x.what()))
    return x.as_natural() != 0;
  return true;
}

bool is_nil(const value& x) {
  switch (x.what()) {
    case kind::invalid: return true;
    case kind::list: return x.as_list().nil;
    case kind::map: return x.as_map().nil;
    case kind::pointer: return x.as_pointer().target == nullptr;
    default: return false;
  }
}

int field_index(const type& record_type, std::string_view name) {
  for (std::size_t i = 0; i < record_type.fields.size(); ++i)
    if (record_type.fields[i].name == name)
      return static_cast<int>(i);
  return -1;
}

const function* find_method(const value& x, std::string_view name) {
  const type* at = nullptr;
  if (x.what() == kind::record)
    at = x.as_record().what.get();
  else if (x.what() == kind::pointer)
    at = x.as_pointer().what->element.get();
  if (at != nullptr)
    for (const auto* method : at->methods)
      if (method->name == name)
        return method;
  return nullptr;
}

// -- making containers -------------------------------------------------------

value make_list(const type_ref& list_type, std::vector<value> items) {
  auto x = std::make_shared<list>();
  x->what = list_type;
  x->items = std::move(items);
  return value::of(std::move(x));
}

value make_texts(std::vector<std::string> items) {
  static const auto texts = type_named("[]string");
  std::vector<value> values;
  values.reserve(items.size());
  for (auto& item : items)
    values.push_back(value::text(std::move(item)));
  return make_list(texts, std::move(values));
}

value make_any_list(std::vector<value> items) {
  static const auto anything = type_named("[]interface {}");
  return make_list(anything, std::move(items));
}

value make_map(const type_ref& map_type) {
  auto x = std::make_shared<map>();
  x->what = map_type;
  return value::of(std::move(x));
}

value make_any_map() {
  static const auto anything = type_named("map[string]interface {}");
  return make_map(anything);
}

value make_record(const type_ref& record_type, std::vector<value> fields) {
  PRAETOR_ASSERT(fields.size() == record_type->fields.size());
  auto x = std::make_shared<record>();
  x->what = record_type;
  x->fields = std::move(fields);
  return value::of(std::move(x));
}

namespace {

/// The type "*T", of which there is one for each record that is pointed at.
type_ref pointer_to(const type_ref& element) {
  return container_type(kind::pointer, "*" + element->name, element);
}

} // namespace

value make_pointer(value target, const type_ref& pointer_type) {
  auto x = std::make_shared<pointer>();
  x->what = pointer_type ? pointer_type : pointer_to(type_of(target));
  x->target = std::make_shared<value>(std::move(target));
  return value::of(std::move(x));
}

value make_nil_pointer(const type_ref& pointer_type) {
  auto x = std::make_shared<pointer>();
  x->what = pointer_type;
  return value::of(std::move(x));
}

void put(const value& m, std::string key, value x) {
  m.as_map().entries.insert_or_assign(value::text(std::move(key)),
                                      std::move(x));
}

const value* find(const value& m, std::string_view key) {
  const auto& entries = m.as_map().entries;
  const auto i = entries.find(value::text(std::string{key}));
  return i == entries.end() ? nullptr : &i->second;
}

} // namespace praetor::templates
