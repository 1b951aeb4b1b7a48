#include "actors/template/core/format.hpp"
#include "actors/template/core/function.hpp"
#include "actors/template/core/go_yaml.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/utf8.hpp"
#include "runtime/base/text.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>

namespace praetor::templates {

namespace {

constexpr int depth_max = 100;

// -- scalars -----------------------------------------------------------------

/// What a text's characters allow, as libyaml analyzes it.
struct analysis {
  bool plain = true;
  bool single_quoted = true;
  bool block = true;
};

bool is_break(char32_t c) {
  return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_blank(char32_t c) {
  return c == ' ' || c == '\t';
}

bool is_yaml_printable(char32_t c) {
  return c == '\n' || (c >= ' ' && c <= '~') || c == 0x85
         || (c >= 0xA0 && c <= 0xD7FF)
         || (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF)
         || (c >= 0x10000 && c <= 0x10FFFF);
}

/// Whether a character is an indicator where it stands.
bool is_indicator(const std::u32string& text, std::size_t i) {
  const auto c = text[i];
  const bool blank_follows =
    i + 1 == text.size() || is_blank(text[i + 1]) || is_break(text[i + 1]);
  if (i == 0) {
    constexpr std::u32string_view always = U"#,[]{}&*!|>'\"%@`";
    return always.find(c) != std::u32string_view::npos
           || ((c == '?' || c == ':' || c == '-') && blank_follows);
  }
  const bool after_blank = is_blank(text[i - 1]) || is_break(text[i - 1]);
  return (c == ':' && blank_follows) || (c == '#' && after_blank);
}

analysis analyze(std::string_view bytes) {
  const auto text = to_runes(bytes);
  analysis out;
  if (text.empty()) {
    out.block = false;
    return out;
  }
  if (bytes.starts_with("---") || bytes.starts_with("..."))
    out.plain = false;
  bool hostile = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (is_indicator(text, i) || is_break(c))
      out.plain = false;
    if (!is_yaml_printable(c))
      hostile = true;
    const bool at_edge = i == 0 || i + 1 == text.size();
    if (at_edge && (c == ' ' || is_break(c)))
      out.plain = false;
    if (c == ' ' && i + 1 == text.size())
      out.block = false;
    if (i > 0 && c == ' ' && is_break(text[i - 1]))
      out.plain = out.single_quoted = false;
    if (i > 0 && is_break(c) && text[i - 1] == ' ')
      hostile = true;
  }
  if (hostile)
    out = {false, false, false};
  return out;
}

std::string double_quoted(std::string_view bytes) {
  std::string out = "\"";
  for (const auto c : to_runes(bytes)) {
    constexpr std::u32string_view codes =
      U"\0\a\b\t\n\v\f\r\x1B\"\\\x85\xA0\u2028\u2029";
    constexpr std::string_view letters = "0abtnvfre\"\\N_LP";
    const auto known = codes.find(c);
    if (known != std::u32string_view::npos && known < letters.size()) {
      out += {'\\', letters[known]};
    } else if (is_yaml_printable(c)) {
      append_rune(out, c);
    } else {
      const value operand[] = {value::natural(c)};
      out += print_formatted(c <= 0xFF     ? "\\x%02X"
                             : c <= 0xFFFF ? "\\u%04X"
                                           : "\\U%08X",
                             operand);
    }
  }
  return out + '"';
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const auto c : text)
    out += c == '\'' ? "''" : std::string(1, c);
  return out + '\'';
}

/// The text as a literal block, whose lines follow on their own.
std::string literal(std::string_view text, int indent) {
  std::string out = "|";
  if (text[0] == ' ' || text[0] == '\n')
    out += '2';
  if (!text.ends_with('\n'))
    out += '-';
  else if (text == "\n" || text.ends_with("\n\n"))
    out += '+';
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out += '\n';
    if (end > 0)
      out += margin + std::string{text.substr(0, end)};
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Whether an unquoted text would read as something else.
bool reads_as_other(std::string_view text) {
  static const RE2 base60{
    R"([-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)"};
  static const RE2 timestamp{
    R"([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:)"
    R"([0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{2}:[0-9]{2}))?)?)"};
  const re2::StringPiece piece{text.data(), text.size()};
  return resolve_yaml(text).what() != kind::text || text == "<<"
         || RE2::FullMatch(piece, base60) || RE2::FullMatch(piece, timestamp);
}

bool is_utf8(std::string_view text) {
  for (auto x = first_rune(text); x.size > 0; x = first_rune(text)) {
    if (!x.valid)
      return false;
    text.remove_prefix(x.size);
  }
  return true;
}

std::string text_scalar(const std::string& text, int indent, bool is_key) {
  if (!is_utf8(text))
    return "!!binary " + base64_encode(text);
  const auto can = analyze(text);
  const bool lines = text.find('\n') != std::string::npos;
  if (lines)
    return can.block && !is_key ? literal(text, indent) : double_quoted(text);
  if (reads_as_other(text))
    return double_quoted(text);
  if (can.plain)
    return text;
  return can.single_quoted ? single_quoted(text) : double_quoted(text);
}

std::string real_scalar(double x) {
  if (std::isnan(x))
    return ".nan";
  if (std::isinf(x))
    return x > 0 ? ".inf" : "-.inf";
  return format_real(x, 'g', -1);
}

// -- order of keys -----------------------------------------------------------

/// Runs of digits compare as numbers, and before letters.
bool natural_less(const std::u32string& a, const std::u32string& b) {
  const auto common = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < common && a[i] == b[i])
    ++i;
  if (i == common)
    return a.size() < b.size();
  const bool a_letter = is_letter(a[i]);
  const bool b_letter = is_letter(b[i]);
  if (a_letter && b_letter)
    return a[i] < b[i];
  if (a_letter || b_letter)
    return b_letter;
  std::uint64_t a_number = 0;
  std::uint64_t b_number = 0;
  if (a[i] == '0' || b[i] == '0')
    for (auto j = i; j-- > 0 && is_digit(a[j]);)
      if (a[j] != '0') {
        a_number = b_number = 1;
        break;
      }
  auto a_end = i;
  auto b_end = i;
  for (; a_end < a.size() && is_digit(a[a_end]); ++a_end)
    a_number = a_number * 10 + (a[a_end] - '0');
  for (; b_end < b.size() && is_digit(b[b_end]); ++b_end)
    b_number = b_number * 10 + (b[b_end] - '0');
  if (a_number != b_number)
    return a_number < b_number;
  if (a_end != b_end)
    return a_end < b_end;
  return a[i] < b[i];
}

bool key_less(const value& a, const value& b) {
  if (a.what() == kind::text && b.what() == kind::text)
    return natural_less(to_runes(a.as_text()), to_runes(b.as_text()));
  return key_order{}(a, b);
}

// -- documents ---------------------------------------------------------------

class writer {
public:
  explicit writer(std::string& out) : out_{out} {}

