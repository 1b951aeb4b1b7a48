#include "runtime/template/block_reader.hpp"

#include "runtime/base/text.hpp"
#include "runtime/config/go_flags.hpp"
#include "runtime/template/signal_names.hpp"

#include <charconv>
#include <limits>

namespace praetor::templates {

namespace {

using config::value;
using config::value_list;
using config::value_object;

constexpr int octal = 8;

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number out{};
  const auto* end = text.data() + text.size();
  const auto [last, code] = std::from_chars(text.data(), end, out, base);
  if (code != std::errc{} || last != end || text.empty())
    return std::nullopt;
  return out;
}

/// The values of a key: a list has several, anything else is one.
std::vector<const value*> items_of(const value& x) {
  std::vector<const value*> out;
  if (const auto* list = x.as<value_list>())
    for (const auto& item : *list)
      out.push_back(&item);
  else
    out.push_back(&x);
  return out;
}

} // namespace

const value* block_reader::find(std::string_view key) {
  known_.insert(to_lower(key));
  const value* out = nullptr;
  for (const auto& x : object_)
    if (equal_fold(x.key, key) && x.content.as<std::monostate>() == nullptr)
      out = &x.content;
  return out;
}

std::string block_reader::path_of(std::string_view key) const {
  return path_.empty() ? std::string{key} : path_ + "." + std::string{key};
}

void block_reader::refuse(std::string_view key, std::string_view reason) {
  found_.push_back("'" + path_of(key) + "' " + std::string{reason});
}

void block_reader::wrong_type(std::string_view key, std::string_view expected,
                              const value& x) {
  refuse(key, "expected type '" + std::string{expected}
                + "', got unconvertible type '"
                + std::string{config::type_name(x)} + "'");
}

void block_reader::read(std::string_view key, bool& out) {
  const auto* x = find(key);
  if (x == nullptr)
    return;
  const auto* text = x->as<std::string>();
  const auto* number = x->as<std::int64_t>();
  const auto parsed = text != nullptr ? parse_bool(*text) : std::nullopt;
  if (const auto* truth = x->as<bool>())
    out = *truth;
  else if (number != nullptr)
    out = *number != 0;
  else if (parsed)
    out = *parsed;
  else if (text != nullptr)
    refuse(key, "is not a boolean: " + config::go_quote(*text));
  else
    wrong_type(key, "bool", *x);
}

void block_reader::read(std::string_view key, std::optional<bool>& out) {
  bool truth = out.value_or(false);
  if (find(key) == nullptr)
    return;
  read(key, truth);
  out = truth;
}

void block_reader::read(std::string_view key, int& out) {
  const auto* x = find(key);
  if (x == nullptr)
    return;
  const auto* text = x->as<std::string>();
  const auto* number = x->as<std::int64_t>();
  const auto parsed = text != nullptr ? parse_number<int>(*text) : std::nullopt;
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  if (number != nullptr && *number >= -most && *number <= most)
    out = static_cast<int>(*number);
  else if (parsed)
    out = *parsed;
  else
    wrong_type(key, "int", *x);
}

void block_reader::read(std::string_view key, std::uint64_t& out) {
  const auto* x = find(key);
  if (x == nullptr)
    return;
  const auto* number = x->as<std::int64_t>();
  if (number != nullptr && *number >= 0)
    out = static_cast<std::uint64_t>(*number);
  else
    wrong_type(key, "uint", *x);
}

void block_reader::read(std::string_view key, duration& out) {
  const auto* x = find(key);
  if (x == nullptr)
    return;
  if (const auto* number = x->as<std::int64_t>()) {
    out = duration{*number};
    return;
  }
  const auto* text = x->as<std::string>();
  if (text == nullptr)
    return wrong_type(key, "time.Duration", *x);
  const auto span = parse_duration(*text);
  if (span)
    out = *span;
  else
    found_.push_back("error decoding '" + path_of(key)
                     + "': " + span.error().context);
}

