#include "actors/template/core/go_toml.hpp"

#include "actors/template/core/format.hpp"
#include "actors/template/core/function.hpp"
#include "actors/template/core/number_text.hpp"

#include <algorithm>

namespace praetor::templates {

namespace {

constexpr std::size_t depth_max = 100;

using path = std::vector<std::string>;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const auto c : text) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      default: out += c; break;
    }
  }
  return out + '"';
}

std::string key_text(const std::string& key) {
  const bool bare =
    !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
             || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    });
  return bare ? key : quoted(key);
}

std::string path_text(const path& keys) {
  std::string out;
  for (const auto& key : keys)
    out += (out.empty() ? "" : ".") + key_text(key);
  return out;
}

bool is_table(const value& x) {
  return x.what() == kind::map || x.what() == kind::record;
}

value content(const value& x) {
  return indirect(x).end;
}

bool is_table_list(const value& x) {
  return x.what() == kind::list && !x.as_list().items.empty()
         && std::all_of(
           x.as_list().items.begin(), x.as_list().items.end(),
           [](const value& item) { return is_table(content(item)); });
}

class writer {
public:
  explicit writer(std::string& out) : out_{out} {}

  status write_table(const path& at, const value& x);

private:
  status write_members(const path& at, const value& x);
  status write_member(const path& at, const value& x);
  status write_tables(const path& at, const value& list);
  status write_scalar(const value& x, std::size_t depth);
  status write_list(const value& x, std::size_t depth);

  void new_line() {
    if (!out_.empty())
      out_ += '\n';
  }

  static std::string indent(const path& at) {
    return std::string(2 * (at.size() - 1), ' ');
  }

  std::string& out_;
};

/// The members of a table, by name.
std::map<std::string, value> members_of(const value& x) {
  std::map<std::string, value> out;
  if (x.what() == kind::map) {
    for (const auto& [key, member] : x.as_map().entries)
      if (key.what() == kind::text)
        out.emplace(key.as_text(), content(member));
    return out;
  }
  const auto& record = x.as_record();
  for (std::size_t i = 0; i < record.fields.size(); ++i)
    out.emplace(record.what->fields[i].name, content(record.fields[i]));
  return out;
}

status writer::write_table(const path& at, const value& x) {
  if (at.size() > depth_max || out_.size() > printed_bytes_max)
    return failure("toml: value is too large");
  if (at.size() == 1)
    new_line();
  if (!at.empty())
    out_ += indent(at) + "[" + path_text(at) + "]\n";
  return write_members(at, x);
}

/// Writes plain members first: what follows a table's name belongs to it.
status writer::write_members(const path& at, const value& x) {
  const auto members = members_of(x);
  for (const bool tables : {false, true})
    for (const auto& [key, member] : members) {
      if (is_nil(member)
          || (is_table(member) || is_table_list(member)) != tables)
        continue;
      auto inside = at;
      inside.push_back(key);
      if (const auto done = write_member(inside, member); !done)
        return done;
    }
  return ok;
}

status writer::write_member(const path& at, const value& x) {
  if (is_table(x))
    return write_table(at, x);
  if (is_table_list(x))
    return write_tables(at, x);
  out_ += indent(at) + key_text(at.back()) + " = ";
  const auto done = write_scalar(x, at.size());
  out_ += '\n';
  return done;
}

status writer::write_tables(const path& at, const value& list) {
  if (at.size() > depth_max)
    return failure("toml: value is too large");
  for (const auto& item : list.as_list().items) {
    new_line();
    out_ += indent(at) + "[[" + path_text(at) + "]]\n";
    if (const auto done = write_members(at, content(item)); !done)
      return done;
  }
  return ok;
}

status writer::write_scalar(const value& x, std::size_t depth) {
  switch (x.what()) {
    case kind::boolean: out_ += x.as_boolean() ? "true" : "false"; return ok;
    case kind::text: out_ += quoted(x.as_text()); return ok;
    case kind::float32:
    case kind::float64: {
      auto text = format_real(x.as_real(), 'f', -1);
      if (text.find_first_of(".In") == std::string::npos)
        text += ".0";
      out_ += text;
      return ok;
    }
    case kind::list: return write_list(x, depth);
    default: break;
  }
  if (!is_integer(x.what()))
    return failure("toml: unsupported type: " + type_name(x));
  print_value(out_, x);
  return ok;
}

status writer::write_list(const value& x, std::size_t depth) {
  if (depth > depth_max || out_.size() > printed_bytes_max)
    return failure("toml: value is too large");
  out_ += '[';
  const auto& items = x.as_list().items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto item = content(items[i]);
    if (item.what() != content(items[0]).what())
      return failure("toml: cannot encode array with mixed element types");
    if (i > 0)
      out_ += ", ";
    if (const auto done = write_scalar(item, depth + 1); !done)
      return done;
  }
  out_ += ']';
  return ok;
}

} // namespace

result<std::string> to_toml(const value& map) {
  std::string out;
  const auto done = writer{out}.write_table({}, map);
  if (!done)
    return done.error();
  return out;
}

} // namespace praetor::templates
