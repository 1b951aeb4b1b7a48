#include "runtime/template/explain.hpp"

#include "actors/template/core/render.hpp"

#include <algorithm>

namespace praetor::templates {

namespace {

/// The last quoted word of an error that stands in `line`: where to look.
std::size_t quoted_place(std::string_view line, std::string_view error) {
  const auto end = error.rfind('"');
  const auto begin =
    end == 0 || end == error.npos ? error.npos : error.rfind('"', end - 1);
  if (begin == error.npos || end - begin < 2)
    return line.npos;
  return line.find(error.substr(begin + 1, end - begin - 1));
}

/// Errors of syntax name no column: points at the word they quote, else at
/// the line's first action, else at its first character.
std::string with_caret(std::string shown, std::string_view error) {
  if (shown.empty() || shown.find("\n") != shown.size() - 1)
    return shown;
  const std::string_view line{shown.data(), shown.size() - 1};
  auto at = quoted_place(line, error);
  if (at == line.npos)
    at = line.find("{{");
  if (at == line.npos)
    at = line.find_first_not_of(" \t");
  if (at == line.npos)
    return shown;
  std::string blanks;
  for (const char c : line.substr(0, at))
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80) // one for a character
      blanks += c == '\t' ? '\t' : ' ';
  return shown + blanks + "^\n";
}

} // namespace

std::string explain_text(const std::vector<explained_template>& all) {
  std::string out;
  for (const auto& x : all) {
    out.append(x.title).append("\n");
    std::size_t width = 0;
    for (const auto& need : x.needs)
      width = std::max(width, need.name.size());
    for (const auto& need : x.needs)
      out.append("  ")
        .append(need.name)
        .append(width - need.name.size() + 2, ' ')
        .append(need.waiting_for.empty() ? "has data"
                                         : "waits for " + need.waiting_for)
        .append("\n");
    if (x.needs.empty())
      out.append("  depends on nothing\n");
    if (!x.failure.empty())
      out.append("  fails: ").append(x.failure).append("\n");
  }
  return out;
}

std::string with_caret_lines(std::string message, std::string_view text,
                             std::string_view error, bool wanted) {
  if (!wanted)
    return message;
  auto shown = with_caret(caret_display(text, error), error);
  if (shown.empty())
    return message;
  shown.pop_back(); // whoever writes the message ends the line
  return message + "\n" + shown;
}

} // namespace praetor::templates
