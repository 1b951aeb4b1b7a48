#include "tests/sim/check/time_line.hpp"

#include "tests/sim/check/commands.hpp"

#include <algorithm>
#include <map>

namespace praetor::sim {

namespace {

/// Finished lines before the marked one that are shown.
constexpr std::size_t before_max = 40;

constexpr std::size_t lane_width = 12;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width)
    text.insert(0, width - text.size(), ' ');
  return text;
}

} // namespace

std::string draw(std::vector<line> lines) {
  std::stable_sort(
    lines.begin(), lines.end(),
    [](const line& a, const line& b) { return a.from < b.from; });
  const auto marked = std::find_if(lines.begin(), lines.end(),
                                   [](const line& x) { return x.marked; });
  if (marked != lines.end()) {
    const auto end = marked->to.value_or(marked->from);
    const auto begin = marked->from;
    std::erase_if(lines, [end](const line& x) { return x.from > end; });
    auto extra = lines.size() > before_max ? lines.size() - before_max : 0;
    std::erase_if(lines, [begin, &extra](const line& x) {
      if (extra == 0 || x.marked || !x.to || *x.to >= begin)
        return false;
      --extra;
      return true;
    });
  }
  std::map<std::string, std::size_t> lanes;
  for (const auto& x : lines)
    lanes.emplace(x.lane, lanes.size());
  std::string out;
  for (const auto& x : lines) {
    out += x.marked ? "> " : "  ";
    out += padded(describe(x.from), lane_width) + " .. ";
    out += padded(x.to ? describe(*x.to) : "", lane_width) + " ";
    for (std::size_t i = 0; i < lanes.at(x.lane); ++i)
      out += "|   ";
    out += "| " + x.lane + ": " + x.text + "\n";
  }
  return out;
}

} // namespace praetor::sim
