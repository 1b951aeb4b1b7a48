#include "actors/template/core/compare.hpp"
#include "actors/template/core/go_json.hpp"
#include "actors/template/core/semver.hpp"
#include "actors/template/core/sprig.hpp"
#include "actors/template/core/url.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>

namespace praetor::templates::sprig {

namespace {

// -- defaults ----------------------------------------------------------------

result<value> default_value(const call& c) {
  return c.size() < 2 || is_empty(c[1]) ? c[0] : c[1];
}

result<value> empty(const call& c) {
  return value::boolean(is_empty(c[0]));
}

result<value> ternary(const call& c) {
  return c[2].as_boolean() ? c[0] : c[1];
}

// -- JSON --------------------------------------------------------------------

result<value> must_from_json(const call& c) {
  return parse_json(c.text(0));
}

result<value> from_json(const call& c) {
  auto x = parse_json(c.text(0));
  return x ? x : value{};
}

result<value> json(const call& c, const json_style& style, bool must) {
  auto text = templates::to_json(c[0], style);
  if (!text && must)
    return failure(text.error().context);
  return bounded(text ? std::move(*text) : "");
}

result<value> to_json(const call& c) {
  return json(c, {}, false);
}

result<value> must_to_json(const call& c) {
  return json(c, {}, true);
}

result<value> to_pretty_json(const call& c) {
  return json(c, {"  ", true}, false);
}

result<value> must_to_pretty_json(const call& c) {
  return json(c, {"  ", true}, true);
}

result<value> to_raw_json(const call& c) {
  return json(c, {"", false}, false);
}

result<value> must_to_raw_json(const call& c) {
  return json(c, {"", false}, true);
}

// -- types -------------------------------------------------------------------

std::string go_type(const value& x) {
  return x.valid() ? type_name(x) : "<nil>";
}

std::string go_kind(const value& x) {
  switch (x.what()) {
    case kind::invalid: return "invalid";
    case kind::list: return "slice";
    case kind::map: return "map";
    case kind::record: return "struct";
    case kind::pointer: return "ptr";
    case kind::function: return "func";
    case kind::channel: return "chan";
    default: return type_name(x);
  }
}

result<value> type_of_value(const call& c) {
  return value::text(go_type(c[0]));
}

result<value> type_is(const call& c) {
  return value::boolean(go_type(c[1]) == c.text(0));
}

result<value> type_is_like(const call& c) {
  const auto name = go_type(c[1]);
  return value::boolean(name == c.text(0) || name == "*" + c.text(0));
}

result<value> kind_of(const call& c) {
  return value::text(go_kind(c[0]));
}

result<value> kind_is(const call& c) {
  return value::boolean(go_kind(c[1]) == c.text(0));
}

result<value> deep_equals(const call& c) {
  constexpr std::size_t steps_max = 1'000'000;
  auto steps = steps_max;
  const bool same = deep_equal(c[0], c[1], steps);
  if (steps == 0 || !c.env.spend_steps(steps_max - steps))
    return failure("values are too large");
  return value::boolean(same);
}

// -- paths -------------------------------------------------------------------

/// Removes "." and ".." and double slashes.
std::string cleaned(std::string_view path) {
  std::vector<std::string> parts;
  const bool rooted = path.starts_with('/');
  for (auto& part : split_text(path, "/")) {
    if (part.empty() || part == ".")
      continue;
    if (part == ".." && !parts.empty() && parts.back() != "..")
      parts.pop_back();
    else if (part != ".." || !rooted)
      parts.push_back(std::move(part));
  }
  std::string out = rooted ? "/" : "";
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : "/") + parts[i];
  return out.empty() ? "." : out;
}

result<value> clean(const call& c) {
  return value::text(cleaned(c.text(0)));
}

result<value> base(const call& c) {
  std::string_view path = c.text(0);
  if (path.empty())
    return value::text(".");
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  if (path == "/")
    return value::text("/");
  const auto slash = path.rfind('/');
  return value::text(std::string{
    slash == std::string_view::npos ? path : path.substr(slash + 1)});
}

result<value> dir(const call& c) {
  const auto& path = c.text(0);
  const auto slash = path.rfind('/');
  return value::text(
    cleaned(slash == std::string::npos ? "" : path.substr(0, slash + 1)));
}

result<value> ext(const call& c) {
  const auto& path = c.text(0);
  const auto at = path.find_last_of("./");
  return value::text(
    at == std::string::npos || path[at] == '/' ? "" : path.substr(at));
}

result<value> is_absolute(const call& c) {
  return value::boolean(c.text(0).starts_with('/'));
}

// -- encodings ---------------------------------------------------------------

result<value> encode64(const call& c) {
  return bounded(base64_encode(c.text(0)));
}

result<value> decode64(const call& c) {
  auto text = base64_decode(c.text(0));
  return value::text(text ? std::move(*text) : text.error().context);
}

constexpr std::string_view base32_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

result<value> encode32(const call& c) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const auto x : c.text(0)) {
    bits = (bits << 8U) | static_cast<unsigned char>(x);
    for (count += 8; count >= 5; count -= 5)
      out += base32_letters[(bits >> (count - 5)) & 31U];
  }
  if (count > 0)
    out += base32_letters[(bits << (5 - count)) & 31U];
  out.append((8 - out.size() % 8) % 8, '=');
  return bounded(std::move(out));
}

