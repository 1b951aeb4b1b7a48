// Turns a value tree into typed structs, guided by tables of fields, and says
// in Consul's words what does not fit. Reusable: whoever has a block of its own
// writes one table.
//
//   struct point { int x = 0; string_list names; };
//   inline constexpr field<point> point_fields[] = {
//     bind<&point::x>("x"), bind<&point::names>("names")};
//   inline std::span<const field<point>> fields_of(const point*) {
//     return point_fields;
//   }
//   decoder in{source_info{.name = "a.hcl"}, found};
//   in.read(tree, some_point);
//
// Keys match without regard to case. A value overwrites, a list appends, a map
// merges, a struct is merged by field: decoding several sources into one
// struct in order is all that merging takes. Pure.

#pragma once

#include "runtime/base/time.hpp"
#include "runtime/config/value.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace praetor::config {

/// What a source has wrong, in the order of the source.
struct findings {
  /// `invalid config key x`
  std::vector<std::string> unknown_keys;
  /// `'x' expected type 'bool', got unconvertible type 'int'`
  std::vector<std::string> wrong_types;
  /// `x: invalid duration: ...`; reported after all sources are read.
  std::vector<std::string> bad_values;
  std::vector<std::string> warnings;
};

/// Says of a key such as "ports.grpc" whether this version does nothing with
/// it; list indexes are left out of the key.
using unsupported_predicate = bool (*)(std::string_view key);

struct source_info {
  /// A file's path, for texts.
  std::string name;
  /// JSON has no blocks and one type of number, which shows in error texts.
  bool json = false;
  unsupported_predicate unsupported = nullptr;
};

class decoder;

/// One key of a struct `T`. Make them with bind().
template <class T>
struct field {
  std::string_view key;
  void (*read)(decoder&, const value&, T&);
  /// Another name of the key; lower case.
  std::string_view alias = {};
  /// Whether the key may be repeated within one object of a HCL file.
  bool repeatable = false;
  /// Whether a second value of the key replaces the first.
  bool replaces = false;
  /// Whether `after` differs from `before` in this field; null for structs.
  bool (*differs)(const T& before, const T& after) = nullptr;
};

namespace detail {

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;

template <class T>
concept record = requires(const T* x) {
  fields_of(x);
};

template <class T>
struct member_of;
template <class T, class M>
struct member_of<M T::*> {
  using owner = T;
  using type = M;
};

} // namespace detail

class decoder {
public:
  /// @pre both outlive the decoder
  decoder(const source_info& source, findings& found)
    : source_{source}, found_{found} {}

  void read(const value& x, bool& out);
  void read(const value& x, int& out);
  void read(const value& x, unsigned& out);
  void read(const value& x, std::uint64_t& out);
  void read(const value& x, double& out);
  void read(const value& x, std::string& out);
  void read(const value& x, duration& out);

  /// Keeps the value as it is.
  void read(const value& x, value& out) { out = x; }

  template <class T>
  void read(const value& x, std::optional<T>& out) {
    if (!out)
      out.emplace();
    read(x, *out);
  }

  /// Appends.
  template <class T>
  void read(const value& x, std::vector<T>& out) {
    if (detail::record<T> && !source_.json && x.as<value_object>() != nullptr)
      return read_item(x, 0, out); // a block is a list of one
    const auto* list = x.as<value_list>();
    if (list == nullptr)
      return not_a_list(x);
    for (std::size_t i = 0; i < list->size(); ++i)
      read_item((*list)[i], i, out);
  }

  /// Merges by key.
  template <class T>
  void read(const value& x, std::map<std::string, T>& out) {
    const auto* object = object_of(x);
    if (object == nullptr)
      return;
    for (const auto& entry : *object) {
      scope inside{*this, "[" + entry.key + "]"};
      T item{};
      read(entry.content, item);
      out.insert_or_assign(entry.key, std::move(item));
    }
  }

  /// Merges by field.
  template <detail::record T>
  void read(const value& x, T& out) {
    read_fields<T>(x, fields_of(&out), out);
  }

  /// Merges by field, with a table other than the type's own.
  template <class T>
  void read_fields(const value& x, std::span<const field<T>> table, T& out) {
    const auto* object = object_of(x);
    if (object == nullptr)
      return;
    std::vector<int> seen(table.size(), 0);
    for (const auto& entry : *object) {
      auto index = find(table, entry.key);
      if (index == table.size())
        unknown_key(entry, table);
      else
        read_field(entry, table[index], ++seen[index] > 1, out);
    }
  }

