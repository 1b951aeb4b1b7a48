// Functions that need the host or the rendering itself: environment, clock,
// programs, files, the scratch pad, other templates.

#include "actors/template/core/format.hpp"
#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/go_json.hpp"
#include "actors/template/core/go_time.hpp"
#include "actors/template/core/number_text.hpp"
#include "actors/template/core/quoting.hpp"
#include "actors/template/core/utf8.hpp"

#include <array>

namespace praetor::templates {

namespace {

// -- environment -------------------------------------------------------------

result<value> env(const call& c) {
  return value::text(c.env.machine().variable(c.text(0)).value_or(""));
}

result<value> env_or_default(const call& c) {
  return value::text(c.env.machine().variable(c.text(0)).value_or(c.text(1)));
}

result<value> must_env(const call& c) {
  auto found = c.env.machine().variable(c.text(0)).value_or("");
  if (found.empty())
    return failure("required environment variable " + c.text(0) + " is empty");
  return value::text(std::move(found));
}

// -- clock -------------------------------------------------------------------

result<value> timestamp(const call& c) {
  constexpr std::int64_t ns_per_second = 1'000'000'000;
  const auto now = c.env.machine().now_ns();
  switch (c.size()) {
    case 0: return value::text(format_time(now, rfc3339));
    case 1:
      if (c.text(0) == "unix")
        return value::text(std::to_string(now / ns_per_second));
      return value::text(format_time(now, c.text(0)));
    default:
      return failure("timestamp: wrong number of arguments, expected 0 or 1, "
                     "but got "
                     + std::to_string(c.size()));
  }
}

// -- programs and files ------------------------------------------------------

result<value> plugin(const call& c) {
  if (c.text(0).empty())
    return value::text("");
  std::vector<std::string> arguments{c.text(0)};
  for (std::size_t i = 1; i < c.size(); ++i) {
    const auto given = trim_space(c.text(i));
    if (!given.empty())
      arguments.emplace_back(given);
  }
  const auto ended = c.env.machine().run_program(arguments);
  const auto out = ended ? *ended : program_outcome{};
  const auto flaw = ended ? out.failure : ended.error().context;
  if (!flaw.empty())
    return failure("exec " + quote(c.text(0)) + ": " + flaw + "\n\nstdout:\n\n"
                   + out.out + "\n\nstderr:\n\n" + out.err);
  return value::text(std::string{trim_space(out.out)});
}

result<value> write_to_file(const call& c) {
  // PATH USER GROUP PERMS [FLAGS] CONTENT
  if (c.size() != 5 && c.size() != 6)
    return failure("writeToFile: wrong number of arguments, expected 5 or 6, "
                   "but got "
                   + std::to_string(c.size()));
  const auto mode = read_natural(c.text(3), 8);
  constexpr std::uint64_t mode_max = 07777;
  if (mode.flaw || mode.value > mode_max)
    return failure("writeToFile: "
                   + flaw_text("ParseUint", c.text(3),
                               mode.flaw.value_or(number_flaw::range)));
  const std::string flags = c.size() == 6 ? c.text(4) : "";
  file_order order;
  order.path = c.text(0);
  order.user = c.text(1);
  order.group = c.text(2);
  order.mode = static_cast<unsigned>(mode.value);
  order.append = flags.find("append") != std::string::npos;
  order.content = c.text(c.size() - 1);
  if (flags.find("newline") != std::string::npos)
    order.content += '\n';
  const auto done = c.env.machine().write_file(order);
  if (!done)
    return failure(done.error().context);
  return value::text("");
}

// -- templates ---------------------------------------------------------------

result<value> execute_template(const call& c) {
  if (c.size() > 2)
    return failure("wrong number of arguments, expected 1 or 2, but got "
                   + std::to_string(c.size()));
  auto text = c.env.execute(c.text(0), c.size() == 2 ? c[1] : value{});
  if (!text)
    return failure(text.error().context);
  return bounded(std::move(*text));
}

// -- scratch -----------------------------------------------------------------

result<value> scratch_key(const call& c) {
  return value::boolean(c.env.scratch().contains(c.text(0)));
}

result<value> scratch_get(const call& c) {
  const auto i = c.env.scratch().find(c.text(0));
  return i == c.env.scratch().end() ? value{} : i->second;
}

result<value> scratch_set(const call& c) {
  c.env.scratch()[c.text(0)] = c[1];
  return value::text("");
}

result<value> scratch_set_once(const call& c) {
  c.env.scratch().try_emplace(c.text(0), c[1]);
  return value::text("");
}

result<value> set_in_map(const call& c, bool overwrite) {
  auto& place =
    c.env.scratch().try_emplace(c.text(0), make_any_map()).first->second;
  if (place.what() != kind::map
      || type_name(place) != "map[string]interface {}")
    return failure(quote(c.text(0)) + " is not a map");
  if (!overwrite && find(place, c.text(1)) != nullptr)
    return value::text("");
  const auto done = put_member(c.env, place, c.text(1), c[2]);
  if (!done)
    return done.error();
  return value::text("");
}

result<value> scratch_map_set(const call& c) {
  return set_in_map(c, true);
}

result<value> scratch_map_set_once(const call& c) {
  return set_in_map(c, false);
}

result<value> scratch_map_values(const call& c) {
  static const auto what = type_named("[]interface {}");
  const auto i = c.env.scratch().find(c.text(0));
  if (i == c.env.scratch().end() || i->second.what() != kind::map)
    return zero_of(what);
  std::vector<value> items;
  for (const auto& [key, x] : i->second.as_map().entries)
    items.push_back(x);
  return make_any_list(std::move(items));
}

constexpr function_row scratch_rows[] = {
  {"Key", "func(string) bool", scratch_key},
  {"Get", "func(string) interface {}", scratch_get},
  {"Set", "func(string, interface {}) string", scratch_set},
  {"SetX", "func(string, interface {}) string", scratch_set_once},
  {"MapSet", "func(string, string, interface {}) (string, error)",
   scratch_map_set},
  {"MapSetX", "func(string, string, interface {}) (string, error)",
   scratch_map_set_once},
  {"MapValues", "func(string) ([]interface {}, error)", scratch_map_values},
};

/// The scratch pad is in the environment; this only carries the methods.
result<value> scratch(const call&) {
  static const auto methods = [] {
    std::array<function, std::size(scratch_rows)> out;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = make_function(scratch_rows[i]);
    return out;
  }();
  static const auto pad = [] {
    auto x = std::make_shared<type>();
    x->what = kind::record;
    x->name = "template.Scratch";
    x->named = true;
    for (const auto& method : methods)
      x->methods.push_back(&method);
    return make_pointer(make_record(x, {}));
  }();
  return pad;
}

// -- debugging ---------------------------------------------------------------

result<value> dump(const call& c) {
  std::string out;
  for (const auto& x : c.arguments) {
    out += print_formatted("(%T) %#v\n", std::array{x, x});
  }
  return bounded(std::move(out));
}

result<value> dump_formatted(const call& c) {
  return bounded(print_formatted(c.text(0), c.arguments.subspan(1)));
}

constexpr function_row rows[] = {
  {"env", "func(string) (string, error)", env},
  {"envOrDefault", "func(string, string) (string, error)", env_or_default},
  {"executeTemplate", "func(string, ...interface {}) (string, error)",
   execute_template},
  {"mustEnv", "func(string) (string, error)", must_env},
  {"plugin", "func(string, ...string) (string, error)", plugin},
  {"scratch", "func() *template.Scratch", scratch},
  {"spew_dump", "func(...interface {}) (string, error)", dump},
  {"spew_printf", "func(string, ...interface {}) (string, error)",
   dump_formatted},
  {"spew_sdump", "func(...interface {}) (string, error)", dump},
  {"spew_sprintf", "func(string, ...interface {}) (string, error)",
   dump_formatted},
  {"timestamp", "func(...string) (string, error)", timestamp},
  {"writeToFile", "func(...string) (string, error)", write_to_file},
};

} // namespace

std::span<const function_row> host_rows() {
  return rows;
}

} // namespace praetor::templates
