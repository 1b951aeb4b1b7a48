#include "actors/template/core/format.hpp"
#include "actors/template/core/function.hpp"
#include "actors/template/core/go_json.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/utf8.hpp"
#include "runtime/base/text.hpp"

#include <cmath>
#include <cstdio>

namespace praetor::templates {

namespace {

/// Values that nest deeper than this are built on purpose.
constexpr int write_depth_max = 200;

class writer {
public:
  writer(std::string& out, const json_style& style)
    : out_{out}, style_{style} {}

  /// Returns false after an error.
  bool write(const value& x, int depth);

  std::string error;

private:
  bool fail(std::string text) {
    error = std::move(text);
    return false;
  }

  void new_line(int depth) {
    if (style_.indent.empty())
      return;
    out_ += '\n';
    for (int i = 0; i < depth; ++i)
      out_ += style_.indent;
  }

  bool write_list(const value& x, int depth);
  bool write_map(const value& x, int depth);
  bool write_record(const value& x, int depth);
  bool member(std::string_view name, const value& x, bool first, int depth);
  std::optional<std::string> key_text(const value& key);

  std::string& out_;
  const json_style& style_;
};

bool writer::write(const value& x, int depth) {
  if (depth > write_depth_max)
    return fail("json: value nests too deeply");
  if (out_.size() > printed_bytes_max)
    return fail("json: value is too large");
  switch (x.what()) {
    case kind::invalid: out_ += "null"; return true;
    case kind::boolean: out_ += x.as_boolean() ? "true" : "false"; return true;
    case kind::text:
      append_json_text(out_, x.as_text(), style_.escape_html);
      return true;
    case kind::float32:
    case kind::float64:
      if (!std::isfinite(x.as_real()))
        return fail("json: unsupported value: " + format_real(x.as_real()));
      out_ += json_real(x.as_real());
      return true;
    case kind::list: return write_list(x, depth);
    case kind::map: return write_map(x, depth);
    case kind::record: return write_record(x, depth);
    case kind::pointer:
      if (!x.as_pointer().target)
        out_ += "null";
      return !x.as_pointer().target || write(*x.as_pointer().target, depth);
    default: break;
  }
  if (is_signed(x.what()))
    out_ += std::to_string(x.as_integer());
  else if (is_unsigned(x.what()))
    out_ += std::to_string(x.as_natural());
  else
    return fail("json: unsupported type: " + type_name(x));
  return true;
}

bool writer::write_list(const value& x, int depth) {
  const auto& list = x.as_list();
  if (list.nil) {
    out_ += "null";
    return true;
  }
  if (list.what->element->what == kind::uint8) { // bytes
    std::string bytes;
    for (const auto& item : list.items)
      bytes.push_back(static_cast<char>(item.as_natural()));
    out_ += '"' + base64_encode(bytes) + '"';
    return true;
  }
  out_ += '[';
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0)
      out_ += ',';
    new_line(depth + 1);
    if (!write(list.items[i], depth + 1))
      return false;
  }
  if (!list.items.empty())
    new_line(depth);
  out_ += ']';
  return true;
}

std::optional<std::string> writer::key_text(const value& key) {
  if (key.what() == kind::text)
    return key.as_text();
  if (is_integer(key.what()) || key.what() == kind::boolean
      || is_real(key.what())) {
    std::string out;
    print_value(out, key);
    return out;
  }
  return std::nullopt;
}

bool writer::member(std::string_view name, const value& x, bool first,
                    int depth) {
  if (!first)
    out_ += ',';
  new_line(depth + 1);
  append_json_text(out_, name, style_.escape_html);
  out_ += style_.indent.empty() ? ":" : ": ";
  return write(x, depth + 1);
}

bool writer::write_map(const value& x, int depth) {
  const auto& map = x.as_map();
  if (map.nil) {
    out_ += "null";
    return true;
  }
  // Sorted as texts, whatever the keys are.
  std::map<std::string, const value*> members;
  for (const auto& [key, content] : map.entries) {
    auto name = key_text(key);
    if (!name)
      return fail("json: unsupported type: " + type_name(x));
    members.emplace(std::move(*name), &content);
  }
  out_ += '{';
  bool first = true;
  for (const auto& [name, content] : members) {
    if (!member(name, *content, first, depth))
      return false;
    first = false;
  }
  if (!members.empty())
    new_line(depth);
  out_ += '}';
  return true;
}

bool writer::write_record(const value& x, int depth) {
  const auto& record = x.as_record();
  out_ += '{';
  bool first = true;
  for (std::size_t i = 0; i < record.fields.size(); ++i) {
    const auto& name = record.what->fields[i].name;
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z')
      continue; // unexported
    if (!member(name, record.fields[i], first, depth))
      return false;
    first = false;
  }
  if (!first)
    new_line(depth);
  out_ += '}';
  return true;
}

void append_unicode_escape(std::string& out, char32_t rune) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(rune));
  out += buffer;
}

} // namespace

void append_json_text(std::string& out, std::string_view text,
                      bool escape_html) {
  out += '"';
  while (!text.empty()) {
    const auto x = first_rune(text);
    const auto c = text[0];
    if (x.rune == '"' || x.rune == '\\')
      out += {'\\', c};
    else if (x.rune == '\n')
      out += "\\n";
    else if (x.rune == '\r')
      out += "\\r";
    else if (x.rune == '\t')
      out += "\\t";
    else if (!x.valid)
      out += "\\ufffd";
    else if (x.rune < ' ' || x.rune == 0x2028 || x.rune == 0x2029
             || (escape_html
                 && (x.rune == '<' || x.rune == '>' || x.rune == '&')))
      append_unicode_escape(out, x.rune);
    else
      out += text.substr(0, x.size);
    text.remove_prefix(x.size);
  }
  out += '"';
}

std::string json_real(double x) {
  const auto size = std::fabs(x);
  if (size == 0 || (size >= 1e-6 && size < 1e21))
    return format_real(x, 'f', -1);
  auto text = format_real(x, 'e', -1);
  // "e-09" becomes "e-9".
  const auto n = text.size();
  if (n >= 4 && text[n - 4] == 'e' && text[n - 3] == '-' && text[n - 2] == '0')
    text.erase(n - 2, 1);
  return text;
}

result<std::string> to_json(const value& x, const json_style& style) {
  std::string out;
  writer w{out, style};
  if (!w.write(x, 0))
    return error{errc::invalid_argument, w.error};
  return out;
}

} // namespace praetor::templates
