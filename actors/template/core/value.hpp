// The values of the template language: dynamically typed, as Go's reflection
// shows them to text/template. Pure.
//
// A value knows its kind; lists, maps, records and pointers also know their
// Go type, because error texts, printing and argument rules depend on it.
// Copies are cheap: texts and containers are shared. Only maps change after
// they were made (`scratch` and a few functions write into them).
//
// "Boxed" means: taken out of a place whose static type is `interface {}`.
// A boxed value without content is a nil interface; an unboxed one is what Go
// calls the invalid value (a missing key, or no data at all).
//
// Source: Go 1.19, packages reflect and text/template.

#pragma once

#include <complex>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace praetor::templates {

enum class kind : std::uint8_t {
  invalid,
  boolean,
  int_,
  int8,
  int16,
  int32,
  int64,
  uint,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  complex128,
  text,
  list,
  map,
  record,
  pointer,
  function,
  channel,
  any, ///< only of types: `interface {}`
  raw, ///< only of parameters: takes values as they are, boxed or missing
};

constexpr bool is_signed(kind x) {
  return x >= kind::int_ && x <= kind::int64;
}

constexpr bool is_unsigned(kind x) {
  return x >= kind::uint && x <= kind::uint64;
}

constexpr bool is_integer(kind x) {
  return is_signed(x) || is_unsigned(x);
}

constexpr bool is_real(kind x) {
  return x == kind::float32 || x == kind::float64;
}

struct channel;
struct function;
struct list;
struct map;
struct pointer;
struct record;
struct type;
class value;

using type_ref = std::shared_ptr<const type>;

struct field {
  std::string name;
  type_ref what;
};

/// A Go type. Two types are the same if their names are.
struct type {
  kind what = kind::any;
  std::string name = "interface {}";
  type_ref key;                         ///< of a map
  type_ref element;                     ///< of a list, map, pointer or channel
  std::vector<field> fields;            ///< of a record, in Go's order
  std::vector<const function*> methods; ///< take the receiver as argument 0
  /// What `String()` or `Error()` returns; null if the type has neither.
  std::string (*display)(const record&) = nullptr;
  bool named = false; ///< its name is not made of other types' names
};

/// Returns the type that Go writes as `name`: "[]string", "map[string]int",
/// "*dependency.KeyPair", ... Names of records stand for records of that name.
type_ref type_named(std::string_view name);

/// Whether a value of type `from` may be stored where `to` is declared.
bool assignable(const type& from, const type& to);

/// Whether nil is a value of this type.
bool can_be_nil(const type& x);

class value {
public:
  value() = default;

  static value boolean(bool x);
  static value integer(std::int64_t x, kind k = kind::int_);
  static value natural(std::uint64_t x, kind k = kind::uint64);
  static value real(double x, kind k = kind::float64);
  static value complex(std::complex<double> x);
  static value text(std::string x);
  static value of(std::shared_ptr<templates::list> x);
  static value of(std::shared_ptr<templates::map> x);
  static value of(std::shared_ptr<templates::record> x);
  static value of(std::shared_ptr<templates::pointer> x);
  static value of(std::shared_ptr<templates::channel> x);
  /// @pre `x` outlives the value (functions are static tables).
  static value of(const templates::function* x);

  kind what() const { return kind_; }

  /// Whether there is content.
  bool valid() const { return kind_ != kind::invalid; }

  bool boxed() const { return boxed_; }

  /// Whether this is an interface that holds nothing.
  bool nil_interface() const { return boxed_ && !valid(); }

  /// The same content in or out of a place of type `interface {}`.
  value box() const;
  value unbox() const;