  /// Writes a value whose first line has begun already. `indent` is where the
  /// lines of a map would start; lists inside maps start there too.
  void write(const value& boxed, int indent, bool in_map, int depth);

  bool failed = false;

private:
  using members = std::vector<std::pair<value, value>>;

  void write_list(const std::vector<value>& items, int indent, bool in_map,
                  int depth);
  void write_members(const members& all, int indent, bool in_map, int depth);
  std::string scalar(const value& x, int indent, bool is_key);

  void new_line(int indent) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(indent), ' ');
  }

  std::string& out_;
};

std::string writer::scalar(const value& x, int indent, bool is_key) {
  switch (x.what()) {
    case kind::text: return text_scalar(x.as_text(), indent, is_key);
    case kind::float32:
    case kind::float64: return real_scalar(x.as_real());
    case kind::boolean: return x.as_boolean() ? "true" : "false";
    default: break;
  }
  if (!is_integer(x.what()))
    return "null";
  std::string out;
  print_value(out, x);
  return out;
}

void writer::write(const value& boxed, int indent, bool in_map, int depth) {
  if (depth > depth_max || out_.size() > printed_bytes_max)
    failed = true;
  if (failed)
    return;
  const auto x = indirect(boxed).end;
  members all;
  if (x.what() == kind::list)
    return write_list(x.as_list().items, indent, in_map, depth);
  if (x.what() == kind::map) {
    all.assign(x.as_map().entries.begin(), x.as_map().entries.end());
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return key_less(a.first, b.first);
    });
  } else if (x.what() == kind::record) {
    const auto& record = x.as_record();
    for (std::size_t i = 0; i < record.fields.size(); ++i)
      all.emplace_back(value::text(lower_case(record.what->fields[i].name)),
                       record.fields[i]);
  } else {
    out_ += (in_map || depth > 0 ? " " : "") + scalar(x, indent, false);
    return;
  }
  if (all.empty())
    out_ += depth > 0 ? " {}" : "{}";
  else
    write_members(all, indent, in_map, depth);
}

void writer::write_list(const std::vector<value>& items, int indent,
                        bool in_map, int depth) {
  if (items.empty()) {
    out_ += depth > 0 ? " []" : "[]";
    return;
  }
  const auto at = in_map ? indent - 2 : indent;
  for (std::size_t i = 0; i < items.size() && !failed; ++i) {
    // The first item of a list in a list stays on its line.
    if (i > 0 || in_map)
      new_line(at);
    else if (depth > 0)
      out_ += ' ';
    out_ += '-';
    write(items[i], at + 2, false, depth + 1);
  }
}

void writer::write_members(const members& all, int indent, bool in_map,
                           int depth) {
  for (std::size_t i = 0; i < all.size() && !failed; ++i) {
    // The first member of a list's item stays on the line of the dash.
    if (i > 0 || in_map)
      new_line(indent);
    else if (depth > 0)
      out_ += ' ';
    out_ += scalar(all[i].first, indent, true) + ":";
    write(all[i].second, indent + 2, true, depth + 1);
  }
}

} // namespace

result<std::string> to_yaml(const value& x) {
  std::string out;
  writer w{out};
  w.write(x, 0, false, 0);
  if (w.failed)
    return failure("yaml: value is too large");
  return out;
}

} // namespace praetor::templates