void block_reader::read(std::string_view key, std::optional<duration>& out) {
  duration span = out.value_or(duration::zero());
  if (find(key) == nullptr)
    return;
  read(key, span);
  out = span;
}

std::optional<std::string> block_reader::text_of(std::string_view key,
                                                 const value& x) {
  if (const auto* text = x.as<std::string>())
    return *text;
  if (const auto* number = x.as<std::int64_t>())
    return std::to_string(*number);
  if (const auto* truth = x.as<bool>())
    return *truth ? "1" : "0";
  wrong_type(key, "string", x);
  return std::nullopt;
}

void block_reader::read(std::string_view key, std::string& out) {
  if (const auto* x = find(key))
    if (auto text = text_of(key, *x))
      out = std::move(*text);
}

void block_reader::read(std::string_view key, std::optional<std::string>& out) {
  if (const auto* x = find(key))
    if (auto text = text_of(key, *x))
      out = std::move(*text);
}

void block_reader::read(std::string_view key, std::vector<std::string>& out) {
  if (const auto* x = find(key))
    for (const auto* item : items_of(*x))
      if (auto text = text_of(key, *item))
        out.push_back(std::move(*text));
}

void block_reader::read_words(std::string_view key,
                              std::vector<std::string>& out) {
  if (find(key) == nullptr)
    return;
  out.clear();
  read(key, out);
  if (out.size() == 1 && out.front().empty())
    out.clear();
}

void block_reader::read_signal(std::string_view key, int& out) {
  const auto* x = find(key);
  if (x == nullptr)
    return;
  const auto name = text_of(key, *x);
  const auto number = signal_number(name.value_or(""));
  if (number)
    out = *number;
  else
    found_.push_back("error decoding '" + path_of(key)
                     + "': " + number.error().context);
}

void block_reader::read_mode(std::string_view key,
                             std::optional<unsigned>& out) {
  const auto* x = find(key);
  if (x == nullptr)
    return;
  const auto* number = x->as<std::int64_t>();
  const auto* text = x->as<std::string>();
  const auto parsed =
    text != nullptr ? parse_number<unsigned>(*text, octal) : std::nullopt;
  constexpr unsigned mode_max = 07777;
  if (number != nullptr && *number >= 0 && *number <= mode_max)
    out = static_cast<unsigned>(*number);
  else if (parsed && *parsed <= mode_max)
    out = *parsed;
  else
    refuse(key, "is not a file mode");
}

void block_reader::read_block(std::string_view key,
                              const block_function& read) {
  const auto* x = find(key);
  if (x == nullptr)
    return;
  const auto items = items_of(*x);
  if (items.empty())
    return;
  const auto* object = items.back()->as<value_object>();
  if (object == nullptr)
    return refuse(key, "expected a map, got '"
                         + std::string{config::type_name(*items.back())} + "'");
  block_reader in{*object, path_of(key), found_};
  read(in);
  in.finish();
}

void block_reader::read_blocks(std::string_view key,
                               const block_function& read) {
  known_.insert(to_lower(key));
  std::size_t index = 0;
  for (const auto& x : object_) {
    if (!equal_fold(x.key, key))
      continue;
    for (const auto* item : items_of(x.content)) {
      const auto name = path_of(key) + "[" + std::to_string(index++) + "]";
      const auto* object = item->as<value_object>();
      if (object == nullptr) {
        found_.push_back("'" + name + "' expected a map, got '"
                         + std::string{config::type_name(*item)} + "'");
        continue;
      }
      block_reader in{*object, name, found_};
      read(in);
      in.finish();
    }
  }
}

void block_reader::finish() {
  std::set<std::string> unknown;
  for (const auto& x : object_)
    if (!known_.contains(to_lower(x.key)))
      unknown.insert(x.key);
  if (unknown.empty())
    return;
  std::string text = "'" + path_ + "' has invalid keys: ";
  for (const auto& key : unknown)
    text.append(&key == &*unknown.begin() ? "" : ", ").append(key);
  found_.push_back(std::move(text));
}

} // namespace praetor::templates
