// Sprig's dates: instants, their spans, and what to make of them. What Sprig
// reads in the local zone is read in UTC here.

#include "actors/template/core/go_time.hpp"
#include "actors/template/core/host.hpp"
#include "actors/template/core/sprig.hpp"
#include "runtime/base/text.hpp"
#include "runtime/base/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

namespace praetor::templates::sprig {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
/// Go's Duration, and so any span between instants, holds no more.
constexpr std::int64_t span_seconds_max = 9'223'372'035;

// -- time.Time as a value
// ------------------------------------------------------

go_time time_in(const record& x) {
  return {x.fields[0].as_integer(),
          static_cast<std::int32_t>(x.fields[1].as_integer()),
          static_cast<std::int32_t>(x.fields[2].as_integer())};
}

go_time time_of(const call& c) {
  return c.receiver.what() == kind::record ? time_in(c.receiver.as_record())
                                           : go_time{};
}

result<value> format(const call& c) {
  return bounded(format_time(time_of(c), c.text(0)));
}

result<value> unix_seconds(const call& c) {
  return value::integer(time_of(c).seconds, kind::int64);
}

template <class F>
result<value> part(const call& c, F layout) {
  return value::integer(std::atoi(format_time(time_of(c), layout()).c_str()));
}

result<value> year(const call& c) {
  return part(c, [] { return "2006"; });
}

result<value> day(const call& c) {
  return part(c, [] { return "2"; });
}

result<value> hour(const call& c) {
  return part(c, [] { return "15"; });
}

result<value> minute(const call& c) {
  return part(c, [] { return "4"; });
}

result<value> second(const call& c) {
  return part(c, [] { return "5"; });
}

std::string shown(const record& x) {
  return format_time(time_in(x), "2006-01-02 15:04:05.999999999 -0700 MST");
}

constexpr function_row method_rows[] = {
  {"Format", "func(string) string", format},
  {"Unix", "func() int64", unix_seconds},
  {"Year", "func() int", year},
  {"Day", "func() int", day},
  {"Hour", "func() int", hour},
  {"Minute", "func() int", minute},
  {"Second", "func() int", second},
};

const type_ref& time_type() {
  static const type_ref out = [] {
    static std::vector<function> methods;
    auto x = std::make_shared<type>();
    x->what = kind::record;
    x->name = "time.Time";
    x->named = true;
    x->display = shown;
    for (const auto* name : {"seconds", "nanoseconds", "offset"})
      x->fields.push_back({name, type_named("int64")});
    for (const auto& row : method_rows)
      methods.push_back(make_function(row));
    for (const auto& f : methods)
      x->methods.push_back(&f);
    return type_ref{x};
  }();
  return out;
}

value to_value(const go_time& x) {
  return make_record(time_type(), {value::integer(x.seconds, kind::int64),
                                   value::integer(x.nanoseconds, kind::int64),
                                   value::integer(x.offset, kind::int64)});
}

/// What a date may be: a time, or seconds since 1970; else now.
go_time to_time(const call& c, const value& x) {
  if (x.what() == kind::record && x.as_record().what->name == "time.Time")
    return time_in(x.as_record());
  if (x.what() == kind::int64 || x.what() == kind::int_)
    return {x.as_integer(), 0, 0};
  return templates::time_of(c.env.machine().now_ns());
}

/// Seconds from `x` to now, as far as Go can count them.
duration since(const call& c, const go_time& x) {
  const auto now = templates::time_of(c.env.machine().now_ns());
  const auto seconds =
    std::clamp(now.seconds - x.seconds, -span_seconds_max, span_seconds_max);
  return std::chrono::seconds{seconds}
         + std::chrono::nanoseconds{now.nanoseconds - x.nanoseconds};
}

// -- the functions
// -------------------------------------------------------------

result<value> to_date(const call& c) {
  const auto x = parse_time(c.text(0), c.text(1));
  return to_value(x ? *x : go_time{});
}

result<value> must_to_date(const call& c) {
  const auto x = parse_time(c.text(0), c.text(1));
  if (!x)
    return x.error();
  return to_value(*x);
}

result<value> must_date_modify(const call& c) {
  const auto span = parse_duration(c.text(0));
  if (!span)
    return failure(span.error().context);
  auto x = time_in(c[1].as_record());
  const auto ns =
    std::chrono::duration_cast<std::chrono::nanoseconds>(*span).count();
  auto rest = x.nanoseconds + ns % second_ns;
  x.seconds += ns / second_ns;
  if (rest < 0 || rest >= second_ns) {
    x.seconds += rest < 0 ? -1 : 1;
    rest += rest < 0 ? second_ns : -second_ns;
  }
  x.nanoseconds = static_cast<std::int32_t>(rest);
  return to_value(x);
}

result<value> unix_epoch(const call& c) {
  return value::text(std::to_string(time_in(c[0].as_record()).seconds));
}

/// "1h2m3s", to the second.
result<value> ago(const call& c) {
  return value::text(format_duration(
    std::chrono::round<std::chrono::seconds>(since(c, to_time(c, c[0])))));
}

/// The largest unit of a span that is not zero: "3d".
result<value> duration_round(const call& c) {
  auto given = praetor::duration{};
  if (c[0].what() == kind::text) {
    if (const auto read = parse_duration(c.text(0)))
      given = *read;
  } else if (c[0].what() == kind::record) {
    given = since(c, to_time(c, c[0]));
  } else {
    given = std::chrono::nanoseconds{to_integer(c[0])};
  }
  struct unit {
    const char* name;
    std::int64_t seconds;
  };
  constexpr unit units[] = {{"y", 31'536'000}, {"mo", 2'592'000}, {"d", 86'400},
                            {"h", 3'600},      {"m", 60},         {"s", 1}};
  const auto seconds =
    std::abs(std::chrono::duration_cast<std::chrono::seconds>(given).count());
  for (const auto& x : units)
    if (seconds > x.seconds || (x.seconds == 1 && seconds == 1))
      return value::text(std::to_string(seconds / x.seconds) + x.name);
  return value::text("0s");
}

result<value> duration_text(const call& c) {
  const auto seconds =
    std::clamp<std::int64_t>(to_integer(c[0]), -9'000'000'000, 9'000'000'000);
  return value::text(format_duration(std::chrono::seconds{seconds}));
}

constexpr std::string_view read_signature = "func(string, string) time.Time";
constexpr std::string_view modify_signature =
  "func(string, time.Time) (time.Time, error)";

constexpr function_row rows[] = {
  {"sprig_ago", "func(interface {}) string", ago},
  {"sprig_duration", "func(interface {}) string", duration_text},
  {"sprig_durationRound", "func(interface {}) string", duration_round},
  {"sprig_mustDateModify", modify_signature, must_date_modify},
  {"sprig_mustToDate", "func(string, string) (time.Time, error)", must_to_date},
  {"sprig_must_date_modify", modify_signature, must_date_modify},
  {"sprig_toDate", read_signature, to_date},
  {"sprig_unixEpoch", "func(time.Time) string", unix_epoch},
};

} // namespace

std::span<const function_row> date_rows() {
  return rows;
}

} // namespace praetor::templates::sprig