  /// Refuses what `x` says about the current key:
  /// "<key>: <reason> (<file>, line 1, column 2)".
  void bad_value(const value& x, std::string_view reason);

  /// Warns about the current key.
  void warn(position where, std::string_view text);

  /// Says where `x` comes from: "a.hcl, line 1, column 2".
  std::string place(position where) const;

private:
  /// Extends the path of keys as long as it lives.
  class scope {
  public:
    scope(decoder& owner, std::string_view step)
      : owner_{owner}, length_{owner.path_.size()} {
      if (!owner.path_.empty() && step[0] != '[')
        owner.path_.push_back('.');
      owner.path_.append(step);
    }

    ~scope() { owner_.path_.resize(length_); }

    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

  private:
    decoder& owner_;
    std::size_t length_;
  };

  template <class T>
  void read_item(const value& x, std::size_t index, std::vector<T>& out) {
    scope inside{*this, "[" + std::to_string(index) + "]"};
    T item{};
    read(x, item);
    out.push_back(std::move(item));
  }

  template <class T>
  static std::size_t find(std::span<const field<T>> fields,
                          std::string_view key) {
    std::size_t i = 0;
    while (i < fields.size() && !same_key(fields[i].key, key)
           && !(!fields[i].alias.empty() && same_key(fields[i].alias, key)))
      ++i;
    return i;
  }

  template <class T>
  void read_field(const member& entry, const field<T>& how, bool again,
                  T& out) {
    scope inside{*this, how.key};
    if (entry.content.as<std::monostate>() != nullptr)
      return; // JSON's null says nothing
    if (again && how.replaces)
      warn(entry.where, "is given again; the last value counts");
    else if (again && !how.repeatable)
      return repeated_block(entry.where);
    if (how.differs == nullptr || !is_unsupported())
      return how.read(*this, entry.content, out);
    const T before = out;
    how.read(*this, entry.content, out);
    if (how.differs(before, out))
      warn(entry.where, "is not supported by this version and has no effect");
  }

  template <class T>
  void unknown_key(const member& entry, std::span<const field<T>> table) {
    std::vector<std::string_view> keys;
    for (const auto& x : table)
      keys.push_back(x.key);
    unknown_key(entry, keys);
  }

  void unknown_key(const member& entry,
                   const std::vector<std::string_view>& valid_keys);

  static bool same_key(std::string_view a, std::string_view b);

  bool is_unsupported() const;

  /// Returns the only item of a list of one, else `x`: HCL cannot tell a block
  /// from a list of one block, and Consul lets any value be wrapped so.
  static const value& unwrap(const value& x);

  /// Returns the object, or nullptr after a complaint.
  const value_object* object_of(const value& x);

  /// Returns the whole number that `x` is, if it lies within the bounds.
  std::optional<std::int64_t> whole_number(const value& x,
                                           std::string_view expected,
                                           std::int64_t least,
                                           std::int64_t most);

  std::string go_type(const value& x) const;
  void wrong_type(const value& x, std::string_view expected);
  void not_a_list(const value& x);
  void repeated_block(position where);
  void add_wrong_type(position where, std::string text);

  source_info source_;
  findings& found_;
  std::string path_;
};

/// Makes the table row for a member, e.g. `bind<&settings::bootstrap>(...)`.
template <auto Member>
constexpr auto bind(std::string_view key, std::string_view alias = {}) {
  using owner = typename detail::member_of<decltype(Member)>::owner;
  using type = typename detail::member_of<decltype(Member)>::type;
  field<owner> out{};
  out.key = key;
  out.alias = alias;
  out.repeatable = detail::is_list<type> || detail::is_map<type>;
  out.read = [](decoder& in, const value& x, owner& to) {
    in.read(x, to.*Member);
  };
  if constexpr (!detail::record<type>) {
    out.replaces = !out.repeatable;
    out.differs = [](const owner& before, const owner& after) {
      return !(before.*Member == after.*Member);
    };
  }
  return out;
}

/// Makes the row for a key that belongs to a struct inside the struct, e.g.
/// `bind_in<&settings::tls, &tls_settings::ca_file>("ca_file")`.
template <auto Outer, auto Inner>
constexpr auto bind_in(std::string_view key) {
  using owner = typename detail::member_of<decltype(Outer)>::owner;
  field<owner> out{};
  out.key = key;
  out.replaces = true;
  out.read = [](decoder& in, const value& x, owner& to) {
    in.read(x, to.*Outer.*Inner);
  };
  out.differs = [](const owner& before, const owner& after) {
    return !(before.*Outer.*Inner == after.*Outer.*Inner);
  };
  return out;
}

} // namespace praetor::config
