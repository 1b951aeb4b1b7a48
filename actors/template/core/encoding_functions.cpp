// JSON, YAML, TOML, base64 and digests.

#include "actors/template/core/digest.hpp"
#include "actors/template/core/function_rows.hpp"
#include "actors/template/core/go_json.hpp"
#include "actors/template/core/go_toml.hpp"
#include "actors/template/core/go_yaml.hpp"
#include "actors/template/core/utf8.hpp"
#include "runtime/base/text.hpp"

namespace praetor::templates {

namespace {

/// Names the function in front of an error, as the original does.
error named(std::string_view name, const error& x) {
  return failure(std::string{name} + ": " + x.context);
}

// -- JSON --------------------------------------------------------------------

result<value> from_json(const call& c) {
  if (c.text(0).empty())
    return make_any_map();
  return parse_json(c.text(0));
}

result<value> json(const call& c, std::string_view name,
                   const json_style& style) {
  auto text = to_json(c[0], style);
  if (!text)
    return named(name, text.error());
  return bounded(std::move(*text));
}

result<value> plain_json(const call& c) {
  return json(c, "toJSON", {});
}

result<value> pretty_json(const call& c) {
  return json(c, "toJSONPretty", {"  ", true});
}

result<value> unescaped_json(const call& c) {
  return json(c, "toUnescapedJSON", {"", false});
}

result<value> unescaped_pretty_json(const call& c) {
  return json(c, "toUnescapedJSONPretty", {"  ", false});
}

// -- YAML and TOML -----------------------------------------------------------

result<value> from_yaml(const call& c) {
  if (c.text(0).empty())
    return make_any_map();
  return parse_yaml(c.text(0));
}

result<value> yaml(const call& c) {
  const auto text = to_yaml(c[0]);
  if (!text)
    return named("toYAML", text.error());
  return bounded(std::string{trim_space(*text)});
}

result<value> toml(const call& c) {
  const auto text = to_toml(c[0]);
  if (!text)
    return named("toTOML", text.error());
  return bounded(std::string{trim_space(*text)});
}

// -- base64 ------------------------------------------------------------------

std::string exchanged(std::string text, std::string_view from,
                      std::string_view to) {
  for (auto& c : text)
    if (const auto at = from.find(c); at != std::string_view::npos)
      c = to[at];
  return text;
}

result<value> encode_base64(const call& c) {
  return bounded(base64_encode(c.text(0)));
}

result<value> decode_base64(const call& c) {
  auto text = base64_decode(c.text(0));
  if (!text)
    return named("base64Decode", text.error());
  return value::text(std::move(*text));
}

result<value> encode_url_base64(const call& c) {
  return bounded(exchanged(base64_encode(c.text(0)), "+/", "-_"));
}

result<value> decode_url_base64(const call& c) {
  // The two alphabets differ in two characters, each bad in the other.
  auto text = base64_decode(exchanged(c.text(0), "-_+/", "+/-_"));
  if (!text)
    return named("base64URLDecode", text.error());
  return value::text(std::move(*text));
}

// -- digests -----------------------------------------------------------------

result<value> sha256_hex(const call& c) {
  return value::text(digest_hex(digest_kind::sha256, c.text(0)));
}

result<value> md5_hex(const call& c) {
  return value::text(digest_hex(digest_kind::md5, c.text(0)));
}

result<value> hmac_hex(const call& c) {
  return value::text(hmac_sha256_hex(c.text(1), c.text(0)));
}

constexpr std::string_view text_to_text = "func(string) (string, error)";
constexpr std::string_view any_to_text = "func(interface {}) (string, error)";

constexpr function_row rows[] = {
  {"base64Decode", text_to_text, decode_base64},
  {"base64Encode", text_to_text, encode_base64},
  {"base64URLDecode", text_to_text, decode_url_base64},
  {"base64URLEncode", text_to_text, encode_url_base64},
  {"hmacSHA256Hex", "func(string, string) (string, error)", hmac_hex},
  {"md5sum", text_to_text, md5_hex},
  {"parseJSON", "func(string) (interface {}, error)", from_json},
  {"parseYAML", "func(string) (interface {}, error)", from_yaml},
  {"sha256Hex", text_to_text, sha256_hex},
  {"toJSON", any_to_text, plain_json},
  {"toJSONPretty", any_to_text, pretty_json},
  {"toTOML", "func(map[string]interface {}) (string, error)", toml},
  {"toUnescapedJSON", any_to_text, unescaped_json},
  {"toUnescapedJSONPretty", any_to_text, unescaped_pretty_json},
  {"toYAML", any_to_text, yaml},
};

} // namespace

std::span<const function_row> encoding_rows() {
  return rows;
}

} // namespace praetor::templates
