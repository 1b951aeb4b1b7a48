#include "actors/template/core/go_time.hpp"

#include "runtime/base/text.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>

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
  int offset = 0; // seconds
};

civil_time civil(const go_time& x) {
  using namespace std::chrono;
  const sys_seconds at{seconds{x.seconds + x.offset}};
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
  out.nanosecond = x.nanoseconds;
  out.offset = x.offset;
  return out;
}

std::string padded(std::int64_t x, int width, char fill = '0') {
  auto text = std::to_string(x);
  const auto missing = width - static_cast<int>(text.size());
  return missing > 0
           ? std::string(static_cast<std::size_t>(missing), fill) + text
           : text;
}

/// "+0130" for -0700 and the like; `colons` between the parts.
std::string zone(const civil_time& t, int parts, bool colons) {
  const auto far = std::abs(t.offset);
  std::string out = t.offset < 0 ? "-" : "+";
  out += padded(far / 3600, 2);
  if (parts > 1)
    out += (colons ? ":" : "") + padded(far / 60 % 60, 2);
  if (parts > 2)
    out += (colons ? ":" : "") + padded(far % 60, 2);
  return out;
}

std::string zulu(const civil_time& t, int parts, bool colons) {
  return t.offset == 0 ? "Z" : zone(t, parts, colons);
}

