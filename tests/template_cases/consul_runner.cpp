#include "actors/template/core/render.hpp"
#include "tests/template_cases/case_host.hpp"
#include "tests/template_cases/consul_model.hpp"
#include "tests/template_cases/runner.hpp"

#include <re2/re2.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace praetor::templates::cases {

namespace {

/// What became of a template.
struct ending {
  std::optional<std::string> output;
  std::string error; ///< empty and no output: it waits for data
};

/// Files that exist while a case runs.
class case_files {
public:
  ~case_files() {
    for (const auto& path : paths_)
      std::filesystem::remove(path);
  }

  std::string make(const std::string& content) {
    char path[] = "/tmp/praetor-case-file-XXXXXX";
    const int handle = mkstemp(path);
    if (handle >= 0)
      close(handle);
    std::ofstream{path, std::ios::binary} << content;
    paths_.emplace_back(path);
    return path;
  }

private:
  std::vector<std::string> paths_;
};

void replace_all(std::string& text, const std::string& from,
                 const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// Fetches one dependency. Returns an error's text, if it cannot be had.
std::optional<std::string> fetch(const dependency& x,
                                 const consul_model& consul, data_cache& data) {
  std::optional<std::string> body;
  if (style_of(x) == watch_style::file) {
    std::ifstream in{x.subject, std::ios::binary};
    if (!in)
      return x.name() + ": stat " + x.subject + ": no such file or directory";
    body = std::string{std::istreambuf_iterator<char>{in}, {}};
  } else {
    body = consul.answer(request_path(x, "consul-server01"));
  }
  auto decoded = decode_answer(x, body);
  if (!decoded)
    return decoded.error().context;
  if (*decoded)
    data.store(x.name(), **decoded);
  return std::nullopt;
}

/// Renders in passes until nothing is missing or nothing new arrives.
ending render_in_passes(const parsed_template& parsed,
                        const consul_model& consul, case_host& machine,
                        const render_options& how) {
  data_cache data;
  constexpr int passes_max = 20;
  for (int pass = 0; pass < passes_max; ++pass) {
    const auto done = render(parsed, data, machine, how);
    if (done.error)
      return {{}, "<SOURCE>: execute: " + *done.error};
    if (done.complete())
      return {done.output, ""};
    bool news = false;
    for (const auto& x : done.missing) {
      const bool known = data.find(x.name()) != nullptr;
      if (const auto flaw = fetch(x, consul, data))
        return {{}, *flaw};
      news |= !known && data.find(x.name()) != nullptr;
    }
    if (!news)
      break;
  }
  return {};
}

ending run(const rapidjson::Value& x, case_files& files) {
  consul_model consul;
  if (x.HasMember("setup"))
    for (const auto& call : x["setup"].GetArray())
      consul.apply(text_member(call, "method"), text_member(call, "path"),
                   call.HasMember("body") ? &call["body"] : nullptr);
  case_host machine;
  machine.variables = {{"CONSUL_HTTP_ADDR", "127.0.0.1:23500"},
                       {"CONSUL_HTTP_SSL", "false"},
                       {"CONSUL_HTTP_SSL_VERIFY", "true"}};
  if (x.HasMember("env"))
    for (const auto& member : x["env"].GetObject())
      machine.variables[member.name.GetString()] = member.value.GetString();
  auto text = text_member(x, "template");
  if (x.HasMember("files"))
    for (const auto& member : x["files"].GetObject())
      replace_all(text, member.name.GetString(),
                  files.make(member.value.GetString()));
  parse_options how;
  render_options options;
  if (x.HasMember("config")) {
    const auto& config = x["config"];
    how.left_delimiter = text_member(config, "left_delimiter");
    how.right_delimiter = text_member(config, "right_delimiter");
    options.sandbox_path = text_member(config, "sandbox_path");
    const auto strict = config.FindMember("error_on_missing_key");
    if (strict != config.MemberEnd() && strict->value.IsTrue())
      options.missing = missing_key::error;
    for (const auto* name : {"function_denylist", "function_blacklist"})
      if (config.HasMember(name))
        for (const auto& pattern : config[name].GetArray())
          options.function_denylist.emplace_back(pattern.GetString());
  }
  const auto parsed = parse_template(text, how);
  if (!parsed)
    return {{}, "<SOURCE>: parse: " + parsed.error().context};
  return render_in_passes(*parsed, consul, machine, options);
}

} // namespace

std::optional<std::string> run_consul_case(const rapidjson::Value& x) {
  case_files files;
  const auto done = run(x, files);
  const auto shown = done.output          ? "output '" + *done.output + "'"
                     : done.error.empty() ? "it waits for data"
                                          : "error " + done.error;
  if (x.HasMember("blocks"))
    return done.output || !done.error.empty() ? std::optional{shown}
                                              : std::nullopt;
  if (x.HasMember("output"))
    return done.output == text_member(x, "output")
             ? std::nullopt
             : std::optional{shown + "\n  instead of\n  '"
                             + text_member(x, "output") + "'"};
  if (x.HasMember("output_regex"))
    return done.output
               && RE2::FullMatch(*done.output,
                                 "(?s:" + text_member(x, "output_regex") + ")")
             ? std::nullopt
             : std::optional{shown};
  if (x.HasMember("error_contains"))
    return done.error.find(text_member(x, "error_contains"))
               != std::string::npos
             ? std::nullopt
             : std::optional{shown};
  return done.error == text_member(x, "error")
           ? std::nullopt
           : std::optional{shown + "\n  instead of\n  "
                           + text_member(x, "error")};
}

} // namespace praetor::templates::cases
