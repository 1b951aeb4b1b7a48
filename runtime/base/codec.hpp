// The one binary encoding: what is on disk and between nodes.
//
// A type is encodable if it is arithmetic, bool, an enum, string, vector, map,
// set, optional, pair, variant of such, or a struct with
//
//   template <class Inspector>
//   auto inspect(Inspector& f, my_type& x) { return f(x.a, x.b); }
//
// Format: unsigned integers and lengths as LEB128 varints, signed ones zigzag
// first, double as 8 bytes little endian, containers as count then elements,
// optional as 0/1 then value, variant as index then value. Fields follow each
// other without tags, so a change of fields needs a new version of the message.
//
// Decoding is total: any bytes give either a value or an error, memory stays
// proportional to the input, and recursion is limited.

#pragma once

#include "runtime/base/result.hpp"

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace praetor {

/// Appends values to a string.
class encoder {
public:
  /// @pre `out` outlives the encoder.
  explicit encoder(std::string& out) : out_{out} {}

  /// Appends all values in order. Never fails.
  template <class... Ts>
  bool operator()(const Ts&... xs) {
    (put(xs), ...);
    return true;
  }

  void put_varint(std::uint64_t x) {
    while (x >= 0x80) {
      out_.push_back(static_cast<char>(x | 0x80U));
      x >>= 7U;
    }
    out_.push_back(static_cast<char>(x));
  }

private:
  template <class T>
  void put(const T& x) {
    if constexpr (std::is_same_v<T, double>) {
      put_fixed(std::bit_cast<std::uint64_t>(x));
    } else if constexpr (std::is_enum_v<T>) {
      put_varint(static_cast<std::uint64_t>(x));
    } else if constexpr (std::is_unsigned_v<T>) { // includes bool
      put_varint(x);
    } else if constexpr (std::is_signed_v<T>) {
      const auto wide = static_cast<std::int64_t>(x);
      put_varint((static_cast<std::uint64_t>(wide) << 1U)
                 ^ static_cast<std::uint64_t>(wide >> 63));
    } else {
      // Inspectors take non-const references; encoding does not modify.
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
      inspect(*this, const_cast<T&>(x));
    }
  }

  void put(const std::string& x) {
    put_varint(x.size());
    out_.append(x);
  }

  void put(std::monostate) {}

  void put(std::chrono::nanoseconds x) { put(x.count()); }

  template <class T>
  void put(const std::vector<T>& xs) {
    put_all(xs);
  }

  template <class T>
  void put(const std::set<T>& xs) {
    put_all(xs);
  }

  template <class K, class V, class C>
  void put(const std::map<K, V, C>& xs) {
    put_all(xs);
  }

  template <class A, class B>
  void put(const std::pair<A, B>& x) {
    (*this)(x.first, x.second);
  }

  template <class T>
  void put(const std::optional<T>& x) {
    put_varint(x ? 1 : 0);
    if (x)
      put(*x);
  }

  template <class... Ts>
  void put(const std::variant<Ts...>& x) {
    put_varint(x.index());
    std::visit([this](const auto& value) { put(value); }, x);
  }

  template <class Container>
  void put_all(const Container& xs) {
    put_varint(xs.size());
    for (const auto& x : xs)
      put(x);
  }

  void put_fixed(std::uint64_t x) {
    for (auto i = 0U; i < 8; ++i)
      out_.push_back(static_cast<char>(x >> (8 * i)));
  }

  std::string& out_;
};

/// Reads values from bytes; stops at the first error and stays failed.
class decoder {
public:
  /// How deep structs and containers may nest.
  static constexpr int depth_max = 32;

  explicit decoder(std::string_view in) : in_{in} {}

  /// Reads all values in order. Returns whether everything was well-formed.
  template <class... Ts>
  bool operator()(Ts&... xs) {
    (get(xs), ...);
    return ok_;
  }

  /// What has not been read yet.
  std::string_view rest() const { return in_; }

  bool failed() const { return !ok_; }

  std::uint64_t get_varint() {
    std::uint64_t x = 0;
    for (auto shift = 0U; shift < 64; shift += 7) {
      if (in_.empty())
        break;
      const auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      if (shift == 63 && byte > 1)
        break;
      x |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80)
        return x;
    }
    fail();
    return 0;
  }

private:
  void fail() {
    ok_ = false;
    in_ = {};
  }

  template <class T>
  void get(T& x) {
    if constexpr (std::is_same_v<T, double>) {
      x = std::bit_cast<double>(get_fixed());
    } else if constexpr (std::is_same_v<T, bool>) {
      const auto raw = get_varint();
      if (raw > 1)
        fail();
      x = raw == 1;
    } else if constexpr (std::is_enum_v<T>) {
      get_number<std::underlying_type_t<T>>(x);
    } else if constexpr (std::is_unsigned_v<T>) {
      get_number<T>(x);
    } else if constexpr (std::is_signed_v<T>) {
      const auto raw = get_varint();
      const auto wide = static_cast<std::int64_t>(raw >> 1U)
                        ^ -static_cast<std::int64_t>(raw & 1U);
      x = static_cast<T>(wide);
      if (static_cast<std::int64_t>(x) != wide)
        fail();
    } else {
      if (++depth_ > depth_max)
        fail();
      else
        inspect(*this, x);
      --depth_;
    }
  }

  template <class Underlying, class T>
  void get_number(T& x) {
    const auto raw = get_varint();
    if (raw > static_cast<std::uint64_t>(
          static_cast<std::make_unsigned_t<Underlying>>(-1)))
      fail();
    x = static_cast<T>(static_cast<Underlying>(raw));
  }

  void get(std::string& x) {
    const auto size = get_varint();
    if (size > in_.size())
      return fail();
    x.assign(in_.substr(0, size));
    in_.remove_prefix(size);
  }

  void get(std::monostate&) {}

  void get(std::chrono::nanoseconds& x) {
    std::int64_t count = 0;
    get(count);
    x = std::chrono::nanoseconds{count};
  }

  template <class T>
  void get(std::vector<T>& xs) {
    xs.clear();
    for (auto left = get_count(); left > 0 && ok_; --left)
      get(xs.emplace_back());
  }

  template <class T>
  void get(std::set<T>& xs) {
    xs.clear();
    for (auto left = get_count(); left > 0 && ok_; --left) {
      T x{};
      get(x);
      xs.insert(std::move(x));
    }
  }

  template <class K, class V, class C>
  void get(std::map<K, V, C>& xs) {
    xs.clear();
    for (auto left = get_count(); left > 0 && ok_; --left) {
      std::pair<K, V> x{};
      get(x);
      xs.insert(std::move(x));
    }
  }

  template <class A, class B>
  void get(std::pair<A, B>& x) {
    (*this)(x.first, x.second);
  }

  template <class T>
  void get(std::optional<T>& x) {
    x.reset();
    const auto present = get_varint();
    if (present > 1)
      return fail();
    if (present == 1)
      get(x.emplace());
  }

  template <class... Ts>
  void get(std::variant<Ts...>& x) {
    if (!get_alternative(x, get_varint(), std::index_sequence_for<Ts...>{}))
      fail();
  }

  template <class Variant, std::size_t... Is>
  bool get_alternative(Variant& x, std::uint64_t index,
                       std::index_sequence<Is...>) {
    return ((index == Is && (get(x.template emplace<Is>()), true)) || ...);
  }

  /// An element takes at least one byte, so a count cannot exceed the input.
  /// (Empty structs as elements are not supported for this reason.)
  std::uint64_t get_count() {
    const auto count = get_varint();
    if (count > in_.size()) {
      fail();
      return 0;
    }
    return count;
  }

  std::uint64_t get_fixed() {
    if (in_.size() < 8) {
      fail();
      return 0;
    }
    std::uint64_t x = 0;
    for (auto i = 0U; i < 8; ++i)
      x |= static_cast<std::uint64_t>(static_cast<unsigned char>(in_[i]))
           << (8 * i);
    in_.remove_prefix(8);
    return x;
  }

  std::string_view in_;
  int depth_ = 0;
  bool ok_ = true;
};

/// Returns the encoding of all values, one after the other.
template <class... Ts>
std::string encode(const Ts&... xs) {
  std::string out;
  encoder f{out};
  f(xs...);
  return out;
}

/// Decodes one value that fills `in` exactly. Errors: corruption.
template <class T>
result<T> decode(std::string_view in) {
  decoder f{in};
  T x{};
  if (!f(x) || !f.rest().empty())
    return error{errc::corruption, "bytes do not decode"};
  return x;
}

} // namespace praetor