/// Zones without a name are shown by their offset.
std::string zone_name(const civil_time& t) {
  return t.offset == 0 ? "UTC" : zone(t, t.offset % 3600 == 0 ? 1 : 2, false);
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
  {"MST", zone_name},
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
  {"-07:00:00", [](const auto& t) { return zone(t, 3, true); }},
  {"-070000", [](const auto& t) { return zone(t, 3, false); }},
  {"-07:00", [](const auto& t) { return zone(t, 2, true); }},
  {"-0700", [](const auto& t) { return zone(t, 2, false); }},
  {"-07", [](const auto& t) { return zone(t, 1, false); }},
  {"Z07:00:00", [](const auto& t) { return zulu(t, 3, true); }},
  {"Z070000", [](const auto& t) { return zulu(t, 3, false); }},
  {"Z07:00", [](const auto& t) { return zulu(t, 2, true); }},
  {"Z0700", [](const auto& t) { return zulu(t, 2, false); }},
  {"Z07", [](const auto& t) { return zulu(t, 1, false); }},
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

/// The element at the front of a layout, or null.
const element* element_at(std::string_view layout) {
  for (const auto& x : elements)
    if (layout.starts_with(x.text) && !is_part_of_word(layout, x))
      return &x;
  return nullptr;
}

// -- reading
// --------------------------------------------------------------------

/// Reads a text along a layout.
class reader {
public:
  reader(std::string_view layout, std::string_view text)
    : layout_{layout}, text_{text}, whole_layout_{layout}, whole_text_{text} {}

  result<go_time> run() {
    while (!layout_.empty()) {
      if (auto read = step(); !read)
        return read.error();
      // A fraction may follow the seconds although the layout has none.
      if (after_seconds_ && !text_.empty() && text_[0] == '.'
          && !is_fraction(layout_))
        take_fraction();
      after_seconds_ = false;
    }
    if (!text_.empty())
      return failed("extra text: \"" + std::string{text_} + "\"");
    return finish();
  }

private:
  error failed(const std::string& why) const {
    return {errc::invalid_argument, "parsing time \"" + std::string{whole_text_}
                                      + "\" as \"" + std::string{whole_layout_}
                                      + "\": " + why};
  }

  error mismatch(std::string_view element) const {
    return failed("cannot parse \"" + std::string{text_} + "\" as \""
                  + std::string{element} + "\"");
  }

  error outside(const char* what) const {
    return {errc::invalid_argument, "parsing time \"" + std::string{whole_text_}
                                      + "\": " + what + " out of range"};
  }

  static bool is_fraction(std::string_view layout) {
    return layout.size() > 1 && (layout[0] == '.' || layout[0] == ',')
           && (layout[1] == '0' || layout[1] == '9');
  }

  status step() {
    if (is_fraction(layout_)) {
      const auto end = layout_.find_first_not_of(layout_[1], 1);
      const auto size = end == layout_.npos ? layout_.size() : end;
      const auto what = layout_.substr(0, size);
      const bool needed = what[1] == '0';
      layout_.remove_prefix(size);
      if (!take_fraction() && needed)
        return mismatch(what);
      return ok;
    }
    const auto* x = element_at(layout_);
    if (x == nullptr) {
      if (text_.empty() || text_[0] != layout_[0])
        return mismatch(literal());
      layout_.remove_prefix(1);
      text_.remove_prefix(1);
      return ok;
    }
    layout_.remove_prefix(x->text.size());
    return take(x->text);
  }

  /// The layout up to its next element.
  std::string_view literal() const {
    std::size_t n = 1;
    while (n < layout_.size() && element_at(layout_.substr(n)) == nullptr)
      ++n;
    return layout_.substr(0, n);
  }

  /// At most nine digits count.
  bool take_fraction() {
    if (text_.size() < 2 || (text_[0] != '.' && text_[0] != ',')
        || !is_digit_at(text_, 1))
      return false;
    std::int32_t unit = 100'000'000;
    std::size_t n = 1;
    for (; is_digit_at(text_, n); ++n, unit /= 10)
      nanoseconds_ += (text_[n] - '0') * unit;
    text_.remove_prefix(n);
    return true;
  }

  std::optional<int> number(std::size_t least, std::size_t most) {
    std::size_t n = 0;
    int out = 0;
    for (; n < most && is_digit_at(text_, n); ++n)
      out = out * 10 + (text_[n] - '0');
    if (n < least)
      return std::nullopt;
    text_.remove_prefix(n);
    return out;
  }

  template <std::size_t N>
  std::optional<int> word(const std::array<std::string_view, N>& words,
                          bool shortened) {
    for (std::size_t i = 0; i < N; ++i) {
      const auto one = shortened ? words[i].substr(0, 3) : words[i];
      if (!equal_fold(text_.substr(0, one.size()), one))
        continue;
      text_.remove_prefix(one.size());
      return static_cast<int>(i);
    }
    return std::nullopt;
  }

  status take(std::string_view what) {
    if (what[0] == '-' || what[0] == 'Z')
      return take_zone(what);
    if (what == "MST")
      return take_zone_name();
    if (what == "PM" || what == "pm")
      return take_half(what);
    if (what.starts_with("Jan"))
      return keep(word(months, what == "Jan"), month_, 1, what);
    if (what.starts_with("Mon"))
      return keep(word(weekdays, what == "Mon"), ignored_, 0, what);
    return take_number(what);
  }

  status keep(std::optional<int> x, int& to, int add, std::string_view what) {
    if (!x)
      return mismatch(what);
    to = *x + add;
    return ok;
  }

  status take_number(std::string_view what) {
    while (what[0] == '_' && !text_.empty() && text_[0] == ' ')
      text_.remove_prefix(1);
    if (what == "_2006") {
      if (text_.empty() || text_[0] != '_')
        return mismatch(what);
      text_.remove_prefix(1);
    }
    if (what == "2006" || what == "_2006")
      return keep(number(4, 4), year_, 0, what);
    if (what == "06") {
      const auto x = number(2, 2);
      return keep(x, year_, x.value_or(0) >= 69 ? 1900 : 2000, what);
    }
    if (what == "002" || what == "__2")
      return keep(number(what == "002" ? 3 : 1, 3), day_of_year_, 0, what);
    if (what == "15")
      return keep(number(1, 2), hour_, 0, what);
    const std::size_t least = what[0] == '0' ? 2 : 1;
    switch (what.back()) {
      case '1': return keep(number(least, 2), month_, 0, what);
      case '2': return keep(number(least, 2), day_, 0, what);
      case '3': return keep(number(least, 2), hour_, 0, what);
      case '4': return keep(number(least, 2), minute_, 0, what);
      default:
        after_seconds_ = true;
        return keep(number(least, 2), second_, 0, what);
    }
  }

  status take_half(std::string_view what) {
    const auto x = text_.substr(0, 2);
    const bool upper = what == "PM";
    if (x != (upper ? "PM" : "pm") && x != (upper ? "AM" : "am"))
      return mismatch(what);
    half_ = x == "PM" || x == "pm" ? 2 : 1;
    text_.remove_prefix(2);
    return ok;
  }

  status take_zone_name() {
    if (!text_.starts_with("UTC") && !text_.starts_with("GMT"))
      return mismatch("MST");
    text_.remove_prefix(3);
    return ok;
  }

  status take_zone(std::string_view what) {
    if (what[0] == 'Z' && text_.starts_with('Z')) {
      text_.remove_prefix(1);
      return ok;
    }
    if (text_.empty() || (text_[0] != '+' && text_[0] != '-'))
      return mismatch(what);
    const int sign = text_[0] == '-' ? -1 : 1;
    const auto before = text_;
    text_.remove_prefix(1);
    int unit = 3600;
    for (std::size_t i = 1; i < what.size(); unit /= 60) {
      if (what[i] == ':' && (text_.empty() || text_[0] != ':')) {
        text_ = before;
        return mismatch(what);
      }
      if (what[i] == ':') {
        text_.remove_prefix(1);
        ++i;
      }
      const auto x = number(2, 2);
      if (!x || *x > (unit == 3600 ? 24 : 59)) {
        text_ = before;
        return mismatch(what);
      }
      offset_ += sign * *x * unit;
      i += 2;
    }
    return ok;
  }

  result<go_time> finish() {
    using namespace std::chrono;
    if (month_ < 1 || month_ > 12)
      return outside("month");
    if (hour_ > 23 || (half_ != 0 && (hour_ > 12 || hour_ < 1)))
      return outside("hour");
    if (minute_ > 59)
      return outside("minute");
    if (second_ > 59)
      return outside("second");
    if (half_ == 2 && hour_ < 12)
      hour_ += 12;
    if (half_ == 1 && hour_ == 12)
      hour_ = 0;
    const year_month_day date{year{year_}, month{static_cast<unsigned>(month_)},
                              day{static_cast<unsigned>(day_)}};
    auto at = sys_days{date};
    if (day_of_year_ > 0)
      at = sys_days{year{year_} / January / 1} + days{day_of_year_ - 1};
    else if (!date.ok())
      return outside("day");
    const auto clock = hours{hour_} + minutes{minute_} + seconds{second_};
    return go_time{sys_seconds{at + clock}.time_since_epoch().count() - offset_,
                   nanoseconds_, offset_};
  }

  std::string_view layout_;
  std::string_view text_;
  std::string_view whole_layout_;
  std::string_view whole_text_;
  bool after_seconds_ = false;
  int year_ = 0;
  int month_ = 1;
  int day_ = 1;
  int day_of_year_ = 0;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  std::int32_t nanoseconds_ = 0;
  std::int32_t offset_ = 0;
  /// 1: before noon, 2: after.
  int half_ = 0;
  int ignored_ = 0;
};

} // namespace

result<go_time> parse_time(std::string_view layout, std::string_view text) {
  return reader{layout, text}.run();
}

go_time time_of(std::int64_t ns_since_1970) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(nanoseconds{ns_since_1970});
  return {whole.count(),
          static_cast<std::int32_t>(ns_since_1970 - nanoseconds{whole}.count()),
          0};
}

std::string format_time(std::int64_t ns_since_1970, std::string_view layout) {
  return format_time(time_of(ns_since_1970), layout);
}

std::string format_time(const go_time& x, std::string_view layout) {
  const auto t = civil(x);
  std::string out;
  while (!layout.empty()) {
    std::size_t used = fraction(layout, t, out);
    if (used == 0)
      if (const auto* part = element_at(layout)) {
        out += part->format(t);
        used = part->text.size();
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
