#include "tools/praetor/columns.hpp"

#include "tools/praetor/words.hpp"

#include <algorithm>

namespace praetor::tools {

namespace {

constexpr std::size_t gap_of_columns = 2;
constexpr std::size_t gap_of_tabs = 6;

void append_padded(std::string& out, std::string_view cell, std::size_t width) {
  out.append(cell);
  out.append(width - width_of(cell), ' ');
}

} // namespace

std::string columns(const std::vector<table_row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width_of(trimmed(row[i])));
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i + 1 == row.size())
        out.append(trimmed(row[i]));
      else
        append_padded(out, trimmed(row[i]), widths[i] + gap_of_columns);
    }
    out.push_back('\n');
  }
  return out;
}

std::string
tab_written(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [key, value] : rows)
    width = std::max(width, width_of(key));
  std::string out;
  for (const auto& row : rows) {
    const auto& [key, value] = row;
    // Go's tabwriter does not pad where the text ends.
    const bool bare = value.empty() && &row == &rows.back();
    append_padded(out, key, bare ? width_of(key) : width + gap_of_tabs);
    out.append(value).append("\n");
  }
  return out;
}

} // namespace praetor::tools