result<value> decode32(const call& c) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  const auto& text = c.text(0);
  const auto end = std::min(text.find('='), text.size());
  for (std::size_t i = 0; i < end; ++i) {
    const auto digit = base32_letters.find(text[i]);
    if (digit == std::string_view::npos || text.size() % 8 != 0)
      return value::text("illegal base32 data at input byte "
                         + std::to_string(i));
    bits = (bits << 5U) | static_cast<std::uint32_t>(digit);
    if ((count += 5) >= 8)
      out += static_cast<char>(bits >> (count -= 8));
  }
  return value::text(std::move(out));
}

// -- URLs and versions -------------------------------------------------------

result<value> url_parse(const call& c) {
  const auto out = make_any_map();
  for (auto& [name, part] : parse_url(c.text(0)))
    put(out, name, value::text(std::move(part)));
  return out;
}

result<value> url_join(const call& c) {
  std::map<std::string, std::string> parts;
  for (const auto& [key, x] : c[0].as_map().entries)
    parts[key.as_text()] = to_text(x);
  return bounded(join_url(parts));
}

value version_record(const version& v) {
  static const auto what = [] {
    auto x = std::make_shared<type>();
    x->what = kind::record;
    x->name = "semver.Version";
    x->named = true;
    x->fields = {
      {"Major", type_named("uint64")},    {"Minor", type_named("uint64")},
      {"Patch", type_named("uint64")},    {"Prerelease", type_named("string")},
      {"Metadata", type_named("string")}, {"Original", type_named("string")}};
    return x;
  }();
  return make_pointer(
    make_record(what, {value::natural(v.major), value::natural(v.minor),
                       value::natural(v.patch), value::text(v.prerelease),
                       value::text(v.metadata), value::text(v.original)}));
}

result<value> semver(const call& c) {
  const auto parsed = parse_version(c.text(0));
  if (!parsed)
    return failure("Invalid Semantic Version");
  return version_record(*parsed);
}

result<value> semver_compare(const call& c) {
  const auto parsed = parse_version(c.text(1));
  if (!parsed)
    return failure("Invalid Semantic Version");
  const auto satisfied = satisfies(*parsed, c.text(0));
  if (!satisfied)
    return failure("improper constraint: " + c.text(0));
  return value::boolean(*satisfied);
}

// -- the rest ----------------------------------------------------------------

result<value> fail(const call& c) {
  return failure(c.text(0));
}

result<value> hello(const call&) {
  return value::text("Hello!");
}

