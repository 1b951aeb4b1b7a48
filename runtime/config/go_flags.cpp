#include "runtime/config/go_flags.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace praetor::config {

namespace {

constexpr std::size_t help_columns = 72;
constexpr std::size_t help_indent = 5;

error refuse(std::string text) {
  return error{errc::invalid_argument, std::move(text)};
}

// -- numbers ------------------------------------------------------------------

enum class number_fault : std::uint8_t { syntax, range };

std::string_view to_string(number_fault fault) {
  return fault == number_fault::syntax ? "invalid syntax"
                                       : "value out of range";
}

/// Either a number or why there is none.
template <class T>
struct number {
  T value{};
  std::optional<number_fault> fault = std::nullopt;
};

/// Removes 0x, 0b, 0o or 0 and returns the base they mean (Go's "base 0").
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0')
    return 10;
  int base = 8;
  std::size_t skip = 1;
  switch (digits[1]) {
    case 'x':
    case 'X': base = 16, skip = 2; break;
    case 'b':
    case 'B': base = 2, skip = 2; break;
    case 'o':
    case 'O': skip = 2; break;
    default: break;
  }
  digits.remove_prefix(skip);
  return base;
}

/// @param base as in std::from_chars, or 0 to let a prefix decide
number<std::uint64_t> parse_natural(std::string_view digits, int base) {
  if (base == 0)
    base = take_base(digits);
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  auto [last, code] = std::from_chars(digits.data(), end, value, base);
  if (digits.empty() || code == std::errc::invalid_argument || last != end)
    return {.fault = number_fault::syntax};
  if (code == std::errc::result_out_of_range)
    return {.fault = number_fault::range};
  return {.value = value};
}

number<std::int64_t> parse_signed(std::string_view text, int base) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  auto natural = parse_natural(text, base);
  if (natural.fault)
    return {.fault = natural.fault};
  constexpr auto most =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (natural.value > most + (negative ? 1 : 0))
    return {.fault = number_fault::range};
  // Negating in unsigned arithmetic also reaches the smallest number.
  auto bits = negative ? 0 - natural.value : natural.value;
  return {.value = static_cast<std::int64_t>(bits)};
}

std::string strconv_error(std::string_view function, std::string_view text,
                          std::string_view reason) {
  return std::string{"strconv."}
    .append(function)
    .append(": parsing ")
    .append(go_quote(text))
    .append(": ")
    .append(reason);
}

// -- lines of help ------------------------------------------------------------

std::vector<const flag_spec*> sorted(flag_specs specs) {
  std::vector<const flag_spec*> result;
  for (const auto& spec : specs)
    result.push_back(&spec);
  std::ranges::sort(result, {}, &flag_spec::name);
  return result;
}

std::string_view default_type_name(const flag_spec& spec) {
  if (spec.kind == flag_kind::boolean)
    return "";
  if (spec.dialect == flag_dialect::consul || spec.kind == flag_kind::list)
    return "value";
  switch (spec.kind) {
    case flag_kind::integer: return "int";
    case flag_kind::unsigned_integer: return "uint";
    case flag_kind::duration: return "duration";
    default: return "string";
  }
}

struct described {
  std::string_view type_name;
  /// The help text without the backquotes.
  std::string help;
};

/// Go's UnquoteUsage: a word in backquotes is the type's name.
described describe(const flag_spec& spec) {
  auto first = spec.help.find('`');
  auto second =
    first == std::string_view::npos ? first : spec.help.find('`', first + 1);
  if (second == std::string_view::npos)
    return {default_type_name(spec), std::string{spec.help}};
  auto name = spec.help.substr(first + 1, second - first - 1);
  return {name, std::string{spec.help.substr(0, first)}.append(name).append(
                  spec.help.substr(second + 1))};
}

/// Go's " (default ...)"; nothing for a zero value.
std::string default_suffix(const flag_spec& spec) {
  if (spec.preset.empty() || spec.preset == "0" || spec.preset == "false"
      || spec.preset == "0s")
    return {};
  bool quoted =
    spec.kind == flag_kind::string && spec.dialect == flag_dialect::go;
  return " (default "
         + (quoted ? go_quote(spec.preset) : std::string{spec.preset}) + ")";
}

void append_group(std::string& out, std::string_view title, flag_specs specs,
                  flag_group group) {
  std::string body;
  for (const auto* spec : sorted(specs)) {
    if (spec->group != group)
      continue;
    body.append("  -").append(spec->name);
    if (auto type_name = describe(*spec).type_name; !type_name.empty())
      body.append("=<").append(type_name).append(">");
    body.append("\n")
      .append(wrap_text(spec->help, help_columns, help_indent))
      .append("\n\n");
  }
  if (!body.empty())
    out.append(title).append("\n\n").append(body);
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos)
    return {};
  auto last = text.find_last_not_of(blank);
  return std::string{text.substr(first, last - first + 1)};
}