  // Each @pre: `what()` is of that kind.
  bool as_boolean() const { return std::get<bool>(data_); }
  std::int64_t as_integer() const { return std::get<std::int64_t>(data_); }
  std::uint64_t as_natural() const { return std::get<std::uint64_t>(data_); }
  double as_real() const { return std::get<double>(data_); }
  std::complex<double> as_complex() const {
    return *std::get<std::shared_ptr<const std::complex<double>>>(data_);
  }
  const std::string& as_text() const {
    return *std::get<std::shared_ptr<const std::string>>(data_);
  }
  const templates::list& as_list() const { return *list_ref(); }
  templates::map& as_map() const { return *map_ref(); }
  const templates::record& as_record() const { return *record_ref(); }
  const templates::pointer& as_pointer() const {
    return *std::get<std::shared_ptr<templates::pointer>>(data_);
  }
  templates::channel& as_channel() const {
    return *std::get<std::shared_ptr<templates::channel>>(data_);
  }
  const templates::function& as_function() const {
    return *std::get<const templates::function*>(data_);
  }
  const std::shared_ptr<templates::list>& list_ref() const {
    return std::get<std::shared_ptr<templates::list>>(data_);
  }
  const std::shared_ptr<templates::map>& map_ref() const {
    return std::get<std::shared_ptr<templates::map>>(data_);
  }
  const std::shared_ptr<templates::record>& record_ref() const {
    return std::get<std::shared_ptr<templates::record>>(data_);
  }

private:
  template <class T>
  value(kind k, T x) : data_{std::move(x)}, kind_{k} {}

  std::variant<
    std::monostate, bool, std::int64_t, std::uint64_t, double,
    std::shared_ptr<const std::complex<double>>,
    std::shared_ptr<const std::string>, std::shared_ptr<templates::list>,
    std::shared_ptr<templates::map>, std::shared_ptr<templates::record>,
    std::shared_ptr<templates::pointer>, std::shared_ptr<templates::channel>,
    const templates::function*>
    data_;
  kind kind_ = kind::invalid;
  bool boxed_ = false;
};

/// Go's order of map keys: by kind, then by value.
struct key_order {
  bool operator()(const value& a, const value& b) const;
};

struct list {
  type_ref what;
  std::vector<value> items; ///< unboxed; `element_of` boxes them as needed
  bool nil = false;

  ~list();
};

struct map {
  type_ref what;
  std::map<value, value, key_order> entries;
  bool nil = false;

  ~map();
};

struct record {
  type_ref what;
  std::vector<value> fields; ///< as many as the type has

  ~record();
};

struct pointer {
  type_ref what;
  std::shared_ptr<value> target; ///< null is Go's nil
};

/// What `loop` returns: counts from `next` up to `stop`, once.
struct channel {
  type_ref what;
  std::int64_t next = 0;
  std::int64_t stop = 0;
};

/// Returns the type of a value, `interface {}` for boxed ones.
/// @pre `x.valid() || x.boxed()`
type_ref type_of(const value& x);

/// Returns the name of the content's type; "<nil>" if there is none.
std::string type_name(const value& x);

/// Returns what Go calls the zero value of a type.
value zero_of(const type_ref& x);

/// Returns a value as it comes out of a place declared with `declared`.
value element_of(const type& declared, const value& x);

/// Follows pointers and interfaces to the end; `nil` says that it met a nil.
struct followed {
  value end;
  bool nil = false;
};
followed indirect(const value& x);

/// Whether `if` takes its first branch.
bool is_true(const value& x);

/// Whether this is the nil of a type that has one, or nothing at all.
bool is_nil(const value& x);

/// Returns the index of a field, or -1.
int field_index(const type& record_type, std::string_view name);

/// Returns a method of a record or of a pointer to one; null if there is none.
const function* find_method(const value& x, std::string_view name);

// -- making containers -------------------------------------------------------

value make_list(const type_ref& list_type, std::vector<value> items);
value make_texts(std::vector<std::string> items); ///< []string
value make_any_list(std::vector<value> items);    ///< []interface {}
value make_map(const type_ref& map_type);         ///< empty, not nil
value make_any_map();                             ///< map[string]interface {}
value make_record(const type_ref& record_type, std::vector<value> fields);
/// Of the given pointer type, or of *T if that is null.
value make_pointer(value target, const type_ref& pointer_type = nullptr);
value make_nil_pointer(const type_ref& pointer_type);

/// Stores a member under a text key. @pre `m` is a map with text keys.
void put(const value& m, std::string key, value x);

/// Returns the member under a text key; null if there is none.
const value* find(const value& m, std::string_view key);

} // namespace praetor::templates
