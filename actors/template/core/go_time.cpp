#include "actors/template/core/go_time.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace praetor::templates {

namespace {

constexpr std::array<std::string_view, 12> months{
  "January", "February", "March",     "April",   "May",      "June",
  "July",    "August",   "September", "October", "November", "December"};

constexpr std::array<std::string_view, 7> weekdays{
  "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct civil_time {
  int year = 0;
  unsigned month = 0; // 1..12
  unsigned day = 0;
  unsigned weekday = 0; // Sunday is 0
  unsigned day_of_year = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  std::int64_t nanosecond = 0;
};

civil_time civil(std::int64_t ns_since_1970) {
  using namespace std::chrono;
  const sys_time<nanoseconds> at{nanoseconds{ns_since_1970}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{at - day};
  civil_time out;
  out.year = static_cast<int>(date.year());
  out.month = static_cast<unsigned>(date.month());
  out.day = static_cast<unsigned>(date.day());
  out.weekday = weekday{day}.c_encoding();
  out.day_of_year = static_cast<unsigned>(
    (day - sys_days{date.year() / January / 1}).count() + 1);
  out.hour = static_cast<unsigned>(clock.hours().count());
  out.minute = static_cast<unsigned>(clock.minutes().count());
  out.second = static_cast<unsigned>(clock.seconds().count());
  out.nanosecond = clock.subseconds().count();
  return out;
}

std::string padded(std::int64_t x, int width, char fill = '0') {
  auto text = std::to_string(x);
  const auto missing = width - static_cast<int>(text.size());
  return missing > 0
           ? std::string(static_cast<std::size_t>(missing), fill) + text
           : text;
}

unsigned hour12(const civil_time& t) {
  return t.hour % 12 == 0 ? 12 : t.hour % 12;
}

/// An element of a layout and what it stands for.
struct element {
  std::string_view text;
  std::string (*format)(const civil_time&);
};

std::string short_name(std::string_view name) {
  return std::string{name.substr(0, 3)};
}

// Longer elements come before those that they start with.
const element elements[] = {
  {"January", [](const auto& t) { return std::string{months[t.month - 1]}; }},
  {"Jan", [](const auto& t) { return short_name(months[t.month - 1]); }},
  {"Monday", [](const auto& t) { return std::string{weekdays[t.weekday]}; }},
  {"Mon", [](const auto& t) { return short_name(weekdays[t.weekday]); }},
  {"MST", [](const auto&) { return std::string{"UTC"}; }},
  {"002", [](const auto& t) { return padded(t.day_of_year, 3); }},
  {"01", [](const auto& t) { return padded(t.month, 2); }},
  {"02", [](const auto& t) { return padded(t.day, 2); }},
  {"03", [](const auto& t) { return padded(hour12(t), 2); }},
  {"04", [](const auto& t) { return padded(t.minute, 2); }},
  {"05", [](const auto& t) { return padded(t.second, 2); }},
  {"06", [](const auto& t) { return padded(t.year % 100, 2); }},
  {"15", [](const auto& t) { return padded(t.hour, 2); }},
  {"1", [](const auto& t) { return std::to_string(t.month); }},
  {"2006", [](const auto& t) { return padded(t.year, 4); }},
  {"2", [](const auto& t) { return std::to_string(t.day); }},
  {"__2", [](const auto& t) { return padded(t.day_of_year, 3, ' '); }},
  {"_2006", [](const auto& t) { return "_" + padded(t.year, 4); }},
  {"_2", [](const auto& t) { return padded(t.day, 2, ' '); }},
  {"3", [](const auto& t) { return std::to_string(hour12(t)); }},
  {"4", [](const auto& t) { return std::to_string(t.minute); }},
  {"5", [](const auto& t) { return std::to_string(t.second); }},
  {"PM", [](const auto& t) { return std::string{t.hour < 12 ? "AM" : "PM"}; }},
  {"pm", [](const auto& t) { return std::string{t.hour < 12 ? "am" : "pm"}; }},
  {"-07:00:00", [](const auto&) { return std::string{"+00:00:00"}; }},
  {"-070000", [](const auto&) { return std::string{"+000000"}; }},
  {"-07:00", [](const auto&) { return std::string{"+00:00"}; }},
  {"-0700", [](const auto&) { return std::string{"+0000"}; }},
  {"-07", [](const auto&) { return std::string{"+00"}; }},
  {"Z07:00:00", [](const auto&) { return std::string{"Z"}; }},
  {"Z070000", [](const auto&) { return std::string{"Z"}; }},
  {"Z07:00", [](const auto&) { return std::string{"Z"}; }},
  {"Z0700", [](const auto&) { return std::string{"Z"}; }},
  {"Z07", [](const auto&) { return std::string{"Z"}; }},
};

bool is_digit_at(std::string_view text, std::size_t i) {
  return i < text.size() && text[i] >= '0' && text[i] <= '9';
}

/// Formats ".000" or ".999" at the front; returns how much of the layout that
/// was, or 0.
std::size_t fraction(std::string_view layout, const civil_time& t,
                     std::string& out) {
  if (layout.size() < 2 || (layout[0] != '.' && layout[0] != ',')
      || (layout[1] != '0' && layout[1] != '9'))
    return 0;
  auto end = layout.find_first_not_of(layout[1], 1);
  end = end == std::string_view::npos ? layout.size() : end;
  if (is_digit_at(layout, end))
    return 0;
  auto digits =
    padded(t.nanosecond, 9).substr(0, std::min<std::size_t>(end - 1, 9));
  if (layout[1] == '9')
    digits.erase(digits.find_last_not_of('0') + 1);
  if (!digits.empty())
    out += layout[0] + digits;
  return end;
}

/// "Jan" and "Mon" are no elements inside a word.
bool is_part_of_word(std::string_view layout, const element& x) {
  return (x.text == "Jan" || x.text == "Mon") && layout.size() > 3
         && layout[3] >= 'a' && layout[3] <= 'z';
}

} // namespace

std::string format_time(std::int64_t ns_since_1970, std::string_view layout) {
  const auto t = civil(ns_since_1970);
  std::string out;
  while (!layout.empty()) {
    std::size_t used = fraction(layout, t, out);
    if (used == 0)
      for (const auto& x : elements)
        if (layout.starts_with(x.text) && !is_part_of_word(layout, x)) {
          out += x.format(t);
          used = x.text.size();
          break;
        }
    if (used == 0) {
      out += layout[0];
      used = 1;
    }
    layout.remove_prefix(used);
  }
  return out;
}

} // namespace praetor::templates
