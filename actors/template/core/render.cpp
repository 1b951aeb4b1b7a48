#include "actors/template/core/render.hpp"

#include "actors/template/core/environment.hpp"
#include "actors/template/core/parser.hpp"

#include <algorithm>

namespace praetor::templates {

namespace {

/// Reads ":LINE" or ":LINE:COLUMN" at the start of `text`.
struct place {
  std::size_t line = 0;
  std::optional<std::size_t> column;
};

std::optional<std::size_t> take_number(std::string_view& text) {
  std::size_t n = 0;
  std::size_t x = 0;
  for (; n < text.size() && n < 9 && text[n] >= '0' && text[n] <= '9'; ++n)
    x = x * 10 + static_cast<std::size_t>(text[n] - '0');
  text.remove_prefix(n);
  return n > 0 ? std::optional{x} : std::nullopt;
}

/// Finds the first ":LINE:" after "template: ".
std::optional<place> find_place(std::string_view text) {
  const auto start = text.find("template: ");
  if (start == std::string_view::npos)
    return std::nullopt;
  text.remove_prefix(start + 10);
  for (auto colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':')) {
    text.remove_prefix(colon + 1);
    const auto line = take_number(text);
    if (!line || !text.starts_with(':'))
      continue;
    text.remove_prefix(1);
    const auto column = take_number(text);
    return place{*line, text.starts_with(':') ? column : std::nullopt};
  }
  return std::nullopt;
}

} // namespace

result<parsed_template> parse_template(std::string_view text,
                                       const parse_options& options) {
  return parse_template(text, options, consul_functions());
}

result<parsed_template> parse_template(std::string_view text,
                                       const parse_options& options,
                                       const function_table& functions) {
  parser_options how;
  how.name = options.name;
  how.left_delimiter = options.left_delimiter;
  how.right_delimiter = options.right_delimiter;
  how.newest = options.level == go_level::newest;
  how.functions = &functions;
  return parse(text, how);
}

std::string caret_display(std::string_view text, std::string_view error) {
  const auto at = find_place(error);
  if (!at || at->line == 0)
    return {};
  for (std::size_t line = 1; line < at->line; ++line) {
    const auto newline = text.find('\n');
    if (newline == std::string_view::npos)
      return {};
    text.remove_prefix(newline + 1);
  }
  std::string shown{text.substr(0, std::min(text.find('\n'), text.size()))};
  const auto size = shown.size();
  shown += '\n';
  if (!at->column || *at->column > size)
    return shown;
  for (std::size_t i = 0; i < *at->column; ++i) {
    // One cell for each character, and tabs as wide as above.
    const auto byte = static_cast<unsigned char>(shown[i]);
    if ((byte & 0xC0U) != 0x80)
      shown += byte == '\t' ? '\t' : ' ';
  }
  return shown + "^\n";
}

rendering render(const parsed_template& parsed, const data_source& source,
                 host& machine, const render_options& options,
                 const value& data) {
  return environment{*parsed, source, machine, options}.run(data);
}

} // namespace praetor::templates