result<value> not_supported(const call&) {
  return failure("this function is not supported");
}

constexpr std::string_view text_to_text = "func(string) string";
constexpr std::string_view any_to_text = "func(interface {}) string";
constexpr std::string_view text_to_any = "func(string) interface {}";
constexpr std::string_view text_to_bool = "func(string) bool";
constexpr std::string_view text_any_to_bool = "func(string, interface {}) bool";
constexpr std::string_view anything = "func(...interface {}) interface {}";

constexpr function_row rows[] = {
  {"sprig_b32dec", text_to_text, decode32},
  {"sprig_b32enc", text_to_text, encode32},
  {"sprig_b64dec", text_to_text, decode64},
  {"sprig_b64enc", text_to_text, encode64},
  {"sprig_base", text_to_text, base},
  {"sprig_bcrypt", anything, not_supported},
  {"sprig_buildCustomCert", anything, not_supported},
  {"sprig_clean", text_to_text, clean},
  {"sprig_decryptAES", anything, not_supported},
  {"sprig_deepEqual", "func(interface {}, interface {}) bool", deep_equals},
  {"sprig_default", "func(interface {}, ...interface {}) interface {}",
   default_value},
  {"sprig_derivePassword", anything, not_supported},
  {"sprig_dir", text_to_text, dir},
  {"sprig_empty", "func(interface {}) bool", empty},
  {"sprig_encryptAES", anything, not_supported},
  {"sprig_ext", text_to_text, ext},
  {"sprig_fail", "func(string) (string, error)", fail},
  {"sprig_fromJson", text_to_any, from_json},
  {"sprig_genCA", anything, not_supported},
  {"sprig_genCAWithKey", anything, not_supported},
  {"sprig_genPrivateKey", anything, not_supported},
  {"sprig_genSelfSignedCert", anything, not_supported},
  {"sprig_genSelfSignedCertWithKey", anything, not_supported},
  {"sprig_genSignedCert", anything, not_supported},
  {"sprig_genSignedCertWithKey", anything, not_supported},
  {"sprig_hello", "func() string", hello},
  {"sprig_htpasswd", anything, not_supported},
  {"sprig_isAbs", text_to_bool, is_absolute},
  {"sprig_kindIs", text_any_to_bool, kind_is},
  {"sprig_kindOf", any_to_text, kind_of},
  {"sprig_mustFromJson", text_to_any, must_from_json},
  {"sprig_mustToJson", any_to_text, must_to_json},
  {"sprig_mustToPrettyJson", any_to_text, must_to_pretty_json},
  {"sprig_mustToRawJson", any_to_text, must_to_raw_json},
  {"sprig_osBase", text_to_text, base},
  {"sprig_osClean", text_to_text, clean},
  {"sprig_osDir", text_to_text, dir},
  {"sprig_osExt", text_to_text, ext},
  {"sprig_osIsAbs", text_to_bool, is_absolute},
  {"sprig_randSeededNumeric", anything, not_supported},
  {"sprig_semver", "func(string) (*semver.Version, error)", semver},
  {"sprig_semverCompare", "func(string, string) (bool, error)", semver_compare},
  {"sprig_ternary", "func(interface {}, interface {}, bool) interface {}",
   ternary},
  {"sprig_toJson", any_to_text, to_json},
  {"sprig_toPrettyJson", any_to_text, to_pretty_json},
  {"sprig_toRawJson", any_to_text, to_raw_json},
  {"sprig_typeIs", text_any_to_bool, type_is},
  {"sprig_typeIsLike", text_any_to_bool, type_is_like},
  {"sprig_typeOf", any_to_text, type_of_value},
  {"sprig_urlJoin", "func(map[string]interface {}) string", url_join},
  {"sprig_urlParse", "func(string) map[string]interface {}", url_parse},
};

} // namespace

std::span<const function_row> other_rows() {
  return rows;
}

} // namespace praetor::templates::sprig