/// Counts code points, as a terminal's columns are counted in help pages.
std::size_t width_of(std::string_view word) {
  return static_cast<std::size_t>(std::ranges::count_if(word, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find_first_of(" \n", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

} // namespace

// -- parsing ------------------------------------------------------------------

/// Fills a `parsed_flags` from left to right.
class flag_parser {
public:
  flag_parser(flag_specs specs, std::span<const std::string> args)
    : specs_{specs}, rest_{args} {
    for (const auto& spec : specs) {
      auto& entry = result_.entries_[std::string{spec.name}];
      entry.kind = spec.kind;
      if (!spec.preset.empty())
        PRAETOR_ASSERT(set(spec, entry, spec.preset).empty());
    }
  }

  result<parsed_flags> run() {
    while (!rest_.empty()) {
      const auto& arg = rest_.front();
      if (arg.size() < 2 || arg[0] != '-')
        break;
      rest_ = rest_.subspan(1);
      if (arg == "--")
        break;
      if (auto refusal = take(arg); !refusal.empty())
        return refuse(std::move(refusal));
    }
    result_.arguments_.assign(rest_.begin(), rest_.end());
    return std::move(result_);
  }

private:
  /// Consumes one flag and, if it needs one, the value after it. Returns why
  /// it could not.
  std::string take(std::string_view arg) {
    auto name = arg.substr(arg[1] == '-' ? 2 : 1);
    if (name.empty() || name[0] == '-' || name[0] == '=')
      return "bad flag syntax: " + std::string{arg};
    std::optional<std::string_view> value;
    if (auto equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    auto spec = std::ranges::find(specs_, name, &flag_spec::name);
    if (spec == specs_.end())
      return "flag provided but not defined: -" + std::string{name};
    if (!value && spec->kind == flag_kind::boolean) {
      value = "true";
    } else if (!value) {
      if (rest_.empty())
        return "flag needs an argument: -" + std::string{name};
      value = rest_.front();
      rest_ = rest_.subspan(1);
    }
    auto& entry = result_.entries_.find(name)->second;
    entry.given = true;
    auto reason = set(*spec, entry, *value);
    if (reason.empty()) {
      result_.in_order_.push_back({&*spec, std::string{*value}});
      return {};
    }
    bool boolean = spec->kind == flag_kind::boolean;
    return (boolean ? "invalid boolean value " : "invalid value ")
           + go_quote(*value) + (boolean ? " for -" : " for flag -")
           + std::string{name} + ": " + reason;
  }

  /// Stores a value. Returns why it is refused, or nothing.
  static std::string set(const flag_spec& spec, parsed_flags::entry& entry,
                         std::string_view value) {
    entry.text = value;
    switch (spec.kind) {
      case flag_kind::string: return {};
      case flag_kind::list: entry.texts.emplace_back(value); return {};
      case flag_kind::boolean: return set_boolean(spec, entry, value);
      case flag_kind::duration: return set_duration(spec, entry, value);
      case flag_kind::integer: return set_integer(spec, entry, value);
      case flag_kind::unsigned_integer: return set_natural(spec, entry, value);
    }
    return {};
  }

  static std::string set_boolean(const flag_spec& spec,
                                 parsed_flags::entry& entry,
                                 std::string_view value) {
    auto truth = parse_bool(value);
    entry.truth = truth.value_or(false);
    if (truth)
      return {};
    return spec.dialect == flag_dialect::go
             ? "parse error"
             : strconv_error("ParseBool", value, "invalid syntax");
  }

  static std::string set_duration(const flag_spec& spec,
                                  parsed_flags::entry& entry,
                                  std::string_view value) {
    auto span = parse_duration(value);
    if (span) {
      entry.span = *span;
      return {};
    }
    return spec.dialect == flag_dialect::go ? "parse error"
                                            : span.error().context;
  }

  static std::string set_integer(const flag_spec& spec,
                                 parsed_flags::entry& entry,
                                 std::string_view value) {
    bool go = spec.dialect == flag_dialect::go;
    auto parsed = parse_signed(value, go ? 0 : 10);
    entry.number = parsed.value;
    return reason(go, "Atoi", value, parsed.fault);
  }

  static std::string set_natural(const flag_spec& spec,
                                 parsed_flags::entry& entry,
                                 std::string_view value) {
    auto parsed = parse_natural(value, 0);
    entry.natural = parsed.value;
    return reason(spec.dialect == flag_dialect::go, "ParseUint", value,
                  parsed.fault);
  }

  static std::string reason(bool go, std::string_view function,
                            std::string_view value,
                            std::optional<number_fault> fault) {
    if (!fault)
      return {};
    if (!go)
      return strconv_error(function, value, to_string(*fault));
    return *fault == number_fault::syntax ? "parse error"
                                          : "value out of range";
  }

  flag_specs specs_;
  std::span<const std::string> rest_;
  parsed_flags result_;
};

const parsed_flags::entry& parsed_flags::at(std::string_view name,
                                            flag_kind kind) const {
  auto found = entries_.find(name);
  PRAETOR_ASSERT(found != entries_.end());
  PRAETOR_ASSERT(found->second.kind == kind);
  return found->second;
}

bool parsed_flags::given(std::string_view name) const {
  auto found = entries_.find(name);
  PRAETOR_ASSERT(found != entries_.end());
  return found->second.given;
}

const std::string& parsed_flags::string(std::string_view name) const {
  return at(name, flag_kind::string).text;
}

bool parsed_flags::boolean(std::string_view name) const {
  return at(name, flag_kind::boolean).truth;
}

std::int64_t parsed_flags::integer(std::string_view name) const {
  return at(name, flag_kind::integer).number;
}

std::uint64_t parsed_flags::unsigned_integer(std::string_view name) const {
  return at(name, flag_kind::unsigned_integer).natural;
}

praetor::duration parsed_flags::duration(std::string_view name) const {
  return at(name, flag_kind::duration).span;
}

const std::vector<std::string>&
parsed_flags::list(std::string_view name) const {
  return at(name, flag_kind::list).texts;
}

bool wants_help(std::span<const std::string> args) {
  for (const auto& arg : args) {
    if (arg == "--")
      return false;
    if (arg == "-h" || arg == "-help" || arg == "--help")
      return true;
  }
  return false;
}

result<parsed_flags> parse_flags(flag_specs specs,
                                 std::span<const std::string> args) {
  return flag_parser{specs, args}.run();
}

result<std::int64_t> go_atoi(std::string_view text) {
  auto parsed = parse_signed(text, 10);
  if (parsed.fault)
    return refuse(strconv_error("Atoi", text, to_string(*parsed.fault)));
  return parsed.value;
}

// -- text ---------------------------------------------------------------------

std::string flag_help(std::string_view usage, flag_specs specs) {
  auto out = trimmed(usage).append("\n\n");
  append_group(out, "HTTP API Options", specs, flag_group::http_api);
  append_group(out, "Command Options", specs, flag_group::command);
  while (out.ends_with('\n'))
    out.pop_back();
  return out;
}

std::string flag_usage(flag_specs specs) {
  std::string out = "Usage:\n";
  for (const auto* spec : sorted(specs)) {
    auto [type_name, help] = describe(*spec);
    out.append("  -").append(spec->name);
    if (!type_name.empty())
      out.append(" ").append(type_name);
    // A flag of one letter without value shares the line with its help.
    bool tiny = type_name.empty() && spec->name.size() == 1;
    out.append(tiny ? "\t" : "\n    \t");
    for (char c : help) {
      out.push_back(c);
      if (c == '\n')
        out.append("    \t");
    }
    out.append(default_suffix(*spec)).append("\n");
  }
  return out;
}

std::string wrap_text(std::string_view text, std::size_t columns,
                      std::size_t indent) {
  constexpr std::size_t too_long_penalty = 100'000;
  const auto clean = trimmed(text);
  const auto words = split_words(clean);
  const auto limit = columns - indent;
  // cost[i]: least cost of the lines from word i on; next[i]: the word that
  // starts the second of these lines. The last line costs nothing.
  std::vector<std::size_t> cost(words.size() + 1, 0);
  std::vector<std::size_t> next(words.size() + 1, words.size());
  for (auto i = words.size(); i-- > 0;) {
    cost[i] = std::numeric_limits<std::size_t>::max();
    std::size_t width = 0;
    for (auto j = i + 1; j <= words.size(); ++j) {
      width += width_of(words[j - 1]) + (j > i + 1 ? 1 : 0);
      bool fits = width <= limit;
      auto rest = fits ? limit - width : width - limit;
      auto price = j == words.size() && fits
                     ? 0
                     : rest * rest + cost[j] + (fits ? 0 : too_long_penalty);
      // A line that ends the text wins even over an equal price.
      if (price < cost[i] || (j == words.size() && fits)) {
        cost[i] = price;
        next[i] = j;
      }
    }
  }
  std::string out;
  for (std::size_t i = 0; i < words.size(); i = next[i]) {
    out.append(out.empty() ? "" : "\n").append(indent, ' ');
    for (auto j = i; j < next[i]; ++j)
      out.append(j == i ? "" : " ").append(words[j]);
  }
  return out;
}

std::string go_quote(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; continue;
      case '\\': out += "\\\\"; continue;
      case '\a': out += "\\a"; continue;
      case '\b': out += "\\b"; continue;
      case '\f': out += "\\f"; continue;
      case '\n': out += "\\n"; continue;
      case '\r': out += "\\r"; continue;
      case '\t': out += "\\t"; continue;
      case '\v': out += "\\v"; continue;
      default: break;
    }
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    else
      out.push_back(c);
  }
  return out.append("\"");
}

} // namespace praetor::config
