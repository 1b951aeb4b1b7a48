#include "actors/template/core/render.hpp"
#include "tests/template_cases/lang_fixture.hpp"
#include "tests/template_cases/no_host.hpp"
#include "tests/template_cases/runner.hpp"

namespace praetor::templates::cases {

namespace {

render_options options_of(const rapidjson::Value& x) {
  render_options out;
  out.missing = missing_key::invalid;
  if (!x.HasMember("options"))
    return out;
  for (const auto& option : x["options"].GetArray()) {
    const std::string text = option.GetString();
    if (text == "missingkey=zero")
      out.missing = missing_key::zero;
    if (text == "missingkey=error")
      out.missing = missing_key::error;
  }
  return out;
}

std::optional<std::string> check_error(const rapidjson::Value& x,
                                       const std::string& stage,
                                       const std::string& error,
                                       const std::string& output) {
  if (!x.HasMember("error_stage"))
    return stage + " error: " + error;
  if (text_member(x, "error_stage") != stage)
    return "error in stage " + stage + ": " + error;
  const auto part = text_member(x, "error_contains");
  const auto full = text_member(x, "error");
  if (error.find(part) == std::string::npos)
    return "error is\n  " + error + "\n  instead of\n  " + full;
  // Where the whole text is free of details of Go, it must be equal.
  if (error != full && part == full)
    return "error is\n  " + error + "\n  instead of\n  " + full;
  if (stage == "execute" && output != text_member(x, "partial_output"))
    return "output before the error is '" + output + "'";
  return std::nullopt;
}

} // namespace

std::string text_member(const rapidjson::Value& x, const char* name) {
  const auto i = x.FindMember(name);
  if (i == x.MemberEnd() || !i->value.IsString())
    return {};
  return {i->value.GetString(), i->value.GetStringLength()};
}

std::optional<std::string> run_lang_case(const rapidjson::Value& x) {
  parse_options how;
  how.name = text_member(x, "template_name");
  how.left_delimiter = text_member(x, "left_delim");
  how.right_delimiter = text_member(x, "right_delim");
  how.level = go_level::go_1_19; // what the cases were recorded with
  const auto parsed =
    parse_template(text_member(x, "template"), how, lang_functions());
  if (!parsed)
    return check_error(x, "parse", parsed.error().context, "");
  const data_cache nothing;
  no_host machine;
  const auto done =
    render(*parsed, nothing, machine, options_of(x), to_value(x["data"]));
  if (done.error)
    return check_error(x, "execute", *done.error, done.output);
  if (!x.HasMember("output"))
    return "no error, but output '" + done.output + "'";
  if (done.output != text_member(x, "output"))
    return "output is\n  '" + done.output + "'\n  instead of\n  '"
           + text_member(x, "output") + "'";
  return std::nullopt;
}

} // namespace praetor::templates::cases
