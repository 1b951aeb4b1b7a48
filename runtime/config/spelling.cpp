#include "runtime/config/spelling.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <vector>

namespace praetor::config {

namespace {

/// Optimal string alignment distance, with three rows of the usual table.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

} // namespace

std::string_view nearest(std::string_view word,
                         std::span<const std::string_view> candidates) {
  // Nobody misspells a word this long; the table would be large.
  constexpr std::size_t word_bytes_max = 64;
  if (word.size() > word_bytes_max)
    return {};
  const auto lower = to_lower(word);
  std::string_view best;
  auto least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (auto candidate : candidates) {
    auto steps = distance(lower, to_lower(candidate));
    if (steps < least) {
      least = steps;
      best = candidate;
    }
  }
  return best;
}

} // namespace praetor::config
